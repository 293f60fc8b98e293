$ # a set: lengths that tell, one copy across, one turned over, one under two labels, an overlap

$ awk 'BEGIN {print "split\tlabel\tid\tregion\tstart\tend\tstrand\tnote\tsequence"; x = 1; for (i = 0; i < 60; i++) {n = i % 2 ? 40 : 50; s = ""; while (n--) {x = 16807 * x % 2147483647; s = s substr("ACGT", 1 + int(x / 1000) % 4, 1)} if (i == 0) first = s; if (i == 2) third = s; if (i == 45) s = first; if (i == 46) {t = ""; for (j = 50; j; j--) t = t substr("TGCA", index("ACGT", substr(third, j, 1)), 1); s = t}; print (i < 40 ? "train" : "test") "\t" (i % 2 ? "neg" : "pos") "\tr" i "\tchr" (1 + i % 4) "\t" 1000 * i + (i == 52 ? -51975 : 0) "\t" 1000 * i + (i == 52 ? -51975 : 0) + length(s) "\t+\t\"a, b\"\t" s}}' >set.tsv

$ mnemon dataset stats --quiet set.tsv
#mnemon VERSION
#command mnemon dataset stats --invalid error --seed 1 set.tsv@xxh3:a26dab63b677c0ccd2ed562ff21d0c9d
split	class	rows	length_min	length_q1	length_median	length_q3	length_max	length_mean	gc	n_share
*	*	60	40	40	50	50	50	45.17	0.501107	0.000000
*	neg	30	40	40	40	40	50	40.33	0.495041	0.000000
*	pos	30	50	50	50	50	50	50.00	0.506000	0.000000
train	*	40	40	40	40	50	50	45.00	0.508889	0.000000
train	neg	20	40	40	40	40	40	40.00	0.505000	0.000000
train	pos	20	50	50	50	50	50	50.00	0.512000	0.000000
test	*	20	40	40	50	50	50	45.50	0.485714	0.000000
test	neg	10	40	40	40	40	50	41.00	0.475610	0.000000
test	pos	10	50	50	50	50	50	50.00	0.494000	0.000000

$ mnemon dataset audit --quiet --no-regression set.tsv | cut -f 1-7
#mnemon VERSION
#command mnemon dataset audit --no-regression --invalid error --seed 1 set.tsv@xxh3:a26dab63b677c0ccd2ed562ff21d0c9d
finding	scope	level	value	reference	count	of
class_balance	train	ok	0.500000	0.500000	20	40
class_balance	test	ok	0.500000	0.500000	10	20
ids	all	ok	0.000000	NA	0	60
n_share	all	ok	0.000000	NA	0	2710
length_alone	test	warning	0.950000	0.500000	19	20
composition_alone	test	ok	0.700000	0.500000	14	20
lookup_alone	test	ok	0.500000	0.500000	10	20
duplicates	train	ok	0.000000	NA	0	40
duplicates	test	ok	0.000000	NA	0	20
duplicates_across	test/train	warning	0.100000	NA	2	20
duplicates_labels	all	warning	0.017241	NA	1	58
overlap_across	test/train	warning	0.050000	NA	1	20
overlap_across	test/train:neg	ok	0.000000	NA	0	10
overlap_across	test/train:pos	warning	0.100000	NA	1	10
overlap_labels	all	ok	0.000000	NA	0	60
near_0.5	test/train	warning	0.100000	NA	2	20
near_0.7	test/train	warning	0.100000	NA	2	20
near_0.9	test/train	warning	0.100000	NA	2	20

$ mnemon dataset audit --quiet --no-near set.tsv | cut -f 8
#mnemon VERSION
#command mnemon dataset audit --no-near --invalid error --seed 1 set.tsv@xxh3:a26dab63b677c0ccd2ed562ff21d0c9d
text
20 of 40 rows of train (50.0 %) are 'neg', the largest of 2 classes.
10 of 20 rows of test (50.0 %) are 'neg', the largest of 2 classes.
No two rows have the same id.
0 of 2,710 bases (0.0 %) are N; rows that are more than half N: 0, N alone: 0.
95.0 % of 20 test rows are classified right by the length alone, 50.0 % by always saying the majority class: a model can score so without reading.
70.0 % of 20 test rows are classified right by the base frequencies alone, 50.0 % by always saying the majority class: it tells nothing, or little.
50.0 % of 20 test rows are classified right by the label of an equal row of train, where there is one, 50.0 % by always saying the majority class: it tells nothing, or little.
Within train no sequence comes twice.
Within test no sequence comes twice.
2 of 20 test rows (10.0 %) repeat a row of train or valid, 1 of them on the other strand; 2 of 58 distinct sequences are in both: a model may look them up.
1 of 58 distinct sequences have more than one label, in 2 rows: not all of these can be right.
1 of 20 test rows (5.0 %) overlap a row of train or valid on the genome, 0 one of another class.
No test row of 'neg' overlaps a row of train or valid on the genome.
1 of 10 test rows of 'pos' (10.0 %) overlap a row of train or valid on the genome, 0 one of another class.
No row overlaps a row of another class on the genome.
50.0 % of 20 test rows are classified right by logistic regression on words of 5 bases, 50.0 % by always saying the majority class: the score that a model which reads should beat. 60 of 60 rows were used.

$ # three files, whole or not at all; any number of threads

$ mnemon dataset audit --quiet -t 1 --no-regression -o a set.tsv; mnemon dataset audit --quiet -t 4 --no-regression -o b set.tsv; cmp a.tsv b.tsv && cmp a.json b.json && cmp a.html b.html; ls; grep -c '<svg' a.html
a.html
a.json
a.tsv
b.html
b.json
b.tsv
set.tsv
6

$ mnemon dataset audit --quiet --no-regression -o nowhere/a set.tsv; ls nowhere
! mnemon dataset audit: nowhere/a.tsv: cannot write: No such file or directory (does the folder exist?)
! ls: cannot access 'nowhere': No such file or directory
[2]

$ mnemon dataset audit -o - set.tsv
! mnemon dataset audit: --output: names three files (leave it out for TSV to stdout)
[2]

$ # new splits keep the columns

$ mnemon dataset split --clean 0.7 set.tsv -o clean.tsv; head -n 2 clean.tsv; mnemon dataset audit --quiet --no-regression clean.tsv | grep -e across -e near | cut -f 1-7
split	label	id	region	start	end	strand	note	sequence
test	pos	r0	chr1	0	50	+	a, b	ATGTATTGCCAGATTGGTGGACCCCGCATTTTCCTCATAGTGCTCTCGAG
duplicates_across	test/train	ok	0.000000	NA	0	20
overlap_across	test/train	ok	0.000000	NA	0	20
near_0.5	test/train	ok	0.000000	NA	0	20
near_0.7	test/train	ok	0.000000	NA	0	20
near_0.9	test/train	ok	0.000000	NA	0	20
! mnemon dataset split: clean: 57 groups of alike or overlapping rows, the largest of 3; 5 rows were in groups that lay in several parts, 2 of 60 rows moved
! mnemon dataset split: train, class 'neg': 20 rows
! mnemon dataset split: train, class 'pos': 20 rows
! mnemon dataset split: test, class 'neg': 10 rows
! mnemon dataset split: test, class 'pos': 10 rows
! mnemon dataset split: version VERSION
! mnemon dataset split: command mnemon dataset split --clean 0.7 set.tsv -o clean.tsv
! mnemon dataset split: seed 1, wall .., CPU .., peak memory ..

$ mnemon dataset split --quiet --test-contigs chr2 --valid-contigs chr3 set.tsv | cut -f 1,4 | sort | uniq -c | awk '{print $1, $2, $3}'
1 split region
15 test chr2
15 train chr1
15 train chr4
15 valid chr3

$ mnemon dataset split --quiet --folds 3 set.tsv | cut -f 1-4 | head -n 4
fold	split	label	id
2	all	pos	r0
2	all	neg	r1
3	all	pos	r2

$ mnemon dataset split --quiet --by hash set.tsv | sort >one; { head -n 1 set.tsv; tail -n +2 set.tsv | sort -r; } >other.tsv; mnemon dataset split --quiet --by hash other.tsv | sort | cmp - one

$ mnemon dataset split --match length set.tsv -o matched.tsv
! mnemon dataset split: match: 0 of 60 rows are left out
! mnemon dataset split: train, class 'neg': 20 rows
! mnemon dataset split: train, class 'pos': 20 rows
! mnemon dataset split: test, class 'neg': 10 rows
! mnemon dataset split: test, class 'pos': 10 rows
! mnemon dataset split: version VERSION
! mnemon dataset split: command mnemon dataset split --match length set.tsv -o matched.tsv
! mnemon dataset split: seed 1, wall .., CPU .., peak memory ..

$ mnemon dataset split --test-contigs chr9 set.tsv
! mnemon dataset split: --test-contigs: no row lies on 'chr9' (write them as the column region does)
[3]

$ mnemon dataset split --match gcc set.tsv
! mnemon dataset split: --match: 'gcc' is none of them (write length, gc, or length,gc)
[2]

$ mnemon dataset split --test 0.6 --valid 0.4 set.tsv
! mnemon dataset split: --test: nothing is left for train
[2]

$ # intervals without sequences

$ mkdir -p lists/train lists/test; printf 'id,region,start,end,strand\n1,chr1,0,100,+\n2,chr1,500,700,\n' | gzip >lists/train/a.csv.gz; printf 'id,region,start,end,strand\n1,chr2,0,150,+\n' >lists/train/b.csv; printf 'id,region,start,end,strand\n7,chr1,50,90,-\n' >lists/test/a.csv; printf 'id,region,start,end,strand\n9,chr1,650,800,-\n' >lists/test/b.csv

$ mnemon dataset audit --quiet lists | cut -f 1-7
#mnemon VERSION
#command mnemon dataset audit --invalid error --seed 1 lists@xxh3:29574cc2892f2ad7ecb9eae3d885227b
finding	scope	level	value	reference	count	of
class_balance	train	note	0.666667	0.500000	2	3
class_balance	test	ok	0.500000	0.500000	1	2
ids	all	note	0.200000	NA	1	5
length_alone	test	ok	0.500000	0.500000	1	2
lookup_alone	test	ok	0.500000	0.500000	1	2
duplicates	train	ok	0.000000	NA	0	3
duplicates	test	ok	0.000000	NA	0	2
duplicates_across	test/train	ok	0.000000	NA	0	2
duplicates_labels	all	ok	0.000000	NA	0	5
overlap_across	test/train	warning	1.000000	NA	2	2
overlap_across	test/train:a	warning	1.000000	NA	1	1
overlap_across	test/train:b	warning	1.000000	NA	1	1
overlap_labels	all	warning	0.400000	NA	2	5

$ mnemon dataset split --quiet --clean 0.7 lists
split	label	id	region	start	end	strand
train	a	7	chr1	50	90	-
test	b	9	chr1	650	800	-
train	a	1	chr1	0	100	+
test	a	2	chr1	500	700	.
train	b	1	chr2	0	150	+

$ # classes that a part lacks, one class, ids given twice: said, not refused

$ printf 'split\tlabel\tid\tsequence\ntrain\ta\tx\tACGTA\ntrain\tb\tx\tACCTA\ntest\ta\ty\tAGGGA\n' >t.tsv; mnemon dataset audit --quiet --no-regression t.tsv | grep -e missing -e ids | cut -f 2,3,8
test	warning	test has no row of 1 of 2 classes ('b'): no score there covers it.
all	note	1 of 3 rows have an id that an earlier row has: join tables by more than the id.

$ printf 'label\tsequence\na\tACGTA\na\tAGGTA\n' >t.tsv; mnemon dataset stats --quiet t.tsv | cut -f 1-4
#mnemon VERSION
#command mnemon dataset stats --invalid error --seed 1 t.tsv@xxh3:952d6a5960f9ca3b696f95eec5ca812e
split	class	rows	length_min
*	*	2	5
*	a	2	5
all	*	2	5
all	a	2	5

$ # what is refused

$ printf 'label\tsequence\n0.25\tACGTA\n0.75\tAGGTA\nNA\tAGG\n' >t.tsv; mnemon dataset stats t.tsv
! mnemon dataset stats: t.tsv: labels such as '0.75' are measurements, and mnemon classifies (name the classes, or cut the measurement into classes)
[3]

$ awk 'BEGIN {print "label\tsequence"; for (i = 0; i < 1200; i++) print i / 7 "\tACGT"}' >t.tsv; mnemon dataset stats t.tsv
! mnemon dataset stats: t.tsv:1002: more than 1000 classes (is `label` a measurement or a name? It should be a class)
[3]

$ printf 'label\tsequence\na\tACGTA\nb,ACGTA\n' >t.tsv; mnemon dataset stats t.tsv
! mnemon dataset stats: t.tsv:3: 1 field where the header has 2 (separated by tabs) (every line needs the header's columns and its separator)
[3]

$ printf 'label;sequence\na;ACGTA\n' >t.tsv; mnemon dataset stats t.tsv
! mnemon dataset stats: t.tsv:1: no column 'label'; separated by commas, the header reads: label;sequence (the first line should name the columns label and sequence, and maybe split and id)
[3]

$ printf 'label\tsequence\na\t"ACGTA\nb\tACG\n' >t.tsv; mnemon dataset stats t.tsv
! mnemon dataset stats: t.tsv:2: field 2: a quote is not closed, or text follows it (quotes open and close around a whole field, on one line)
[3]

$ printf 'label,sequence\r\n"a",ACGTA\r\nb,"ACG"\r\n' >t.csv; mnemon dataset stats --quiet t.csv | cut -f 1-4
#mnemon VERSION
#command mnemon dataset stats --invalid error --seed 1 t.csv@xxh3:af4de410e674a5beaab5db20ed4e79ba
split	class	rows	length_min
*	*	2	3
*	a	1	5
*	b	1	3
all	*	2	3
all	a	1	5
all	b	1	3

$ printf 'label\tregion\tstart\tend\tsequence\na\tchr1\t10\t5\tACGTA\nb\tchr1\t1\t5\tACG\n' >t.tsv; mnemon dataset stats t.tsv
! mnemon dataset stats: t.tsv:2: 'chr1', start '10', end '5' are no interval (columns start and end are 0-based, end not within; or rename them)
[3]

$ printf 'label\tregion\tstart\tend\tstrand\tsequence\na\tchr1\t10\t50\tx\tACGTA\n' >t.tsv; mnemon dataset stats t.tsv
! mnemon dataset stats: t.tsv:2: unknown strand 'x' (a strand is +, -, . or empty)
[3]

$ printf 'label\tsequence\na\tACGTA\nb\tAGGTA\n' >t.tsv; mnemon dataset split --by chromosome t.tsv -o out.tsv; mnemon dataset split --clean 0.7 --by hash --test 0.9 --valid 0 t.tsv -o out.tsv; ls out.tsv
! mnemon dataset split: t.tsv: row 1 does not say on which chromosome it lies (give columns region, start and end, or divide by hash)
! mnemon dataset split: clean: 2 groups of alike or overlapping rows, the largest of 1; 0 rows were in groups that lay in several parts, 0 of 2 rows moved
! mnemon dataset split: t.tsv: no row is left for train (ask for other shares, or a less clean split)
! ls: cannot access 'out.tsv': No such file or directory
[2]

$ # split again: two FASTA files as classes; two tables of the same columns, or not

$ for c in a b; do awk -v c=$c 'BEGIN { for (i = 0; i < 5; i++) { printf ">%s%d\n", c, i; for (j = 0; j < 12; j++) printf "%s", substr("ACGT", 1 + (i * j + j * j + (c == "a") * i) % 7 % 4, 1); print "" } }' >$c.fa; done; mnemon dataset split --quiet --by hash --test 0.5 --valid 0 a=a.fa b=b.fa
split	label	id	sequence
train	a	a0	ACAGGACACAGG
train	a	a1	CTAGATCCTAGA
train	a	a2	GCTTCGCGCTTC
train	a	a3	TAGATCCTAGAT
test	a	a4	AGGACACAGGAC
train	b	b0	ACAGGACACAGG
test	b	b1	AGGCGGAAGGCG
test	b	b2	ATCCTAGATCCT
test	b	b3	AATAACCAATAA
test	b	b4	ACCAATAACCAA

$ for c in a b; do { printf 'Label\tsequence\tnote\n'; awk -v c=$c '/^>/ { n = $1; next } { print c "\t" $1 "\tof " n }' $c.fa; } >$c.tsv; done; mnemon dataset split --quiet --folds 2 a.tsv b.tsv
split	fold	Label	sequence	note
all	1	a	ACAGGACACAGG	of >a0
all	1	a	CTAGATCCTAGA	of >a1
all	1	a	GCTTCGCGCTTC	of >a2
all	1	a	TAGATCCTAGAT	of >a3
all	2	a	AGGACACAGGAC	of >a4
all	1	b	ACAGGACACAGG	of >b0
all	2	b	AGGCGGAAGGCG	of >b1
all	2	b	ATCCTAGATCCT	of >b2
all	2	b	AATAACCAATAA	of >b3
all	2	b	ACCAATAACCAA	of >b4

$ cut -f 1,2 b.tsv >c.tsv; mnemon dataset split --quiet --folds 2 a.tsv c.tsv | head -n 4
split	fold	label	id	sequence
all	1	a	1	ACAGGACACAGG
all	1	a	2	CTAGATCCTAGA
all	1	a	3	GCTTCGCGCTTC

$ # a set whose rows are all of the test part: the page says what the table says

$ awk 'NR == 1 || $1 == "test"' set.tsv >tested.tsv; mnemon dataset audit --quiet tested.tsv -o page; grep -c test/train page.tsv; grep -c "resemble a row of train" page.html; grep -c "resemble another row" page.html
0
0
3
