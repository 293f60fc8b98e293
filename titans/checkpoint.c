/* checkpoint: model files and checkpoints on top of safetensors. */
#include "titans/checkpoint.h"
#include "genomics/base/mem.h"
#include "titans/safetensors.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "1"
static const char KIND_MODEL[] = "model", KIND_CHECKPOINT[] = "checkpoint";

/* The blocks of a checkpoint beside the parameters, by the prefix of their tensors. */
static const struct {
    const char *prefix;
    size_t offset;
} blocks[] = {{"m.", offsetof(mn_checkpoint_t, m)},
              {"v.", offsetof(mn_checkpoint_t, v)},
              {"best.", offsetof(mn_checkpoint_t, best)},
              {"average.", offsetof(mn_checkpoint_t, average)}};
enum { N_BLOCKS = sizeof blocks / sizeof *blocks };

static mn_real_t **get_block(const mn_checkpoint_t *checkpoint, int i) {
    return (mn_real_t **)((char *)checkpoint + blocks[i].offset);
}

/* "path: tensor" in place[0..size). */
static const char *name_place(char *place, size_t size, const char *path, const char *tensor) {
    snprintf(place, size, "%.150s%s%.100s", path, tensor ? ": " : "", tensor ? tensor : "");
    return place;
}

static mn_status_t refuse(mn_err_t *err, const char *path, const char *tensor, const char *what) {
    char place[256];
    return mn_err_set(err, MN_MODEL, name_place(place, sizeof place, path, tensor), NULL, "%s", what);
}

static bool is_finite(const mn_real_t *values, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* ---- info */

void mn_model_info_done(mn_model_info_t *info) {
    for (int64_t i = 0; i < info->n_labels; i++) mn_mem_free(info->labels[i]);
    mn_mem_free(info->labels);
    mn_mem_free(info->tokenizer);
    mn_mem_free(info->command);
    mn_json_free(info->extra);
    *info = (mn_model_info_t){0};
}

static mn_status_t new_labels(mn_model_info_t *info, int64_t n, mn_err_t *err) {
    void *labels;
    mn_status_t status = mn_mem_new(&labels, n, sizeof *info->labels, err);
    info->labels = labels;
    if (!status) info->n_labels = n;
    return status;
}

/* ---- saving */

typedef char tensor_name_t[MN_TENSOR_NAME_MAX + 1];

/* The tensors to be, with room for all of them. */
typedef struct list {
    mn_tensor_t *items;
    tensor_name_t *names;
    int64_t n;
    const char *path;
} list_t;

static mn_status_t list_new(list_t *list, const char *path, int64_t room, mn_err_t *err) {
    void *items, *names = NULL;
    mn_status_t status = mn_mem_new(&items, room, sizeof *list->items, err);
    if (!status) status = mn_mem_new(&names, room, sizeof *list->names, err);
    *list = (list_t){.items = items, .names = names, .path = path};
    return status;
}

static void list_free(list_t *list) {
    mn_mem_free(list->items);
    mn_mem_free(list->names);
}

static mn_tensor_t *list_add(list_t *list, const char *prefix, const char *name, int dtype, const void *data) {
    mn_tensor_t *item = &list->items[list->n];
    snprintf(list->names[list->n], sizeof *list->names, "%s%s", prefix, name);
    *item = (mn_tensor_t){.name = list->names[list->n++], .dtype = dtype, .count = 1, .data = data};
    return item;
}

static void add_dimension(mn_tensor_t *tensor, int64_t size) {
    tensor->shape[tensor->rank++] = size;
    tensor->count *= size;
}

static mn_status_t check_finite(const mn_tensor_t *tensor, const char *path, mn_err_t *err) {
    if (is_finite(tensor->data, tensor->count)) return MN_OK;
    char place[256];
    return mn_err_set(err, MN_DIVERGED, name_place(place, sizeof place, path, tensor->name),
                      "lower the learning rate or theta_max", "not saved: it holds NaN or infinity");
}

static mn_status_t list_add_block(list_t *list, const char *prefix, const mn_model_t *model, const mn_real_t *block,
                                  mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t i = 0; !status && i < model->n_params; i++) {
        const mn_param_t *param = &model->params[i];
        mn_tensor_t *item = list_add(list, prefix, param->name, MN_REAL_DTYPE, block + param->offset);
        for (int k = 0; k < param->rank; k++) add_dimension(item, param->shape[k]);
        status = check_finite(item, list->path, err);
    }
    return status;
}

static mn_status_t list_add_lanes(list_t *list, const mn_checkpoint_t *checkpoint, int64_t *positions, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t i = 0; !status && i < checkpoint->n_lanes; i++) {
        char number[24];
        snprintf(number, sizeof number, "%" PRId64, i);
        mn_tensor_t *item = list_add(list, "state.", number, MN_REAL_DTYPE, mn_state_block(checkpoint->lanes[i]));
        add_dimension(item, mn_state_size(checkpoint->model));
        status = check_finite(item, list->path, err);
        positions[i] = *mn_state_position(checkpoint->lanes[i]);
    }
    if (checkpoint->n_lanes) add_dimension(list_add(list, "positions", "", MN_I64, positions), checkpoint->n_lanes);
    return status;
}

static void set_json(mn_json_t *metadata, const char *key, const mn_json_t *value) {
    char *text = value ? mn_json_text(value, false) : NULL;
    if (text) mn_json_set_string(metadata, key, text);
    mn_mem_free(text);
}

static void set_number(mn_json_t *metadata, const char *key, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    mn_json_set_string(metadata, key, text);
}

/* Owner: the caller. */
static mn_json_t *make_metadata(const char *kind, const mn_model_t *model, const mn_model_info_t *info) {
    mn_json_t *metadata = mn_json_object(), *config = mn_config_to_json(&model->config), *labels = mn_json_array();
    for (int64_t i = 0; i < info->n_labels; i++) mn_json_set_string(labels, NULL, info->labels[i]);
    mn_json_set_string(metadata, "kind", kind);
    mn_json_set_string(metadata, "version", VERSION);
    set_json(metadata, "config", config);
    mn_json_set_string(metadata, "tokenizer", info->tokenizer);
    set_json(metadata, "labels", labels);
    mn_json_set_string(metadata, "command", info->command);
    set_json(metadata, "extra", info->extra);
    mn_json_free(labels);
    mn_json_free(config);
    return metadata;
}

mn_status_t mn_model_save(const char *path, const mn_model_t *model, const mn_model_info_t *info, mn_err_t *err) {
    list_t list;
    mn_status_t status = list_new(&list, path, model->n_params, err);
    if (!status) status = list_add_block(&list, "", model, model->block, err);
    mn_json_t *metadata = make_metadata(KIND_MODEL, model, info);
    if (!status) status = mn_tensors_save(path, list.items, list.n, metadata, err);
    mn_json_free(metadata);
    list_free(&list);
    return status;
}

mn_status_t mn_checkpoint_save(const char *path, const mn_checkpoint_t *checkpoint, mn_err_t *err) {
    const mn_model_t *model = checkpoint->model;
    list_t list;
    void *positions = NULL;
    mn_status_t status = list_new(&list, path, model->n_params * (1 + N_BLOCKS) + checkpoint->n_lanes + 1, err);
    if (!status) status = mn_mem_new(&positions, checkpoint->n_lanes, sizeof(int64_t), err);
    if (!status) status = list_add_block(&list, "param.", model, model->block, err);
    for (int i = 0; !status && i < N_BLOCKS; i++)
        if (*get_block(checkpoint, i))
            status = list_add_block(&list, blocks[i].prefix, model, *get_block(checkpoint, i), err);
    if (!status) status = list_add_lanes(&list, checkpoint, positions, err);
    mn_json_t *metadata = make_metadata(KIND_CHECKPOINT, model, &checkpoint->info);
    set_number(metadata, "seed", checkpoint->seed);
    set_number(metadata, "step", (uint64_t)checkpoint->step);
    set_json(metadata, "trainer", checkpoint->trainer);
    if (!status) status = mn_tensors_save(path, list.items, list.n, metadata, err);
    mn_json_free(metadata);
    mn_mem_free(positions);
    list_free(&list);
    return status;
}

/* ---- loading */

static mn_status_t read_json(const mn_tensors_t *tensors, const char *key, const char *path, mn_json_t **out,
                             mn_err_t *err) {
    const char *text = mn_tensors_meta(tensors, key);
    mn_err_t fault = {.what = "is missing"};
    if (text && !mn_json_parse(text, strlen(text), path, out, &fault)) return MN_OK;
    return mn_err_set(err, fault.status == MN_FAILED ? MN_FAILED : MN_MODEL, path, NULL, "metadata '%s': %s", key,
                      fault.what);
}

static mn_status_t read_number(const mn_tensors_t *tensors, const char *key, const char *path, uint64_t *out,
                               mn_err_t *err) {
    const char *text = mn_tensors_meta(tensors, key);
    char *end = NULL;
    errno = 0;
    if (text && *text >= '0' && *text <= '9') *out = strtoull(text, &end, 10);
    if (end && !*end && !errno) return MN_OK;
    return mn_err_set(err, MN_MODEL, path, NULL, "metadata '%s' is not a number", key);
}

/* Digests, kind and version; then the config. */
static mn_status_t read_config(const mn_tensors_t *tensors, const char *kind, const char *path, mn_config_t *out,
                               mn_err_t *err) {
    const char *is = mn_tensors_meta(tensors, "kind"), *version = mn_tensors_meta(tensors, "version");
    if (!tensors->digested || !is || !version)
        return refuse(err, path, NULL, "a safetensors file that mnemon did not write, or damaged: it has no digests");
    if (strcmp(version, VERSION))
        return mn_err_set(err, MN_MODEL, path, "a newer mnemon may read it", "format version is %s, expected " VERSION,
                          version);
    if (strcmp(is, kind))
        return mn_err_set(err, MN_MODEL, path,
                          kind == KIND_MODEL ? "the model is the .safetensors file beside a checkpoint" : NULL,
                          "is a %s, expected a %s", is, kind);
    mn_json_t *json = NULL;
    mn_status_t status = read_json(tensors, "config", path, &json, err);
    if (!status) status = mn_config_from_json(json, path, out, err);
    mn_json_free(json);
    return status;
}

/* As tables have them: a label that forges lines of results is none. */
static bool is_label(const char *text) {
    const char *c = text;
    while (*c && !iscntrl((unsigned char)*c)) c++;
    return c > text && !*c;
}

static mn_status_t read_info(const mn_tensors_t *tensors, const char *path, int64_t classes, mn_model_info_t *out,
                             mn_err_t *err) {
    const char *tokenizer = mn_tensors_meta(tensors, "tokenizer"), *command = mn_tensors_meta(tensors, "command");
    *out = (mn_model_info_t){0};
    if (!tokenizer || !command) return refuse(err, path, NULL, "its metadata lacks tokenizer or command");
    mn_json_t *labels = NULL;
    mn_status_t status = read_json(tensors, "labels", path, &labels, err);
    if (status) return status;
    if (mn_json_count(labels) != classes) {
        mn_json_free(labels);
        return refuse(err, path, NULL, "it has not as many labels as classes");
    }
    status = mn_mem_string(&out->tokenizer, tokenizer, err);
    if (!status) status = mn_mem_string(&out->command, command, err);
    if (!status) status = new_labels(out, classes, err);
    for (int64_t i = 0; !status && i < classes; i++) {
        const char *label = mn_json_string(mn_json_at(labels, i));
        status = label && is_label(label) ? mn_mem_string(&out->labels[i], label, err)
                                         : refuse(err, path, NULL, "a label is no text of one line");
    }
    mn_json_free(labels);
    if (!status && mn_tensors_meta(tensors, "extra")) status = read_json(tensors, "extra", path, &out->extra, err);
    if (status) mn_model_info_done(out);
    return status;
}

static const mn_tensor_t *get_tensor(const mn_tensors_t *tensors, const char *prefix, const char *name) {
    tensor_name_t whole;
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    return mn_tensors_get(tensors, whole);
}

/* The tensors prefix + NAME into a block that lies like the model's. */
static mn_status_t read_block(const mn_tensors_t *tensors, const char *prefix, const mn_model_t *model,
                              const char *path, mn_real_t *block, mn_err_t *err) {
    for (int64_t i = 0; i < model->n_params; i++) {
        const mn_param_t *param = &model->params[i];
        const mn_tensor_t *tensor = get_tensor(tensors, prefix, param->name);
        if (!tensor) return refuse(err, path, param->name, "is missing");
        bool fits = tensor->rank == param->rank;
        for (int k = 0; fits && k < param->rank; k++) fits = tensor->shape[k] == param->shape[k];
        if (!fits) return refuse(err, path, tensor->name, "has a shape that does not follow from the config");
        if (!mn_tensor_reals(tensor, block + param->offset))
            return refuse(err, path, tensor->name, "is not F32 or F64");
        if (!is_finite(block + param->offset, param->size))
            return refuse(err, path, tensor->name, "holds NaN or infinity");
    }
    return MN_OK;
}

/* A model with the parameters prefix + NAME, allocated once the file is known to hold as many numbers. */
static mn_status_t read_model(const mn_tensors_t *tensors, const char *kind, const char *prefix, const char *path,
                              mn_model_t **out, mn_err_t *err) {
    mn_config_t config;
    *out = NULL;
    mn_status_t status = read_config(tensors, kind, path, &config, err);
    if (status) return status;
    int64_t held = 0;
    for (int64_t i = 0; i < tensors->count; i++)
        if (!strncmp(tensors->items[i].name, prefix, strlen(prefix))) held += tensors->items[i].count;
    if (held != mn_config_parameters(&config))
        return mn_err_set(err, MN_MODEL, path, NULL, "it holds %" PRId64 " parameters, its config says %" PRId64, held,
                          mn_config_parameters(&config));
    mn_model_t *model;
    status = mn_model_new(&config, &model, err);
    if (!status) status = read_block(tensors, prefix, model, path, model->block, err);
    if (status)
        mn_model_free(model);
    else
        *out = model;
    return status;
}

static mn_status_t refuse_extra(mn_err_t *err, const char *path) {
    return refuse(err, path, NULL, "it holds tensors that do not belong there");
}

static mn_status_t take_model(mn_tensors_t *tensors, const char *path, mn_model_t **out, mn_model_info_t *info,
                              mn_err_t *err) {
    mn_model_t *model;
    mn_model_info_t read = {0};
    mn_status_t status = read_model(tensors, KIND_MODEL, "", path, &model, err);
    if (!status && tensors->count != model->n_params) status = refuse_extra(err, path);
    if (!status) status = read_info(tensors, path, model->config.classes, &read, err);
    mn_tensors_free(tensors);
    if (status) {
        mn_model_free(model);
        return status;
    }
    *out = model;
    if (info)
        *info = read;
    else
        mn_model_info_done(&read);
    return MN_OK;
}

mn_status_t mn_model_load(const char *path, mn_model_t **model, mn_model_info_t *info, mn_err_t *err) {
    mn_tensors_t tensors;
    mn_status_t status = mn_tensors_load(path, &tensors, err);
    return status ? status : take_model(&tensors, path, model, info, err);
}

mn_status_t mn_model_load_memory(const void *data, int64_t size, const char *where, mn_model_t **model,
                                 mn_model_info_t *info, mn_err_t *err) {
    mn_tensors_t tensors;
    mn_status_t status = mn_tensors_parse(data, size, where, &tensors, err);
    return status ? status : take_model(&tensors, where, model, info, err);
}

static mn_status_t read_lanes(const mn_tensors_t *tensors, const char *path, mn_checkpoint_t *out, mn_err_t *err) {
    const mn_tensor_t *positions = mn_tensors_get(tensors, "positions");
    int64_t size = mn_state_size(out->model), n = positions ? positions->count : 0;
    if (n > tensors->count) return refuse(err, path, "positions", "counts more streams than the file has");
    void *lanes, *places = NULL;
    mn_status_t status = mn_mem_new(&lanes, n, sizeof *out->lanes, err);
    out->lanes = lanes;
    if (!status) status = mn_mem_new(&places, n, sizeof(int64_t), err);
    if (!status && n && !mn_tensor_ints(positions, places)) status = refuse(err, path, "positions", "is not I64");
    for (int64_t i = 0; !status && i < n; i++) {
        char number[24];
        snprintf(number, sizeof number, "%" PRId64, i);
        const mn_tensor_t *tensor = get_tensor(tensors, "state.", number);
        int64_t position = ((int64_t *)places)[i];
        if (!tensor || tensor->count != size || !mn_state_valid(out->model, position))
            status = refuse(err, path, "state", "a carried stream is missing or does not fit the config");
        if (!status) status = mn_state_new(out->model, &out->lanes[out->n_lanes], err);
        if (status) break;
        mn_state_t *state = out->lanes[out->n_lanes++];
        if (!mn_tensor_reals(tensor, mn_state_block(state)) || !is_finite(mn_state_block(state), size))
            status = refuse(err, path, tensor->name, "holds something other than finite numbers");
        *mn_state_position(state) = position;
    }
    mn_mem_free(places);
    return status;
}

static mn_status_t read_checkpoint(const mn_tensors_t *tensors, const char *path, mn_checkpoint_t *out, mn_err_t *err) {
    uint64_t step = 0;
    mn_status_t status = read_model(tensors, KIND_CHECKPOINT, "param.", path, &out->model, err);
    if (!status) status = read_info(tensors, path, out->model->config.classes, &out->info, err);
    int64_t expected = status ? 0 : out->model->n_params;
    for (int i = 0; !status && i < N_BLOCKS; i++) {
        if (!get_tensor(tensors, blocks[i].prefix, out->model->params[0].name)) continue;
        void *block;
        status = mn_mem_new(&block, out->model->size, sizeof(mn_real_t), err);
        *get_block(out, i) = block;
        if (!status) status = read_block(tensors, blocks[i].prefix, out->model, path, block, err);
        expected += out->model->n_params;
    }
    if (!status) status = read_lanes(tensors, path, out, err);
    if (out->n_lanes) expected += out->n_lanes + 1;
    if (!status && tensors->count != expected) status = refuse_extra(err, path);
    if (!status) status = read_number(tensors, "seed", path, &out->seed, err);
    if (!status) status = read_number(tensors, "step", path, &step, err);
    if (!status && step > INT64_MAX) status = refuse(err, path, NULL, "its step is out of range");
    out->step = (int64_t)step;
    if (!status && mn_tensors_meta(tensors, "trainer"))
        status = read_json(tensors, "trainer", path, &out->trainer, err);
    return status;
}

/* Takes the tensors over. */
static mn_status_t take_checkpoint(mn_tensors_t *tensors, const char *path, mn_checkpoint_t *out, mn_err_t *err) {
    mn_checkpoint_t checkpoint = {0};
    mn_status_t status = read_checkpoint(tensors, path, &checkpoint, err);
    mn_tensors_free(tensors);
    if (status)
        mn_checkpoint_done(&checkpoint);
    else
        *out = checkpoint;
    return status;
}

mn_status_t mn_checkpoint_load(const char *path, mn_checkpoint_t *out, mn_err_t *err) {
    mn_tensors_t tensors;
    mn_status_t status = mn_tensors_load(path, &tensors, err);
    return status ? status : take_checkpoint(&tensors, path, out, err);
}

mn_status_t mn_checkpoint_load_memory(const void *data, int64_t size, const char *where, mn_checkpoint_t *out,
                                      mn_err_t *err) {
    mn_tensors_t tensors;
    mn_status_t status = mn_tensors_parse(data, size, where, &tensors, err);
    return status ? status : take_checkpoint(&tensors, where, out, err);
}

void mn_checkpoint_done(mn_checkpoint_t *checkpoint) {
    for (int64_t i = 0; i < checkpoint->n_lanes; i++) mn_state_free(checkpoint->lanes[i]);
    mn_mem_free(checkpoint->lanes);
    for (int i = 0; i < N_BLOCKS; i++) mn_mem_free(*get_block(checkpoint, i));
    mn_model_info_done(&checkpoint->info);
    mn_json_free(checkpoint->trainer);
    mn_model_free(checkpoint->model);
    *checkpoint = (mn_checkpoint_t){0};
}
