#!/bin/sh
# Two builds, or two instruction sets, agree: the loss of a training within 1e-5 nats at each of 40 steps, and by the same weights
# hidden rows within 1e-5 and bits per base within 2e-5. Prints the largest differences.
# Usage: test_agree.sh MNEMON OTHER DATA [OPTION...]     OPTION: to OTHER's commands, such as --cpu plain
set -u
LC_ALL=C; export LC_ALL
one=$(readlink -f "$1") two=$(readlink -f "$2") genome=$(readlink -f "$3")/ustilago.fa.gz
shift 3
top=$(mktemp -d) && cd "$top" || exit 1
trap 'rm -rf "$top"' EXIT
failed=0

# differ WHAT LIMIT: two columns on stdin
differ() {
    awk -v what="$1" -v limit="$2" '{ d = $1 - $2; if (d < 0) d = -d; if (d > worst) worst = d; n++ }
        END { printf "%s: %d numbers, at most %.2g apart\n", what, n, worst; exit !(n > 0 && worst <= limit) }' || failed=1
}
run() { # NAME MNEMON OPTION...
    name=$1 mnemon=$2
    shift 2
    "$mnemon" pretrain "$genome" -r chr01:1-60000 --preset tiny --arch $arch --length 512 --batch 4 --steps 40 --no-holdout --force --quiet \
        -t 1 -o $name "$@" >/dev/null &&
        "$mnemon" embed -m one.safetensors "$genome" -r chr01:1-3000 --per token --quiet -t 1 -o $name.npy "$@" &&
        "$mnemon" perplexity -m one.safetensors "$genome" -r chr01:1-60000 --track $name.bits -w 100 --quiet -t 1 -o $name.tsv "$@" || exit 1
    awk '!/^#/ && $1 + 0 > 0 { print $3 }' $name.metrics.tsv >$name.loss
    tail -c +129 $name.npy | od -An -v -tf4 -w4 >$name.rows
    awk '!/^#/ && NF == 4 { print $4 }' $name.bits >$name.track
}
for arch in lmm mal mag mac; do
    run one "$one"
    run two "$two" "$@"
    paste one.loss two.loss | differ "$arch, loss of a training" 1e-5
    paste one.rows two.rows | differ "$arch, hidden rows" 1e-5
    paste one.track two.track | differ "$arch, bits per base of 100 bases" 2e-5
done
exit $failed
