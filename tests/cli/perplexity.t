$ # bits per base: a row a record, N never foretold, and the total

$ awk 'BEGIN { print ">long"; for (i = 0; i < 34000; i++) printf "%s", substr("ACGT", 1 + i * i % 7 % 4, 1); print "" }' >long.fa; printf '>a\nACGTACGTAA\n>b desc\nCCGTACGTAACCCGTACGTAACCCGTACGTAACCCGTA\n>n\nNNNN\n>nothing\n>gap\nACGTA%0100dCGTACG\n' 0 | tr 0 N >q.fa

$ mnemon pretrain --quiet q.fa -o m --preset tiny --dim 16 --layers 1 --chunk 5 --steps 1 --length 16 --no-holdout >/dev/null; mnemon perplexity --quiet -m m.safetensors q.fa >q.tsv; sed 1,2d q.tsv | cut -f 1-3; awk '!/^#/ && $3 > 0 && $1 != "name" { if ($4 / $3 - $5 > 1e-4 || $5 - $4 / $3 > 1e-4 || exp($5 * log(2)) - $6 > 1e-4) print "wrong", $0; if ($1 == "total") print sum - $4 < 0.01 && $4 - sum < 0.01; sum += $4 }' q.tsv
name	bases	scored
a	10	10
b	38	38
n	4	0
nothing	0	0
gap	111	11
total	163	59
1

$ mnemon perplexity --quiet -m m.safetensors q.fa | awk '$1 == "n"'
n	4	0	0.000000	NA	NA

$ mnemon perplexity --quiet -m m.safetensors --json q.fa | grep -A 5 '"total"' | sed 's/\([0-9]\.[0-9]\)[0-9]*/\1/'
      "name": "total",
      "bases": 163,
      "scored": 59,
      "bits": 147.8,
      "bits_per_base": 2.5,
      "perplexity": 5.6

$ mnemon perplexity --quiet -m m.safetensors - <q.fa | sed 1,2d >-.tsv; sed 1,2d q.tsv | cmp - ./-.tsv

$ # the same bits for any threads, alone or together with others, at any length

$ for t in 1 2; do mnemon perplexity --quiet -t $t -m m.safetensors --track $t.bg -w 7 q.fa long.fa -o $t.tsv; done; cmp 1.tsv 2.tsv && cmp 1.bg 2.bg

$ for f in q long; do mnemon perplexity --quiet -m m.safetensors $f.fa | sed '1,3d;$d'; done >each; sed '1,3d;$d' 1.tsv | cmp - each

$ # the track: true positions, also after a long run of N

$ cut -f 1-3 1.bg | sed 1,2d | head -n 11; tail -n 1 1.bg | cut -f 1-3
a	0	7
a	7	10
b	0	7
b	7	14
b	14	21
b	21	28
b	28	35
b	35	38
gap	0	7
gap	105	111
long	0	7
long	33999	34000

$ mnemon perplexity --quiet -m m.safetensors -r gap:100-111 --track r.bg -w 4 q.fa -o /dev/null; sed 1,2d r.bg | cut -f 1-3
gap	104	108
gap	108	111

$ mnemon pretrain --quiet q.fa -o k --preset tiny --dim 16 --layers 1 --steps 1 --length 16 --no-holdout --tokenizer kmer:3 >/dev/null; mnemon perplexity --quiet -m k.safetensors --track k.bg -w 1 q.fa | sed 1,2d | cut -f 1-3; awk '$1 == "gap"' k.bg | cut -f 1-3
name	bases	scored
a	10	10
b	38	38
n	4	0
nothing	0	0
gap	111	11
total	163	59
gap	0	1
gap	1	2
gap	2	3
gap	3	4
gap	4	5
gap	105	106
gap	106	107
gap	107	108
gap	108	109
gap	109	110
gap	110	111

$ # a stream cut in two goes on as if it were whole

$ mnemon perplexity --quiet -m m.safetensors --track whole.bg -w 1 long.fa >whole.tsv; { head -n 1 long.fa; sed -n 2p long.fa | cut -c 1-17001; } >one.fa; { head -n 1 long.fa; sed -n 2p long.fa | cut -c 17002-; } >two.fa; mnemon perplexity --quiet -m m.safetensors --track one.bg -w 1 one.fa --state-out s --memory-out w >/dev/null; mnemon perplexity --quiet -m m.safetensors --track two.bg -w 1 two.fa --state-in s >/dev/null; sed 1,2d whole.bg | cut -f 4 >whole; { sed 1,2d one.bg; sed 1,2d two.bg; } | cut -f 4 | cmp - whole

$ mnemon perplexity --quiet -t 2 -m m.safetensors one.fa --state-out s2 --memory-out w2 >/dev/null; cmp s s2 && cmp w w2; mnemon info s | grep -e kind -e position -e next; mnemon info --tensors w | grep -e kind -e mixer
kind                state
position            17017
next                2
kind                memory
layers.0.mixer.s0	F32	(2, 8, 32)
layers.0.mixer.s1	F32	(2, 32, 8)
layers.0.mixer.w0	F32	(2, 8, 32)
layers.0.mixer.w1	F32	(2, 32, 8)

$ # what was memorised, put to use; and learning switched off

$ for o in '' '--memory-in w' '--freeze-memory' '--memory-in w --freeze-memory'; do mnemon perplexity --quiet -m m.safetensors $o two.fa | tail -n 1; done | sort -u | wc -l
4

$ for o in '' '--memory-in w' '--freeze-memory'; do mnemon embed --quiet -m m.safetensors $o q.fa -o e.npy; cksum <e.npy; done | sort -u | wc -l
3

$ mnemon perplexity --verbosity warning -m m.safetensors q.fa --memory-out last | sed 1,2d >last.tsv; sed 1,2d q.tsv | cmp - last.tsv; mnemon perplexity --verbosity warning -m m.safetensors q.fa --memory-out carried --carry-memory | diff q.tsv - | grep '^> [a-z]' | cut -f 1; cmp -s last carried || echo differ
> b
> gap
> total
differ
! mnemon perplexity: warning: last has the memory of the last record alone (--carry-memory hands it on)

$ # bad input: one line, and nothing written

$ ls >before; mnemon pretrain --quiet q.fa -o other --preset tiny --dim 16 --layers 1 --chunk 5 --steps 1 --length 16 --no-holdout --seed 2 >/dev/null; rm other.ckpt other.metrics.tsv

$ mnemon perplexity -m other.safetensors --state-in s two.fa -o no.tsv
! mnemon perplexity: s: belongs to another model (give it the very model that it was made with)
[4]

$ mnemon perplexity -m other.safetensors --memory-in w two.fa -o no.tsv
! mnemon perplexity: w: belongs to another model (give it the very model that it was made with)
[4]

$ mnemon embed -m other.safetensors --memory-in w two.fa -o no.npy
! mnemon embed: w: belongs to another model (give it the very model that it was made with)
[4]

$ mnemon perplexity -m m.safetensors --state-in w two.fa -o no.tsv
! mnemon perplexity: w: is a memory, expected a state
[4]

$ mnemon perplexity -m m.safetensors --memory-in m.safetensors two.fa -o no.tsv
! mnemon perplexity: m.safetensors: is a model, expected a memory
[4]

$ head -c 3000 s >cut; mnemon perplexity -m m.safetensors --state-in cut two.fa -o no.tsv
! mnemon perplexity: cut: state: has offsets outside the file (make the file or fetch it again)
[4]

$ { head -c 2000 w; printf xyz; tail -c +2004 w; } >bit; mnemon perplexity -m m.safetensors --memory-in bit two.fa -o no.tsv
! mnemon perplexity: bit: layers.0.mixer.w0: is damaged: its digest differs (make the file or fetch it again)
[4]

$ mnemon perplexity -m m.safetensors --state-in nowhere two.fa -o no.tsv
! mnemon perplexity: nowhere: cannot read: No such file or directory
[3]

$ mnemon perplexity -m m.safetensors two.fa -o no.tsv --state-out nowhere/s
! mnemon perplexity: nowhere/s: cannot write: No such file or directory (does the folder exist?)
[5]

$ printf '>x\nACGT-\n' >bad.fa; mnemon perplexity --quiet -m m.safetensors q.fa bad.fa -o no.tsv --track no.bg --state-out no.s --memory-out no.w
! mnemon perplexity: bad.fa:2:5: '-' is no nucleotide code (--invalid n reads it as N, --invalid skip leaves it out)
[3]

$ mnemon perplexity -m m.safetensors q.fa -w 0
! mnemon perplexity: -w/--window: expected a whole number from 1 to 1000000000, got '0'
[2]

$ mnemon perplexity -m m.safetensors q.fa --freeze-memroy
! mnemon perplexity: unknown option '--freeze-memroy' (did you mean '--freeze-memory'?)
[2]

$ rm other.safetensors cut bit bad.fa; ls | diff before -
