#!/bin/sh
# Fuzzing by hand: what is read from memory for so many executions, what needs whole files and several readers for so many seconds.
# Prints a row per target; what covers new code, at the fewest files, goes to FOUND/NAME.min, to be kept as tests/fuzz/NAME.
# Usage: fuzz/run.sh BUILD FOUND [EXECUTIONS [SECONDS [TARGET...]]]     BUILD: of clang with -Dfuzz=true, as tests/README.md says
set -u
LC_ALL=C; export LC_ALL
build=$(readlink -f "$1") seeds=$(readlink -f "$(dirname "$0")")
mkdir -p "$2" && found=$(readlink -f "$2") && cd "$found" || exit 1
# htslib asks for what a CRAM says it will need, which is no memory yet.
ASAN_OPTIONS=allocator_may_return_null=1; export ASAN_OPTIONS
executions=${3:-10000000} seconds=${4:-3600} failed=0
[ $# -gt 4 ] && shift 4 || set -- config model npy options region stream input intervals labelled
echo '| target | executions | a second | lines of code reached | files kept |'
echo '|---|---|---|---|---|'
for name; do
    case $name in
    input | intervals | labelled) limit="-max_total_time=$seconds" ;;
    *) limit="-runs=$executions" ;;
    esac
    mkdir -p "$name" && rm -rf "$name.min" && mkdir "$name.min" || exit 1
    "$build/tests/fuzz_$name" "$name" "$seeds/$name" $limit -timeout=20 -rss_limit_mb=4096 -malloc_limit_mb=1000000 -print_final_stats=1 -artifact_prefix="$name." \
        -close_fd_mask=3 2>"$name.log" || { failed=1; echo "$name FAILED: see $found/$name.log"; }
    "$build/tests/fuzz_$name" -set_cover_merge=1 "$name.min" "$seeds/$name" "$name" -close_fd_mask=3 2>"$name.merge.log" || failed=1
    awk -v name="$name" -v kept="$(ls "$name.min" | wc -l)" '/cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") lines = $(i + 1) }
        /number_of_executed_units/ { n = $2 } /average_exec_per_sec/ { rate = $2 }
        END { printf "| %s | %d | %d | %d | %d |\n", name, n, rate, lines, kept }' "$name.log"
done
exit $failed
