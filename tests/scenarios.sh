#!/bin/sh
# What happens with the files and accidents that genome work meets, in mnemon and beside it in samtools, bedtools and seqkit where
# they are installed: a table of exit codes and of the last words on stderr. Fails where mnemon does not end as expected.
# Usage: scenarios.sh MNEMON
set -u
LC_ALL=C; export LC_ALL
M=$(readlink -f "$1"); export M
top=$(mktemp -d) && chmod 755 "$top" && cd "$top" || exit 1
mounted=
trap '[ -z "$mounted" ] || umount full; rm -rf "$top"' EXIT
failed=0 n=0
export MNEMON_MODELS=$top
# As somebody whom permissions bind.
printf '#!/bin/sh\n[ "$(id -u)" = 0 ] && exec setpriv --reuid=65534 --clear-groups "$@"\nexec "$@"\n' >nobody && chmod 755 nobody

tell() { # COMMAND: "code: last words"
    timeout 120 sh -c "$1" >out 2>err
    code=$?
    words=$(grep -v -e '^ ' -e '^Usage' -e '^$' err | tail -n 1 | sed 's/\x1b\[[0-9;]*m//g' | tr -c '[:print:]\n' '?' | sed "s#$top/##g; s/|/\\\\|/g" | cut -c 1-150)
    echo "$code${words:+: $words}"
}

# try SCENARIO EXPECTED-EXIT MNEMON [OTHER...]: OTHER begins with its program's name
try() {
    name=$1 expected=$2
    row=$(tell "$3")
    n=$((n + 1))
    case ${row%%:*} in $expected) ;; *) failed=1; name="$name (FAILED: expected $expected)" ;; esac
    # a refusal is one line that names the program
    case ${row%%:*} in [1-6]) [ "$(grep -c '^mnemon[^:]*: ' err)" = 1 ] || { failed=1; name="$name (FAILED: not one line)"; } ;; esac
    samtools=- bedtools=- seqkit=-
    shift 3
    for other; do
        program=${other#./nobody } program=${program%% *}
        command -v "$program" >/dev/null || continue
        eval "$program=\$(tell \"\$other\")"
    done
    echo "| $n | $name | $row | $samtools | $bedtools | $seqkit |"
}

# ---- files
awk 'BEGIN { print ">one"; for (i = 0; i < 3000; i++) printf "%s%s", substr("ACGT", 1 + i * i % 7 % 4, 1), i % 60 == 59 ? "\n" : ""; print ">two"; print "ACGTTGCAACGT" }' >g.fa
awk 'BEGIN { print "@SQ\tSN:one\tLN:3000"; for (i = 1; i < 3000; i++) { s = ""; for (j = 0; j < 50; j++) s = s substr("ACGT", 1 + (i * j + j * j) % 7 % 4, 1)
    print "r" i "\t0\tone\t" 1 + i % 2900 "\t60\t50M\t*\t0\t0\t" s "\t*" } }' >r.sam
printf 'label\tsequence\n' >set.tsv; awk 'BEGIN { srand(1); for (i = 0; i < 40; i++) { s = ""; for (j = 0; j < 30; j++) s = s substr("ACGT", 1 + int(4 * rand()), 1); print i % 2 "\t" s } }' >>set.tsv
tiny='--preset tiny --dim 8 --heads 2 --ffn 8 --layers 1 --quiet'
$M pretrain g.fa -o m $tiny --steps 1 --length 16 --no-holdout >/dev/null && $M finetune set.tsv -o c $tiny --steps 2 >/dev/null || exit 1
echo '| | scenario | mnemon | samtools | bedtools | seqkit |'
echo '|---|---|---|---|---|---|'

if command -v samtools >/dev/null; then
    samtools view -b r.sam >r.bam
    size=$(wc -c <r.bam)
    head -c $((size * 2 / 3)) r.bam >cut.bam
    head -c $((size - 28)) r.bam >noeof.bam
    { head -c $((size / 2)) r.bam; printf '\125\252'; tail -c +$((size / 2 + 3)) r.bam; } >flip.bam
    try 'BAM cut within a block' 3 '$M tokenize --quiet cut.bam' 'samtools view cut.bam' 'bedtools bamtobed -i cut.bam'
    try 'BAM without its end block' 3 '$M tokenize --quiet noeof.bam' 'samtools view noeof.bam' 'bedtools bamtobed -i noeof.bam'
    try 'the same, allowed' 0 '$M tokenize --quiet --allow-missing-eof noeof.bam'
    try 'bytes changed within a block' 3 '$M tokenize --quiet flip.bam' 'samtools view flip.bam' 'bedtools bamtobed -i flip.bam'
    samtools faidx g.fa && samtools view -C -T g.fa --output-fmt-option embed_ref=0 r.sam >r.cram 2>/dev/null
    mv g.fa.fai g.fai.away
    mv g.fa away.fa
    try 'CRAM without its reference' 3 '$M tokenize --quiet r.cram' 'samtools view r.cram'
    mv away.fa g.fa
    mv g.fai.away g.fa.fai
fi
printf '>a\r\nACGT\r\nAC\r\n' >crlf.fa
try 'CRLF: the bases alone' 0 '[ "$($M tokenize --quiet --decode crlf.fa | od -An -c | tr -d " \n")" = ">a\nACGTAC\n" ]' 'samtools faidx crlf.fa a' 'seqkit seq crlf.fa'
printf '>a\nACGTacgt\n' >soft.fa
try 'soft-masked, as N' 0 '$M tokenize --quiet --decode --mask-lowercase soft.fa | grep -qx ACGTNNNN'
printf '>a\nACGTRYKMN\n' >iupac.fa; printf '>a\nAC-GT\n' >gap.fa; printf '>a\nACG7\n' >digit.fa; printf '>a\nAC*GT\n' >star.fa
try 'IUPAC codes' 0 '$M tokenize --quiet iupac.fa' 'samtools faidx iupac.fa a' 'seqkit seq -v iupac.fa'
try 'a gap in a sequence' 3 '$M tokenize --quiet gap.fa' 'samtools faidx gap.fa a' 'seqkit seq -v gap.fa'
try 'a digit among bases' 3 '$M tokenize --quiet digit.fa' 'samtools faidx digit.fa a' 'seqkit seq -v digit.fa'
: >empty.fa
try 'an empty file' 3 '$M tokenize --quiet empty.fa' 'samtools faidx empty.fa' 'seqkit seq empty.fa'
printf '>a\n>b\nACGT\n' >hollow.fa
try 'an empty record' 0 '$M tokenize --quiet hollow.fa' 'samtools faidx hollow.fa b' 'seqkit seq hollow.fa'
printf '>a\nACGT\n>a\nGGGG\n' >twice.fa
try 'names that repeat, read through' 0 '$M tokenize --quiet twice.fa' 'seqkit seq twice.fa'
try 'names that repeat, a region' 3 '$M tokenize --quiet -r a:1-2 twice.fa' 'samtools faidx twice.fa a:1-2' 'seqkit faidx twice.fa a:1-2'
printf '>a\nAC\000GT\n' >nul.fa; head -c 3000 /dev/urandom >noise
try 'a NUL byte' 3 '$M tokenize --quiet nul.fa' 'samtools faidx nul.fa a' 'seqkit seq -v nul.fa'
try 'noise for a sequence file' 3 '$M tokenize --quiet noise' 'samtools view noise' 'seqkit seq noise'
try 'a table for a sequence file' 3 '$M tokenize --quiet set.tsv' 'samtools view set.tsv' 'seqkit seq set.tsv'
printf '>a\nACGTAC\nACG\nACGTAC\nAC' >ragged.fa
try 'ragged lines, no last newline, read through' 0 '$M tokenize --quiet ragged.fa' 'seqkit seq ragged.fa'
try 'the same, a region' 3 '$M tokenize --quiet -r a:1-9 ragged.fa' 'samtools faidx ragged.fa a:1-9' 'bedtools getfasta -fi ragged.fa -bed /dev/null' 'seqkit faidx ragged.fa a:1-9'
mkdir locked && cp g.fa locked && chmod 555 locked
try 'no index, in a folder that cannot be written' 0 './nobody $M tokenize --quiet -r two:1-4 locked/g.fa' \
    'samtools faidx /dev/stdin two:1-4 <locked/g.fa'
cp g.fa stale.fa; [ -e g.fa.fai ] && cp g.fa.fai stale.fa.fai || $M tokenize --quiet -r two:1-4 stale.fa >/dev/null
printf 'two\t0\t12\n' >two.bed
sleep 1; { echo '>zero'; echo TTTTTTTTTT; cat g.fa; } >stale.fa
try 'an index older than its file' '[03]' '$M tokenize --quiet --decode -r two:1-12 stale.fa >x; code=$?; [ $code != 0 ] || grep -qx ACGTTGCAACGT x || exit 99; exit $code' \
    'samtools faidx stale.fa two:1-12 | grep -qx ACGTTGCAACGT || { echo "other bases, exit 0" >&2; exit 0; }' \
    'bedtools getfasta -fi stale.fa -bed two.bed | grep -qx ACGTTGCAACGT'
printf 'two\t0\t99\n' >past.bed; printf 'two\t8\t2\n' >reversed.bed; printf 'two\t-3\t2\n' >negative.bed; printf 'two\t3\n' >columns.bed
for what in past reversed negative columns; do
    try "BED: $what" 3 "\$M tokenize --quiet -L $what.bed g.fa" "bedtools getfasta -fi g.fa -bed $what.bed" "seqkit subseq --bed $what.bed g.fa"
done
try 'a contig of 2^31 + 9 bases, as a pipe' 0 '{ echo ">big"; head -c 2147483657 /dev/zero | tr "\0" A; echo; } | $M tokenize --quiet - | grep -q "^big	0	2147483658	"'
awk 'BEGIN { for (i = 0; i < 1000000; i++) print ">r" i "\nACGTACGTAC" }' >many.fa
try 'a million records' 0 '$M tokenize --quiet - <many.fa | tail -n 1 | grep -q "^r999999	"' \
    'seqkit seq >/dev/null <many.fa'
try 'stdout closed early' 0 '$M tokenize --quiet --decode g.fa g.fa g.fa | head -n 1' 'samtools view r.bam | head -n 1' 'seqkit seq g.fa | head -n 1'
try 'stdout full' 5 '$M tokenize --quiet g.fa >/dev/full' 'samtools faidx g.fa one >/dev/full' 'bedtools getfasta -fi g.fa -bed past.bed >/dev/full' 'seqkit seq g.fa >/dev/full'
mkdir full
if mount -t tmpfs -o size=16k none full 2>/dev/null; then
    mounted=1
    try 'disk full: no file under the name' 5 '$M embed --quiet --per token -m m.safetensors g.fa -o full/x.npy; code=$?; [ -z "$(ls full)" ] || exit 99; exit $code' 'samtools view -b r.sam -o full/x.bam'
fi
try 'stdout closed' 5 '$M tokenize --quiet g.fa >&-' 'samtools faidx g.fa one >&-' 'bedtools getfasta -fi g.fa -bed two.bed >&-' 'seqkit seq g.fa >&-'
try 'a folder that cannot be written' 5 './nobody $M tokenize --quiet g.fa -o locked/x.npy' './nobody samtools faidx g.fa one -o locked/x.fa'
try 'two runs into one output' 5 "$M pretrain g.fa -o both $tiny --steps 100000 --length 32 --no-holdout >/dev/null & until [ -e both.ckpt ]; do sleep 0.1; done; $M pretrain g.fa -o both $tiny --steps 5 --length 32 --no-holdout --force; code=\$?; { kill \$!; wait \$!; } 2>/dev/null; exit \$code"
try 'kill -9, then --resume: the same bytes' 0 "$M pretrain g.fa -o whole $tiny --steps 300 --length 32 --no-holdout --save-every 5 >/dev/null; $M pretrain g.fa -o k $tiny --steps 300 --length 32 --no-holdout --save-every 5 >/dev/null & sleep 0.4; kill -9 \$!; wait \$! 2>/dev/null; $M pretrain g.fa -o k $tiny --steps 300 --length 32 --no-holdout --save-every 5 --resume >/dev/null; cmp k.safetensors whole.safetensors"
try 'SIGTERM: dead of it, no output' 143 'head -c 100000000 /dev/zero | tr "\0" A | sed "1i >a" >long.fa; $M perplexity --quiet -m m.safetensors long.fa -o t.tsv & sleep 1; kill -TERM $!; wait $!; code=$?; ls t.tsv* 2>/dev/null && exit 99; exit $code'
forge() { # HEADER: a file of that header and 8 bytes
    perl -e 'print pack("Q<", length($ARGV[0])), $ARGV[0], "\0" x 8' "$1" >forged.safetensors
}
perl -e 'print pack("Q<", 2 ** 63), "{}"' >forged.safetensors
try 'model: a header of 2^63 bytes' 4 '$M info forged.safetensors'
forge '{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]}}'
try 'model: a shape whose product overflows' 4 '$M info forged.safetensors'
forge '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
try 'model: tensors that overlap' 4 '$M info forged.safetensors'
forge '{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
try 'model: a hole' 4 '$M info forged.safetensors'
forge '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
try 'model: a key twice' 4 '$M info forged.safetensors'
perl -e '$h = "{" . join(",", map { "\"t$_\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}" } 1 .. 1000000) . "}"; print pack("Q<", length $h), $h' >forged.safetensors
try 'model: a million tensors' 4 '$M info forged.safetensors'
try 'a model that classifies nothing' '[24]' '$M predict --quiet -m m.safetensors g.fa'
printf 'label\tsequence\n9\tACGT\n0\tACGT\n' >other.tsv
try 'labels that the model does not know' 3 '$M evaluate --quiet -m c.safetensors other.tsv'
printf 'label\tsequence\na\tACGT\na\tAGGT\n' >single.tsv
try 'a set of one class' 3 "\$M finetune single.tsv -o s $tiny --steps 1"
printf '>a\nNNNNNNNNNNNNNNNNNNNNNNNN\n' >n.fa
try 'nothing but N: predictions NA' 0 '$M predict --quiet -m c.safetensors n.fa | tail -n 1 | grep -q NA'
try 'nothing but N: no pretraining' 3 "\$M pretrain n.fa -o n $tiny --steps 1 --length 16 --no-holdout"
try 'a training that diverges' 6 "\$M finetune set.tsv -o d $tiny --steps 60 --lr 10 --clip 0 --memory-step plain --theta-max 1000; code=\$?; ls d.safetensors >/dev/null 2>&1 && ! \$M info d.safetensors >/dev/null && exit 99; exit \$code"
try 'threads: -1' 2 '$M tokenize --quiet -t -1 g.fa'
try 'threads: 100000' 2 '$M tokenize --quiet -t 100000 g.fa'
try '200 MB of address space' '[01]' 'ulimit -v 200000; $M dataset audit --quiet set.tsv -o audit >/dev/null'
try 'a German locale' 0 '[ "$(LC_ALL=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8 $M predict --quiet -m c.safetensors g.fa)" = "$($M predict --quiet -m c.safetensors g.fa)" ]'
try 'a working folder that is gone' 0 'mkdir gone && cd gone && rmdir ../gone && $M tokenize --quiet ../g.fa 2>/dev/null || $M tokenize --quiet $OLDPWD/g.fa'
try 'no environment at all' 0 'env -i $M tokenize --quiet g.fa'
echo
echo "$n scenarios, $([ $failed = 0 ] && echo all || echo not all) as expected"
exit $failed
