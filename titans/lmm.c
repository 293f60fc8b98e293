/* lmm: the memory layer over the rows [persistent | rms(x; norm1)], as ../reference/model.md states it, and its residual.
 * Row-wise parts run by groups of rows, scans by heads. */
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include "titans/pass.h"
#include <string.h>

typedef mn_real_t real;

static void copy(real *to, const real *from, int64_t n) {
    memcpy(to, from, (size_t)n * sizeof *to);
}

static void zero(real *x, int64_t n) {
    memset(x, 0, (size_t)n * sizeof *x);
}

/* z and its projections [q | k | v | gate | alpha | eta | theta] */
static void project(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim, W = pass->layout->in_width;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        if (r >= pass->start && r < pass->rows)
            mn_vec->rms(D, a->x + r * D, pass->w + at->norm1, a->z + r * D);
        else if (r >= pass->first && r < pass->start)
            copy(a->z + r * D, pass->w + at->persistent + (r - pass->first) * D, D);
        else
            zero(a->z + r * D, D);
    }
    for (int64_t r = from; r < to; r += MN_ROWS)
        mn_gemm('N', 'N', MN_ROWS, W, D, 1, a->z + r * D, D, pass->w + at->in, W, 0, a->in + r * W, W);
}

/* q, k, v after convolution, activation and norm; the three gates */
static void prepare(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, W = pass->layout->in_width, H = c->heads, L = c->memory.depth, d = D / H;
    const mn_layer_t *at = &pass->layout->layers[layer];
    const real *bias = pass->w + at->bias, top = pass->frozen ? 0 : (real)(c->memory.theta_max / (double)c->chunk);
    const bool decay = c->memory.decay && !pass->frozen, momentum = c->memory.momentum && !pass->frozen;
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    if (from < pass->first) from = pass->first;
    if (to > pass->rows) to = pass->rows;
    for (int64_t r = from; r < to; r++) {
        real *qkv = a->qkv + r * 3 * D, *gates = a->in + r * W + pass->layout->gates;
        mn_vec->conv(c->conv, 3 * D, a->in + r * W, W, pass->w + at->conv, a->conv + r * 3 * D);
        mn_vec->silu(3 * D, a->conv + r * 3 * D, qkv);
        for (int64_t h = 0; h < 2 * H; h++) mn_vec->l2(d, qkv + h * d);
        mn_vec->axpy(H * (2 + L), 1, bias, gates);
        mn_vec->sigmoid(H * (2 + L), gates, gates); /* kept as sigmoids: all that the backward pass needs */
        for (int64_t h = 0; h < H; h++) {
            const real alpha = decay ? gates[h] : 0, eta = momentum ? gates[H + h] : 0;
            a->alpha[h * pass->room + r] = alpha;
            a->eta[h * pass->room + r] = eta;
            for (int64_t l = 0; l < L; l++)
                a->theta[(h * pass->room + r) * L + l] = top * gates[2 * H + h * L + l] * (1 - eta);
        }
    }
}

/* The rows of the stream's past that this piece needs: convolution tail before `prepare`, open chunk after it; and the
 * zeros that close the last chunk. */
static void restore_tail(mn_pass_t *pass, int64_t layer) {
    const int64_t K = pass->model->config.conv, D3 = 3 * pass->model->config.dim, W = pass->layout->in_width;
    const mn_state_at_t at = mn_state_at(pass->model);
    for (int64_t i = 0; i < K - 1; i++) {
        real *row = pass->acts[layer].in + (pass->first - (K - 1) + i) * W;
        if (pass->position > 0)
            copy(row, pass->state->block + layer * at.size + at.tail + i * D3, D3);
        else
            zero(row, D3);
    }
}

static void restore_open(mn_pass_t *pass, int64_t layer) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, H = c->heads, L = c->memory.depth, G = H * (2 + L);
    const mn_state_at_t at = mn_state_at(pass->model);
    mn_acts_t *a = &pass->acts[layer];
    for (int64_t r = pass->scan; r < pass->first; r++) {
        const int64_t i = r - pass->scan;
        const real *block = pass->state->block + layer * at.size, *gates = block + at.gates + i * G;
        zero(a->qkv + r * 3 * D, D);
        copy(a->qkv + r * 3 * D + D, block + at.open + i * 2 * D, 2 * D);
        for (int64_t h = 0; h < H; h++) {
            a->alpha[h * pass->room + r] = gates[h];
            a->eta[h * pass->room + r] = gates[H + h];
            copy(a->theta + (h * pass->room + r) * L, gates + 2 * H + h * L, L);
        }
    }
    zero(a->qkv + pass->rows * 3 * D, (pass->room - pass->rows) * 3 * D);
}

/* What the next piece will need; memories: those of the last chunk's start where it stays open. */
static void keep(mn_pass_t *pass, int64_t layer) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, H = c->heads, L = c->memory.depth, G = H * (2 + L), K = c->conv, W = pass->layout->in_width;
    const mn_memory_t *memory = &pass->layout->memory;
    const mn_state_at_t at = mn_state_at(pass->model);
    const int64_t open = (pass->rows - pass->scan) % c->chunk;
    mn_acts_t *a = &pass->acts[layer];
    real *block = pass->state->block + layer * at.size;
    for (int64_t h = 0; h < H; h++) {
        const mn_tape_t *tape = &a->tapes[h];
        const int64_t last = mn_memory_chunks(memory, pass->rows - pass->scan) - 1;
        copy(block + h * memory->state_size,
             open ? tape->chunks + last % tape->every * memory->chunk_size : pass->memories + h * memory->state_size,
             memory->state_size);
    }
    for (int64_t i = 0; i < K - 1; i++) copy(block + at.tail + i * 3 * D, a->in + (pass->rows - (K - 1) + i) * W, 3 * D);
    /* equal streams have equal states, however they were cut */
    zero(block + at.open, at.gates + (c->chunk - 1) * G - at.open);
    for (int64_t i = 0; i < open; i++) {
        const int64_t r = pass->rows - open + i;
        real *gates = block + at.gates + i * G;
        copy(block + at.open + i * 2 * D, a->qkv + r * 3 * D + D, 2 * D);
        for (int64_t h = 0; h < H; h++) {
            gates[h] = a->alpha[h * pass->room + r];
            gates[H + h] = a->eta[h * pass->room + r];
            copy(gates + 2 * H + h * L, a->theta + (h * pass->room + r) * L, L);
        }
    }
}

static mn_memory_rows_t rows_of(const mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t D = pass->model->config.dim, L = memory->depth, d = memory->d, at = h * pass->room + pass->scan;
    mn_acts_t *a = &pass->acts[layer];
    real *q = a->qkv + pass->scan * 3 * D + h * d;
    mn_memory_rows_t rows = {.n = pass->rows - pass->scan, .ld = 3 * D, .ldy = D, .q = q, .k = q + D, .v = q + 2 * D,
                             .alpha = a->alpha + at, .eta = a->eta + at, .theta = a->theta + at * L,
                             .y = a->y + pass->scan * D + h * d};
    for (int64_t l = 0; l < L; l++)
        rows.initial[l] = pass->w + pass->layout->layers[layer].w[l] + h * memory->dims[l] * memory->dims[l + 1];
    return rows;
}

static void scan(mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_memory_t *memory = &pass->layout->memory;
    const mn_memory_rows_t rows = rows_of(pass, layer, h);
    const int64_t at = (layer * pass->model->config.heads + h) * memory->state_size;
    real *state = pass->memories + h * memory->state_size;
    if (pass->position > 0) {
        copy(state, pass->state->block + layer * mn_state_at(pass->model).size + h * memory->state_size, memory->state_size);
    } else if (pass->given) {
        copy(state, pass->given + at, memory->state_size);
    } else {
        zero(state, memory->state_size);
        for (int64_t l = 0; l < memory->depth; l++) {
            const int64_t in = memory->dims[l], out = memory->dims[l + 1];
            for (int64_t r = 0; r < in; r++) copy(state + memory->state[l] + r * 2 * out, rows.initial[l] + r * out, out);
        }
    }
    mn_memory_forward(memory, &rows, &pass->acts[layer].tapes[h], state, pass->scratch + h * memory->scratch_size);
    if (pass->left) copy(pass->left + at, state, memory->state_size);
}

/* mid = x + (rms(y) per head * silu(gate)) out */
static void gather(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, H = c->heads, d = D / H, W = pass->layout->in_width;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        real *o = a->o + r * D, *gate = a->mid + r * D; /* mid serves as room for silu(gate) first */
        if (r < pass->start || r >= pass->rows) {
            zero(o, D);
            continue;
        }
        for (int64_t h = 0; h < H; h++) mn_vec->rms(d, a->y + r * D + h * d, pass->w + at->norm + h * d, o + h * d);
        mn_vec->silu(D, a->in + r * W + 3 * D, gate);
        mn_vec->mul(D, gate, o);
    }
    copy(a->mid + from * D, a->x + from * D, (to - from) * D);
    for (int64_t r = from; r < to; r += MN_ROWS)
        mn_gemm('N', 'N', MN_ROWS, D, D, 1, a->o + r * D, D, pass->w + at->out, D, 1, a->mid + r * D, D);
}

void mn_lmm_forward(mn_pass_t *pass, int64_t layer) {
    mn_pass_for(pass, layer, pass->groups, project);
    restore_tail(pass, layer);
    mn_pass_for(pass, layer, pass->groups, prepare);
    restore_open(pass, layer);
    mn_pass_for(pass, layer, pass->model->config.heads, scan);
    mn_pass_for(pass, layer, pass->groups, gather);
    if (pass->state) keep(pass, layer);
}

/* ---- backward */

/* do, and through the gate and the head norms to dy and the gate's column of din */
static void gather_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, H = c->heads, d = D / H, W = pass->layout->in_width;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    mn_gemm('N', 'T', to - from, D, D, 1, pass->dmid + from * D, D, pass->w + at->out, D, 0, pass->dgo + from * D, D);
    for (int64_t r = from; r < to; r++) {
        real *dgo = pass->dgo + r * D, *dy = pass->dy + r * D, *dgate = pass->din + r * W + 3 * D, *normed = pass->dz + r * D;
        const real *gate = a->in + r * W + 3 * D;
        zero(pass->din + r * W, W);
        zero(dy, D);
        if (r < pass->start || r >= pass->rows) continue;
        for (int64_t h = 0; h < H; h++) mn_vec->rms(d, a->y + r * D + h * d, pass->w + at->norm + h * d, normed + h * d);
        mn_vec->mul(D, dgo, normed);
        mn_vec->silu_back(D, gate, normed, dgate);
        mn_vec->silu(D, gate, normed);
        mn_vec->mul(D, normed, dgo);
        for (int64_t h = 0; h < H; h++)
            mn_vec->rms_back(d, a->y + r * D + h * d, pass->w + at->norm + h * d, dgo + h * d, dy + h * d,
                             pass->gains + (3 * i + 2) * D + h * d);
    }
}

static void scan_back(mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t D = pass->model->config.dim, L = memory->depth, d = memory->d, at = h * pass->room;
    const mn_memory_rows_t rows = rows_of(pass, layer, h);
    real *dstate = pass->dmemories + h * memory->state_size, *dq = pass->dqkv + pass->scan * 3 * D + h * d;
    zero(pass->dalpha + at, pass->room);
    zero(pass->deta + at, pass->room);
    zero(pass->dtheta + at * L, pass->room * L);
    zero(dstate, memory->state_size);
    mn_memory_grads_t grads = {.dy = pass->dy + pass->scan * D + h * d, .dq = dq, .dk = dq + D, .dv = dq + 2 * D,
                               .dalpha = pass->dalpha + at + pass->scan, .deta = pass->deta + at + pass->scan,
                               .dtheta = pass->dtheta + (at + pass->scan) * L};
    for (int64_t l = 0; l < L; l++)
        grads.dinitial[l] = pass->g + pass->layout->layers[layer].w[l] + h * memory->dims[l] * memory->dims[l + 1];
    mn_memory_backward(memory, &rows, &pass->acts[layer].tapes[h], &grads, dstate, pass->scratch + h * memory->scratch_size);
    if (pass->position > 0) return; /* the stream's past is a constant */
    for (int64_t l = 0; l < L; l++) {
        const int64_t in = memory->dims[l], out = memory->dims[l + 1];
        for (int64_t r = 0; r < in; r++)
            mn_vec->axpy(out, 1, dstate + memory->state[l] + r * 2 * out, grads.dinitial[l] + r * out);
    }
}

/* Through norm and activation to dconv, and through the gates */
static void prepare_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, W = pass->layout->in_width, H = c->heads, L = c->memory.depth, d = D / H;
    const real top = (real)(c->memory.theta_max / (double)c->chunk);
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        real *dqkv = pass->dqkv + r * 3 * D, *dconv = pass->dconv + r * 3 * D;
        const real *sigma = a->in + r * W + pass->layout->gates;
        real *dgates = pass->din + r * W + pass->layout->gates;
        if (r < pass->first || r >= pass->rows) {
            zero(dconv, 3 * D);
            continue;
        }
        mn_vec->silu(2 * D, a->conv + r * 3 * D, dconv); /* as they were before l2 */
        for (int64_t h = 0; h < 2 * H; h++) {
            mn_vec->l2_back(d, dconv + h * d, dqkv + h * d, pass->dz + r * D);
            copy(dqkv + h * d, pass->dz + r * D, d);
        }
        mn_vec->silu_back(3 * D, a->conv + r * 3 * D, dqkv, dconv);
        for (int64_t h = 0; h < H; h++) {
            const int64_t at = h * pass->room + r;
            const real eta = a->eta[at];
            real deta = pass->deta[at];
            for (int64_t l = 0; l < L; l++) {
                const real s = sigma[2 * H + h * L + l], dt = pass->dtheta[at * L + l];
                dgates[2 * H + h * L + l] = dt * top * (1 - eta) * (s * (1 - s));
                deta -= dt * top * s;
            }
            dgates[h] = c->memory.decay ? pass->dalpha[at] * (sigma[h] * (1 - sigma[h])) : 0;
            dgates[H + h] = c->memory.momentum ? deta * (sigma[H + h] * (1 - sigma[H + h])) : 0;
        }
    }
}

/* Through convolution and projections to dz, and through norm1 into dmid */
static void project_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, W = pass->layout->in_width;
    const mn_layer_t *at = &pass->layout->layers[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from > pass->first ? from : pass->first; r < to && r < pass->rows; r++)
        mn_vec->conv_back(c->conv, 3 * D, pass->dconv + r * 3 * D, 3 * D, pass->w + at->conv, pass->din + r * W);
    mn_gemm('N', 'T', to - from, D, W, 1, pass->din + from * W, W, pass->w + at->in, W, 0, pass->dz + from * D, D);
    for (int64_t r = from > pass->start ? from : pass->start; r < to && r < pass->rows; r++)
        mn_vec->rms_back(D, pass->acts[layer].x + r * D, pass->w + at->norm1, pass->dz + r * D, pass->dmid + r * D,
                         pass->gains + 3 * i * D);
}

static void weights_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, W = pass->layout->in_width, n = pass->padded;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    if (i == 0) mn_gemm('T', 'N', D, W, n, 1, a->z, D, pass->din, W, 1, pass->g + at->in, W);
    if (i == 1) mn_gemm('T', 'N', D, D, n, 1, a->o, D, pass->dx, D, 1, pass->g + at->out, D);
    if (i == 2)
        for (int64_t r = pass->first; r < pass->rows; r++)
            mn_vec->conv_back_kernel(c->conv, 3 * D, a->in + r * W, W, pass->dconv + r * 3 * D, pass->g + at->conv);
    if (i == 3)
        for (int64_t r = pass->first; r < pass->rows; r++) {
            mn_vec->axpy(c->heads * (2 + c->memory.depth), 1, pass->din + r * W + pass->layout->gates, pass->g + at->bias);
            if (r < pass->start)
                mn_vec->axpy(D, 1, pass->dz + r * D, pass->g + at->persistent + (r - pass->first) * D);
        }
}

void mn_lmm_backward(mn_pass_t *pass, int64_t layer) {
    /* dx has done its service; it keeps the cotangent of mid for the product with o, while dmid moves on to x */
    copy(pass->dx, pass->dmid, pass->padded * pass->model->config.dim);
    mn_pass_for(pass, layer, pass->groups, gather_back);
    zero(pass->dy + pass->padded * pass->model->config.dim, (pass->room - pass->padded) * pass->model->config.dim);
    mn_pass_for(pass, layer, pass->model->config.heads, scan_back);
    zero(pass->dconv + pass->padded * 3 * pass->model->config.dim, (pass->model->config.conv - 1) * 3 * pass->model->config.dim);
    mn_pass_for(pass, layer, pass->groups, prepare_back);
    mn_pass_for(pass, layer, pass->groups, project_back);
    mn_pass_for(pass, layer, 4, weights_back);
}
