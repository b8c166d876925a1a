# shellcheck shell=bash
# What the plugin's hooks and the Action share: find one of our programs, and verify it.
#
# A program is taken from the first of: the folder that is given, PATH, the cache, a download. Of
# those that are not given, it is the very file whose SHA-256 is committed in release/, or nothing
# runs. Bash 3.2, which macOS has.
#
#   BRANCH_DEPLOYS_PROGRAMS   folder of programs to use as they are
#   BRANCH_DEPLOYS_CACHE      folder of what was downloaded
#   BRANCH_DEPLOYS_MIRROR     address to download from, in place of the one in release/url

# Of a machine's variables these would make cd print, and tar do, what nobody here asks for.
unset CDPATH TAR_OPTIONS

tree=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
read -r version <"$tree/release/version"
programs='build-gate queue-deploy helm-apply sweep-deleted sweep-stale deploy environments'

# shellcheck source=lib/cache.sh
. "$tree/lib/cache.sh"

# fail STATUS MESSAGE: ends with one line, told as the programs themselves tell it.
fail() {
  local line=${2//[[:cntrl:]]/ }
  line=${line//'##['/'## ['}
  if [[ -n ${BUILDKITE_JOB_ID:-} ]]; then
    # Unfolds the group of the log in which it stands.
    printf '^^^ +++\nerror: %s\n' "$line"
  elif [[ -n ${GITHUB_ACTIONS:-} ]]; then
    printf '::error title=branch-deploys::%s\n' "${line//'%'/%25}"
  else
    printf 'error: %s\n' "$line"
  fi >&2
  exit "$1"
}

# find_program NAME: prints the path of a program that may run.
find_program() {
  known "$1"
  if [[ -n ${BRANCH_DEPLOYS_PROGRAMS:-} ]]; then
    given "$1"
    return
  fi
  local target name expected path
  target=$(target) || exit
  name=$1-$version-$target
  expected=$(committed "$name") || exit
  path=$(on_path "$1" "$expected") || path=$(in_cache "$1" "$name" "$expected") || exit
  printf '%s\n' "$path"
}

# known NAME: refuses what is no program of ours, before it becomes a path.
known() {
  [[ -n $1 && " $programs " == *" $1 "* && $1 != *' '* ]] ||
    fail 2 "\`$1\` is no program of branch-deploys: there are ${programs// /, }"
}

given() {
  local path=$BRANCH_DEPLOYS_PROGRAMS/$1
  # A relative one would be of the branch that is checked out.
  [[ $path == /* ]] || fail 2 "\`programs\` is no absolute path: $BRANCH_DEPLOYS_PROGRAMS"
  [[ -f $path && -x $path ]] || fail 2 "there is no program $path: \`programs\` names the folder that holds them"
  printf '%s\n' "$path"
}

# target: prints the Rust target of this machine.
target() {
  local system
  system=$(uname -sm)
  case $system in
  'Linux x86_64' | 'Linux amd64') echo x86_64-unknown-linux-musl ;;
  'Linux aarch64' | 'Linux arm64') echo aarch64-unknown-linux-musl ;;
  'Darwin x86_64') echo x86_64-apple-darwin ;;
  'Darwin arm64') echo aarch64-apple-darwin ;;
  *) fail 2 "there are no programs for $system: build them, and name their folder by \`programs\`" ;;
  esac
}

# committed FILE: prints the SHA-256 that the file has to have.
committed() {
  local sum name
  while read -r sum name; do
    if [[ $name == "$1" && $sum =~ ^[0-9a-f]{64}$ ]]; then
      printf '%s\n' "$sum"
      return
    fi
  done <"$tree/release/SHA256SUMS"
  fail 2 "this tree holds no SHA-256 of $1: use the tag of a release, or name a folder by \`programs\`"
}

# sha256 FILE: prints what it has. OpenSSL is the first of those that can tell, since it takes a
# fraction of the others' time.
sha256() {
  local sum
  if type -P openssl >/dev/null; then
    sum=$(openssl dgst -sha256 -r <"$1" 2>/dev/null) || unread "$1"
  elif type -P sha256sum >/dev/null; then
    sum=$(sha256sum <"$1" 2>/dev/null) || unread "$1"
  elif type -P shasum >/dev/null; then
    sum=$(shasum -a 256 <"$1" 2>/dev/null) || unread "$1"
  else
    fail 2 'nothing can be verified: install openssl, since neither it nor sha256sum nor shasum is on PATH'
  fi
  printf '%s\n' "${sum%% *}"
}

unread() {
  fail 1 "failed to take the SHA-256 of $1"
}

# verify FILE SUM WHENCE: removes what has another SHA-256, and ends.
verify() {
  local found became='it was removed'
  found=$(sha256 "$1") || exit
  [[ $found == "$2" ]] && return
  rm -f "$1" 2>/dev/null
  [[ ! -e $1 ]] || became='it cannot be removed'
  fail 1 "$3 is not what was released: its SHA-256 is ${found:-unknown}, not $2; $became"
}

# on_path NAME SUM: prints the program's path, if PATH holds that very file. Another one of its name
# may be anything, and is not even asked for its version.
on_path() {
  local path found
  # Where none can be run, bash tells one that cannot.
  path=$(type -P "$1") && [[ $path == /* && -f $path && -r $path && -x $path ]] || return
  found=$(sha256 "$path" 2>/dev/null) && [[ $found == "$2" ]] || return
  printf '%s\n' "$path"
}
