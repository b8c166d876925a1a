# shellcheck shell=sh
# Ends all processes of a job's session when its standard input closes, which the kernel sees to
# however the testbed ends. The agent puts each command into a process group of its own, so the
# session is what they have in common.
read -r session || exit 0
read -r _
alive=yes
while [ -n "$alive" ]; do
    alive=
    for stat in /proc/[0-9]*/stat; do
        { read -r line < "$stat"; } 2>/dev/null || continue
        pid=${stat#/proc/}
        pid=${pid%/stat}
        # After the name in parentheses: state, parent, group, session.
        # shellcheck disable=SC2086 # It is several words.
        set -- ${line##*) }
        if [ "$4" = "$session" ] && [ "$1" != Z ]; then
            kill -KILL "$pid" 2>/dev/null && alive=yes
        fi
    done
done
