/* mnemon predict: class probabilities of records, reads, regions, or of windows that tile them. */
#include "genomics/base/mem.h"
#include "pipelines/commands.h"
#include "pipelines/engine.h"
#include "pipelines/provenance.h"
#include "pipelines/records.h"
#include "pipelines/report.h"
#include "pipelines/score.h"
#include <math.h>
#include <string.h>

typedef enum { FORMAT_TSV, FORMAT_BED, FORMAT_BEDGRAPH } format_t;
static const char *const format_names[] = {"tsv", "bed", "bedgraph", NULL};

typedef struct settings {
    mn_common_t common;
    mn_reading_t reading;
    mn_engine_use_t use;
    const char *output, *class_name;
    int64_t window, step, longest;
    int rc, format;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION_MODEL(settings_t, use),
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "where the predictions go", .fallback = "-"),
    MN_OPTION(settings_t, window, "w", "window", INT, "N", "tile records by windows of N bases; 0: whole records",
              .fallback = "0", .max = 1e8),
    MN_OPTION(settings_t, step, "s", "step", INT, "N", "bases from window to window; 0: the window", .fallback = "0",
              .max = 1e8),
    MN_OPTION(settings_t, longest, NULL, "longest", INT, "N", "refuse longer records when there is no window",
              .fallback = "1M", .min = 1, .max = 1e9, .neutral = true),
    MN_OPTION_RC(settings_t, rc),
    MN_OPTION(settings_t, format, NULL, "format", CHOICE, NULL,
              "bed: call and 1000 x its probability; bedgraph: probability of --class", .choices = format_names,
              .fallback = "tsv"),
    MN_OPTION(settings_t, class_name, NULL, "class", STRING, "LABEL", "the class of a bedgraph; unset: the last"),
    MN_OPTION_MEMORY(settings_t, use),
    MN_OPTION_SHARD(settings_t, reading),
    MN_OPTION_GROUP(settings_t, reading, "Reading", mn_reading_options),
    MN_COMMON_OPTIONS,
    {0}};

/* Sequences wait here until a pass is worth while; then their rows are written, in order. */
enum { BATCH_ROWS = 512, BATCH_BASES = 1 << 20 };

typedef struct row {
    char *name, *contig;    /* owned */
    int64_t start, end;     /* on the contig */
    int64_t offset, length; /* in bases */
    bool known;             /* holds a base that is not N */
} row_t;

typedef struct run {
    const settings_t *settings;
    const mn_engine_t *engine;
    mn_result_t result;
    FILE *out; /* of result */
    bool rc;
    mn_records_t records;
    int64_t class_index, step;
    row_t rows[BATCH_ROWS];
    int64_t n;
    uint8_t *bases;
    int64_t used, capacity;
    float *probabilities; /* (BATCH_ROWS, classes) */
    int64_t blank, left_out;
    mn_progress_t progress;
    int64_t bases_read;
} run_t;

/* ---- rows out */

static void write_tsv(const run_t *run, const row_t *row, const float *p, int64_t call) {
    int64_t classes = run->engine->model->config.classes;
    fputs(row->name, run->out);
    if (run->settings->window) fprintf(run->out, "\t%lld\t%lld", (long long)row->start, (long long)row->end);
    for (int64_t c = 0; c < classes; c++) {
        if (row->known)
            fprintf(run->out, "\t%.6f", (double)p[c]);
        else
            fputs("\tNA", run->out);
    }
    fprintf(run->out, "\t%s\n", row->known ? run->engine->info.labels[call] : "NA");
}

/* Overlapping windows each stand for the step in their middle, so that a bedgraph's intervals never overlap. */
static void write_bedgraph(const run_t *run, const row_t *row, const float *p) {
    int64_t start = row->start, end = row->end;
    if (run->settings->window && run->step < run->settings->window) {
        start += (run->settings->window - run->step) / 2;
        if (start + run->step < end) end = start + run->step;
    }
    if (row->known && start < end)
        fprintf(run->out, "%s\t%lld\t%lld\t%.6f\n", row->contig, (long long)start, (long long)end,
                (double)p[run->class_index]);
}

static void write_row(const run_t *run, const row_t *row, const float *p) {
    int64_t call = 0;
    for (int64_t c = 1; c < run->engine->model->config.classes; c++)
        if (p[c] > p[call]) call = c;
    if (run->settings->format == FORMAT_TSV)
        write_tsv(run, row, p, call);
    else if (run->settings->format == FORMAT_BEDGRAPH)
        write_bedgraph(run, row, p);
    else if (row->known)
        fprintf(run->out, "%s\t%lld\t%lld\t%s\t%.0f\t.\n", row->contig, (long long)row->start, (long long)row->end,
                run->engine->info.labels[call], floor(1000 * (double)p[call] + 0.5));
}

static void write_header(run_t *run) {
    mn_result_header(&run->result);
    if (run->settings->format != FORMAT_TSV) return;
    fputs(run->settings->window ? "name\tstart\tend" : "name", run->out);
    for (int64_t c = 0; c < run->engine->info.n_labels; c++) fprintf(run->out, "\tp_%s", run->engine->info.labels[c]);
    fputs("\tcall\n", run->out);
}

static void clear_rows(run_t *run) {
    for (int64_t i = 0; i < run->n; i++) {
        mn_mem_free(run->rows[i].name);
        mn_mem_free(run->rows[i].contig);
    }
    run->n = run->used = 0;
}

/* What waits goes through the model; rows of N alone have no probabilities and do not. */
static mn_status_t flush_rows(run_t *run, mn_err_t *err) {
    const uint8_t *bases[BATCH_ROWS];
    int64_t lengths[BATCH_ROWS], known = 0, classes = run->engine->model->config.classes;
    for (int64_t i = 0; i < run->n; i++)
        if (run->rows[i].known) {
            bases[known] = run->bases + run->rows[i].offset;
            lengths[known++] = run->rows[i].length;
        }
    mn_status_t status = mn_score_classes(run->engine->model, run->engine->work, run->engine->tokenizer, run->rc, bases,
                                          lengths, known, run->probabilities, err);
    known = 0;
    for (int64_t i = 0; i < run->n && !status; i++) {
        write_row(run, &run->rows[i], run->probabilities + known * classes);
        known += run->rows[i].known;
        run->blank += !run->rows[i].known;
    }
    if (!status && ferror(run->out)) status = mn_writer_commit(&run->result.writer, err); /* which says why */
    clear_rows(run);
    mn_progress_update(&run->progress, run->bases_read, NULL);
    return status;
}

/* ---- sequences in */

static mn_status_t add_bases(run_t *run, const uint8_t *bases, int64_t n, mn_err_t *err) {
    mn_status_t status = mn_mem_reserve((void **)&run->bases, &run->capacity, run->used + n, 1, err);
    if (status) return status;
    if (bases)
        memcpy(run->bases + run->used, bases, (size_t)n);
    else
        memset(run->bases + run->used, MN_BASE_N, (size_t)n);
    run->used += n;
    return MN_OK;
}

/* Ends a row whose bases are run->bases[offset .. used). */
static mn_status_t add_row(run_t *run, const mn_record_t *record, int64_t start, int64_t end, int64_t offset,
                           bool known, mn_err_t *err) {
    row_t row = {.start = start, .end = end, .offset = offset, .length = run->used - offset, .known = known};
    mn_status_t status = mn_mem_string(&row.name, record->name, err);
    if (!status) status = mn_mem_string(&row.contig, record->contig, err);
    run->rows[run->n++] = row;
    if (!status && (run->n == BATCH_ROWS || run->used >= BATCH_BASES)) status = flush_rows(run, err);
    return status;
}

static int64_t count_n(const uint8_t *bases, int64_t n) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) count += bases[i] == MN_BASE_N;
    return count;
}

static mn_status_t predict_whole(run_t *run, mn_err_t *err) {
    mn_input_t *in = run->records.in;
    const mn_record_t *record = run->records.record;
    int64_t offset = run->used, end = record->start;
    mn_piece_t piece;
    mn_status_t status;
    while (!(status = mn_input_read(in, &piece, err)) && piece.n) {
        if (run->used - offset + piece.n > run->settings->longest) {
            char where[256];
            snprintf(where, sizeof where, "%s:%s", run->records.path, record->name);
            return mn_err_set(err, MN_INPUT, where, "tile it with --window, or raise --longest",
                              "the record is longer than %lld bases", (long long)run->settings->longest);
        }
        status = add_bases(run, piece.bases, piece.n, err);
        if (status) return status;
        run->bases_read += piece.n;
        end = piece.start + piece.n;
    }
    if (status) return status;
    bool known = run->used > offset && count_n(run->bases + offset, run->used - offset) < run->used - offset;
    return add_row(run, record, record->start, end, offset, known, err);
}

/* The window of `length` bases at `window`, its long runs of N shortened as readers do; mostly N: left out. */
static mn_status_t add_window(run_t *run, const mn_record_t *record, const uint8_t *window, int64_t start,
                              int64_t length, mn_err_t *err) {
    if (2 * count_n(window, length) > length) return run->left_out++, MN_OK;
    int64_t offset = run->used, n_run = 0;
    mn_status_t status = add_bases(run, window, length, err);
    if (status) return status;
    run->used = offset;
    for (int64_t i = 0; i < length; i++) {
        n_run = window[i] == MN_BASE_N ? n_run + 1 : 0;
        if (n_run <= MN_N_RUN) run->bases[run->used++] = window[i];
    }
    return add_row(run, record, start, start + length, offset, true, err);
}

/* A stretch of a record that windows are cut from: bases[0] stands at position start. */
typedef struct strip {
    uint8_t *bases;
    int64_t n, capacity, start;
    int64_t next; /* where the next window begins */
} strip_t;

static mn_status_t cut_windows(run_t *run, const mn_record_t *record, strip_t *strip, mn_err_t *err) {
    mn_status_t status = MN_OK;
    int64_t window = run->settings->window;
    for (; strip->next + window <= strip->start + strip->n && !status; strip->next += run->step)
        status = add_window(run, record, strip->bases + (strip->next - strip->start), strip->next, window, err);
    int64_t past = strip->next - strip->start < strip->n ? strip->next - strip->start : strip->n;
    memmove(strip->bases, strip->bases + past, (size_t)(strip->n - past));
    strip->n -= past;
    strip->start += past;
    return status;
}

/* Appends n bases (NULL: N, for what the reader left out), a bounded part at a time. */
static mn_status_t extend_strip(run_t *run, const mn_record_t *record, strip_t *strip, const uint8_t *bases, int64_t n,
                                mn_err_t *err) {
    enum { PART = 1 << 16 };
    mn_status_t status = MN_OK;
    for (int64_t at = 0; at < n && !status; at += PART) {
        int64_t part = n - at < PART ? n - at : PART;
        status = mn_mem_reserve((void **)&strip->bases, &strip->capacity, strip->n + part, 1, err);
        if (status) return status;
        if (bases)
            memcpy(strip->bases + strip->n, bases + at, (size_t)part);
        else
            memset(strip->bases + strip->n, MN_BASE_N, (size_t)part);
        strip->n += part;
        status = cut_windows(run, record, strip, err);
    }
    return status;
}

static mn_status_t predict_windows(run_t *run, mn_err_t *err) {
    mn_input_t *in = run->records.in;
    const mn_record_t *record = run->records.record;
    strip_t strip = {.start = record->start, .next = record->start};
    mn_piece_t piece;
    mn_status_t status;
    while (!(status = mn_input_read(in, &piece, err)) && piece.n) {
        status = extend_strip(run, record, &strip, NULL, piece.start - (strip.start + strip.n), err);
        if (!status) status = extend_strip(run, record, &strip, piece.bases, piece.n, err);
        if (status) break;
        run->bases_read += piece.n;
    }
    /* what no full window reached: one shorter window */
    int64_t begin = strip.next > strip.start ? strip.next : strip.start, end = strip.start + strip.n;
    bool covered = strip.next > record->start && strip.next - run->step + run->settings->window >= end;
    if (!status && begin < end && !covered)
        status = add_window(run, record, strip.bases + (begin - strip.start), begin, end - begin, err);
    mn_mem_free(strip.bases);
    return status;
}

/* ---- the command */

static mn_status_t find_class(const mn_engine_t *engine, const char *name, int64_t *out, mn_err_t *err) {
    int64_t n = engine->info.n_labels;
    *out = n - 1;
    if (!name) return MN_OK;
    for (int64_t c = 0; c < n; c++)
        if (strcmp(engine->info.labels[c], name) == 0) return *out = c, MN_OK;
    const char *near = mn_nearest(name, (const char *const *)engine->info.labels, n);
    char hint[160] = "see 'mnemon info MODEL'";
    if (near) snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    return mn_err_set(err, MN_USAGE, "--class", hint, "the model has no class '%s'", name);
}

static mn_status_t predict_all(run_t *run, const mn_args_t *args, mn_err_t *err) {
    mn_status_t status = mn_mem_new((void **)&run->probabilities, BATCH_ROWS * run->engine->model->config.classes,
                                    (int64_t)sizeof *run->probabilities, err);
    if (!status)
        status = mn_records_open(&run->settings->reading, args->operands, args->n_operands, 1, &run->records, err);
    if (!status) status = mn_result_open(args, run->settings->output, &run->result, err);
    if (!status) {
        run->out = run->result.writer.file;
        write_header(run);
    }
    while (!status && !(status = mn_records_next(&run->records, err)) && run->records.record)
        status = run->settings->window ? predict_windows(run, err) : predict_whole(run, err);
    if (!status) status = flush_rows(run, err);
    status = mn_result_close(&run->result, status, err);
    if (!status) mn_progress_end(&run->progress);
    if (!status && run->blank) mn_log(MN_LOG_WARNING, "%lld rows hold no base but N: NA", (long long)run->blank);
    if (!status && run->left_out) mn_log(MN_LOG_INFO, "%lld windows of mostly N left out", (long long)run->left_out);
    mn_records_close(&run->records);
    clear_rows(run);
    mn_mem_free(run->probabilities);
    mn_mem_free(run->bases);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_engine_t engine;
    run_t *run = NULL;
    if (s->step && !s->window) return mn_err_set(err, MN_USAGE, "-s/--step", NULL, "it needs --window");
    mn_status_t status = mn_engine_open(&s->use, true, &engine, err);
    if (status) return status;
    status = mn_mem_new((void **)&run, 1, (int64_t)sizeof *run, err);
    if (!status) {
        run->settings = s;
        run->engine = &engine;
        run->rc = mn_engine_rc(&engine, s->rc);
        run->step = s->step ? s->step : s->window;
        run->progress = mn_progress_start("predict", "bases", 0, 0);
        status = find_class(&engine, s->class_name, &run->class_index, err);
    }
    if (!status) status = predict_all(run, args, err);
    mn_mem_free(run);
    mn_engine_done(&engine);
    return status;
}

const mn_command_t mn_cmd_predict = {
    .name = "predict",
    .heading = "Use",
    .summary = "class probabilities of records, reads, regions or windows",
    .operands = "-m MODEL IN...",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "IN is FASTA, FASTQ, SAM, BAM or CRAM, '-' for stdin. A TSV row tells name, the probability of each class and "
        "the call; with --window also start and end (0-based, half-open). The last window of a record may be shorter; "
        "windows of more than half N are left out. Where windows overlap, a bedgraph interval is the step in the "
        "middle of its window.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples =
        "mnemon predict -m promoters.safetensors candidates.fa > calls.tsv\n"
        "mnemon predict -m promoters.safetensors -w 512 -s 64 --format bedgraph -r chr20:1-5000000 genome.fa.gz\n"
        "samtools fasta reads.bam | mnemon predict -m species.safetensors -",
    .run = run,
};
