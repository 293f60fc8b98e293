/* records: see records.h. */
#include "pipelines/records.h"
#include "genomics/base/fileio.h"
#include <stdlib.h>
#include <string.h>

enum { SHARDS_MAX = 4096 };

bool mn_shard_parse(const char *text, int64_t *shard, int64_t *shards) {
    char *end;
    *shard = *shards = 0;
    if (!text) return true;
    if (strspn(text, "0123456789/") != strlen(text)) return false;
    const int64_t i = strtoll(text, &end, 10), n = *end == '/' ? strtoll(end + 1, &end, 10) : 0;
    if (*end || i < 1 || i > n || n > SHARDS_MAX) return false;
    *shard = i - 1;
    *shards = n;
    return true;
}

/* The next record of the files, of whatever shard. */
static mn_status_t next_record(mn_records_t *r, mn_err_t *err) {
    r->record = NULL;
    while (r->in || r->opened < r->n_paths) {
        mn_status_t status = MN_OK;
        if (!r->in) {
            const mn_input_options_t options = mn_reading_input(r->reading, r->threads);
            r->path = r->paths[r->opened++];
            status = mn_input_open(r->path, &options, &r->in, err);
        }
        if (!status) status = mn_input_next(r->in, &r->record, err);
        if (status || r->record) return status;
        mn_input_close(r->in);
        r->in = NULL;
    }
    return MN_OK;
}

/* To the record's end, and adds its bases to those before the next. */
static mn_status_t read_over(mn_records_t *r, mn_err_t *err) {
    for (mn_piece_t piece = {.n = 1}; piece.n;) {
        mn_status_t status = mn_input_read(r->in, &piece, err);
        if (status) return status;
    }
    r->before += r->record->counts.bases;
    return MN_OK;
}

static mn_status_t count_bases(mn_records_t *r, mn_err_t *err) {
    mn_records_t all = {.reading = r->reading, .paths = r->paths, .n_paths = r->n_paths, .threads = r->threads};
    mn_status_t status = MN_OK;
    for (int64_t i = 0; i < r->n_paths && !status; i++)
        if (mn_file_is_once(r->paths[i]))
            status = mn_err_set(err, MN_USAGE, "--shard", "give a file", "%s can be read but once", r->paths[i]);
    while (!status && !(status = next_record(&all, err)) && all.record) status = read_over(&all, err);
    r->total = all.before;
    mn_records_close(&all);
    return status;
}

mn_status_t mn_records_open(const mn_reading_t *reading, const char *const *paths, int64_t n_paths, int threads,
                            mn_records_t *out, mn_err_t *err) {
    *out = (mn_records_t){.reading = reading, .paths = paths, .n_paths = n_paths, .threads = threads};
    if (!mn_shard_parse(reading->shard, &out->shard, &out->shards))
        return mn_err_set(err, MN_USAGE, "--shard", NULL, "expected I/N with I from 1 to N, N at most %d, got '%s'",
                          SHARDS_MAX, reading->shard);
    if (reading->bed && (n_paths > 1 || out->shards) && mn_file_is_once(reading->bed))
        return mn_err_set(err, MN_USAGE, reading->bed, "give a file",
                          "can be read but once, and is wanted for each input");
    return out->shards ? count_bases(out, err) : MN_OK;
}

mn_status_t mn_records_next(mn_records_t *r, mn_err_t *err) {
    mn_status_t status = MN_OK;
    if (!r->shards) return next_record(r, err);
    for (;;) {
        if (r->record) status = read_over(r, err);
        if (!status) status = next_record(r, err);
        if (status || !r->record) return status;
        /* a record without bases may stand at the very end */
        const int64_t shard = r->before < r->total ? r->before * r->shards / r->total : r->shards - 1;
        if (shard > r->shard) r->record = NULL;
        if (shard >= r->shard) return MN_OK;
    }
}

double mn_records_part(const mn_records_t *r) {
    const double read = (double)(r->opened - !!r->in) + (r->in ? mn_input_part(r->in) : 0);
    return r->n_paths ? read / (double)r->n_paths : 0;
}

void mn_records_close(mn_records_t *records) {
    mn_input_close(records->in);
    *records = (mn_records_t){0};
}
