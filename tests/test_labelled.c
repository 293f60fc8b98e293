/* test_labelled: tables, class folders and CLASS=FILE as labelled sets, what is refused and how it is said; splits. */
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "genomics/split.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static char folder[64]; /* of this test's files */

static const char *in_folder(const char *name) {
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *write_bytes(const char *name, const char *text, size_t n) {
    const char *path = in_folder(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *write_text(const char *name, const char *text) {
    return write_bytes(name, text, strlen(text));
}

static void make_folder(const char *name) {
    assert_int_equal(mkdir(in_folder(name), 0700), 0);
}

static mn_labelled_t *read_set(const char *input, const mn_labelled_options_t *options) {
    mn_labelled_t *set = NULL;
    mn_err_t err = {0};
    char line[800];
    if (mn_labelled_read(&input, 1, options, &set, &err)) fail_msg("%s", mn_err_line(&err, line, sizeof line));
    return set;
}

static void assert_row(const mn_labelled_t *set, int64_t i, const char *class, mn_split_t split, const char *name,
                       const char *bases) {
    assert_string_equal(set->classes[set->labels[i]], class);
    assert_int_equal(set->splits[i], split);
    assert_string_equal(mn_labelled_name(set, i), name);
    assert_int_equal(mn_labelled_length(set, i), strlen(bases));
    for (int64_t j = 0; bases[j]; j++) assert_int_equal(mn_base_letter(mn_labelled_row(set, i)[j]), bases[j]);
}

/* ---- what is read */

static void test_tables(void **state) {
    static const char *const same[] = {
        ("split\tlabel\tid\tsequence\nTrain\tb\tone\tACGT\nDEV\ta\ttwo\tacgu\ntest\tb\tthree\tNRAC\nall\ta\tfour\tGG"
         "\n"),
        ("\xef\xbb\xbfsplit\tlabel\tid\tsequence\r\ntrain\tb\tone\tACGT\r\nval\ta\ttwo\tACGT\r\n\r\n"
         "test\tb\tthree\tNNAC\r\n\ta\tfour\tGG"),
        ("#made by hand\nid,more,SEQUENCE,split,label\n one ,\"x,\"\"y\",\"ACGT\",train,\"b\"\n"
         "two,,ACGT,validation, a\nthree,,N NAC,test,b\nfour,,\"GG\",,a")};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        mn_labelled_t *set = read_set(write_text("table", same[i]), NULL);
        assert_int_equal(set->n, 4);
        assert_int_equal(set->n_classes, 2);
        assert_string_equal(set->classes[0], "a");
        assert_row(set, 0, "b", MN_SPLIT_TRAIN, "one", "ACGT");
        assert_row(set, 1, "a", MN_SPLIT_VALID, "two", "ACGT");
        assert_row(set, 2, "b", MN_SPLIT_TEST, "three", "NNAC");
        assert_row(set, 3, "a", MN_SPLIT_NONE, "four", "GG");
        for (int split = 0; split < MN_SPLIT_COUNT; split++) assert_int_equal(set->per_split[split], 1);
        assert_int_equal(set->longest, 4);
        assert_int_equal(set->counts.replaced, i == 0);
        mn_labelled_free(set);
    }
    mn_labelled_free(NULL);
}

static void test_gzip_and_stdin(void **state) {
    const char *path = in_folder("table.gz");
    gzFile file = gzopen(path, "wb");
    gzputs(file, "label,sequence\n");
    for (int i = 0; i < 30000; i++) gzprintf(file, "%d,ACGTACGTAC\n", i % 3 == 0);
    gzclose(file);
    mn_labelled_t *set = read_set(path, NULL);
    assert_int_equal(set->n, 30000);
    assert_row(set, 29999, "0", MN_SPLIT_NONE, "30000", "ACGTACGTAC");
    mn_labelled_free(set);

    int before = dup(STDIN_FILENO);
    assert_non_null(freopen(write_text("table", "label,sequence\n1,A\n0,C\n"), "r", stdin));
    set = read_set("-", NULL);
    assert_row(set, 0, "1", MN_SPLIT_NONE, "1", "A");
    mn_labelled_free(set);
    dup2(before, STDIN_FILENO);
    close(before);
}

static void test_class_order(void **state) {
    mn_labelled_t *set = read_set(write_text("t", "label,sequence\n10,A\n9,C\n-1,G\n"), NULL);
    assert_string_equal(set->classes[0], "-1");
    assert_string_equal(set->classes[1], "9");
    assert_row(set, 0, "10", MN_SPLIT_NONE, "1", "A");
    mn_labelled_free(set);
    set = read_set(write_text("t", "label,sequence\n10,A\n9,C\nB,G\na,T\n"), NULL);
    for (int i = 0; i < 4; i++) assert_string_equal(set->classes[i], ((const char *[]){"10", "9", "B", "a"})[i]);
    mn_labelled_free(set);
    /* A model's classes keep their order, met or not. */
    const char *const model[] = {"z", "m", "a"};
    mn_labelled_options_t options = {.classes = model, .n_classes = 3};
    set = read_set(write_text("t", "label,sequence\na,A\na,C\nz,G\n"), &options);
    assert_int_equal(set->n_classes, 3);
    assert_int_equal(set->labels[0], 2);
    assert_int_equal(set->labels[2], 0);
    assert_string_equal(set->classes[1], "m");
    mn_labelled_free(set);
}

static void test_odd_bases(void **state) {
    const char *text = "label,sequence\na,ACRT\nb,acXT\nb,NNN\n";
    mn_labelled_t *set = read_set(write_text("t", text), &(mn_labelled_options_t){.invalid = MN_INVALID_N});
    assert_row(set, 0, "a", MN_SPLIT_NONE, "1", "ACNT");
    assert_row(set, 1, "b", MN_SPLIT_NONE, "2", "ACNT");
    assert_int_equal(set->counts.replaced, 2);
    assert_int_equal(set->n_blank, 1);
    mn_labelled_free(set);
    set = read_set(write_text("t", text), &(mn_labelled_options_t){.invalid = MN_INVALID_SKIP, .mask_lowercase = true});
    assert_row(set, 1, "b", MN_SPLIT_NONE, "2", "NNT");
    mn_labelled_free(set);
    /* Runs of N are cut as in every reader. */
    char line[200] = "label,sequence\na,A";
    for (int i = 0; i < 50; i++) strcat(line, "N");
    set = read_set(write_text("t", strcat(line, "C\nb,A\n")), NULL);
    assert_int_equal(mn_labelled_length(set, 0), 2 + 32);
    assert_int_equal(set->counts.dropped, 18);
    mn_labelled_free(set);
}

static void test_folders(void **state) {
    make_folder("set"), make_folder("set/train"), make_folder("set/test");
    make_folder("set/train/pos"), make_folder("set/train/neg"), make_folder("set/test/pos"),
        make_folder("set/test/neg");
    write_text("set/train/pos/2.txt", "ACGT");
    write_text("set/train/pos/1.txt", "AC\nGG\n");
    write_text("set/train/neg/1.txt", "TT");
    write_text("set/test/pos/a.txt", "GG");
    write_text("set/test/neg/readme.md", "no sequence");
    write_text("set/test/neg/a.txt", "CC");
    write_text("set/metadata.yaml", "x: 1");
    mn_labelled_t *set = read_set(in_folder("set"), NULL);
    assert_int_equal(set->n, 5);
    assert_row(set, 0, "neg", MN_SPLIT_TEST, "a", "CC");
    assert_row(set, 1, "pos", MN_SPLIT_TEST, "a", "GG");
    assert_row(set, 2, "neg", MN_SPLIT_TRAIN, "1", "TT");
    assert_row(set, 3, "pos", MN_SPLIT_TRAIN, "1", "ACGG");
    assert_row(set, 4, "pos", MN_SPLIT_TRAIN, "2", "ACGT");
    mn_labelled_free(set);
    set = read_set(in_folder("set/train"), NULL);
    assert_int_equal(set->n, 3);
    assert_row(set, 0, "neg", MN_SPLIT_NONE, "1", "TT");
    mn_labelled_free(set);
}

static void test_split_tables(void **state) {
    make_folder("gue");
    write_text("gue/train.csv", "sequence,label\nAC,1\nGG,0\n");
    write_text("gue/dev.csv", "sequence,label\nAA,1\n");
    write_text("gue/test.tsv", "sequence\tlabel\tsplit\nCC\t1\ttest\nTT\t0\tval\n");
    write_text("gue/notes.csv", "sequence,label\nAA,x\n");
    mn_labelled_t *set = read_set(in_folder("gue"), NULL);
    assert_int_equal(set->n, 5);
    assert_row(set, 0, "1", MN_SPLIT_VALID, "1", "AA");
    assert_row(set, 2, "0", MN_SPLIT_VALID, "3", "TT");
    assert_row(set, 3, "1", MN_SPLIT_TRAIN, "4", "AC");
    mn_labelled_free(set);
}

static void test_pairs(void **state) {
    char pos[256], neg[256];
    snprintf(pos, sizeof pos, "up=%s", write_text("pos.fa", ">p1 first\nACGT\nAC\n>p2\nGG\n"));
    snprintf(neg, sizeof neg, "down=%s", write_text("neg.fa", ">n1\nTTT\n"));
    const char *inputs[] = {pos, neg};
    mn_labelled_t *set;
    mn_err_t err;
    assert_int_equal(mn_labelled_read(inputs, 2, NULL, &set, &err), MN_OK);
    assert_int_equal(set->n, 3);
    assert_string_equal(set->classes[0], "down");
    assert_row(set, 0, "up", MN_SPLIT_NONE, "p1", "ACGTAC");
    assert_row(set, 1, "up", MN_SPLIT_NONE, "p2", "GG");
    assert_row(set, 2, "down", MN_SPLIT_NONE, "n1", "TTT");
    mn_labelled_free(set);
}

/* ---- what is refused: content, and what the error must say of place and reason */

static void test_refusals(void **state) {
    static const struct refusal {
        const char *text, *place, *reason;
    } cases[] = {
        {"", "table", "is empty"},
        {"label,sequence\n", "table", "no row"},
        {"class,sequence\n1,A\n", "table:1", "no column 'label'"},
        {"label,seq\n1,A\n", "table:1", "no column 'sequence'"},
        {"label sequence\n1 A\n", "table:1", "no column 'label'"},
        {"label,sequence,label\n1,A,1\n", "table:1", "two columns are called 'label'"},
        {">r1\nACGT\n", "table:1", "looks like FASTA"},
        {"<!DOCTYPE html>\n<html>", "table:1", "looks like HTML"},
        {"label,sequence\n1,A\n0\tC\n", "table:3", "1 field where the header has 2"},
        {"label,sequence\n1,A,C\n", "table:2", "3 fields where the header has 2"},
        {"label,sequence\n1,\"A\n0,C\n", "table:2", "a quote is not closed"},
        {"label,sequence\n1,\"A\"C\n", "table:2", "a quote is not closed"},
        {"label,\"sequence\n1,A\n", "table:1", "quote in the header"},
        {"label,sequence\n1,A\nlabel,sequence\n0,C\n", "table:3", "header stands here again"},
        {"label,sequence\n1,A\n,C\n", "table:3", "label is empty"},
        {"label,sequence\n1,A\n0,\n", "table:3", "sequence is empty"},
        {"label,sequence\n1,A\n0,ACXGT\n", "table:3", "'X' (0x58) at column 3"},
        {"label,sequence,split\n1,A,train\n0,C,fold3\n", "table:3", "unknown split 'fold3'"},
        {"label,sequence\n1,A\n1,C\n", "table", "all 2 rows have the label '1'"},
        {"label,sequence\n1,NN\n0,N\n", "table", "all 2 sequences are N alone"},
        {"label,sequence\n1,A\n1.0,C\n", "table", "are the same number"},
        {"label,sequence\n0.25,A\n1,C\n", "table", "measurements"},
        {"label,sequence\n\x01,A\n1,C\n", "table:2", "control character 0x01"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = write_text("table", cases[i].text);
        mn_labelled_t *set = NULL;
        mn_err_t err = {0};
        assert_int_equal(mn_labelled_read(&path, 1, NULL, &set, &err), MN_INPUT);
        assert_null(set);
        size_t place = strlen(cases[i].place), where = strlen(err.where);
        if (!strstr(err.what, cases[i].reason)) fail_msg("case %zu says: %s", i, err.what);
        if (where < place || strcmp(err.where + where - place, cases[i].place))
            fail_msg("case %zu is at: %s", i, err.where);
        assert_true(*err.hint);
    }
}

static void assert_refused(const char *input, const mn_labelled_options_t *options, mn_status_t status,
                           const char *reason) {
    mn_labelled_t *set = NULL;
    mn_err_t err = {0};
    assert_int_equal(mn_labelled_read(&input, 1, options, &set, &err), status);
    if (!strstr(err.what, reason)) fail_msg("%s says: %s", input, err.what);
}

static void test_refused_sources(void **state) {
    assert_refused("https://host/x.tsv", NULL, MN_USAGE, "network");
    assert_refused(in_folder("absent.tsv"), NULL, MN_INPUT, "No such file");
    assert_refused("=x.fa", NULL, MN_USAGE, "class name");
    assert_refused("pos=", NULL, MN_USAGE, "class name");
    make_folder("empty");
    assert_refused(in_folder("empty"), NULL, MN_INPUT, "neither class folders nor tables");
    make_folder("empty/a");
    assert_refused(in_folder("empty"), NULL, MN_INPUT, "no .txt file");
    make_folder("mixed"), make_folder("mixed/train"), make_folder("mixed/train/a"), make_folder("mixed/extra");
    write_text("mixed/train/a/1.txt", "A");
    assert_refused(in_folder("mixed"), NULL, MN_INPUT, "beside split folders");
    static const char zero[] = "label,sequence\n1,A\0C\n";
    assert_refused(write_bytes("zero", zero, sizeof zero - 1), NULL, MN_INPUT, "zero byte");
    const char *const model[] = {"a", "b"};
    assert_refused(write_text("t", "label,sequence\na,A\nc,C\n"),
                   &(mn_labelled_options_t){.classes = model, .n_classes = 2}, MN_INPUT,
                   "none of the model's 2 classes");
    /* More classes than there may be. */
    const char *path = in_folder("many");
    FILE *file = fopen(path, "w");
    fputs("label,sequence\n", file);
    for (int i = 0; i <= MN_LABELLED_CLASSES_MAX; i++) fprintf(file, "%d,A\n", i);
    fclose(file);
    assert_refused(path, NULL, MN_INPUT, "more than 1000 classes");
    /* A gzip file that ends too early. */
    char bytes[4096];
    path = in_folder("cut.gz");
    gzFile packed = gzopen(path, "wb");
    gzputs(packed, "label,sequence\n");
    mn_rng_t rng = mn_rng(1, MN_RNG_TEST, 0, 0);
    for (int i = 0; i < 2000; i++) gzprintf(packed, "%d,AC%cT\n", (int)(mn_rng_next(&rng) % 1000), "ACGT"[i % 4]);
    gzclose(packed);
    file = fopen(path, "rb");
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_refused(write_bytes("cut2.gz", bytes, n / 2), NULL, MN_INPUT, "truncated");
}

/* ---- splits */

static mn_labelled_t *make_random_set(int64_t n, const char *split) {
    const char *path = in_folder("random.csv");
    FILE *file = fopen(path, "w");
    fputs("label,sequence,split\n", file);
    mn_rng_t rng = mn_rng(5, MN_RNG_TEST, 0, 0);
    for (int64_t i = 0; i < n; i++) {
        char bases[41] = {0};
        for (int j = 0; j < 40; j++) bases[j] = "ACGT"[mn_rng_below(&rng, 4)];
        fprintf(file, "%d,%s,%s\n", (int)(i & 1), bases, split);
        if (i % 3) continue; /* again, and as its reverse complement */
        fprintf(file, "%d,%s,%s\n", (int)(i & 1), bases, split);
        for (int j = 0; j < 20; j++) {
            char base = bases[j];
            bases[j] = "TGCA"[strchr("ACGT", bases[39 - j]) - "ACGT"];
            bases[39 - j] = "TGCA"[strchr("ACGT", base) - "ACGT"];
        }
        fprintf(file, "%d,%s,%s\n", (int)(i & 1), bases, split);
    }
    fclose(file);
    return read_set(path, NULL);
}

static void test_keys(void **state) {
    /* A palindrome, its neighbours, and a sequence longer than a block of the hash. */
    static uint8_t long_one[10000], twin[10000];
    const uint8_t a[] = {0, 1, 2, 3}, b[] = {0, 1, 2, 2}, rc[] = {1, 1, 2, 3};
    assert_int_equal(mn_split_key(b, 4), mn_split_key(rc, 4));
    assert_int_not_equal(mn_split_key(a, 4), mn_split_key(b, 4));
    assert_int_not_equal(mn_split_key(a, 4), mn_split_key(a, 3));
    mn_rng_t rng = mn_rng(2, MN_RNG_TEST, 0, 0);
    for (int i = 0; i < 10000; i++) long_one[i] = twin[i] = (uint8_t)mn_rng_below(&rng, 5);
    mn_bases_reverse_complement(twin, 10000);
    assert_int_equal(mn_split_key(long_one, 10000), mn_split_key(twin, 10000));
    twin[9999] ^= 1;
    assert_int_not_equal(mn_split_key(long_one, 10000), mn_split_key(twin, 10000));
    /* The same on every machine and in every version: a held-out set must not move. */
    assert_int_equal(mn_split_key(a, 4), 0x60dab036a58211f2u);
}

/* Rows of one key stand in one part. */
static void assert_together(const mn_labelled_t *set, const uint8_t *parts) {
    for (int64_t i = 1; i < set->n; i++)
        for (int64_t j = i - 1; j >= 0 && j >= i - 2; j--)
            if (mn_split_key(mn_labelled_row(set, i), 40) == mn_split_key(mn_labelled_row(set, j), 40))
                assert_int_equal(parts[i], parts[j]);
}

static void count_parts(const mn_labelled_t *set, const uint8_t *parts, int64_t count[MN_SPLIT_COUNT]) {
    for (int part = 0; part < MN_SPLIT_COUNT; part++) count[part] = 0;
    for (int64_t i = 0; i < set->n; i++) count[parts[i]]++;
}

static void test_held_out(void **state) {
    mn_labelled_t *set = make_random_set(3000, "train");
    static uint8_t parts[5000];
    int64_t count[MN_SPLIT_COUNT], shared;
    mn_err_t err;
    assert_int_equal(set->n, 5000);
    assert_int_equal(mn_split_parts(set, 0, 0, parts, &err), MN_OK);
    count_parts(set, parts, count);
    assert_in_range(count[MN_SPLIT_VALID], 400, 600);
    assert_int_equal(count[MN_SPLIT_VALID] + count[MN_SPLIT_TRAIN], set->n);
    assert_together(set, parts);
    assert_int_equal(mn_split_shared(set, parts, MN_SPLIT_VALID, MN_SPLIT_TRAIN, &shared, &err), MN_OK);
    assert_int_equal(shared, 0);
    parts[1] = MN_SPLIT_TEST; /* row 1 repeats row 0 */
    assert_int_equal(mn_split_shared(set, parts, MN_SPLIT_TEST, parts[0], &shared, &err), MN_OK);
    assert_int_equal(shared, 1);
    mn_labelled_free(set);
}

static void test_folds(void **state) {
    mn_labelled_t *set = make_random_set(600, "");
    static uint8_t parts[1000], tested[1000];
    int64_t count[MN_SPLIT_COUNT];
    mn_err_t err;
    set->splits[7] = MN_SPLIT_TEST; /* stays out */
    for (int64_t fold = 0; fold < 4; fold++) {
        assert_int_equal(mn_split_parts(set, 4, fold, parts, &err), MN_OK);
        assert_int_equal(parts[7], MN_SPLIT_NONE);
        count_parts(set, parts, count);
        assert_in_range(count[MN_SPLIT_TEST], 200, 300);
        assert_in_range(count[MN_SPLIT_VALID], 40, 120);
        for (int64_t i = 0; i < set->n; i++) tested[i] += parts[i] == MN_SPLIT_TEST;
        parts[7] = parts[6]; /* its copy */
        assert_together(set, parts);
    }
    for (int64_t i = 0; i < set->n; i++) assert_int_equal(tested[i], i != 7);
    assert_int_equal(mn_split_parts(set, 4, 4, parts, &err), MN_USAGE);
    assert_int_equal(mn_split_parts(set, 1, 0, parts, &err), MN_USAGE);
    mn_labelled_free(set);
}

static void test_given_parts(void **state) {
    uint8_t parts[4];
    mn_err_t err;
    mn_labelled_t *set =
        read_set(write_text("t", "label,sequence,split\n1,A,train\n0,C,train\n1,G,val\n0,GG,test\n"), NULL);
    assert_int_equal(mn_split_parts(set, 0, 0, parts, &err), MN_OK);
    assert_memory_equal(parts, set->splits, 4);
    mn_labelled_free(set);
    set = read_set(write_text("t", "label,sequence,split\n1,A,train\n1,C,train\n1,G,val\n0,GG,test\n"), NULL);
    assert_int_equal(mn_split_parts(set, 0, 0, parts, &err), MN_INPUT);
    assert_string_equal(err.what, "class '0' has no sequence to train on");
    mn_labelled_free(set);
    set = read_set(write_text("t", "label,sequence,split\n1,A,test\n0,C,test\n"), NULL);
    assert_int_equal(mn_split_parts(set, 0, 0, parts, &err), MN_INPUT);
    mn_labelled_free(set);
}

/* ---- real sets, where they are at hand */

static void test_real_sets(void **state) {
    static const struct real_set {
        const char *path;
        int64_t n, train, valid, test, classes, blank;
    } sets[] = {
        {"../shared/data/labelled/GUE_prom_prom_core_tata.tsv.gz", 6130, 4904, 613, 613, 2, 0},
        {"../shared/data/labelled/uci_splice_junction.tsv.gz", 3190, 0, 0, 0, 3, 0},
        {"../shared/data/labelled/gene_family_chimp.tsv.gz", 1682, 0, 0, 0, 7, 0},
        {"../shared/data/genomic_benchmarks/human_enhancers_ensembl.rebuilt_subset.tsv.gz", 11609, 9362, 0, 2247, 2,
         73},
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (access(sets[i].path, R_OK)) {
            print_message("%s is not here: skipped\n", sets[i].path);
            skip();
        }
        mn_labelled_t *set = read_set(sets[i].path, NULL);
        assert_int_equal(set->n, sets[i].n);
        assert_int_equal(set->per_split[MN_SPLIT_TRAIN], sets[i].train);
        assert_int_equal(set->per_split[MN_SPLIT_VALID], sets[i].valid);
        assert_int_equal(set->per_split[MN_SPLIT_TEST], sets[i].test);
        assert_int_equal(set->n_classes, sets[i].classes);
        assert_int_equal(set->n_blank, sets[i].blank);
        mn_labelled_free(set);
    }
}

static int set_up(void **state) {
    strcpy(folder, "/tmp/mnemon_labelled_XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

static int tear_down(void **state) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) ? 1 : 0;
}

/* 95 rows of 100 are of one length, then 94; an even set of two lengths; and none of either is the first. */
static void test_window(void **state) {
    for (int64_t others = 5; others <= 50; others += others < 6 ? 1 : 44) {
        char text[4096] = "label\tsequence\n";
        for (int64_t i = 0; i < 100; i++)
            strcat(text, i < others ? (i % 2 ? "a\tACGTA\n" : "b\tACGTAC\n") : (i % 2 ? "a\tACGT\n" : "b\tACGG\n"));
        mn_labelled_t *set = read_set(write_text("window.tsv", text), &(mn_labelled_options_t){0});
        assert_int_equal(mn_labelled_window(set), others == 5 ? 4 : 0);
        mn_labelled_free(set);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window), cmocka_unit_test(test_tables),          cmocka_unit_test(test_gzip_and_stdin),
        cmocka_unit_test(test_class_order),     cmocka_unit_test(test_odd_bases),
        cmocka_unit_test(test_folders),         cmocka_unit_test(test_split_tables),
        cmocka_unit_test(test_pairs),           cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_refused_sources), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_held_out),        cmocka_unit_test(test_folds),
        cmocka_unit_test(test_given_parts),     cmocka_unit_test(test_real_sets),
    };
    return cmocka_run_group_tests_name("labelled", tests, set_up, tear_down);
}
