#!/bin/sh
# `dataset build` on real data where it is there (exit 77 where not): the fly lists on two arms of dm6 give the subset that
# was made from the same lists by other means, byte for byte; human lists are of GRCh38 and refused on chromosomes of
# GRCh37; coding windows of two genomes are something that counted words tell from intergenic ones.
# Usage: test_dataset_real.sh MNEMON [DATA]
set -eu
mnemon=$(readlink -f "$1")
data=${2:-../shared/data}
lists=$data/genomic_benchmarks/interval_lists/datasets
genomes=$data/genomes
[ -d "$lists" ] && [ -d "$genomes" ] || { echo "no $lists: skipped"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "$*"; exit 1; }

for threads in 1 3; do
    "$mnemon" dataset build -t $threads "$lists/drosophila_enhancers_stark" --skip-missing -o "$scratch/fly.$threads.tsv.gz" \
        --reference "$genomes/fly_dm6_chr2L.fa.gz" --reference "$genomes/fly_dm6_chr2R.fa.gz" 2>"$scratch/said"
    grep -q '6914 intervals in the lists, as published' "$scratch/said"
    grep -q '4335 of 6914 intervals are left out' "$scratch/said"
done
cmp "$scratch/fly.1.tsv.gz" "$scratch/fly.3.tsv.gz"
gzip -dc "$data/genomic_benchmarks/drosophila_enhancers_stark.rebuilt_subset.tsv.gz" >"$scratch/expected"
gzip -dc "$scratch/fly.1.tsv.gz" | cmp - "$scratch/expected"

"$mnemon" dataset build "$lists/drosophila_enhancers_stark" -o "$scratch/none" --reference "$genomes/fly_dm6_chr2L.fa.gz" \
    2>"$scratch/said" && fail 'missing contigs were not refused'
grep -q 'lacks the contigs of 5646 intervals: chr3L, chrX, chr3R' "$scratch/said"

for set in human_enhancers_cohn human_enhancers_ensembl human_ensembl_regulatory human_nontata_promoters human_ocr_ensembl; do
    code=0
    "$mnemon" dataset build "$lists/$set" --skip-missing -o "$scratch/none" --reference "$genomes/human_GRCh37_chr20.fa.gz" \
        --reference "$genomes/human_GRCh37_chr21.fa.gz" 2>"$scratch/said" || code=$?
    [ $code = 3 ] || fail "$set on GRCh37: exit code $code"
    grep -q 'of GRCh38, where .* bases; here it has .*: GRCh37' "$scratch/said"
done
[ ! -e "$scratch/none" ] || fail 'a refused set was written'

coding() { # GENOME GENES TEST: test accuracy of the k-mer baseline
    "$mnemon" dataset build --quiet --count 2k --annotation "$genomes/$2" --reference "$genomes/$1" --test-region "$3" -o "$scratch/coding.tsv"
    "$mnemon" baseline --quiet "$scratch/coding.tsv" | awk -v genome="$1" '
        $1 == "kmer" && $2 == "accuracy" { print genome, "k-mer accuracy", $3; found = $3 > 0.8 && $3 < 0.95 }
        $1 == "length" && $2 == "accuracy" && $3 != 0.5 { print "length tells classes apart"; exit 1 }
        END { exit !found }'
}
coding fly_dm6_chr2R.fa.gz fly_dm6_chr2R.genes.gtf.gz chr2R:18,000,000-
coding ustilago_maydis.fa.gz ustilago_maydis.gff3.gz chr01
