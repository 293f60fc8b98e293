/* gemm: see gemm.h. OpenBLAS 0.3.21 in its OpenMP flavour sets the caller's OpenMP threads together with its own, so its
 * count is set once, before base/par sets ours. */
#include "titans/kernels/gemm.h"
#include "titans/kernels/product.h"
#include <assert.h>
#include <cblas.h>
#include <stdio.h>

enum { SMALL = 64 }; /* the most rows, or the deepest sum, that product.c is faster at */

void mn_gemm(char ta, char tb, int64_t m, int64_t n, int64_t k, double alpha, const mn_real_t *a, int64_t lda,
             const mn_real_t *b, int64_t ldb, double beta, mn_real_t *c, int64_t ldc) {
    const CBLAS_TRANSPOSE op_a = ta == 'T' ? CblasTrans : CblasNoTrans, op_b = tb == 'T' ? CblasTrans : CblasNoTrans;
    assert(m >= 0 && n >= 0 && k >= 1 && m <= INT32_MAX && n <= INT32_MAX && k <= INT32_MAX);
    if (m == 0 || n == 0) return;
    if ((m < k ? m : k) <= SMALL && mn_product && mn_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))
        return;
#ifdef MN_DOUBLE
    cblas_dgemm(CblasRowMajor, op_a, op_b, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
#else
    cblas_sgemm(CblasRowMajor, op_a, op_b, (int)m, (int)n, (int)k, (float)alpha, a, (int)lda, b, (int)ldb, (float)beta,
                c, (int)ldc);
#endif
}

void mn_gemm_init(void) {
#ifdef OPENBLAS_VERSION
    if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
#endif
}

const char *mn_gemm_core(void) {
#ifdef OPENBLAS_VERSION
    return openblas_get_corename();
#else
    return "unknown";
#endif
}

void mn_gemm_describe(char *out, size_t size) {
#ifdef OPENBLAS_VERSION
    static const char *const flavours[] = {"serial", "pthread", "OpenMP"};
    const int flavour = openblas_get_parallel();
    snprintf(out, size, "%s, %s", openblas_get_config(), flavour >= 0 && flavour < 3 ? flavours[flavour] : "unknown");
#else
    snprintf(out, size, "not OpenBLAS");
#endif
}
