#!/bin/sh
# kill -9 at random moments of pretrain and of finetune, then --resume: weights, checkpoint and metrics of an undisturbed run, and
# no temporary file left.
# Usage: faults/kills.sh MNEMON DATA [TIMES [SEED]]      TIMES: kills of each
set -u
LC_ALL=C; export LC_ALL
mnemon=$(readlink -f "$1") data=$(readlink -f "$2") times=${3:-200} seed=${4:-1}
top=$(mktemp -d) && cd "$top" || exit 1
trap 'rm -rf "$top"' EXIT
small='--dim 16 --heads 2 --layers 1 --ffn 16 --conv 3 --persistent 2 --save-every 2 --quiet'
gzip -dc "$data/ustilago_donor.tsv.gz" | awk 'NR == 1 || NR % 20 == 0' >rows.tsv
pretrain() {
    exec "$mnemon" pretrain "$data/ustilago.fa.gz" -r chr01:1-60000 $small --length 64 --batch 4 --steps 60 --carry 3 \
        --valid-every 10 --valid-bases 500 --final-bases 500 -t 1 "$@"
}
finetune() {
    exec "$mnemon" finetune rows.tsv $small --words 3 --batch 16 --steps 60 --valid-every 10 --rc on -t 1 "$@"
}
failed=0
for command in pretrain finetune; do
    began=$(date +%s%N)
    ($command -o whole --force >/dev/null) || exit 1
    took=$(($(date +%s%N) - began))
    same=0 cut=0
    for moment in $(awk -v n="$times" -v seed="$seed" -v t="$took" 'BEGIN { srand(seed); while (n--) print rand() * t / 1e9 }'); do
        rm -f one.*
        $command -o one --resume >/dev/null 2>&1 &
        child=$!
        sleep "$moment"
        kill -KILL $child 2>/dev/null && cut=$((cut + 1))
        wait $child 2>/dev/null
        ($command -o one --resume >/dev/null 2>said) || { echo "FAILED: $command killed after $moment s does not resume: $(cat said)"; continue; }
        if cmp one.safetensors whole.safetensors && cmp one.ckpt whole.ckpt && cmp one.metrics.tsv whole.metrics.tsv; then
            same=$((same + 1))
        fi
        ls one.*tmp* 2>/dev/null && failed=1
    done
    echo "$command: $same of $times the same, $cut of them killed while running"
    [ "$same" = "$times" ] || failed=1
done
exit $failed
