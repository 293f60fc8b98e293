#!/bin/sh
# pretrain and finetune as a user runs them: stopped, killed and resumed, refused, and the same whatever the threads.
# Usage: test_training.sh MNEMON DATA
set -u
mnemon=$(readlink -f "${1:?usage: test_training.sh MNEMON DATA}")
data=$(readlink -f "${2:?usage: test_training.sh MNEMON DATA}")
folder=$(mktemp -d) && cd "$folder" || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}
same() { # RUN RUN: all three files of two runs
    for suffix in safetensors ckpt metrics.tsv; do
        cmp "$1.$suffix" "$2.$suffix" || fail "$1.$suffix and $2.$suffix differ"
    done
}
small='--dim 16 --heads 2 --layers 1 --ffn 16 --conv 3 --persistent 2 --quiet'
# Each takes the place of the shell it is called in, so that a signal to that reaches it.
pretrain() {
    exec "$mnemon" pretrain "$data/ustilago.fa.gz" -r chr01:1-60000 $small --length 64 --batch 4 --steps 40 --carry 3 \
        --valid-bases 500 --final-bases 500 "$@"
}
finetune() {
    exec "$mnemon" finetune rows.tsv $small --batch 16 --epochs 6 --rc on "$@"
}
code() { # EXPECTED COMMAND...
    expected=$1
    shift
    ("$@") >/dev/null 2>said
    got=$?
    [ $got = "$expected" ] || fail "exit $got instead of $expected: $* ($(cat said))"
}

code 0 pretrain -o whole -t 1
code 0 pretrain -o two -t 2
same whole two
awk 'NR == 4 {first = $6} /^[0-9]/ && $6 != "NA" {last = $6} END {exit !(last < first - 0.5 && last < 2.2)}' whole.metrics.tsv ||
    fail "validation did not fall to 2.2 bits"

# Refused: an output that exists, settings of another run.
code 2 pretrain -o whole
grep -q -e --resume said || fail "the refusal names no remedy: $(cat said)"
code 2 pretrain -o whole --resume --lr 1e-2
code 0 pretrain -o whole --resume
same whole two
code 0 pretrain -o two --force
same whole two

# Stopped by a signal: saved, and dead by that signal; then killed outright, again and again; then left to end.
pretrain -o cut --save-every 1 -t 1 >/dev/null &
child=$!
until [ "$(grep -c '^[1-9]' cut.metrics.tsv 2>/dev/null)" -gt 2 ] 2>/dev/null; do sleep 0.05; done
kill -TERM $child
wait $child 2>/dev/null
[ $? = 143 ] || fail "SIGTERM did not end the run by itself"
[ -e cut.lock ] && fail "the lock was left behind"
for seconds in 0.8 1.2; do
    pretrain -o cut --resume --save-every 1 -t 2 >/dev/null &
    child=$!
    sleep $seconds
    kill -KILL $child 2>/dev/null
    wait $child 2>/dev/null
done
touch cut.ckpt.tmp-77-0 cut.ckpt.tmp-mine cut.safetensors.tmp-77-12
code 0 pretrain -o cut --resume
same whole cut
[ "$(ls -d cut.*tmp*)" = cut.ckpt.tmp-mine ] || fail "of temporaries are left: $(ls -d cut.*tmp*)"

# SIGUSR1 saves the step under way when it is complete, and goes on.
pretrain -o asked -t 1 >/dev/null &
child=$!
until [ "$(grep -c '^[1-9]' asked.metrics.tsv 2>/dev/null)" -gt 2 ] 2>/dev/null; do sleep 0.05; done
kill -USR1 $child
sleep 0.5
step=$("$mnemon" info asked.ckpt | awk '$1 == "step" { print $2 }')
wait $child || fail "SIGUSR1 ended the run with $?"
[ "$step" -gt 0 ] || fail "SIGUSR1 did not save: the checkpoint is of step $step"
same whole asked

# A step of minutes is left at once, too; saved is where it began.
long_step() { # a shell's background job ignores SIGINT
    exec env --default-signal=INT "$mnemon" pretrain "$data/ustilago.fa.gz" --preset small --length 50000 --batch 8 --steps 2 \
        --no-holdout --quiet --force -o long -t 1
}
for signal in TERM:143 INT:130; do
    rm -f long.ckpt
    long_step >/dev/null 2>said &
    child=$!
    until [ -e long.ckpt ] || ! kill -0 $child; do sleep 0.1; done
    sleep 2
    began=$(date +%s)
    kill -${signal%:*} $child
    wait $child 2>/dev/null
    [ $? = ${signal#*:} ] || fail "SIG$signal in a long step: another exit code ($(cat said))"
    took=$(($(date +%s) - began))
    [ $took -le 5 ] || fail "SIG$signal in a long step: $took seconds to end"
    [ "$("$mnemon" info long.ckpt | awk '$1 == "step" { print $2 }')" = 0 ] || fail "SIG$signal in a long step: not saved at step 0"
done

# The other backbones, with windows and segments that the cuts between windows of tokens do not meet.
for arch in mal mag mac; do
    code 0 pretrain --arch $arch --window 40 --segment 48 -o $arch -t 1
    awk 'NR == 4 {first = $6} /^[0-9]/ && $6 != "NA" {last = $6} END {exit !(last < first - 0.5 && last < 2.2)}' \
        $arch.metrics.tsv || fail "$arch: validation did not fall to 2.2 bits"
    pretrain --arch $arch --window 40 --segment 48 -o $arch.cut --save-every 1 -t 2 >/dev/null &
    child=$!
    until [ "$(grep -c '^[1-9]' $arch.cut.metrics.tsv 2>/dev/null)" -gt 2 ] 2>/dev/null; do sleep 0.05; done
    kill -TERM $child
    wait $child 2>/dev/null
    code 0 pretrain --arch $arch --window 40 --segment 48 -o $arch.cut --resume
    same $arch $arch.cut
done

# Fine-tuning from those weights; rows of the training part, the test part spoiled to show that it is not looked at.
gzip -dc "$data/ustilago_donor.tsv.gz" | awk -F '\t' 'NR == 1 || NR % 20 == 0' >rows.tsv
code 0 finetune -m whole.safetensors -o tuned
awk -F '\t' -v OFS='\t' 'NR == 1 {for (i = 1; i <= NF; i++) {if ($i == "split") s = i; if ($i == "sequence") q = i}}
    NR > 1 && $s == "test" {$q = "ACGT"} {print}' rows.tsv >spoiled.tsv
cmp -s rows.tsv spoiled.tsv && fail "nothing was spoiled"
mv spoiled.tsv rows.tsv
code 0 finetune -m whole.safetensors -o spoiled
tail -n +3 tuned.metrics.tsv >a
tail -n +3 spoiled.metrics.tsv >b
cmp a b || fail "the test part changed a fine-tuning"
code 0 "$mnemon" info tuned.safetensors
code 2 finetune -m whole.safetensors -o wide --dim 32
code 3 finetune -o none CLASS=nowhere.fa
exit $failed
