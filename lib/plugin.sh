#!/usr/bin/env bash
# What the hooks ask, in a process of its own: a hook is sourced, and what it sets is the job's.
#
#   plugin.sh path      prints the job's PATH, with the programs of `install`
#   plugin.sh program   prints the path of the program that `run` names; nothing without `run`

# shellcheck source=lib/programs.sh
. "${BASH_SOURCE[0]%/*}/programs.sh"

prefix=BUILDKITE_PLUGIN_${BUILDKITE_PLUGIN_NAME:-BRANCH_DEPLOYS}_

# key NAME: sets `value` to what the configuration says under this key, in capitals.
key() {
  local variable=$prefix$1
  value=${!variable:-}
}

# read_configuration: sets `run`, and `install` to a list, as the agent hands them over key by key.
read_configuration() {
  local name
  [[ -n ${BUILDKITE_PLUGIN_CONFIGURATION:-} ]] ||
    fail 2 "the agent handed over no configuration: one key without a value (null) makes it drop all of them, and agents before 3.28.1 hand over none"
  for name in PROGRAMS CACHE MIRROR; do
    key "$name"
    [[ -z $value ]] || printf -v "BRANCH_DEPLOYS_$name" %s "$value"
  done
  key INSTALL
  install=(${value:+"$value"})
  key INSTALL_0
  while [[ -n $value ]]; do
    install+=("$value")
    key "INSTALL_${#install[@]}"
  done
  key RUN
  run=$value
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
  local name option
  if [[ -n $run && ${#install[@]} -gt 0 ]]; then
    fail 2 "give \`run\` or \`install\`, not both"
  elif [[ -n $run ]]; then
    known "$run"
    [[ -z ${BUILDKITE_COMMAND:-} ]] ||
      fail 2 "the step has a command, whose place \`run: $run\` would take: remove one of them, or use \`install\`"
    return
  elif [[ ${#install[@]} -eq 0 ]]; then
    fail 2 "give \`run\` with the name of a program, or \`install\` with a list of them"
  fi
  option=$(unused)
  [[ -z $option ]] ||
    fail 2 "\`install\` takes no options: give them as the step's env, as in BRANCH_DEPLOYS_$option"
  [[ -n ${BUILDKITE_COMMAND:-} ]] || fail 2 "the step has no command to use what \`install\` lists"
  for name in "${install[@]}"; do
    known "$name"
  done
}

# path: prints PATH with the folders of what is to be installed.
path() {
  local name program path=$PATH
  # An empty list is unset to the bash of macOS.
  for name in ${install[@]+"${install[@]}"}; do
    program=$(find_program "$name") || exit
    path=${program%/*}:$path
  done
  echo "$path"
}

read_configuration
case $1 in
path)
  check
  path
  ;;
program)
  [[ -z $run ]] || find_program "$run"
  ;;
esac
