$ # files that hold no sequences, or not all of them

$ mnemon tokenize nowhere.fa -o out.npy
! mnemon tokenize: nowhere.fa: cannot read: No such file or directory
[3]

$ printf '<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n' >page.fa; mnemon tokenize page.fa -o out.npy
! mnemon tokenize: page.fa: no FASTA, FASTQ, SAM, BAM or CRAM: this is HTML or XML (was a web page saved in place of the file? Download it again)
[3]

$ : >empty.fa; mnemon tokenize empty.fa -o out.npy
! mnemon tokenize: empty.fa: is empty
[3]

$ printf '>a\nACGT\n>b\n>c\nAC\n' >hollow.fa; mnemon tokenize --quiet hollow.fa -o - | grep -v '^#'
name	offset	length	GC	N	replaced	bases	dropped
a	0	5	2	0	0	4	0
b	5	1	0	0	0	0	0
c	6	3	1	0	0	2	0

$ printf '>a\nACGTACGT\nACGTXACGT\n' >letter.fa; mnemon tokenize letter.fa -o out.npy
! mnemon tokenize: letter.fa:3:5: 'X' is no nucleotide code (--invalid n reads it as N, --invalid skip leaves it out)
[3]

$ mnemon tokenize --quiet --invalid n letter.fa -o - | grep -v '^#'
name	offset	length	GC	N	replaced	bases	dropped
a	0	18	8	1	1	17	0

$ mnemon tokenize https://example.org/x.fa -o out.npy
! mnemon tokenize: https://example.org/x.fa: is a URL: nothing is read over the network (download it first)
[3]

$ mkdir folder; mnemon tokenize folder -o out.npy
! mnemon tokenize: folder: is a folder (give the files in it)
[3]

$ head -c 150 "$ROOT/tests/fuzz/input/bam.bam" >cut.bam; mnemon tokenize cut.bam -o out.npy
! mnemon tokenize: cut.bam: has no BAM end block: probably truncated (copy the file again, or read it with --allow-missing-eof)
[3]

$ head -c -28 "$ROOT/tests/fuzz/input/bam.bam" >noeof.bam; mnemon tokenize noeof.bam -o out.npy
! mnemon tokenize: noeof.bam: has no BAM end block: probably truncated (copy the file again, or read it with --allow-missing-eof)
[3]

$ head -c 50 "$ROOT/tests/fuzz/input/fasta.fa.gz" >cut.fa.gz; mnemon tokenize cut.fa.gz -o out.npy
! mnemon tokenize: cut.fa.gz: truncated: the compressed data ends in the middle, after 0 bytes (copy or download the file again)
[3]

$ ls out.npy out.tsv
! ls: cannot access 'out.npy': No such file or directory
! ls: cannot access 'out.tsv': No such file or directory
[2]

$ # regions and indexes

$ printf '>c1\nACGTACGTAC\nGT\n>c2\nGGGGCCCC\n' >g.fa; mnemon tokenize --quiet -r c1:3-6 -r c2 g.fa -o - | grep -v '^#'
name	offset	length	GC	N	replaced	bases	dropped
c1:3-6	0	5	2	0	0	4	0
c2	5	9	8	0	0	8	0

$ mnemon tokenize -r c3 g.fa -o out.npy
! mnemon tokenize: no contig 'c3' in g.fa (its first contig is 'c1')
[3]

$ mnemon tokenize -r c1:9-3 g.fa -o out.npy
! mnemon tokenize: region 'c1:9-3' cannot be read (write contig, contig:beg-end or {contig}:beg-end, 1-based, both ends in it)
[2]

$ mnemon tokenize --quiet -r c1:5-100 g.fa -o - | grep -v '^#'
name	offset	length	GC	N	replaced	bases	dropped
c1:5-12	0	9	4	0	0	8	0

$ printf 'c1\t1\t4\nc2\tx\t4\n' >g.bed; mnemon tokenize -L g.bed g.fa -o out.npy
! mnemon tokenize: g.bed:2: no BED: a start and an end are expected (a line is: contig, start, end)
[3]

$ touch -d '2001-01-01' g.fa.fai; printf '>c1\nACGTACGTACGT\n' >g.fa; mnemon tokenize -r c1:1-3 g.fa -o out.npy
! mnemon tokenize: g.fa.fai: stale: it does not fit the file beside it (remove the index: it is built again)
[3]

$ mnemon tokenize -r c1:1-3 - -o out.npy <g.fa
! mnemon tokenize: stdin: regions need a file that can be sought in (save it to a file first)
[2]

$ # no room

$ mnemon tokenize g.fa -o - >/dev/full
! mnemon tokenize: stdout: cannot write: No space left on device (free some space or write elsewhere)
[5]

$ mnemon tokenize g.fa -o nowhere/out.npy
! mnemon tokenize: nowhere/out.npy: cannot write: No such file or directory (does the folder exist?)
[5]

$ awk 'BEGIN { print ">long"; for (i = 0; i < 9999; i++) print "ACGTTGCAAC" }' >long.fa

$ ulimit -f 8; mnemon tokenize --quiet long.fa -o out.npy
! mnemon tokenize: out.npy: cannot write: File too large (free some space or write elsewhere)
[5]

$ ls
cut.bam
cut.fa.gz
empty.fa
folder
g.bed
g.fa
g.fa.fai
hollow.fa
letter.fa
long.fa
noeof.bam
page.fa

$ # what a run says

$ mnemon tokenize -t 2 -o g.npy g.fa
! mnemon tokenize: 12 bases in .., .. bases/s
! mnemon tokenize: 1 records, 12 bases
! mnemon tokenize: version VERSION
! mnemon tokenize: command mnemon tokenize -t 2 -o g.npy g.fa
! mnemon tokenize: seed 1, wall .., CPU .., peak memory ..

$ mnemon info g.npy
file                g.npy
kind                npy array
type                |u1
shape               (13,)

$ mnemon info g.fa
file                g.fa
kind                FASTA
records             1
bases               12
shortest            12
longest             12
gc                  0.5
n                   0
replaced            0

$ mnemon info --json "$ROOT/tests/fuzz/input/bam.bam"
{
  "file": "bam.bam",
  "kind": "BAM",
  "records": 3,
  "bases": 8,
  "shortest": 0,
  "longest": 4,
  "gc": 0.571429,
  "n": 1,
  "replaced": 0
}

$ mnemon info page.fa
! mnemon info: page.fa:1: this looks like HTML or XML, not like a table (the first line should name the columns label and sequence, and maybe split and id)
[3]

$ mnemon info empty.fa
! mnemon info: empty.fa: the file is empty (the first line should name the columns label and sequence, and maybe split and id)
[3]

$ mnemon info nowhere
! mnemon info: nowhere: cannot read: No such file or directory (check the spelling and the folder)
[3]

$ # indexes of alignments: made where there are none, CSI too; not sorted; damaged

$ awk 'BEGIN { print "@SQ\tSN:c1\tLN:5000"; for (i = 0; i < 40; i++) print "r" i "\t0\tc1\t" 1 + 100 * i "\t60\t10M\t*\t0\t0\tACGTACGTA" substr("ACGT", 1 + i % 4, 1) "\t*" }' >s.sam; samtools view -b -o s.bam s.sam; mnemon tokenize --quiet -r c1:301-302 s.bam -o - | grep -v '^#'; ls s.bam.*
name	offset	length	GC	N	replaced	bases	dropped
r3	0	11	4	0	0	10	0
s.bam.bai

$ rm s.bam.bai; samtools index -c s.bam; mnemon tokenize --quiet -r c1:301-302 s.bam -o - | grep -v '^#'; ls s.bam.*
name	offset	length	GC	N	replaced	bases	dropped
r3	0	11	4	0	0	10	0
s.bam.csi

$ { head -n 1 s.sam; tail -n +2 s.sam | sort -r; } >u.sam; samtools view -b -o u.bam u.sam; mnemon tokenize -r c1:301-302 u.bam -o out.npy
! mnemon tokenize: u.bam: cannot be indexed: not sorted by coordinate (samtools sort)
[3]

$ printf 'BAI\1\377\377\377\177' >u.bam.bai; mnemon tokenize -r c1:301-302 u.bam -o out.npy
! mnemon tokenize: u.bam.bai: damaged, or no index of this file (remove the index: it is built again)
[3]

$ rm s.bam.csi; head -c 40 /dev/zero >s.bam.bai; mnemon tokenize -r c1:301-302 s.bam -o out.npy
! mnemon tokenize: s.bam.bai: damaged, or no index of this file (remove the index: it is built again)
[3]

$ # an index that says where lines lie otherwise, or nonsense

$ awk 'BEGIN { srand(3); for (i = 0; i < 100; i++) s = s substr("ACGT", 1 + int(4 * rand()), 1); for (w = 60; w < 80; w += 10) { print ">c" >"w" w; for (i = 1; i <= 100; i += w) print substr(s, i, w) >"w" w } }'; touch -d '1 hour ago' w70; cp w60 w.fa; mnemon tokenize --quiet -r c:1-5 w.fa >/dev/null; cp -p w70 w.fa; mnemon tokenize --quiet -r c:62-66 w.fa
! mnemon tokenize: w.fa.fai: stale: 'c' is not where it says in the file beside it (remove the index: it is built again)
[3]

$ awk 'BEGIN { print "@SQ\tSN:c\tLN:100"; print "r\t0\tc\t3\t60\t10M\t*\t0\t0\tACGTACGTAC\t*" }' | samtools view -O cram,no_ref=1 -o n.cram; mnemon tokenize --quiet -r c:1-20 n.cram | grep -v '^#'; rm n.cram.crai; printf '2147483647\t1\t2\t3\t4\t5\n' | gzip >n.cram.crai; mnemon tokenize --quiet -r c:1-20 n.cram
name	offset	length	GC	N	replaced	bases	dropped
r	0	11	5	0	0	10	0
! mnemon tokenize: n.cram.crai: damaged, or no index of this file (remove the index: it is built again)
[3]

$ # outputs that would take an input's place, or each other's

$ cp g.fa only.tsv; mnemon tokenize --quiet only.tsv -o only.npy; cmp g.fa only.tsv; mnemon tokenize --quiet g.fa -o ./g.fa; ln -s g.fa linked; mnemon tokenize --quiet g.fa -o linked; head -c 3 g.fa
>c1
! mnemon tokenize: only.tsv: is an input of this run (choose another output)
! mnemon tokenize: ./g.fa: is an input of this run (choose another output)
! mnemon tokenize: linked: is an input of this run (choose another output)

$ # names with control characters, CR alone, byte order marks, a contig named as a line of browsers begins, an empty first record

$ printf '>a\0b\nAC\n' >nul.fa; mnemon tokenize --quiet nul.fa; printf '>a\rACGT\r' >cr.fa; mnemon tokenize --quiet cr.fa
! mnemon tokenize: nul.fa:1:2: a name with a control character (rename the record)
! mnemon tokenize: cr.fa:1:2: a line that ends with CR alone (end lines with LF, for instance: tr '\r' '\n')
[3]

$ printf '\357\273\277>track1\nACGTAA\n>b\nGGTTCC\n' >mark.fa; printf '\357\273\277track1\t0\t5\ntrack\tname\nbrowser position b:1\n' >mark.bed; mnemon tokenize --quiet --decode -r track1 mark.fa; mnemon tokenize --quiet -L mark.bed mark.fa; printf '\357\273\277track1\t0\t5\ntrack name\nb\t\t1\t5\n' >mark.bed; mnemon tokenize --quiet -L mark.bed mark.fa; printf '\357\273\277track1\t0\t5\ntrack name\n' >mark.bed; mnemon tokenize --quiet --decode -L mark.bed mark.fa
>track1
ACGTAA
>track1:1-5
ACGTA
! mnemon tokenize: mark.bed:2: no BED: a start and an end are expected (a line is: contig, start, end)
! mnemon tokenize: mark.bed:3: no BED: a start and an end are expected (a line is: contig, start, end)

$ mkfifo pipe.bed; mnemon tokenize --quiet -L pipe.bed g.fa mark.fa
! mnemon tokenize: pipe.bed: can be read but once, and is wanted for each input (give a file)
[2]

$ printf '@SQ\tSN:c\tLN:100\nr\t0\tc\t3\t60\t10M\t*\t0\t0\tACGTACGTAC\t*\n' | samtools view -O cram,no_ref=1 -o even.cram; mnemon tokenize --quiet -r c:1-20 even.cram | grep -v '^#'; touch -d 2026-01-01 even.cram even.cram.crai; mnemon tokenize --quiet -r c:1-20 even.cram | grep -v '^#'
name	offset	length	GC	N	replaced	bases	dropped
r	0	11	5	0	0	10	0
name	offset	length	GC	N	replaced	bases	dropped
r	0	11	5	0	0	10	0

$ # a CRAM without reads (htslib 1.16 loses 24 bytes there), and an empty table

$ printf '@SQ\tSN:c\tLN:100\n' | samtools view -O cram,no_ref=1 -o none.cram; for i in 1 2; do ASAN_OPTIONS=detect_leaks=0 mnemon tokenize --quiet -r c:1-20 none.cram | grep -v '^#'; done; gzip </dev/null >none.tsv.gz; mnemon dataset stats --quiet none.tsv.gz
name	offset	length	GC	N	replaced	bases	dropped
name	offset	length	GC	N	replaced	bases	dropped
! mnemon dataset stats: none.tsv.gz: the file is empty (the first line should name the columns label and sequence, and maybe split and id)
[3]
