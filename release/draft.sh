#!/usr/bin/env bash
# Puts the built archives into a draft of the release, in place of what was drafted of it before.
#
#   release/draft.sh dist
set -euo pipefail

# shellcheck source=release/releases.sh
. "${BASH_SOURCE[0]%/*}/releases.sh"

main() {
  local known draft number
  known=$(found)
  [[ $known != *false* ]] || fail 1 "$tag is released: another version goes into release/version"
  while read -r draft number; do
    [[ $draft != true ]] || gh api --method DELETE "repos/$GITHUB_REPOSITORY/releases/$number"
  done <<<"$known"
  gh release create "$tag" "$1"/*.tar.xz --draft --target "$GITHUB_SHA" --title "$tag" \
    --notes 'The changes are in CHANGELOG.md.'
}

main "$@"
