/* config: one table of fields, from which JSON and limits are made. */
#include "titans/config.h"
#include "genomics/base/gapped.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

const char *const mn_arch_names[] = {"lmm", "mal", "mag", "mac", NULL};
const char *const mn_act_names[] = {"silu", "gelu", NULL};
const char *const mn_step_names[] = {"plain", "polyak", NULL};
const char *const mn_forget_names[] = {"zero", "initial", NULL};
const char *const mn_pool_names[] = {"mean", "max", "last", "attention", NULL};

typedef enum { FIELD_CHOICE, FIELD_INT, FIELD_BOOL, FIELD_REAL } field_kind_t;

/* Limits are inclusive. They bound memory and arithmetic, not taste; only `optional` fields may be absent. */
typedef struct field {
    const char *name;
    field_kind_t kind;
    size_t offset;
    double min, max;
    const char *const *names;
    bool optional;
} field_t;

#define FIELD(field, field_kind) .kind = FIELD_##field_kind, .offset = offsetof(mn_config_t, field)

static const field_t fields[] = {
    {"arch", FIELD(arch, CHOICE), .names = mn_arch_names},
    {"vocab", FIELD(vocab, INT), .min = 2, .max = MN_VOCAB_MAX},
    {"dim", FIELD(dim, INT), .min = 1, .max = 8192},
    {"layers", FIELD(layers, INT), .min = 1, .max = 256},
    {"heads", FIELD(heads, INT), .min = 1, .max = 256},
    {"attn_heads", FIELD(attn_heads, INT), .min = 1, .max = 256},
    {"ffn", FIELD(ffn, INT), .min = 1, .max = 65536},
    {"conv", FIELD(conv, INT), .min = 1, .max = 64},
    {"persistent", FIELD(persistent, INT), .min = 0, .max = 1024},
    {"chunk", FIELD(chunk, INT), .min = 1, .max = 1024},
    {"segment", FIELD(segment, INT), .min = 1, .max = 65536},
    {"window", FIELD(window, INT), .min = 1, .max = 65536},
    {"words", FIELD(words, INT), .min = 0, .max = MN_WORDS_MAX, .optional = true},
    {"classes", FIELD(classes, INT), .min = 0, .max = MN_CLASSES_MAX, .optional = true},
    {"pooling", FIELD(pooling, CHOICE), .names = mn_pool_names, .optional = true},
    {"bins", FIELD(bins, INT), .min = 0, .max = 1024, .optional = true},
    {"gapped", FIELD(gapped, BOOL), .optional = true},
    {"lengths", FIELD(lengths, BOOL), .optional = true},
    {0},
};

static const field_t memory_fields[] = {
    {"depth", FIELD(memory.depth, INT), .min = 1, .max = MN_DEPTH_MAX},
    {"expansion", FIELD(memory.expansion, INT), .min = 1, .max = 16},
    {"activation", FIELD(memory.activation, CHOICE), .names = mn_act_names},
    {"norm", FIELD(memory.norm, BOOL)},
    {"residual", FIELD(memory.residual, BOOL)},
    {"step", FIELD(memory.step, CHOICE), .names = mn_step_names},
    {"forget", FIELD(memory.forget, CHOICE), .names = mn_forget_names},
    {"theta_max", FIELD(memory.theta_max, REAL), .min = 0, .max = 1000},
    {"momentum", FIELD(memory.momentum, BOOL)},
    {"decay", FIELD(memory.decay, BOOL)},
    {0},
};

bool mn_config_preset(const char *name, mn_config_t *out) {
    static const struct {
        const char *name;
        int64_t layers, dim, heads, ffn;
    } presets[] = {{"tiny", 2, 64, 2, 128}, {"small", 2, 128, 2, 256}, {"base", 4, 256, 4, 512}};
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        if (strcmp(name, presets[i].name)) continue;
        *out = (mn_config_t){
            .arch = MN_ARCH_LMM,
            .vocab = 9,
            .dim = presets[i].dim,
            .layers = presets[i].layers,
            .heads = presets[i].heads,
            .attn_heads = presets[i].heads,
            .ffn = presets[i].ffn,
            .conv = 9,
            .persistent = 16,
            .chunk = 16,
            .segment = 64,
            .window = 64,
            .memory = {.depth = 2,
                       .expansion = 4,
                       .activation = MN_ACT_SILU,
                       .momentum = true,
                       .decay = true,
                       .step = MN_STEP_POLYAK,
                       .forget = MN_FORGET_INITIAL,
                       .theta_max = 4},
            .pooling = MN_POOL_MEAN,
        };
        return true;
    }
    return false;
}

/* ---- limits */

int64_t mn_config_parameters(const mn_config_t *c) {
    bool attends = c->arch != MN_ARCH_LMM;
    int64_t D = c->dim, H = c->heads, L_M = c->memory.depth, d = D / H, hidden = d * c->memory.expansion;
    int64_t memory = L_M == 1 ? d * d : 2 * d * hidden + (L_M - 2) * hidden * hidden;
    int64_t mixer = 5 * D * D + 3 * D * c->conv + D + (D + 1) * H * (2 + L_M) + H * memory;
    mixer += c->persistent * D; /* the memory's; in mac the attention's */
    if (attends) mixer += 4 * D * D + (c->arch == MN_ARCH_MAC ? 0 : c->persistent * D);
    if (c->arch == MN_ARCH_MAG || c->arch == MN_ARCH_MAC) mixer += 2 * D;
    if (c->arch == MN_ARCH_MAC) mixer += 2 * D * D + D * c->conv + D;
    int64_t layer = mixer + 3 * D * c->ffn + (c->arch == MN_ARCH_MAL ? 3 : 2) * D;
    int64_t beside = (c->gapped ? mn_gapped_rows() : 0) + (c->lengths ? MN_LENGTHS : 0);
    int64_t query = c->pooling == MN_POOL_ATTENTION ? D : 0;
    int64_t head = c->classes ? ((1 + c->bins) * D + 1 + beside) * c->classes + query : 0;
    int64_t words = c->words ? D << 2 * c->words : 0;
    return c->vocab * D + words + D + c->layers * layer + head; /* within the limits above far below 2^63 */
}

static int64_t count_names(const char *const *names) {
    int64_t n = 0;
    while (names[n]) n++;
    return n;
}

static mn_status_t check_fields(const mn_config_t *config, const field_t *field, mn_status_t status, const char *where,
                                mn_err_t *err) {
    for (; field->name; field++) {
        const void *at = (const char *)config + field->offset;
        double min = field->min, max = field->max, value = 0;
        if (field->kind == FIELD_BOOL) continue;
        if (field->kind == FIELD_INT) value = (double)*(const int64_t *)at;
        if (field->kind == FIELD_REAL) value = *(const double *)at;
        if (field->kind == FIELD_CHOICE) {
            value = *(const int *)at;
            max = (double)count_names(field->names) - 1;
        }
        if (!(value >= min && value <= max)) /* NaN is refused too */
            return mn_err_set(err, status, where, NULL, "%s is %g, expected %g to %g", field->name, value, min, max);
    }
    return MN_OK;
}

mn_status_t mn_config_check(const mn_config_t *config, mn_status_t status, const char *where, mn_err_t *err) {
    mn_status_t bad = check_fields(config, fields, status, where, err);
    if (!bad) bad = check_fields(config, memory_fields, status, where, err);
    if (bad) return bad;
    bool attends = config->arch != MN_ARCH_LMM;
    if (config->dim % config->heads)
        return mn_err_set(err, status, where, NULL, "dim %" PRId64 " is not a multiple of heads %" PRId64, config->dim,
                          config->heads);
    if (attends && config->dim % (2 * config->attn_heads))
        return mn_err_set(err, status, where, NULL, "dim %" PRId64 " is not a multiple of twice attn_heads %" PRId64,
                          config->dim, config->attn_heads);
    if (config->arch == MN_ARCH_MAC && config->segment % config->chunk)
        return mn_err_set(err, status, where, NULL, "segment %" PRId64 " is not a multiple of chunk %" PRId64,
                          config->segment, config->chunk);
    if ((config->words || config->gapped) && config->vocab < 4)
        return mn_err_set(err, status, where, NULL, "words of bases in a vocabulary of %" PRId64, config->vocab);
    if (config->classes == 1) return mn_err_set(err, status, where, NULL, "classes is 1, expected 0 or at least 2");
    if (mn_config_parameters(config) > INT32_MAX)
        return mn_err_set(err, status, where, "make dim, ffn, layers or expansion smaller",
                          "%" PRId64 " parameters are more than 2^31", mn_config_parameters(config));
    return MN_OK;
}

/* ---- JSON */

static void write_fields(mn_json_t *json, const mn_config_t *config, const field_t *field) {
    for (; field->name; field++) {
        const void *at = (const char *)config + field->offset;
        switch (field->kind) {
        case FIELD_CHOICE:
            mn_json_set_string(json, field->name, field->names[*(const int *)at]);
            break;
        case FIELD_INT:
            mn_json_set_int(json, field->name, *(const int64_t *)at);
            break;
        case FIELD_BOOL: /* a later field that is off is left out: digests of older models, and older readers, know none */
            if (*(const bool *)at || !field->optional) mn_json_set_bool(json, field->name, *(const bool *)at);
            break;
        case FIELD_REAL:
            mn_json_set_real(json, field->name, *(const double *)at);
            break;
        }
    }
}

mn_json_t *mn_config_to_json(const mn_config_t *config) {
    mn_json_t *json = mn_json_object(), *memory = mn_json_object();
    write_fields(json, config, fields);
    write_fields(memory, config, memory_fields);
    mn_json_set(json, "memory", memory);
    return json;
}

static bool read_field(const mn_json_t *json, const field_t *field, void *at) {
    if (field->kind == FIELD_INT) return mn_json_get_int(json, field->name, at);
    if (field->kind == FIELD_BOOL) return mn_json_get_bool(json, field->name, at);
    if (field->kind == FIELD_REAL) return mn_json_get_real(json, field->name, at);
    const char *name = mn_json_get_string(json, field->name);
    for (int i = 0; name && field->names[i]; i++) {
        if (strcmp(name, field->names[i])) continue;
        *(int *)at = i;
        return true;
    }
    return false;
}

/* `nested` is the name of a member that another table describes. */
static mn_status_t read_fields(const mn_json_t *json, const field_t *table, const char *nested, const char *where,
                               mn_config_t *config, mn_err_t *err) {
    for (const field_t *field = table; field->name; field++)
        if (!read_field(json, field, (char *)config + field->offset) &&
            !(field->optional && !mn_json_get(json, field->name)))
            return mn_err_set(err, MN_MODEL, where, NULL, "config field '%s' is missing or not of its kind",
                              field->name);
    const char *name;
    const mn_json_t *value;
    for (void *iter = NULL; mn_json_next(json, &iter, &name, &value);) {
        const field_t *field = table;
        while (field->name && strcmp(field->name, name)) field++;
        if (!field->name && (!nested || strcmp(nested, name)))
            return mn_err_set(err, MN_MODEL, where, "was it written by a newer mnemon?", "unknown config field '%s'",
                              name);
    }
    return MN_OK;
}

mn_status_t mn_config_from_json(const mn_json_t *json, const char *where, mn_config_t *out, mn_err_t *err) {
    mn_config_t config = {0};
    mn_status_t status = read_fields(json, fields, "memory", where, &config, err);
    if (!status) status = read_fields(mn_json_get(json, "memory"), memory_fields, NULL, where, &config, err);
    if (!status) status = mn_config_check(&config, MN_MODEL, where, err);
    if (!status) *out = config;
    return status;
}
