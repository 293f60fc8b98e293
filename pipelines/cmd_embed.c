/* mnemon embed: hidden rows of a model as a NumPy array, one a record (their mean) or one a token. */
#include "genomics/base/mem.h"
#include "genomics/npy.h"
#include "pipelines/commands.h"
#include "pipelines/engine.h"
#include "pipelines/provenance.h"
#include "pipelines/records.h"
#include "pipelines/report.h"
#include "pipelines/tokens.h"
#include <math.h>
#include <string.h>

typedef enum { PER_RECORD, PER_TOKEN } per_t;
static const char *const per_names[] = {"record", "token", NULL};

typedef struct settings {
    mn_common_t common;
    mn_reading_t reading;
    mn_engine_use_t use;
    const char *output;
    int64_t layer;
    int per;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION_MODEL(settings_t, use),
    MN_OPTION(settings_t, output, "o", "output", FILE, "OUT.npy", "the array; OUT.tsv beside it names its rows",
              .required = true),
    MN_OPTION(settings_t, per, NULL, "per", CHOICE, NULL,
              "record: the mean over BOS and all tokens; token: a row each, without BOS", .choices = per_names,
              .fallback = "record"),
    MN_OPTION(settings_t, layer, NULL, "layer", INT, "N",
              "rows after layer N; 0: the embedding, -1: after the last layer and its norm", .fallback = "-1",
              .min = -1, .max = 256),
    MN_OPTION_MEMORY(settings_t, use),
    MN_OPTION_SHARD(settings_t, reading),
    MN_OPTION_GROUP(settings_t, reading, "Reading", mn_reading_options),
    MN_COMMON_OPTIONS,
    {0}};

/* Records of one piece go through the model together; a longer one by itself, piece by piece with its state carried.
 * A piece's length depends on the model alone, and so do the bits of a mean over pieces. */
enum { BATCH_RECORDS = 256, PIECE_NUMBERS = 1 << 23, PIECE_LEAST = 256 };

typedef struct run {
    const settings_t *settings;
    const mn_engine_t *engine;
    int64_t width, piece; /* D; tokens */
    mn_npy_writer_t array;
    FILE *table;
    mn_sample_t samples[BATCH_RECORDS];
    mn_output_t outputs[BATCH_RECORDS];
    char *names[BATCH_RECORDS]; /* owned */
    int64_t n;
    mn_tokens_t tokens; /* of the batch; the record being read stands at the end */
    mn_real_t *rows;    /* what the model gives: (tokens of a pass, D) or (records, D) */
    int64_t rows_capacity;
    float *numbers; /* (D), a row on its way into the file */
    double *sum;    /* (D), of a record of several pieces */
    mn_state_t *state;
    mn_progress_t progress;
} run_t;

/* ---- rows out */

static mn_status_t write_rows(run_t *run, const mn_real_t *rows, int64_t n, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t i = 0; i < n && !status; i++) {
        bool finite = true;
        for (int64_t d = 0; d < run->width; d++) {
            run->numbers[d] = (float)rows[i * run->width + d];
            finite = finite && isfinite(run->numbers[d]);
        }
        status = finite ? mn_npy_write(&run->array, run->numbers, 1, err)
                        : mn_err_set(err, MN_DIVERGED, NULL, NULL, MN_NOT_FINITE);
    }
    return status;
}

static void name_rows(run_t *run, const char *name, int64_t first) {
    fprintf(run->table, "%s\t%lld\t%lld\n", name, (long long)first, (long long)(run->array.rows - first));
}

/* One pass over samples[0..n): the asked-for rows lie back to back in run->rows. */
static mn_status_t pass(run_t *run, int64_t n, mn_err_t *err) {
    int64_t rows = n;
    if (run->settings->per == PER_TOKEN)
        for (int64_t i = rows = 0; i < n; i++) rows += run->samples[i].length;
    mn_status_t status =
        mn_mem_reserve((void **)&run->rows, &run->rows_capacity, rows * run->width, (int64_t)sizeof *run->rows, err);
    mn_real_t *row = run->rows;
    for (int64_t i = 0; i < n && !status; i++) {
        run->outputs[i] = (mn_output_t){.layer = run->settings->layer, .next = -1};
        if (run->settings->per == PER_TOKEN)
            run->outputs[i].hidden = row;
        else
            run->outputs[i].pooled = row;
        row += run->width * (run->settings->per == PER_TOKEN ? run->samples[i].length : 1);
    }
    return status ? status
                  : mn_model_forward(run->engine->model, run->engine->work, run->samples, n, run->outputs, err);
}

static void clear_batch(run_t *run) {
    for (int64_t i = 0; i < run->n; i++) mn_mem_free(run->names[i]);
    run->n = 0;
}

static mn_status_t flush_batch(run_t *run, int64_t tokens, mn_err_t *err) {
    const int32_t *ids = run->tokens.ids; /* may have moved since the samples were noted */
    for (int64_t i = 0; i < run->n; ids += run->samples[i++].length) run->samples[i].ids = ids;
    mn_status_t status = pass(run, run->n, err);
    for (int64_t i = 0; i < run->n && !status; i++) {
        int64_t first = run->array.rows;
        if (run->settings->per == PER_RECORD)
            status = write_rows(run, run->outputs[i].pooled, 1, err);
        else
            status = write_rows(run, run->outputs[i].hidden + run->width, run->samples[i].length - 1, err);
        if (!status) name_rows(run, run->names[i], first);
    }
    clear_batch(run);
    mn_tokens_drop(&run->tokens, tokens);
    return status;
}

/* ---- records in */

/* All of a record, whose first tokens stand alone in the buffer. */
static mn_status_t embed_long(run_t *run, const char *name, mn_err_t *err) {
    mn_tokens_t *tokens = &run->tokens;
    int64_t first = run->array.rows, done = 0;
    bool per_token = run->settings->per == PER_TOKEN;
    mn_status_t status = run->state ? MN_OK : mn_state_new(run->engine->model, &run->state, err);
    if (status) return status;
    mn_state_reset(run->state);
    memset(run->sum, 0, (size_t)run->width * sizeof *run->sum);
    while (!(status = mn_tokens_read(tokens, run->piece, err)) && tokens->used) {
        int64_t n = tokens->used < run->piece ? tokens->used : run->piece, bos = done == 0;
        run->samples[0] = (mn_sample_t){.ids = tokens->ids, .length = n, .state = run->state};
        status = pass(run, 1, err);
        if (!status && per_token) status = write_rows(run, run->rows + bos * run->width, n - bos, err);
        if (status) break;
        for (int64_t d = 0; d < run->width && !per_token; d++) run->sum[d] += (double)run->rows[d] * (double)n;
        done += n;
        mn_tokens_drop(tokens, n);
        mn_progress_update(&run->progress, run->progress.done + n, NULL);
    }
    if (!status && !per_token) {
        for (int64_t d = 0; d < run->width; d++) run->rows[d] = (mn_real_t)(run->sum[d] / (double)done);
        status = write_rows(run, run->rows, 1, err);
    }
    if (!status) name_rows(run, name, first);
    return status;
}

static mn_status_t embed_record(run_t *run, mn_input_t *in, const mn_record_t *record, mn_err_t *err) {
    mn_tokens_t *tokens = &run->tokens;
    mn_status_t status = mn_tokens_begin(tokens, in, record, run->engine->tokenizer, MN_ID_BOS, err);
    if (!status) status = mn_tokens_read(tokens, run->piece + 1, err);
    if (status) return status;
    int64_t n = tokens->used - tokens->first;
    if (n > run->piece) { /* the batch first, so that rows stay in order */
        status = flush_batch(run, tokens->first, err);
        return status ? status : embed_long(run, record->name, err);
    }
    run->samples[run->n] = (mn_sample_t){.length = n};
    status = mn_mem_string(&run->names[run->n++], record->name, err);
    if (!status && (run->n == BATCH_RECORDS || tokens->used >= run->piece))
        status = flush_batch(run, tokens->used, err);
    mn_progress_update(&run->progress, run->progress.done + n, NULL);
    return status;
}

/* ---- the command */

static mn_status_t embed_all(run_t *run, const mn_args_t *args, mn_err_t *err) {
    char *table_path = NULL;
    mn_result_t table = {0};
    mn_records_t records = {0};
    mn_status_t status = mn_npy_table_path(run->settings->output, &table_path, err);
    if (!status) status = mn_mem_new((void **)&run->numbers, run->width, (int64_t)sizeof *run->numbers, err);
    if (!status) status = mn_mem_new((void **)&run->sum, run->width, (int64_t)sizeof *run->sum, err);
    if (!status) status = mn_records_open(&run->settings->reading, args->operands, args->n_operands, 1, &records, err);
    if (!status) status = mn_npy_open(&run->array, run->settings->output, MN_NPY_F4, run->width, err);
    if (!status) status = mn_result_open(args, table_path, &table, err);
    if (!status) {
        run->table = table.writer.file;
        mn_result_header(&table);
        fputs("name\trow\trows\n", run->table);
    }
    while (!status && !(status = mn_records_next(&records, err)) && records.record)
        status = embed_record(run, records.in, records.record, err);
    if (!status) status = flush_batch(run, run->tokens.used, err);
    status = mn_result_close(&table, status, err);
    if (!status) status = mn_npy_commit(&run->array, err); /* last: an array has its table */
    if (!status) mn_progress_end(&run->progress);
    mn_npy_drop(&run->array);
    mn_records_close(&records);
    clear_batch(run);
    mn_state_free(run->state);
    mn_tokens_done(&run->tokens);
    mn_mem_free(run->rows);
    mn_mem_free(run->numbers);
    mn_mem_free(run->sum);
    mn_mem_free(table_path);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_engine_t engine;
    run_t *run = NULL;
    mn_status_t status = mn_engine_open(&s->use, false, &engine, err);
    if (status) return status;
    const mn_config_t *config = &engine.model->config;
    if (s->layer > config->layers)
        status = mn_err_set(err, MN_USAGE, "--layer", NULL, "the model has %lld layers", (long long)config->layers);
    if (!status) status = mn_mem_new((void **)&run, 1, (int64_t)sizeof *run, err);
    if (!status) {
        run->settings = s;
        run->engine = &engine;
        run->width = config->dim;
        run->piece = PIECE_NUMBERS / config->dim > PIECE_LEAST ? PIECE_NUMBERS / config->dim : PIECE_LEAST;
        run->progress = mn_progress_start("embed", "tokens", 0, 0);
        status = embed_all(run, args, err);
    }
    mn_mem_free(run);
    mn_engine_done(&engine);
    return status;
}

const mn_command_t mn_cmd_embed = {
    .name = "embed",
    .heading = "Use",
    .summary = "a model's hidden rows as a NumPy array",
    .operands = "-m MODEL IN... -o OUT.npy",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "IN is FASTA, FASTQ, SAM, BAM or CRAM, '-' for stdin; records of any length. OUT.npy is float32 (rows, width); "
        "OUT.tsv tells for each record its first row and its number of rows.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon embed -m genome.safetensors genes.fa -o genes.npy\n"
                "mnemon embed -m genome.safetensors --per token --layer 1 -r chr20:1-10000 genome.fa.gz -o tokens.npy",
    .run = run,
};
