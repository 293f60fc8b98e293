/* npy: a streaming writer of NumPy arrays (format 1.0, little-endian, C order) whose first dimension is known only at
 * the end, and a strict reader of such arrays. */
#ifndef MN_NPY_H
#define MN_NPY_H
#include "genomics/base/fileio.h"

typedef enum { MN_NPY_U1, MN_NPY_U2, MN_NPY_U4, MN_NPY_F4 } mn_npy_type_t;

typedef struct mn_npy_writer {
    mn_writer_t writer;
    int type;      /* mn_npy_type_t */
    int64_t inner; /* numbers a row */
    int64_t rows;  /* written so far */
} mn_npy_writer_t;

/* The array gets shape (rows) with inner 0, else (rows, inner). The path must be a file ("-" is MN_USAGE: the header is
 * patched at the end). */
mn_status_t mn_npy_open(mn_npy_writer_t *npy, const char *path, mn_npy_type_t type, int64_t inner, mn_err_t *err);
/* Appends rows; data holds them in the array's type. */
mn_status_t mn_npy_write(mn_npy_writer_t *npy, const void *data, int64_t rows, mn_err_t *err);
mn_status_t mn_npy_commit(mn_npy_writer_t *npy, mn_err_t *err); /* as mn_writer_commit */
void mn_npy_drop(mn_npy_writer_t *npy);                         /* as mn_writer_drop */

/* OUT.npy -> OUT.tsv, the table beside an array. MN_USAGE when path does not end in .npy. Owner: the caller,
 * mn_mem_free. */
mn_status_t mn_npy_table_path(const char *path, char **out, mn_err_t *err);

/* An array that a writer made, read in pieces. */
typedef struct mn_npy_reader {
    FILE *file;
    char *path;
    int type;         /* mn_npy_type_t */
    int64_t inner;    /* numbers a row; 0: one dimension */
    int64_t rows, at; /* rows in all, and read so far */
} mn_npy_reader_t;

/* Whether a file begins as an array does. */
bool mn_npy_is_array(const char *path);
mn_status_t mn_npy_reader_open(mn_npy_reader_t *npy, const char *path, mn_err_t *err);
/* Up to n numbers into out; *got 0 at the end. MN_INPUT unless they are whole numbers in one dimension. */
mn_status_t mn_npy_read(mn_npy_reader_t *npy, int64_t n, uint32_t *out, int64_t *got, mn_err_t *err);
/* Appends all rows that are left to an array of the same type and inner (asserted). */
mn_status_t mn_npy_copy(mn_npy_reader_t *npy, mn_npy_writer_t *to, mn_err_t *err);
void mn_npy_reader_close(mn_npy_reader_t *npy);

#endif
