/* real: the number type of the model. float as installed; double with -Dprecision=double (internal, for the tests). */
#ifndef MN_REAL_H
#define MN_REAL_H
#include <stdint.h>
#include <string.h>

#ifdef MN_DOUBLE
typedef double mn_real_t;
#else
typedef float mn_real_t;
#endif

static inline int64_t mn_min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t mn_max(int64_t a, int64_t b) {
    return a > b ? a : b;
}
static inline int64_t mn_round_up(int64_t n, int64_t to) {
    return (n + to - 1) / to * to;
}

/* Numbers of a region in a block: whole cache lines, so that each begins on one. */
static inline int64_t mn_room(int64_t n) {
    return (n + 15) / 16 * 16;
}

static inline void mn_copy(mn_real_t *to, const mn_real_t *from, int64_t n) {
    memcpy(to, from, (size_t)n * sizeof *to);
}

static inline void mn_zero(mn_real_t *x, int64_t n) {
    memset(x, 0, (size_t)n * sizeof *x);
}

#endif
