#!/usr/bin/env bash
# Ends well if the draft of the release is what was reviewed: the tag is this tree's version, on main;
# the one draft of it holds all archives and no other file; each has the sum that is committed, and so
# has the program in it; and each was built by our own workflow on main.
#
#   release/reviewed.sh        in the tag's work tree, with the history of main
set -euo pipefail

# shellcheck source=release/releases.sh
. "${BASH_SOURCE[0]%/*}/releases.sh"

main() {
  local folder archive
  is_ours
  folder=$(mktemp -d)
  # shellcheck disable=SC2064 # The folder is this one.
  trap "rm -rf $(printf %q "$folder")" EXIT
  mkdir "$folder/drafted" "$folder/unpacked"
  gh release download "$tag" --dir "$folder/drafted"
  diff <(archives | sort) <(ls -A "$folder/drafted") >&2 || fail 1 "the draft of $tag does not hold just the archives"
  for archive in $(archives); do
    is_reviewed "$folder/drafted/$archive" "$folder/unpacked"
  done
}

# is_ours: refuses a tag whose tree was not reviewed, or which nobody could download by.
is_ours() {
  local url=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/releases/download
  [[ $GITHUB_REF_NAME == "$tag" ]] || fail 1 "the tag is $GITHUB_REF_NAME, and the tree's version is $version"
  [[ $(<"$tree/release/url") == "$url" ]] || fail 1 "release/url is not $url"
  git -C "$tree" merge-base --is-ancestor HEAD origin/main || fail 1 "the tag $tag is not on main"
  [[ $(found) =~ ^true\ [0-9]+$ ]] || fail 1 "there is not one draft of $tag, and nothing else of it"
}

# is_reviewed ARCHIVE FOLDER: refuses what has not the sums that are committed, or another origin.
is_reviewed() {
  local name=${1##*/} program sum
  program=${name%%-"$version"-*}
  sum=$(committed "$name")
  verify "$1" "$sum" "$name"
  [[ $(tar -tJf "$1") == "$program" ]] || fail 1 "$name does not hold $program alone"
  tar -xJf "$1" -C "$2"
  sum=$(committed "${name%.tar.xz}")
  verify "$2/$program" "$sum" "the program in $name"
  gh attestation verify "$1" --repo "$GITHUB_REPOSITORY" --source-ref refs/heads/main \
    --signer-workflow "$GITHUB_REPOSITORY/.github/workflows/release.yml" >/dev/null ||
    fail 1 "nobody attests that $name is of our workflow"
}

main
