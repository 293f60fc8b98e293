$ # labelled sets that cannot be

$ printf 'label\tsequence\na\tACGT\na\tACGG\n' >one.tsv; mnemon finetune one.tsv -o m
! mnemon finetune: one.tsv: all 2 rows have the label 'a' (a classifier needs two classes or more)
[3]

$ printf 'class\tsequence\na\tACGT\nb\tACGG\n' >nolabel.tsv; mnemon finetune nolabel.tsv -o m
! mnemon finetune: nolabel.tsv:1: no column 'label'; separated by tabs, the header reads: class, sequence (the first line should name the columns label and sequence, and maybe split and id)
[3]

$ printf 'label\tsequence\na\tACGT\nb\n' >short.tsv; mnemon finetune short.tsv -o m
! mnemon finetune: short.tsv:3: 1 field where the header has 2 (separated by tabs) (every line needs the header's columns and its separator)
[3]

$ printf 'label\tsequence\na\tACGT\nb\t\n' >none.tsv; mnemon finetune none.tsv -o m
! mnemon finetune: none.tsv:3: the sequence is empty (give the sequence, or take the row out)
[3]

$ printf 'label\tsequence\na\tNNNN\nb\tNNN\n' >n.tsv; mnemon finetune n.tsv -o m
! mnemon finetune: n.tsv: all 2 sequences are N alone (check the sequence column, and --mask-lowercase)
[3]

$ printf 'label\tsequence\na\tACGT\nb\tACXT\n' >letter.tsv; mnemon finetune letter.tsv -o m
! mnemon finetune: letter.tsv:3: the sequence holds 'X' (0x58) at column 3, which is no nucleotide (correct it, or read it as N with --invalid n)
[3]

$ mnemon finetune nowhere.tsv -o m
! mnemon finetune: nowhere.tsv: cannot read: No such file or directory (check the spelling and the folder)
[3]

$ mnemon finetune a=nowhere.fa b=nowhere.fa -o m
! mnemon finetune: nowhere.fa: cannot read: No such file or directory (check the spelling and the folder)
[3]

$ mkdir hollow; mnemon finetune hollow -o m
! mnemon finetune: hollow: neither class folders nor tables inside (expected FOLDER/train/CLASS/*.txt, FOLDER/CLASS/*.txt or FOLDER/train.csv)
[3]

$ mnemon finetune -o m
! mnemon finetune: an input is missing (usage: mnemon finetune [options] DATA... -o MODEL)
[2]

$ mnemon finetune one.tsv
! mnemon finetune: -o/--output is missing (usage: mnemon finetune [options] DATA... -o MODEL)
[2]

$ # numbers that cannot be

$ awk 'BEGIN { print "label\tsequence\tsplit"; for (i = 0; i < 60; i++) { s = ""; for (j = 0; j < 40; j++) s = s substr("ACGT", 1 + (i * 7 + j * (i % 5 + 1) + int(j / (i % 3 + 2))) % 4, 1); print (i % 2 ? "odd" : "even") "\t" s "\t" (i < 40 ? "train" : i < 50 ? "val" : "test") } }' >set.tsv

$ mnemon finetune set.tsv -o m --lr fast
! mnemon finetune: --lr: expected a number from 0 to 10, got 'fast'
[2]

$ mnemon finetune set.tsv -o m --lr nan
! mnemon finetune: --lr: expected a number from 0 to 10, got 'nan'
[2]

$ mnemon finetune set.tsv -o m --batch -1
! mnemon finetune: -b/--batch: expected a whole number from 0 to 1000000, got '-1'
[2]

$ mnemon finetune set.tsv -o m --dim 65
! mnemon finetune: dim 65 is not a multiple of heads 2
[2]

$ mnemon finetune set.tsv -o m --tokenizer kmer:3 --gapped on
! mnemon finetune: --gapped: kmer:3 has no single bases to count (leave it out)
[2]

$ # batches of 16 rows for a small set, unless told

$ for b in 0 64; do mnemon finetune set.tsv -o b --preset tiny --steps 1 --batch $b --force 2>&1 >/dev/null | grep -o 'an epoch is.*'; done; rm b.*
an epoch is 3 steps
an epoch is 1 steps

$ # the head's inputs; a classifier that begins with another keeps them

$ mnemon finetune --quiet set.tsv -o l --preset tiny --lengths on --gapped off --steps 1 >/dev/null; mnemon finetune --quiet set.tsv -m l.safetensors -o k --steps 1 >/dev/null; for m in l k; do mnemon info $m.safetensors | sed -n 's/^config.*\(bins.*\), memory (.*/\1/p'; done; rm l.* k.*
bins 20, lengths true
bins 20, lengths true

$ mnemon finetune set.tsv -o m --tokenizer kmer:9
! mnemon finetune: --tokenizer: kmer:9 has 262153 ids, a model at most 65536 (use shorter words)
[2]

$ mnemon finetune set.tsv -o m --memory-depth 9
! mnemon finetune: depth is 9, expected 1 to 4
[2]

$ mnemon finetune set.tsv -o m --memory-norm yes
! mnemon finetune: --memory-norm: expected on or off, got 'yes'
[2]

$ mnemon finetune set.tsv -o m --tokenizer kmer:99
! mnemon finetune: --tokenizer: tokenizer 'kmer:99': K must be 1 to 12
[2]

$ mnemon finetune set.tsv -o m --pooling maen
! mnemon finetune: --pooling: expected mean|max|last|attention, got 'maen' (did you mean 'mean'?)
[2]

$ mnemon finetune set.tsv -o nowhere/m --quiet
! mnemon finetune: nowhere/m.lock: cannot write: No such file or directory (does the folder exist?)
[5]

$ ls
hollow
letter.tsv
n.tsv
nolabel.tsv
none.tsv
one.tsv
set.tsv
short.tsv

$ # a model, its output kept, and what it can be asked

$ mnemon finetune --quiet set.tsv -o m --preset tiny --steps 2 --batch 8 | cut -f 1,2 | head -n 3; ls m.*
part	metric
valid	n
valid	accuracy
m.ckpt
m.metrics.tsv
m.safetensors

$ mnemon finetune set.tsv -o m --preset tiny --steps 2
! mnemon finetune: m.safetensors: exists already (go on with --resume, begin anew with --force, or choose another -o)
[2]

$ mnemon finetune --quiet set.tsv -o m --preset tiny --steps 2 --batch 8 --force -t 2 >/dev/null; mnemon info m.safetensors | cut -c 1-78 | grep -v -e '^command' -e '^extra'
file                m.safetensors
kind                model
digests             right
tensors             52
numbers             1290258
version             1
config              arch lmm, vocab 9, dim 64, layers 2, heads 2, attn_heads 2
tokenizer           nucleotide
labels              even, odd

$ mnemon info m.ckpt | grep -e kind -e digests
kind                checkpoint
digests             right

$ mnemon evaluate --quiet -m m.safetensors set.tsv | grep -v '^#' | cut -f 1
metric
n
accuracy
mcc
macro_f1
f1
auroc
auprc
log_loss
confusion:even:even
confusion:even:odd
confusion:odd:even
confusion:odd:odd

$ mnemon evaluate --quiet -m m.safetensors --json --split valid --resamples 0 set.tsv | grep '"n"'
    "n": 10,

$ mnemon evaluate -m m.safetensors --split trian set.tsv
! mnemon evaluate: --split: expected all|train|valid|test, got 'trian' (did you mean 'train'?)
[2]

$ cut -f 1,2 set.tsv >nosplit.tsv; mnemon evaluate -m m.safetensors nosplit.tsv
! mnemon evaluate: nosplit.tsv: no row of split 'test' (--split all scores every row)
[3]

$ sed 's/odd/neither/' set.tsv >other.tsv; mnemon evaluate -m m.safetensors other.tsv
! mnemon evaluate: other.tsv:3: label 'neither' is none of the model's 2 classes ('even', ...) (`mnemon info MODEL` lists the classes)
[3]

$ printf '>a\nACGTACGTAA\n>b desc\nCCGTACGTAACCCGTACGTAACCCGTACGTAACCCGTA\n>n\nNNNN\n>nothing\n' >q.fa

$ mnemon predict --quiet -m m.safetensors q.fa | sed 's/0\.[0-9]*/P/g; 1,2d' | cut -f 1-3
name	p_even	p_odd
a	P	P
b	P	P
n	NA	NA
nothing	NA	NA

$ mnemon predict --quiet -m m.safetensors -w 20 -s 8 q.fa | sed 's/0\.[0-9]*/P/g; 1,2d' | cut -f 1-5
name	start	end	p_even	p_odd
a	0	10	P	P
b	0	20	P	P
b	8	28	P	P
b	16	36	P	P
b	24	38	P	P

$ mnemon predict --quiet -m m.safetensors -w 20 -s 8 --format bedgraph --class even q.fa | sed 's/0\.[0-9]*/P/g; 1,2d'
a	6	10	P
b	6	14	P
b	14	22	P
b	22	30	P
b	30	38	P

$ mnemon predict --quiet -m m.safetensors -r b:11-30 --format bed q.fa | sed 1,2d | cut -f 1-3,6
b	10	30	.

$ for t in 1 2 3; do mnemon predict --quiet -t $t --rc on -m m.safetensors -w 16 q.fa >$t.tsv; done; cmp 1.tsv 2.tsv && cmp 1.tsv 3.tsv

$ mnemon predict -m m.safetensors --longest 30 q.fa -o p.tsv
! mnemon predict: q.fa:b: the record is longer than 30 bases (tile it with --window, or raise --longest)
[3]

$ mnemon predict -m m.safetensors --step 5 q.fa
! mnemon predict: -s/--step: it needs --window
[2]

$ mnemon predict -m m.safetensors --class evne q.fa
! mnemon predict: --class: the model has no class 'evne' (did you mean 'even'?)
[2]

$ mnemon predict --quiet -m m.safetensors q.fa >/dev/full
! mnemon predict: stdout: cannot write: No space left on device (free some space or write elsewhere)
[5]

$ mnemon embed --quiet -m m.safetensors q.fa -o e.npy; mnemon info e.npy | grep shape; grep -v '^#' e.tsv
shape               (4, 64)
name	row	rows
a	0	1
b	1	1
n	2	1
nothing	3	1

$ mnemon embed --quiet -m m.safetensors --per token --layer 1 q.fa -o e.npy; mnemon info e.npy | grep shape; grep -v '^#' e.tsv
shape               (52, 64)
name	row	rows
a	0	10
b	10	38
n	48	4
nothing	52	0

$ mnemon embed -m m.safetensors --layer 3 q.fa -o e.npy
! mnemon embed: --layer: the model has 2 layers
[2]

$ mnemon embed -m m.safetensors q.fa -o e.bin
! mnemon embed: e.bin: an array's name must end in .npy (name the array OUT.npy)
[2]

$ # models that cannot be

$ mnemon predict -m q.fa q.fa
! mnemon predict: q.fa: not a safetensors file, or cut off: it is shorter than its header says, or that is longer than 16 MiB (make the file or fetch it again)
[4]

$ mnemon predict -m nowhere q.fa
! mnemon predict: nowhere: cannot read: No such file or directory
[3]

$ head -c 5000 m.safetensors >cut.safetensors; mnemon predict -m cut.safetensors q.fa
! mnemon predict: cut.safetensors: not a safetensors file, or cut off: it is shorter than its header says, or that is longer than 16 MiB (make the file or fetch it again)
[4]

$ { head -c 20000 m.safetensors; printf xyz; tail -c +20004 m.safetensors; } >bit.safetensors; mnemon predict -m bit.safetensors q.fa
! mnemon predict: bit.safetensors: words.weight: is damaged: its digest differs (make the file or fetch it again)
[4]

$ mnemon info bit.safetensors
! mnemon info: bit.safetensors: words.weight: is damaged: its digest differs (make the file or fetch it again)
[4]

$ mnemon predict -m m.ckpt q.fa
! mnemon predict: m.ckpt: is a checkpoint, expected a model (the model is the .safetensors file beside a checkpoint)
[4]

$ mnemon pretrain --quiet q.fa -o p --preset tiny --steps 1 --length 16 --no-holdout >/dev/null; mnemon predict -m p.safetensors q.fa
! mnemon predict: p.safetensors: the model has no classes (fine-tune it first: mnemon finetune)
[4]

$ { head -c 20000 p.ckpt; printf xyz; tail -c +20004 p.ckpt; } >p2; mv p2 p.ckpt; mnemon pretrain q.fa -o p --preset tiny --steps 2 --length 16 --no-holdout --resume
! mnemon pretrain: p.ckpt: its header is damaged: the digest differs (make the file or fetch it again)
[4]

$ mnemon pretrain q.fa -o small -t 1 --preset tiny --steps 1 --length 16 --no-holdout --max-memory 100k 2>&1 | sed 's/needs [0-9.]* MB/needs some MB/' | tail -n 1; ls small* 2>/dev/null
mnemon pretrain: 1 thread needs some MB for activations, allowed are 0.1 MB (raise --max-memory, or shorten --length, or use fewer --threads)
[2]

$ mnemon pretrain q.fa -o small --preset tiny --steps 1 --length 16 --no-holdout --arch mac --segment 50; ls small* 2>/dev/null
! mnemon pretrain: segment 50 is not a multiple of chunk 16
[2]

$ rm p.ckpt; mnemon pretrain q.fa -o p --preset tiny --steps 2 --length 16 --no-holdout --resume
! mnemon pretrain: p.safetensors: has no checkpoint beside it to resume from (begin anew with --force, or choose another -o)
[2]

$ mnemon finetune set.tsv -m p.safetensors --preset base -o no
! mnemon finetune: --preset: p.safetensors has its sizes already (leave one out)
[2]

$ touch late.fold2.ckpt; mnemon finetune --quiet set.tsv --folds 2 -o late
! mnemon finetune: late.fold2.ckpt: exists already (go on with --resume, begin anew with --force, or choose another -o)
[2]

$ # a chunk that no block of rows divides by, over several pieces

$ awk 'BEGIN { print ">long"; for (i = 0; i < 5000; i++) printf "%s", substr("ACGT", 1 + i * i % 7 % 4, 1); print "" }' >long.fa; mnemon pretrain --quiet long.fa -o c --preset tiny --dim 16 --layers 1 --chunk 100 --steps 1 --length 16 --no-holdout >/dev/null; mnemon embed --quiet -m c.safetensors long.fa -o long.npy; tail -n 1 long.tsv
long	0	1

$ # a signal: what is done is saved, and the shell sees which it was

$ timeout --preserve-status -s TERM 2 mnemon pretrain --quiet q.fa -o s --preset tiny --tokens 1G --length 16 --no-holdout
[143]

$ ls s.*
s.ckpt
s.metrics.tsv
s.safetensors

$ # the least instruction set: the same calls

$ mnemon predict --quiet --cpu plain -m m.safetensors q.fa | sed 's/0\.[0-9]*/P/g; 1,2d' | cut -f 1-3
name	p_even	p_odd
a	P	P
b	P	P
n	NA	NA
nothing	NA	NA

$ mnemon predict --quiet --cpu sse9 -m m.safetensors q.fa
! mnemon predict: --cpu: expected auto|plain|avx2|avx512, got 'sse9'
[2]

$ # parts that are pooled: by the length that all rows have, else 8

$ for k in 10 11; do awk -v k=$k 'BEGIN { srand(1); print "label\tsequence"; for (i = 0; i < 60; i++) { s = ""; for (j = i % 4 ? 10 : k; j; j--) s = s substr("ACGT", 1 + int(4 * rand()), 1); print i % 2 "\t" s } }' >w.tsv; mnemon finetune --quiet w.tsv -o w --force --preset tiny --steps 1 >/dev/null; mnemon info w.safetensors | sed -n 's/^config.*\(bins [0-9]*\).*/\1/p'; done; rm w.*
bins 5
bins 8
