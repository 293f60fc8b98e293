$ # arrays, their tables, and back

$ printf '>a first\nACGTNNacgtu\nRYK\n>b\r\nAC GT\r\n' >a.fa; mnemon tokenize a.fa -o a.npy
! mnemon tokenize: 18 bases in .., .. bases/s
! mnemon tokenize: 2 records, 18 bases
! mnemon tokenize: 5 N
! mnemon tokenize: 3 letters read as N
! mnemon tokenize: version VERSION
! mnemon tokenize: command mnemon tokenize a.fa -o a.npy
! mnemon tokenize: seed 1, wall .., CPU .., peak memory ..

$ cat a.tsv
#mnemon VERSION
#command mnemon tokenize --tokenizer nucleotide --require-flags 0 --exclude-flags 3840 --min-mapq 0 --invalid error --seed 1 a.fa@xxh3:133aef7d8034d1d512c28441eddc43c1
#tokenizer nucleotide
name	offset	length	GC	N	replaced	bases	dropped
a	0	15	4	5	3	14	0
b	15	5	2	0	0	4	0

$ tail -c +129 a.npy | od -An -tu1 -w32; head -c 128 a.npy | tail -c +11
   6   0   1   2   3   4   4   0   1   2   3   3   4   4   4   6   0   1   2   3
{'descr': '|u1', 'fortran_order': False, 'shape': (20,), }                                                           

$ mnemon tokenize --quiet --tokenizer kmer:3 --mask-lowercase a.fa -o k.npy; grep -v '^#' k.tsv; tail -c +129 k.npy | od -An -tu2 -w32
name	offset	length	GC	N	replaced	bases	dropped
a	0	13	2	10	3	14	0
b	13	3	2	0	0	4	0
     6    15     3     4     4     4     4     4     4     4     4     4     4     6    15     3

$ mnemon tokenize --quiet --decode a.npy; mnemon tokenize --quiet --decode a.fa
>a
ACGTNNACGTTNNN
>b
ACGT
>a
ACGTNNACGTTNNN
>b
ACGT

$ mnemon tokenize --quiet --decode k.npy -o k.fa; cat k.fa
>a
ACGTNNNNNNNNNN
>b
ACGT

$ mnemon tokenize --quiet --tokenizer kmer:8 a.fa -o l.npy; head -c 64 l.npy | tail -c +11; mnemon tokenize --quiet --decode l.npy
{'descr': '<u4', 'fortran_order': False, 'shape': (20,>a
ACGTNNACGTTNNN
>b
ACGT

$ printf '>n\nAC' >n.fa; head -c 777 /dev/zero | tr '\0' N >>n.fa; echo GT >>n.fa; mnemon tokenize n.fa | tail -1
n	0	37	2	777	0	781	745
! mnemon tokenize: 36 bases in .., .. bases/s
! mnemon tokenize: 1 records, 781 bases
! mnemon tokenize: 777 N
! mnemon tokenize: 745 N left out of runs longer than 32
! mnemon tokenize: version VERSION
! mnemon tokenize: command mnemon tokenize n.fa
! mnemon tokenize: seed 1, wall .., CPU .., peak memory ..

$ mnemon tokenize --quiet --decode n.fa
>n
ACNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNGT

$ cat a.fa n.fa | mnemon tokenize --quiet - | cut -f1-3 | grep -v '^#'
name	offset	length
a	0	15
b	15	5
n	20	37

$ # what cannot be

$ mnemon tokenize --tokenizer kmer:99 a.fa
! mnemon tokenize: --tokenizer: tokenizer 'kmer:99': K must be 1 to 12
[2]

$ mnemon tokenize a.fa -o a.bin
! mnemon tokenize: a.bin: an array's name must end in .npy (name the array OUT.npy)
[2]

$ printf 'c\t0\t9\n' >short.tsv; cp a.npy short.npy; mnemon tokenize --quiet --decode short.npy -o -
>c
ACGTNNAC
! mnemon tokenize: short.tsv: has fewer rows than the array beside it has records
[3]

$ head -c 130 a.npy >cut.npy; cp a.tsv cut.tsv; mnemon tokenize --quiet --decode cut.npy -o cut.fa; ls cut.fa
! mnemon tokenize: cut.npy: the file's size does not fit its header: truncated? (give an array that mnemon wrote)
! ls: cannot access 'cut.fa': No such file or directory
[2]

$ sed 's/#tokenizer.*/#tokenizer nucleotide/' k.tsv >wrong.tsv; cp k.npy wrong.npy; mnemon tokenize --quiet --decode wrong.npy -o wrong.fa
! mnemon tokenize: wrong.npy: no token: 15 (is --tokenizer that of the array?)
[3]

$ rm k.tsv; mnemon tokenize --quiet --decode k.npy
! mnemon tokenize: k.tsv: cannot read: No such file or directory (check the spelling and the folder)
[3]
