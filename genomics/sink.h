/* sink: a text file being written, compressed (BGZF, which gzip reads) where its name ends in .gz; whole or not at all.
 */
#ifndef MN_SINK_H
#define MN_SINK_H
#include "genomics/base/fileio.h"

typedef struct mn_sink {
    mn_writer_t writer;
    struct BGZF *packed; /* NULL: plain text */
    bool failed;         /* a compressed write; plain ones are the stream's to remember */
} mn_sink_t;

/* path "-" is stdout. threads > 1 compresses with that many; the bytes are the same with any number. Errors: MN_IO. On
 * failure the sink is empty and mn_sink_drop is harmless. */
mn_status_t mn_sink_open(mn_sink_t *sink, const char *path, int threads, mn_err_t *err);
/* Errors need no look before the commit. */
void mn_sink_write(mn_sink_t *sink, const void *data, int64_t size);
/* A field of a TSV as genomics/table.h reads it back: in quotes where it needs them. */
void mn_sink_field(mn_sink_t *sink, const char *text);
void mn_sink_print(mn_sink_t *sink, const char *format, ...) MN_PRINTF(2, 3); /* at most 4095 bytes */
/* As mn_writer_commit and mn_writer_drop. */
mn_status_t mn_sink_commit(mn_sink_t *sink, mn_err_t *err);
void mn_sink_drop(mn_sink_t *sink);

#endif
