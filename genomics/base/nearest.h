/* nearest: the name that a mistyped word was meant to be. */
#ifndef MN_NEAREST_H
#define MN_NEAREST_H
#include <stdint.h>

/* The name among names[0..n) nearest to word, if near enough to propose; else NULL. */
const char *mn_nearest(const char *word, const char *const *names, int64_t n);

#endif
