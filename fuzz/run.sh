#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Run the fuzz programs of a build folder (see cmake/EddyFuzz.cmake).
#
#     fuzz/run.sh BUILD             replay the corpus, then a fixed number of runs: some ten seconds
#     fuzz/run.sh BUILD SECONDS     go on for so long; half of it with programs on the simulated
#                                   driver, the rest shared by the kernel's drivers, the comparison
#                                   of all three, addresses and codecs
#     fuzz/run.sh BUILD merge       put what a long run has found into fuzz/corpus, minimised
#
# What a long run finds is kept in BUILD/fuzz/corpus and is where the next one goes on. An input that
# fails is written to BUILD/fuzz/failures; show it again by
#     EDDY_FUZZ_PRINT=1 BUILD/fuzz/fuzz_loop FILE            (EDDY_FUZZ_DRIVER=epoll, ...)
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:?which build folder?}
mode=${2:-short}
programs=$build/fuzz
found=$programs/corpus
failures=$programs/failures

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1

mkdir -p "$found/addr" "$found/codec" "$found/resp" "$found/loop" "$failures"

# fuzz PROGRAM CORPUS LENGTH OPTION...: quiet when all is well, else the whole log.
fuzz() {
    local program=$1 corpus=$2 length=$3
    shift 3
    local log=$programs/$program.log
    if ! "$programs/$program" -max_len="$length" -timeout=20 -artifact_prefix="$failures/" "$@" \
        "fuzz/corpus/$corpus" >"$log" 2>&1; then
        cat "$log"
        echo "$program${EDDY_FUZZ_DRIVER:+ on $EDDY_FUZZ_DRIVER} has found something: see above" >&2
        exit 1
    fi
    echo "$program${EDDY_FUZZ_DRIVER:+ on $EDDY_FUZZ_DRIVER}:" \
        "$(grep -aE '^(Done|#[0-9]+.*DONE)' "$log" | tail -1)"
}

compare() {
    "$programs/fuzz_compare" "$@" || [ $? = 77 ]
}

# A driver that does not work here is left out, and said so.
on_kernel() {
    local driver
    for driver in epoll io_uring; do
        if EDDY_FUZZ_DRIVER=$driver "$programs/fuzz_loop" -runs=1 >/dev/null 2>&1; then
            EDDY_FUZZ_DRIVER=$driver "$@"
        else
            echo "left out: $driver does not work here"
        fi
    done
}

case $mode in
short)
    unsaved=$(mktemp -d)
    trap 'rm -rf "$unsaved"' EXIT
    mkdir "$unsaved/addr" "$unsaved/codec" "$unsaved/resp" "$unsaved/loop"
    fuzz fuzz_addr addr 96 -seed=1 -runs=300000 "$unsaved/addr"
    fuzz fuzz_codec codec 300 -seed=1 -runs=20000 "$unsaved/codec"
    fuzz fuzz_resp resp 300 -seed=1 -runs=20000 "$unsaved/resp"
    fuzz fuzz_loop loop 306 -seed=1 -runs=1500 -len_control=5 "$unsaved/loop"
    on_kernel fuzz fuzz_loop loop 306 -seed=1 -runs=300 -len_control=5 "$unsaved/loop"
    compare --seed=1 --programs=400 fuzz/corpus/loop
    ;;
merge)
    for corpus in addr codec resp loop; do
        new=$(mktemp -d)
        "$programs/fuzz_$corpus" -merge=1 -max_len=306 "$new" "fuzz/corpus/$corpus" "$found/$corpus"
        rm -rf "fuzz/corpus/$corpus"
        mv "$new" "fuzz/corpus/$corpus"
        chmod 755 "fuzz/corpus/$corpus"
    done
    ;;
*)
    part=$((mode / 10 + 1))
    fuzz fuzz_addr addr 96 -max_total_time=$((part / 2 + 1)) "$found/addr"
    fuzz fuzz_codec codec 600 -max_total_time=$part "$found/codec"
    fuzz fuzz_resp resp 600 -max_total_time=$part "$found/resp"
    fuzz fuzz_loop loop 606 -max_total_time=$((5 * part)) -len_control=5 "$found/loop"
    on_kernel fuzz fuzz_loop loop 606 -max_total_time=$part -len_control=5 "$found/loop"
    end=$((SECONDS + part))
    while [ $SECONDS -lt $end ]; do
        compare --seed=$((RANDOM * 32768 + RANDOM)) --programs=500
    done
    ;;
esac
