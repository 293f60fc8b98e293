/* memory_backward: the reverse of memory_forward.c, chunk by chunk from the last; titans/MATH.md derives it. Names: d + the
 * forward's name is a cotangent. Padding rows stay zero all the way: their coefficients and cotangents are zero. */
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include "titans/memory.h"
#include <string.h>

typedef mn_real_t real;

/* Scratch of one chunk. */
typedef struct {
    real *dz, *dx, *gw, *gs, *gi, *hh;                       /* (C, widest); hh (C, 2 widest) */
    real *du[MN_DEPTH_MAX], *ddelta[MN_DEPTH_MAX], *dp[MN_DEPTH_MAX]; /* ddelta is first that of step */
    real *dback[MN_DEPTH_MAX], *pair[MN_DEPTH_MAX], *dzi[MN_DEPTH_MAX]; /* [b dz | c dz], (C, 2 out); (1 - b) dz */
    real *q, *weighted, *dweighted, *d_o, *dp_s;             /* (C, C); d_o of O, dp_s the last row of P */
    real *db, *dc, *dm, *dloss, *dpower, *row_w, *row_s;     /* (C) */
    real *dtheta;                                            /* (depth, C) of theta' */
} scratch_t;

/* The views of the scratch at base; base NULL gives only the size. Returns its numbers. */
static int64_t take_scratch(const mn_memory_t *memory, real *base, scratch_t *s) {
    const int64_t C = memory->chunk, L = memory->depth;
    mn_arena_t arena = {.base = (char *)base, .size = base ? memory->scratch_size * (int64_t)sizeof(real) : 0};
#define TAKE(n) mn_arena_take(&arena, n, sizeof(real))
    real **wide[] = {&s->dz, &s->dx, &s->gw, &s->gs, &s->gi};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) *wide[i] = TAKE(C * memory->widest);
    s->hh = TAKE(2 * C * memory->widest);
    for (int64_t l = 0; l < L; l++) {
        s->du[l] = TAKE(C * memory->dims[l]);
        s->ddelta[l] = TAKE(C * memory->dims[l + 1]);
        s->dp[l] = TAKE(C * memory->dims[l + 1]);
        s->dback[l] = TAKE(C * memory->dims[l + 1]);
        s->pair[l] = TAKE(2 * C * memory->dims[l + 1]);
        s->dzi[l] = TAKE(C * memory->dims[l + 1]);
    }
    real **square[] = {&s->q, &s->weighted, &s->dweighted, &s->d_o};
    for (size_t i = 0; i < sizeof square / sizeof *square; i++) *square[i] = TAKE(C * C);
    real **line[] = {&s->db, &s->dc, &s->dm, &s->dloss, &s->dpower, &s->row_w, &s->row_s};
    for (size_t i = 0; i < sizeof line / sizeof *line; i++) *line[i] = TAKE(C);
    s->dp_s = TAKE(C);
    s->dtheta = TAKE(L * C);
#undef TAKE
    return arena.peak / (int64_t)sizeof(real);
}

int64_t mn_memory_scratch(const mn_memory_t *memory) {
    scratch_t none;
    return take_scratch(memory, NULL, &none);
}

/* Where the keys' rows of matrix l lie: u_0 is the caller's k. */
static const real *inputs(const real *outer, real *const *inner, int64_t l, int64_t ld, int64_t in, int64_t *stride) {
    *stride = l ? in : ld;
    return l ? inner[l] : outer;
}

/* The reads: from dy to dq, and added to the cotangents of u, step, O, b, c; what update_back needs is left in pair, dzi. */
static void read_back(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_memory_grads_t *grads,
                      int64_t first, const mn_chunk_t *v, scratch_t *s) {
    const int64_t L = memory->depth, C = memory->chunk, d = memory->d, ld = rows->ld, *dims = memory->dims;
    const int64_t ldy = rows->ldy;
    const real *dy = grads->dy + first * ldy;
    real *dq = grads->dq + first * ld;
    for (int64_t t = 0; t < C; t++) {
        real *to = s->dz + t * d;
        if (memory->norm)
            mn_vec->layer_back(d, v->z[L - 1] + t * d, dy + t * ldy, to);
        else
            memcpy(to, dy + t * ldy, (size_t)d * sizeof *to);
    }
    for (int64_t l = L - 1; l >= 0; l--) {
        const int64_t in = dims[l], out = dims[l + 1];
        const real *w = v->ws[l], *dz = s->dz;
        int64_t ldx, ldu;
        const real *x = inputs(rows->q + first * ld, v->x, l, ld, in, &ldx);
        const real *u = inputs(rows->k + first * ld, v->u, l, ld, in, &ldu);
        /* through b XW + c XS + (1 - b) XI */
        mn_gemm('N', 'T', C, in, out, 1, dz, out, w, 2 * out, 0, s->gw, in);
        mn_gemm('N', 'T', C, in, out, 1, dz, out, w + out, 2 * out, 0, s->gs, in);
        if (memory->initial) mn_gemm('N', 'T', C, in, out, 1, dz, out, rows->initial[l], out, 0, s->gi, in);
        const real *tight = x;
        if (ldx != in) { /* x_0 lies among the other heads' rows */
            for (int64_t t = 0; t < C; t++) memcpy(s->hh + t * in, x + t * ldx, (size_t)in * sizeof *x);
            tight = s->hh;
        }
        mn_vec->read_mix_back(C, in, v->b, v->c, s->gw, s->gs, memory->initial ? s->gi : NULL, tight, s->dx, s->db, s->dc);
        mn_vec->scale_rows_pair(C, out, v->b, v->c, dz, s->pair[l]);
        if (memory->initial) {
            for (int64_t t = 0; t < C; t++) s->row_w[t] = 1 - v->b[t];
            mn_vec->scale_rows(C, out, s->row_w, 1, dz, s->dzi[l]);
        }
        /* through -(O * (X U^T)) step */
        mn_gemm('N', 'T', C, C, out, -1, dz, out, v->step[l], out, 0, s->q, C);
        mn_vec->masked(C, v->o, v->xu[l], s->weighted);
        mn_vec->masked(C, v->o, s->q, s->dweighted);
        mn_gemm('N', 'N', C, in, C, 1, s->dweighted, C, u, ldu, 1, s->dx, in);
        mn_gemm('T', 'N', C, in, C, 1, s->dweighted, C, x, ldx, 1, s->du[l], in);
        mn_gemm('T', 'N', C, out, C, -1, s->weighted, C, dz, out, 1, s->ddelta[l], out);
        mn_vec->masked(C, v->xu[l], s->q, s->weighted);
        mn_vec->axpy(C * C, 1, s->weighted, s->d_o);
        if (l > 0) {
            mn_vec->act_slope(memory->act, C * in, v->z[l - 1], s->gw, s->dz);
            mn_vec->mul(C * in, s->dx, s->dz);
        }
    }
    for (int64_t t = 0; t < C; t++) {
        memcpy(dq + t * ld, s->dx + t * d, (size_t)d * sizeof *dq);
        if (memory->residual) mn_vec->axpy(d, 1, dy + t * ldy, dq + t * ld);
    }
}

/* The write: from the cotangent of the next state to those of u, step and coefficients. */
static void write_back(const mn_memory_t *memory, const mn_memory_rows_t *rows, int64_t first, int64_t n,
                       const mn_chunk_t *v, const real *dstate, scratch_t *s) {
    const int64_t C = memory->chunk, *dims = memory->dims, end = n - 1;
    const real *o = v->o + end * C, *p = v->p_s + end * C;
    mn_zero(s->row_w, C);
    mn_zero(s->row_s, C);
    for (int64_t l = 0; l < memory->depth; l++) {
        const int64_t in = dims[l], out = dims[l + 1];
        const real *dws = dstate + memory->state[l];
        int64_t ldu;
        const real *u = inputs(rows->k + first * rows->ld, v->u, l, rows->ld, in, &ldu);
        mn_gemm('N', 'N', C, 2 * out, in, -1, u, ldu, dws, 2 * out, 0, s->hh, 2 * out);
        mn_vec->dot_rows(C, out, s->hh, 2 * out, v->step[l], out, s->row_w, 1);
        mn_vec->dot_rows(C, out, s->hh + out, 2 * out, v->step[l], out, s->row_s, 1);
        mn_vec->read_mix(C, out, o, p, s->hh, NULL, s->ddelta[l]);
        mn_vec->scale_rows_pair(C, out, o, p, v->step[l], s->hh);
        mn_gemm('N', 'T', C, in, 2 * out, -1, s->hh, 2 * out, dws, 2 * out, 0, s->du[l], in);
    }
    mn_vec->axpy(C, 1, s->row_w, s->d_o + end * C);
    mn_vec->axpy(C, 1, s->row_s, s->dp_s);
}

/* The cotangent of the state, from that after the chunk to that before it, with all that reads and surprise add; and that of
 * I. A strip of rows at a time: they are the largest things that a chunk touches, and so pass the cache once. */
static void update_back(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_memory_grads_t *grads,
                        int64_t first, int64_t n, const mn_chunk_t *v, real *dstate, scratch_t *s) {
    const int64_t C = memory->chunk, *dims = memory->dims, end = n - 1, ld = rows->ld;
    real dbcm[3] = {0};
    for (int64_t l = 0; l < memory->depth; l++) {
        const int64_t in = dims[l], out = dims[l + 1];
        int64_t ldx, ldu;
        const real *x = inputs(rows->q + first * ld, v->x, l, ld, in, &ldx);
        const real *u = inputs(rows->k + first * ld, v->u, l, ld, in, &ldu);
        for (int64_t r = 0, n_rows; r < in; r += n_rows) {
            real *dws = dstate + memory->state[l] + r * 2 * out, *di = memory->initial ? grads->dinitial[l] + r * out : NULL;
            n_rows = in - r < MN_STRIP ? in - r : MN_STRIP;
            mn_vec->advance_back(n_rows, out, v->b[end], v->c[end], v->m[end], v->ws[l] + r * 2 * out,
                                 di ? rows->initial[l] + r * out : NULL, dws, di, dbcm);
            mn_gemm('T', 'N', n_rows, 2 * out, C, 1, x + r, ldx, s->pair[l], 2 * out, 1, dws, 2 * out);
            if (di) mn_gemm('T', 'N', n_rows, out, C, 1, x + r, ldx, s->dzi[l], out, 1, di, out);
            if (l > 0) mn_gemm('T', 'N', n_rows, out, C, 1, s->dback[l - 1] + r, in, v->delta[l], out, 1, dws, 2 * out);
            mn_gemm('T', 'N', n_rows, out, C, 1, u + r, ldu, s->dp[l], out, 1, dws, 2 * out);
        }
    }
    s->db[end] += dbcm[0];
    s->dc[end] += dbcm[1];
    s->dm[end] += dbcm[2];
}

/* The scalar recurrences, last token first; d_o, db, dc, dm, dp_s are used up. */
static void coefficients_back(const mn_chunk_t *v, int64_t C, int64_t n, const real *alpha, const real *eta, real *dalpha,
                              real *deta, scratch_t *s) {
    for (int64_t t = n - 1; t >= 0; t--) {
        const real keep = 1 - alpha[t];
        real *d_o = s->d_o + t * C, da = 0, de = 0;
        mn_vec->axpy(t + 1, 1, d_o, s->dp_s); /* o_t = keep o_{t-1} + p_t */
        s->dm[t] += s->dc[t];                  /* c_t = keep c_{t-1} + m_t */
        const real b = t ? v->b[t - 1] : 1, c = t ? v->c[t - 1] : 0, m = t ? v->m[t - 1] : 1;
        da -= s->db[t] * b + s->dc[t] * c;
        de += s->dm[t] * m;
        if (t > 0) {
            da -= mn_vec->dot(t, d_o, v->o + (t - 1) * C);
            de += mn_vec->dot(t, s->dp_s, v->p_s + (t - 1) * C);
            mn_vec->axpy(t, keep, d_o, s->d_o + (t - 1) * C);
            mn_vec->scale_rows(1, t, &eta[t], 0, s->dp_s, s->q);
            memcpy(s->dp_s, s->q, (size_t)t * sizeof(real));
            s->db[t - 1] += keep * s->db[t];
            s->dc[t - 1] += keep * s->dc[t];
            s->dm[t - 1] += eta[t] * s->dm[t];
        }
        dalpha[t] += da;
        deta[t] += de;
    }
}

/* The surprise: from the cotangents of step (in ddelta) and u to those of k, v and theta; dback and dp are left for
 * update_back. */
static void surprise_back(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_memory_grads_t *grads,
                          int64_t first, int64_t n, const mn_chunk_t *v, scratch_t *s) {
    const int64_t L = memory->depth, C = memory->chunk, d = memory->d, ld = rows->ld, *dims = memory->dims;
    const real *k = rows->k + first * ld;
    mn_zero(s->dtheta, L * C);
    mn_zero(s->dloss, C);
    mn_zero(s->dpower, C);
    for (int64_t l = 0; l < L; l++) {
        const int64_t out = dims[l + 1];
        mn_vec->dot_rows(C, out, s->ddelta[l], out, v->delta[l], out, s->dtheta + l * C, 1);
        for (int64_t t = 0; t < n; t++) {
            const real theta = rows->theta[(first + t) * L + l], power = v->power[t] + (real)MN_EPS;
            const real rate = memory->polyak ? v->loss[t] / power : 1, dt = s->dtheta[l * C + t];
            grads->dtheta[(first + t) * L + l] += rate * dt;
            if (memory->polyak) {
                s->dloss[t] += theta * dt / power;
                s->dpower[t] -= theta * dt * rate / power;
            }
        }
        mn_vec->scale_rows(C, out, v->theta + l * C, 1, s->ddelta[l], s->gw);
        memcpy(s->ddelta[l], s->gw, (size_t)(C * out) * sizeof(real));
    }
    for (int64_t l = 0; l < L && memory->polyak; l++) {
        const int64_t in = dims[l], out = dims[l + 1];
        int64_t ldu;
        const real *u = inputs(k, v->u, l, ld, in, &ldu);
        for (int64_t t = 0; t < n; t++) {
            mn_vec->axpy(out, 2 * s->dpower[t] * v->uu[l * C + t], v->delta[l] + t * out, s->ddelta[l] + t * out);
            mn_vec->axpy(in, 2 * s->dpower[t] * v->dd[l * C + t], u + t * ldu, s->du[l] + t * in);
        }
    }
    /* delta_l = (delta_{l+1} W_{l+1}^T) * act'(p_l), first matrix first */
    for (int64_t l = 0; l < L - 1; l++) {
        const int64_t w = dims[l + 1], out = dims[l + 2];
        real *dback = s->dback[l], *dp = s->dp[l];
        mn_vec->act_curve(memory->act, C * w, v->p[l], dback, dp);
        mn_vec->mul(C * w, v->back[l], dp);
        mn_vec->mul(C * w, s->ddelta[l], dp);
        mn_vec->mul(C * w, s->ddelta[l], dback);
        mn_gemm('N', 'N', C, out, w, 1, dback, w, v->ws[l + 1], 2 * out, 1, s->ddelta[l + 1], out);
    }
    /* e = 2 (M - v), l = |M - v|^2, M = LN(f) + k */
    real *df = s->dp[L - 1];
    for (int64_t t = 0; t < C; t++) {
        real *de = s->gs, *row = df + t * d, *dk = grads->dk + (first + t) * ld, *dv = grads->dv + (first + t) * ld;
        const real *f = v->p[L - 1] + t * d, *e = v->e + t * d;
        mn_zero(dk, d);
        mn_zero(dv, d);
        mn_zero(row, d);
        if (t >= n) continue;
        if (memory->norm)
            mn_vec->layer_back2(d, f, e, s->ddelta[L - 1] + t * d, de, row);
        else
            memcpy(de, s->ddelta[L - 1] + t * d, (size_t)d * sizeof *de);
        real *dm = s->gi; /* cotangent of M: 2 de + e dloss */
        mn_vec->scale_rows(1, d, &(real){2}, 0, de, dm);
        mn_vec->axpy(d, s->dloss[t], e, dm);
        mn_vec->axpy(d, -1, dm, dv);
        if (memory->residual) mn_vec->axpy(d, 1, dm, dk);
        if (memory->norm) {
            mn_vec->layer_back(d, f, dm, de);
            dm = de;
        }
        mn_vec->axpy(d, 1, dm, row);
    }
    for (int64_t l = L - 1; l >= 0; l--) {
        const int64_t in = dims[l], out = dims[l + 1];
        mn_gemm('N', 'T', C, in, out, 1, s->dp[l], out, v->ws[l], 2 * out, 1, s->du[l], in);
        if (l == 0) break;
        mn_vec->act_slope(memory->act, C * in, v->p[l - 1], s->gw, s->gs);
        mn_vec->mul(C * in, s->du[l], s->gs);
        mn_vec->axpy(C * in, 1, s->gs, s->dp[l - 1]);
    }
    for (int64_t t = 0; t < n; t++) mn_vec->axpy(d, 1, s->du[0] + t * d, grads->dk + (first + t) * ld);
}

void mn_memory_backward(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_tape_t *tape,
                        const mn_memory_grads_t *grads, real *dstate, real *scratch) {
    const int64_t C = memory->chunk, chunks = mn_memory_chunks(memory, rows->n);
    scratch_t s;
    take_scratch(memory, scratch, &s);
    for (int64_t to = chunks; to > 0;) {
        const int64_t from = tape->states ? (to - 1) / tape->every * tape->every : 0;
        if (tape->states) mn_memory_again(memory, rows, tape, from, to, scratch);
        for (int64_t c = to - 1; c >= from; c--) {
            const int64_t first = c * C, n = rows->n - first < C ? rows->n - first : C;
            mn_chunk_t v;
            mn_chunk_view(memory, tape->chunks + c % tape->every * memory->chunk_size, &v);
            mn_zero(s.db, C);
            mn_zero(s.dc, C);
            mn_zero(s.dm, C);
            mn_zero(s.dp_s, C);
            mn_zero(s.d_o, C * C);
            write_back(memory, rows, first, n, &v, dstate, &s); /* sets du and ddelta; the others add */
            read_back(memory, rows, grads, first, &v, &s);
            surprise_back(memory, rows, grads, first, n, &v, &s);
            update_back(memory, rows, grads, first, n, &v, dstate, &s);
            coefficients_back(&v, C, n, rows->alpha + first, rows->eta + first, grads->dalpha + first,
                              grads->deta + first, &s);
        }
        to = from;
    }
}
