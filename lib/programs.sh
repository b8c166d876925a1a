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

tree=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
read -r version <"$tree/release/version"
programs='build-gate queue-deploy helm-apply sweep-deleted sweep-stale deploy environments'

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
    sum=$(openssl dgst -sha256 -r <"$1") || exit
  elif type -P sha256sum >/dev/null; then
    sum=$(sha256sum <"$1") || exit
  elif type -P shasum >/dev/null; then
    sum=$(shasum -a 256 <"$1") || exit
  else
    fail 2 'nothing can be verified: neither openssl nor sha256sum nor shasum is on PATH'
  fi
  printf '%s\n' "${sum%% *}"
}

# verify FILE SUM WHENCE: removes what has another SHA-256, and ends.
verify() {
  local found
  found=$(sha256 "$1") || exit
  [[ $found == "$2" ]] && return
  rm -f "$1"
  fail 1 "$3 is not what was released: its SHA-256 is ${found:-unknown}, not $2; it was removed"
}

# on_path NAME SUM: prints the program's path, if PATH holds that very file. Another one of its name
# may be anything, and is not even asked for its version.
on_path() {
  local path found
  path=$(type -P "$1") && [[ $path == /* && -r $path ]] || return
  found=$(sha256 "$path") && [[ $found == "$2" ]] || return
  printf '%s\n' "$path"
}

# in_cache PROGRAM NAME SUM: prints the program's path in the cache, where it is downloaded to if it
# is not there. Each has a folder of its own, so that PATH can hold it and no other.
in_cache() {
  local cache path
  cache=${BRANCH_DEPLOYS_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
  [[ -n $cache ]] || fail 2 "there is no HOME for a cache of programs: name a folder by \`cache\`"
  [[ -n ${BRANCH_DEPLOYS_CACHE:-} ]] || cache+=/branch-deploys
  [[ $cache == /* ]] || fail 2 "\`cache\` is no absolute path: $cache"
  path=$cache/$2/$1
  closed "$cache" "$cache/$2"
  [[ -e $path ]] || download "$2" "$3" "$path"
  verify "$path" "$3" "$path"
  printf '%s\n' "$path"
}

# closed FOLDER…: refuses a folder into which others can write, between our look and our use.
closed() {
  local folder open
  for folder; do
    [[ -d $folder ]] || continue
    open=$(find "$folder" -prune \( -perm -0002 -o ! -user "$EUID" ! -user 0 \)) || exit
    [[ -z $open ]] || fail 2 "the cache $folder is open to others, or somebody else's: close it, or name another by \`cache\`"
  done
}

# download NAME SUM PATH: puts the program at its path, whole or not at all.
download() {
  local archive=$1.tar.xz folder=${3%/*} workshop unpacked sum said
  sum=$(committed "$archive") || exit
  said=$(umask 077 && mkdir -p "$folder" 2>&1 && mktemp -d "$folder/.part-XXXXXX" 2>&1) ||
    fail 2 "the cache cannot be written: ${said##*$'\n'}; name another by \`cache\`"
  workshop=$said unpacked=$said/${3##*/}
  # It runs in the subshell that a caller reads this function's answer from.
  # shellcheck disable=SC2064 # The folder is this one.
  trap "rm -rf $(printf %q "$workshop")" EXIT
  fetch "$archive" "$sum" "$workshop/$archive"
  # The file is to be ours, whoever packed it.
  said=$(tar -xoJf "$workshop/$archive" -C "$workshop" 2>&1) ||
    fail 1 "failed to unpack $archive, which takes tar and xz: ${said##*$'\n'}"
  verify "$unpacked" "$2" "what $archive holds"
  # A link replaces nothing: who came first may be running it by now.
  ln "$unpacked" "$3" 2>/dev/null || [[ -e $3 ]] ||
    mv "$unpacked" "$3" || fail 1 "failed to put a program at $3"
}

# fetch FILE SUM PATH: downloads a file of the release.
fetch() {
  local base url said address='^https?://[^[:space:][:cntrl:]"\\]+$'
  type -P curl >/dev/null || fail 2 'nothing can be downloaded: curl is not on PATH'
  read -r base <"$tree/release/url"
  base=${BRANCH_DEPLOYS_MIRROR:-$base}
  # A mirror's address may hold a password.
  [[ $base =~ $address ]] || fail 2 "\`mirror\` is no http or https address"
  url=${base%/}/v$version/$1
  # The address goes by standard input: arguments are seen by everybody on the machine.
  said=$(printf 'url = "%s"\n' "$url" | curl --config - --output "$3" --fail --location \
    --silent --show-error --proto =http,https --connect-timeout 10 --max-time 300 --retry 2 2>&1) ||
    fail 1 "failed to download $(shown "$url"): ${said##*$'\n'}"
  verify "$3" "$2" "what $(shown "$url") answered"
}

# shown URL: prints the address without a password, which may hold an @ or a slash of its own.
shown() {
  case $1 in
  *@*) printf '%s://%s\n' "${1%%://*}" "${1##*@}" ;;
  *) printf '%s\n' "$1" ;;
  esac
}
