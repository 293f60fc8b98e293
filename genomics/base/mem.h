/* mem: overflow-checked allocation and an arena. Everything is 64-byte aligned, so that kernels may assume it. */
#ifndef MN_MEM_H
#define MN_MEM_H
#include "genomics/base/err.h"
#include <stddef.h>
#include <stdint.h>

/* count * size bytes, zeroed, 64-byte aligned; owner: the caller, freed by mn_mem_free. count < 0 or a product over
 * INT64_MAX is an error, so is no memory (MN_FAILED, with the amount in the text). *out is NULL on failure; a zero
 * product gives a valid pointer. */
mn_status_t mn_mem_new(void **out, int64_t count, int64_t size, mn_err_t *err);

/* The same block at a new count; the added part is zeroed; *ptr (may be NULL) stays valid on failure. */
mn_status_t mn_mem_resize(void **ptr, int64_t old_count, int64_t count, int64_t size, mn_err_t *err);

/* Grows *ptr so that it holds at least `need` items, doubling; updates *cap. */
mn_status_t mn_mem_reserve(void **ptr, int64_t *cap, int64_t need, int64_t size, mn_err_t *err);

/* Copy of a string, owner: the caller. */
mn_status_t mn_mem_string(char **out, const char *text, mn_err_t *err);

/* Accepts NULL. */
void mn_mem_free(void *ptr);

/* a * b or a + b of non-negative numbers; -1 when the result does not fit or an operand is negative. */
int64_t mn_mem_mul(int64_t a, int64_t b);
int64_t mn_mem_add(int64_t a, int64_t b);

/* Arena: a block cut from the front. mark = arena.used; ...; arena.used = mark gives back. Taking never fails: size the
 * arena first by running the same code with base NULL (takes then return NULL and only count into `peak`). */
typedef struct mn_arena {
    char *base;
    int64_t size, used, peak;
} mn_arena_t;

void *mn_arena_take(mn_arena_t *arena, int64_t count, int64_t size);

/* Resident peak of this process in bytes. */
int64_t mn_mem_peak(void);

/* Memory this process may use in bytes: the least of physical memory, cgroup limit and RLIMIT_AS. */
int64_t mn_mem_available(void);
/* Items of `size` bytes that a file may make us keep: as many as fit in a third of it. */
int64_t mn_mem_most(int64_t size);

#endif
