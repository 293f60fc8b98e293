#!/bin/sh
# Installs a build into a scratch folder and uses it as a stranger would: the header stands alone, the example program
# compiles through pkg-config against the shared and the static library and runs, and the shared library exports what
# mnemon.h declares and nothing else; the built-in models are found. Usage: test_install.sh BUILD
set -eu
build=$1
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
DESTDIR=$scratch meson install -C "$build" --no-rebuild --quiet
pc=$(find "$scratch" -name mnemon.pc)
prefix=$scratch$(sed -n 's/^prefix=//p' "$pc")
libdir=$(dirname "$(dirname "$pc")")
cd "$scratch"
export PKG_CONFIG_PATH="$(dirname "$pc")" LD_LIBRARY_PATH="$libdir"
ask() { pkg-config --define-variable=prefix="$prefix" "$@" mnemon; }
cc="${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror"

$cc -fsyntax-only $(ask --cflags) -include mnemon.h -x c /dev/null
$cc "$root/tests/example.c" $(ask --cflags) $(ask --libs) -o example
mkdir static
cp "$libdir/libmnemon.a" static/
# --static would want the private libraries of shared dependencies, which Debian leaves out
$cc "$root/tests/example.c" $(ask --cflags) -Lstatic $(ask --libs) $(pkg-config --libs $(ask --print-requires-private | cut -d' ' -f1)) \
    -fopenmp -lm -o example_static
printf '>one\nACGTTGCAACGTNACGTACGATTT\n' >in.fa
./example in.fa >shared.out
LD_LIBRARY_PATH='' ./example_static in.fa >static.out
[ -s shared.out ]
cmp shared.out static.out

nm -D --defined-only "$libdir/libmnemon.so.0" | awk '$2 ~ /[A-Z]/ {print $3}' | sort >exported
tr '\n' ' ' <"$prefix/include/mnemon.h" | grep -o 'MN_API [^(;]*(' | grep -o 'mn_[a-z0-9_]* *(' | tr -d ' (' | sort >declared
[ -s declared ]
diff declared exported
# Built-in models: found from the program's place, in the moved tree too, and those of MNEMON_MODELS instead where it is set.
unset MNEMON_MODELS
cp -r "$prefix" moved
for bin in "$prefix/bin" "$scratch/moved/bin"; do
    "$bin/mnemon" perplexity --quiet -m builtin:tiny-human "$root/tests/data/human_SOD1.fa" >builtin.out
    grep -q '^total' builtin.out
done
mkdir models
cp "$prefix/share/mnemon/models/tiny-human.safetensors" models/mine.safetensors
[ -s "$prefix/share/mnemon/models/tiny-human.md" ]
MNEMON_MODELS=$scratch/models "$prefix/bin/mnemon" info builtin: | grep -q '^mine '
if MNEMON_MODELS=$scratch/models "$prefix/bin/mnemon" info builtin:tiny-human 2>/dev/null; then exit 1; fi

"$prefix/bin/mnemon" --version | grep -q '^mnemon '
