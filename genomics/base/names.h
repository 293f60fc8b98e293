/* names: distinct texts numbered in the order they came (contigs, ids), found by hash. */
#ifndef MN_NAMES_H
#define MN_NAMES_H
#include "genomics/base/err.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct mn_names {
    char *bytes; /* the texts back to back, NUL-terminated */
    int64_t *at; /* (n), into bytes */
    int64_t n;
    int64_t *slots, n_slots; /* open addressing, number + 1; a power of two */
    int64_t byte_cap, byte_size, at_cap;
} mn_names_t; /* zeroed: empty */

/* The number of text, added where it is new. Errors: no memory. */
mn_status_t mn_names_add(mn_names_t *names, const char *text, int64_t *number, mn_err_t *err);
/* Its number, or -1. */
int64_t mn_names_find(const mn_names_t *names, const char *text);
static inline const char *mn_names_text(const mn_names_t *names, int64_t number) {
    return names->bytes + names->at[number];
}
void mn_names_done(mn_names_t *names); /* accepts NULL */

#endif
