/* err: the status list and the error record that every fallible call fills.
 *
 * This header is also the first part of the installed mnemon.h (meson.build pastes it there), so it stands alone. */
#ifndef MN_ERR_H
#define MN_ERR_H

#if defined(__GNUC__)
#define MN_API __attribute__((visibility("default")))
#define MN_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define MN_API
#define MN_PRINTF(f, a)
#endif

/* X(name, exit code, text): the only list of statuses; the codes are the exit codes of the command. */
#define MN_STATUS_LIST(X)                                                                                              \
    X(OK, 0, "done")                                                                                                   \
    X(FAILED, 1, "failed")                                                                                             \
    X(USAGE, 2, "usage")                                                                                               \
    X(INPUT, 3, "bad input")                                                                                           \
    X(MODEL, 4, "bad model or checkpoint")                                                                             \
    X(IO, 5, "out of space or I/O")                                                                                    \
    X(DIVERGED, 6, "training diverged")

typedef enum {
#define MN_X(name, code, text) MN_##name = code,
    MN_STATUS_LIST(MN_X)
#undef MN_X
} mn_status_t;

/* What went wrong. Plain memory, owned by the caller, no pointers; all texts may be empty. */
typedef struct mn_err {
    mn_status_t status;
    char where[256]; /* file, file:line, file:contig:position or tensor */
    char what[256];  /* reason, with what was expected and what was got */
    char hint[256];  /* remedy */
} mn_err_t;

/* Fills *err (NULL is allowed) and returns status, so that `return mn_err_set(...)` reads well.
 * where and hint may be NULL. Texts are cut at their size, control bytes become '?'. Never prints. */
MN_API mn_status_t mn_err_set(mn_err_t *err, mn_status_t status, const char *where, const char *hint, const char *format,
                              ...) MN_PRINTF(5, 6);

/* "where: what (hint)" as one line into out[0..size). Returns out. */
MN_API char *mn_err_line(const mn_err_t *err, char *out, unsigned long size);

/* The text of a status, from the list above. */
MN_API const char *mn_status_text(mn_status_t status);

#endif
