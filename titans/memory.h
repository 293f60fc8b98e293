/* memory: the long-term memory of one head, in the chunked dual form of MATH.md, forward and backward.
 *
 * A state is, matrix after matrix, [W | S] side by side, (in, 2 out). Within a chunk everything is kept in one flat block
 * (mn_chunk_t), so that the backward pass either finds the blocks of all chunks or makes them again from a kept state. */
#ifndef MN_MEMORY_H
#define MN_MEMORY_H
#include "genomics/base/mem.h"
#include "titans/config.h"
#include "titans/kernels/real.h"

/* Shapes and options, and where things lie in the flat blocks. */
typedef struct mn_memory {
    int64_t d, chunk, depth;                /* head width, C, L_M */
    int64_t dims[MN_DEPTH_MAX + 1];         /* matrix l is (dims[l], dims[l + 1]) */
    int64_t widest;                         /* the largest of dims */
    int act;
    bool norm, residual, polyak, initial;
    int64_t state[MN_DEPTH_MAX], state_size; /* offset of matrix l in a state */
    int64_t chunk_size, scratch_size;       /* numbers */
} mn_memory_t;

void mn_memory_init(mn_memory_t *memory, const mn_config_t *config);
int64_t mn_memory_scratch(const mn_memory_t *memory); /* numbers that a chunk's way back takes, and its way forth at most */

/* The rows of one head, the first at a chunk's start. Room for n rounded up to a whole chunk; q, k and v are zero beyond
 * n. Row stride: ld of q, k, v and their cotangents, ldy of y and its. */
typedef struct mn_memory_rows {
    int64_t n, ld, ldy;
    const mn_real_t *q, *k, *v;           /* (n, d) */
    const mn_real_t *alpha, *eta, *theta; /* (n), (n), (n, depth) */
    const mn_real_t *initial[MN_DEPTH_MAX]; /* what `forget: initial` forgets towards; unused without it */
    mn_real_t *y;                         /* (n, d), written (its padding too) */
} mn_memory_rows_t;

/* Gradients, all added to, except dq, dk, dv, which are written (their padding too). dy is zero beyond n. */
typedef struct mn_memory_grads {
    const mn_real_t *dy;
    mn_real_t *dq, *dk, *dv, *dalpha, *deta, *dtheta, *dinitial[MN_DEPTH_MAX];
} mn_memory_grads_t;

/* What the forward pass leaves for the backward one: `every` chunk blocks, and where that is less than all the state at
 * every `every`-th chunk. Without a backward pass every is 1, each chunk's state made in place of
 * the last one's, and states NULL. */
typedef struct mn_tape {
    int64_t every;
    mn_real_t *chunks, *states;
} mn_tape_t;

/* The number of chunks of n rows, and the numbers that a tape of them takes: all kept (lean = false), or as few as
 * possible, with states at every k-th chunk, k = sqrt(chunks * state / block). */
int64_t mn_memory_chunks(const mn_memory_t *memory, int64_t n);
int64_t mn_tape_size(const mn_memory_t *memory, int64_t n, bool lean);
void mn_tape_take(mn_tape_t *tape, const mn_memory_t *memory, int64_t n, bool lean, mn_arena_t *arena);

/* state: at the first row; becomes that after the last one.
 * scratch: memory->scratch_size numbers. */
void mn_memory_forward(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_tape_t *tape, mn_real_t *state,
                       mn_real_t *scratch);

/* Makes the blocks of the chunks from .. to - 1 again (from: a multiple of tape->every, to - from <= every). */
void mn_memory_again(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_tape_t *tape, int64_t from,
                     int64_t to, mn_real_t *scratch);

/* dstate: cotangent of the state after the last row; becomes that of the state before the first. */
void mn_memory_backward(const mn_memory_t *memory, const mn_memory_rows_t *rows, const mn_tape_t *tape,
                        const mn_memory_grads_t *grads, mn_real_t *dstate, mn_real_t *scratch);

/* The same, token by token in double, from the equations of titans/MODEL.md alone: slow, for the tests.
 * q, k, v, y (rows, d); alpha, eta (rows); theta (rows, depth); w, s (advanced in place) and initial: depth matrices.
 * Errors: no memory. */
mn_status_t mn_memory_ref(const mn_memory_t *memory, int64_t rows, const double *q, const double *k, const double *v,
                          const double *alpha, const double *eta, const double *theta, double *const *w, double *const *s,
                          double *const *initial, double *y, mn_err_t *err);

/* Rows of a state matrix that are worked on together: few enough to stay near in the caches. */
enum { MN_STRIP = 32 };

/* ---- inside a chunk: views into its block. Rows are always C; those beyond the chunk's n valid ones are zero. */
typedef struct mn_chunk {
    mn_real_t *ws[MN_DEPTH_MAX];    /* [W | S] at the chunk's start; W is the anchor. First in the block, as a state */
    mn_real_t *u[MN_DEPTH_MAX];     /* input of matrix l for the keys, l >= 1 (u_0 = k) */
    mn_real_t *p[MN_DEPTH_MAX];     /* u_l W_l, before the activation; the last is f */
    mn_real_t *back[MN_DEPTH_MAX];  /* delta_{l+1} W_{l+1}^T, the error before the slope, l < depth - 1 */
    mn_real_t *delta[MN_DEPTH_MAX]; /* error at the output of matrix l */
    mn_real_t *step[MN_DEPTH_MAX];  /* theta' delta */
    mn_real_t *e;                   /* error at M's output, 2 (M - v) */
    mn_real_t *x[MN_DEPTH_MAX];     /* input of matrix l for the queries, l >= 1 (x_0 = q) */
    mn_real_t *z[MN_DEPTH_MAX];     /* output of matrix l for the queries, by W_t */
    mn_real_t *xu[MN_DEPTH_MAX];    /* (C, C) x u^T */
    mn_real_t *o, *p_s;             /* (C, C) O and P of MATH.md without theta, lower */
    mn_real_t *b, *c, *m;           /* (C) */
    mn_real_t *theta;               /* (depth, C) theta' */
    mn_real_t *uu, *dd;             /* (depth, C) |u|^2, |delta|^2 */
    mn_real_t *loss, *power;        /* (C) l_t, |g_t|^2 */
} mn_chunk_t;

/* The views of the block at base; base NULL gives only the size. Returns the block's numbers. */
int64_t mn_chunk_view(const mn_memory_t *memory, mn_real_t *base, mn_chunk_t *view);

#endif
