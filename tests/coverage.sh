#!/bin/sh
# Line coverage, by all tests and by library calls that fail, of the code that parses files and command lines and of that which
# reads and writes. Usage: sh tests/coverage.sh [BUILD [EVERY]]     EVERY: as of faults/run.sh, how many calls are tried
# Prints a line per file and the total; fails below 95 %.
set -eu
cd "$(dirname "$0")/.."
build=${1:-$PWD/build-coverage} every=${2:-23}
files='genomics/(bai|fai|fasta|gff|genome|input|labelled|lists|npy|reads|region|sink|source|table|tokenizer)|genomics/base/(fileio|json|names|text)'
files="$files|titans/(checkpoint|config|safetensors|stream_file)"
files="$files|pipelines/(bits|builtin|cmd_merge|intervals|options|provenance|reading|records|resplit|rows|tokens)|benchmarks/ledger"

command -v gcovr >/dev/null || apt-get install -qy --no-install-recommends gcovr >&2
sh pipelines/setup.sh "$build" --tests -Dbuildtype=debugoptimized -Db_coverage=true
find "$build" -name '*.gcda' -delete
meson test -C "$build" --no-rebuild --setup full --timeout-multiplier 4 >&2 || echo "some tests failed: see $build/meson-logs" >&2
sh tests/faults/run.sh "$build/mnemon" "$build/tests/shim.so" "$every" >&2 || echo "some faults were not borne" >&2
gcovr -r . "$build" --filter "($files)\.c" --gcov-ignore-parse-errors --exclude-unreachable-branches --fail-under-line 95
