/* product: matrix products too small for BLAS, once per instruction set (product.c); which is used is chosen with vec.h's
 * tables. Inside titans/kernels only: callers use mn_gemm. */
#ifndef MN_PRODUCT_H
#define MN_PRODUCT_H
#include "titans/kernels/real.h"
#include <stdbool.h>

/* As mn_gemm; false, with nothing done, for a shape that it does not take: A^T B^T, or without B^T an n that is no
 * multiple of 64 bytes. */
typedef bool mn_product_t(char ta, char tb, int64_t m, int64_t n, int64_t k, double alpha, const mn_real_t *a, int64_t lda,
                          const mn_real_t *b, int64_t ldb, double beta, mn_real_t *c, int64_t ldc);

mn_product_t mn_product_avx2, mn_product_avx512; /* on x86-64 alone */

/* The one in use; NULL: none, as plain C has no fused multiply-add. */
extern mn_product_t *mn_product;

#endif
