#!/bin/sh
# The include rule: who may look at whom, no circles, each header compiles alone, each dependency has one door.
# Prints every breach and exits 1. Checks itself first on a small tree that breaks each rule.
# Usage: test_rooms.sh [ROOT]
set -u
LC_ALL=C; export LC_ALL
cc=${CC:-cc}

# Room: the rooms it may include, itself aside. pipelines/main.c alone sees benchmarks/cmd_benchmark.h besides.
rooms='genomics/base:
genomics: genomics/base
titans/kernels: genomics/base
titans: genomics/base titans/kernels
pipelines: genomics/base genomics titans/kernels titans
benchmarks: genomics/base genomics titans/kernels titans pipelines
tests: genomics/base genomics titans/kernels titans pipelines benchmarks'

# Header prefix: the files that may include it.
doors='omp.h genomics/base/par.[ch]
jansson.h genomics/base/json.[ch]
xxhash.h genomics/base/digest.[ch]
cblas.h titans/kernels/gemm.c
htslib/ (genomics|tests/fuzz)/[^/]*.[ch]
cmocka.h tests/test_[^/]*.c'

breaches() { # of the tree at $PWD, one a line
    sources=$(find genomics titans pipelines benchmarks tests -name '*.[ch]' 2>/dev/null | sort)
    { echo "$rooms"; echo; } | awk '
        function room(path) { do { if (!sub("/[^/]*$", "", path)) return ""; } while (!(path in known)); return path }
        FILENAME == "-" { if ($0 != "") { name = $1; sub(":", "", name); known[name] = 1
                          for (i = 2; i <= NF; i++) may[name, $i] = 1 } next }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            split($0, part, "\""); from = room(FILENAME); to = room(part[2])
            if (to == "") print FILENAME ":" FNR ": \"" part[2] "\" is not a path from the root"
            else if (from != to && !((from, to) in may) &&
                     !(FILENAME == "pipelines/main.c" && part[2] == "benchmarks/cmd_benchmark.h"))
                print FILENAME ":" FNR ": " from " may not include " to " (" part[2] ")"
        }' - $sources
    awk '/^[ \t]*#[ \t]*include[ \t]*"/ { split($0, part, "\""); print FILENAME, part[2] }' $sources /dev/null |
        tsort 2>&1 >/dev/null | sed 's/^tsort: -: */include circle: /'
    echo "$doors" | while read -r header door; do
        awk -v header="<$header" -v door="^$door\$" '/^[ \t]*#[ \t]*include[ \t]*</ && index($0, header) && FILENAME !~ door {
            print FILENAME ":" FNR ": <" substr(header, 2) "> has its door in " substr(door, 2, length(door) - 2) }' $sources /dev/null
    done
    for header in $(echo "$sources" | grep 'h$'); do
        $cc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -fsyntax-only -I. -include "$header" -x c /dev/null ||
            echo "$header: does not compile alone"
    done
}

check_itself() {
    mkdir -p "$bad/genomics/base" "$bad/titans/kernels" && cd "$bad" || exit 1
    printf '#include "titans/loop.h"\n' >genomics/base/left.h
    printf '#include "titans/pool.h"\n' >titans/loop.h
    printf '#include "titans/loop.h"\n' >titans/pool.h
    printf '#include <cblas.h>\n#include "kernels/act.h"\n' >titans/side.c
    printf 'mn_unknown_t alone;\n' >titans/kernels/alone.h
    found=$(breaches 2>/dev/null)
    for expected in 'genomics/base/left.h:1: genomics/base may not' 'include circle' 'titans/side.c:1: <cblas.h>' \
        'titans/side.c:2: "kernels/act.h" is not' 'titans/kernels/alone.h: does not compile'; do
        case $found in *"$expected"*) ;; *) echo "the check misses: $expected"; echo "$found"; exit 1 ;; esac
    done
}

root=${1:-.}
bad=$(mktemp -d) || exit 1
trap 'rm -rf "$bad"' EXIT
(check_itself) || exit 1
cd "$root" || exit 1
found=$(breaches)
[ -z "$found" ] || { echo "$found"; exit 1; }
