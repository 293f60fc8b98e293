/* records: the records of a command's operands, one after another; with --shard the part of them that is its share.
 *
 *   mn_records_t records;
 *   status = mn_records_open(&s->reading, paths, n, 1, &records, err);
 *   while (!status && !(status = mn_records_next(&records, err)) && records.record) status = use(records.in, records.record);
 *   mn_records_close(&records); */
#ifndef MN_RECORDS_H
#define MN_RECORDS_H
#include "pipelines/reading.h"

typedef struct mn_records {
    mn_input_t *in;            /* whose pieces are those of the record */
    const mn_record_t *record; /* as mn_input_next gives it; NULL after the last */
    const char *path;          /* of the file that it is in */
    /* inside */
    const mn_reading_t *reading;
    const char *const *paths;
    int64_t n_paths, opened;
    int threads;
    int64_t shard, shards;  /* 0-based; shards 0: all is wanted */
    int64_t before, total; /* bases before the record, and in all: of shards alone */
} mn_records_t;

/* paths and reading are borrowed. threads: for decompression. With a shard all is read once, to count the bases: shard i
 * of n has the records whose first base is in the i-th of n equal parts of them, so that shards 1 to n, one after
 * another, are the whole. Errors: MN_USAGE for a shard that is none, or of stdin; those of mn_input_open. */
mn_status_t mn_records_open(const mn_reading_t *reading, const char *const *paths, int64_t n_paths, int threads,
                            mn_records_t *out, mn_err_t *err);
mn_status_t mn_records_next(mn_records_t *records, mn_err_t *err); /* what of the last is unread is read over */
/* The share of all that is read, 0 to 1, as far as it can be told. For progress. */
double mn_records_part(const mn_records_t *records);
void mn_records_close(mn_records_t *records);

/* "2/4" -> 1 of 4; false: neither that nor NULL, which is 0 of 0. */
bool mn_shard_parse(const char *text, int64_t *shard, int64_t *shards);

#endif
