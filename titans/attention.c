/* attention: see attention.h. */
#include "titans/attention.h"
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include <math.h>

typedef mn_real_t real;

static bool is_mac(const mn_pass_t *pass) {
    return pass->model->config.arch == MN_ARCH_MAC;
}

int64_t mn_attention_reach(const mn_config_t *config) {
    return (config->window - 1 + MN_ROWS - 1) / MN_ROWS * MN_ROWS;
}

/* Scores of one block and their cotangents; a block of queries. */
int64_t mn_attention_scratch(const mn_pass_t *pass) {
    const mn_config_t *c = &pass->model->config;
    return mn_room(2 * MN_ROWS * (c->persistent + (is_mac(pass) ? 2 : 1) * pass->keys) +
                   MN_ROWS * (c->dim / c->attn_heads));
}

/* Position p = MN_ROWS k + j is turned by k's angle, then by j's: one sine a block, and the same at every cut. */
void mn_attention_turns(mn_pass_t *pass) {
    const mn_config_t *c = &pass->model->config;
    const int64_t d = c->dim / c->attn_heads;
    for (int64_t i = 0; i < d / 2; i++) {
        const double frequency = pow(10000, -2.0 * (double)i / (double)d);
        double cosines[MN_ROWS], sines[MN_ROWS], cosine = 1, sine = 0;
        for (int j = 0; j < MN_ROWS; j++) {
            cosines[j] = cos(j * frequency);
            sines[j] = sin(j * frequency);
        }
        for (int64_t r = pass->start; r < pass->rows; r++) {
            const int64_t t = pass->base + r - pass->layout->prefix, p = is_mac(pass) ? t % c->segment : t,
                          j = p % MN_ROWS;
            if (j == 0 || r == pass->start) {
                cosine = cos((double)(p - j) * frequency);
                sine = sin((double)(p - j) * frequency);
            }
            pass->turns[r * d + i] = (real)(cosine * cosines[j] - sine * sines[j]);
            pass->turns[r * d + d / 2 + i] = (real)(sine * cosines[j] + cosine * sines[j]);
        }
    }
}

/* ---- projections and the window of the past */

static void project(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, d = D / c->attn_heads;
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    mn_pass_mul(from, to, A, D, a->za + from * D, D, pass->w + pass->layout->layers[layer].attention, A, false,
                a->proj + from * A, A);
    for (int64_t r = from; r < to; r++) {
        real *row = a->proj + r * A;
        if (r < pass->start || r >= pass->rows) {
            mn_zero(a->q + r * D, D);
            continue;
        }
        mn_vec->rotate(c->attn_heads, d, pass->turns + r * d, 1, row, a->q + r * D);
        mn_vec->rotate(c->attn_heads, d, pass->turns + r * d, 1, row + D, row + D);
    }
}

/* The window's last row stands last in a state's block; what lies before the stream is zero. */
static void restore_window(mn_pass_t *pass, int64_t layer) {
    const int64_t D = pass->model->config.dim, A = pass->layout->attention_width, W = pass->model->config.window;
    const mn_state_at_t at = mn_state_at(pass->model);
    const real *last = pass->state->block + layer * at.size + at.window + (W - 2) * 2 * D;
    for (int64_t i = 1; i < W && pass->first - i >= -pass->lead; i++)
        mn_copy(pass->acts[layer].proj + (pass->first - i) * A + D, last - (i - 1) * 2 * D, 2 * D);
}

static void keep_window(mn_pass_t *pass, int64_t layer) {
    const int64_t D = pass->model->config.dim, A = pass->layout->attention_width, W = pass->model->config.window;
    const mn_state_at_t at = mn_state_at(pass->model);
    real *window = pass->state->block + layer * at.size + at.window;
    for (int64_t i = 0; i < W - 1; i++) {
        const int64_t r = pass->rows - (W - 1) + i;
        if (r >= -pass->lead)
            mn_copy(window + i * 2 * D, pass->acts[layer].proj + r * A + D, 2 * D);
        else
            mn_zero(window + i * 2 * D, 2 * D);
    }
}

void mn_attention_project(mn_pass_t *pass, int64_t layer) {
    const int64_t N = pass->model->config.persistent, D = pass->model->config.dim, A = pass->layout->attention_width;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    mn_zero(a->proj - pass->lead * A, pass->lead * A);
    mn_pass_for_rows(pass, layer, project);
    mn_zero(a->proj + pass->padded * A, (pass->room - pass->padded) * A);
    mn_zero(a->q + pass->padded * D, (pass->room - pass->padded) * D);
    mn_gemm('N', 'N', N, 2 * D, D, 1, pass->w + at->apersistent, D, pass->w + at->attention + D, A, 0, a->akv, 2 * D);
    if (is_mac(pass)) return; /* segments have their own past */
    if (pass->position > 0) restore_window(pass, layer);
    if (pass->state) keep_window(pass, layer);
}

/* ---- a block of queries: rows [row, row + n) against the keys of rows [key, key + keys), in mac in two sets, r and z
 */

typedef struct {
    int64_t row, n, key, keys, sets, width;
} block_t;

static block_t block_at(const mn_pass_t *pass, int64_t row) {
    const mn_config_t *c = &pass->model->config;
    block_t b = {.row = row, .n = pass->to - row < MN_ROWS ? pass->to - row : MN_ROWS, .sets = is_mac(pass) ? 2 : 1};
    const int64_t reach = row - mn_attention_reach(c);
    b.key = is_mac(pass) ? pass->from : reach > -pass->base ? reach : -pass->base;
    b.keys = row + b.n - b.key;
    b.width = c->persistent + b.sets * b.keys;
    return b;
}

/* Head h's keys of set s among rows of stride *ld, with the values D further on: of z the last set, of r the first. */
static const real *keys_of(const mn_pass_t *pass, int64_t layer, const block_t *b, int64_t h, int64_t s, int64_t *ld) {
    const int64_t D = pass->model->config.dim, A = pass->layout->attention_width,
                  d = D / pass->model->config.attn_heads;
    const mn_acts_t *a = &pass->acts[layer];
    const bool is_z = s == b->sets - 1;
    *ld = is_z ? A : 2 * D;
    return (is_z ? a->proj + D : a->rkv) + b->key * *ld + h * d;
}

/* The same of their cotangents. */
static real *dkeys_of(const mn_pass_t *pass, const block_t *b, int64_t h, int64_t s) {
    const int64_t D = pass->model->config.dim, A = pass->layout->attention_width,
                  d = D / pass->model->config.attn_heads;
    const bool is_z = s == b->sets - 1;
    return (is_z ? pass->dproj + D : pass->drkv) + b->key * (is_z ? A : 2 * D) + h * d;
}

/* p (n, width): the probabilities [persistent | r | z] */
static void weigh(const mn_pass_t *pass, int64_t layer, int64_t h, const block_t *b, real *p) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, N = c->persistent, d = D / c->attn_heads;
    const mn_acts_t *a = &pass->acts[layer];
    mn_gemm('N', 'T', b->n, N, d, 1, a->proj + b->row * A + h * d, A, a->akv + h * d, 2 * D, 0, p, b->width);
    for (int64_t s = 0; s < b->sets; s++) {
        int64_t ld;
        const real *keys = keys_of(pass, layer, b, h, s, &ld);
        mn_gemm('N', 'T', b->n, b->keys, d, 1, a->q + b->row * D + h * d, D, keys, ld, 0, p + N + s * b->keys,
                b->width);
    }
    for (int64_t i = 0; i < b->n; i++) {
        const int64_t r = b->row + i, back = r - c->window + 1, first_token = pass->layout->prefix - pass->base;
        const int64_t lo = (is_mac(pass) ? pass->from : back > first_token ? back : first_token) - b->key;
        int64_t span[6] = {0, N}, spans = 1;
        for (int64_t s = 0; s < b->sets; s++, spans++) {
            span[2 * spans] = N + s * b->keys + lo;
            span[2 * spans + 1] = N + s * b->keys + r + 1 - b->key;
        }
        if (r < pass->start || r >= pass->rows) spans = 0;
        mn_vec->softmax(b->width, spans, span, (real)(1 / sqrt((double)d)), p + i * b->width);
    }
}

static bool has_tokens(const mn_pass_t *pass, const block_t *b) {
    return b->row + b->n > pass->start && b->row < pass->rows;
}

static void attend(mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, N = c->persistent, d = D / c->attn_heads;
    const mn_acts_t *a = &pass->acts[layer];
    real *p = pass->scores + h * mn_attention_scratch(pass);
    for (int64_t row = pass->from; row < pass->to; row += MN_ROWS) {
        const block_t b = block_at(pass, row);
        real *mix = a->mix + row * D + h * d;
        if (!has_tokens(pass, &b)) {
            for (int64_t i = 0; i < b.n; i++) mn_zero(mix + i * D, d);
            continue;
        }
        weigh(pass, layer, h, &b, p);
        for (int64_t s = 0; s < b.sets; s++) {
            int64_t ld;
            const real *keys = keys_of(pass, layer, &b, h, s, &ld);
            mn_gemm('N', 'N', b.n, d, b.keys, 1, p + N + s * b.keys, b.width, keys + D, ld, s > 0, mix, D);
        }
        if (N > 0) mn_gemm('N', 'N', b.n, d, N, 1, p, b.width, a->akv + D + h * d, 2 * D, 1, mix, D);
    }
}

static void join(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim;
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    mn_pass_mul(from, to, D, D, a->mix + from * D, D, pass->w + pass->layout->layers[layer].ao, D, true,
                a->att + from * D, D);
}

void mn_attention_forward(mn_pass_t *pass, int64_t layer) {
    mn_pass_for(pass, layer, pass->model->config.attn_heads, attend);
    mn_pass_for_rows(pass, layer, join);
}

/* ---- backward */

/* Cotangents of the window's rows: those that the next piece has left, and those that are left to the one before. */
static void take_window_back(mn_pass_t *pass, int64_t layer) {
    const int64_t D = pass->model->config.dim, A = pass->layout->attention_width, past = pass->model->config.window - 1;
    const mn_state_at_t at = mn_state_at(pass->model);
    for (int64_t r = pass->rows - past < -pass->lead ? -pass->lead : pass->rows - past; r < pass->rows; r++)
        mn_copy(pass->dproj + r * A + D, pass->dnext + layer * at.size + at.window + (r - pass->rows + past) * 2 * D,
             2 * D);
}

static void give_window_back(mn_pass_t *pass, int64_t layer) {
    const int64_t D = pass->model->config.dim, A = pass->layout->attention_width, past = pass->model->config.window - 1;
    const mn_state_at_t at = mn_state_at(pass->model);
    real *window = pass->dstate + layer * at.size + at.window;
    mn_zero(window, past * 2 * D);
    for (int64_t r = pass->first - past < -pass->lead ? -pass->lead : pass->first - past; r < pass->first; r++)
        mn_copy(window + (r - pass->first + past) * 2 * D, pass->dproj + r * A + D, 2 * D);
}

void mn_attention_start_back(mn_pass_t *pass, int64_t layer) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width;
    mn_zero(pass->dproj - pass->lead * A, (pass->lead + pass->room) * A);
    mn_zero(pass->dakv, c->persistent * 2 * D);
    if (is_mac(pass)) mn_zero(pass->drkv, pass->room * 2 * D);
    if (pass->dnext && !is_mac(pass)) take_window_back(pass, layer);
}

static void join_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    mn_gemm('N', 'T', to - from, D, D, 1, pass->datt + from * D, D, pass->w + pass->layout->layers[layer].ao, D, 0,
            pass->dmix + from * D, D);
}

static void attend_back(mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, N = c->persistent, d = D / c->attn_heads;
    const mn_acts_t *a = &pass->acts[layer];
    for (int64_t row = pass->from; row < pass->to; row += MN_ROWS) {
        const block_t b = block_at(pass, row);
        if (!has_tokens(pass, &b)) continue;
        real *p = pass->scores + h * mn_attention_scratch(pass), *dp = p + b.n * b.width, *dq = dp + b.n * b.width;
        const real *dmix = pass->dmix + row * D + h * d, *q = a->q + row * D + h * d,
                   *plain = a->proj + row * A + h * d;
        real *dakv = pass->dakv + h * d, *dplain = pass->dproj + row * A + h * d;
        int64_t ld;
        weigh(pass, layer, h, &b, p);
        mn_gemm('N', 'T', b.n, N, d, 1, dmix, D, a->akv + D + h * d, 2 * D, 0, dp, b.width);
        mn_gemm('T', 'N', N, d, b.n, 1, p, b.width, dmix, D, 1, dakv + D, 2 * D);
        for (int64_t s = 0; s < b.sets; s++) {
            const real *keys = keys_of(pass, layer, &b, h, s, &ld);
            real *dkeys = dkeys_of(pass, &b, h, s);
            mn_gemm('N', 'T', b.n, b.keys, d, 1, dmix, D, keys + D, ld, 0, dp + N + s * b.keys, b.width);
            mn_gemm('T', 'N', b.keys, d, b.n, 1, p + N + s * b.keys, b.width, dmix, D, 1, dkeys + D, ld);
        }
        for (int64_t i = 0; i < b.n; i++)
            mn_vec->softmax_back(b.width, p + i * b.width, (real)(1 / sqrt((double)d)), dp + i * b.width);
        for (int64_t s = 0; s < b.sets; s++) {
            const real *keys = keys_of(pass, layer, &b, h, s, &ld), *ds = dp + N + s * b.keys;
            real *dkeys = dkeys_of(pass, &b, h, s);
            mn_gemm('N', 'N', b.n, d, b.keys, 1, ds, b.width, keys, ld, s > 0, dq, d);
            mn_gemm('T', 'N', b.keys, d, b.n, 1, ds, b.width, q, D, 1, dkeys, ld);
        }
        for (int64_t i = 0; i < b.n; i++) {
            if (row + i < pass->start || row + i >= pass->rows) continue;
            mn_vec->rotate(1, d, pass->turns + (row + i) * d, -1, dq + i * d, dplain + i * A);
        }
        if (N == 0) continue;
        mn_gemm('N', 'N', b.n, d, N, 1, dp, b.width, a->akv + h * d, 2 * D, 1, dplain, A);
        mn_gemm('T', 'N', N, d, b.n, 1, dp, b.width, plain, A, 1, dakv, 2 * D);
    }
}

void mn_attention_backward(mn_pass_t *pass, int64_t layer) {
    mn_pass_for_rows(pass, layer, join_back);
    mn_pass_for(pass, layer, pass->model->config.attn_heads, attend_back);
}

/* dz from dproj, in mag beside the memory's part; the past's rows are constants */
static void project_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, d = D / c->attn_heads;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        real *row = pass->dproj + r * A;
        if (r < pass->start || r >= pass->rows)
            mn_zero(row, A);
        else
            mn_vec->rotate(c->attn_heads, d, pass->turns + r * d, -1, row + D, row + D);
    }
    mn_gemm('N', 'T', to - from, D, A, 1, pass->dproj + from * A, A, pass->w + pass->layout->layers[layer].attention, A,
            pass->model->config.arch == MN_ARCH_MAG, pass->dz + from * D, D);
}

static void weights_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim, A = pass->layout->attention_width, N = pass->model->config.persistent;
    const int64_t from = pass->start, n = pass->rows - from;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    if (i == 0) mn_gemm('T', 'N', D, D, n, 1, a->mix + from * D, D, pass->datt + from * D, D, 1, pass->g + at->ao, D);
    if (i == 1) {
        mn_gemm('T', 'N', D, A, n, 1, a->za + from * D, D, pass->dproj + from * A, A, 1, pass->g + at->attention, A);
        if (N > 0)
            mn_gemm('T', 'N', D, 2 * D, N, 1, pass->w + at->apersistent, D, pass->dakv, 2 * D, 1,
                    pass->g + at->attention + D, A);
        if (is_mac(pass)) /* r's rows, too, went through ak and av */
            mn_gemm('T', 'N', D, 2 * D, n, 1, a->r + from * D, D, pass->drkv + from * 2 * D, 2 * D, 1,
                    pass->g + at->attention + D, A);
    }
    if (i == 2)
        mn_gemm('N', 'T', N, D, 2 * D, 1, pass->dakv, 2 * D, pass->w + at->attention + D, A, 1,
                pass->g + at->apersistent, D);
}

void mn_attention_project_back(mn_pass_t *pass, int64_t layer) {
    if (pass->dstate && !is_mac(pass)) give_window_back(pass, layer);
    mn_pass_for_rows(pass, layer, project_back);
    mn_pass_for(pass, layer, 3, weights_back);
}
