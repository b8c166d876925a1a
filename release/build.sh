#!/usr/bin/env bash
# Builds the programs of a release for one Rust target: an archive of each, and the sums of what is
# in it and of itself, as they are committed in SHA256SUMS beside this file.
#
#   release/build.sh x86_64-unknown-linux-musl dist
#
# It needs the target (rustup target add), and for the ones of musl its C compiler (musl-tools).
set -euo pipefail

# What a job downloads has to stay small.
most=$((3 * 1024 * 1024))

# shellcheck source=lib/programs.sh
. "${BASH_SOURCE[0]%/*}/../lib/programs.sh"

main() {
  local target=$1 into=$2 program name size
  mkdir -p "$into"
  into=$(cd "$into" && pwd)
  cargo build --manifest-path "$tree/Cargo.toml" --package branch-deploys --bins --release --locked \
    --target "$target" --target-dir "$tree/target"
  for program in $programs; do
    name=$program-$version-$target
    gzip -9n <"$tree/target/$target/release/$program" >"$into/$name.gz"
    printf '%s  %s\n' "$(sha256 "$tree/target/$target/release/$program")" "$name"
    printf '%s  %s\n' "$(sha256 "$into/$name.gz")" "$name.gz"
    size=$(wc -c <"$into/$name.gz")
    ((size <= most)) || fail 1 "$name.gz has $size bytes, more than $most"
  done >"$into/SHA256SUMS-$target"
}

main "$@"
