$ # a genome of two files, and lists of intervals on it

$ awk 'BEGIN { x = 7; for (c = 1; c <= 2; c++) { f = "chr" c ".fa"; print ">chr" c " of two" >f; for (i = 0; i < 40; i++) { s = ""; for (j = 0; j < 50; j++) { x = x * 16807 % 2147483647; s = s substr("ACGT", 1 + x % 4, 1) } print s >f } } }'

$ head -c 30 chr1.fa; tail -n 1 chr2.fa
>chr1 of two
CTACCCAGCCGGCGCACTATGGACGAGTCAGATCCTGCTGCATCGGTCAGCATCCCGTACGCCTTAA

$ mkdir -p lists/train lists/test; printf 'id,region,start,end,strand\nb,chr2,0,5,+\na,1,0,9,-\nc,chr1,1999,2000,\n' >lists/train/yes.csv; printf 'id,region,start,end,strand\nd,2,1990,2000,-\n' | gzip >lists/train/no.csv.gz

$ printf 'id,region,start,end,strand\ne,chr1,10,14,+\n' >lists/test/yes.csv; printf 'strand\tend\tstart\tregion\tid\n+\t20\t10\tchr1\tf\n' >lists/test/no.tsv

$ mnemon dataset build lists --reference chr1.fa --reference chr2.fa -o -
split	label	id	region	start	end	strand	sequence
train	no	d	2	1990	2000	-	TTAAGGCGTA
train	yes	b	chr2	0	5	+	GCATC
train	yes	a	1	0	9	-	GCTGGGTAG
train	yes	c	chr1	1999	2000	+	A
test	no	f	chr1	10	20	+	GGCGCACTGA
test	yes	e	chr1	10	14	+	GGCG
! mnemon dataset build: the assembly of 6 intervals is not known: their contigs' lengths were not checked
! mnemon dataset build: train, class 'no': 1 intervals
! mnemon dataset build: train, class 'yes': 3 intervals
! mnemon dataset build: test, class 'no': 1 intervals
! mnemon dataset build: test, class 'yes': 1 intervals
! mnemon dataset build: 6 intervals in .., .. intervals/s
! mnemon dataset build: version VERSION
! mnemon dataset build: command mnemon dataset build lists --reference chr1.fa --reference chr2.fa -o -
! mnemon dataset build: seed 1, wall .., CPU .., peak memory ..

$ mnemon dataset build --quiet lists --reference chr2.fa --reference chr1.fa -o out.tsv.gz -t 2; gzip -dc out.tsv.gz | cut -f 1-7
split	label	id	region	start	end	strand
train	no	d	2	1990	2000	-
train	yes	b	chr2	0	5	+
train	yes	a	1	0	9	-
train	yes	c	chr1	1999	2000	+
test	no	f	chr1	10	20	+
test	yes	e	chr1	10	14	+

$ mnemon dataset build --quiet lists --reference yes=chr1.fa --reference yes=chr2.fa --reference chr2.fa -o -
! mnemon dataset build: the genome lacks the contigs of 1 intervals: chr1 (give a --reference that has them too, or leave them out by --skip-missing)
[3]

$ mnemon dataset build --quiet lists --reference yes=chr1.fa --reference yes=chr2.fa --reference chr2.fa --skip-missing -o - | cut -f 1-7
split	label	id	region	start	end	strand
train	no	d	2	1990	2000	-
train	yes	b	chr2	0	5	+
train	yes	a	1	0	9	-
train	yes	c	chr1	1999	2000	+
test	yes	e	chr1	10	14	+

$ mnemon dataset build --quiet lists --reference yes=chr1.fa -o -
! mnemon dataset build: --reference: class 'no' has no genome (add --reference no=FASTA, or one without a class)
[2]

$ mnemon dataset build --quiet lists --reference chr1.fa --reference chr1.fa -o -
! mnemon dataset build: chr1.fa: contig 'chr1' is in two of the references (give each contig once; CLASS=FASTA keeps genomes of classes apart)
[3]

$ mnemon dataset build --quiet lists --reference chr1.fa --reference nein=chr2.fa -o -
! mnemon dataset build: --reference: no class 'nein' in lists (CLASS=FASTA is a genome of one class alone)
[2]

$ mnemon dataset build --quiet lists --reference chr1.fa -o out.tsv; ls out.tsv
! mnemon dataset build: the genome lacks the contigs of 2 intervals: 2, chr2 (give a --reference that has them too, or leave them out by --skip-missing)
! ls: cannot access 'out.tsv': No such file or directory
[2]

$ mnemon dataset build lists --reference chr1.fa --skip-missing -o out.tsv
! mnemon dataset build: the assembly of 4 intervals is not known: their contigs' lengths were not checked
! mnemon dataset build: warning: 2 of 6 intervals are left out: no genome has their contig
! mnemon dataset build: warning: train, class 'no': 0 intervals
! mnemon dataset build: train, class 'yes': 2 intervals
! mnemon dataset build: test, class 'no': 1 intervals
! mnemon dataset build: test, class 'yes': 1 intervals
! mnemon dataset build: 4 intervals in .., .. intervals/s
! mnemon dataset build: version VERSION
! mnemon dataset build: command mnemon dataset build lists --reference chr1.fa --skip-missing -o out.tsv
! mnemon dataset build: seed 1, wall .., CPU .., peak memory ..

$ gzip -c chr1.fa >packed.fa.gz; mnemon dataset build --quiet lists --reference packed.fa.gz --skip-missing -o -
! mnemon dataset build: packed.fa.gz: regions cannot be looked up in a gzip file (compress it by bgzip instead of gzip)
[3]

$ # lists that are wrong

$ cp -r lists bad; printf 'id,region,start,end,strand\nb,chr2,0,5,+\na,1,0,9,-\nc,chr1,1999,2001,\n' >bad/train/yes.csv

$ mnemon dataset build --quiet bad --reference chr1.fa --reference chr2.fa -o -
! mnemon dataset build: bad/train/yes.csv:4: ends at 2001, beyond the end of 'chr1', 2000 (is the list of another assembly?)
[3]

$ printf 'id,region,start,end,strand\nb,chr2,5,5,+\n' >bad/train/yes.csv; mnemon dataset build --quiet bad --reference chr1.fa --reference chr2.fa -o -
! mnemon dataset build: bad/train/yes.csv:2: 'chr2', start '5', end '5' are no interval (columns start and end are 0-based, end not within; or rename them)
[3]

$ printf 'id,region,start,end,strand\nb\tchr2\t0\t5\t+\n' >bad/train/yes.csv; mnemon dataset build --quiet bad --reference chr1.fa --reference chr2.fa -o -
! mnemon dataset build: bad/train/yes.csv:2: 1 field where the header has 5 (separated by commas) (every line needs the header's columns and its separator)
[3]

$ printf 'id,region,start,end,strand\nb,chr2,-1,5,+\n' >bad/train/yes.csv; mnemon dataset build --quiet bad --reference chr1.fa --reference chr2.fa -o -
! mnemon dataset build: bad/train/yes.csv:2: 'chr2', start '-1', end '5' are no interval (columns start and end are 0-based, end not within; or rename them)
[3]

$ printf 'id,region,start,stop\nb,chr2,0,5\n' >bad/train/yes.csv; mnemon dataset build --quiet bad --reference chr1.fa --reference chr2.fa -o -
! mnemon dataset build: bad/train/yes.csv:1: no column 'region'; separated by commas, the header reads: id, region, start, stop (the first line should name the columns region, start and end)
[3]

$ printf 'id,region,start,end\nb,chr2,0,5\nb,chr2,0,6\n' >bad/train/yes.csv; rm bad/test/no.tsv; mnemon dataset build bad --reference chr1.fa --reference chr2.fa -o bad.tsv
! mnemon dataset build: the assembly of 4 intervals is not known: their contigs' lengths were not checked
! mnemon dataset build: warning: 1 ids were used before in their class and split, first 'b'
! mnemon dataset build: train, class 'no': 1 intervals
! mnemon dataset build: train, class 'yes': 2 intervals
! mnemon dataset build: warning: test, class 'no': 0 intervals
! mnemon dataset build: test, class 'yes': 1 intervals
! mnemon dataset build: 4 intervals in .., .. intervals/s
! mnemon dataset build: version VERSION
! mnemon dataset build: command mnemon dataset build bad --reference chr1.fa --reference chr2.fa -o bad.tsv
! mnemon dataset build: seed 1, wall .., CPU .., peak memory ..

$ mkdir -p none/train; mnemon dataset build --quiet none --reference chr1.fa -o -
! mnemon dataset build: none: no interval lists inside (expected FOLDER/train/CLASS.csv.gz, FOLDER/test/CLASS.csv.gz)
[3]

$ # another assembly

$ printf 'classes:\n  no:\n    type: fa.gz\n  "yes":\n    url: "http://x.org/Homo_sapiens.GRCh38.dna.toplevel.fa.gz"\nversion: 0\n' >lists/metadata.yaml

$ mnemon dataset build --quiet lists --reference chr1.fa --reference chr2.fa -o -
! mnemon dataset build: chr1.fa: the list of class 'yes' is of GRCh38, where 'chr1' has 248956422 bases; here it has 2000: another assembly (give the genome of GRCh38, or a list lifted over to this one)
[3]

$ mnemon dataset build --quiet lists --reference chr1.fa --reference chr2.fa --assembly GRCh37 -o -
! mnemon dataset build: chr1.fa: the list of class 'no' is of GRCh37, where 'chr1' has 249250621 bases; here it has 2000: another assembly (give the genome of GRCh37, or a list lifted over to this one)
[3]

$ mnemon dataset build --quiet lists --reference chr1.fa --reference chr2.fa --assembly mine -o -
! mnemon dataset build: --assembly: unknown assembly 'mine' (leave it out where the assembly is not a usual one)
[2]

$ # transcripts, with and without versions

$ printf '>T1.2 x\nACGTT\n>T2\nTTTTT\n>T3.1\nGG\n>T3.2\nCC\n' >cdna.fa

$ mkdir -p cds/train; printf 'id,region,start,end\n1,T1,0,3\n2,T2.7,0,3\n' >cds/train/coding.csv; printf 'id,region,start,end\n1,chr1,0,3\n' >cds/train/other.csv

$ mnemon dataset build --quiet cds --reference coding=cdna.fa --reference chr1.fa -o -
split	label	id	region	start	end	strand	sequence
train	coding	1	T1	0	3	+	ACG
train	coding	2	T2.7	0	3	+	TTT
train	other	1	chr1	0	3	+	CTA

$ printf 'id,region,start,end\n1,T3,0,2\n2,T1.3,0,3\n' >cds/train/coding.csv; mnemon dataset build --quiet cds --reference coding=cdna.fa --reference chr1.fa -o -
! mnemon dataset build: the genome lacks the contigs of 2 intervals: T3, T1.3 (give a --reference that has them too, or leave them out by --skip-missing)
[3]

$ # BED

$ printf 'track name=x\nchr1\t0\t4\tp1\t0\t-\nchr2\t4\t8\tp2\n' >peaks.bed; printf 'chr1 0 4\n2 100 104\n' >rest.bed

$ mnemon dataset build --quiet peak=peaks.bed rest=rest.bed --reference chr1.fa --reference chr2.fa --test-region chr2 -o -
split	label	id	region	start	end	strand	sequence
train	peak	p1	chr1	0	4	-	GTAG
train	rest	3	chr1	0	4	+	CTAC
test	peak	p2	chr2	4	8	+	CGAA
test	rest	4	2	100	104	+	TCTG

$ mnemon dataset build --quiet peak=peaks.bed rest=rest.bed --reference chr1.fa --reference chr2.fa --test-region chr3 -o -
! mnemon dataset build: no contig 'chr3' in chr1.fa (its first contig is 'chr1')
[3]

$ mnemon dataset build --quiet lists --reference chr1.fa --reference chr2.fa --test-region chr2 -o -
! mnemon dataset build: --test-region: the intervals have a split of their own (leave it out)
[2]

$ # windows on genes

$ printf '##gff-version 3\nchr1\tx\tgene\t401\t900\t.\t-\t.\tID=g\nchr1\tx\tmRNA\t401\t900\t.\t-\t.\tID=t;Parent=g\nchr1\tx\tCDS\t501\t600\t.\t-\t0\tParent=t\nchr1\tx\tCDS\t591\t650\t.\t-\t0\tParent=t\nchr1\tx\tregion\t1\t2000\t.\t.\t.\tID=c\n' >g.gff3

$ mnemon dataset build --annotation g.gff3 --window 30 --reference chr1.fa -o genes.tsv; cut -f 1-7 genes.tsv
split	label	id	region	start	end	strand
all	coding	1	chr1	500	530	-
all	coding	2	chr1	530	560	-
all	coding	3	chr1	560	590	-
all	coding	4	chr1	590	620	-
all	coding	5	chr1	620	650	-
all	intergenic	1	chr1	65	95	-
all	intergenic	2	chr1	95	125	-
all	intergenic	3	chr1	245	275	-
all	intergenic	4	chr1	1000	1030	-
all	intergenic	5	chr1	1450	1480	-
! mnemon dataset build: 5 coding windows of 30 bases, 0 left out for their N
! mnemon dataset build: 49 intergenic windows of 30 bases, 0 left out for their N
! mnemon dataset build: 5 pairs of one length and share of G and C
! mnemon dataset build: the assembly of 10 intervals is not known: their contigs' lengths were not checked
! mnemon dataset build: all, class 'coding': 5 intervals
! mnemon dataset build: all, class 'intergenic': 5 intervals
! mnemon dataset build: 10 intervals in .., .. intervals/s
! mnemon dataset build: version VERSION
! mnemon dataset build: command mnemon dataset build --annotation g.gff3 --window 30 --reference chr1.fa -o genes.tsv
! mnemon dataset build: seed 1, wall .., CPU .., peak memory ..

$ printf '#!genome-build GRCh38.p13\nchr1\tx\tCDS\t501\t600\t.\t-\t0\tgene_id "g"; transcript_id "t";\nchr1\tx\texon\t401\t900\t.\t-\t.\tgene_id "g"; transcript_id "t";\n' >g.gtf

$ mnemon dataset build --quiet --annotation g.gtf --feature promoter --window 20 --reference chr1.fa -o -
! mnemon dataset build: chr1.fa: the list of class 'intergenic' is of GRCh38, where 'chr1' has 248956422 bases; here it has 2000: another assembly (give the genome of GRCh38, or a list lifted over to this one)
[3]

$ mnemon dataset build --quiet --annotation g.gtf --assembly GRCm38 --feature promoter --window 20 --reference chr1.fa -o -
! mnemon dataset build: chr1.fa: the list of class 'intergenic' is of GRCm38, where 'chr1' has 195471971 bases; here it has 2000: another assembly (give the genome of GRCm38, or a list lifted over to this one)
[3]

$ sed 1d g.gtf >h.gtf; mnemon dataset build --quiet --annotation h.gtf --feature promoter --window 20 --reference chr1.fa -o - | cut -f 1-7
split	label	id	region	start	end	strand
all	intergenic	1	chr1	1638	1658	-
all	promoter	1	chr1	896	916	-

$ mnemon dataset build --quiet --annotation h.gtf --feature exon --window 300 --reference chr1.fa -o - | cut -f 1-7
! mnemon dataset build: chr1.fa: no pair of windows of 300 bases: 1 exon, 4 intergenic (use a shorter --window, or another --feature)

$ mnemon dataset build --quiet --annotation h.gtf --reference chr2.fa -o -
! mnemon dataset build: the genome lacks the contigs of 2 intervals: chr1 (give a --reference that has them too, or leave them out by --skip-missing)
[3]

$ mnemon dataset build --quiet --annotation h.gtf --window 500 --reference chr1.fa -o -
! mnemon dataset build: chr1.fa: no pair of windows of 500 bases: 0 coding, 2 intergenic (use a shorter --window, or another --feature)
[3]

$ printf 'chr1\tx\tCDS\t0\t600\t.\t-\t0\tgene_id "g"\n' >bad.gtf; mnemon dataset build --quiet --annotation bad.gtf --reference chr1.fa -o -
! mnemon dataset build: bad.gtf:1: '0' to '600' is no interval (start and end are 1-based, both in the feature)
[3]

$ printf 'chr1\tx\tCDS\t10\t2001\t.\t-\t0\tgene_id "g"\n' >bad.gtf; mnemon dataset build --quiet --annotation bad.gtf --reference chr1.fa -o -
! mnemon dataset build: chr1.fa: a feature of 'g' ends at 2001, beyond the end of 'chr1', 2000 (is the annotation of another assembly?)
[3]

$ printf 'chr1 x CDS 10 20 . - 0 gene_id "g"\n' >bad.gtf; mnemon dataset build --quiet --annotation bad.gtf --reference chr1.fa -o -
! mnemon dataset build: bad.gtf:1: 1 of 9 columns (is it GFF3 or GTF? Their columns are separated by tabs)
[3]

$ mnemon dataset build --quiet lists --annotation g.gtf --reference chr1.fa -o -
! mnemon dataset build: unexpected argument 'lists' (give LISTS, or --annotation, not both)
[2]

$ mnemon dataset build --quiet --reference chr1.fa -o -
! mnemon dataset build: an input is missing (give a folder of interval lists, CLASS=FILE.bed, or --annotation)
[2]

$ cp chr1.fa mine.fa; printf '1\t0\t9\n' >one.bed; mnemon dataset build --quiet a=one.bed b=one.bed --reference mine.fa -o mine.fa; mnemon dataset build --quiet a=one.bed b=one.bed --reference a=mine.fa --reference b=mine.fa -o one.bed; cmp chr1.fa mine.fa
! mnemon dataset build: mine.fa: is an input of this run (choose another output)
! mnemon dataset build: one.bed: is an input of this run (choose another output)

$ printf 'label\tsequence\na\tACGT\nb\tACCT\n' >self.tsv; mnemon dataset split --quiet self.tsv -o self.tsv; cat self.tsv
label	sequence
a	ACGT
b	ACCT
! mnemon dataset split: self.tsv: is an input of this run (choose another output)
