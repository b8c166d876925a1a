#!/usr/bin/env bash
# Builds the programs of a release for one Rust target: an archive of each, and the sums of what is
# in it and of itself, as they are committed in SHA256SUMS beside this file.
#
#   release/build.sh x86_64-unknown-linux-musl dist
#
# It needs the target (rustup target add), and for the ones of musl its C compiler (musl-tools).
set -euo pipefail

# What a job downloads has to stay small.
most=3000000

# shellcheck source=lib/programs.sh
. "${BASH_SOURCE[0]%/*}/../lib/programs.sh"

main() {
  local target=$1 into=$2 program name size
  local built=$tree/target/$target/release
  mkdir -p "$into"
  into=$(cd "$into" && pwd)
  cargo build --manifest-path "$tree/Cargo.toml" --package branch-deploys --bins --release --locked \
    --target "$target" --target-dir "$tree/target"
  for program in $programs; do
    name=$program-$version-$target
    # macOS's tar would pack what its file system keeps beside a file as a file of its own.
    COPYFILE_DISABLE=1 XZ_OPT=-9e tar -C "$built" -cJf "$into/$name.tar.xz" "$program"
    printf '%s  %s\n' "$(sha256 "$built/$program")" "$name"
    printf '%s  %s\n' "$(sha256 "$into/$name.tar.xz")" "$name.tar.xz"
    size=$(wc -c <"$into/$name.tar.xz")
    ((size <= most)) || fail 1 "$name.tar.xz has $size bytes, more than $most"
  done >"$into/SHA256SUMS-$target"
}

main "$@"
