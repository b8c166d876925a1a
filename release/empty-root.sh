#!/usr/bin/env bash
# Runs static programs of Linux where there is nothing else: no library, no shell, no certificates.
# Each has to tell its version there.
#
#   release/empty-root.sh target/x86_64-unknown-linux-musl/release
set -euo pipefail

# shellcheck source=lib/programs.sh
. "${BASH_SOURCE[0]%/*}/../lib/programs.sh"

# in_empty_root FOLDER PROGRAM ARGUMENT…: runs it with the folder as all that it sees. Who is no root
# becomes one for that, in a namespace of users.
in_empty_root() {
  local root=$1
  shift
  if ((EUID == 0)); then
    chroot "$root" "$@"
  else
    unshare --map-root-user --root="$root" "$@"
  fi
}

for program in $programs; do
  root=$(mktemp -d)
  cp "$1/$program" "$root/"
  told=$(in_empty_root "$root" "/$program" --version)
  rm -rf "$root"
  [[ $told == "$program $version" ]] || fail 1 "in an empty root $program tells: $told"
  echo "$told"
done
