/* report: what a run says on stderr: log, progress, closing lines. */
#ifndef MN_REPORT_H
#define MN_REPORT_H
#include "genomics/base/err.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum { MN_LOG_ERROR, MN_LOG_WARNING, MN_LOG_INFO, MN_LOG_DEBUG } mn_log_level_t;
extern const char *const mn_log_names[];

/* Called by main once the options are parsed: command and level of all that follows. */
void mn_report_init(const char *command, int level);
/* One line "mnemon CMD: text" on stderr, above a progress bar if there is one. */
void mn_log(int level, const char *format, ...) MN_PRINTF(2, 3);
/* The closing lines: version, the command as typed, seed, wall and CPU time, peak memory. At MN_LOG_INFO. */
void mn_report_closing(int argc, char **argv, int64_t seed);

/* Progress: a bar on a terminal, a line every 30 s elsewhere, with rate and time to go. Silent below MN_LOG_INFO. From
 * one thread at a time. */
typedef struct mn_progress {
    const char *what, *unit;    /* "pretrain", "tokens" */
    int64_t total, first, done; /* total 0: unknown; first: what was done before this run */
    double start, shown;        /* seconds */
    bool bar;
} mn_progress_t;
mn_progress_t mn_progress_start(const char *what, const char *unit, int64_t total, int64_t done);
/* done so far; note (may be NULL) is a short text at the end of the line: "loss 1.312". Cheap: call it every step. */
void mn_progress_update(mn_progress_t *progress, int64_t done, const char *note);
/* Takes the bar away, or prints a last line. */
void mn_progress_end(mn_progress_t *progress);

#endif
