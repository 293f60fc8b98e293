/* real: the number type of the model. float as installed; double with -Dprecision=double (internal, for the tests). */
#ifndef MN_REAL_H
#define MN_REAL_H
#include <stdint.h>

#ifdef MN_DOUBLE
typedef double mn_real_t;
#else
typedef float mn_real_t;
#endif

/* Numbers of a region in a block: whole cache lines, so that each begins on one. */
static inline int64_t mn_room(int64_t n) {
    return (n + 15) / 16 * 16;
}

#endif
