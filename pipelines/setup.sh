#!/bin/sh
# Installs what is missing, configures a build directory and builds the program. The quickstart and the tests begin with it.
# Usage: setup.sh BUILD [--tests] [MESON_OPTION...]
# --tests: also what the tests need, and all there is to build. Run from anywhere; BUILD may stand outside the tree.
set -eu
build=${1:?usage: setup.sh BUILD [--tests] [MESON_OPTION...]}
shift
case $build in /*) ;; *) build=$PWD/$build ;; esac
cd "$(dirname "$0")/.."

# One line each: Debian package, how to see that it is there (a command, pkg-config module or file).
needs='gcc command gcc
libc6-dev file /usr/include/stdio.h
pkgconf command pkg-config
meson command meson
ninja-build command ninja
libhts-dev module htslib
zlib1g-dev module zlib
libopenblas-dev module openblas
libjansson-dev module jansson
libxxhash-dev module libxxhash
liblinear-dev file /usr/include/linear.h'
test_needs='libcmocka-dev module cmocka
clang command clang
libomp-dev file /usr/lib/llvm-*/lib/libomp.so
samtools command samtools
binutils command nm'
target=mnemon
[ "${1:-}" != --tests ] || { shift; target=all; needs="$needs
$test_needs"; }

missing=$(echo "$needs" | while read -r package kind name; do
    case $kind in
    command) command -v "$name" >/dev/null ;;
    module) pkg-config --exists "$name" 2>/dev/null ;;
    file) ls $name >/dev/null 2>&1 ;;
    esac || printf ' %s' "$package"
done)
if [ -n "$missing" ]; then
    root=
    [ "$(id -u)" = 0 ] || root="sudo -n"
    if command -v apt-get >/dev/null && $root true 2>/dev/null; then
        echo "setup: installing$missing" >&2
        { $root apt-get update -q && $root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing; } >&2
    else
        echo "setup: please install$missing (names as on Debian 12), then run this again" >&2
        exit 1
    fi
fi

if [ -f "$build/build.ninja" ]; then
    [ $# = 0 ] || meson configure "$build" "$@"
else
    meson setup "$build" "$@" >&2
fi
ninja -C "$build" $target >&2
