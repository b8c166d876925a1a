#!/usr/bin/env bash
# Runs the step's own command as the agent would: where a plugin has a hook for commands, as ours
# has for `run`, the agent leaves it to that. No variables: they might be the command's, exported.

set -f
# shellcheck disable=SC2086 # It is several words.
set -- ${BUILDKITE_SHELL:-/bin/bash -e -c} "./${BUILDKITE_COMMAND//$'\n'/}"
if [[ ${BUILDKITE_COMMAND_EVAL:-true} != true ]]; then
  # Such an agent runs nothing but scripts of the checkout.
  if [[ ! -f ${!#} || ${!#}/ == */../* ]]; then
    echo 'error: this agent evaluates no commands: name a script of the repository' >&2
    exit 1
  fi
elif [[ -f ${!#} ]]; then
  chmod +x "${!#}"
else
  set -- "${@:1:$#-1}" "$BUILDKITE_COMMAND"
fi
exec "$@"
