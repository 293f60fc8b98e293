/* stream_file: states and memories on top of safetensors. */
#include "titans/stream_file.h"
#include "genomics/base/digest.h"
#include "genomics/base/mem.h"
#include "titans/layout.h"
#include "titans/safetensors.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "1"
static const char KIND_STATE[] = "state", KIND_MEMORY[] = "memory", STATE[] = "state";

static mn_status_t refuse(mn_err_t *err, const char *path, const char *hint, const char *what) {
    return mn_err_set(err, MN_MODEL, path, hint, "%s", what);
}

static bool is_finite(const mn_real_t *values, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* Of config and weights. */
static mn_status_t digest_model(const mn_model_t *model, mn_digest_t *out, mn_err_t *err) {
    mn_json_t *config = mn_config_to_json(&model->config);
    mn_json_set_string(config, "weights",
                       mn_digest_bytes(model->block, model->size * (int64_t)sizeof *model->block).hex);
    char *text = mn_json_text(config, false);
    mn_json_free(config);
    if (!text) return mn_err_set(err, MN_FAILED, NULL, NULL, "out of memory");
    *out = mn_digest_bytes(text, (int64_t)strlen(text));
    mn_mem_free(text);
    return MN_OK;
}

/* ---- saving */

static void set_number(mn_json_t *metadata, const char *key, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    mn_json_set_string(metadata, key, text);
}

/* With what is in `metadata`, taken over. */
static mn_status_t save(const char *path, const mn_model_t *model, const char *kind, mn_json_t *metadata,
                        const mn_tensor_t *items, int64_t n, mn_err_t *err) {
    mn_digest_t digest;
    mn_status_t status = digest_model(model, &digest, err);
    for (int64_t i = 0; !status && i < n; i++)
        if (!is_finite(items[i].data, items[i].count))
            status = mn_err_set(err, MN_DIVERGED, path, "look at what the model was trained on, and how",
                                "not saved: %s holds NaN or infinity", items[i].name);
    if (!status) {
        mn_json_set_string(metadata, "kind", kind);
        mn_json_set_string(metadata, "version", VERSION);
        mn_json_set_string(metadata, "model", digest.hex);
        status = mn_tensors_save(path, items, n, metadata, err);
    }
    mn_json_free(metadata);
    return status;
}

mn_status_t mn_state_save(const char *path, const mn_model_t *model, mn_state_t *state, int32_t next, mn_err_t *err) {
    const int64_t size = mn_state_size(model);
    const mn_tensor_t item = {.name = STATE,
                              .dtype = MN_REAL_DTYPE,
                              .rank = 1,
                              .shape = {size},
                              .count = size,
                              .data = mn_state_block(state)};
    mn_json_t *metadata = mn_json_object();
    set_number(metadata, "position", *mn_state_position(state));
    set_number(metadata, "next", next);
    return save(path, model, KIND_STATE, metadata, &item, 1, err);
}

enum { SIDES = 2 }; /* W and S, side by side */

/* A matrix of every head, as a tensor (H, in, out), and where the first head's lies in a block of all memories. */
typedef struct place {
    char name[64];
    int64_t at, rows, in, out; /* rows: H in */
} place_t;

static place_t find_place(const mn_model_t *model, int64_t layer, int64_t matrix, int64_t side) {
    const mn_memory_t *memory = &model->layout->memory;
    place_t place = {.in = memory->dims[matrix], .out = memory->dims[matrix + 1]};
    place.rows = model->config.heads * place.in;
    place.at = layer * model->config.heads * memory->state_size + memory->state[matrix] + side * place.out;
    snprintf(place.name, sizeof place.name, "layers.%d.mixer.%c%d", (int)layer, side ? 's' : 'w', (int)matrix);
    return place;
}

/* Where row i of the tensor lies. */
static int64_t find_row(const mn_model_t *model, const place_t *place, int64_t i) {
    return place->at + i / place->in * model->layout->memory.state_size + i % place->in * SIDES * place->out;
}

static int64_t count_places(const mn_model_t *model) {
    return model->config.layers * model->config.memory.depth * SIDES;
}

static place_t get_place(const mn_model_t *model, int64_t i) {
    const int64_t depth = model->config.memory.depth;
    return find_place(model, i / SIDES / depth, i / SIDES % depth, i % SIDES);
}

mn_status_t mn_memories_save(const char *path, const mn_model_t *model, const mn_real_t *memories, mn_err_t *err) {
    const int64_t n = count_places(model), heads = model->config.heads;
    mn_tensor_t *items;
    place_t *places = NULL;
    mn_real_t *numbers = NULL;
    mn_status_t status = mn_mem_new((void **)&items, n, sizeof *items, err);
    if (!status) status = mn_mem_new((void **)&places, n, sizeof *places, err);
    if (!status) status = mn_mem_new((void **)&numbers, mn_memories_size(model), sizeof *numbers, err);
    mn_real_t *at = numbers;
    for (int64_t i = 0; !status && i < n; i++) {
        place_t *place = &places[i];
        *place = get_place(model, i);
        items[i] = (mn_tensor_t){.name = place->name,
                                 .dtype = MN_REAL_DTYPE,
                                 .rank = 3,
                                 .shape = {heads, place->in, place->out},
                                 .count = place->rows * place->out,
                                 .data = at};
        for (int64_t r = 0; r < place->rows; r++, at += place->out)
            memcpy(at, memories + find_row(model, place, r), (size_t)place->out * sizeof *at);
    }
    if (!status) status = save(path, model, KIND_MEMORY, mn_json_object(), items, n, err);
    mn_mem_free(numbers);
    mn_mem_free(places);
    mn_mem_free(items);
    return status;
}

/* ---- loading */

/* A file of this kind, version and model. */
static mn_status_t load(const char *path, const mn_model_t *model, const char *kind, int64_t n, mn_tensors_t *out,
                        mn_err_t *err) {
    mn_digest_t digest;
    mn_status_t status = digest_model(model, &digest, err);
    if (!status) status = mn_tensors_load(path, out, err);
    if (status) return status;
    const char *is = mn_tensors_meta(out, "kind"), *version = mn_tensors_meta(out, "version"),
               *of = mn_tensors_meta(out, "model");
    if (!out->digested || !is || !version)
        status = refuse(err, path, NULL, "a safetensors file that mnemon did not write, or damaged: it has no digests");
    else if (strcmp(is, kind))
        status = mn_err_set(err, MN_MODEL, path, NULL, "is a %s, expected a %s", is, kind);
    else if (strcmp(version, VERSION))
        status = mn_err_set(err, MN_MODEL, path, "a newer mnemon may read it",
                            "format version is %s, expected " VERSION, version);
    else if (!of || strcmp(of, digest.hex))
        status = refuse(err, path, "give it the very model that it was made with", "belongs to another model");
    else if (out->count != n)
        status = refuse(err, path, NULL, "it holds other tensors than it should");
    if (status) mn_tensors_free(out);
    return status;
}

/* The tensor of that name and `count` numbers into out. */
static mn_status_t read_tensor(const mn_tensors_t *tensors, const char *name, int64_t count, const char *path,
                               mn_real_t *out, mn_err_t *err) {
    const mn_tensor_t *tensor = mn_tensors_get(tensors, name);
    const char *fault = !tensor                         ? "is missing"
                        : tensor->count != count        ? "has a size that does not follow from the model"
                        : !mn_tensor_reals(tensor, out) ? "is not F32 or F64"
                        : !is_finite(out, count)        ? "holds NaN or infinity"
                                                        : NULL;
    return fault ? mn_err_set(err, MN_MODEL, path, NULL, "%s %s", name, fault) : MN_OK;
}

static bool read_number(const mn_tensors_t *tensors, const char *key, int64_t least, int64_t most, int64_t *out) {
    const char *text = mn_tensors_meta(tensors, key);
    char *end = NULL;
    errno = 0;
    *out = text && *text ? strtoll(text, &end, 10) : 0;
    return end && !*end && !errno && *out >= least && *out <= most;
}

mn_status_t mn_state_load(const char *path, const mn_model_t *model, mn_state_t *state, int32_t *next, mn_err_t *err) {
    const int64_t size = mn_state_size(model);
    int64_t position = 0, id = 0;
    mn_tensors_t tensors;
    void *block = NULL;
    mn_status_t status = load(path, model, KIND_STATE, 1, &tensors, err);
    if (status) return status;
    if (!read_number(&tensors, "position", 0, INT64_MAX, &position) || !mn_state_valid(model, position) ||
        !read_number(&tensors, "next", -1, model->config.vocab - 1, &id))
        status = refuse(err, path, NULL, "its position or its next token is out of range");
    if (!status) status = mn_mem_new(&block, size, sizeof(mn_real_t), err);
    if (!status) status = read_tensor(&tensors, STATE, size, path, block, err);
    if (!status) {
        memcpy(mn_state_block(state), block, (size_t)size * sizeof(mn_real_t));
        *mn_state_position(state) = position;
        *next = (int32_t)id;
    }
    mn_mem_free(block);
    mn_tensors_free(&tensors);
    return status;
}

mn_status_t mn_memories_load(const char *path, const mn_model_t *model, mn_real_t *memories, mn_err_t *err) {
    const int64_t n = count_places(model), size = mn_memories_size(model);
    mn_tensors_t tensors;
    mn_real_t *read = NULL, *numbers = NULL;
    mn_status_t status = load(path, model, KIND_MEMORY, n, &tensors, err);
    if (status) return status;
    status = mn_mem_new((void **)&read, size, sizeof(mn_real_t), err);
    if (!status) status = mn_mem_new((void **)&numbers, size, sizeof(mn_real_t), err);
    for (int64_t i = 0; !status && i < n; i++) {
        const place_t place = get_place(model, i);
        status = read_tensor(&tensors, place.name, place.rows * place.out, path, numbers, err);
        for (int64_t r = 0; !status && r < place.rows; r++)
            memcpy(read + find_row(model, &place, r), numbers + r * place.out, (size_t)place.out * sizeof *read);
    }
    if (!status) memcpy(memories, read, (size_t)size * sizeof(mn_real_t));
    mn_mem_free(numbers);
    mn_mem_free(read);
    mn_tensors_free(&tensors);
    return status;
}
