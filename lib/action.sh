#!/usr/bin/env bash
# Runs the program that the Action's input `run` names, in place of this process.

# located: prints the program's path. In a subshell, since a variable of the workflow's may have the
# name of one of ours.
located() (
  # shellcheck source=lib/programs.sh
  . "${BASH_SOURCE[0]%/*}/programs.sh"
  for name in PROGRAMS CACHE MIRROR; do
    value=BRANCH_DEPLOYS_ACTION_$name
    [[ -z ${!value:-} ]] || printf -v "BRANCH_DEPLOYS_$name" %s "${!value}"
  done
  find_program "$BRANCH_DEPLOYS_ACTION_RUN"
)

BRANCH_DEPLOYS_PROGRAM=$(located) || {
  status=$?
  # Later steps learn what became of it, as they do of a program that ran.
  [[ ! -w ${GITHUB_OUTPUT:-} ]] || echo state=failed >>"$GITHUB_OUTPUT"
  exit "$status"
}
exec "$BRANCH_DEPLOYS_PROGRAM"
