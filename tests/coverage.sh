#!/bin/sh
# Line coverage, by the fast tests, of the code that parses files and command lines and of that which reads and writes.
# Usage: sh tests/coverage.sh [BUILD]. Prints a row per file and the total; fails below 95 %.
set -eu
cd "$(dirname "$0")/.."
build=${1:-$PWD/build-coverage}
files='genomics/(bai|fai|fasta|gff|genome|input|labelled|lists|npy|reads|region|sink|source|table|tokenizer)|genomics/base/(fileio|json|names|text)'
files="$files|titans/(checkpoint|config|safetensors|stream_file)"
files="$files|pipelines/(bits|builtin|cmd_merge|intervals|options|provenance|reading|records|resplit|rows|tokens)|benchmarks/ledger"

sh pipelines/setup.sh "$build" --tests -Dbuildtype=debugoptimized -Db_coverage=true
command -v gcovr >/dev/null || { [ "$(id -u)" = 0 ] || root="sudo -n"; ${root:-} apt-get install -qy --no-install-recommends gcovr >&2; }
find "$build" -name '*.gcda' -delete
meson test -C "$build" --no-rebuild -t 4 >&2 || echo "coverage: some tests failed" >&2
gcovr -r . "$build" --filter "($files)\.c" --fail-under-line 95
