/* vec: every elementwise and row-wise loop of the model, as one table of functions.
 *
 * vec.c is compiled once for each instruction set (plain C, AVX2, AVX-512) and the table chosen at start. Sums run over 16
 * fixed lanes and multiply-adds are fused where the source says so, so the tables of AVX2 and AVX-512 give the same bits;
 * plain C, which cannot fuse, rounds otherwise. No function can fail; arrays do not overlap unless said. x[r * ld + j] is
 * row r, column j; without ld rows are contiguous. "+=" marks accumulation. */
#ifndef MN_VEC_H
#define MN_VEC_H
#include "titans/kernels/real.h"
#include <stdbool.h>
#include <stdint.h>

#define MN_EPS 1e-6 /* of every norm in the model */

/* X(result, name, arguments): n numbers or (n, w) rows */
#define MN_VEC_LIST(X)                                                                                                  \
    /* y = x sigmoid(x); dx = dy * silu'(x) (dx may be dy) */                                                           \
    X(void, silu, (int64_t n, const mn_real_t *x, mn_real_t *y))                                                        \
    X(void, silu_back, (int64_t n, const mn_real_t *x, const mn_real_t *dy, mn_real_t *dx))                             \
    X(void, sigmoid, (int64_t n, const mn_real_t *x, mn_real_t *y))                                                     \
    /* activation of the memory (mn_act_t: 0 silu, 1 gelu): value; value and slope; slope and curvature */              \
    X(void, act, (int kind, int64_t n, const mn_real_t *x, mn_real_t *y))                                               \
    X(void, act_slope, (int kind, int64_t n, const mn_real_t *x, mn_real_t *y, mn_real_t *slope))                       \
    X(void, act_curve, (int kind, int64_t n, const mn_real_t *x, mn_real_t *slope, mn_real_t *curve))                   \
    /* h = silu(g) u over (n, w) rows of stride ld for g and u; its gradient */                                         \
    X(void, swiglu, (int64_t n, int64_t w, const mn_real_t *g, const mn_real_t *u, int64_t ld, mn_real_t *h))           \
    X(void, swiglu_back, (int64_t n, int64_t w, const mn_real_t *g, const mn_real_t *u, int64_t ld,                     \
                          const mn_real_t *dh, mn_real_t *dg, mn_real_t *du))                                           \
    /* sum of x y; y += a x; y *= a */                                                                                  \
    X(mn_real_t, dot, (int64_t n, const mn_real_t *x, const mn_real_t *y))                                              \
    X(void, axpy, (int64_t n, mn_real_t a, const mn_real_t *x, mn_real_t *y))                                           \
    X(void, mul, (int64_t n, const mn_real_t *x, mn_real_t *y)) /* y *= x */                                            \
    /* y = x / sqrt(mean x^2 + eps) * gain, a row; dx += and dgain += of it */                                          \
    X(void, rms, (int64_t w, const mn_real_t *x, const mn_real_t *gain, mn_real_t *y))                                  \
    X(void, rms_back, (int64_t w, const mn_real_t *x, const mn_real_t *gain, const mn_real_t *dy, mn_real_t *dx,        \
                       mn_real_t *dgain))                                                                               \
    /* y = x / sqrt(sum x^2 + eps) in place, a row; dx = its gradient from the unnormalised x */                        \
    X(void, l2, (int64_t w, mn_real_t *x))                                                                              \
    X(void, l2_back, (int64_t w, const mn_real_t *x, const mn_real_t *dy, mn_real_t *dx))                               \
    /* y = (x - mean) / sqrt(variance + eps); dx of it; and, from the cotangent d of that dx as a function of x and      \
     * dy: ddy and dx2 += */                                                                                            \
    X(void, layer, (int64_t w, const mn_real_t *x, mn_real_t *y))                                                       \
    X(void, layer_back, (int64_t w, const mn_real_t *x, const mn_real_t *dy, mn_real_t *dx))                            \
    X(void, layer_back2, (int64_t w, const mn_real_t *x, const mn_real_t *dy, const mn_real_t *d, mn_real_t *ddy,       \
                          mn_real_t *dx2))                                                                              \
    /* one output row of a depthwise causal convolution: y[j] = sum_i x[(i - taps + 1) ld + j] kernel[i w + j]; x points  \
     * at the present row */                                                                                            \
    X(void, conv, (int64_t taps, int64_t w, const mn_real_t *x, int64_t ld, const mn_real_t *kernel, mn_real_t *y))     \
    /* dx of row r from the rows r .. r + taps - 1 of dy; dkernel += of one row */                                      \
    X(void, conv_back, (int64_t taps, int64_t w, const mn_real_t *dy, int64_t ld, const mn_real_t *kernel,              \
                        mn_real_t *dx))                                                                                 \
    X(void, conv_back_kernel, (int64_t taps, int64_t w, const mn_real_t *x, int64_t ld, const mn_real_t *dy,            \
                               mn_real_t *dkernel))                                                                     \
    /* -log softmax(x)[target]; x becomes scale * (softmax - onehot) if scale != 0, else log-probabilities */           \
    X(double, softmax_loss, (int64_t n, mn_real_t *x, int64_t target, mn_real_t scale))                                 \
    /* ---- the memory's: rows r of n, w wide; [.|.] two blocks side by side */                                         \
    X(void, scale_rows, (int64_t n, int64_t w, const mn_real_t *a, int64_t step, const mn_real_t *x, mn_real_t *y))     \
    X(void, scale_rows_pair, (int64_t n, int64_t w, const mn_real_t *a, const mn_real_t *b, const mn_real_t *x,         \
                              mn_real_t *y)) /* y = [a x | b x] */                                                      \
    X(void, dot_rows, (int64_t n, int64_t w, const mn_real_t *x, int64_t ldx, const mn_real_t *y, int64_t ldy,          \
                       mn_real_t *sum, int64_t step)) /* sum += */                                                      \
    X(void, read_mix, (int64_t n, int64_t w, const mn_real_t *b, const mn_real_t *c, const mn_real_t *xws,              \
                       const mn_real_t *xi, mn_real_t *z)) /* z = b xw + c xs (+ (1 - b) xi); xi NULL or (n, w) */      \
    X(void, read_mix_back, (int64_t n, int64_t w, const mn_real_t *b, const mn_real_t *c, const mn_real_t *gw,          \
                            const mn_real_t *gs, const mn_real_t *gi, const mn_real_t *x, mn_real_t *dx,                \
                            mn_real_t *db, mn_real_t *dc))                                                              \
    X(void, advance, (int64_t n, int64_t w, mn_real_t b, mn_real_t c, mn_real_t m, const mn_real_t *ws,                 \
                      const mn_real_t *initial, mn_real_t *next)) /* [b W + c S (+ (1 - b) I) | m S]; next may be ws */ \
    X(void, advance_back, (int64_t n, int64_t w, mn_real_t b, mn_real_t c, mn_real_t m, const mn_real_t *ws,            \
                           const mn_real_t *initial, mn_real_t *dws, mn_real_t *dinitial, mn_real_t *dbcm))             \
    X(void, masked, (int64_t n, const mn_real_t *o, const mn_real_t *x, mn_real_t *y)) /* y = lower(o x), (n, n) */     \
    /* ---- attention's: a row x = softmax(scale x) over the columns of the `spans` intervals [span[2 i], span[2 i + 1]),\
     * 0 in the others of n; from p and its cotangent dp that of the row, in place of dp */                             \
    X(void, softmax, (int64_t n, int64_t spans, const int64_t *span, mn_real_t scale, mn_real_t *x))                    \
    X(void, softmax_back, (int64_t n, const mn_real_t *p, mn_real_t scale, mn_real_t *dp))                              \
    /* rotary: each head's pairs (i, i + d / 2) turned by the angles of turn = [cos | sin] (d / 2 each), or back with   \
     * sign -1; y may be x */                                                                                           \
    X(void, rotate, (int64_t heads, int64_t d, const mn_real_t *turn, mn_real_t sign, const mn_real_t *x, mn_real_t *y))\
    /* dx = dx y (1 - y), from the value y of a sigmoid */                                                              \
    X(void, sigmoid_back, (int64_t n, const mn_real_t *y, mn_real_t *dx))

typedef struct mn_vec {
#define MN_X(result, name, arguments) result(*name) arguments;
    MN_VEC_LIST(MN_X)
#undef MN_X
} mn_vec_t;

extern const mn_vec_t mn_vec_plain, mn_vec_avx2, mn_vec_avx512; /* the latter two on x86-64 alone */

/* The table in use; at start the best that the processor has. */
extern const mn_vec_t *mn_vec;

/* "auto", "plain", "avx2", "avx512"; false if unknown or beyond this processor, the choice then stays. */
bool mn_vec_select(const char *level);
const char *mn_vec_level(void);
/* The highest that this processor has. */
const char *mn_vec_best(void);

#endif
