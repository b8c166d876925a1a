#!/usr/bin/env bash
# What the hooks ask, in a process of its own: a hook is sourced, and what it sets is the job's.
#
#   plugin.sh path      prints the job's PATH, with the programs of `install`
#   plugin.sh program   prints the path of the program that `run` names; nothing without `run`

# shellcheck source=lib/programs.sh
. "${BASH_SOURCE[0]%/*}/programs.sh"

prefix=BUILDKITE_PLUGIN_${BUILDKITE_PLUGIN_NAME:-BRANCH_DEPLOYS}_

# key NAME: prints what the configuration says under this key, in capitals; nothing if it does not.
key() {
  local variable=$prefix$1
  printf '%s' "${!variable:-}"
}

# installed: prints the programs of `install`, one a line: a list, or the only one.
installed() {
  local number=0
  key INSTALL
  while [[ -n $(key "INSTALL_$number") ]]; do
    key "INSTALL_$number"
    echo
    number=$((number + 1))
  done
}

# unused: prints the first key that is a program's own, of which `install` can make no use.
unused() {
  local variable
  for variable in $(compgen -e "$prefix"); do
    case ${variable#"$prefix"} in
    INSTALL | INSTALL_* | PROGRAMS | CACHE | MIRROR) ;;
    *)
      echo "${variable#"$prefix"}"
      return
      ;;
    esac
  done
}

# check: refuses, before anything else of the job, a configuration that cannot work.
check() {
  local run install option name
  run=$(key RUN)
  install=$(installed)
  option=$(unused)
  if [[ -n $run && -n $install ]]; then
    fail 2 "give \`run\` or \`install\`, not both"
  elif [[ -n $run ]]; then
    known "$run"
    [[ -z ${BUILDKITE_COMMAND:-} ]] ||
      fail 2 "the step has a command, whose place \`run: $run\` would take: remove one of them, or use \`install\`"
  elif [[ -z $install ]]; then
    fail 2 "give \`run\` with the name of a program, or \`install\` with a list of them"
  elif [[ -n $option ]]; then
    fail 2 "\`install\` takes no options: give them as the step's env, as in BRANCH_DEPLOYS_$option"
  elif [[ -z ${BUILDKITE_COMMAND:-} ]]; then
    fail 2 "the step has no command to use what \`install\` lists"
  else
    while read -r name; do
      known "$name"
    done <<<"$install"
  fi
}

# path: prints PATH with the folders of what is to be installed.
path() {
  local name program path=$PATH
  while read -r name && [[ -n $name ]]; do
    program=$(find_program "$name") || exit
    path=${program%/*}:$path
  done <<<"$(installed)"
  echo "$path"
}

[[ -n ${BUILDKITE_PLUGIN_CONFIGURATION:-} ]] ||
  fail 2 "the agent handed over no configuration: one key without a value (null) makes it drop all of them, and agents before 3.28.1 hand over none"
for name in PROGRAMS CACHE MIRROR; do
  value=$(key "$name")
  [[ -z $value ]] || printf -v "BRANCH_DEPLOYS_$name" %s "$value"
done

case $1 in
path)
  check
  path
  ;;
program)
  run=$(key RUN)
  [[ -z $run ]] || find_program "$run"
  ;;
esac
