#!/usr/bin/env bash
# Runs the suite again and again while a loop keeps each core busy, and stops at the first failure.
# bash tests/busy.sh [RUNS [pytest's arguments]], from anywhere; BUSY=4 for another number of loops than cores.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

runs=${1:-10}
shift
loops=()
trap 'kill "${loops[@]}" 2>/dev/null' EXIT
for ((core = 0; core < ${BUSY:-$(getconf _NPROCESSORS_ONLN)}; core++)); do
    (while :; do :; done) &
    loops+=($!)
done

for ((run = 1; run <= runs; run++)); do
    echo "--- run $run of $runs, beside ${#loops[@]} busy loops"
    began=$SECONDS
    if ! .venv/bin/python -m pytest "$@"; then
        echo "--- run $run failed after $((SECONDS - began)) s"
        exit 1
    fi
    echo "--- run $run passed after $((SECONDS - began)) s"
done
