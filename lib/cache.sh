# shellcheck shell=bash
# The cache of programs: what is in it is ours and no other's to change, and what is not yet is
# downloaded. A part of lib/programs.sh. Bash 3.2, which macOS has.
# shellcheck disable=SC2154 # What is not set here, programs.sh sets.

# in_cache PROGRAM NAME SUM: prints the program's path in the cache, where it is downloaded to if it
# is not there. Each has a folder of its own, so that PATH can hold it and no other.
in_cache() {
  local cache folder path
  cache=${BRANCH_DEPLOYS_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
  [[ -n $cache ]] || fail 2 "there is no HOME for a cache of programs: name a folder by \`cache\`"
  [[ -n ${BRANCH_DEPLOYS_CACHE:-} ]] || cache+=/branch-deploys
  [[ $cache == /* ]] || fail 2 "\`cache\` is no absolute path: $cache"
  folder=$cache/$2 path=$cache/$2/$1
  [[ -d $folder ]] || make_folder "$folder"
  a_file "$path"
  if [[ -e $path ]]; then
    closed "$cache" "$folder" "$path"
  else
    closed "$cache" "$folder"
    alone "$folder/.fetching" "$path"
    [[ -e $path ]] || download "$2" "$path" "$3"
  fi
  forget_parts "$cache/$1-"[0-9]*/.part-??????
  # Before it is verified: what cannot be read has no sum.
  [[ -r $path && -x $path ]] || chmod u+rx "$path" 2>/dev/null
  verify "$path" "$3" "$path"
  [[ -x $path ]] || fail 2 "$path may not be run here: name another folder by \`cache\`"
  printf '%s\n' "$path"
}

# make_folder FOLDER: makes it before anything is looked at, so that nobody else makes it meanwhile.
make_folder() {
  local said
  said=$(umask 077 && mkdir -p "$1" 2>&1) || unwritable "$said"
}

unwritable() {
  fail 2 "the cache cannot be written: ${1##*$'\n'}; name another by \`cache\`"
}

# closed PATH…: refuses what others can write to, between our look and our use. A folder may be
# reached by a link; then the link too is ours or root's.
closed() {
  local path open
  # What find cannot look at is not closed either.
  open=$(find -H "$@" -prune \( -perm -0002 -o -perm -0020 -o ! -user "$EUID" ! -user 0 \) 2>&1) || open=${open:-$1}
  for path; do
    [[ ! -L $path ]] || open+=$(find "$path" -prune ! -user "$EUID" ! -user 0 2>&1)
  done
  [[ -z $open ]] || fail 2 "${open%%$'\n'*} is open to others, or somebody else's: close it (chmod go-w), or name another folder by \`cache\`"
}

# a_file PATH: refuses what stands in a program's place and is none. A link would be followed to a
# file in a folder that nobody has looked at.
a_file() {
  [[ ! -L $1 ]] || fail 2 "$1 is a link, where a program belongs: remove it, or name another folder by \`cache\`"
  [[ ! -e $1 || -f $1 ]] || fail 2 "$1 is no file, where a program belongs: remove it, or name another folder by \`cache\`"
}

# forget_parts FOLDER…: removes what killed downloads of ours have left. A running one writes at
# least once in an hour, since it may not take as long.
forget_parts() {
  local part fresh
  for part; do
    [[ -d $part && ! -L $part && -O $part ]] || continue
    fresh=$(find "$part" -mmin -60 2>/dev/null) || continue
    [[ -n $fresh ]] || rm -rf "$part" 2>/dev/null
  done
}

# alone LOCK PATH: waits while another job downloads the same, until its program is at PATH. The lock is
# a link to the number of a process, since a link is made at once or not at all. Whoever is not seen
# alive, or takes too long, is not waited for: at worst two download the same.
alone() {
  local holder tries=1500
  until ln -sn "$$" "$1" 2>/dev/null; do
    # Where none can be made, what follows says so.
    holder=$(readlink "$1" 2>/dev/null) || return
    [[ ! -e $2 ]] || return
    if ! kill -0 "$holder" 2>/dev/null || ((tries-- <= 0)); then
      rm -f "$1"
    fi
    sleep 0.2
  done
  # shellcheck disable=SC2064 # The file is this one.
  trap "rm -f $(printf %q "$1")" EXIT
}

# download NAME PATH SUM: puts the program at its path, whole or not at all.
download() {
  local archive=$1.tar.xz folder=${2%/*} workshop unpacked sum said
  sum=$(committed "$archive") || exit
  needs curl
  needs tar
  workshop=$(mktemp -d "$folder/.part-XXXXXX" 2>&1) || unwritable "$workshop"
  unpacked=$workshop/${2##*/}
  # It runs in the subshell that a caller reads this function's answer from.
  # shellcheck disable=SC2064 # The folder is this one.
  trap "rm -rf $(printf %q "$workshop") $(printf %q "$folder/.fetching")" EXIT
  fetch "$archive" "$sum" "$workshop/$archive"
  # The file is to be ours, and as closed as the folder is, whoever packed it.
  said=$(umask 077 && tar -xoJf "$workshop/$archive" -C "$workshop" 2>&1 && chmod 755 "$unpacked" 2>&1) || {
    # Some tars do it by themselves.
    needs xz
    fail 1 "failed to unpack $archive: ${said##*$'\n'}"
  }
  verify "$unpacked" "$3" "what $archive holds"
  # A link replaces nothing: who came first may be running it by now.
  ln "$unpacked" "$2" 2>/dev/null || [[ -e $2 ]] || said=$(mv -f "$unpacked" "$2" 2>&1) ||
    unwritable "$said"
}

needs() {
  type -P "$1" >/dev/null || fail 2 "nothing can be downloaded: install $1, which is not on PATH"
}

# fetch FILE SUM PATH: downloads a file of the release, of which the largest has 3 MB.
fetch() {
  local base url said address='^https?://[^[:space:][:cntrl:]"\\]+$'
  read -r base <"$tree/release/url"
  base=${BRANCH_DEPLOYS_MIRROR:-$base}
  # A mirror's address may hold a password.
  [[ $base =~ $address ]] || fail 2 "\`mirror\` is no http or https address"
  url=${base%/}/v$version/$1
  # The address goes by standard input: arguments are seen by everybody on the machine. What a
  # .curlrc says (-q) and what braces mean to curl is none of it.
  said=$(printf 'url = "%s"\n' "$url" | curl -q --globoff --config - --output "$3" --fail --location \
    --silent --show-error --proto =http,https --connect-timeout 10 --max-time 300 --max-filesize 20000000 --retry 2 2>&1) ||
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
