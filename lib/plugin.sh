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

# dropped: whether the agent handed over nothing. What stands in its variables then comes from another
# plugin that exported its own, whose name is not that of the folder into which ours was cloned. Where
# neither tells (an agent that says no name, a repository with another one), it is taken for ours.
dropped() {
  local folder=${tree##*/} name=${BUILDKITE_PLUGIN_NAME:-}
  [[ -n ${BUILDKITE_PLUGIN_CONFIGURATION:-} ]] || return 0
  [[ -n $name ]] || return 1
  folder=${folder%-buildkite-plugin*}
  folder=${folder//[^[:alnum:]]/_} name=${name//[^[:alnum:]]/_}
  shopt -s nocasematch
  [[ $folder == *branch_deploys && $folder != *"$name" ]]
  local is=$?
  shopt -u nocasematch
  return $is
}

explain_null() {
  fail 2 "the agent handed over no configuration: one key without a value (null) makes it drop all of them, and agents before 3.28.1 hand over none"
}

# read_configuration: sets `run`, and `install` to a list, as the agent hands them over key by key.
read_configuration() {
  local name
  ! dropped || explain_null
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

# shapes: refuses a list or map where one value belongs, which would be as if it were not given, and
# what is no name in the list of `install`.
shapes() {
  local variable
  for variable in $(compgen -e "$prefix"); do
    case ${variable#"$prefix"} in
    RUN_*) one_value run ;;
    PROGRAMS_*) one_value programs ;;
    CACHE_*) one_value cache ;;
    MIRROR_*) one_value mirror ;;
    INSTALL_*) is_listed "${variable#"${prefix}INSTALL_"}" ;;
    esac
  done
}

one_value() {
  fail 2 "\`$1\` in the plugin's configuration: it takes one value, not a list or a map"
}

is_listed() {
  [[ $1 =~ ^[0-9]+$ && $1 -lt ${#install[@]} ]] ||
    fail 2 "\`install\` in the plugin's configuration: it takes a list of names of programs, and nothing else"
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
  shapes
  if [[ -n $run && ${#install[@]} -gt 0 ]]; then
    fail 2 "give \`run\` or \`install\`, not both"
  elif [[ -n $run ]]; then
    known "$run"
    [[ -z ${BUILDKITE_COMMAND:-} ]] ||
      fail 2 "the step has a command, whose place \`run: $run\` would take: remove one of them, or use \`install\`"
    return
  elif [[ ${#install[@]} -eq 0 ]]; then
    # What it says then may be another plugin's.
    [[ -n ${BUILDKITE_PLUGIN_NAME:-} ]] || explain_null
    fail 2 "give \`run\` with the name of a program, or \`install\` with a list of them"
  fi
  option=$(unused)
  [[ -z $option ]] ||
    fail 2 "\`install\` takes no options: give them as the step's env, as in BRANCH_DEPLOYS_$option"
  [[ -n ${BUILDKITE_COMMAND:-} ]] || fail 2 "the step has no command to use what \`install\` lists"
  # An empty list is unset to the bash of macOS.
  for name in ${install[@]+"${install[@]}"}; do
    known "$name"
  done
}

# path: prints PATH with the folders of what is to be installed.
path() {
  local name program path=$PATH
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
