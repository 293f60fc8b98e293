$ # parts of a run, merged, are the run, byte for byte; reads, files of several, regions

$ awk 'BEGIN { for (i = 0; i < 40; i++) { printf ">r%d\n", i; n = i * i % 37 * 9; for (j = 0; j < n; j++) printf "%s", substr("ACGT", 1 + (i + j * j) % 7 % 4, 1); print "" } }' >q.fa; awk 'BEGIN { print ">long"; for (i = 0; i < 9000; i++) printf "%s", substr("ACGT", 1 + i * i % 7 % 4, 1); print "" }' >long.fa; printf 'label\tsequence\na\tACGTACGT\nb\tGGGTTTGG\na\tACGTTCGT\nb\tGGGATTGG\n' >set.tsv

$ mnemon pretrain --quiet q.fa -o m --preset tiny --dim 16 --layers 1 --steps 1 --length 16 --no-holdout >/dev/null; mnemon finetune --quiet set.tsv -o c --preset tiny --dim 16 --layers 1 --steps 1 >/dev/null

$ each() { mnemon perplexity --quiet -m m.safetensors --track $1.bg -w 50 -o $1.perplexity q.fa long.fa $2; mnemon predict --quiet -m c.safetensors -w 64 -s 32 -o $1.predict q.fa long.fa $2; mnemon predict --quiet -m c.safetensors --format bedgraph -o $1.bedgraph q.fa long.fa $2; mnemon embed --quiet -m m.safetensors -o $1.embed.npy q.fa long.fa $2; mnemon tokenize --quiet --tokenizer kmer:3 -o $1.tokens.npy q.fa long.fa $2; mnemon tokenize --quiet q.fa long.fa $2 >$1.table; }; each whole; for n in 1 2 12; do for i in $(seq $n); do each $i "--shard $i/$n"; done; for f in perplexity bg predict bedgraph embed.npy tokens.npy table; do mnemon merge --quiet $(seq -f %g.$f $n) -o merged.$f; cmp merged.$f whole.$f; done; cmp merged.embed.tsv whole.embed.tsv; cmp merged.tokens.tsv whole.tokens.tsv; done

$ for i in 1 2 3; do mnemon tokenize --quiet --shard $i/3 q.fa >$i.t; grep -c '^r' $i.t; done; mnemon merge --quiet 3.t 1.t 2.t | grep -v '^#' | tail -n 2
14
11
15
r38	6032	10	2	0	0	9	0
r39	6042	37	30	0	0	36	0

$ # what does not fit

$ mnemon merge --quiet 1.t 3.t; mnemon merge --quiet 1.t 3.t 3.t; mnemon merge --quiet whole.table; mnemon merge --quiet 1.t 2.embed.npy; mnemon merge --quiet 1.t 2.t 5.predict; mnemon merge --quiet q.fa; mnemon merge --quiet - <1.t; mnemon merge --quiet 1.embed.npy -o none.npy; ls -a | grep none
! mnemon merge: shard 2 of 3 is missing
! mnemon merge: shard 2 of 3 is missing
! mnemon merge: whole.table: its command has no --shard (give what --shard I/N made; other files join with cat)
! mnemon merge: 2.embed.npy: arrays and tables do not go together
! mnemon merge: 5.predict: is of another run than 1.t (give the parts of one run of one version)
! mnemon merge: q.fa: its command has no --shard (give what --shard I/N made; other files join with cat)
! mnemon merge: -: parts are read twice (give files)
! mnemon merge: shard 2 of 12 is missing
[1]

$ for s in 0/2 3/2 1 1/ 1/9999 -1/2 1/2x; do mnemon tokenize --quiet --shard $s q.fa | head -n 1; done; mnemon tokenize --quiet --shard 1/2 - <q.fa; mnemon tokenize --quiet --shard 1/2 --decode whole.tokens.npy; mnemon perplexity --quiet -m m.safetensors --shard 1/2 --carry-memory q.fa
! mnemon tokenize: --shard: expected I/N with I from 1 to N, N at most 4096, got '0/2'
! mnemon tokenize: --shard: expected I/N with I from 1 to N, N at most 4096, got '3/2'
! mnemon tokenize: --shard: expected I/N with I from 1 to N, N at most 4096, got '1'
! mnemon tokenize: --shard: expected I/N with I from 1 to N, N at most 4096, got '1/'
! mnemon tokenize: --shard: expected I/N with I from 1 to N, N at most 4096, got '1/9999'
! mnemon tokenize: --shard: expected I/N with I from 1 to N, N at most 4096, got '-1/2'
! mnemon tokenize: --shard: expected I/N with I from 1 to N, N at most 4096, got '1/2x'
! mnemon tokenize: --shard: - can be read but once (give a file)
! mnemon tokenize: --shard: FASTA is not merged: decode it whole
! mnemon perplexity: --shard: records that hand on a state or a memory go in one run
[2]

$ mnemon perplexity --quiet -m m.safetensors --shard 1/1 q.fa | sed '$d' >cut; mnemon merge --quiet cut >/dev/null; mnemon perplexity --quiet -m m.safetensors --shard 1/1 q.fa | grep -v ^total >cut; mnemon merge --quiet cut >/dev/null; mnemon tokenize --quiet --shard 1/1 q.fa -o one.npy; sed -i 's/^r3	[0-9]*/r3	x/' one.tsv; mnemon merge --quiet one.npy -o out.npy; ls -a | grep out
! mnemon merge: cut: does not end with a line #end (is it cut short? Make this part again)
! mnemon merge: cut: the last row is not the total of the others (is it cut short?)
! mnemon merge: one.tsv: a row that does not follow the one before: 'r3?x?82?23?0?0?81?0'
[1]

$ # tables of arrays alone, records with names as in headings, what can be read but once

$ mnemon merge --quiet $(seq -f %g.embed.tsv 12) | cmp - whole.embed.tsv; printf '>#x\nACGTACGT\n>name\nNNNN\n>total\nACGTTTGA\n' >odd.fa; mnemon perplexity --quiet -m m.safetensors odd.fa -o odd; mnemon predict --quiet -m c.safetensors odd.fa -o odd.p; for i in 1 2 3; do mnemon perplexity --quiet -m m.safetensors --shard $i/3 odd.fa -o odd$i; mnemon predict --quiet -m c.safetensors --shard $i/3 odd.fa -o oddp$i; done; mnemon merge --quiet odd1 odd2 odd3 | cmp - odd; mnemon merge --quiet oddp1 oddp2 oddp3 | cmp - odd.p; sed '$d' odd3 >odd3.cut; mnemon merge --quiet odd1 odd2 odd3.cut >/dev/null; mkfifo pipe; mnemon merge --quiet pipe; mnemon tokenize --quiet --shard 1/2 pipe; mnemon perplexity --quiet -m m.safetensors --json --shard 1/2 q.fa
! mnemon merge: odd3.cut: does not end with a line #end (is it cut short? Make this part again)
! mnemon merge: pipe: parts are read twice (give files)
! mnemon tokenize: --shard: pipe can be read but once (give a file)
! mnemon perplexity: --shard: JSON is not merged: leave out --json
[2]
