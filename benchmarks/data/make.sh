#!/bin/sh
# Makes the data of this folder from Debian's package maffilter-examples (79 MB, fetched with apt-get, nothing installed):
#   ustilago.fa.gz          chromosomes 1 to 7 of the smut fungus Ustilago maydis, BGZF
#   ustilago_coding.tsv.gz  label, sequence, split: 200-base windows of genes' coding exons, or of what lies between genes
# Needs apt-get, dpkg-deb, awk, gzip, bgzip (Debian tabix). Equal runs give equal windows. Usage: make.sh [DEB]
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
deb=${1:-}
if [ -z "$deb" ]; then
    (cd "$scratch" && apt-get download -q maffilter-examples)
    deb=$(echo "$scratch"/*.deb)
fi
dpkg-deb -x "$deb" "$scratch/deb"
from=$scratch/deb/usr/share/doc/maffilter/examples/Umaydis
gzip -dc "$from/Umaydis.fasta.gz" |
    awk -F: '/^>/ {printf "%s>%s\n", (NR > 1 ? "\n" : ""), $2; next} {printf "%s", toupper($0)} END {print ""}' >"$scratch/genome.fa"

awk '/^>/ {keep = /^>chr0[1-7]$/} keep' "$scratch/genome.fa" | fold -w 80 | bgzip -l 9 >ustilago.fa.gz

# One window a coding exon and one a gap between gene models (50 bases off either gene), at a hashed place on a hashed
# strand. Split by chromosome: train 1-7, valid 8-10, test 11-23. No window twice, on either strand.
gzip -dc "$from/Umaydis.gff3.gz" | sort -t"$(printf '\t')" -k1,1 -k4,4n -k5,5n -k3,3 >"$scratch/genes.gff"
awk -v length_of=200 '
    function hash(text, i, h) { h = 5381; for (i = 1; i <= length(text); i++) h = (h * 33 + code[substr(text, i, 1)]) % 16777213
                                return (h * 1021 + 7) % 16777213 }
    function reverse(s, i, r) { for (i = length(s); i > 0; i--) r = r pair[substr(s, i, 1)]; return r }
    function window(label, chrom, beg, end, key, s, r, n) { # 0-based half-open
        n = substr(chrom, 4) + 0
        if (chrom !~ /^chr/ || end - beg < length_of) return
        key = label chrom ":" beg
        s = substr(genome[chrom], beg + hash(key) % (end - beg - length_of + 1) + 1, length_of)
        if (s !~ /^[ACGT]*$/) return
        r = reverse(s)
        if ((s in seen) || (r in seen)) return
        seen[s]
        print hash(key "!") "\t" label "\t" (hash(key "?") % 2 ? s : r) "\t" (n <= 7 ? "train" : n <= 10 ? "valid" : "test")
    }
    BEGIN { for (i = 33; i < 127; i++) code[sprintf("%c", i)] = i
            pair["A"] = "T"; pair["C"] = "G"; pair["G"] = "C"; pair["T"] = "A"; pair["N"] = "N" }
    NR == FNR { if (/^>/) name = substr($0, 2); else genome[name] = $0; next }
    $1 != chrom { chrom = $1; reached = 0 }
    $3 == "CDS" { window("coding", chrom, $4 - 1, $5) }
    $3 == "mRNA" { window("intergenic", chrom, reached + 50, $4 - 51); if ($5 > reached) reached = $5 }
' "$scratch/genome.fa" "$scratch/genes.gff" | sort -n |
    awk -F'\t' 'BEGIN { most["train"] = 2000; most["valid"] = 500; most["test"] = 1500; print "label\tsequence\tsplit" }
        n[$2, $4]++ < most[$4] { print $2 "\t" $3 "\t" $4 }' >"$scratch/coding.tsv"
gzip -9nc "$scratch/coding.tsv" >ustilago_coding.tsv.gz
gzip -dc ustilago_coding.tsv.gz | awk 'NR > 1 {n[$3 " " $1]++} END {for (k in n) print k, n[k]}' | sort
