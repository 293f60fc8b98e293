#!/bin/sh
# One command from a fresh machine to an honest figure: installs what is missing, builds, pretrains a long-memory model on
# a real genome, fine-tunes it on real labelled sequences, once from scratch and once from the pretrained model, and
# prints both beside the baselines. Usage: sh pipelines/quickstart.sh [OUT]   (results; default build/quickstart)
set -eu
build=${MN_BUILD:-$(dirname "$0")/../build}
mkdir -p "$build" "${1:-$build/quickstart}"
build=$(cd "$build" && pwd)
out=$(cd "${1:-$build/quickstart}" && pwd)
cd "$(dirname "$0")/.."
sh pipelines/setup.sh "$build"
PATH=$build:$PATH
begin=$(date +%s)

run() { # COMMAND...: shows it, then runs it
    printf '\n$ %s\n' "$*" >&2
    "$@"
}

genome=benchmarks/data/ustilago.fa.gz
labels=benchmarks/data/ustilago_donor.tsv.gz
echo "Genome: seven chromosomes of the corn smut Ustilago maydis. Task: does an intron begin at this GT? ($labels)"
echo "The test windows lie on chromosomes that neither pretraining nor fine-tuning sees (benchmarks/data/README.md)."

run mnemon pretrain $genome -o "$out/genome" --preset tiny --tokens 700k --length 256 --batch 16 \
    --valid-bases 20k --valid-every 50 --final-bases 100k --force
run mnemon finetune $labels -o "$out/scratch" --preset tiny --force >"$out/scratch.valid.tsv"
run mnemon finetune $labels -o "$out/pretrained" -m "$out/genome.safetensors" --force >"$out/pretrained.valid.tsv"
run mnemon baseline $labels >"$out/baseline.tsv"
for model in scratch pretrained; do
    run mnemon evaluate -m "$out/$model.safetensors" $labels >"$out/$model.tsv"
done

printf '\nTest windows, with 95 %% bootstrap intervals; the least log loss and the highest of the rest win:\n\n'
{
    awk '$1 == "majority" || $1 == "length" || $1 == "kmer" || $1 == "gapped"' "$out/baseline.tsv"
    awk '!/^#/ {print "scratch\t" $0}' "$out/scratch.tsv"
    awk '!/^#/ {print "pretrained\t" $0}' "$out/pretrained.tsv"
} | awk -F'\t' '
    BEGIN { printf "%-12s %-24s %-24s %-24s %s\n", "model", "accuracy", "MCC", "AUROC", "log loss" }
    !($1 in seen) { seen[$1]; order[++n] = $1 }
    $2 ~ /^(accuracy|mcc|auroc|log_loss)$/ { cell[$1, $2] = sprintf("%.3f (%.3f to %.3f)", $3, $4, $5) }
    END { for (i = 1; i <= n; i++) printf "%-12s %-24s %-24s %-24s %s\n", order[i], cell[order[i], "accuracy"],
              cell[order[i], "mcc"], cell[order[i], "auroc"], cell[order[i], "log_loss"] }'
printf '\n%s s since the build. Models and tables: %s\n' $(($(date +%s) - begin)) "$out"
