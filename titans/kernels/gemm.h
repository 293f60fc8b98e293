/* gemm: the one door to BLAS. Row-major products, always on one thread: work is split above, by a fixed partition. What is
 * too small for BLAS, as all of a chunk's products are, goes to product.c; the shape alone decides.
 *
 * OpenBLAS changes a row's bits with the number of rows of the product, so callers keep every shape fixed by the problem:
 * rows go through in blocks of MN_ROWS (or of a chunk), the last one zero-padded. */
#ifndef MN_GEMM_H
#define MN_GEMM_H
#include "titans/kernels/real.h"
#include <stddef.h>
#include <stdint.h>

enum { MN_ROWS = 32 }; /* rows of one block: 64 is 10 % faster a product, but wastes half of a 71-token sequence */

/* C (m, n; row stride ldc) = alpha op(A) op(B) + beta C, op(A) (m, k), op(B) (k, n), k >= 1; ta, tb: 'N' or 'T'. */
void mn_gemm(char ta, char tb, int64_t m, int64_t n, int64_t k, double alpha, const mn_real_t *a, int64_t lda,
             const mn_real_t *b, int64_t ldb, double beta, mn_real_t *c, int64_t ldc);

/* Sets BLAS to one thread; called by mn_model_new, harmless to repeat. */
void mn_gemm_init(void);

/* What BLAS calls the processor: "Zen". */
const char *mn_gemm_core(void);
/* Version, build, processor and flavour (serial, pthread, OpenMP) of BLAS, as far as it tells. */
void mn_gemm_describe(char *out, size_t size);

#endif
