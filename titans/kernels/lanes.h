/* lanes: a vector as wide as the registers of the instruction set that a file is compiled for, and the fused multiply-add.
 * That is always written out: what a compiler fuses of a * b + c depends on the set, the compiler and the place in a
 * loop, and AVX2 and AVX-512 are to give the same bits. Inside titans/kernels only. */
#ifndef MN_LANES_H
#define MN_LANES_H
#include "titans/kernels/real.h"
#ifdef __FMA__
#include <immintrin.h>
#endif

#if defined __AVX512F__
enum { MN_REG_BYTES = 64 };
#elif defined __AVX2__
enum { MN_REG_BYTES = 32 };
#else
enum { MN_REG_BYTES = 16 };
#endif
enum { MN_REG = MN_REG_BYTES / sizeof(mn_real_t) }; /* numbers of a register */
typedef mn_real_t mn_reg_t __attribute__((vector_size(MN_REG_BYTES)));

static inline mn_reg_t mn_reg_load(const mn_real_t *x) {
    mn_reg_t a;
    memcpy(&a, x, sizeof a);
    return a;
}
static inline void mn_reg_store(mn_real_t *x, mn_reg_t a) {
    memcpy(x, &a, sizeof a);
}

/* x y + z, rounded once where the set has the instruction: all but plain C. */
static inline mn_real_t mn_real_fma(mn_real_t x, mn_real_t y, mn_real_t z) {
#if !defined __FMA__
    return x * y + z;
#elif defined MN_DOUBLE
    return __builtin_fma(x, y, z);
#else
    return __builtin_fmaf(x, y, z);
#endif
}
static inline mn_reg_t mn_reg_fma(mn_reg_t x, mn_reg_t y, mn_reg_t z) {
#if !defined __FMA__
    return x * y + z;
#elif defined __AVX512F__ && defined MN_DOUBLE
    return _mm512_fmadd_pd(x, y, z);
#elif defined __AVX512F__
    return _mm512_fmadd_ps(x, y, z);
#elif defined MN_DOUBLE
    return _mm256_fmadd_pd(x, y, z);
#else
    return _mm256_fmadd_ps(x, y, z);
#endif
}

/* The same number in every lane. */
static inline mn_reg_t mn_reg_all(mn_real_t x) {
    return x - (mn_reg_t){0};
}

#endif
