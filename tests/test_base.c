/* test_base: sizes, files, random numbers, JSON, locks, threads, digests. */
#include "genomics/base/digest.h"
#include "genomics/base/fileio.h"
#include "genomics/base/json.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64]; /* of this test's files */

static const char *in_folder(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int count_files(void) {
    char command[128];
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    int n = -1;
    assert_int_equal(fscanf(pipe, "%d", &n), 1);
    pclose(pipe);
    return n;
}

static void test_err(void **state) {
    mn_err_t err;
    char line[1024];
    assert_int_equal(mn_err_set(&err, MN_INPUT, "a\n.fa", "fix it", "%d bases", 3), MN_INPUT);
    assert_string_equal(mn_err_line(&err, line, sizeof line), "a?.fa: 3 bases (fix it)");
    assert_int_equal(mn_err_set(&err, MN_IO, err.where, NULL, "%s", err.what), MN_IO); /* may read what it fills */
    assert_string_equal(mn_err_line(&err, line, sizeof line), "a?.fa: 3 bases");
    assert_int_equal(mn_err_set(NULL, MN_USAGE, NULL, NULL, "unseen"), MN_USAGE);
    assert_string_equal(mn_status_text(MN_DIVERGED), "training diverged");
}

static void test_sizes(void **state) {
    assert_int_equal(mn_mem_mul(INT64_MAX / 2, 2), INT64_MAX - 1);
    assert_int_equal(mn_mem_mul(INT64_MAX / 2 + 1, 2), -1);
    assert_int_equal(mn_mem_mul((int64_t)1 << 32, (int64_t)1 << 31), -1);
    assert_int_equal(mn_mem_mul(-1, 0), -1);
    assert_int_equal(mn_mem_mul(0, INT64_MAX), 0);
    assert_int_equal(mn_mem_add(INT64_MAX, 1), -1);
    assert_int_equal(mn_mem_add(-1, 5), -1);
    void *ptr = &ptr;
    mn_err_t err;
    assert_int_equal(mn_mem_new(&ptr, (int64_t)1 << 40, (int64_t)1 << 40, &err), MN_FAILED);
    assert_null(ptr);
    assert_int_equal(mn_mem_new(&ptr, -1, 1, &err), MN_FAILED);
    assert_int_equal(mn_mem_new(&ptr, INT64_MAX, 1, &err), MN_FAILED);
}

static void test_blocks(void **state) {
    void *ptr = NULL;
    int64_t cap = 0;
    for (int64_t i = 0; i < 1000; i++) {
        assert_int_equal(mn_mem_reserve(&ptr, &cap, i + 1, sizeof i, NULL), MN_OK);
        ((int64_t *)ptr)[i] = i;
    }
    assert_int_equal((uintptr_t)ptr % 64, 0);
    for (int64_t i = 0; i < 1000; i++) assert_int_equal(((int64_t *)ptr)[i], i);
    for (int64_t i = 1000; i < cap; i++) assert_int_equal(((int64_t *)ptr)[i], 0);
    assert_int_equal(mn_mem_resize(&ptr, cap, INT64_MAX / 4, sizeof cap, NULL), MN_FAILED);
    assert_int_equal(((int64_t *)ptr)[999], 999); /* still valid */
    mn_mem_free(ptr);
    assert_int_equal(mn_mem_new(&ptr, 0, 8, NULL), MN_OK);
    assert_non_null(ptr);
    mn_mem_free(ptr);
    assert_true(mn_mem_available() > 1 << 20 && mn_mem_peak() > 1 << 16);
}

static int64_t lay_out(mn_arena_t *arena) {
    char *first = mn_arena_take(arena, 3, 1), *second = mn_arena_take(arena, 100, 8);
    if (arena->base) assert_int_equal(second - first, 64);
    return arena->peak;
}

static void test_arena(void **state) {
    mn_arena_t arena = {0};
    arena.size = lay_out(&arena);
    assert_int_equal(arena.size, 64 + 832);
    void *base;
    assert_int_equal(mn_mem_new(&base, arena.size, 1, NULL), MN_OK);
    arena = (mn_arena_t){.base = base, .size = arena.size};
    assert_int_equal(lay_out(&arena), arena.size);
    mn_mem_free(base);
}

static void write_text(const char *path, const char *text) {
    mn_writer_t writer;
    assert_int_equal(mn_writer_open(&writer, path, NULL), MN_OK);
    fputs(text, writer.file);
    assert_int_equal(mn_writer_commit(&writer, NULL), MN_OK);
}

static void test_writer(void **state) {
    char path[128], *text;
    snprintf(path, sizeof path, "%s", in_folder("out"));
    int64_t size;
    mn_writer_t writer;
    mn_err_t err;
    int before = count_files();
    assert_int_equal(mn_writer_open(&writer, path, &err), MN_OK);
    fputs("half", writer.file);
    mn_writer_drop(&writer);
    assert_int_equal(count_files(), before); /* nothing is left */
    write_text(path, "first");
    assert_int_equal(mn_writer_open(&writer, path, &err), MN_OK);
    fputs("second", writer.file);
    assert_int_equal(mn_file_read(path, 100, &text, &size, &err), MN_OK);
    assert_string_equal(text, "first"); /* until the commit */
    mn_mem_free(text);
    assert_int_equal(mn_writer_commit(&writer, &err), MN_OK);
    mn_writer_drop(&writer);
    assert_int_equal(mn_file_read(path, 6, &text, &size, &err), MN_OK);
    assert_string_equal(text, "second");
    assert_int_equal(size, 6);
    mn_mem_free(text);
    assert_int_equal(count_files(), before + 1);
    assert_int_equal(mn_file_read(path, 5, &text, &size, &err), MN_INPUT); /* over the cap */
    assert_null(text);
    assert_int_equal(mn_writer_open(&writer, in_folder("no/such/folder"), &err), MN_IO);
    assert_int_equal(mn_writer_open(&writer, folder, &err), MN_IO);

    assert_int_equal(mn_writer_open(&writer, path, &err), MN_OK);
    mn_writer_drop_all(); /* as a signal would */
    assert_int_equal(count_files(), before + 1);
    assert_int_equal(mn_writer_commit(&writer, &err), MN_IO); /* and the file is as it was */
    unlink(path);
}

static void test_full_disk(void **state) {
    mn_writer_t writer;
    mn_err_t err;
    assert_int_equal(mn_writer_open(&writer, "/dev/full", &err), MN_OK);
    for (int i = 0; i < 100000; i++) fputs("ACGT", writer.file);
    assert_int_equal(mn_writer_commit(&writer, &err), MN_IO);
    assert_non_null(strstr(err.what, "No space left"));
    assert_string_equal(err.where, "/dev/full");
    assert_true(mn_file_exists("/dev/full"));
}

static void test_link(void **state) {
    char target[128], link[128];
    snprintf(target, sizeof target, "%s", in_folder("target"));
    snprintf(link, sizeof link, "%s", in_folder("link"));
    write_text(target, "old");
    assert_int_equal(symlink("target", link), 0);
    write_text(link, "new");
    char *text;
    int64_t size;
    assert_int_equal(mn_file_read(target, 10, &text, &size, NULL), MN_OK);
    assert_string_equal(text, "new");
    mn_mem_free(text);
    unlink(link);
    unlink(target);
}

static void test_lock(void **state) {
    mn_lock_t first, second;
    mn_err_t err;
    const char *path = in_folder("model");
    assert_int_equal(mn_lock_take(&first, path, &err), MN_OK);
    assert_int_equal(mn_lock_take(&second, path, &err), MN_IO);
    assert_non_null(strstr(err.what, "another run"));
    mn_lock_release(&second);
    mn_lock_release(&first);
    assert_int_equal(mn_lock_take(&second, path, &err), MN_OK);
    mn_lock_release(&second);
    assert_int_equal(count_files(), 0);
}

static void test_paths(void **state) {
    assert_string_equal(mn_path_base("a/b.fa"), "b.fa");
    assert_string_equal(mn_path_base("b.fa"), "b.fa");
    assert_true(mn_path_is_url("https://x/y.fa") && mn_path_is_url("s3://b/k") && mn_path_is_url("file:///etc"));
    assert_false(mn_path_is_url("a/b://c") || mn_path_is_url("C=x.fa") || mn_path_is_url("-") || mn_path_is_url(""));
}

static void test_rng(void **state) {
    enum { N = 10 };
    static const int64_t expected[N] = {1, 0, 2, 3, 9, 6, 7, 4, 8, 5};
    int64_t order[N], other[N], seen = 0;
    mn_rng_permute(mn_rng(1, MN_RNG_ORDER, 2, 3), order, N);
    for (int i = 0; i < N; i++) seen |= (int64_t)1 << order[i];
    assert_int_equal(seen, (1 << N) - 1);
    assert_memory_equal(order, expected, sizeof order); /* a resumed run on another machine sees the same */
    for (int part = 0; part < 4; part++) {
        mn_rng_t rng =
            mn_rng(1 + (part == 0), part == 1 ? MN_RNG_FOLD : MN_RNG_ORDER, 2 + (part == 2), 3 + (part == 3));
        mn_rng_permute(rng, other, N);
        assert_memory_not_equal(order, other, sizeof order);
    }
    mn_rng_t rng = mn_rng(7, MN_RNG_TEST, 0, 0);
    int64_t counts[6] = {0};
    double sum = 0, squares = 0, mean = 0;
    for (int i = 0; i < 60000; i++) {
        double z = mn_rng_normal(&rng), u = mn_rng_uniform(&rng);
        assert_true(u >= 0 && u < 1);
        counts[mn_rng_below(&rng, 6)]++;
        sum += z;
        squares += z * z;
        mean += u;
    }
    for (int i = 0; i < 6; i++) assert_true(labs(counts[i] - 10000) < 500); /* five standard deviations */
    assert_true(sum * sum < 25 * 60000.0 && squares > 58000 && squares < 62000);
    assert_true(mean > 29600 && mean < 30400);
    assert_int_equal(mn_rng_below(&rng, 1), 0);
}

static bool parses(const char *text) {
    mn_json_t *json = NULL;
    mn_err_t err;
    bool good = !mn_json_parse(text, strlen(text), "test", &json, &err);
    mn_json_free(json);
    return good;
}

static void test_json_strict(void **state) {
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"a\":1,\"a\":2}",
                                      "[1,]",
                                      "{\"a\":NaN}",
                                      "[1] x",
                                      "[1e999]",
                                      "['a']",
                                      "[99999999999999999999]",
                                      "[\"\xff\"]",
                                      "[01]",
                                      "{a:1}",
                                      "[\"\\u0000\"]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parses(bad[i])) fail_msg("accepted: %s", bad[i]);
    assert_true(parses(" {\"a\": [1, 2.5, null, true, \"\\u00e9\"]} "));
    char *deep = malloc(200001);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    assert_false(parses(deep));
    free(deep);
}

static void test_json_text(void **state) {
    mn_json_t *json = mn_json_object(), *list = mn_json_array();
    mn_json_set_real(json, "tenth", 0.1);
    mn_json_set_real(json, "whole", 3);
    mn_json_set_real(json, "third", 1.0 / 3);
    mn_json_set_real(json, "none", (double)NAN);
    mn_json_set_int(json, "big", INT64_MIN);
    mn_json_set_string(json, "text", "a\"\\\n\x01z");
    mn_json_set_string(json, "latin", "caf\xe9");
    mn_json_set_string(list, NULL, "x");
    mn_json_set_bool(list, NULL, true);
    mn_json_set(json, "list", list);
    char *text = mn_json_text(json, false);
    assert_string_equal(text, "{\"tenth\":0.1,\"whole\":3.0,\"third\":0.3333333333333333,\"none\":null,"
                              "\"big\":-9223372036854775808,\"text\":\"a\\\"\\\\\\n\\u0001z\",\"latin\":\"caf?\","
                              "\"list\":[\"x\",true]}");
    mn_json_t *back;
    assert_int_equal(mn_json_parse(text, strlen(text), "test", &back, NULL), MN_OK);
    double third;
    int64_t whole, big;
    bool yes;
    assert_true(mn_json_get_real(back, "third", &third) && third == 1.0 / 3);
    assert_true(mn_json_get_int(back, "whole", &whole) && whole == 3);
    assert_true(mn_json_get_int(back, "big", &big) && big == INT64_MIN);
    assert_false(mn_json_get_int(back, "third", &whole) || mn_json_get_int(back, "absent", &whole) ||
                 mn_json_get_bool(back, "big", &yes));
    assert_string_equal(mn_json_get_string(back, "text"), "a\"\\\n\x01z");
    assert_int_equal(mn_json_count(mn_json_get(back, "list")), 2);
    mn_mem_free(text);
    text = mn_json_text(mn_json_get(back, "list"), true);
    assert_string_equal(text, "[\n  \"x\",\n  true\n]");
    mn_mem_free(text);
    mn_json_free(back);
    mn_json_free(json);
}

static void test_digest(void **state) {
    /* XXH3-128 of nothing, as xxhash's own tests have it. */
    assert_string_equal(mn_digest_bytes("", 0).hex, "99aa06d3014798d86001c324468d497f");
    mn_digest_t digest;
    write_text(in_folder("out"), "ACGT");
    assert_int_equal(mn_digest_file(in_folder("out"), &digest, NULL), MN_OK);
    assert_string_equal(digest.hex, mn_digest_bytes("ACGT", 4).hex);
    unlink(in_folder("out"));
    assert_int_equal(mn_digest_file(in_folder("out"), &digest, NULL), MN_INPUT);
    assert_int_equal(mn_digest_file("-", &digest, NULL), MN_OK);
    assert_string_equal(digest.hex, "");
    assert_true(mn_digest_hash("ACGT", 4, 1) != mn_digest_hash("ACGT", 4, 2));
}

typedef struct tally {
    int done[1000], threads[1000], nested[1000][3];
} tally_t;

static void note_nested(void *ctx, int64_t i) {
    ((int *)ctx)[i] = mn_par_thread() + 1;
}

static void note_task(void *ctx, int64_t i) {
    tally_t *tally = ctx;
    tally->done[i]++;
    tally->threads[i] = mn_par_thread();
    mn_par_for(3, note_nested, tally->nested[i]);
}

static void test_par(void **state) {
    assert_true(mn_par_default_threads() >= 1 && mn_par_default_threads() <= 2); /* OMP_NUM_THREADS of the tests is 2 */
    for (int threads = 1; threads <= 3; threads++) {
        static tally_t tally;
        memset(&tally, 0, sizeof tally);
        mn_par_set_threads(threads);
        assert_int_equal(mn_par_threads(), threads);
        mn_par_for(1000, note_task, &tally);
        for (int i = 0; i < 1000; i++) {
            assert_int_equal(tally.done[i], 1);
            assert_in_range(tally.threads[i], 0, threads - 1);
            for (int k = 0; k < 3; k++)
                assert_int_equal(tally.nested[i][k], tally.threads[i] + 1); /* in its own thread */
        }
    }
    mn_par_for(0, note_task, NULL);
}

static int make_folder(void **state) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/mnemon-base-XXXXXX", base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state) {
    return rmdir(folder); /* fails where a test left something */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err),    cmocka_unit_test(test_sizes),       cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_arena),  cmocka_unit_test(test_writer),      cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_link),   cmocka_unit_test(test_lock),        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_rng),    cmocka_unit_test(test_json_strict), cmocka_unit_test(test_json_text),
        cmocka_unit_test(test_digest), cmocka_unit_test(test_par),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
