/* model: the list of parameters, where each lies, and its initial values. Names and shapes are those of
 * titans/MODEL.md; the initial values' reasons stand in MATH.md. */
#include "titans/model.h"
#include "genomics/base/digest.h"
#include "genomics/base/gapped.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "titans/heads.h"
#include "titans/kernels/gemm.h"
#include "titans/layout.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* How a parameter begins. */
typedef enum { INIT_ONE, INIT_ZERO, INIT_FAN_IN, INIT_ROW, INIT_CONV, INIT_ALPHA, INIT_THETA } init_t;

typedef struct {
    mn_model_t *model;
    int64_t capacity;
    mn_err_t *err;
    mn_status_t status;
    char prefix[32];
} builder_t;

/* Appends a parameter (d2 = 0: rank 2, d1 = 0 too: rank 1) that lies in the packed block at `at`, rows of stride ld. */
static void add(builder_t *b, const char *name, int64_t d0, int64_t d1, int64_t d2, int64_t at, int64_t ld, bool turned,
                bool decay) {
    mn_model_t *m = b->model;
    mn_layout_t *layout = m->layout;
    if (b->status || d0 == 0) return; /* no persistent rows: no tensor of them */
    int64_t places = b->capacity;
    if ((b->status = mn_mem_reserve((void **)&m->params, &b->capacity, m->n_params + 1, sizeof *m->params, b->err)) ||
        (b->status = mn_mem_reserve((void **)&layout->places, &places, m->n_params + 1, sizeof *layout->places, b->err)))
        return;
    mn_param_t *p = &m->params[m->n_params];
    snprintf(p->name, sizeof p->name, "%s%s", b->prefix, name);
    p->rank = d1 == 0 ? 1 : d2 == 0 ? 2 : 3;
    p->shape[0] = d0;
    p->shape[1] = d1;
    p->shape[2] = d2;
    p->size = d0 * (d1 ? d1 : 1) * (d2 ? d2 : 1);
    p->offset = m->size;
    p->decay = decay;
    m->size += mn_room(p->size);
    const int64_t cols = d2 ? d1 * d2 : d1 ? d1 : d0;
    layout->places[m->n_params++] = (mn_place_t){at, p->size / cols, cols, ld ? ld : cols, turned, -1};
}

/* One whose gradient is that of marked rows. */
static void add_marked(builder_t *b, const char *name, int64_t rows, int64_t cols, int64_t at, int64_t mark) {
    add(b, name, rows, cols, 0, at, 0, false, false);
    if (!b->status) b->model->layout->places[b->model->n_params - 1].mark = mark;
}

/* The next `size` numbers of the packed block. */
static int64_t reserve(mn_layout_t *layout, int64_t size) {
    const int64_t at = layout->size;
    layout->size += mn_room(size);
    return at;
}

/* What the other backbones have beside the memory layer. */
static void add_attention(builder_t *b, int64_t l) {
    const mn_config_t *c = &b->model->config;
    const mn_layer_t *at = &b->model->layout->layers[l];
    const int64_t D = c->dim, A = b->model->layout->attention_width;
    if (c->arch == MN_ARCH_MAL) add(b, "norm3", D, 0, 0, at->norm3, 0, false, false);
    add(b, "mixer.apersistent", c->persistent, D, 0, at->apersistent, 0, false, false);
    add(b, "mixer.aq.weight", D, D, 0, at->attention, A, false, true);
    add(b, "mixer.ak.weight", D, D, 0, at->attention + D, A, false, true);
    add(b, "mixer.av.weight", D, D, 0, at->attention + 2 * D, A, false, true);
    add(b, "mixer.ao.weight", D, D, 0, at->ao, 0, false, true);
    if (c->arch == MN_ARCH_MAL) return;
    add(b, "mixer.gate_y", D, 0, 0, at->gate_y, 0, false, false);
    add(b, "mixer.gate_m", D, 0, 0, at->gate_m, 0, false, false);
    if (c->arch == MN_ARCH_MAG) return;
    add(b, "mixer.rq.weight", D, D, 0, at->attention + 3 * D, A, false, true);
    add(b, "mixer.rq.conv", D, c->conv, 0, at->rconv, D, true, false);
    add(b, "mixer.rnorm", D, 0, 0, at->rnorm, 0, false, false);
    add(b, "mixer.rout.weight", D, D, 0, at->rout, 0, false, true);
}

static void add_layer(builder_t *b, int64_t l) {
    const mn_config_t *c = &b->model->config;
    mn_layout_t *y = b->model->layout;
    const int64_t D = c->dim, H = c->heads, F = c->ffn, K = c->conv, L = c->memory.depth, W = y->in_width;
    const int64_t A = y->attention_width;
    const bool mac = c->arch == MN_ARCH_MAC;
    mn_layer_t *at = &y->layers[l];
    snprintf(b->prefix, sizeof b->prefix, "layers.%d.", (int)l);
    at->norm1 = reserve(y, D);
    at->in = reserve(y, D * W);
    at->conv = reserve(y, K * 3 * D);
    at->bias = reserve(y, H * (2 + L));
    at->persistent = reserve(y, y->prefix * D);
    for (int64_t i = 0; i < L; i++) at->w[i] = reserve(y, H * y->memory.dims[i] * y->memory.dims[i + 1]);
    at->norm = reserve(y, D);
    at->out = reserve(y, D * D);
    at->norm2 = reserve(y, D);
    at->ffn = reserve(y, D * 2 * F);
    at->down = reserve(y, F * D);
    at->attention = reserve(y, D * A);
    at->apersistent = reserve(y, A ? c->persistent * D : 0);
    at->ao = reserve(y, A ? D * D : 0);
    at->rconv = reserve(y, mac ? K * D : 0);
    at->rout = reserve(y, mac ? D * D : 0);
    /* room for every gain in every arch: their gradients are summed up as one list */
    at->norm3 = reserve(y, D);
    at->gate_y = reserve(y, D);
    at->gate_m = reserve(y, D);
    at->rnorm = reserve(y, D);

    add(b, "norm1", D, 0, 0, at->norm1, 0, false, false);
    add(b, "norm2", D, 0, 0, at->norm2, 0, false, false);
    add(b, "ffn.gate", D, F, 0, at->ffn, 2 * F, false, true);
    add(b, "ffn.up", D, F, 0, at->ffn + F, 2 * F, false, true);
    add(b, "ffn.down", F, D, 0, at->down, 0, false, true);
    add(b, "mixer.persistent", y->prefix, D, 0, at->persistent, 0, false, false);
    static const char *const qkv[] = {"q", "k", "v"}, *const gates[] = {"alpha", "eta", "theta"};
    char name[32];
    for (int64_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "mixer.%s.weight", qkv[i]);
        add(b, name, D, D, 0, at->in + i * D, W, false, true);
        snprintf(name, sizeof name, "mixer.%s.conv", qkv[i]);
        add(b, name, D, K, 0, at->conv + i * D, 3 * D, true, false);
    }
    for (int64_t i = 0; i < 3; i++) {
        const int64_t width = i < 2 ? H : H * L;
        snprintf(name, sizeof name, "mixer.%s.weight", gates[i]);
        add(b, name, D, width, 0, at->in + y->gates + i * H, W, false, true);
        snprintf(name, sizeof name, "mixer.%s.bias", gates[i]);
        add(b, name, width, 0, 0, at->bias + i * H, 0, false, false);
    }
    for (int64_t i = 0; i < L; i++) {
        snprintf(name, sizeof name, "mixer.w%d", (int)i);
        add(b, name, H, y->memory.dims[i], y->memory.dims[i + 1], at->w[i], 0, false, false);
    }
    add(b, "mixer.norm", D, 0, 0, at->norm, 0, false, false);
    add(b, "mixer.gate.weight", D, D, 0, at->in + 3 * D, W, false, true);
    add(b, "mixer.out.weight", D, D, 0, at->out, 0, false, true);
    if (c->arch != MN_ARCH_LMM) add_attention(b, l);
}

mn_status_t mn_model_new(const mn_config_t *config, mn_model_t **out, mn_err_t *err) {
    mn_model_t *model = NULL;
    mn_status_t status;
    *out = NULL;
    if ((status = mn_config_check(config, MN_FAILED, NULL, err))) return status;
    mn_gemm_init();
    if ((status = mn_mem_new((void **)&model, 1, sizeof *model, err))) return status;
    model->config = *config;
    if ((status = mn_mem_new((void **)&model->layout, 1, sizeof *model->layout, err)) ||
        (status = mn_mem_new((void **)&model->layout->layers, config->layers, sizeof(mn_layer_t), err)))
        goto failed;

    mn_layout_t *y = model->layout;
    builder_t b = {.model = model, .err = err};
    const int64_t D = config->dim;
    mn_memory_init(&y->memory, config);
    y->gates = 4 * D;
    y->in_width = mn_room(y->gates + config->heads * (2 + config->memory.depth));
    y->attention_width = config->arch == MN_ARCH_LMM ? 0 : (config->arch == MN_ARCH_MAC ? 4 : 3) * D;
    y->prefix = config->arch == MN_ARCH_MAC ? 0 : config->persistent;
    const int64_t words = config->words ? INT64_C(1) << 2 * config->words : 0, gapped = config->gapped ? mn_gapped_rows() : 0;
    y->words = reserve(y, words * D);
    y->gapped = reserve(y, gapped * config->classes);
    y->dense = y->size;
    y->gapped_mark = words;
    y->marks = words + gapped;
    y->embed = reserve(y, config->vocab * D);
    y->norm = reserve(y, D);
    y->head = reserve(y, mn_heads_width(config) * config->classes);
    y->head_bias = reserve(y, config->classes);
    y->query = reserve(y, D);
    y->lengths = reserve(y, config->lengths ? MN_LENGTHS * config->classes : 0);
    add(&b, "embed.weight", config->vocab, D, 0, y->embed, 0, false, false);
    if (words) add_marked(&b, "words.weight", words, D, y->words, 0);
    add(&b, "norm", D, 0, 0, y->norm, 0, false, false);
    if (config->classes > 0) {
        add(&b, "head.weight", mn_heads_width(config), config->classes, 0, y->head, 0, false, true);
        add(&b, "head.bias", config->classes, 0, 0, y->head_bias, 0, false, false);
        if (gapped) add_marked(&b, "head.gapped", gapped, config->classes, y->gapped, y->gapped_mark);
        if (config->lengths) add(&b, "head.lengths", MN_LENGTHS, config->classes, 0, y->lengths, 0, false, false);
        if (config->pooling == MN_POOL_ATTENTION) add(&b, "head.query", D, 0, 0, y->query, 0, false, false);
    }
    for (int64_t l = 0; l < config->layers; l++) add_layer(&b, l);
    if ((status = b.status) || (status = mn_mem_new((void **)&model->block, model->size, sizeof(mn_real_t), err)))
        goto failed;
    *out = model;
    return MN_OK;
failed:
    mn_model_free(model);
    return status;
}

void mn_model_free(mn_model_t *model) {
    if (!model) return;
    if (model->layout) {
        mn_mem_free(model->layout->layers);
        mn_mem_free(model->layout->places);
    }
    mn_mem_free(model->layout);
    mn_mem_free(model->params);
    mn_mem_free(model->block);
    mn_mem_free(model);
}

const mn_param_t *mn_model_param(const mn_model_t *model, const char *name) {
    for (int64_t i = 0; i < model->n_params; i++)
        if (!strcmp(model->params[i].name, name)) return &model->params[i];
    return NULL;
}

static bool ends_with(const char *name, const char *end) {
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && !strcmp(name + n - m, end);
}

/* Matrices randn / sqrt(fan-in), gains 1, words and what the head reads beside the pooled row 0, biases of alpha -4.6 (forget 1 % a token), eta 0, theta -2; the rows that reach
 * the outside, embedding and persistent, at the scale that the first norm expects. */
static init_t kind_of(const mn_param_t *p) {
    if (ends_with(p->name, "alpha.bias")) return INIT_ALPHA;
    if (ends_with(p->name, "theta.bias")) return INIT_THETA;
    if (ends_with(p->name, "bias") || ends_with(p->name, "query") || ends_with(p->name, "words.weight")) return INIT_ZERO;
    if (ends_with(p->name, "head.gapped") || ends_with(p->name, "head.lengths")) return INIT_ZERO;
    if (p->rank == 1) return INIT_ONE;
    if (ends_with(p->name, ".conv")) return INIT_CONV;
    if (ends_with(p->name, "persistent") || ends_with(p->name, "embed.weight")) return INIT_ROW;
    return INIT_FAN_IN;
}

void mn_model_init(mn_model_t *model, uint64_t seed) {
    for (int64_t i = 0; i < model->n_params; i++) {
        const mn_param_t *p = &model->params[i];
        mn_real_t *x = model->block + p->offset;
        mn_rng_t rng = mn_rng(seed, MN_RNG_INIT, mn_digest_hash(p->name, (int64_t)strlen(p->name), 0), 0);
        const init_t kind = kind_of(p);
        double scale = 1;
        if (kind == INIT_FAN_IN || kind == INIT_ROW) scale = 1 / sqrt((double)p->shape[p->rank == 3 || kind == INIT_ROW]);
        if (kind == INIT_CONV) scale = 1 / sqrt((double)p->shape[1]);
        for (int64_t j = 0; j < p->size; j++)
            x[j] = (mn_real_t)(kind == INIT_ONE     ? 1
                               : kind == INIT_ZERO  ? 0
                               : kind == INIT_ALPHA ? -4.6
                               : kind == INIT_THETA ? -2
                                                    : scale * mn_rng_normal(&rng));
    }
}

void mn_layout_pack(const mn_model_t *model, mn_real_t *packed) {
    for (int64_t i = 0; i < model->n_params; i++) {
        const mn_place_t *at = &model->layout->places[i];
        const mn_real_t *x = model->block + model->params[i].offset;
        for (int64_t r = 0; r < at->rows; r++)
            for (int64_t c = 0; c < at->cols; c++)
                packed[at->at + (at->turned ? c * at->ld + r : r * at->ld + c)] = x[r * at->cols + c];
    }
}

void mn_layout_unpack_add(const mn_model_t *model, mn_real_t *packed, uint8_t *marks, mn_real_t *gradient) {
    for (int64_t i = 0; i < model->n_params; i++) {
        const mn_place_t *at = &model->layout->places[i];
        mn_real_t *x = gradient + model->params[i].offset;
        for (int64_t r = 0; r < at->rows; r++) {
            if (at->mark >= 0 && !marks[at->mark + r]) continue;
            for (int64_t c = 0; c < at->cols; c++)
                x[r * at->cols + c] += packed[at->at + (at->turned ? c * at->ld + r : r * at->ld + c)];
            if (at->mark >= 0) memset(packed + at->at + r * at->ld, 0, (size_t)at->cols * sizeof *packed);
        }
    }
    memset(marks, 0, (size_t)model->layout->marks);
}
