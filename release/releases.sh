# shellcheck shell=bash
# What drafting and publishing share: which release it is, what is in it, and what GitHub has of it.
# GitHub's own variables and its client, gh, are those of a job.

# shellcheck source=lib/programs.sh
. "${BASH_SOURCE[0]%/*}/../lib/programs.sh"

tag=v$version
targets='x86_64-unknown-linux-musl aarch64-unknown-linux-musl x86_64-apple-darwin aarch64-apple-darwin'

# archives: prints the name of each, in the order of their sums' file.
archives() {
  local target program
  for target in $targets; do
    for program in $programs; do
      echo "$program-$version-$target.tar.xz"
    done
  done
}

# found: prints of each release of the tag whether it is a draft, and its number. A tag may have
# several drafts, of which gh shows one.
found() {
  gh api "repos/$GITHUB_REPOSITORY/releases" --paginate \
    --jq ".[] | select(.tag_name == \"$tag\") | \"\\(.draft) \\(.id)\""
}
