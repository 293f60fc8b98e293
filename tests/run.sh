#!/bin/sh
# Installs what is missing, builds and runs every test; the last line counts them. Usage: sh tests/run.sh
# Four parts: all tests on a release build (gcc), the fast ones under ASan + UBSan, and a clang build; warnings are errors in
# the last two. Builds go to build/, build-sanitize/ and build-clang/ of the tree, or $MN_BUILD and beside it.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${MN_BUILD:-$PWD/build}
total="0 0 0"

# part NAME COMMAND...: runs it; where no test result counts, its exit code does.
part() {
    name=$1
    shift
    echo "== $name"
    "$@" </dev/null || { echo "FAILED: $name"; set -- $total; total="$1 $(($2 + 1)) $3"; return 1; }
    set -- $total
    total="$(($1 + 1)) $2 $3"
}

# tests BUILD SETUP ARGUMENT...: runs meson's tests there and adds up passed, failed, skipped.
tests() {
    log=$1/meson-logs/testlog-$2.json
    rm -f "$log"
    at=$1 setup=$2
    shift 2
    meson test --print-errorlogs --no-rebuild -C "$at" --setup "$setup" "$@" </dev/null
    counted=$(awk '{ r = $0; sub(/.*"result": "/, "", r); sub(/".*/, "", r)
                     if (r == "OK" || r == "EXPECTEDFAIL") p++; else if (r == "SKIP") s++; else f++ }
                   END { print p + 0, f + 0, s + 0 }' "$log" 2>/dev/null)
    set -- $total ${counted:-0 1 0}
    total="$(($1 + $4)) $(($2 + $5)) $(($3 + $6))"
}

if part "build" sh pipelines/setup.sh "$build" --tests; then
    tests "$build" full
    part "build with ASan and UBSan" sh pipelines/setup.sh "$build-sanitize" --tests -Dbuildtype=debugoptimized -Dwerror=true \
        -Db_sanitize=address,undefined -Db_lundef=false && tests "$build-sanitize" fast --timeout-multiplier 4
    part "build with clang" env CC=clang sh pipelines/setup.sh "$build-clang" --tests -Dwerror=true &&
        part "gcc and clang agree" sh tests/test_agree.sh "$build/mnemon" "$build-clang/mnemon" benchmarks/data &&
        part "plain C agrees" sh tests/test_agree.sh "$build/mnemon" "$build/mnemon" benchmarks/data --cpu plain
fi

set -- $total
echo "$1 passed, $2 failed, $3 skipped"
[ "$2" = 0 ] && [ "$1" -gt 0 ]
