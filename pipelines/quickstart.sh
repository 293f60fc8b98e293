#!/bin/sh
# One command from a fresh machine to an honest figure: installs what is missing, builds, pretrains a long-memory model on
# a real genome, fine-tunes it on real labelled sequences, once from scratch and once from the pretrained model, and
# prints both beside the baselines. Usage: sh pipelines/quickstart.sh [OUT]   (results; default build/quickstart)
set -eu
cd "$(dirname "$0")/.."
build=${MN_BUILD:-build}
out=${1:-$build/quickstart}
data=benchmarks/data
sh pipelines/setup.sh "$build"
mkdir -p "$out"
PATH=$(cd "$build" && pwd):$PATH

run() { # COMMAND...: shows it, then runs it
    printf '\n$ %s\n' "$*"
    "$@"
}

start=$(date +%s)
echo "Genome: seven chromosomes of the fungus Ustilago maydis. Task: is a window of 200 bases coding, or between genes?"
echo "Test windows lie on chromosomes that neither the pretraining nor the fine-tuning sees ($data/README.md)."
run mnemon pretrain $data/ustilago.fa.gz -o "$out/genome.safetensors" --preset tiny --tokens 3M --length 512 --batch 16 --force
run mnemon finetune $data/ustilago_coding.tsv.gz -o "$out/scratch.safetensors" --preset tiny --epochs 6 --rc --force
run mnemon finetune $data/ustilago_coding.tsv.gz -o "$out/pretrained.safetensors" -m "$out/genome.safetensors" --epochs 6 --rc --force
for model in scratch pretrained; do
    run mnemon evaluate -m "$out/$model.safetensors" $data/ustilago_coding.tsv.gz --split test | tee "$out/$model.tsv"
done
run mnemon baseline $data/ustilago_coding.tsv.gz | tee "$out/baseline.tsv"
