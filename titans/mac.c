/* mac: memory as context. For each segment: read with the memories as they stand at its start, attend over [persistent
 * | read | segment], write what was attended token by token; titans/MODEL.md states it. Segments run in order,
 * and backward from the last; within one, row-wise parts run by groups of rows and the rest by heads. */
#include "titans/attention.h"
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include "titans/pass.h"

typedef mn_real_t real;

static bool is_token(const mn_pass_t *pass, int64_t r) {
    return r >= pass->start && r < pass->rows;
}

/* The rows at work: the segment from `from` on, as far as its blocks of MN_ROWS hold rows. */
static void take_segment(mn_pass_t *pass, int64_t from) {
    const int64_t S = pass->model->config.segment, blocks = (pass->rows - from + MN_ROWS - 1) / MN_ROWS * MN_ROWS;
    pass->from = from;
    pass->to = from + (blocks < S ? blocks : S);
}

static void take_all(mn_pass_t *pass) {
    pass->from = 0;
    pass->to = pass->padded;
}

/* ---- the queries that read: rq = l2 per head of silu(conv(z rq)) */

static void queries(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, d = D / c->heads;
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        real *rq = a->rq + r * D;
        if (!is_token(pass, r)) {
            mn_zero(rq, D);
            continue;
        }
        mn_vec->conv(c->conv, D, a->proj + r * A + 3 * D, A, pass->w + pass->layout->layers[layer].rconv,
                     a->rconv + r * D);
        mn_vec->silu(D, a->rconv + r * D, rq);
        for (int64_t h = 0; h < c->heads; h++) mn_vec->l2(d, rq + h * d);
    }
}

/* dread, by now the cotangent of rq, to drconv */
static void queries_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, d = D / c->heads;
    const mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        real *drconv = pass->drconv + r * D, *dnormed = pass->dread + r * D, *raw = pass->dz + r * D;
        mn_zero(drconv, D);
        if (!is_token(pass, r)) continue;
        mn_vec->silu(D, a->rconv + r * D, raw);
        for (int64_t h = 0; h < c->heads; h++) mn_vec->l2_back(d, raw + h * d, dnormed + h * d, drconv + h * d);
        mn_vec->silu_back(D, a->rconv + r * D, drconv, drconv);
    }
}

static void convolution_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++)
        if (is_token(pass, r))
            mn_vec->conv_back(c->conv, D, pass->drconv + r * D, D, pass->w + pass->layout->layers[layer].rconv,
                              pass->dproj + r * A + 3 * D);
}

/* ---- the past: rows of rq before the convolution; of the open segment the memories at its start, keys and values */

static void restore(mn_pass_t *pass, int64_t layer) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, K = c->conv;
    const mn_state_at_t at = mn_state_at(pass->model);
    mn_acts_t *a = &pass->acts[layer];
    mn_zero(a->rq + pass->padded * D, (pass->room - pass->padded) * D);
    if (pass->position == 0) {
        for (int64_t r = -(K - 1); r < 0; r++) mn_zero(a->proj + r * A + 3 * D, D);
        return;
    }
    const real *block = pass->state->block + layer * at.size;
    for (int64_t i = 0; i < K - 1; i++)
        mn_copy(a->proj + (pass->first - (K - 1) + i) * A + 3 * D, block + at.rtail + i * D, D);
    for (int64_t r = pass->open; r < pass->first; r++)
        mn_copy(a->proj + r * A + D, block + at.window + (r - pass->open) * 4 * D, 2 * D);
    mn_copy(a->anchor, block + at.anchor, c->heads * pass->layout->memory.state_size);
}

/* Once those of the segment's new rows are made */
static void restore_reads(mn_pass_t *pass, int64_t layer) {
    const int64_t D = pass->model->config.dim;
    const mn_state_at_t at = mn_state_at(pass->model);
    for (int64_t r = pass->open; r < pass->first; r++)
        mn_copy(pass->acts[layer].rkv + r * 2 * D,
             pass->state->block + layer * at.size + at.window + ((r - pass->open) * 4 + 2) * D, 2 * D);
}

/* At the last segment, before it is written. A segment that ends leaves nothing, so that equal streams have equal
 * states. */
static void keep(mn_pass_t *pass, int64_t layer) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, K = c->conv, left = pass->rows - pass->from;
    const int64_t open = left < c->segment ? left : 0, size = c->heads * pass->layout->memory.state_size;
    const mn_state_at_t at = mn_state_at(pass->model);
    const mn_acts_t *a = &pass->acts[layer];
    real *block = pass->state->block + layer * at.size, *window = block + at.window;
    for (int64_t i = 0; i < K - 1; i++)
        mn_copy(block + at.rtail + i * D, a->proj + (pass->rows - (K - 1) + i) * A + 3 * D, D);
    mn_zero(window, (c->segment - 1) * 4 * D);
    for (int64_t i = 0; i < open; i++) {
        mn_copy(window + i * 4 * D, a->proj + (pass->from + i) * A + D, 2 * D);
        mn_copy(window + (i * 4 + 2) * D, a->rkv + (pass->from + i) * 2 * D, 2 * D);
    }
    if (open == 0)
        mn_zero(block + at.anchor, size);
    else if (pass->from >= pass->first) /* else it began in an earlier piece */
        mn_copy(block + at.anchor, pass->memories, size);
}

/* ---- reads: M_W(rq) of each head, C rows at a time */

typedef struct {
    real *x[MN_DEPTH_MAX], *p[MN_DEPTH_MAX], *dp, *slope; /* (C, widest): input and output of each matrix */
} read_t;

int64_t mn_mac_scratch(const mn_memory_t *memory) {
    return (2 * memory->depth + 2) * mn_room(memory->chunk * memory->widest);
}

static read_t take_read(const mn_pass_t *pass, int64_t h) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t size = mn_room(memory->chunk * memory->widest);
    real *room = pass->reads + h * mn_mac_scratch(memory);
    read_t read;
    for (int64_t l = 0; l < memory->depth; l++, room += 2 * size) {
        read.x[l] = room;
        read.p[l] = room + size;
    }
    read.dp = room;
    read.slope = room + size;
    return read;
}

/* The matrices' outputs p for the rows from r on, and their inputs x but the first. */
static void pass_through(const mn_pass_t *pass, const real *ws, const real *rq, const read_t *read) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t C = memory->chunk, *dims = memory->dims;
    for (int64_t l = 0; l < memory->depth; l++) {
        const int64_t in = dims[l], out = dims[l + 1];
        if (l > 0) mn_vec->act(memory->act, C * in, read->p[l - 1], read->x[l]);
        mn_gemm('N', 'N', C, out, in, 1, l ? read->x[l] : rq, l ? in : pass->model->config.dim, ws + memory->state[l],
                2 * out, 0, read->p[l], out);
    }
}

static void read_head(mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t D = pass->model->config.dim, C = memory->chunk, d = memory->d;
    const mn_acts_t *a = &pass->acts[layer];
    const real *ws = (pass->from < pass->first ? a->anchor : pass->memories) + h * memory->state_size;
    const read_t read = take_read(pass, h);
    const real *f = read.p[memory->depth - 1];
    for (int64_t row = pass->from; row < pass->to && row < pass->rows; row += C) {
        if (row + C <= pass->start) continue;
        pass_through(pass, ws, a->rq + row * D + h * d, &read);
        for (int64_t r = row; r < row + C; r++) {
            real *y = a->read + r * D + h * d;
            if (memory->norm)
                mn_vec->layer(d, f + (r - row) * d, y);
            else
                mn_copy(y, f + (r - row) * d, d);
            if (memory->residual) mn_vec->axpy(d, 1, a->rq + r * D + h * d, y);
        }
    }
}

/* dread of M(rq) becomes that of rq; the matrices' joins that of the state */
static void read_head_back(mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t D = pass->model->config.dim, C = memory->chunk, d = memory->d, L = memory->depth,
                  *dims = memory->dims;
    const mn_acts_t *a = &pass->acts[layer];
    const real *ws = pass->from < pass->first ? a->anchor + h * memory->state_size : mn_lmm_start(pass, layer, h);
    const read_t read = take_read(pass, h);
    real *dstate = pass->dmemories + h * memory->state_size;
    for (int64_t row = pass->from; row < pass->to && row < pass->rows; row += C) {
        if (row + C <= pass->start) continue;
        const real *rq = a->rq + row * D + h * d;
        pass_through(pass, ws, rq, &read);
        for (int64_t r = 0; r < C; r++) {
            real *dy = pass->dread + (row + r) * D + h * d;
            if (memory->norm)
                mn_vec->layer_back(d, read.p[L - 1] + r * d, dy, read.dp + r * d);
            else
                mn_copy(read.dp + r * d, dy, d);
            if (!memory->residual) mn_zero(dy, d);
        }
        real *dp = read.dp;
        for (int64_t l = L - 1; l >= 0; l--) {
            const int64_t in = dims[l], out = dims[l + 1];
            const real *w = ws + memory->state[l];
            mn_gemm('T', 'N', in, out, C, 1, l ? read.x[l] : rq, l ? in : D, dp, out, 1, dstate + memory->state[l],
                    2 * out);
            if (l == 0) {
                mn_gemm('N', 'T', C, in, out, 1, dp, out, w, 2 * out, 1, pass->dread + row * D + h * d, D);
                break;
            }
            real *dx = read.p[l]; /* has served */
            mn_gemm('N', 'T', C, in, out, 1, dp, out, w, 2 * out, 0, dx, in);
            mn_vec->act_slope(memory->act, C * in, read.p[l - 1], read.x[l], read.slope);
            mn_vec->mul(C * in, read.slope, dx);
            dp = dx;
        }
    }
}

/* r = rms(read; rnorm) rout, and its keys and values */
static void present(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, d = D / c->attn_heads;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        if (is_token(pass, r))
            mn_vec->rms(D, a->read + r * D, pass->w + at->rnorm, a->rn + r * D);
        else
            mn_zero(a->rn + r * D, D);
    }
    mn_pass_mul(from, to, D, D, a->rn + from * D, D, pass->w + at->rout, D, false, a->r + from * D, D);
    mn_pass_mul(from, to, 2 * D, D, a->r + from * D, D, pass->w + at->attention + D, A, false, a->rkv + from * 2 * D,
                2 * D);
    for (int64_t r = from > pass->start ? from : pass->start; r < to && r < pass->rows; r++)
        mn_vec->rotate(c->attn_heads, d, pass->turns + r * d, 1, a->rkv + r * 2 * D, a->rkv + r * 2 * D);
}

/* drkv to dgo, the cotangent of r, and to dread; the past's rows are constants */
static void present_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, d = D / c->attn_heads;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    const int64_t n = to - from;
    real *dr = pass->dgo + from * D, *dnormed = pass->dmix + from * D;
    for (int64_t r = from; r < to; r++) {
        real *dkv = pass->drkv + r * 2 * D;
        if (is_token(pass, r))
            mn_vec->rotate(c->attn_heads, d, pass->turns + r * d, -1, dkv, dkv);
        else
            mn_zero(dkv, 2 * D);
    }
    mn_gemm('N', 'T', n, D, 2 * D, 1, pass->drkv + from * 2 * D, 2 * D, pass->w + at->attention + D, A, 0, dr, D);
    mn_gemm('N', 'T', n, D, D, 1, dr, D, pass->w + at->rout, D, 0, dnormed, D);
    for (int64_t r = from; r < to; r++) {
        if (is_token(pass, r))
            mn_vec->rms_back(D, a->read + r * D, pass->w + at->rnorm, pass->dmix + r * D, pass->dread + r * D,
                             pass->gains + (i * MN_GAINS + MN_GAIN_RNORM) * D);
    }
}

/* ---- segments */

void mn_mac_forward(mn_pass_t *pass, int64_t layer) {
    const mn_config_t *c = &pass->model->config;
    mn_attention_project(pass, layer);
    restore(pass, layer);
    mn_pass_for_rows(pass, layer, queries);
    for (int64_t from = pass->open; from < pass->rows; from += c->segment) {
        const bool begins = from == pass->open, ends = from + c->segment >= pass->rows;
        take_segment(pass, from);
        mn_pass_for(pass, layer, c->heads, read_head);
        mn_pass_for_rows(pass, layer, present);
        if (begins) restore_reads(pass, layer);
        if (ends && pass->state) keep(pass, layer);
        mn_attention_forward(pass, layer);
        mn_lmm_forward(pass, layer);
    }
    take_all(pass);
}

static void weights_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, from = pass->start, n = pass->rows - from;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    if (i == 0)
        mn_gemm('T', 'N', D, D, n, 1, a->rn + from * D, D, pass->dgo + from * D, D, 1, pass->g + at->rout, D);
    else
        for (int64_t r = from; r < pass->rows; r++)
            mn_vec->conv_back_kernel(c->conv, D, a->proj + r * A + 3 * D, A, pass->drconv + r * D, pass->g + at->rconv);
}

void mn_mac_backward(mn_pass_t *pass, int64_t layer) {
    const mn_config_t *c = &pass->model->config;
    const mn_state_at_t at = mn_state_at(pass->model);
    mn_attention_start_back(pass, layer);
    mn_zero(pass->dread, pass->room * c->dim); /* whole chunks and blocks of the last segment may end beyond padded */
    mn_zero(pass->datt + pass->padded * c->dim, (pass->room - pass->padded) * c->dim);
    for (int64_t from = pass->open + (pass->rows - 1 - pass->open) / c->segment * c->segment; from >= pass->open;
         from -= c->segment) {
        take_segment(pass, from);
        mn_lmm_backward(pass, layer);
        mn_attention_backward(pass, layer);
        mn_pass_for_rows(pass, layer, present_back);
        mn_pass_for(pass, layer, c->heads, read_head_back);
    }
    take_all(pass);
    mn_pass_for_rows(pass, layer, queries_back);
    if (pass->dnext)
        mn_copy(pass->drconv + pass->padded * c->dim, pass->dnext + layer * at.size + at.rtail, (c->conv - 1) * c->dim);
    else
        mn_zero(pass->drconv + pass->padded * c->dim, (c->conv - 1) * c->dim);
    if (pass->dstate)
        mn_copy(pass->dstate + layer * at.size + at.rtail, pass->drconv + pass->first * c->dim, (c->conv - 1) * c->dim);
    mn_pass_for_rows(pass, layer, convolution_back);
    mn_pass_for(pass, layer, 2, weights_back);
    mn_attention_project_back(pass, layer);
    mn_lmm_weights_back(pass, layer);
}
