/* product: matrix products too small for BLAS, which packs both operands of a call. The memory's have 16 rows, and packing
 * them costs as much as multiplying. Compiled once per instruction set that has fused multiply-add.
 *
 * Every element of C is one chain of fused multiply-adds over k in order (of A B^T a chain for each DEPTH of k), then
 * beta C + alpha sum: neither the set, nor the number of rows or columns, nor the place in the tile changes its bits. */
#include "titans/kernels/product.h"
#include "titans/kernels/lanes.h"

typedef mn_real_t real;

/* Rows of a tile, two registers wide: sums enough to hide the latency of the additions, and no more than there are
 * registers for. */
#ifdef __AVX512F__
enum { ROWS = 8 };
#else
enum { ROWS = 6 };
#endif
enum { WIDE = 2 * MN_REG, DEPTH = 512, SHORT = 32, MANY = 48 };
enum { WHOLE = 64 / sizeof(real) }; /* columns come in multiples of this in every set, so that all take the same shapes */

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#define TWICE _Pragma("clang loop unroll_count(2)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#define TWICE _Pragma("GCC unroll 2")
#endif

/* C (rows, wide * MN_REG) = alpha A B + beta C; element (i, p) of A at a[i * ra + p * ca]. rows and wide are constants
 * wherever this is called, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void multiply_tile(int rows, int wide, int64_t k, real alpha, const real *a,
                                                                int64_t ra, int64_t ca, const real *b, int64_t ldb,
                                                                real beta, real *c, int64_t ldc) {
    mn_reg_t sum[ROWS][2];
UNROLL
    for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (mn_reg_t){0};
    TWICE /* sums as short as 16: half of the branches */
    for (int64_t p = 0; p < k; p++, a += ca, b += ldb) {
        const mn_reg_t b0 = mn_reg_load(b), b1 = wide > 1 ? mn_reg_load(b + MN_REG) : b0;
UNROLL
        for (int i = 0; i < rows; i++) {
            const mn_reg_t x = mn_reg_all(a[i * ra]);
            sum[i][0] = mn_reg_fma(x, b0, sum[i][0]);
            if (wide > 1) sum[i][1] = mn_reg_fma(x, b1, sum[i][1]);
        }
    }
UNROLL
    for (int i = 0; i < rows; i++)
UNROLL
        for (int j = 0; j < wide; j++) {
            real *to = c + i * ldc + j * MN_REG;
            mn_reg_store(to, beta == 0 ? alpha * sum[i][j]
                                       : mn_reg_fma(mn_reg_all(alpha), sum[i][j], beta * mn_reg_load(to)));
        }
}

static void multiply_rows(int rows, int wide, int64_t k, real alpha, const real *a, int64_t ra, int64_t ca, const real *b,
                          int64_t ldb, real beta, real *c, int64_t ldc) {
#define CASE(r)                                                                                                        \
    case r:                                                                                                            \
        if (wide > 1)                                                                                                  \
            multiply_tile(r, 2, k, alpha, a, ra, ca, b, ldb, beta, c, ldc);                                            \
        else                                                                                                           \
            multiply_tile(r, 1, k, alpha, a, ra, ca, b, ldb, beta, c, ldc);                                            \
        break;
    switch (rows) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
#if defined __AVX512F__
        CASE(7)
        CASE(8)
#endif
    }
#undef CASE
}

/* Rows are dealt out evenly: 16 are 6 + 5 + 5, not 6 + 6 + 4. */
static void multiply_panel(int64_t m, int wide, int64_t k, real alpha, const real *a, int64_t ra, int64_t ca, const real *b,
                           int64_t ldb, real beta, real *c, int64_t ldc) {
    for (int64_t tiles = (m + ROWS - 1) / ROWS, i = 0, rows; tiles > 0; tiles--, i += rows) {
        rows = (m - i + tiles - 1) / tiles;
        multiply_rows((int)rows, wide, k, alpha, a + i * ra, ra, ca, b, ldb, beta, c + i * ldc, ldc);
    }
}

static void multiply(int64_t m, int64_t n, int64_t k, real alpha, const real *a, int64_t ra, int64_t ca, const real *b,
                     int64_t ldb, real beta, real *c, int64_t ldc) {
    if (k <= SHORT) { /* C is what costs: along its rows */
        for (int64_t tiles = (m + ROWS - 1) / ROWS, i = 0, rows; tiles > 0; tiles--, i += rows) {
            int64_t j = 0;
            rows = (m - i + tiles - 1) / tiles;
            for (; j + WIDE <= n; j += WIDE)
                multiply_rows((int)rows, 2, k, alpha, a + i * ra, ra, ca, b + j, ldb, beta, c + i * ldc + j, ldc);
            for (; j < n; j += MN_REG)
                multiply_rows((int)rows, 1, k, alpha, a + i * ra, ra, ca, b + j, ldb, beta, c + i * ldc + j, ldc);
        }
        return;
    }
    _Alignas(64) real panel[DEPTH * WIDE];
    for (int64_t j = 0; j < n; j += WIDE) {
        if (n - j < WIDE || m < MANY || k > DEPTH) {
            multiply_panel(m, n - j < WIDE ? 1 : 2, k, alpha, a, ra, ca, b + j, ldb, beta, c + j, ldc);
            continue;
        }
        for (int64_t p = 0; p < k; p++) { /* rows of B may share a few cache sets: read once, not by every tile */
            mn_reg_store(panel + p * WIDE, mn_reg_load(b + p * ldb + j));
            mn_reg_store(panel + p * WIDE + MN_REG, mn_reg_load(b + p * ldb + j + MN_REG));
        }
        multiply_panel(m, 2, k, alpha, a, ra, ca, panel, WIDE, beta, c + j, ldc);
    }
}

typedef real four_t __attribute__((vector_size(4 * sizeof(real))));

static inline four_t load_four(const real *x) {
    four_t v;
    memcpy(&v, x, sizeof v);
    return v;
}
static inline void put_four(real *to, four_t v, real beta) {
    if (beta != 0) v += beta * load_four(to);
    memcpy(to, &v, sizeof v);
}

/* to[j][i] = from[i][j] + beta to[j][i] */
static void turn(int64_t rows, int64_t cols, const real *from, int64_t ldf, real beta, real *to, int64_t ldt) {
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        int64_t j = 0;
        for (; j + 4 <= cols; j += 4) {
            const real *f = from + i * ldf + j;
            real *t = to + j * ldt + i;
            const four_t a = load_four(f), b = load_four(f + ldf), c = load_four(f + 2 * ldf), d = load_four(f + 3 * ldf);
            const four_t ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
            const four_t cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
            put_four(t, __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5), beta);
            put_four(t + ldt, __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7), beta);
            put_four(t + 2 * ldt, __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5), beta);
            put_four(t + 3 * ldt, __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7), beta);
        }
        for (; j < cols; j++)
            for (int64_t r = i; r < i + 4; r++) to[j * ldt + r] = from[r * ldf + j] + (beta != 0 ? beta * to[j * ldt + r] : 0);
    }
    for (; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) to[j * ldt + i] = from[i * ldf + j] + (beta != 0 ? beta * to[j * ldt + i] : 0);
}

/* C = alpha A B^T + beta C as C^T = B A^T: A, the smaller, is turned WIDE rows at a time, and so are the tiles of C^T.
 * Rows of B then are what is broadcast. */
static void multiply_turned(int64_t m, int64_t n, int64_t k, real alpha, const real *a, int64_t lda, const real *b,
                            int64_t ldb, real beta, real *c, int64_t ldc) {
    _Alignas(64) real at[DEPTH * WIDE], ct[SHORT * WIDE];
    for (int64_t p = 0; p < k; p += DEPTH, beta = 1) {
        const int64_t depth = k - p < DEPTH ? k - p : DEPTH;
        for (int64_t i = 0; i < m; i += WIDE) {
            const int64_t rows = m - i < WIDE ? m - i : WIDE;
            if (rows < WIDE) memset(at, 0, (size_t)(depth * WIDE) * sizeof *at);
            turn(rows, depth, a + i * lda + p, lda, 0, at, WIDE);
            for (int64_t j = 0; j < n; j += SHORT) {
                const int64_t cols = n - j < SHORT ? n - j : SHORT;
                multiply_panel(cols, rows > MN_REG ? 2 : 1, depth, alpha, b + j * ldb + p, ldb, 1, at, WIDE, 0, ct,
                               WIDE);
                turn(cols, rows, ct, WIDE, beta, c + i * ldc + j, ldc);
            }
        }
    }
}

#ifndef MN_PRODUCT
#define MN_PRODUCT mn_product_avx2
#endif
bool MN_PRODUCT(char ta, char tb, int64_t m, int64_t n, int64_t k, double alpha, const real *a, int64_t lda, const real *b,
                int64_t ldb, double beta, real *c, int64_t ldc) {
    if (tb == 'T') {
        if (ta == 'T') return false;
        multiply_turned(m, n, k, (real)alpha, a, lda, b, ldb, (real)beta, c, ldc);
        return true;
    }
    if (n % WHOLE) return false;
    multiply(m, n, k, (real)alpha, a, ta == 'T' ? 1 : lda, ta == 'T' ? lda : 1, b, ldb, (real)beta, c, ldc);
    return true;
}
