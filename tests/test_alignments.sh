#!/bin/sh
# Real alignments, read for read against samtools: name and bases in the orientation of the sequencer. What is damaged must
# fail with one line and exit 3. Skipped (77) without the data (../shared/data, or $MN_SHARED/data) or samtools.
# Usage: test_alignments.sh MNEMON
set -u
LC_ALL=C; export LC_ALL
mnemon=$1
data=${MN_SHARED:-../shared}/data
at=$data/alignments
[ -d "$at/good" ] || { echo "skipped: no $at"; exit 77; }
command -v samtools >/dev/null || { echo "skipped: no samtools"; exit 77; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
failed=0 files=0
fail() { echo "FAILED: $*"; failed=$((failed + 1)); }

reference() { # of a CRAM: what it was made with, unless it holds its own
    case $1 in
        *yeast*) echo "$data/genomes/yeast_R64-1-1_chrI_X_XIII.fa.gz" ;;
        *ce#*|*range*) echo "$at/cram/ce.fa.gz" ;;
        *made_here*) echo "$at/cram/human_g1k_v37.20.subset.fasta.gz" ;;
    esac
}

ends() { # with the empty BGZF block
    [ "$(tail -c 28 "$1" | od -An -tx1 | tr -d ' \n')" = 1f8b08040000000000ff0600424302001b0003000000000000000000 ]
}

# SAM to "name bases" lines: as sequenced, codes other than A, C, G, T as N, runs of N cut at 32.
as_bases() {
    awk -F '\t' '
        BEGIN { other["A"] = "T"; other["C"] = "G"; other["G"] = "C"; other["T"] = "A"
                for (i = 1; i <= 32; i++) most = most "N"; more = most "N" }
        { bases = $10 == "*" ? "" : toupper($10); gsub(/[^ACGT]/, "N", bases)
          if (int($2 / 16) % 2) { turned = ""
              for (i = length(bases); i; i--) { c = substr(bases, i, 1); turned = turned (c in other ? other[c] : c) }
              bases = turned }
          while (index(bases, more)) sub(more "N*", most, bases)
          print $1, bases }'
}

# FASTA to the same.
as_lines() {
    awk '/^>/ { if (NR > 1) print name, bases; name = substr($0, 2); bases = ""; next } { bases = bases $0 }
         END { if (NR) print name, bases }'
}

for file in "$at"/good/*.bam "$at"/odd/*.bam "$at"/sam/*.sam "$at"/cram/*.cram; do
    files=$((files + 1))
    set --
    case $file in
        *.cram) genome=$(reference "$file"); [ -z "$genome" ] || set -- --reference "$genome" ;;
        */odd/*) ends "$file" || ! "$mnemon" tokenize --quiet "$file" >/dev/null 2>&1 || fail "$file: read without its end block"
                 set -- --allow-missing-eof ;;
    esac
    samtools view -F 3840 ${genome:+-T "$genome"} "$file" 2>/dev/null | as_bases >"$tmp/theirs"
    genome=
    for threads in 1 3; do
        "$mnemon" tokenize --quiet --decode -t $threads "$@" "$file" >"$tmp/ours.fa" 2>"$tmp/said" || fail "$file: $(cat "$tmp/said")"
        as_lines <"$tmp/ours.fa" | cmp -s - "$tmp/theirs" || fail "$file: other reads than samtools gives"
    done
done

for file in "$at"/bad/*; do
    files=$((files + 1))
    "$mnemon" tokenize --quiet "$file" -o "$tmp/bad.npy" 2>"$tmp/said"
    code=$?
    # One of them is only an odd file: samtools finds no fault either.
    if [ $code -eq 0 ] && samtools quickcheck "$file" 2>/dev/null && samtools view "$file" >/dev/null 2>&1; then
        rm -f "$tmp"/bad.*
        continue
    fi
    [ $code -eq 3 ] || fail "$file: exit $code"
    [ "$(wc -l <"$tmp/said")" -eq 1 ] || fail "$file: said $(cat "$tmp/said")"
    [ ! -e "$tmp/bad.npy" ] && [ ! -e "$tmp/bad.tsv" ] || fail "$file: left output behind"
done

# Regions, through indexes made here.
cp "$at/good/htsjdk.CEUTrio.HiSeq.WGS.b37.NA12878.20.first.8000.bam" "$tmp/a.bam"
cp "$at/cram/biodbhts.yeast.sorted.cram" "$tmp/a.cram"
cp "$data/genomes/ustilago_maydis.fa.gz" "$tmp/a.fa.gz"
chmod u+w "$tmp"/*
same_regions() { # FILE REGION... : the same reads, before and after the index is there
    file=$1 list= genome=$(reference yeast)
    shift
    for region in "$@"; do list="$list -r $region"; done
    for turn in building reading; do
        "$mnemon" tokenize --quiet --decode --reference "$genome" $list "$file" 2>"$tmp/said" | as_lines >"$tmp/ours"
        [ -s "$tmp/said" ] && fail "$file: $(cat "$tmp/said")"
        [ $turn = reading ] || samtools index "$file" "$tmp/index"
        samtools view -F 3840 -M -T "$genome" -X "$file" "$tmp/index" "$@" | as_bases | cmp -s - "$tmp/ours" ||
            fail "$file: other reads in $* ($turn the index)"
        [ -s "$tmp/ours" ] || fail "$file: no reads in $*"
    done
}
same_regions "$tmp/a.bam" 20:100-700 20:5000-5010 20:650-800
same_regions "$tmp/a.cram" X:100000-200000 I:5000-9000
samtools faidx "$tmp/a.fa.gz" --fai-idx "$tmp/fai" --gzi-idx "$tmp/gzi"
"$mnemon" tokenize --quiet -r chr02:500-600 "$tmp/a.fa.gz" >/dev/null || fail "region of a packed genome"
cmp "$tmp/fai" "$tmp/a.fa.gz.fai" && cmp "$tmp/gzi" "$tmp/a.fa.gz.gzi" || fail "other indexes than samtools makes"

[ $failed -eq 0 ] && echo "$files files agree"
[ $failed -eq 0 ]
