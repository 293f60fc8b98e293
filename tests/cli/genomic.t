$ # a set with parts and a column, one of one class, one without parts

$ awk 'BEGIN { print "label\tsequence\tsplit\tsite"; for (i = 0; i < 90; i++) { s = ""; for (j = 0; j < 40; j++) s = s substr("ACGT", 1 + (i * 7 + j * (i % 5 + 1) + int(j / (i % 3 + 2))) % 4, 1); print (i % 2 ? "odd" : "even") "\t" s "\t" (i < 60 ? "train" : i < 75 ? "val" : "test") "\t" (i % 3 ? "near" : "far") } }' >set.tsv

$ awk -F '\t' 'NR == 1 || $1 == "odd"' set.tsv >one.tsv; cut -f 1,2 set.tsv >bare.tsv

$ mnemon benchmark genomic --quiet set.tsv one.tsv -o s --preset tiny --batch 16 --seeds 1 --max-tokens 5k | cut -f 1-5; cut -f 5,6,8 s.tsv | grep -e kind -e scratch -e skipped; ls
set	split	kind	start	seeds
set	official	baseline	composition	1
set	official	baseline	look-up	1
set	official	baseline	majority	1
set	official	baseline	length	1
set	official	baseline	kmer	1
set	official	baseline	gapped	1
set	official	scratch	lmm 2x64	1
set	clean	baseline	composition	1
set	clean	baseline	look-up	1
set	clean	baseline	majority	1
set	clean	baseline	length	1
set	clean	baseline	kmer	1
set	clean	baseline	gapped	1
set	clean	scratch	lmm 2x64	1
split	kind	seed
official	scratch	1
clean	scratch	1
	skipped	NA
bare.tsv
one.tsv
s.html
s.json
s.tsv
set.tsv

$ # the same again runs nothing; a second seed adds a line

$ cp s.tsv before.tsv; cp s.html before.html; mnemon benchmark genomic set.tsv one.tsv -o s --preset tiny --batch 16 --seeds 1 --max-tokens 5k 2>&1 >/dev/null; cmp s.tsv before.tsv; cmp s.html before.html
mnemon benchmark genomic: warning: one is skipped: all 45 rows have the class 'odd'

$ mnemon benchmark genomic --quiet set.tsv -o s --preset tiny --batch 16 --seeds 2 --max-tokens 5k >means.tsv; diff before.tsv s.tsv | grep '^[<>]' | cut -f 2,5-8; grep scratch means.tsv | cut -f 1-5
set	official	scratch	lmm 2x64	2
set	official	scratch	lmm 2x64	2
set	clean	scratch	lmm 2x64	1

$ # the same rows under another name are known

$ cp set.tsv again.tsv; cp s.tsv t.tsv; mnemon benchmark genomic again.tsv -o t --preset tiny --batch 16 --seeds 1 --max-tokens 5k 2>&1 >/dev/null | grep rows; cmp s.tsv t.tsv
mnemon benchmark genomic: warning: again has the rows of set, and goes by that name

$ mnemon benchmark genomic --quiet --report-only -o s | cmp - means.tsv; grep -c '<svg' s.html; grep -o '"epochs lowered.*"' s.json; grep skipped s.tsv | cut -f 2,25
2
"epochs lowered from 75 to 2 by --max-tokens"
"epochs lowered from 75 to 2 by --max-tokens"
one	all 45 rows have the class 'odd'

$ # its networks are those of finetune

$ mnemon finetune --quiet set.tsv -o f --preset tiny --batch 16 --epochs 2 >/dev/null; mnemon evaluate --quiet -m f.safetensors set.tsv --json | grep -A 1 -e '"accuracy"' -e '"mcc"' | awk -F '[:,]' '/value/ { printf "%.6g\n", $2 }' >f.txt; awk -F '\t' '$6 == "scratch" && $5 == "official" && $8 == 1 { print $19; print $22 }' s.tsv | cmp - f.txt; wc -l <f.txt
2

$ # a set for each value of a column, capped

$ mnemon benchmark genomic --quiet set.tsv -o by --by site --cap 40 --split official --preset tiny --steps 1 --batch 8 --seeds 1 | grep -e kmer -e scratch | cut -f 1-4; cut -f 2,10-12,25 by.tsv | grep cap | sort -u
set:far	official	baseline	kmer
set:far	official	scratch	lmm 2x64
set:near	official	baseline	kmer
set:near	official	scratch	lmm 2x64
set:near	26	7	7	40 of 60 rows (--cap)

$ # what has no test part is cross-validated, all rows tested once

$ mnemon benchmark genomic --quiet bare.tsv -o folds --folds 2 --split official --preset tiny --steps 1 --batch 8 --seeds 1 | grep -e kmer -e scratch | cut -f 1-5; cut -f 5,6,12 folds.tsv | grep -e test -e scratch
bare	2-fold	baseline	kmer	1
bare	2-fold	scratch	lmm 2x64	1
split	kind	test
2-fold	scratch	90

$ # a start from weights stands beside the same network from scratch

$ mnemon finetune --quiet set.tsv -o m --preset tiny --steps 1 --batch 8 --conv 5 >/dev/null; mnemon benchmark genomic --quiet set.tsv -o m -m m.safetensors --split official --steps 1 --batch 8 --seeds 1 | cut -f 3-5; grep -c -e '--conv 5' m.tsv; grep -c -e '--model m.safetensors@xxh3:' m.tsv
kind	start	seeds
baseline	composition	1
baseline	look-up	1
baseline	majority	1
baseline	length	1
baseline	kmer	1
baseline	gapped	1
scratch	lmm 2x64	1
pretrained	m.safetensors	1
2
1

$ mnemon benchmark genomic --quiet set.tsv -o n -m m.safetensors --no-scratch --split official --steps 1 --batch 8 --seeds 1 | grep -v baseline | cut -f 3-5; mnemon benchmark genomic set.tsv -o n --no-scratch
kind	start	seeds
pretrained	m.safetensors	1
! mnemon benchmark genomic: --no-scratch: nothing would be trained (give a model with -m)
[2]

$ # cut off in the middle of a training it goes on, and ends as if it had not been

$ echo 'exec mnemon benchmark genomic set.tsv --split official --preset tiny --steps 24 --batch 8 --seeds 1 "$@"' >run; sh run --quiet -o whole >whole.txt

$ sh run -o cut >cut.txt 2>log & pid=$!; until grep -qs 'step 0 of' log; do sleep 0.05; done; kill -TERM $pid; { wait $pid; } 2>/dev/null; echo $?; ls cut.work | sed 's/.*\.//' | sort; grep -c scratch cut.tsv
143
ckpt
safetensors
tsv
0
[1]

$ sh run --quiet -o cut | cmp - whole.txt; cut -f 1-16,18- whole.tsv >whole.txt; cut -f 1-16,18- cut.tsv | cmp - whole.txt; ls -d cut*
cut.html
cut.json
cut.tsv
cut.txt

$ # what cannot be

$ mnemon benchmark genomic -o x
! mnemon benchmark genomic: an input is missing (give labelled sets, or --report-only)
[2]

$ mnemon benchmark genomic --report-only -o x
! mnemon benchmark genomic: x.tsv: nothing to report yet
[3]

$ mnemon benchmark genomic set.tsv nowhere.tsv -o x
! mnemon benchmark genomic: nowhere.tsv: there is no such file (each DATA is a set: a table or a folder)
[3]

$ mnemon benchmark genomic set.tsv -o x --by place --quiet
! mnemon benchmark genomic: set.tsv:1: no column 'place'; separated by tabs, the header reads: label, sequence, split, site (the first line should name the columns label and sequence, and maybe split and id)
[3]

$ mnemon benchmark genomic set.tsv -o x --epochs 1 --steps 1
! mnemon benchmark genomic: --epochs: --epochs, --tokens and --steps say the same thing (give one of them)
[2]

$ mnemon benchmark genomic set.tsv -o bare --quiet
! mnemon benchmark genomic: bare.tsv:1: no column 'key'; separated by tabs, the header reads: label, sequence (choose another -o: this is no table of `mnemon benchmark genomic`)
[3]

$ ls x*
! ls: cannot access 'x*': No such file or directory
[2]
