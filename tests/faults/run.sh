#!/bin/sh
# One library call fails: memory, open, read, write, fsync, rename, close, the N-th of its kind, in a tiny run of each command.
# Then: an exit code of the list, said in one line; under a final name nothing but what the undisturbed run writes there;
# no temporary file; no block of memory kept; where there was a checkpoint, the run goes on from it to the same bytes.
# Usage: faults/run.sh MNEMON SHIM [EVERY [COMMAND...]]      EVERY: tries every so many of the calls; beyond 2,000 a tenth more each
set -u
LC_ALL=C; export LC_ALL
mnemon=$(readlink -f "$1") shim=$(readlink -f "$2") every=${3:-1}
shift 2; [ $# -gt 0 ] && shift
top=$(mktemp -d) && cd "$top" || exit 1
trap 'rm -rf "$top"' EXIT
failed=0 runs=0 resume= tiny='--preset tiny --dim 8 --heads 2 --layers 1 --ffn 8 --conv 2 --persistent 1'
unset FAULT FAULT_COUNT
export MNEMON_MODELS=$top/in

# ---- what commands read, in in/
mkdir in && cd in || exit 1
awk 'BEGIN { for (i = 0; i < 6; i++) { printf ">r%d\n", i; for (j = 0; j < 40 + i * 9; j++) printf "%s", substr("ACGT", 1 + (i + j * j) % 7 % 4, 1); print "" } }' >q.fa
awk 'BEGIN { print "label\tsequence\tsplit"; for (i = 0; i < 24; i++) { s = ""; for (j = 0; j < 20; j++) s = s substr("ACGT", 1 + (i * j + j * j) % 7 % 4, 1)
    print i % 2 "\t" s "\t" (i < 16 ? "train" : i < 20 ? "valid" : "test") } }' >set.tsv
printf 'r1\t0\t20\nr2\t3\t30\n' >a.bed; printf 'r4\t5\t25\nr5\t1\t11\n' >b.bed
"$mnemon" pretrain --quiet q.fa -o m $tiny --steps 1 --length 16 --no-holdout >/dev/null &&
    "$mnemon" finetune --quiet set.tsv -o c $tiny --steps 1 --words 2 --gapped off >/dev/null &&
    "$mnemon" tokenize --quiet --shard 1/1 q.fa -o part.npy &&
    "$mnemon" finetune --quiet set.tsv -o half $tiny --steps 4 --words 2 --gapped off --valid-every 2 >/dev/null || exit 1
cd "$top" || exit 1

# ---- the commands; each runs in a folder of its own
run() {
    case $1 in
    tokenize) set -- tokenize ../in/q.fa -o x.npy ;;
    dataset-build) set -- dataset build peak=../in/a.bed rest=../in/b.bed --reference ../in/q.fa -o x.tsv.gz ;;
    dataset-split) set -- dataset split --clean 0.7 ../in/set.tsv -o x.tsv ;;
    dataset-stats) set -- dataset stats ../in/set.tsv ;;
    dataset-audit) set -- dataset audit ../in/set.tsv -o x ;;
    pretrain) set -- pretrain ../in/q.fa -o x $tiny --steps 3 --length 16 --no-holdout --save-every 1 ;;
    finetune) set -- finetune ../in/set.tsv -o x $tiny --steps 3 --words 2 --gapped off --save-every 1 --rc on ;;
    baseline) set -- baseline ../in/set.tsv ;;
    predict) set -- predict -m ../in/c.safetensors ../in/q.fa -o x.tsv ;;
    embed) set -- embed -m ../in/m.safetensors ../in/q.fa -o x.npy ;;
    evaluate) set -- evaluate -m ../in/c.safetensors ../in/set.tsv -o x.tsv ;;
    perplexity) set -- perplexity -m ../in/m.safetensors ../in/q.fa -o x.tsv --track x.bg --state-out x.state --memory-out x.memory ;;
    merge) set -- merge ../in/part.npy -o x.npy ;;
    info) set -- info ../in/c.safetensors ;;
    benchmark) set -- benchmark genomic ../in/set.tsv -o x $tiny --steps 2 --words 2 --gapped off --seeds 1 --split official ;;
    doctor) set -- doctor ;;
    help) set -- help --man ;;
    esac
    "$mnemon" "$@" $resume --threads 1 >x.stdout 2>x.stderr
    set -- $? "$1"
    [ "$2" != doctor ] || : >x.stdout # how the machine is just now; what cannot be told is left out, with a warning
    return $1
}
all='tokenize dataset-build dataset-split dataset-stats dataset-audit pretrain finetune baseline predict embed evaluate perplexity merge info benchmark doctor help'

fail() {
    echo "FAILED: $command, $kind $n: $*"
    sed 's/^/    /' x.stderr | tail -n 3
    failed=$((failed + 1))
}

# The folder after a call that failed, beside ../whole of the undisturbed run.
check() { # EXIT CODE
    case $kind:$1 in
    *:0 | malloc:1 | open:[135] | read:[35] | write:[15] | fsync:5 | rename:5 | close:[15]) ;; # texts in memory are written, too
    *) fail "exit $1" ;;
    esac
    [ "$1" = 0 ] || grep -q "^mnemon[^:]*: ." x.stderr || fail "exit $1 without a word"
    for file in x.* *.tmp-*; do
        case $file in
        '*.tmp-*' | x.stderr) ;;
        *.tmp-*) fail "$file is left" ;;
        x.stdout) [ "$1" != 0 ] || cmp -s "$file" "../whole/$file" || fail "exit 0, but other output" ;;
        x.lock) ;;
        *)
            case $command in
            pretrain | finetune | benchmark) ;; # of a run that can go on: below
            *) cmp -s "$file" "../whole/$file" || fail "$file is not what it should be" ;;
            esac ;;
        esac
    done
    [ "$1" != 0 ] || for file in ../whole/x.*; do
        [ -e "${file##*/}" ] || fail "exit 0 without ${file##*/}"
    done
    now=$(awk '/^live/ { print $2 }' live 2>/dev/null)
    [ "${now:-0}" -le "$live" ] || fail "$now blocks of memory kept instead of $live"
    case $command in
    pretrain | finetune) # what there is goes on to the same bytes
        resume=--resume
        run "$command" || fail "cannot go on"
        resume=
        for file in x.safetensors x.ckpt x.metrics.tsv; do
            cmp -s $file ../whole/$file || fail "$file differs after going on"
        done ;;
    benchmark)
        run "$command" || fail "cannot go on" ;;
    esac
}

for command in ${*:-$all}; do
    rm -rf whole && mkdir whole && cd whole || exit 1
    FAULT_COUNT=../counts; rm -f ../counts; export FAULT_COUNT
    LD_PRELOAD=$shim run $command || { echo "FAILED: $command: an undisturbed run"; cat x.stderr; exit 1; }
    unset FAULT_COUNT
    cd ..
    live=$(awk '/^live/ { print $2 }' counts)
    while read -r kind calls; do
        [ "$kind" = live ] && continue
        n=1
        while [ "$n" -le "$calls" ]; do
            rm -rf one && mkdir one && cd one || exit 1
            FAULT="$kind $n" FAULT_COUNT=live; export FAULT FAULT_COUNT
            LD_PRELOAD=$shim run $command
            code=$?
            unset FAULT FAULT_COUNT
            check $code
            cd ..
            runs=$((runs + 1))
            [ "$n" -lt 2000 ] && n=$((n + every)) || n=$((n + n / 10 + 1))
        done
    done <counts
    echo "$command: $(grep -v live counts | tr '\n' ',' | sed 's/,$//')"
done
echo "$runs calls failed, $failed of them badly"

# A clock that jumps changes nothing but when is saved.
for command in pretrain finetune; do
    rm -rf whole one && mkdir whole one && cd whole && run $command && cd ../one || exit 1
    kind=clock n=1
    for seconds in 40000 -40000; do
        FAULT_CLOCK=$seconds; export FAULT_CLOCK
        resume=--force
        LD_PRELOAD=$shim run $command || fail "exit $?"
        resume=
        unset FAULT_CLOCK
        for file in x.stdout x.safetensors x.ckpt x.metrics.tsv; do
            cmp -s $file ../whole/$file || fail "$file differs where clocks jump by $seconds seconds"
        done
    done
    cd ..
done
[ "$failed" = 0 ]
