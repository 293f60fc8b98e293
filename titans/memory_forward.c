/* memory_forward: one head's scan, chunk after chunk. Equations (8) to (15) of arXiv:2501.00663 in the chunked dual form;
 * the letters are those of titans/MATH.md. */
#include "titans/memory.h"
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include <math.h>
#include <string.h>

typedef mn_real_t real;

void mn_memory_init(mn_memory_t *memory, const mn_config_t *config) {
    const int64_t d = config->dim / config->heads, hidden = d * config->memory.expansion;
    *memory = (mn_memory_t){.d = d, .chunk = config->chunk, .depth = config->memory.depth, .act = config->memory.activation,
                            .norm = config->memory.norm, .residual = config->memory.residual,
                            .polyak = config->memory.step == MN_STEP_POLYAK,
                            .initial = config->memory.forget == MN_FORGET_INITIAL};
    const int64_t L = memory->depth;
    for (int64_t l = 0; l <= L; l++) {
        memory->dims[l] = l == 0 || l == L ? d : hidden;
        if (memory->dims[l] > memory->widest) memory->widest = memory->dims[l];
    }
    for (int64_t l = 0; l < L; l++) {
        memory->state[l] = memory->state_size;
        memory->state_size += mn_room(2 * memory->dims[l] * memory->dims[l + 1]);
    }
    mn_chunk_t view;
    memory->chunk_size = mn_chunk_view(memory, NULL, &view);
    memory->scratch_size = mn_memory_scratch(memory);
}

int64_t mn_chunk_view(const mn_memory_t *memory, real *base, mn_chunk_t *view) {
    const int64_t L = memory->depth, C = memory->chunk, *dims = memory->dims;
    int64_t used = 0;
#define TAKE(pointer, n) ((pointer) = base ? base + used : NULL, used += mn_room(n))
    memset(view, 0, sizeof *view);
    for (int64_t l = 0; l < L; l++) TAKE(view->ws[l], 2 * dims[l] * dims[l + 1]);
    for (int64_t l = 0; l < L; l++) {
        if (l > 0) TAKE(view->u[l], C * dims[l]);
        if (l > 0) TAKE(view->x[l], C * dims[l]);
        if (l < L - 1) TAKE(view->back[l], C * dims[l + 1]);
        TAKE(view->p[l], C * dims[l + 1]);
        TAKE(view->delta[l], C * dims[l + 1]);
        TAKE(view->step[l], C * dims[l + 1]);
        TAKE(view->z[l], C * dims[l + 1]);
        TAKE(view->xu[l], C * C);
    }
    if (memory->norm)
        TAKE(view->e, C * memory->d);
    else
        view->e = view->delta[L - 1];
    TAKE(view->o, C * C);
    TAKE(view->p_s, C * C);
    TAKE(view->b, C);
    TAKE(view->c, C);
    TAKE(view->m, C);
    TAKE(view->theta, L * C);
    TAKE(view->uu, L * C);
    TAKE(view->dd, L * C);
    TAKE(view->loss, C);
    TAKE(view->power, C);
#undef TAKE
    return used;
}

int64_t mn_memory_chunks(const mn_memory_t *memory, int64_t n) {
    return (n + memory->chunk - 1) / memory->chunk;
}

static int64_t interval(const mn_memory_t *memory, int64_t n, bool lean) {
    const int64_t chunks = mn_memory_chunks(memory, n);
    if (!lean) return chunks;
    const int64_t k = (int64_t)ceil(sqrt((double)chunks * (double)memory->state_size / (double)memory->chunk_size));
    return k < 2 ? (chunks < 2 ? chunks : 2) : k < chunks ? k : chunks;
}

int64_t mn_tape_size(const mn_memory_t *memory, int64_t n, bool lean) {
    const int64_t chunks = mn_memory_chunks(memory, n), k = interval(memory, n, lean);
    return k * memory->chunk_size + (k < chunks ? (chunks + k - 1) / k * memory->state_size : 0);
}

void mn_tape_take(mn_tape_t *tape, const mn_memory_t *memory, int64_t n, bool lean, mn_arena_t *arena) {
    const int64_t chunks = mn_memory_chunks(memory, n), k = interval(memory, n, lean);
    tape->every = k;
    tape->chunks = mn_arena_take(arena, k * memory->chunk_size, sizeof(real));
    tape->states = k < chunks ? mn_arena_take(arena, (chunks + k - 1) / k * memory->state_size, sizeof(real)) : NULL;
}

/* b_t, c_t, m_t and the triangles O, P without theta: O_{t,s} = o_{t,s} theta'_s. Rows beyond n are zero. */
static void coefficients(const mn_chunk_t *v, int64_t C, int64_t n, const real *alpha, const real *eta) {
    memset(v->o, 0, (size_t)(C * C) * sizeof(real));
    memset(v->p_s, 0, (size_t)(C * C) * sizeof(real));
    real b = 1, c = 0, m = 1;
    for (int64_t t = 0; t < n; t++) {
        const real keep = 1 - alpha[t];
        real *o = v->o + t * C, *p = v->p_s + t * C;
        m *= eta[t];
        b *= keep;
        c = keep * c + m;
        v->b[t] = b;
        v->c[t] = c;
        v->m[t] = m;
        for (int64_t s = 0; s < t; s++) {
            p[s] = eta[t] * p[s - C];
            o[s] = keep * o[s - C] + p[s];
        }
        o[t] = p[t] = 1;
    }
    for (int64_t t = n; t < C; t++) v->b[t] = v->c[t] = v->m[t] = 0;
}

/* M(x) of MATH.md from f = p: LN, residual; a row */
static void finish_row(const mn_memory_t *memory, const real *f, const real *x, real *out) {
    if (memory->norm)
        mn_vec->layer(memory->d, f, out);
    else
        memcpy(out, f, (size_t)memory->d * sizeof *out);
    if (memory->residual) mn_vec->axpy(memory->d, 1, x, out);
}

/* The momentary surprise of the chunk's keys at the anchor: inputs u, errors delta, step sizes theta'. */
static void surprise(const mn_memory_t *memory, const mn_memory_rows_t *rows, int64_t first, int64_t n,
                     const mn_chunk_t *v, real *scratch) {
    const int64_t L = memory->depth, C = memory->chunk, d = memory->d, ld = rows->ld, *dims = memory->dims;
    const real *k = rows->k + first * ld, *u = k;
    int64_t ldu = ld;
    for (int64_t l = 0; l < L; l++) {
        mn_gemm('N', 'N', C, dims[l + 1], dims[l], 1, u, ldu, v->ws[l], 2 * dims[l + 1], 0, v->p[l], dims[l + 1]);
        if (l == L - 1) break;
        /* the slope waits in delta for the error that comes back */
        mn_vec->act_slope(memory->act, C * dims[l + 1], v->p[l], v->u[l + 1], v->delta[l]);
        u = v->u[l + 1];
        ldu = dims[l + 1];
    }
    for (int64_t t = 0; t < C; t++) {
        real *e = v->e + t * d;
        v->loss[t] = 0;
        if (t >= n) {
            memset(e, 0, (size_t)d * sizeof *e);
            continue;
        }
        finish_row(memory, v->p[L - 1] + t * d, k + t * ld, e);
        mn_vec->axpy(d, -1, rows->v + (first + t) * ld, e);
        v->loss[t] = mn_vec->dot(d, e, e);
        mn_vec->scale_rows(1, d, &(real){2}, 0, e, scratch);
        memcpy(e, scratch, (size_t)d * sizeof *e);
    }
    if (memory->norm)
        for (int64_t t = 0; t < C; t++)
            mn_vec->layer_back(d, v->p[L - 1] + t * d, v->e + t * d, v->delta[L - 1] + t * d);
    for (int64_t l = L - 2; l >= 0; l--) {
        mn_gemm('N', 'T', C, dims[l + 1], dims[l + 2], 1, v->delta[l + 1], dims[l + 2], v->ws[l + 1], 2 * dims[l + 2], 0,
                v->back[l], dims[l + 1]);
        mn_vec->mul(C * dims[l + 1], v->back[l], v->delta[l]);
    }

    for (int64_t t = 0; t < C; t++) v->power[t] = 0;
    memset(v->uu, 0, (size_t)(L * C) * sizeof(real));
    memset(v->dd, 0, (size_t)(L * C) * sizeof(real));
    for (int64_t l = 0; l < L; l++) {
        const real *in = l ? v->u[l] : k, *theta = rows->theta + first * L + l;
        real *scaled = v->theta + l * C, *uu = v->uu + l * C, *dd = v->dd + l * C;
        for (int64_t t = 0; t < C; t++) scaled[t] = t < n ? theta[t * L] : 0;
        if (!memory->polyak) continue;
        mn_vec->dot_rows(C, dims[l], in, l ? dims[l] : ld, in, l ? dims[l] : ld, uu, 1);
        mn_vec->dot_rows(C, dims[l + 1], v->delta[l], dims[l + 1], v->delta[l], dims[l + 1], dd, 1);
        for (int64_t t = 0; t < n; t++) v->power[t] += uu[t] * dd[t];
    }
    for (int64_t l = 0; l < L; l++) {
        real *scaled = v->theta + l * C;
        if (memory->polyak)
            for (int64_t t = 0; t < n; t++) scaled[t] *= v->loss[t] / (v->power[t] + (real)MN_EPS);
        mn_vec->scale_rows(C, dims[l + 1], scaled, 1, v->delta[l], v->step[l]);
    }
}

/* Reads with the queries of the chunk, each by the memory as it stands after its token. */
static void read_chunk(const mn_memory_t *memory, const mn_memory_rows_t *rows, int64_t first, const mn_chunk_t *v,
                       real *scratch) {
    const int64_t L = memory->depth, C = memory->chunk, d = memory->d, ld = rows->ld, *dims = memory->dims;
    const real *q = rows->q + first * ld;
    real *xws = scratch, *xi = xws + 2 * mn_room(C * memory->widest), *weighted = xi + mn_room(C * memory->widest);
    for (int64_t l = 0; l < L; l++) {
        const int64_t in = dims[l], out = dims[l + 1], ldx = l ? in : ld, ldu = l ? in : ld;
        const real *x = l ? v->x[l] : q, *u = l ? v->u[l] : rows->k + first * ld;
        mn_gemm('N', 'N', C, 2 * out, in, 1, x, ldx, v->ws[l], 2 * out, 0, xws, 2 * out);
        if (memory->initial) mn_gemm('N', 'N', C, out, in, 1, x, ldx, rows->initial[l], out, 0, xi, out);
        mn_vec->read_mix(C, out, v->b, v->c, xws, memory->initial ? xi : NULL, v->z[l]);
        mn_gemm('N', 'T', C, C, in, 1, x, ldx, u, ldu, 0, v->xu[l], C);
        mn_vec->masked(C, v->o, v->xu[l], weighted);
        mn_gemm('N', 'N', C, out, C, -1, weighted, C, v->step[l], out, 1, v->z[l], out);
        if (l < L - 1) mn_vec->act(memory->act, C * out, v->z[l], v->x[l + 1]);
    }
    for (int64_t t = 0; t < C; t++)
        finish_row(memory, v->z[L - 1] + t * d, q + t * ld, rows->y + (first + t) * rows->ldy);
}

/* The state after the chunk's n rows, some rows of a matrix at a time: what is faded is still in the cache when the product
 * is added to it. */
static void write_chunk(const mn_memory_t *memory, const mn_memory_rows_t *rows, int64_t first, int64_t n,
                        const mn_chunk_t *v, real *next, real *scratch) {
    const int64_t C = memory->chunk, *dims = memory->dims, end = n - 1;
    for (int64_t l = 0; l < memory->depth; l++) {
        const int64_t in = dims[l], out = dims[l + 1], ldu = l ? in : rows->ld;
        const real *u = l ? v->u[l] : rows->k + first * ldu, *initial = memory->initial ? rows->initial[l] : NULL;
        mn_vec->scale_rows_pair(C, out, v->o + end * C, v->p_s + end * C, v->step[l], scratch);
        for (int64_t r = 0, n_rows; r < in; r += n_rows) {
            real *ws = next + memory->state[l] + r * 2 * out;
            n_rows = in - r < MN_STRIP ? in - r : MN_STRIP;
            mn_vec->advance(n_rows, out, v->b[end], v->c[end], v->m[end], v->ws[l] + r * 2 * out,
                            initial ? initial + r * out : NULL, ws);
            mn_gemm('T', 'N', n_rows, 2 * out, C, -1, u + r, ldu, scratch, 2 * out, 1, ws, 2 * out);
        }
    }
}

/* Chunks [from, to) of all; the block of chunk c is number c % every, its state already there for c = from. */
static void run(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_tape_t *tape, int64_t from, int64_t to,
                real *last, real *scratch) {
    for (int64_t c = from; c < to; c++) {
        const int64_t first = c * memory->chunk, left = rows->n - first, n = left < memory->chunk ? left : memory->chunk;
        real *block = tape->chunks + c % tape->every * memory->chunk_size;
        real *next = c + 1 < to ? tape->chunks + (c + 1) % tape->every * memory->chunk_size : last;
        mn_chunk_t v;
        mn_chunk_view(memory, block, &v);
        if (tape->states && c % tape->every == 0)
            memcpy(tape->states + c / tape->every * memory->state_size, block, (size_t)memory->state_size * sizeof(real));
        coefficients(&v, memory->chunk, n, rows->alpha + first, rows->eta + first);
        surprise(memory, rows, first, n, &v, scratch);
        read_chunk(memory, rows, first, &v, scratch);
        if (next) write_chunk(memory, rows, first, n, &v, next, scratch);
    }
}

void mn_memory_forward(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_tape_t *tape, real *state,
                       real *scratch) {
    memcpy(tape->chunks, state, (size_t)memory->state_size * sizeof(real));
    run(memory, rows, tape, 0, mn_memory_chunks(memory, rows->n), state, scratch);
}

void mn_memory_again(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_tape_t *tape, int64_t from,
                     int64_t to, real *scratch) {
    const mn_tape_t again = {.every = tape->every, .chunks = tape->chunks};
    memcpy(tape->chunks, tape->states + from / tape->every * memory->state_size,
           (size_t)memory->state_size * sizeof(real));
    run(memory, rows, &again, from, to, NULL, scratch);
}
