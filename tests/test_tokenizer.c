/* test_tokenizer: the alphabet, nucleotide and kmer:K tokens, streams, and NumPy arrays of them. */
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "genomics/npy.h"
#include "genomics/tokenizer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_letters(void **state) {
    uint8_t table[256], masked[256], lenient[256], ids[16];
    mn_alphabet_table(false, MN_INVALID_ERROR, table);
    mn_alphabet_table(true, MN_INVALID_SKIP, masked);
    mn_alphabet_table(false, MN_INVALID_N, lenient);
    for (int c = 0; c < 256; c++) {
        const char *ids_of = "ACGTNacgtn", *at = c ? strchr(ids_of, c) : NULL;
        if (at)
            assert_int_equal(table[c], (at - ids_of) % 5);
        else if (c && strchr("Uu", c))
            assert_int_equal(table[c], MN_BASE_T);
        else if (c && strchr("RYSWKMBDHVryswkmbdhv", c))
            assert_int_equal(table[c], MN_BASE_N | MN_CODE_REPLACED);
        else if (c && strchr(" \t\r\n\v\f", c))
            assert_int_equal(table[c], MN_CODE_BLANK);
        else {
            assert_int_equal(table[c], MN_CODE_INVALID);
            assert_int_equal(masked[c], MN_CODE_SKIPPED);
            assert_int_equal(lenient[c], MN_BASE_N | MN_CODE_REPLACED);
        }
        if (c >= 'a' && c <= 'z' && table[c] != MN_CODE_INVALID)
            assert_int_equal(masked[c], MN_BASE_N | (table[c] & MN_CODE_REPLACED));
    }
    mn_base_counts_t counts = {0};
    int64_t used;
    assert_int_equal(mn_bases_from_text("AcgUR\r\n-T", 9, table, ids, &counts, &used), 5);
    assert_int_equal(used, 7);
    assert_memory_equal(ids, "\0\1\2\3\4", 5);
    assert_int_equal(counts.bases, 5);
    assert_int_equal(counts.gc, 2);
    assert_int_equal(counts.n, 1);
    assert_int_equal(counts.replaced, 1);
    assert_int_equal(mn_bases_from_text("A-C", 3, masked, ids, &counts, &used), 2);
    assert_int_equal(used, 3);
    assert_int_equal(counts.skipped, 1);
}

/* Eight letters at a time, and a byte at a time, must read alike: every byte at every place. */
static void test_every_byte(void **state) {
    uint8_t table[256], ids[32];
    for (int masked = 0; masked < 2; masked++) {
        mn_alphabet_table(masked, MN_INVALID_ERROR, table);
        for (int n = 1; n <= 19; n++)
            for (int at = 0; at < n; at++)
                for (int c = 0; c < 256; c++) {
                    char text[19];
                    memset(text, 'G', sizeof text);
                    text[at] = (char)c;
                    mn_base_counts_t counts = {0};
                    int64_t used, size = mn_bases_from_text(text, n, table, ids, &counts, &used);
                    bool invalid = table[c] == MN_CODE_INVALID, blank = table[c] == MN_CODE_BLANK;
                    if (used != (invalid ? at : n) || size != (invalid ? at : n - blank) || counts.bases != size ||
                        counts.gc !=
                            size - (!invalid && !blank && (table[c] & 7) != MN_BASE_C && (table[c] & 7) != MN_BASE_G) ||
                        (!invalid && !blank && ids[at] != (table[c] & 7)))
                        fail_msg("byte %d at %d of %d", c, at, n);
                }
    }
}

static void test_complement(void **state) {
    uint8_t bases[] = {MN_BASE_A, MN_BASE_A, MN_BASE_C, MN_BASE_N, MN_BASE_T};
    mn_bases_reverse_complement(bases, 5);
    assert_memory_equal(bases, "\0\4\2\3\3", 5);
    mn_bases_reverse_complement(bases, 4);
    assert_memory_equal(bases, "\0\1\4\3\3", 5);
    mn_bases_reverse_complement(bases, 0);
    assert_int_equal(mn_base_complement(MN_ID_BOS), MN_ID_BOS);
    assert_int_equal(mn_base_letter(MN_ID_BOS), '?');
}

static void test_names(void **state) {
    static const char *const bad[] = {"",        "kmer",    "kmer:",           "kmer:0",    "kmer:13",
                                      "kmer:6x", "kmer:-1", "kmer:4294967298", "Nucleotide"};
    mn_tokenizer_t tokenizer;
    mn_err_t err;
    char name[MN_TOKENIZER_NAME];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mn_tokenizer_parse(bad[i], MN_MODEL, NULL, &tokenizer, &err), MN_MODEL);
    for (int k = 0; k <= MN_KMER_MAX; k++) {
        char text[16];
        snprintf(text, sizeof text, k ? "kmer:%d" : "nucleotide", k);
        assert_int_equal(mn_tokenizer_parse(text, MN_USAGE, NULL, &tokenizer, &err), MN_OK);
        assert_int_equal(tokenizer.k, k);
        mn_tokenizer_name(tokenizer, name);
        assert_string_equal(name, text);
        int64_t vocab = 9;
        for (int64_t i = 0, words = 1; k && i < k; i++) words *= 4, vocab = 9 + words;
        assert_int_equal(mn_tokenizer_vocab(tokenizer), vocab);
    }
    uint8_t ignore[9 + 16];
    mn_tokenizer_ignore((mn_tokenizer_t){2}, ignore);
    for (int id = 0; id < 25; id++) assert_int_equal(ignore[id], id >= 4 && id < 9);
}

static void test_words(void **state) {
    const mn_tokenizer_t three = {3};
    const uint8_t bases[] = {0, 1, 2, 3, 3, 3, 0, 4, 1, 2, 2};
    int32_t ids[11];
    uint8_t back[33];
    /* ACG TTT ANC, and the tail GG */
    const int32_t expected[] = {9 + 6, 9 + 63, 0, 4, 1, 2, 2};
    assert_int_equal(mn_tokenizer_encode(three, bases, 11, ids), 7);
    assert_memory_equal(ids, expected, sizeof expected);
    assert_int_equal(mn_tokenizer_decode(three, ids, 7, back), 11);
    assert_memory_equal(back, bases, 11);
    assert_int_equal(mn_tokenizer_span(three, 9), 3);
    assert_int_equal(mn_tokenizer_span(three, 4), 1);
    assert_int_equal(mn_tokenizer_span(three, MN_ID_BOS), 0);
    assert_int_equal(mn_tokenizer_span(three, 9 + 64), 0);
    assert_int_equal(mn_tokenizer_span(three, -1), 0);
    assert_int_equal(mn_tokenizer_decode(three, (int32_t[]){MN_ID_BOS, 1, 9 + 64}, 3, back), -3);
    assert_int_equal(mn_tokenizer_decode(three, (int32_t[]){-1}, 1, back), -1);
}

/* Any cut of a sequence gives the tokens of the whole, and decoding gives the sequence. */
static void test_streams(void **state) {
    enum { N = 300 };
    uint8_t bases[N], back[N * MN_KMER_MAX];
    int32_t whole[N], parts[N + MN_KMER_MAX];
    for (int round = 0; round < 400; round++) {
        mn_rng_t rng = mn_rng(7, MN_RNG_TEST, 0, (uint64_t)round);
        mn_tokenizer_t tokenizer = {(int)mn_rng_below(&rng, MN_KMER_MAX + 1)};
        int64_t n = mn_rng_below(&rng, N), size = 0;
        for (int64_t i = 0; i < n; i++) bases[i] = mn_rng_below(&rng, 12) ? (uint8_t)mn_rng_below(&rng, 4) : MN_BASE_N;
        int64_t expected = mn_tokenizer_encode(tokenizer, bases, n, whole);
        assert_in_range(expected, 0, n);
        mn_token_stream_t stream = {.tokenizer = tokenizer};
        for (int64_t at = 0, part; at < n; at += part) {
            part = 1 + mn_rng_below(&rng, n - at < 20 ? n - at : 20);
            int64_t got = mn_token_stream_push(&stream, bases + at, part, parts + size);
            assert_in_range(got, 0, part + (tokenizer.k ? tokenizer.k - 1 : 0));
            size += got;
        }
        size += mn_token_stream_finish(&stream, parts + size);
        assert_int_equal(size, expected);
        assert_memory_equal(parts, whole, (size_t)size * sizeof *parts);
        assert_int_equal(mn_tokenizer_decode(tokenizer, whole, size, back), n);
        assert_memory_equal(back, bases, (size_t)n);
    }
}

static char folder[64];

static const char *in_folder(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void test_arrays(void **state) {
    static const char *const heads[] = {"{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }",
                                        "{'descr': '<u2', 'fortran_order': False, 'shape': (5,), }",
                                        "{'descr': '<u4', 'fortran_order': False, 'shape': (5,), }"};
    const uint8_t bytes[] = {1, 2, 3, 4, 255};
    const uint16_t shorts[] = {1, 2, 3, 4, 65535};
    const uint32_t longs[] = {1, 2, 3, 4, UINT32_MAX};
    const void *const data[] = {bytes, shorts, longs};
    for (int type = MN_NPY_U1; type <= MN_NPY_U4; type++) {
        mn_npy_writer_t out;
        mn_npy_reader_t in;
        mn_err_t err;
        char *text;
        int64_t size, got;
        const char *path = in_folder("a.npy");
        assert_int_equal(mn_npy_open(&out, path, type, 0, &err), MN_OK);
        assert_int_equal(mn_npy_write(&out, data[type], 2, &err), MN_OK);
        assert_int_equal(mn_npy_write(&out, (const char *)data[type] + (2 << type), 3, &err), MN_OK);
        assert_false(mn_file_exists(path));
        assert_int_equal(mn_npy_commit(&out, &err), MN_OK);
        assert_int_equal(mn_file_read(path, 4096, &text, &size, &err), MN_OK);
        assert_int_equal(size, 128 + (5 << type));
        assert_memory_equal(text, "\x93NUMPY\1\0\x76\0", 10);
        assert_memory_equal(text + 10, heads[type], strlen(heads[type]));
        assert_int_equal(text[127], '\n');
        assert_memory_equal(text + 128, data[type], (size_t)5 << type);
        assert_true(mn_npy_is_array(path));
        uint32_t numbers[8];
        assert_int_equal(mn_npy_reader_open(&in, path, &err), MN_OK);
        assert_int_equal(mn_npy_read(&in, 3, numbers, &got, &err), MN_OK);
        assert_int_equal(got, 3);
        assert_int_equal(mn_npy_read(&in, 5, numbers + 3, &got, &err), MN_OK);
        assert_int_equal(got, 2);
        for (int i = 0; i < 4; i++) assert_int_equal(numbers[i], i + 1);
        assert_int_equal(numbers[4], type == MN_NPY_U1 ? 255 : type == MN_NPY_U2 ? 65535 : UINT32_MAX);
        mn_npy_reader_close(&in);
        /* cut short, or with a shape it cannot have */
        assert_int_equal(truncate(path, size - 1), 0);
        assert_int_equal(mn_npy_reader_open(&in, path, &err), MN_INPUT);
        memcpy(strstr(text + 10, "(5,)"), "(9,)", 4);
        FILE *file = fopen(path, "wb");
        fwrite(text, 1, (size_t)size, file);
        fclose(file);
        assert_int_equal(mn_npy_reader_open(&in, path, &err), MN_INPUT);
        mn_mem_free(text);
        unlink(path);
    }
    mn_npy_writer_t rows;
    mn_err_t err;
    assert_int_equal(mn_npy_open(&rows, "-", MN_NPY_F4, 3, &err), MN_USAGE);
    assert_int_equal(mn_npy_open(&rows, "/dev/null", MN_NPY_F4, 3, &err), MN_USAGE);
    const char *path = in_folder("rows.npy");
    const float two[6] = {0, 1, 2, 3, 4, 5};
    char *text, *table;
    int64_t size;
    assert_int_equal(mn_npy_open(&rows, path, MN_NPY_F4, 3, &err), MN_OK);
    assert_int_equal(mn_npy_write(&rows, two, 2, &err), MN_OK);
    assert_int_equal(mn_npy_commit(&rows, &err), MN_OK);
    assert_int_equal(mn_file_read(path, 4096, &text, &size, &err), MN_OK);
    assert_int_equal(size, 128 + 24);
    assert_non_null(strstr(text + 10, "'<f4', 'fortran_order': False, 'shape': (2, 3), }"));
    mn_mem_free(text);
    unlink(path);
    assert_int_equal(mn_npy_table_path("a/b.npy", &table, &err), MN_OK);
    assert_string_equal(table, "a/b.tsv");
    mn_mem_free(table);
    assert_int_equal(mn_npy_table_path("b.bin", &table, &err), MN_USAGE);
    assert_int_equal(mn_npy_table_path(".npy", &table, &err), MN_USAGE);
}

static int make_folder(void **state) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/mnemon-token-XXXXXX", base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state) {
    return rmdir(folder); /* fails where a test left something */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters), cmocka_unit_test(test_every_byte), cmocka_unit_test(test_complement),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_words),      cmocka_unit_test(test_streams),
        cmocka_unit_test(test_arrays),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
