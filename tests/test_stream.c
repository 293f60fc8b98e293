/* test_stream: the files of states and memories: round trips, attacks, and what given and frozen memories do. */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "titans/safetensors.h"
#include "titans/stream_file.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LENGTH = 157, VOCAB = 9 };

static char file_path[64]; /* the one file that these tests write */
static int32_t ids[LENGTH];
static mn_err_t err;

static void assert_done(mn_status_t status) {
    char line[1024];
    if (status) fail_msg("%s", mn_err_line(&err, line, sizeof line));
}

static mn_model_t *make_model(int arch, uint64_t seed) {
    mn_config_t config;
    mn_model_t *model;
    assert_true(mn_config_preset("tiny", &config));
    config.words = 3;
    config.dim = 8;
    config.ffn = 16;
    config.chunk = 5;
    config.segment = 10;
    config.window = 23;
    config.arch = arch;
    assert_done(mn_model_new(&config, &model, &err));
    mn_model_init(model, seed);
    const mn_param_t *words = mn_model_param(model, "words.weight"); /* that begin at 0 */
    mn_rng_t rng = mn_rng(3, MN_RNG_TEST, 1, 0);
    for (int64_t i = 0; i < words->size; i++) model->block[words->offset + i] = (mn_real_t)mn_rng_normal(&rng);
    return model;
}

/* A model with a stream in it. */
typedef struct fixture {
    mn_model_t *model;
    mn_work_t *work;
    mn_state_t *state;
    mn_real_t *memories;
} fixture_t;

static fixture_t make_fixture(int arch, uint64_t seed) {
    fixture_t f = {.model = make_model(arch, seed)};
    assert_done(mn_work_new(f.model, 0, &f.work, &err));
    assert_done(mn_state_new(f.model, &f.state, &err));
    assert_done(mn_mem_new((void **)&f.memories, mn_memories_size(f.model), sizeof *f.memories, &err));
    return f;
}

static void done_fixture(fixture_t *f) {
    mn_mem_free(f->memories);
    mn_state_free(f->state);
    mn_work_free(f->work);
    mn_model_free(f->model);
}

/* Reads ids[from .. to) after the state and tells their losses and what the memories then hold. */
static void read_ids(fixture_t *f, mn_state_t *state, int64_t from, int64_t to, float *nats) {
    const mn_sample_t sample = {.ids = ids + from, .length = to - from, .state = state};
    mn_output_t output = {.nats = nats, .next = to < LENGTH ? ids[to] : -1, .memories = f->memories};
    assert_done(mn_model_forward(f->model, f->work, &sample, 1, &output, &err));
}

static void check_state(int arch) {
    fixture_t f = make_fixture(arch, 1);
    mn_state_t *again;
    float whole[LENGTH], rest[LENGTH];
    assert_done(mn_state_new(f.model, &again, &err));
    read_ids(&f, NULL, 0, LENGTH, whole);
    for (int64_t cut = 1, done = 0; cut < LENGTH; done = cut, cut += 26) {
        int32_t next = -7;
        read_ids(&f, f.state, done, cut, rest);
        assert_done(mn_state_save(file_path, f.model, f.state, ids[cut], &err));
        assert_done(mn_state_load(file_path, f.model, again, &next, &err));
        assert_int_equal(next, ids[cut]);
        read_ids(&f, again, cut, LENGTH, rest);
        assert_memory_equal(whole + cut, rest, (size_t)(LENGTH - cut) * sizeof *rest);
    }
    mn_state_free(again);
    done_fixture(&f);
}

/* However a stream was cut, its state is the same to the bit. */
static void check_cuts(int arch) {
    fixture_t f = make_fixture(arch, 1);
    mn_state_t *other;
    float nats[LENGTH];
    const int64_t n = mn_memories_size(f.model);
    mn_real_t *memories;
    assert_done(mn_state_new(f.model, &other, &err));
    assert_done(mn_mem_new((void **)&memories, n, sizeof *memories, &err));
    read_ids(&f, f.state, 0, LENGTH - 1, nats);
    memcpy(memories, f.memories, (size_t)n * sizeof *memories);
    for (int64_t at = 0, part = 1; at < LENGTH - 1; at += part, part = at % 23 + 1) {
        if (part > LENGTH - 1 - at) part = LENGTH - 1 - at;
        read_ids(&f, other, at, at + part, nats);
    }
    assert_memory_equal(mn_state_block(f.state), mn_state_block(other),
                        (size_t)mn_state_size(f.model) * sizeof(mn_real_t));
    assert_memory_equal(memories, f.memories, (size_t)n * sizeof *memories);
    mn_mem_free(memories);
    mn_state_free(other);
    done_fixture(&f);
}

/* Saved and loaded, the learned memories give what no memories give; others do not; they are named W and S. */
static void check_memory(int arch) {
    fixture_t f = make_fixture(arch, 1);
    const int64_t n = mn_memories_size(f.model);
    mn_real_t *given;
    float learned[LENGTH], nats[LENGTH];
    assert_done(mn_mem_new((void **)&given, n, sizeof *given, &err));
    mn_work_remember(f.work, NULL, true);
    read_ids(&f, NULL, 0, LENGTH, nats); /* frozen: the learned memories come out */
    assert_done(mn_memories_save(file_path, f.model, f.memories, &err));
    mn_work_remember(f.work, NULL, false);
    read_ids(&f, NULL, 0, LENGTH, learned);
    assert_memory_not_equal(nats, learned, sizeof nats);

    mn_tensors_t tensors;
    assert_done(mn_tensors_load(file_path, &tensors, &err));
    for (int64_t i = 0; i < tensors.count; i++) {
        const mn_tensor_t *tensor = &tensors.items[i];
        const mn_param_t *param = mn_model_param(f.model, tensor->name);
        mn_real_t *numbers;
        assert_done(mn_mem_new((void **)&numbers, tensor->count, sizeof *numbers, &err));
        assert_true(mn_tensor_reals(tensor, numbers));
        if (param) {
            assert_memory_equal(tensor->shape, param->shape, sizeof param->shape);
            assert_memory_equal(numbers, f.model->block + param->offset, (size_t)param->size * sizeof *numbers);
        } else {
            assert_non_null(strstr(tensor->name, "mixer.s"));
            for (int64_t k = 0; k < tensor->count; k++) assert_true(numbers[k] == 0);
        }
        mn_mem_free(numbers);
    }
    assert_int_equal(tensors.count, f.model->config.layers * f.model->config.memory.depth * 2);
    mn_tensors_free(&tensors);

    assert_done(mn_memories_load(file_path, f.model, given, &err));
    mn_work_remember(f.work, given, false);
    read_ids(&f, NULL, 0, LENGTH, nats);
    assert_memory_equal(nats, learned, sizeof nats);
    assert_done(mn_memories_save(file_path, f.model, f.memories, &err)); /* what they became */
    assert_done(mn_memories_load(file_path, f.model, given, &err));
    assert_memory_equal(given, f.memories, (size_t)n * sizeof *given);
    read_ids(&f, NULL, 0, LENGTH, nats);
    assert_memory_not_equal(nats, learned, sizeof nats);
    mn_mem_free(given);
    done_fixture(&f);
}

static void for_each_arch(void (*check)(int arch)) {
    for (int arch = MN_ARCH_LMM; arch <= MN_ARCH_MAC; arch++) check(arch);
}

static void test_state(void **state) {
    for_each_arch(check_state);
}

static void test_cuts(void **state) {
    for_each_arch(check_cuts);
}

static void test_memory(void **state) {
    for_each_arch(check_memory);
}

/* ---- attacks */

static void write_bytes(const char *data, int64_t size) {
    FILE *file = fopen(file_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, (size_t)size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Refused as what it was and as what it was not, with nothing changed. */
static void assert_refused(fixture_t *f) {
    const size_t block = (size_t)mn_state_size(f->model) * sizeof(mn_real_t),
                 memories = (size_t)mn_memories_size(f->model) * sizeof(mn_real_t);
    char *before = malloc(block + memories);
    const int64_t position = *mn_state_position(f->state);
    int32_t next = -7;
    memcpy(before, mn_state_block(f->state), block);
    memcpy(before + block, f->memories, memories);
    assert_int_equal(mn_state_load(file_path, f->model, f->state, &next, &err), MN_MODEL);
    assert_int_equal(mn_memories_load(file_path, f->model, f->memories, &err), MN_MODEL);
    assert_string_not_equal(err.what, "");
    assert_memory_equal(before, mn_state_block(f->state), block);
    assert_memory_equal(before + block, f->memories, memories);
    assert_true(next == -7 && *mn_state_position(f->state) == position);
    free(before);
}

static void test_damage(void **state) {
    fixture_t f = make_fixture(MN_ARCH_LMM, 1);
    float nats[LENGTH];
    read_ids(&f, f.state, 0, LENGTH, nats);
    for (int memory = 0; memory < 2; memory++) {
        char *data;
        int64_t size;
        if (memory)
            assert_done(mn_memories_save(file_path, f.model, f.memories, &err));
        else
            assert_done(mn_state_save(file_path, f.model, f.state, 3, &err));
        assert_done(mn_file_read(file_path, 1 << 20, &data, &size, &err));
        for (int64_t cut = 0; cut < size; cut += cut < 1500 ? 1 : 37) {
            write_bytes(data, cut);
            assert_refused(&f);
        }
        for (int64_t bit = 0; bit < 8 * size; bit += bit < 8 * 300 ? 1 : 131) {
            data[bit / 8] ^= (char)(1 << bit % 8);
            write_bytes(data, size);
            assert_refused(&f);
            data[bit / 8] ^= (char)(1 << bit % 8);
        }
        mn_mem_free(data);
    }
    done_fixture(&f);
}

static void test_other_model(void **state) {
    fixture_t f = make_fixture(MN_ARCH_LMM, 1), other = make_fixture(MN_ARCH_LMM, 2);
    float nats[LENGTH];
    int32_t next;
    read_ids(&f, f.state, 0, LENGTH, nats);
    assert_done(mn_state_save(file_path, f.model, f.state, -1, &err));
    assert_refused(&other);
    f.model->config.memory.theta_max += 1; /* the same weights used otherwise: another model as well */
    assert_int_equal(mn_state_load(file_path, f.model, f.state, &next, &err), MN_MODEL);
    assert_non_null(strstr(err.what, "another model"));
    f.model->config.memory.theta_max -= 1;
    assert_done(mn_state_load(file_path, f.model, f.state, &next, &err));
    assert_int_equal(next, -1);
    assert_done(mn_memories_save(file_path, f.model, f.memories, &err));
    assert_refused(&other);
    done_fixture(&other);
    done_fixture(&f);
}

static mn_json_t *copy_metadata(const mn_tensors_t *tensors) {
    mn_json_t *copy = mn_json_object();
    const char *key;
    const mn_json_t *value;
    for (void *iter = NULL; mn_json_next(tensors->metadata, &iter, &key, &value);)
        if (strncmp(key, "xxh3", 4)) mn_json_set_string(copy, key, mn_json_string(value));
    return copy;
}

/* Files with right digests and wrong content. */
static void test_content(void **state) {
    static const struct {
        const char *key, *value;
    } wrong[] = {{"kind", "model"},
                 {"version", "2"},
                 {"model", "0123"},
                 {"position", "-1"},
                 {"position", "1x"},
                 {"position", ""},
                 {"next", "9"},
                 {"next", "-2"},
                 {"next", "1e3"},
                 {"position", "16"}, /* within the persistent rows */
                 {"position", "9999999999999999999999"},
                 {"position", "1152921504606846977"}};
    fixture_t f = make_fixture(MN_ARCH_LMM, 1);
    mn_tensors_t tensors;
    assert_done(mn_state_save(file_path, f.model, f.state, 3, &err));
    assert_done(mn_tensors_load(file_path, &tensors, &err));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        mn_json_t *metadata = copy_metadata(&tensors);
        mn_json_set_string(metadata, wrong[i].key, wrong[i].value);
        assert_done(mn_tensors_save(file_path, tensors.items, tensors.count, metadata, &err));
        mn_json_free(metadata);
        assert_refused(&f);
    }
    mn_json_t *metadata = copy_metadata(&tensors);
    mn_real_t *numbers;
    const int64_t n = mn_state_size(f.model);
    assert_done(mn_mem_new((void **)&numbers, n + 1, sizeof *numbers, &err));
    mn_tensor_t items[2] = {tensors.items[0], {.name = "more", .dtype = MN_REAL_DTYPE, .count = 1, .data = numbers}};
    items[0].data = numbers;
    assert_done(mn_tensors_save(file_path, items, 2, metadata, &err));
    assert_refused(&f);
    items[0].shape[0] = items[0].count = n + 1;
    assert_done(mn_tensors_save(file_path, items, 1, metadata, &err));
    assert_refused(&f);
    items[0].shape[0] = items[0].count = n;
    numbers[n / 2] = (mn_real_t)NAN;
    assert_done(mn_tensors_save(file_path, items, 1, metadata, &err));
    assert_refused(&f);
    assert_non_null(strstr(err.what, "expected a memory"));
    mn_state_block(f.state)[3] = (mn_real_t)INFINITY;
    assert_int_equal(mn_state_save(file_path, f.model, f.state, 3, &err), MN_DIVERGED);
    mn_mem_free(numbers);
    mn_json_free(metadata);
    mn_tensors_free(&tensors);
    done_fixture(&f);
}

static int begin(void **state) {
    const char *base = getenv("TMPDIR");
    for (int64_t i = 0; i < LENGTH; i++) ids[i] = i ? (int32_t)((i * i / 7 + i / 3) % 4) : 6;
    snprintf(file_path, sizeof file_path, "%.30s/mnemon-XXXXXX", base ? base : "/tmp");
    int fd = mkstemp(file_path);
    return fd < 0 || close(fd);
}

static int end(void **state) {
    return unlink(file_path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state),  cmocka_unit_test(test_cuts),        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_damage), cmocka_unit_test(test_other_model), cmocka_unit_test(test_content),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
