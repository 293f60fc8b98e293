/* test_safetensors: the format and attacks on it, model files and checkpoints, and the config inside them. */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "titans/checkpoint.h"
#include "titans/safetensors.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char file_path[64]; /* the one file that these tests write */

static mn_err_t err;

static void assert_done(mn_status_t status) {
    char line[1024];
    if (status) fail_msg("%s", mn_err_line(&err, line, sizeof line));
}

/* ---- the format */

static void test_round_trip(void **state) {
    static const float singles[2][3] = {{1, -0.0f, 1e-40f}, {3.5f, 1e38f, -2}};
    static const double doubles[] = {0.1};
    static const int64_t ints[] = {INT64_MIN, INT64_MAX};
    static const uint8_t bytes[] = {0, 128, 255};
    const mn_tensor_t items[] = {
        {.name = "z", .dtype = MN_F32, .rank = 2, .shape = {2, 3}, .count = 6, .data = singles},
        {.name = "scalar", .dtype = MN_F64, .count = 1, .data = doubles},
        {.name = "none", .dtype = MN_F64, .rank = 2, .shape = {0, 7}, .data = doubles},
        {.name = "i", .dtype = MN_I64, .rank = 1, .shape = {2}, .count = 2, .data = ints},
        {.name = "b\"\\", .dtype = MN_U8, .rank = 3, .shape = {3, 1, 1}, .count = 3, .data = bytes}};
    mn_json_t *metadata = mn_json_object();
    mn_json_set_string(metadata, "note", "\"xxh3_header\":\"not the one");
    assert_done(mn_tensors_save(file_path, items, 5, metadata, &err));
    mn_json_free(metadata);
    char *data;
    int64_t size;
    assert_done(mn_file_read(file_path, 1 << 20, &data, &size, &err));
    for (int from_memory = 0; from_memory < 2; from_memory++) {
        mn_tensors_t back;
        if (from_memory)
            assert_done(mn_tensors_parse(data, size, "memory", &back, &err));
        else
            assert_done(mn_tensors_load(file_path, &back, &err));
        assert_int_equal(back.count, 5);
        assert_true(back.digested);
        assert_string_equal(mn_tensors_meta(&back, "note"), "\"xxh3_header\":\"not the one");
        assert_null(mn_tensors_get(&back, "zz"));
        for (int i = 0; i < 5; i++) {
            const mn_tensor_t *tensor = mn_tensors_get(&back, items[i].name);
            assert_non_null(tensor);
            assert_int_equal(tensor->rank, items[i].rank);
            assert_memory_equal(tensor->shape, items[i].shape, sizeof tensor->shape);
            assert_int_equal(tensor->count, items[i].count);
        }
        mn_real_t reals[6];
        int64_t whole[3];
        assert_true(mn_tensor_reals(mn_tensors_get(&back, "z"), reals));
        for (int i = 0; i < 6; i++) assert_true(reals[i] == (mn_real_t)singles[i / 3][i % 3]);
        assert_true(mn_tensor_reals(mn_tensors_get(&back, "scalar"), reals) && reals[0] == (mn_real_t)0.1);
        assert_true(mn_tensor_ints(mn_tensors_get(&back, "i"), whole) && !memcmp(whole, ints, sizeof ints));
        assert_true(mn_tensor_ints(mn_tensors_get(&back, "b\"\\"), whole) && whole[1] == 128 && whole[2] == 255);
        assert_false(mn_tensor_ints(mn_tensors_get(&back, "z"), whole));
        assert_false(mn_tensor_reals(mn_tensors_get(&back, "i"), reals));
        mn_tensors_free(&back);
    }
    mn_mem_free(data);
}

static void test_golden(void **state) {
    static const char *const names[] = {"memory-depth1", "memory-depth4-paper", "model-lmm", "model-mac"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "tests/golden/%s.safetensors", names[i]);
        mn_tensors_t tensors;
        assert_done(mn_tensors_load(path, &tensors, &err));
        assert_true(tensors.count > 20 && !tensors.digested);
        assert_non_null(mn_tensors_meta(&tensors, "float32_error"));
        if (!strncmp(names[i], "model", 5)) {
            const char *text = mn_tensors_meta(&tensors, "config");
            mn_json_t *json;
            mn_config_t config;
            assert_done(mn_json_parse(text, strlen(text), path, &json, &err));
            assert_done(mn_config_from_json(json, path, &config, &err));
            int64_t held = 0; /* the count of parameters is right for every backbone */
            for (int64_t k = 0; k < tensors.count; k++)
                if (!strncmp(tensors.items[k].name, "param.", 6)) held += tensors.items[k].count;
            assert_int_equal(mn_config_parameters(&config), held);
            mn_json_free(json);
        }
        mn_tensors_free(&tensors);
    }
}

/* The file of a header and a payload of zeros, parsed from memory of just that size. */
static mn_status_t parse(const char *header, uint64_t length, int64_t payload) {
    int64_t size = 8 + (int64_t)strlen(header) + payload;
    char *data = calloc(1, (size_t)size);
    for (int i = 0; i < 8; i++) data[i] = (char)(length >> 8 * i);
    memcpy(data + 8, header, strlen(header));
    mn_tensors_t tensors;
    mn_status_t status = mn_tensors_parse(data, size, "attack", &tensors, &err);
    if (!status) mn_tensors_free(&tensors);
    free(data);
    return status;
}

#define TENSOR(name, type, shape, begin, end)                                                                          \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static void test_attacks(void **state) {
    static const struct {
        const char *header, *says;
        int64_t payload;
    } attacks[] = {
        {"", "header", 0},
        {"[]", "header", 0},
        {" {}", "header", 0},
        {"{", "JSON", 0},
        {"{} x", "JSON", 0},
        {"{}", "length", 1},
        {"{\"a\":1}", "described", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", "described", 4},
        {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("a", "F32", "[1]", 4, 8) "}", "duplicate", 8},
        {"{" TENSOR("a", "F32", "[2]", 0, 8) "," TENSOR("b", "F32", "[1]", 4, 8) "}", "overlaps", 8},
        {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("b", "F32", "[1]", 0, 4) "}", "overlaps", 4},
        {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("b", "F32", "[1]", 8, 12) "}", "gap", 12},
        {"{" TENSOR("a", "F32", "[1]", 4, 8) "}", "gap", 8},
        {"{" TENSOR("a", "F32", "[1]", 0, 4) "}", "length", 8},
        {"{" TENSOR("a", "F32", "[1]", 0, 4) "}", "outside", 3},
        {"{" TENSOR("a", "F32", "[1]", 4, 0) "}", "outside", 4},
        {"{" TENSOR("a", "F32", "[1]", -4, 0) "}", "outside", 4},
        {"{" TENSOR("a", "F32", "[1]", 0, 9223372036854775807) "}", "outside", 4},
        {"{" TENSOR("a", "F32", "[2]", 0, 4) "}", "shape", 4},
        {"{" TENSOR("a", "F32", "[-1]", 0, 4) "}", "dimension", 4},
        {"{" TENSOR("a", "F32", "[1.5]", 0, 4) "}", "dimension", 4},
        {"{" TENSOR("a", "F32", "[\"1\"]", 0, 4) "}", "dimension", 4},
        {"{" TENSOR("a", "F32", "[4294967296,4294967296,4294967296]", 0, 4) "}", "counted", 4},
        {"{" TENSOR("a", "F64", "[2305843009213693952]", 0, 8) "}", "counted", 8},
        {"{" TENSOR("a", "F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", "dimensions", 4},
        {"{" TENSOR("a", "F16", "[2]", 0, 4) "}", "dtype", 4},
        {"{" TENSOR("a", "", "[2]", 0, 4) "}", "dtype", 4},
        {"{\"__metadata__\":[]}", "metadata", 0},
        {"{\"__metadata__\":{\"a\":1}}", "metadata", 0},
        {"{\"__metadata__\":{\"xxh3_header\":\"00000000000000000000000000000000\"}}", "digest", 0},
    };
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        mn_status_t status = parse(attacks[i].header, strlen(attacks[i].header), attacks[i].payload);
        if (status != MN_MODEL || !strstr(err.what, attacks[i].says))
            fail_msg("%s: %d %s", attacks[i].header, status, err.what);
    }
    static const uint64_t lengths[] = {3, 1 << 24, (uint64_t)1 << 31, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_int_equal(parse("{}", lengths[i], 0), MN_MODEL);
        assert_non_null(strstr(err.what, "shorter than its header says"));
    }
    static const char padded[] = "{" TENSOR("a", "F32", "[1]", 0, 4) "}  ";
    assert_int_equal(parse(padded, sizeof padded - 1, 4), MN_OK);
    mn_tensors_t tensors;
    assert_int_equal(mn_tensors_load("no/such/file", &tensors, &err), MN_INPUT);
    assert_int_equal(mn_tensors_load("tests", &tensors, &err), MN_MODEL);
}

/* ---- model files */

static mn_config_t tiny_config(void) {
    mn_config_t config;
    assert_true(mn_config_preset("tiny", &config));
    config.dim = 2;
    config.heads = config.attn_heads = config.layers = config.ffn = config.persistent = 1;
    config.conv = 2;
    config.memory.expansion = 1;
    config.classes = 2;
    return config;
}

static mn_model_t *new_model(mn_config_t config) {
    mn_model_t *model;
    assert_done(mn_model_new(&config, &model, &err));
    mn_model_init(model, 5);
    return model;
}

static char *labels[] = {"no", "yes \xc3\xa9\"\\"};

static mn_model_info_t make_info(void) {
    return (mn_model_info_t){
        .tokenizer = "nucleotide", .command = "mnemon finetune --steps 2", .labels = labels, .n_labels = 2};
}

static void assert_info(const mn_model_info_t *info) {
    assert_string_equal(info->tokenizer, "nucleotide");
    assert_string_equal(info->command, "mnemon finetune --steps 2");
    assert_int_equal(info->n_labels, 2);
    for (int i = 0; i < 2; i++) assert_string_equal(info->labels[i], labels[i]);
}

/* A saved model's bytes. Owner: the caller. */
static char *make_file(int64_t *size) {
    mn_model_t *model = new_model(tiny_config());
    mn_model_info_t info = make_info();
    char *data;
    assert_done(mn_model_save(file_path, model, &info, &err));
    mn_model_free(model);
    assert_done(mn_file_read(file_path, 1 << 20, &data, size, &err));
    return data;
}

static void test_model(void **state) {
    mn_model_t *model = new_model(tiny_config()), *back;
    mn_model_info_t info = make_info(), read;
    info.extra = mn_json_object();
    mn_json_set_real(info.extra, "accuracy", 0.75);
    assert_done(mn_model_save(file_path, model, &info, &err));
    assert_done(mn_model_load(file_path, &back, &read, &err));
    assert_int_equal(back->size, model->size);
    assert_memory_equal(back->block, model->block, (size_t)model->size * sizeof *model->block);
    assert_info(&read);
    double accuracy;
    assert_true(mn_json_get_real(read.extra, "accuracy", &accuracy) && accuracy == 0.75);
    mn_model_info_done(&read);
    mn_model_free(back);
    assert_done(mn_model_load(file_path, &back, NULL, &err));
    mn_model_free(back);
    mn_model_free(model);
    mn_json_free(info.extra);
}

static mn_status_t load_model(const void *data, int64_t size) {
    mn_model_t *model;
    return mn_model_load_memory(data, size, "model", &model, NULL, &err);
}

static mn_status_t load_checkpoint(const void *data, int64_t size) {
    mn_checkpoint_t checkpoint;
    return mn_checkpoint_load_memory(data, size, "checkpoint", &checkpoint, &err);
}

typedef mn_status_t load_t(const void *data, int64_t size);

static void assert_refused(load_t *load, const char *data, int64_t size, const char *how, int64_t at) {
    err = (mn_err_t){0};
    char *block = malloc(size ? (size_t)size : 1); /* of just this size, so that a sanitizer sees a read beyond it */
    memcpy(block, data, (size_t)size);
    if (load(block, size) != MN_MODEL || !err.what[0] || !err.where[0]) fail_msg("accepted after %s %lld", how, (long long)at);
    free(block);
}

/* Every single bit flipped, and every length that is too short. */
static void damage(load_t *load, char *data, int64_t size) {
    for (int64_t i = 0; i < size; i++) assert_refused(load, data, i, "cutting at byte", i);
    for (int64_t i = 0; i < 8 * size; i++) {
        data[i / 8] ^= (char)(1 << i % 8);
        assert_refused(load, data, size, "flipping bit", i);
        data[i / 8] ^= (char)(1 << i % 8);
    }
    char *longer = realloc(data, (size_t)size + 1);
    longer[size] = 0;
    assert_refused(load, longer, size + 1, "adding a byte to", size);
    mn_mem_free(longer);
}

static void test_damage(void **state) {
    int64_t size;
    char *data = make_file(&size);
    damage(load_model, data, size);
}

static void test_checkpoint_damage(void **state) {
    mn_config_t config = tiny_config();
    config.conv = config.memory.depth = 1;
    mn_model_t *model = new_model(config);
    mn_state_t *lane;
    char *data;
    int64_t size;
    assert_done(mn_state_new(model, &lane, &err));
    const mn_checkpoint_t saved = {.model = model, .info = make_info(), .m = model->block, .lanes = &lane, .n_lanes = 1, .step = 3};
    assert_done(mn_checkpoint_save(file_path, &saved, &err));
    assert_done(mn_file_read(file_path, 1 << 20, &data, &size, &err));
    mn_state_free(lane);
    mn_model_free(model);
    damage(load_checkpoint, data, size);
}

/* The file changed by someone who also makes the digests right. */
static void expect_forged(const char *key, const char *value, const char *tensor, const char *says) {
    int64_t size;
    char *data = make_file(&size);
    mn_tensors_t tensors;
    assert_done(mn_tensors_parse(data, size, "model", &tensors, &err));
    mn_json_t *metadata = mn_json_object();
    const char *name;
    const mn_json_t *text;
    for (void *iter = NULL; mn_json_next(tensors.metadata, &iter, &name, &text);)
        mn_json_set_string(metadata, name, mn_json_string(text));
    if (key) mn_json_set_string(metadata, key, value);
    mn_tensor_t *changed = (mn_tensor_t *)mn_tensors_get(&tensors, "norm");
    static const mn_real_t nan_pair[] = {1, NAN};
    static const int64_t whole[] = {1, 1};
    int64_t n = tensors.count;
    if (!strcmp(tensor, "nan")) changed->data = nan_pair;
    if (!strcmp(tensor, "ints")) *changed = (mn_tensor_t){"norm", MN_I64, 1, {2}, 2, 0, whole};
    if (!strcmp(tensor, "renamed")) changed->name = "other";
    if (!strcmp(tensor, "turned")) changed->rank = 2, changed->shape[1] = 1;
    if (!strcmp(tensor, "dropped")) *changed = tensors.items[--n];
    assert_done(mn_tensors_save(file_path, tensors.items, n, metadata, &err));
    mn_model_t *model;
    mn_status_t status = mn_model_load(file_path, &model, NULL, &err);
    if (!says && status) fail_msg("%s", err.what);
    if (says && (status != MN_MODEL || !strstr(err.what, says))) fail_msg("%s %s: %s", key, tensor, err.what);
    if (!status) mn_model_free(model);
    mn_json_free(metadata);
    mn_tensors_free(&tensors);
    mn_mem_free(data);
}

static void test_forged(void **state) {
    expect_forged(NULL, NULL, "", NULL);
    expect_forged(NULL, NULL, "nan", "NaN");
    expect_forged(NULL, NULL, "ints", "F32");
    expect_forged(NULL, NULL, "renamed", "missing");
    expect_forged(NULL, NULL, "turned", "shape");
    expect_forged(NULL, NULL, "dropped", "parameters");
    expect_forged("version", "2", "", "version");
    expect_forged("kind", "checkpoint", "", "expected a model");
    expect_forged("labels", "[\"one\"]", "", "labels");
    expect_forged("labels", "[1, 2]", "", "label");
    expect_forged("labels", "[\"a\\nchr1\\t0\", \"b\"]", "", "label");
    expect_forged("labels", "[\"\", \"b\"]", "", "label");
    expect_forged("config", "{}", "", "config field 'arch'");
    expect_forged("config", "[", "", "JSON");
    mn_config_t huge = tiny_config(); /* refused by counting, not by running out of memory */
    huge.dim = 8192;
    huge.layers = 2;
    huge.classes = 2;
    mn_json_t *json = mn_config_to_json(&huge);
    char *text = mn_json_text(json, false);
    expect_forged("config", text, "", "parameters");
    mn_mem_free(text);
    mn_json_free(json);
}

static void test_not_finite(void **state) {
    mn_model_t *model = new_model(tiny_config());
    mn_model_info_t info = make_info();
    unlink(file_path);
    model->block[mn_model_param(model, "norm")->offset] = INFINITY;
    assert_int_equal(mn_model_save(file_path, model, &info, &err), MN_DIVERGED);
    assert_non_null(strstr(err.where, "norm"));
    assert_false(mn_file_exists(file_path));
    mn_model_free(model);
}

/* ---- checkpoints */

static void test_checkpoint(void **state) {
    mn_model_t *model = new_model(tiny_config());
    mn_state_t *lanes[3];
    for (int i = 0; i < 3; i++) {
        assert_done(mn_state_new(model, &lanes[i], &err));
        mn_state_block(lanes[i])[1] = (mn_real_t)(i + 0.5);
        *mn_state_position(lanes[i]) = ((int64_t)1 << 40) + i;
    }
    void *m, *best;
    assert_done(mn_mem_new(&m, model->size, sizeof(mn_real_t), &err));
    assert_done(mn_mem_new(&best, model->size, sizeof(mn_real_t), &err));
    const mn_param_t *norm = mn_model_param(model, "norm");
    ((mn_real_t *)m)[norm->offset] = 3;
    ((mn_real_t *)best)[norm->offset + 1] = 4;
    mn_checkpoint_t saved = {.model = model,
                             .info = make_info(),
                             .m = m,
                             .best = best,
                             .lanes = lanes,
                             .n_lanes = 3,
                             .seed = UINT64_MAX,
                             .step = 123,
                             .trainer = mn_json_object()},
                    back;
    mn_json_set_real(saved.trainer, "score", 0.1);
    assert_done(mn_checkpoint_save(file_path, &saved, &err));
    assert_done(mn_checkpoint_load(file_path, &back, &err));
    size_t bytes = (size_t)model->size * sizeof(mn_real_t);
    assert_memory_equal(back.model->block, model->block, bytes);
    assert_memory_equal(back.m, m, bytes);
    assert_memory_equal(back.best, best, bytes);
    assert_true(!back.v && !back.average);
    assert_int_equal(back.n_lanes, 3);
    for (int i = 0; i < 3; i++) {
        assert_memory_equal(mn_state_block(back.lanes[i]), mn_state_block(lanes[i]),
                            (size_t)mn_state_size(model) * sizeof(mn_real_t));
        assert_int_equal(*mn_state_position(back.lanes[i]), ((int64_t)1 << 40) + i);
    }
    assert_true(back.seed == UINT64_MAX && back.step == 123);
    assert_info(&back.info);
    double score;
    assert_true(mn_json_get_real(back.trainer, "score", &score) && score == 0.1);
    mn_checkpoint_done(&back);

    mn_model_t *other;
    assert_int_equal(mn_model_load(file_path, &other, NULL, &err), MN_MODEL);
    assert_non_null(strstr(err.what, "is a checkpoint"));
    char *data;
    int64_t size;
    assert_done(mn_file_read(file_path, 1 << 20, &data, &size, &err));
    for (int64_t cut = 1; cut < size; cut += 97) {
        assert_int_equal(truncate(file_path, size - cut), 0);
        assert_int_equal(mn_checkpoint_load(file_path, &back, &err), MN_MODEL);
    }
    mn_mem_free(data);
    ((mn_real_t *)m)[norm->offset] = NAN;
    assert_int_equal(mn_checkpoint_save(file_path, &saved, &err), MN_DIVERGED);
    mn_json_free(saved.trainer);
    mn_mem_free(m);
    mn_mem_free(best);
    for (int i = 0; i < 3; i++) mn_state_free(lanes[i]);
    mn_model_free(model);
}

/* ---- config */

static void test_config(void **state) {
    static const char *const presets[] = {"tiny", "small", "base"};
    mn_config_t config, back;
    assert_false(mn_config_preset("huge", &config));
    for (int i = 0; i < 3; i++) {
        assert_true(mn_config_preset(presets[i], &config));
        assert_done(mn_config_check(&config, MN_USAGE, "preset", &err));
        config.classes = i * 2;
        config.pooling = i == 2 ? MN_POOL_ATTENTION : MN_POOL_MAX;
        config.memory.depth = i + 1;
        config.persistent = 8 * i;
        config.memory.theta_max = 0.1;
        mn_json_t *json = mn_config_to_json(&config);
        assert_done(mn_config_from_json(json, "json", &back, &err));
        mn_json_t *again = mn_config_to_json(&back);
        char *text = mn_json_text(json, false), *text_again = mn_json_text(again, false);
        assert_string_equal(text, text_again);
        mn_mem_free(text);
        mn_mem_free(text_again);
        mn_json_free(again);
        mn_json_set_int(json, "colour", 1);
        assert_int_equal(mn_config_from_json(json, "json", &back, &err), MN_MODEL);
        mn_json_free(json);
        mn_model_t *model;
        assert_done(mn_model_new(&config, &model, &err));
        int64_t held = 0;
        for (int64_t k = 0; k < model->n_params; k++) held += model->params[k].size;
        assert_int_equal(mn_config_parameters(&config), held);
        mn_model_free(model);
    }
    struct {
        int64_t *field, value;
    } bad[] = {{&config.dim, 0},      {&config.dim, 8193},       {&config.dim, 255},      {&config.heads, 3},
               {&config.chunk, 1025}, {&config.conv, 65},        {&config.layers, 257},   {&config.classes, 1},
               {&config.vocab, -9},   {&config.memory.depth, 5}, {&config.persistent, -1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t good = *bad[i].field;
        *bad[i].field = bad[i].value;
        assert_int_equal(mn_config_check(&config, MN_USAGE, NULL, &err), MN_USAGE);
        *bad[i].field = good;
    }
    config.memory.theta_max = NAN;
    assert_int_equal(mn_config_check(&config, MN_MODEL, NULL, &err), MN_MODEL);
    config.memory.theta_max = 1;
    config.dim = 8192;
    config.layers = 256;
    assert_int_equal(mn_config_check(&config, MN_USAGE, NULL, &err), MN_USAGE);
    assert_non_null(strstr(err.what, "2^31"));
}

static int make_path(void **state) {
    const char *base = getenv("TMPDIR");
    snprintf(file_path, sizeof file_path, "%.30s/mnemon-model-XXXXXX", base ? base : "/tmp");
    int fd = mkstemp(file_path);
    return fd < 0 || close(fd);
}

static int remove_path(void **state) {
    return unlink(file_path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_golden),     cmocka_unit_test(test_attacks),
        cmocka_unit_test(test_model),      cmocka_unit_test(test_damage), cmocka_unit_test(test_checkpoint_damage),     cmocka_unit_test(test_forged),
        cmocka_unit_test(test_not_finite), cmocka_unit_test(test_checkpoint), cmocka_unit_test(test_config),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
