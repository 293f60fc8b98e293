#!/bin/sh
# Makes the data of this folder from Debian's package maffilter-examples (79 MB, fetched with apt-get, nothing installed):
#   ustilago.fa.gz          chromosomes 1 to 7 of the smut fungus Ustilago maydis, BGZF
#   ustilago_donor.tsv.gz   label, sequence, split: 60 bases around a GT, at which an intron begins (donor) or does not (decoy)
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

# Introns lie between the coding exons of one gene. One window around each intron's first base, on the gene's strand, GT at
# bases 31 and 32; and around the first GT behind a hashed place 60 to 300 bases off. Split by chromosome: train 1-7,
# valid 8-10, test 11-23. No window twice, on either strand.
gzip -dc "$from/Umaydis.gff3.gz" | sort -t"$(printf '\t')" -k1,1 -k4,4n -k5,5n -k3,3 >"$scratch/genes.gff"
awk -F'\t' -v half=30 -v far=300 '
    function hash(text, i, h) { h = 5381; for (i = 1; i <= length(text); i++) h = (h * 33 + code[substr(text, i, 1)]) % 16777213
                                return (h * 1021 + 7) % 16777213 }
    function reverse(s, i, r) { for (i = length(s); i > 0; i--) r = r pair[substr(s, i, 1)]; return r }
    function keep(label, s, r) { # s: 2 half bases
        r = reverse(s)
        if (s !~ /^[ACGT]*$/ || length(s) != 2 * half || (s in label_of) || (r in label_of)) return
        label_of[s] = label
        split_of[s] = number <= 7 ? "train" : number <= 10 ? "valid" : "test"
    }
    function intron(beg, end, at, around, place, i) { # 0-based half-open, of the forward strand
        at = $7 == "+" ? beg : end
        around = substr(genome[$1], at - far - half + 1, 2 * (far + half))
        if ($7 == "-") around = reverse(around)
        if (substr(around, far + half + 1, 2) != "GT") return
        keep("donor", substr(around, far + 1, 2 * half))
        place = hash($1 ":" at) % (2 * (far - 60))
        if (place >= far - 60) place += 120
        i = place + half + index(substr(around, place + half + 1), "GT") # of its G, from 1
        if (substr(around, i, 2) != "GT") return
        if (i - far - half > 60 || far + half - i > 60) decoys[++n_decoys] = number " " substr(around, i - half, 2 * half)
    }
    BEGIN { for (i = 33; i < 127; i++) code[sprintf("%c", i)] = i
            pair["A"] = "T"; pair["C"] = "G"; pair["G"] = "C"; pair["T"] = "A"; pair["N"] = "N" }
    NR == FNR { if (/^>/) name = substr($0, 2); else genome[name] = $0; next }
    $3 == "CDS" && /^chr/ {
        number = substr($1, 4) + 0
        gene = $9
        sub(/;.*/, "", gene)
        if (gene in reached) intron(reached[gene], $4 - 1)
        reached[gene] = $5
    }
    END {
        for (d = 1; d <= n_decoys; d++) { split(decoys[d], part, " "); number = part[1] + 0; keep("decoy", part[2]) }
        for (s in label_of) print hash(s) "\t" label_of[s] "\t" s "\t" split_of[s]
    }
' "$scratch/genome.fa" "$scratch/genes.gff" | sort -k1,1n -k3,3 |
    awk -F'\t' 'BEGIN { print "label\tsequence\tsplit" } { print $2 "\t" $3 "\t" $4 }' >"$scratch/donor.tsv"
gzip -9nc "$scratch/donor.tsv" >ustilago_donor.tsv.gz
gzip -dc ustilago_donor.tsv.gz | awk 'NR > 1 {n[$3 " " $1]++} END {for (k in n) print k, n[k]}' | sort
