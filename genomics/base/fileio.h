/* fileio: output files that appear whole or not at all, whole-file reads with a cap, locks, and path helpers. */
#ifndef MN_FILEIO_H
#define MN_FILEIO_H
#include "genomics/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A file being written: to a temporary beside the target, then fsync, rename and fsync of the folder. The path "-" is
 * stdout (buffered, flushed at commit); a device or pipe is written in place; a link's target is replaced. */
typedef struct mn_writer {
    FILE *file; /* write here with stdio; errors need no look before the commit */
    char *path, *temporary; /* owned; temporary NULL where written in place */
} mn_writer_t;

/* From now on no writer takes the place of the file at path, which this run reads. Errors: no memory. */
mn_status_t mn_writer_spare(const char *path, mn_err_t *err);
/* MN_USAGE where path is such a file, by whatever name. */
mn_status_t mn_writer_check(const char *path, mn_err_t *err);

/* Errors: MN_USAGE as above; MN_IO with path and strerror. On failure the writer is empty and mn_writer_drop is
 * harmless. */
mn_status_t mn_writer_open(mn_writer_t *writer, const char *path, mn_err_t *err);
/* Checks every earlier write (ferror), makes the file durable and gives it its name; ends the writer either way. */
mn_status_t mn_writer_commit(mn_writer_t *writer, mn_err_t *err);
/* Removes the temporary and ends the writer. Accepts an empty or committed writer. */
void mn_writer_drop(mn_writer_t *writer);
/* From a signal's last moments or atexit: removes the temporaries of all open writers (async-signal-safe). */
void mn_writer_drop_all(void);

/* Removes the temporaries of `path` that a killed run has left; for who holds the lock by which it is written. */
void mn_writer_sweep(const char *path);

/* Whole file into memory, at most `cap` bytes (more is an error); data is NUL-terminated beyond *size. Owner: the caller
 * (mn_mem_free). */
mn_status_t mn_file_read(const char *path, int64_t cap, char **data, int64_t *size, mn_err_t *err);
bool mn_file_exists(const char *path);
struct stat;
/* Whether a was written after b, as far as the clock of their file system tells. */
bool mn_file_newer(const struct stat *a, const struct stat *b);
bool mn_file_is_once(const char *path); /* standard input ("-"), a pipe or a device: cannot be read twice */
/* An entry of a folder that is read whole. Errors: MN_INPUT, a pipe or a device, which might never end. */
mn_status_t mn_file_check_entry(const char *path, mn_err_t *err);

/* Exclusive advisory lock on path + ".lock" for the life of the run; MN_IO if another run holds it. */
typedef struct mn_lock { int fd; char *path; } mn_lock_t;
mn_status_t mn_lock_take(mn_lock_t *lock, const char *path, mn_err_t *err);
void mn_lock_release(mn_lock_t *lock);

/* The part after the last '/'. Points into path. */
const char *mn_path_base(const char *path);
/* True for scheme://... : mnemon never reads over the network. */
bool mn_path_is_url(const char *path);

#endif
