/* report: what a run says on stderr (log, progress, closing lines), and what it says of itself in its results. */
#ifndef MN_REPORT_H
#define MN_REPORT_H
#include "pipelines/options.h"

typedef enum { MN_LOG_ERROR, MN_LOG_WARNING, MN_LOG_INFO, MN_LOG_DEBUG } mn_log_level_t;
extern const char *const mn_log_names[];

/* Called by main once the options are parsed: level and command of all that follows. --quiet leaves only errors. */
void mn_report_init(const char *command, int level);
/* One line "mnemon CMD: text" on stderr, above a progress bar if there is one. */
void mn_log(int level, const char *format, ...) MN_PRINTF(2, 3);
/* The closing lines: version, canonical command, seed, wall and CPU time, peak memory. At MN_LOG_INFO. Once. */
void mn_report_closing(const mn_args_t *args);

/* Progress: a bar on a terminal, a line every 30 s elsewhere, with rate and time to go. Silent below MN_LOG_INFO. From one
 * thread at a time. */
typedef struct mn_progress {
    const char *what, *unit; /* "pretrain", "tokens" */
    int64_t total, done;     /* total 0: unknown */
    double start, shown;     /* seconds */
    bool bar;
} mn_progress_t;
mn_progress_t mn_progress_start(const char *what, const char *unit, int64_t total, int64_t done);
/* done so far; note (may be NULL) is a short text at the end of the line: "loss 1.312". Cheap: call it every step. */
void mn_progress_update(mn_progress_t *progress, int64_t done, const char *note);
/* Takes the bar away, or prints a last line. */
void mn_progress_end(mn_progress_t *progress);

/* The canonical command: "mnemon CMD", every setting that affects the result (also defaults) in the order of its table,
 * then every input as base name and digest. No paths, threads, dates or hosts, so equal runs give equal bytes. Operands
 * are inputs: files, folders, or CLASS=FILE. Owner: the caller, mn_mem_free. Errors: an input that cannot be read. */
mn_status_t mn_provenance(const mn_args_t *args, char **out, mn_err_t *err);
/* Heads a TSV: "#mnemon X.Y.Z" and "#command ..." lines. */
void mn_provenance_header(FILE *file, const char *command);

#endif
