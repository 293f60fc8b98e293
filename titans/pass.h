/* pass: one sequence, or one piece of a stream, on its way through the layers and back. Inside titans/ only.
 *
 * Buffers hold rows; row 0 of a buffer is row `base` of the stream, where the stream's rows are [persistent | tokens]. base
 * is a multiple of MN_ROWS, so a row meets the same products at the same place wherever the stream was cut:
 *
 *     0 .. scan .. first .. start .. rows .. padded
 *
 * scan: the open chunk's start; [scan, first): its rows from the state; [first, start): persistent rows, at a stream's
 * start alone; [start, rows): tokens; from there zeros. Row-wise work is cut into groups of MN_GROUP rows, fixed by the
 * sequence, which threads may share. */
#ifndef MN_PASS_H
#define MN_PASS_H
#include "titans/layout.h"

enum { MN_GROUP = 256 };

/* What a layer leaves for its backward pass; without one, all layers share the buffers. (rows, width) each. */
typedef struct mn_acts {
    mn_real_t *x, *z, *in, *conv, *qkv; /* D: the layer's input, normed; in_width: projections (K - 1 rows before row 0
                                           belong to it); 3 D before and after activation and norm */
    mn_real_t *alpha, *eta, *theta;     /* (H, room), (H, room), (H, room, L_M) */
    mn_real_t *y, *o, *mid, *z2, *gu, *h; /* D: reads, gated; D: after the mixer, normed; 2 F; F */
    mn_tape_t *tapes;                   /* H */
} mn_acts_t;

typedef struct mn_pass {
    const mn_model_t *model;
    const mn_layout_t *layout;
    const mn_real_t *w; /* packed parameters */
    mn_real_t *g;       /* packed gradient, added to; NULL: no backward pass */
    mn_state_t *state;  /* of the sample; NULL: none */
    const mn_real_t *given; /* memories (L, H, state_size) at a stream's start; NULL: the learned ones */
    mn_real_t *left;    /* those after the last row; NULL: not asked for */
    bool frozen;        /* alpha, eta and theta are 0: no learning at test time */
    int64_t length, position, base, scan, first, start, rows, padded, room, groups;

    mn_acts_t *acts;     /* L, or L times the same */
    mn_real_t *x;        /* (room, D) output of the layer at work; at the end of the last */
    mn_real_t *memories; /* (H, state_size) */
    mn_real_t *scratch;  /* (H, scratch_size) */
    mn_real_t *hidden;   /* (padded, D) after the final norm */
    mn_real_t *logits;   /* (MN_GROUP, V) */
    double *pool;        /* pooling, see heads.c */
    mn_real_t *pooled;
    /* backward */
    mn_real_t *dx, *dmid, *dz, *din, *dconv, *dqkv, *dy, *dgo, *dgu, *dh; /* as without d; dgo of o */
    mn_real_t *dalpha, *deta, *dtheta, *dmemories;
    mn_real_t *gains;    /* (groups, 3 D) partial sums of the gradients of norm1, norm2, norm */
} mn_pass_t;

/* The geometry of `length` more tokens after `position`, and every buffer out of the arena (dry with base NULL). */
void mn_pass_plan(mn_pass_t *pass, const mn_model_t *model, int64_t position, int64_t length);
void mn_pass_take(mn_pass_t *pass, bool backward, bool lean, mn_arena_t *arena);

/* Runs task(pass, layer, i) for 0 <= i < n. */
void mn_pass_for(mn_pass_t *pass, int64_t layer, int64_t n, void (*task)(mn_pass_t *pass, int64_t layer, int64_t i));

/* Rows [*from, *to) of group i. */
void mn_pass_group(const mn_pass_t *pass, int64_t i, int64_t *from, int64_t *to);

/* The memory layer with its residual: acts.x to acts.mid; and back: dmid of acts.mid becomes that of acts.x, in place. */
void mn_lmm_forward(mn_pass_t *pass, int64_t layer);
void mn_lmm_backward(mn_pass_t *pass, int64_t layer);

/* SwiGLU with its residual: acts.mid to pass->x; and back: dx to dmid. */
void mn_ffn_forward(mn_pass_t *pass, int64_t layer);
void mn_ffn_backward(mn_pass_t *pass, int64_t layer);

/* ---- state.c: streams. Offsets of a layer's parts in a state's block, and the numbers of a layer. */
struct mn_state {
    int64_t position; /* rows seen, persistent ones included */
    int64_t size;
    mn_real_t *block;
};
typedef struct mn_state_at {
    int64_t memories, tail, open, gates, size; /* (H, state_size); (K - 1, 3 D); (C - 1, 2 D); (C - 1, H (2 + L_M)) */
} mn_state_at_t;
mn_state_at_t mn_state_at(const mn_model_t *model);

#endif
