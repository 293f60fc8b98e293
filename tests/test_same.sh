#!/bin/sh
# The same bytes from every way of running a command: threads 1 to 8, file or pipe, plain, gzip or BGZF, whole or in shards that
# are merged, records alone or together; AVX2 or AVX-512. Prints how many combinations were the same. Usage: test_same.sh MNEMON
set -u
LC_ALL=C; export LC_ALL
mnemon=$(readlink -f "$1")
top=$(mktemp -d) && cd "$top" || exit 1
trap 'rm -rf "$top"' EXIT
failed=0 same=0 tiny='--preset tiny --dim 8 --heads 2 --ffn 8 --layers 1 --steps 1'

awk 'BEGIN { srand(7); for (i = 0; i < 30; i++) { n = i == 11 ? 34000 : i == 5 ? 0 : 10 + int(400 * rand()); printf ">r%d\n", i
    for (j = 1; j <= n; j++) printf "%s%s", substr("ACGTACGTACGTN", 1 + int(13 * rand()), 1), j % 70 ? "" : "\n"; print "" } }' >q.fa
printf 'label\tsequence\na\tACGTACGTAC\nb\tGGGTTTGGCA\na\tACGTTCGTAT\nb\tGGGATTGGCC\n' >set.tsv
gzip -k q.fa && mv q.fa.gz gzip.fa.gz
ways='q.fa gzip.fa.gz -'
command -v bgzip >/dev/null && bgzip -c q.fa >bgzf.fa.gz && ways="$ways bgzf.fa.gz"
"$mnemon" pretrain --quiet q.fa -o m $tiny --length 16 --no-holdout >/dev/null &&
    "$mnemon" finetune --quiet set.tsv -o c $tiny >/dev/null || exit 1

# run JOB OUT OPTION... IN
run() {
    job=$1 out=$2
    shift 2
    case $job in
    predict) "$mnemon" predict --quiet -m c.safetensors -o "$out" "$@" ;;
    windows) "$mnemon" predict --quiet -m c.safetensors -w 60 -s 20 --format bedgraph -o "$out" "$@" ;;
    records) "$mnemon" embed --quiet -m m.safetensors -o "$out.npy" "$@" ;;
    tokens) "$mnemon" embed --quiet -m m.safetensors --per token --layer 0 -o "$out.npy" "$@" ;;
    perplexity) "$mnemon" perplexity --quiet -m m.safetensors --track "$out.track" -w 50 -o "$out" "$@" ;;
    ids) "$mnemon" tokenize --quiet --tokenizer kmer:3 -o "$out.npy" "$@" ;;
    table) "$mnemon" tokenize --quiet "$@" >"$out" ;;
    esac <q.fa
}

# All that a job wrote, less what names its input.
gather() {
    for file in "$1" "$1.npy" "$1.tsv" "$1.track"; do
        [ ! -e "$file" ] || { echo "== ${file#"$1"}"; grep -av '^#' "$file"; }
    done
}

compare() { # JOB HOW
    gather one >one.all
    if cmp -s one.all "$1.all"; then same=$((same + 1)); else echo "FAILED: $1, $2: other bytes"; failed=1; fi
    rm -f one one.*
}

for job in predict windows records tokens perplexity ids table; do
    run $job whole -t 1 q.fa && gather whole >$job.all && [ "$(wc -c <$job.all)" -gt 500 ] || exit 1
    rm -f whole whole.*
    for way in $ways; do
        for threads in 1 2 3 4 5 6 7 8; do
            run $job one -t $threads $way || failed=1
            compare $job "$way, $threads threads"
        done
    done
    for shards in 1 2 3 7 40; do
        parts=
        for i in $(seq $shards); do
            run $job part$i -t $((i % 3 + 1)) --shard $i/$shards q.fa || failed=1
            [ -e part$i.npy ] && parts="$parts part$i.npy" || parts="$parts part$i"
        done
        case $parts in
        *npy) "$mnemon" merge --quiet $parts -o one.npy ;;
        *) "$mnemon" merge --quiet $parts -o one ;;
        esac || failed=1
        [ ! -e part1.track ] || "$mnemon" merge --quiet $(seq -f part%g.track $shards) -o one.track || failed=1
        compare $job "$shards shards"
        rm -f part*
    done
done

# Each record by itself is what it is among the others.
mkdir alone && awk '/^>/ { if (file) close(file); file = "alone/" substr($0, 2) ".fa" } { print >file }' q.fa
for job in predict perplexity; do
    run $job whole -t 2 q.fa
    for record in $(awk '/^>/ && $1 != ">r5" { print substr($1, 2) }' q.fa); do
        run $job one -t 2 alone/$record.fa
        if [ "$(awk -v r="$record" '$1 == r' one)" = "$(awk -v r="$record" '$1 == r' whole)" ] && grep -q "^$record	" one; then
            same=$((same + 1))
        else
            echo "FAILED: $job: $record is not the same alone"
            failed=1
        fi
    done
    rm -f one one.* whole whole.*
done

# A record is the same however many go through the model with it: the first 1 to 64 of 64 short ones, as rows of one pass.
awk 'BEGIN { for (i = 0; i < 64; i++) { printf ">s%d\n", i; for (j = 0; j < 10 + i; j++) printf "%s", substr("ACGT", 1 + (i * j + j * j) % 7 % 4, 1); print "" } }' >short.fa
run predict whole -t 2 short.fa
for n in $(seq 64); do
    awk -v n="$n" '/^>/ { if (n-- == 0) exit } { print }' short.fa >few.fa
    run predict one -t 2 few.fa
    if [ "$(grep -v '^#' one)" = "$(grep -v '^#' whole | head -n $((n + 1)))" ]; then same=$((same + 1)); else echo "FAILED: predict: $n records"; failed=1; fi
done
rm -f one whole

# Each instruction set against plain loops: the same calls, and probabilities within 1e-4.
for cpu in avx2 avx512; do
    "$mnemon" predict --quiet --cpu plain -m c.safetensors -o plain q.fa
    "$mnemon" predict --quiet --cpu $cpu -m c.safetensors -o one q.fa 2>/dev/null || continue
    paste plain one | awk -F '\t' '/^#/ || /^name/ { next } { n++; if ($1 != $5 || $4 != $8 || ($2 - $6) ^ 2 > 1e-8) bad++ } END { exit bad > 0 || n < 29 }' ||
        { echo "FAILED: $cpu differs from plain"; failed=1; }
    same=$((same + 1))
done

# AVX2 and AVX-512 give the same bits: a training of full width, and what its model says.
for cpu in avx2 avx512; do
    "$mnemon" pretrain --quiet q.fa -o $cpu --preset tiny --steps 4 --length 200 --batch 2 --no-holdout -t 1 --cpu $cpu >/dev/null 2>&1 &&
        "$mnemon" embed --quiet -m $cpu.safetensors --per token q.fa -o $cpu.npy -t 1 --cpu $cpu
done
if [ -e avx2.npy ] && [ -e avx512.npy ]; then
    for file in npy metrics.tsv; do
        grep -av '^#' avx2.$file >one
        if grep -av '^#' avx512.$file | cmp -s one -; then same=$((same + 1)); else echo "FAILED: avx512 and avx2 differ in $file"; failed=1; fi
    done
fi
echo "$same combinations the same"
exit $failed
