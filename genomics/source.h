/* source: the bytes of a local file or of stdin, decompressed (gzip, BGZF), and what they are by content. */
#ifndef MN_SOURCE_H
#define MN_SOURCE_H
#include "genomics/base/err.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MN_FORMAT_OTHER,
    MN_FORMAT_FASTA,
    MN_FORMAT_FASTQ,
    MN_FORMAT_SAM,
    MN_FORMAT_BAM,
    MN_FORMAT_CRAM
} mn_format_t;
typedef enum { MN_PACK_NONE, MN_PACK_GZIP, MN_PACK_BGZF } mn_pack_t;
extern const char *const mn_format_names[]; /* "", "FASTA", ... indexed by value */

typedef struct mn_source mn_source_t;

/* path "-" is stdin. threads > 1 decompresses BGZF with that many. Errors: MN_INPUT: absent, a folder, a URL, empty, or
 * compressed by something else than gzip. Owner: the caller, mn_source_close (accepts NULL). */
mn_status_t mn_source_open(const char *path, int threads, mn_source_t **out, mn_err_t *err);
void mn_source_close(mn_source_t *source);

const char *mn_source_path(const mn_source_t *source); /* "stdin" for "-" */
mn_format_t mn_source_format(const mn_source_t *source);
mn_pack_t mn_source_pack(const mn_source_t *source);
bool mn_source_seekable(const mn_source_t *source);

/* MN_INPUT for a file that holds no sequences, saying what it looks like instead. */
mn_status_t mn_source_refuse(mn_source_t *source, mn_err_t *err);

/* The next bytes; *got is less than size at the end only. Truncated or damaged compression is an error; so is BGZF
 * without its end block unless that is allowed. */
mn_status_t mn_source_read(mn_source_t *source, void *data, int64_t size, int64_t *got, mn_err_t *err);
void mn_source_allow_missing_eof(mn_source_t *source);
/* The share of the file's bytes that is read, 0 to 1; 0 where it cannot be told (a pipe). For progress. */
double mn_source_part(const mn_source_t *source);
/* Looks for that end block at once, in a file that will not be read to its end. */
mn_status_t mn_source_check_end(mn_source_t *source, mn_err_t *err);

/* Continues at a byte of the decompressed content. BGZF needs its blocks: _load or _build. Not for gzip. */
mn_status_t mn_source_seek(mn_source_t *source, int64_t offset, mn_err_t *err);

/* Where the blocks of a seekable BGZF file stand: read from a .gzi file (MN_INPUT: damaged), found in the file itself,
 * and saved (false: the folder cannot be written). */
mn_status_t mn_source_blocks_load(mn_source_t *source, const char *gzi, mn_err_t *err);
mn_status_t mn_source_blocks_build(mn_source_t *source, mn_err_t *err);
bool mn_source_blocks_save(const mn_source_t *source, const char *gzi);

/* Hands over the file itself, undecompressed and from its first byte, as htslib's stream; the source must not be read
 * any more. */
struct hFILE *mn_source_take(mn_source_t *source);

/* A whole text line by line: for tables. *line is NUL-terminated without its line end (LF or CRLF), the caller's to
 * write to, valid until the next call, NULL at the end. A zero byte, or a line longer than 1 GiB, is an error. */
mn_status_t mn_source_line(mn_source_t *source, char **line, mn_err_t *err);

#endif
