/* test_api: the public library, by its own header, on a model made here. */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "pipelines/mnemon.h"
#include "titans/checkpoint.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], model_path[96], fasta_path[96];
static mn_err_t err;

enum { CLASSES = 3, DIM = 16, VOCAB = 9 };

static void assert_done(mn_status_t status) {
    char line[1024];
    if (status) fail_msg("%s", mn_err_line(&err, line, sizeof line));
}

static void write_text(const char *path, const char *text) {
    mn_writer_t writer;
    assert_done(mn_writer_open(&writer, path, &err));
    fputs(text, writer.file);
    assert_done(mn_writer_commit(&writer, &err));
}

static void write_model(const char *path, int64_t classes, bool strands) {
    static char *labels[] = {"a", "b", "c"};
    mn_config_t config;
    mn_model_t *model;
    assert_true(mn_config_preset("tiny", &config));
    config.dim = DIM;
    config.ffn = 2 * DIM;
    config.classes = classes;
    mn_model_info_t info = {.tokenizer = "nucleotide",
                            .command = "mnemon test",
                            .labels = labels,
                            .n_labels = classes,
                            .extra = mn_json_object()};
    mn_json_set_bool(info.extra, "rc", strands);
    assert_done(mn_model_new(&config, &model, &err));
    mn_model_init(model, 3);
    const mn_param_t *head = mn_model_param(model, "head.weight");
    for (int64_t i = 0; head && i < head->size; i++) model->block[head->offset + i] = (mn_real_t)sin((double)(i + 1));
    assert_done(mn_model_save(path, model, &info, &err));
    mn_model_free(model);
    mn_json_free(info.extra);
}

/* Sequence of n bases that repeats late. Owner: the caller. */
static char *make_bases(int64_t n) {
    char *bases = malloc((size_t)n);
    for (int64_t i = 0; i < n; i++) bases[i] = "ACGT"[(i * i / 7 + i / 3) % 4];
    return bases;
}

static mn_net_t *load(void) {
    mn_net_t *net;
    assert_done(mn_net_load(model_path, &net, &err));
    return net;
}

static void test_reader(void **state) {
    mn_reader_t *reader;
    const char *name;
    char bases[100];
    int64_t n;
    assert_done(mn_reader_open(fasta_path, NULL, &reader, &err));
    assert_done(mn_reader_next(reader, &name, &err));
    assert_string_equal(name, "one");
    char joined[100];
    int64_t held = 0;
    do { /* in parts of any size */
        assert_done(mn_reader_read(reader, joined + held, 3, &n, &err));
        held += n;
    } while (n);
    assert_int_equal(held, 12);
    assert_memory_equal(joined, "ACGTNNACGTTA", 12);
    assert_done(mn_reader_next(reader, &name, &err));
    assert_string_equal(name, "two");
    assert_done(mn_reader_read(reader, bases, 100, &n, &err));
    assert_int_equal(n, 2 + 32 + 2); /* a long run of N is read as 32 */
    assert_done(mn_reader_next(reader, &name, &err));
    assert_null(name);
    mn_reader_close(reader);

    mn_reader_options_t options = {.size = sizeof options, .mask_lowercase = 1};
    assert_done(mn_reader_open(fasta_path, &options, &reader, &err));
    assert_done(mn_reader_next(reader, &name, &err));
    assert_done(mn_reader_read(reader, bases, 100, &n, &err));
    assert_memory_equal(bases, "ACGTNNNNNNTA", 12);
    mn_reader_close(reader);
    assert_int_equal(mn_reader_open("no/such.fa", NULL, &reader, &err), MN_INPUT);
    assert_null(reader);
    mn_reader_close(NULL);
}

static void test_options(void **state) {
    struct {
        mn_reader_options_t known;
        long later[2];
    } newer = {.known = {.size = sizeof newer}};
    mn_reader_t *reader;
    assert_done(mn_reader_open(fasta_path, &newer.known, &reader, &err)); /* fields to come, unused */
    mn_reader_close(reader);
    newer.later[1] = 1;
    assert_int_equal(mn_reader_open(fasta_path, &newer.known, &reader, &err), MN_USAGE);
    mn_reader_options_t options = {0};
    assert_int_equal(mn_reader_open(fasta_path, &options, &reader, &err), MN_USAGE); /* size not set */
    options.size = sizeof options.size;                                              /* an older, shorter struct */
    options.invalid = 99;
    assert_done(mn_reader_open(fasta_path, &options, &reader, &err));
    mn_reader_close(reader);
    options.size = sizeof options;
    assert_int_equal(mn_reader_open(fasta_path, &options, &reader, &err), MN_USAGE);
}

static void test_tokenize(void **state) {
    static const int32_t nucleotides[] = {6, 0, 1, 2, 3, 3, 4, 4, 0}, words[] = {6, 9 + 6, 4, 2, 9 + 15, 3};
    int32_t ids[20];
    int64_t n;
    assert_done(mn_tokenize("nucleotide", "ACgTuNRa", 8, ids, &n, &err));
    assert_int_equal(n, 9);
    assert_memory_equal(ids, nucleotides, sizeof nucleotides);
    assert_done(mn_tokenize("kmer:2", "CGNGTTT", 7, ids, &n, &err));
    assert_int_equal(n, 6);
    assert_memory_equal(ids, words, sizeof words);
    assert_done(mn_tokenize("nucleotide", "", 0, ids, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(mn_tokenize("nucleotide", "ACXT", 4, ids, &n, &err), MN_INPUT);
    assert_non_null(strstr(err.what, "base 3"));
    assert_int_equal(mn_tokenize("nucleotide", "AC T", 4, ids, &n, &err), MN_INPUT);
    assert_int_equal(mn_tokenize("words", "ACGT", 4, ids, &n, &err), MN_USAGE);
}

static void test_load(void **state) {
    mn_net_t *net = load(), *again;
    mn_net_facts_t facts = {.size = sizeof facts};
    mn_net_describe(net, &facts);
    assert_true(facts.dim == DIM && facts.layers == 2 && facts.vocab == VOCAB && facts.classes == CLASSES);
    assert_true(facts.parameters > 1000);
    assert_string_equal(facts.labels[2], "c");
    assert_string_equal(facts.tokenizer, "nucleotide");
    assert_string_equal(facts.command, "mnemon test");
    struct {
        size_t size;
        int64_t dim, untouched;
    } part = {sizeof part.size + sizeof part.dim, 0, -7}; /* a shorter struct */
    mn_net_describe(net, (mn_net_facts_t *)(void *)&part);
    assert_true(part.dim == DIM && part.untouched == -7);

    char copy[128], *first, *second;
    int64_t first_size, second_size;
    snprintf(copy, sizeof copy, "%s/copy.safetensors", folder);
    assert_done(mn_net_save(net, copy, &err));
    assert_done(mn_file_read(model_path, 1 << 24, &first, &first_size, &err));
    assert_done(mn_file_read(copy, 1 << 24, &second, &second_size, &err));
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    mn_mem_free(first);
    assert_done(mn_net_load_memory(second, second_size, &again, &err));
    second[second_size - 1] ^= 1; /* memory is not needed afterwards, and damage is seen */
    mn_net_free(again);
    assert_int_equal(mn_net_load_memory(second, second_size, &again, &err), MN_MODEL);
    assert_null(again);
    mn_mem_free(second);
    unlink(copy);
    assert_int_equal(mn_net_save(net, "no/such/folder/x", &err), MN_IO);
    assert_int_equal(mn_net_load("no/such/model", &again, &err), MN_INPUT);
    assert_int_equal(mn_net_load(fasta_path, &again, &err), MN_MODEL);
    mn_net_free(net);
    mn_net_free(NULL);
}

/* "builtin:NAME" in the folders of MNEMON_MODELS, the test's own among them. */
static void test_builtin(void **state) {
    mn_net_t *net;
    char folders[128];
    snprintf(folders, sizeof folders, "/no/such/folder:%s", folder);
    assert_int_equal(setenv("MNEMON_MODELS", folders, 1), 0);
    assert_done(mn_net_load("builtin:m", &net, &err));
    mn_net_free(net);
    assert_int_equal(mn_net_load("builtin:mm", &net, &err), MN_INPUT);
    assert_null(net);
    assert_string_equal(err.hint, "did you mean 'builtin:m'?");
    assert_int_equal(setenv("MNEMON_MODELS", "/no/such/folder", 1), 0);
    assert_int_equal(mn_net_load("builtin:m", &net, &err), MN_INPUT);
    unsetenv("MNEMON_MODELS");
}

static void test_predict(void **state) {
    mn_net_t *net = load();
    enum { N = 5 };
    char *bases = make_bases(400), turned[60];
    const char *sequences[N];
    int64_t lengths[N];
    float together[N][CLASSES], alone[CLASSES], both[CLASSES], reverse[CLASSES];
    for (int i = 0; i < N; i++) {
        sequences[i] = bases + 31 * i;
        lengths[i] = 1 + 59 * (i % 3);
    }
    assert_done(mn_net_predict(net, sequences, lengths, N, NULL, together[0], &err));
    for (int i = 0; i < N; i++) {
        double sum = 0;
        assert_done(mn_net_predict(net, &sequences[i], &lengths[i], 1, NULL, alone, &err));
        assert_memory_equal(alone, together[i], sizeof alone);
        for (int c = 0; c < CLASSES; c++) sum += (double)alone[c];
        assert_true(fabs(sum - 1) < 1e-5);
    }
    assert_memory_not_equal(together[1], together[2], sizeof alone);

    mn_predict_options_t options = {.size = sizeof options, .strands = 1};
    assert_done(mn_net_predict(net, &sequences[1], &lengths[1], 1, &options, both, &err));
    for (int i = 0; i < 60; i++) turned[i] = "TGCA"[strcspn("ACGT", (char[]){sequences[1][59 - i], 0})];
    const char *other = turned;
    options.strands = -1;
    assert_done(mn_net_predict(net, &other, &lengths[1], 1, &options, reverse, &err));
    for (int c = 0; c < CLASSES; c++) assert_true(fabsf(both[c] - (together[1][c] + reverse[c]) / 2) < 1e-6f);

    lengths[2] = 0;
    assert_int_equal(mn_net_predict(net, sequences, lengths, N, NULL, together[0], &err), MN_INPUT);
    const char *bad = "ACG-";
    int64_t four = 4;
    assert_int_equal(mn_net_predict(net, &bad, &four, 1, NULL, alone, &err), MN_INPUT);
    assert_string_equal(err.where, "sequence 1");
    free(bases);
    mn_net_free(net);
}

/* Within a caller's own parallel region, of more threads than the library may use, a handle for each. */
static void test_foreign_threads(void **state) {
    enum { THREADS = 8, N = 16, LENGTH = 100 };
    static float got[THREADS][N * CLASSES];
    char *bases = make_bases(LENGTH);
    const char *sequences[N];
    int64_t lengths[N];
    int failed = 0;
    for (int i = 0; i < N; i++) sequences[i] = bases, lengths[i] = LENGTH - i;
    mn_threads_set(2);
#pragma omp parallel for num_threads(THREADS) schedule(static, 1) reduction(+ : failed)
    for (int t = 0; t < THREADS; t++) {
        mn_net_t *net = NULL;
        failed += mn_net_load(model_path, &net, NULL) || mn_net_predict(net, sequences, lengths, N, NULL, got[t], NULL);
        mn_net_free(net);
    }
    mn_threads_set(0);
    assert_int_equal(failed, 0);
    for (int t = 1; t < THREADS; t++) assert_memory_equal(got[t], got[0], sizeof got[0]);
    free(bases);
}

static void test_no_classes(void **state) {
    char path[128];
    snprintf(path, sizeof path, "%s/plain.safetensors", folder);
    write_model(path, 0, false);
    mn_net_t *net;
    float number;
    const char *bases = "ACGT";
    int64_t four = 4;
    assert_done(mn_net_load(path, &net, &err));
    assert_int_equal(mn_net_predict(net, &bases, &four, 1, NULL, &number, &err), MN_MODEL);
    mn_net_free(net);
    unlink(path);
}

static void test_embed(void **state) {
    mn_net_t *net = load();
    enum { LENGTH = 150 };
    char *bases = make_bases(LENGTH);
    const char *sequence = bases;
    int64_t length = LENGTH, n;
    int32_t ids[LENGTH + 1];
    static float rows[LENGTH + 1][DIM];
    mn_stream_t *stream;
    assert_done(mn_tokenize("nucleotide", bases, LENGTH, ids, &n, &err));
    assert_done(mn_stream_new(net, &stream, &err));
    for (int64_t layer = -1; layer <= 2; layer++) {
        mn_embed_options_t options = {.size = sizeof options, .layer = layer};
        float mean[DIM];
        assert_done(mn_net_embed(net, &sequence, &length, 1, &options, mean, &err));
        mn_stream_reset(stream);
        assert_done(mn_stream_push(stream, ids, n, layer, rows[0], NULL, &err));
        for (int d = 0; d < DIM; d++) { /* a mean of the rows that a stream gives */
            double sum = 0;
            for (int64_t t = 0; t < n; t++) sum += (double)rows[t][d];
            assert_true(fabs(sum / (double)n - (double)mean[d]) < 1e-5);
        }
    }
    mn_embed_options_t options = {.size = sizeof options, .layer = 3};
    assert_int_equal(mn_net_embed(net, &sequence, &length, 1, &options, rows[0], &err), MN_USAGE);
    assert_int_equal(mn_stream_push(stream, ids, n, -2, rows[0], NULL, &err), MN_USAGE);
    mn_stream_free(stream);
    free(bases);
    mn_net_free(net);
}

static void test_stream(void **state) {
    mn_net_t *net = load();
    enum { LENGTH = 200 };
    char *bases = make_bases(LENGTH);
    int32_t ids[LENGTH + 1];
    int64_t n, position;
    static float whole[LENGTH + 1][VOCAB], parts[LENGTH + 1][VOCAB], rest[LENGTH + 1][VOCAB];
    assert_done(mn_tokenize("nucleotide", bases, LENGTH, ids, &n, &err));
    mn_stream_t *stream, *second;
    assert_done(mn_stream_new(net, &stream, &err));
    assert_done(mn_stream_new(net, &second, &err));
    assert_done(mn_stream_push(stream, ids, n, 0, NULL, whole[0], &err));
    mn_stream_reset(stream);
    float *saved = NULL;
    for (int64_t done = 0, cut = 1; done < n; done += cut, cut *= 2) {
        if (cut > n - done) cut = n - done;
        assert_done(mn_stream_push(stream, ids + done, cut, 0, NULL, parts[done], &err));
        if (done + cut != 63) continue;
        saved = malloc((size_t)mn_stream_size(stream) * sizeof *saved); /* and on from here in another stream */
        mn_stream_get(stream, saved, &position);
        assert_int_equal(position, 63 + 16); /* the persistent rows count */
        assert_done(mn_stream_set(second, saved, position, &err));
        assert_done(mn_stream_push(second, ids + 63, n - 63, 0, NULL, rest[63], &err));
    }
    assert_memory_equal(whole, parts, sizeof whole);
    assert_non_null(saved);
    if (sizeof(mn_real_t) == sizeof(float)) /* the library's states are float */
        assert_memory_equal(whole[63], rest[63], (size_t)(n - 63) * sizeof *whole);

    saved[0] = NAN;
    assert_int_equal(mn_stream_set(second, saved, position, &err), MN_USAGE);
    saved[0] = 0;
    assert_int_equal(mn_stream_set(second, saved, -1, &err), MN_USAGE);
    ids[5] = VOCAB;
    assert_int_equal(mn_stream_push(stream, ids, n, 0, NULL, NULL, &err), MN_USAGE);
    assert_non_null(strstr(err.what, "token 5"));
    free(saved);
    mn_stream_free(second);
    mn_stream_free(stream);
    mn_stream_free(NULL);
    free(bases);
    mn_net_free(net);
}

/* Saved halfway, the stream goes on in another; what it memorised serves a second sequence; frozen, nothing is learned.
 */
static void test_stream_files(void **state) {
    mn_net_t *net = load();
    enum { LENGTH = 200, CUT = 63 };
    char *bases = make_bases(LENGTH), state_path[128], memory_path[128];
    int32_t ids[LENGTH + 1], next;
    int64_t n;
    static float whole[LENGTH + 1][VOCAB], rest[LENGTH + 1][VOCAB], kept[LENGTH + 1][VOCAB];
    mn_stream_t *stream, *second;
    snprintf(state_path, sizeof state_path, "%s/state", folder);
    snprintf(memory_path, sizeof memory_path, "%s/memory", folder);
    assert_done(mn_tokenize("nucleotide", bases, LENGTH, ids, &n, &err));
    assert_done(mn_stream_new(net, &stream, &err));
    assert_done(mn_stream_new(net, &second, &err));
    assert_int_equal(mn_stream_save_memory(stream, memory_path, &err), MN_USAGE);
    assert_done(mn_stream_push(stream, ids, CUT, 0, NULL, whole[0], &err));
    assert_done(mn_stream_save(stream, state_path, ids[CUT], &err));
    assert_done(mn_stream_save_memory(stream, memory_path, &err));
    assert_done(mn_stream_push(stream, ids + CUT, n - CUT, 0, NULL, whole[CUT], &err));
    assert_done(mn_stream_load(second, state_path, &next, &err));
    assert_int_equal(next, ids[CUT]);
    assert_int_equal(mn_stream_save_memory(second, memory_path, &err), MN_USAGE);
    assert_done(mn_stream_push(second, ids + CUT, n - CUT, 0, NULL, rest[CUT], &err));
    assert_memory_equal(whole[CUT], rest[CUT], (size_t)(n - CUT) * sizeof *whole);

    /* a sequence that begins with the memory, and one that does not */
    assert_done(mn_net_remember(net, memory_path, 0, &err));
    mn_stream_reset(stream);
    assert_done(mn_stream_push(stream, ids, n, 0, NULL, rest[0], &err));
    assert_memory_not_equal(whole, rest, sizeof whole);
    assert_int_equal(mn_net_remember(net, state_path, 0, &err), MN_MODEL);
    assert_int_equal(mn_stream_load(stream, memory_path, &next, &err), MN_MODEL);
    assert_int_equal(mn_net_remember(net, "no/such/memory", 0, &err), MN_INPUT);
    mn_stream_reset(stream);
    assert_done(mn_stream_push(stream, ids, n, 0, NULL, kept[0], &err));
    assert_memory_equal(rest, kept, sizeof rest); /* a file refused changes nothing */

    assert_done(mn_net_remember(net, memory_path, 1, &err)); /* frozen, a memory comes out as it went in */
    mn_stream_reset(stream);
    assert_done(mn_stream_push(stream, ids, n, 0, NULL, rest[0], &err));
    assert_memory_not_equal(rest, kept, sizeof rest);
    assert_done(mn_stream_save_memory(stream, state_path, &err));
    assert_done(mn_net_remember(net, state_path, 1, &err));
    mn_stream_reset(stream);
    assert_done(mn_stream_push(stream, ids, n, 0, NULL, kept[0], &err));
    assert_memory_equal(rest, kept, sizeof rest);

    assert_done(mn_net_remember(net, NULL, 0, &err));
    mn_stream_reset(stream);
    assert_done(mn_stream_push(stream, ids, n, 0, NULL, rest[0], &err));
    assert_memory_equal(rest, whole, sizeof rest);
    unlink(state_path);
    unlink(memory_path);
    mn_stream_free(second);
    mn_stream_free(stream);
    free(bases);
    mn_net_free(net);
}

static int make_files(void **state) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.30s/mnemon-api-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder)) return 1;
    snprintf(model_path, sizeof model_path, "%s/m.safetensors", folder);
    snprintf(fasta_path, sizeof fasta_path, "%s/in.fa", folder);
    write_text(fasta_path, ">one first\nACGTNR\nacgtTA\n>two\nAC\nNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNGT\n");
    write_model(model_path, CLASSES, false);
    return 0;
}

static int remove_files(void **state) {
    return unlink(model_path) || unlink(fasta_path) || rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader),       cmocka_unit_test(test_options),
        cmocka_unit_test(test_tokenize),     cmocka_unit_test(test_load),
        cmocka_unit_test(test_builtin),      cmocka_unit_test(test_predict),
        cmocka_unit_test(test_no_classes),   cmocka_unit_test(test_embed),
        cmocka_unit_test(test_stream),       cmocka_unit_test(test_foreign_threads),
        cmocka_unit_test(test_stream_files),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
