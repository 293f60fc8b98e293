$ # labelled sets that cannot be one

$ mnemon baseline nowhere.tsv
! mnemon baseline: nowhere.tsv: cannot read: No such file or directory (check the spelling and the folder)
[3]

$ printf 'class\tsequence\n1\tACGT\n' >t.tsv; mnemon baseline t.tsv
! mnemon baseline: t.tsv:1: no column 'label'; separated by tabs, the header reads: class, sequence (the first line should name the columns label and sequence, and maybe split and id)
[3]

$ printf 'label,sequence\n1,ACGT\n1,AC\n' >t.csv; mnemon baseline t.csv
! mnemon baseline: t.csv: all 2 rows have the label '1' (a classifier needs two classes or more)
[3]

$ printf 'label,sequence\n1,NNN\n0,N\n' >t.csv; mnemon baseline t.csv
! mnemon baseline: t.csv: all 2 sequences are N alone (check the sequence column, and --mask-lowercase)
[3]

$ printf 'label,sequence\n1,ACGT\n0,\n' >t.csv; mnemon baseline t.csv
! mnemon baseline: t.csv:3: the sequence is empty (give the sequence, or take the row out)
[3]

$ printf 'label,sequence\n1,ACGT\n0,ACXT\n' >t.csv; mnemon baseline t.csv
! mnemon baseline: t.csv:3: the sequence holds 'X' (0x58) at column 3, which is no nucleotide (correct it, or read it as N with --invalid n)
[3]

$ printf 'label,sequence\n1,ACGT\n0\tACTT\n' >t.csv; mnemon baseline t.csv
! mnemon baseline: t.csv:3: 1 field where the header has 2 (separated by commas) (every line needs the header's columns and its separator)
[3]

$ printf '<html>\n' >t.csv; mnemon baseline t.csv
! mnemon baseline: t.csv:1: this looks like HTML or XML, not like a table (the first line should name the columns label and sequence, and maybe split and id)
[3]

$ printf 'label,sequence,split\n1,ACGT,train\n0,ACCT,test\n' >t.csv; mnemon baseline t.csv
! mnemon baseline: t.csv: no sequence is left for the part 'train' (give more sequences, or fewer folds, or a split column)
[3]

$ mkdir empty; mnemon baseline empty
! mnemon baseline: empty: neither class folders nor tables inside (expected FOLDER/train/CLASS/*.txt, FOLDER/CLASS/*.txt or FOLDER/train.csv)
[3]

$ mnemon baseline --folds 1 t.csv
! mnemon baseline: --folds: one fold leaves nothing to train on (use 2 folds or more)
[2]

$ # a set that the length decides, to a file that appears whole or not at all

$ awk 'BEGIN {print "label\tsequence\tsplit"; srand(1); for (i = 0; i < 300; i++) {n = 20 + i % 20; s = ""; while (n--) s = s substr("ACGT", 1 + int(4 * rand()), 1); print (i % 20 < 10 ? "short" : "long") "\t" s "\t" (i < 100 ? "test" : i < 150 ? "val" : "train")}}' >set.tsv

$ mnemon baseline --quiet -o out.tsv set.tsv; grep ^length out.tsv | cut -f 2,3; ls
bins	16
n	100
accuracy	1.000000
mcc	1.000000
macro_f1	1.000000
f1	1.000000
auroc	1.000000
auprc	1.000000
log_loss	0.048741
confusion:long:long	50
confusion:long:short	0
confusion:short:long	0
confusion:short:short	50
empty
out.tsv
set.tsv
t.csv
t.tsv

$ mnemon baseline --quiet --json set.tsv | grep -c value
28

$ mnemon baseline -t 1 --quiet set.tsv | cmp - out.tsv

$ # Markov models

$ printf '>a\nACGT\n' >short.fa; mnemon baseline --markov short.fa short.fa
! mnemon baseline: short.fa: too short: 4 bases, 10000 are needed (count on a longer sequence)
[3]

$ awk 'BEGIN {print ">a"; for (i = 0; i < 400; i++) print "ACGGTCATTACCGATAGCATCGGATTACAG"}' >same.fa; mnemon baseline --markov same.fa same.fa
#mnemon VERSION
#command mnemon baseline --folds 0 --markov same.fa@xxh3:0de4e24b4f996895deb0420371cf39ff --resamples 1000 --invalid error --seed 1 same.fa@xxh3:0de4e24b4f996895deb0420371cf39ff
model	metric	value	low	high
markov	order	8	NA	NA
markov	pseudo_count	0.0625	NA	NA
markov	bases	12000	NA	NA
markov	bits_per_base	0.002017	NA	NA
! mnemon baseline: order 8, pseudo-count 0.0625: 0.0167 bits on the held-out tenth
! mnemon baseline: version VERSION
! mnemon baseline: command mnemon baseline --markov same.fa same.fa
! mnemon baseline: seed 1, wall .., CPU .., peak memory ..

$ mkdir -p piped/a piped/b; echo ACGTACGT >piped/a/1.txt; echo ACGTTCGT >piped/b/1.txt; mkfifo piped/b/2.txt; mnemon baseline --quiet piped; mnemon finetune --quiet piped -o m
! mnemon baseline: piped/b/2.txt: is a pipe or device, no file (remove it from the folder)
! mnemon finetune: piped/b/2.txt: is a pipe or device, no file (remove it from the folder)
[3]
