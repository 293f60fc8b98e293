#!/bin/sh
# Golden tests of the command line. A FILE.t is a transcript: its lines "$ command" are run one after another in a folder of
# their own; below each stand its stdout, its stderr behind "! ", and "[code]" where the exit code is not 0.
# Within commands mnemon is the program under test and $ROOT the project. Prints the differences and exits 1.
# Usage: run.sh [--rewrite] MNEMON [FILE.t...]      --rewrite: makes what was seen the expected
set -u
LC_ALL=C; export LC_ALL
rewrite=
[ "${1:-}" = --rewrite ] && { rewrite=1; shift; }
here=$(cd "$(dirname "$0")" && pwd) || exit 1
program=$(readlink -f "${1:?usage: run.sh [--rewrite] MNEMON [FILE.t...]}") && [ -x "$program" ] || exit 1
shift
[ $# -gt 0 ] || set -- "$here"/*.t
ROOT=$(cd "$here/../.." && pwd); export ROOT
top=$(mktemp -d) || exit 1
trap 'rm -rf "$top"' EXIT
mkdir "$top/bin" && ln -s "$program" "$top/bin/mnemon" && PATH=$top/bin:$PATH || exit 1
version=$(mnemon --version | sed -n '1{s/.* //;s/\./\\./g;p;}')

# What differs from run to run and from machine to machine.
steady() {
    sed -e "s/$version/VERSION/g" -e '/^Using htslib/s/ .*/ .../' \
        -e 's/wall [0-9:.]*s*, CPU [0-9:.]*s*, peak memory [0-9]* MB/wall .., CPU .., peak memory ../' \
        -e 's/ in [0-9:.]*s*, [0-9.kMG]* \([a-z]*\)\/s$/ in .., .. \1\/s/' "$@"
}

transcript() { # of the commands in file $1, run in folder $2
    first=1
    while IFS= read -r line; do
        case $line in '$ '*) ;; *) continue ;; esac
        [ "$first" ] || echo
        first=
        printf '%s\n' "$line"
        (cd "$2" && sh -c "${line#??}") >"$top/out" 2>"$top/err" </dev/null
        code=$?
        steady "$top/out" | awk 1
        steady "$top/err" | sed 's/^/! /'
        [ $code = 0 ] || echo "[$code]"
    done <"$1"
}

failed=0
for file; do
    name=$(basename "$file" .t)
    mkdir "$top/$name" || exit 1
    transcript "$file" "$top/$name" >"$top/$name.seen"
    if [ "$rewrite" ]; then cp "$top/$name.seen" "$file"
    else diff -u "$file" "$top/$name.seen" || failed=1
    fi
done
exit $failed
