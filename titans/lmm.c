/* lmm: the memory layer, as titans/MODEL.md states it, over the rows at work of acts.seen: [persistent | rms(x; norm1)],
 * or in mac a segment of attended rows. Row-wise parts run by groups of rows, scans by heads. */
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include "titans/pass.h"

typedef mn_real_t real;

/* [q | k | v | gate | alpha | eta | theta] */
static void project(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim, W = pass->layout->in_width;
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    mn_pass_mul(from, to, W, D, a->seen + from * D, D, pass->w + pass->layout->layers[layer].in, W, false, a->in + from * W,
                W);
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
            mn_copy(row, pass->state->block + layer * at.size + at.tail + i * D3, D3);
        else
            mn_zero(row, D3);
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
        mn_zero(a->qkv + r * 3 * D, D);
        mn_copy(a->qkv + r * 3 * D + D, block + at.open + i * 2 * D, 2 * D);
        for (int64_t h = 0; h < H; h++) {
            a->alpha[h * pass->room + r] = gates[h];
            a->eta[h * pass->room + r] = gates[H + h];
            mn_copy(a->theta + (h * pass->room + r) * L, gates + 2 * H + h * L, L);
        }
    }
    mn_zero(a->qkv + pass->rows * 3 * D, (pass->room - pass->rows) * 3 * D);
}

/* Head h's rows among [from, to). */
static mn_memory_rows_t rows_of(const mn_pass_t *pass, int64_t layer, int64_t h, int64_t from, int64_t to) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t D = pass->model->config.dim, L = memory->depth, d = memory->d;
    const int64_t first = from > pass->scan ? from : pass->scan, at = h * pass->room + first;
    mn_acts_t *a = &pass->acts[layer];
    real *q = a->qkv + first * 3 * D + h * d;
    mn_memory_rows_t rows = {.n = (to < pass->rows ? to : pass->rows) - first, .ld = 3 * D, .ldy = D, .q = q, .k = q + D,
                             .v = q + 2 * D, .alpha = a->alpha + at, .eta = a->eta + at, .theta = a->theta + at * L,
                             .y = a->y + first * D + h * d};
    for (int64_t l = 0; l < L; l++)
        rows.initial[l] = pass->w + pass->layout->layers[layer].w[l] + h * memory->dims[l] * memory->dims[l + 1];
    return rows;
}

/* mac keeps for its backward pass the chunks of a group of whole segments, and the state at each group's start. */
static bool has_groups(const mn_pass_t *pass) {
    return pass->model->config.arch == MN_ARCH_MAC && pass->g;
}

/* Of the group that holds row `from`: its number and its first row. */
static int64_t group_of(const mn_pass_t *pass, const mn_tape_t *tape, int64_t from, int64_t *first) {
    const int64_t rows = tape->every * pass->model->config.chunk, group = (from - pass->open) / rows;
    *first = pass->open + group * rows;
    return group;
}

/* The tape of the segment at `from`, or of all rows. */
static mn_tape_t tape_of(const mn_pass_t *pass, int64_t layer, int64_t h, int64_t from) {
    const mn_tape_t *tape = &pass->acts[layer].tapes[h];
    int64_t first;
    if (!has_groups(pass)) return *tape;
    group_of(pass, tape, from, &first);
    return (mn_tape_t){.every = pass->model->config.segment / pass->model->config.chunk,
                       .chunks = tape->chunks + (from - first) / pass->model->config.chunk * pass->layout->memory.chunk_size};
}

/* The memories at the start of this piece. */
void mn_lmm_restore(mn_pass_t *pass, int64_t layer) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t H = pass->model->config.heads, size = memory->state_size;
    if (pass->position > 0) {
        mn_copy(pass->memories, pass->state->block + layer * mn_state_at(pass->model).size, H * size);
        return;
    }
    if (pass->given) {
        mn_copy(pass->memories, pass->given + layer * H * size, H * size);
        return;
    }
    mn_zero(pass->memories, H * size);
    for (int64_t h = 0; h < H; h++)
        for (int64_t l = 0; l < memory->depth; l++) {
            const int64_t in = memory->dims[l], out = memory->dims[l + 1];
            const real *initial = pass->w + pass->layout->layers[layer].w[l] + h * in * out;
            real *ws = pass->memories + h * size + memory->state[l];
            for (int64_t r = 0; r < in; r++) mn_copy(ws + r * 2 * out, initial + r * out, out);
        }
}

static void scan(mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_memory_t *memory = &pass->layout->memory;
    const mn_memory_rows_t rows = rows_of(pass, layer, h, pass->from, pass->to);
    const mn_tape_t tape = tape_of(pass, layer, h, pass->from), *kept = &pass->acts[layer].tapes[h];
    real *state = pass->memories + h * memory->state_size;
    int64_t first;
    if (has_groups(pass) && kept->states) {
        const int64_t group = group_of(pass, kept, pass->from, &first);
        if (first == pass->from) mn_copy(kept->states + group * memory->state_size, state, memory->state_size);
    }
    mn_memory_forward(memory, &rows, &tape, state, pass->scratch + h * memory->scratch_size);
}

/* m += (rms(y) per head * silu(gate)) out */
static void gather(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, H = c->heads, d = D / H, W = pass->layout->in_width;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        real *o = a->o + r * D, *gate = a->z2 + r * D; /* z2 serves as room until the feed-forward part writes it */
        if (r < pass->start || r >= pass->rows) {
            mn_zero(o, D);
            continue;
        }
        for (int64_t h = 0; h < H; h++) mn_vec->rms(d, a->y + r * D + h * d, pass->w + at->norm + h * d, o + h * d);
        mn_vec->silu(D, a->in + r * W + 3 * D, gate);
        mn_vec->mul(D, gate, o);
    }
    mn_pass_mul(from, to, D, D, a->o + from * D, D, pass->w + at->out, D, true, a->m + from * D, D);
}

/* What the next piece will need; memories: those of the last chunk's start where it stays open. */
static void keep(mn_pass_t *pass, int64_t layer) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, H = c->heads, L = c->memory.depth, G = H * (2 + L), K = c->conv, W = pass->layout->in_width;
    const mn_memory_t *memory = &pass->layout->memory;
    const mn_state_at_t at = mn_state_at(pass->model);
    const int64_t from = pass->from > pass->scan ? pass->from : pass->scan, open = (pass->rows - from) % c->chunk;
    mn_acts_t *a = &pass->acts[layer];
    real *block = pass->state->block + layer * at.size;
    for (int64_t h = 0; h < H; h++) {
        const mn_tape_t tape = tape_of(pass, layer, h, pass->from);
        const int64_t last = mn_memory_chunks(memory, pass->rows - from) - 1;
        mn_copy(block + h * memory->state_size,
             open ? tape.chunks + last % tape.every * memory->chunk_size : pass->memories + h * memory->state_size,
             memory->state_size);
    }
    for (int64_t i = 0; i < K - 1; i++) mn_copy(block + at.tail + i * 3 * D, a->in + (pass->rows - (K - 1) + i) * W, 3 * D);
    /* equal streams have equal states, however they were cut */
    mn_zero(block + at.open, at.gates + (c->chunk - 1) * G - at.open);
    for (int64_t i = 0; i < open; i++) {
        const int64_t r = pass->rows - open + i;
        real *gates = block + at.gates + i * G;
        mn_copy(block + at.open + i * 2 * D, a->qkv + r * 3 * D + D, 2 * D);
        for (int64_t h = 0; h < H; h++) {
            gates[h] = a->alpha[h * pass->room + r];
            gates[H + h] = a->eta[h * pass->room + r];
            mn_copy(gates + 2 * H + h * L, a->theta + (h * pass->room + r) * L, L);
        }
    }
}

void mn_lmm_forward(mn_pass_t *pass, int64_t layer) {
    const bool begins = pass->from <= pass->first, ends = pass->to >= pass->rows;
    mn_pass_for_rows(pass, layer, project);
    if (begins) restore_tail(pass, layer);
    mn_pass_for_rows(pass, layer, prepare);
    if (begins) restore_open(pass, layer);
    mn_pass_for(pass, layer, pass->model->config.heads, scan);
    mn_pass_for_rows(pass, layer, gather);
    if (ends && pass->state) keep(pass, layer);
    if (ends && pass->left)
        mn_copy(pass->left + layer * pass->model->config.heads * pass->layout->memory.state_size, pass->memories,
             pass->model->config.heads * pass->layout->memory.state_size);
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
    mn_gemm('N', 'T', to - from, D, D, 1, pass->dx + from * D, D, pass->w + at->out, D, 0, pass->dgo + from * D, D);
    for (int64_t r = from; r < to; r++) {
        real *dgo = pass->dgo + r * D, *dy = pass->dy + r * D, *dgate = pass->din + r * W + 3 * D, *normed = pass->dz + r * D;
        const real *gate = a->in + r * W + 3 * D;
        mn_zero(pass->din + r * W, W);
        mn_zero(dy, D);
        if (r < pass->start || r >= pass->rows) continue;
        for (int64_t h = 0; h < H; h++) mn_vec->rms(d, a->y + r * D + h * d, pass->w + at->norm + h * d, normed + h * d);
        mn_vec->mul(D, dgo, normed);
        mn_vec->silu_back(D, gate, normed, dgate);
        mn_vec->silu(D, gate, normed);
        mn_vec->mul(D, normed, dgo);
        for (int64_t h = 0; h < H; h++)
            mn_vec->rms_back(d, a->y + r * D + h * d, pass->w + at->norm + h * d, dgo + h * d, dy + h * d,
                             pass->gains + (i * MN_GAINS + MN_GAIN_NORM) * D + h * d);
    }
}

/* Makes the chunks of the group from `first` on again. */
static void scan_again(mn_pass_t *pass, int64_t layer, int64_t h, int64_t group, int64_t first) {
    const mn_memory_t *memory = &pass->layout->memory;
    const mn_tape_t *kept = &pass->acts[layer].tapes[h];
    real *state = pass->memories + h * memory->state_size;
    mn_copy(state, kept->states + group * memory->state_size, memory->state_size);
    for (int64_t from = first; from < pass->to; from += pass->model->config.segment) {
        const mn_memory_rows_t rows = rows_of(pass, layer, h, from, from + pass->model->config.segment);
        const mn_tape_t tape = tape_of(pass, layer, h, from);
        mn_memory_forward(memory, &rows, &tape, state, pass->scratch + h * memory->scratch_size);
    }
}

static void scan_back(mn_pass_t *pass, int64_t layer, int64_t h) {
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t D = pass->model->config.dim, L = memory->depth, d = memory->d;
    const mn_memory_rows_t rows = rows_of(pass, layer, h, pass->from, pass->to);
    const mn_tape_t tape = tape_of(pass, layer, h, pass->from), *kept = &pass->acts[layer].tapes[h];
    const int64_t from = pass->from > pass->scan ? pass->from : pass->scan, at = h * pass->room + from;
    real *dstate = pass->dmemories + h * memory->state_size, *dq = pass->dqkv + from * 3 * D + h * d;
    if (has_groups(pass) && kept->states) {
        int64_t first, group = group_of(pass, kept, pass->from, &first);
        if (pass->to >= pass->rows || pass->to == first + kept->every * memory->chunk)
            scan_again(pass, layer, h, group, first);
    }
    mn_zero(pass->dalpha + at, rows.n);
    mn_zero(pass->deta + at, rows.n);
    mn_zero(pass->dtheta + at * L, rows.n * L);
    if (pass->to >= pass->rows && pass->dnext)
        mn_copy(dstate, pass->dnext + layer * mn_state_at(pass->model).size + h * memory->state_size, memory->state_size);
    else if (pass->to >= pass->rows)
        mn_zero(dstate, memory->state_size);
    mn_memory_grads_t grads = {.dy = pass->dy + from * D + h * d, .dq = dq, .dk = dq + D, .dv = dq + 2 * D,
                               .dalpha = pass->dalpha + at, .deta = pass->deta + at, .dtheta = pass->dtheta + at * L};
    for (int64_t l = 0; l < L; l++)
        grads.dinitial[l] = pass->g + pass->layout->layers[layer].w[l] + h * memory->dims[l] * memory->dims[l + 1];
    mn_memory_backward(memory, &rows, &tape, &grads, dstate, pass->scratch + h * memory->scratch_size);
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
            mn_zero(dconv, 3 * D);
            continue;
        }
        mn_vec->silu(2 * D, a->conv + r * 3 * D, dconv); /* as they were before l2 */
        for (int64_t h = 0; h < 2 * H; h++) {
            mn_vec->l2_back(d, dconv + h * d, dqkv + h * d, pass->dz + r * D);
            mn_copy(dqkv + h * d, pass->dz + r * D, d);
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

/* Through convolution and projections to dseen */
static void project_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, W = pass->layout->in_width;
    const mn_layer_t *at = &pass->layout->layers[layer];
    const bool mac = c->arch == MN_ARCH_MAC; /* there the gate has left its part in datt */
    real *dseen = mac ? pass->datt : pass->dz;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from > pass->first ? from : pass->first; r < to && r < pass->rows; r++)
        mn_vec->conv_back(c->conv, 3 * D, pass->dconv + r * 3 * D, 3 * D, pass->w + at->conv, pass->din + r * W);
    mn_gemm('N', 'T', to - from, D, W, 1, pass->din + from * W, W, pass->w + at->in, W, mac, dseen + from * D, D);
}

void mn_lmm_backward(mn_pass_t *pass, int64_t layer) {
    const int64_t D = pass->model->config.dim, tail = (pass->model->config.conv - 1) * 3 * D;
    const mn_state_at_t at = mn_state_at(pass->model);
    mn_pass_for_rows(pass, layer, gather_back);
    if (pass->to >= pass->rows) {
        mn_zero(pass->dy + pass->to * D, (pass->room - pass->to) * D);
        if (pass->dnext)
            mn_copy(pass->dconv + pass->to * 3 * D, pass->dnext + layer * at.size + at.tail, tail);
        else
            mn_zero(pass->dconv + pass->to * 3 * D, tail);
    }
    mn_pass_for(pass, layer, pass->model->config.heads, scan_back);
    mn_pass_for_rows(pass, layer, prepare_back);
    mn_pass_for_rows(pass, layer, project_back);
}

const real *mn_lmm_start(const mn_pass_t *pass, int64_t layer, int64_t h) {
    return tape_of(pass, layer, h, pass->from).chunks;
}

/* To what came before: the learned memories, if they began the stream, or the piece before this one. */
static void start_back(mn_pass_t *pass, int64_t layer) {
    const mn_memory_t *memory = &pass->layout->memory;
    const mn_state_at_t at = mn_state_at(pass->model);
    if (pass->dstate) {
        const int64_t D3 = 3 * pass->model->config.dim;
        real *dstate = pass->dstate + layer * at.size;
        mn_copy(dstate, pass->dmemories, pass->model->config.heads * memory->state_size);
        mn_copy(dstate + at.tail, pass->dconv + pass->first * D3, (pass->model->config.conv - 1) * D3);
    }
    for (int64_t h = 0; h < pass->model->config.heads && pass->position == 0; h++)
        for (int64_t l = 0; l < memory->depth; l++) {
            const int64_t in = memory->dims[l], out = memory->dims[l + 1];
            const real *dws = pass->dmemories + h * memory->state_size + memory->state[l];
            real *g = pass->g + pass->layout->layers[layer].w[l] + h * in * out;
            for (int64_t r = 0; r < in; r++) mn_vec->axpy(out, 1, dws + r * 2 * out, g + r * out);
        }
}

static void weights_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, W = pass->layout->in_width, from = pass->first, n = pass->rows - from;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    switch (i) {
    case 0:
        mn_gemm('T', 'N', D, W, n, 1, a->seen + from * D, D, pass->din + from * W, W, 1, pass->g + at->in, W);
        break;
    case 1:
        mn_gemm('T', 'N', D, D, n, 1, a->o + from * D, D, pass->dx + from * D, D, 1, pass->g + at->out, D);
        break;
    case 2:
        for (int64_t r = from; r < pass->rows; r++)
            mn_vec->conv_back_kernel(c->conv, 3 * D, a->in + r * W, W, pass->dconv + r * 3 * D, pass->g + at->conv);
        break;
    case 3:
        for (int64_t r = from; r < pass->rows; r++)
            mn_vec->axpy(c->heads * (2 + c->memory.depth), 1, pass->din + r * W + pass->layout->gates, pass->g + at->bias);
        for (int64_t r = from; r < pass->start; r++)
            mn_vec->axpy(D, 1, pass->dz + r * D, pass->g + at->persistent + (r - from) * D);
        break;
    case 4: start_back(pass, layer); break;
    }
}

void mn_lmm_weights_back(mn_pass_t *pass, int64_t layer) {
    mn_pass_for(pass, layer, 5, weights_back);
}
