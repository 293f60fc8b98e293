/* pass: one sequence, or one piece of a stream, on its way through the layers and back. Inside titans/ only.
 *
 * Buffers hold rows; row 0 of a buffer is row `base` of the stream, where the stream's rows are [persistent | tokens], in
 * mac the tokens alone. base is a multiple of MN_ROWS, so a row meets the same products at the same place wherever the
 * stream was cut:
 *
 *     0 .. open .. scan .. first .. start .. rows .. padded
 *
 * open: start of the open segment (mac), else scan; scan: the open chunk's start; [open, first): rows of which the state
 * knows what is needed; [first, start): persistent rows, at a stream's start alone; [start, rows): tokens; from there
 * zeros. Row-wise work is cut into groups of MN_GROUP rows, fixed by the sequence, which threads may share. */
#ifndef MN_PASS_H
#define MN_PASS_H
#include "genomics/base/gapped.h"
#include "titans/layout.h"

enum { MN_GROUP = 256 };

/* Places of a gain's gradient in pass->gains. */
typedef enum {
    MN_GAIN_NORM1, MN_GAIN_NORM2, MN_GAIN_NORM, MN_GAIN_NORM3, MN_GAIN_Y, MN_GAIN_M, MN_GAIN_RNORM, MN_GAINS
} mn_gain_t;

/* What a layer leaves for its backward pass; without one, all layers share the buffers. (rows, width) each. */
typedef struct mn_acts {
    mn_real_t *x, *z, *in, *conv, *qkv; /* D: the layer's input, normed; in_width: projections (K - 1 rows before row 0
                                           belong to it); 3 D before and after activation and norm */
    mn_real_t *alpha, *eta, *theta;     /* (H, room), (H, room), (H, room, L_M) */
    mn_real_t *y, *o, *mid, *z2, *gu, *h; /* D: reads, gated; D: after the mixer, normed; 2 F; F */
    mn_tape_t *tapes;                   /* H */
    /* the memory layer's input (z, in mac att) and what it adds its output to: mid in lmm, x + it in mal, else alone */
    mn_real_t *seen, *m;
    /* attention: */
    mn_real_t *za;                      /* D: its input, z or in mal rms(m; norm3) */
    mn_real_t *proj, *q;                /* attention_width: q, rotated k, v, rq (lead rows before row 0); D: rotated q */
    mn_real_t *akv;                     /* (N, 2 D): keys and values of the persistent rows */
    mn_real_t *mix, *att;               /* D: heads joined; D: what ao's output is added to, mid in mal */
    /* mac: */
    mn_real_t *rconv, *rq, *read, *rn, *r, *rkv; /* D: queries before and after activation and norm, reads, normed, r;
                                                    2 D: r's rotated keys and values */
    mn_real_t *anchor;                  /* (H, state_size): memories at `open` where that is not scan */
} mn_acts_t;

typedef struct mn_pass {
    const mn_model_t *model;
    const mn_layout_t *layout;
    const mn_real_t *w; /* packed parameters */
    mn_real_t *g;       /* packed gradient, added to; NULL: no backward pass */
    uint8_t *marks;     /* of g, see layout.h: set for the rows added to */
    mn_state_t *state;  /* of the sample; NULL: none */
    const mn_real_t *given; /* memories (L, H, state_size) at a stream's start; NULL: the learned ones */
    mn_real_t *left;    /* those after the last row; NULL: not asked for */
    /* Cotangents of a state's block, between the pieces of a sequence that goes back in pieces: of the state after this
     * piece (NULL: none) and, written, of that before it (NULL: it is a constant). Both ends lie at a segment's. In
     * place of tail and rtail they hold the cotangents of the next K - 1 rows after the convolution. */
    const mn_real_t *dnext;
    mn_real_t *dstate;
    double dropout;     /* as in model.h */
    uint64_t noise;
    int64_t origin, total; /* of the sample: stream row of its first token; tokens. For the heads */
    bool frozen;        /* alpha, eta and theta are 0: no learning at test time */
    int64_t length, position, base, open, scan, first, start, rows, padded, room, groups;
    int64_t lead, keys; /* rows before row 0 that proj holds; the most keys that a block of queries meets in one set */
    int64_t from, to;   /* rows at work: all but for a segment's, [0, padded) */

    mn_acts_t *acts;     /* L, or L times the same */
    int32_t *words;      /* (length) word that ends at each token, in base 4, first base first; -1: none. Only with words */
    mn_real_t *x;        /* (room, D) output of the layer at work; at the end of the last */
    mn_real_t *memories; /* (H, state_size) */
    mn_real_t *scratch;  /* (H, scratch_size) */
    mn_real_t *turns;    /* (room, d_head): cosines and sines of a row's rotary angles */
    mn_real_t *scores;   /* (attn_heads, mn_attention_scratch) */
    mn_real_t *reads;    /* (H, mn_mac_scratch) */
    mn_real_t *hidden;   /* (padded, D) after the final norm */
    mn_real_t *logits;   /* (MN_GROUP, V) */
    double *pool;        /* pooling, see heads.c; both may be a caller's, for all pieces of a sequence */
    mn_real_t *pooled;
    mn_gapped_t gapped;  /* of the whole sample; n is 0 where the head does not read it */
    /* backward */
    mn_real_t *dx, *dmid, *dz, *din, *dconv, *dqkv, *dy, *dgo, *dgu, *dh; /* as without d; dgo of o */
    mn_real_t *dalpha, *deta, *dtheta, *dmemories;
    mn_real_t *datt, *dmix, *dproj, *dakv, *drconv, *drkv, *dread;
    mn_real_t *gains;    /* (groups, MN_GAINS, D) partial sums of the gradients of the gains */
} mn_pass_t;

/* The geometry of `length` more tokens after `position`, and every buffer out of the arena (dry with base NULL). */
void mn_pass_plan(mn_pass_t *pass, const mn_model_t *model, int64_t position, int64_t length);
void mn_pass_take(mn_pass_t *pass, bool backward, bool lean, mn_arena_t *arena);

/* Rows of a piece in which a sequence goes back [2048]: the gradient is the same but for rounding. For the tests. */
void mn_work_set_piece(mn_work_t *work, int64_t rows);

/* Runs task(pass, layer, i) for 0 <= i < n; for the groups i of the rows at work. */
typedef void mn_pass_task_t(mn_pass_t *pass, int64_t layer, int64_t i);
void mn_pass_for(mn_pass_t *pass, int64_t layer, int64_t n, mn_pass_task_t *task);
void mn_pass_for_rows(mn_pass_t *pass, int64_t layer, mn_pass_task_t *task);

/* Rows [*from, *to) of group i of the rows at work. */
void mn_pass_group(const mn_pass_t *pass, int64_t i, int64_t *from, int64_t *to);

/* c (rows from .. to - 1) = [c +] a w, in blocks of MN_ROWS rows; lda, ldw, ldc: row strides of (rows, k), (k, n), (rows, n) */
void mn_pass_mul(int64_t from, int64_t to, int64_t n, int64_t k, const mn_real_t *a, int64_t lda, const mn_real_t *w,
                 int64_t ldw, bool add, mn_real_t *c, int64_t ldc);

/* Whether dropout leaves out the i-th thing: the word at token i, number -1 - i of the pooled row. */
bool mn_pass_drops(const mn_pass_t *pass, int64_t i);

/* acts[0].x from ids, and the words ending there; layer: its acts.x to output, which pass->x then is; and from dx, the cotangent of the last layer's
 * output, back through all layers into pass->g. */
void mn_pass_embed(mn_pass_t *pass, const int32_t *ids);
void mn_pass_layer(mn_pass_t *pass, int64_t layer, mn_real_t *output);
void mn_pass_backward(mn_pass_t *pass, const int32_t *ids);

/* The mixer with its residual: acts.x to acts.mid; and back: dmid of acts.mid becomes that of acts.x, in place. dx serves
 * as room. */
void mn_mixer_forward(mn_pass_t *pass, int64_t layer);
void mn_mixer_backward(mn_pass_t *pass, int64_t layer);

/* lmm.c, the memory layer on the rows at work: acts.seen to acts.m, added to it; rows of the past come from the state and
 * are left in it; mn_lmm_restore once, before any. Backward, last rows first: dx, the cotangent of acts.m, to that of
 * acts.seen: dz, written, or in mac datt, added to; mn_lmm_weights_back once, after all rows. */
void mn_lmm_restore(mn_pass_t *pass, int64_t layer);
void mn_lmm_forward(mn_pass_t *pass, int64_t layer);
void mn_lmm_backward(mn_pass_t *pass, int64_t layer);
void mn_lmm_weights_back(mn_pass_t *pass, int64_t layer);
/* Backward, after mn_lmm_backward: the memory of head h as it stood at the first chunk of the rows at work. */
const mn_real_t *mn_lmm_start(const mn_pass_t *pass, int64_t layer, int64_t h);

/* mac.c: segment after segment, acts.z to acts.att and acts.m; and back: dmid and the gates to dz. */
void mn_mac_forward(mn_pass_t *pass, int64_t layer);
void mn_mac_backward(mn_pass_t *pass, int64_t layer);
int64_t mn_mac_scratch(const mn_memory_t *memory); /* numbers a head */

/* SwiGLU with its residual: acts.mid to pass->x; and back: dx to dmid. */
void mn_ffn_forward(mn_pass_t *pass, int64_t layer);
void mn_ffn_backward(mn_pass_t *pass, int64_t layer);

/* ---- state.c: streams. Offsets of a layer's parts in a state's block, and the numbers of a layer. */
struct mn_state {
    int64_t position; /* rows seen, the memory's persistent ones included */
    int64_t size;
    mn_real_t *block; /* L layers' parts, then the last words - 1 ids, each + 1 (0: none before it) */
};
typedef struct mn_state_at {
    int64_t memories, tail, open, gates; /* (H, state_size); (K - 1, 3 D); (C - 1, 2 D); (C - 1, H (2 + L_M)) */
    int64_t window;       /* mal, mag: (W - 1, 2 D) rotated keys and values of the last rows; mac: those of the open segment,
                             (S - 1, 4 D), of z and of r */
    int64_t anchor, rtail; /* mac: (H, state_size) at the open segment's start; (K - 1, D) of rq */
    int64_t size;
} mn_state_at_t;
mn_state_at_t mn_state_at(const mn_model_t *model);

#endif
