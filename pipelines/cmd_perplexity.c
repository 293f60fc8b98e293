/* mnemon perplexity: how well a model foretells records: bits per base, and along the contig. Short records go through
 * the model together; a longer one by itself, piece by piece with its state carried, in constant memory. */
#include "genomics/base/mem.h"
#include "pipelines/bits.h"
#include "pipelines/commands.h"
#include "pipelines/engine.h"
#include "pipelines/provenance.h"
#include "pipelines/records.h"
#include "pipelines/report.h"
#include "pipelines/tokens.h"
#include "titans/stream_file.h"
#include <math.h>
#include <string.h>

typedef struct settings {
    mn_common_t common;
    mn_reading_t reading;
    mn_engine_use_t use;
    const char *output, *track, *state_in, *state_out, *memory_out;
    int64_t window;
    bool json, carry;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION_MODEL(settings_t, use),
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "where the bits per base go", .fallback = "-"),
    MN_OPTION(settings_t, track, NULL, "track", FILE, "FILE", "bedGraph of the mean bits per base along the contig"),
    MN_OPTION(settings_t, window, "w", "window", INT, "N", "bases of one interval of the track", .fallback = "1k",
              .min = 1, .max = 1e9),
    MN_OPTION(settings_t, json, NULL, "json", FLAG, NULL, "JSON instead of TSV", .neutral = true),
    MN_OPTION_HEADING("Memory"),
    MN_OPTION(settings_t, state_out, NULL, "state-out", FILE, "FILE", "the state after the last record"),
    MN_OPTION(settings_t, state_in, NULL, "state-in", INPUT, "FILE",
              "the first record goes on where the stream in FILE stopped (--state-out)"),
    MN_OPTION(settings_t, memory_out, NULL, "memory-out", FILE, "FILE", "what the last record left in the memories"),
    MN_OPTION_MEMORY(settings_t, use),
    MN_OPTION(settings_t, carry, NULL, "carry-memory", FLAG, NULL,
              "each record begins with the memory that the one before has left"),
    MN_OPTION_SHARD(settings_t, reading),
    MN_OPTION_GROUP(settings_t, reading, "Reading", mn_reading_options),
    MN_COMMON_OPTIONS,
    {0}};

/* Tokens of a pass: more make no difference to the results, only to memory and to how often progress is told. */
enum { BATCH_RECORDS = 256, PIECE = 1 << 15 };

typedef struct score {
    int64_t scored; /* bases foretold */
    double nats;
} score_t;

/* A record on its way; a batch has many. */
typedef struct row {
    char *name, *contig; /* owned */
    int64_t start, end;  /* on the contig */
    int64_t bases;       /* read, with every N */
    score_t score;
} row_t;

typedef struct run {
    const settings_t *settings;
    const mn_engine_t *engine;
    uint8_t *ignore; /* (V) */
    mn_result_t result, track;
    mn_json_t *json;    /* rows so far; NULL: TSV */
    mn_tokens_t tokens; /* of the batch; the record being read stands at the end */
    row_t rows[BATCH_RECORDS];
    mn_sample_t samples[BATCH_RECORDS];
    mn_output_t outputs[BATCH_RECORDS];
    int64_t n, records; /* in the batch, read */
    float *nats;        /* of a pass */
    int64_t nats_capacity;
    bool alone;                 /* every record by itself, as what it leaves is wanted */
    mn_state_t *state, *beyond; /* of a record by itself: without, and with its last token */
    mn_real_t *memories;        /* what it left; NULL: not asked for */
    int32_t next;               /* id that comes before the first base of the record to be read */
    mn_bits_t total;
    int64_t window; /* of the track: begin and sum of the interval that is open */
    score_t open;
    mn_progress_t progress;
    mn_records_t source;
} run_t;

/* ---- scores out */

static double get_bits(const score_t *score) {
    return score->nats / log(2);
}

/* The open interval of the track, of which nothing lies beyond `end`. */
static void write_interval(run_t *run, const row_t *row, int64_t end) {
    const int64_t begin = run->window > row->start ? run->window : row->start,
                  next = run->window + run->settings->window;
    if (run->open.scored)
        fprintf(run->track.writer.file, "%s\t%lld\t%lld\t%.5f\n", row->contig, (long long)begin,
                (long long)(next < end ? next : end), get_bits(&run->open) / (double)run->open.scored);
    run->open = (score_t){0};
}

/* A token of `span` bases at `position`. */
static void add_to_track(run_t *run, const row_t *row, int64_t position, int64_t span, double nats) {
    const int64_t width = run->settings->window;
    for (int64_t p = position; p < position + span; p++) {
        if (p < run->window || p >= run->window + width) {
            write_interval(run, row, INT64_MAX);
            run->window = p / width * width;
        }
        run->open.nats += nats / (double)span;
        run->open.scored++;
    }
}

/* n targets: ids that follow one another, where they stand, and -log p of each. */
static void add_targets(run_t *run, row_t *row, const int32_t *ids, const int64_t *positions, const float *nats,
                        int64_t n) {
    for (int64_t t = 0; t < n; t++) {
        if (run->ignore[ids[t]]) continue;
        const int64_t span = mn_tokenizer_span(run->engine->tokenizer, ids[t]);
        row->score.nats += (double)nats[t];
        row->score.scored += span;
        if (run->settings->track) add_to_track(run, row, positions[t], span, (double)nats[t]);
    }
}

static void write_bits(run_t *run, const char *name, const mn_bits_t *bits) {
    if (!run->json) {
        mn_bits_write(run->result.writer.file, name, bits);
        return;
    }
    mn_json_t *json = mn_json_object();
    mn_json_set_string(json, "name", name);
    mn_json_set_int(json, "bases", bits->bases);
    mn_json_set_int(json, "scored", bits->scored);
    mn_json_set_real(json, "bits", (double)bits->millionths / 1e6);
    mn_json_set_real(json, "bits_per_base", mn_bits_per_base(bits));
    mn_json_set_real(json, "perplexity", exp2(mn_bits_per_base(bits)));
    mn_json_set(run->json, NULL, json);
}

static void free_row(row_t *row) {
    mn_mem_free(row->name);
    mn_mem_free(row->contig);
    *row = (row_t){0};
}

/* What a record's end leaves to do. */
static mn_status_t end_row(run_t *run, row_t *row, mn_err_t *err) {
    const double bits_of_all = get_bits(&row->score);
    if (!(bits_of_all < 9e12)) /* nor is NaN */
        return mn_err_set(err, MN_DIVERGED, row->name, "look at what the model was trained on, and how",
                          MN_NOT_FINITE);
    if (run->settings->track) write_interval(run, row, row->end);
    const mn_bits_t bits = {row->bases, row->score.scored, llround(1e6 * bits_of_all)};
    write_bits(run, row->name, &bits);
    free_row(row);
    return mn_bits_add(&run->total, &bits) ? MN_OK : mn_err_set(err, MN_FAILED, NULL, NULL, "too many bits to count");
}

/* ---- records in */

/* The total is what it seems to be from here: the tokens read so far by the share of the input that they are. */
static void tell_progress(run_t *run, int64_t tokens) {
    const int k = run->engine->tokenizer.k;
    const int64_t done = run->progress.done + tokens,
                  read = done + run->tokens.used + run->tokens.piece.n / (k ? k : 1);
    const double part = mn_records_part(&run->source);
    run->progress.total = part > 0 ? (int64_t)((double)read / part) : 0;
    mn_progress_update(&run->progress, done, NULL);
}

static mn_status_t forward(run_t *run, int64_t n, int64_t tokens, mn_err_t *err) {
    mn_status_t status = mn_mem_reserve((void **)&run->nats, &run->nats_capacity, tokens, sizeof *run->nats, err);
    int64_t at = 0;
    for (int64_t i = 0; i < n; at += run->samples[i++].length) {
        run->samples[i].ids = run->tokens.ids + at;
        run->outputs[i].nats = run->nats + at;
    }
    return status ? status
                  : mn_model_forward(run->engine->model, run->engine->work, run->samples, n, run->outputs, err);
}

static mn_status_t flush_batch(run_t *run, int64_t tokens, mn_err_t *err) {
    mn_status_t status = forward(run, run->n, tokens, err);
    if (status) return status;
    int64_t at = 0;
    for (int64_t i = 0; i < run->n && !status; at += run->samples[i++].length) {
        add_targets(run, &run->rows[i], run->tokens.ids + at + 1, run->tokens.positions + at + 1, run->nats + at,
                    run->samples[i].length - 1);
        status = end_row(run, &run->rows[i], err);
    }
    run->n = 0;
    mn_tokens_drop(&run->tokens, tokens);
    return status;
}

/* The one record in the buffer, its last token left for what may follow. */
static mn_status_t score_stream(run_t *run, row_t *row, mn_err_t *err) {
    mn_tokens_t *tokens = &run->tokens;
    mn_status_t status = MN_OK;
    while (!status && !(status = mn_tokens_read(tokens, PIECE + 1, err)) && tokens->used > 1) {
        const int64_t n = tokens->used - 1 < PIECE ? tokens->used - 1 : PIECE;
        run->samples[0] = (mn_sample_t){.length = n, .state = run->state};
        run->outputs[0] = (mn_output_t){.next = tokens->ids[n]};
        status = forward(run, 1, n, err);
        if (status) break;
        add_targets(run, row, tokens->ids + 1, tokens->positions + 1, run->nats, n);
        mn_tokens_drop(tokens, n);
        tell_progress(run, n);
    }
    return status;
}

/* What the record leaves in the memories once its last token is read, too. */
static mn_status_t take_memories(run_t *run, mn_err_t *err) {
    if (!run->tokens.used) return mn_err_set(err, MN_INPUT, NULL, NULL, "nothing to memorise: the record is empty");
    mn_state_copy(run->beyond, run->state);
    run->samples[0] = (mn_sample_t){.length = 1, .state = run->beyond};
    run->outputs[0] = (mn_output_t){.next = -1, .memories = run->memories};
    mn_status_t status = forward(run, 1, 1, err);
    if (!status && run->settings->carry) mn_work_remember(run->engine->work, run->memories, run->settings->use.frozen);
    return status;
}

/* A record by itself; its first tokens stand in the buffer, behind the batch. */
static mn_status_t score_alone(run_t *run, const mn_record_t *record, mn_err_t *err) {
    mn_tokens_t *tokens = &run->tokens;
    row_t row = run->rows[run->n];
    run->rows[run->n] = (row_t){0};
    mn_status_t status = flush_batch(run, tokens->first, err); /* so that rows stay in order */
    if (!status) status = score_stream(run, &row, err);
    if (!status && run->memories) status = take_memories(run, err);
    if (!status) {
        row.end = tokens->end;
        row.bases = record->counts.bases;
        status = end_row(run, &row, err);
        run->next = tokens->used ? tokens->ids[0] : -1;
        mn_tokens_drop(tokens, tokens->used);
    }
    free_row(&row);
    return status;
}

static mn_status_t score_record(run_t *run, mn_err_t *err) {
    const mn_record_t *record = run->source.record;
    mn_tokens_t *tokens = &run->tokens;
    row_t *row = &run->rows[run->n];
    mn_status_t status = mn_mem_string(&row->name, record->name, err);
    if (!status) status = mn_mem_string(&row->contig, record->contig, err);
    if (run->records++ || !run->settings->state_in) { /* else the stream and its next token are there already */
        mn_state_reset(run->state);
        run->next = MN_ID_BOS;
    }
    if (!status) status = mn_tokens_begin(tokens, run->source.in, record, run->engine->tokenizer, run->next, err);
    if (!status) status = mn_tokens_read(tokens, PIECE + 1, err);
    if (status) return status;
    row->start = record->start;
    const int64_t length = tokens->used - tokens->first;
    if (run->alone || length > PIECE) return score_alone(run, record, err);
    row->end = tokens->end;
    row->bases = record->counts.bases;
    run->samples[run->n] = (mn_sample_t){.length = length};
    run->outputs[run->n++] = (mn_output_t){.next = -1};
    tell_progress(run, length);
    return run->n == BATCH_RECORDS || tokens->used >= PIECE ? flush_batch(run, tokens->used, err) : MN_OK;
}

/* ---- the command */

static mn_status_t new_memories(run_t *run, mn_err_t *err) {
    const mn_model_t *model = run->engine->model;
    mn_status_t status = mn_state_new(model, &run->beyond, err);
    if (!status)
        status = mn_mem_new((void **)&run->memories, mn_memories_size(model), (int64_t)sizeof *run->memories, err);
    return status;
}

/* A file that cannot be written should be known before hours of reading. */
static mn_status_t try_file(const char *path, mn_err_t *err) {
    mn_writer_t writer = {0};
    mn_status_t status = path ? mn_writer_open(&writer, path, err) : MN_OK;
    if (!status) mn_writer_drop(&writer);
    return status;
}

/* State and memory, as the last record left them. */
static mn_status_t save_files(run_t *run, mn_err_t *err) {
    const settings_t *s = run->settings;
    const mn_model_t *model = run->engine->model;
    mn_status_t status = MN_OK;
    if (!run->records && (s->state_out || s->memory_out))
        return mn_err_set(err, MN_INPUT, NULL, "do filters or regions leave anything?", "no record at all");
    if (s->memory_out && run->records > 1 && !s->carry)
        mn_log(MN_LOG_WARNING, "%s has the memory of the last record alone (--carry-memory hands it on)",
               s->memory_out);
    if (s->state_out) status = mn_state_save(s->state_out, model, run->state, run->next, err);
    if (!status && s->memory_out) status = mn_memories_save(s->memory_out, model, run->memories, err);
    return status;
}

static mn_status_t score_all(run_t *run, const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = run->settings;
    const mn_engine_t *engine = run->engine;
    mn_status_t status = mn_mem_new((void **)&run->ignore, engine->model->config.vocab, 1, err);
    if (!status) mn_tokenizer_ignore(engine->tokenizer, run->ignore);
    if (!status) status = mn_state_new(engine->model, &run->state, err);
    run->alone = s->state_in || s->state_out || s->memory_out || s->carry;
    if (!status && s->reading.shard && (run->alone || s->json))
        status = mn_err_set(err, MN_USAGE, "--shard", NULL, run->alone ? "records that hand on a state or a memory go in one run"
                                                                       : "JSON is not merged: leave out --json");
    if (!status && s->state_in) status = mn_state_load(s->state_in, engine->model, run->state, &run->next, err);
    if (!status && (s->memory_out || s->carry)) status = new_memories(run, err);
    if (!status) status = mn_records_open(&s->reading, args->operands, args->n_operands, 1, &run->source, err);
    if (!status) status = try_file(s->state_out, err);
    if (!status) status = try_file(s->memory_out, err);
    if (!status) status = mn_result_open(args, s->output, &run->result, err);
    if (!status && s->track) status = mn_result_open(args, s->track, &run->track, err);
    if (!status && s->track) mn_result_header(&run->track);
    if (!status && s->json) run->json = mn_json_array();
    if (!status && !s->json) {
        mn_result_header(&run->result);
        fputs(MN_BITS_COLUMNS "\n", run->result.writer.file);
    }
    while (!status && !(status = mn_records_next(&run->source, err)) && run->source.record)
        status = score_record(run, err);
    if (!status) status = flush_batch(run, run->tokens.used, err);
    if (!status) write_bits(run, "total", &run->total);
    if (!status && s->json) {
        status = mn_result_json(&run->result, run->json, err);
        run->json = NULL;
    }
    if (!status) status = save_files(run, err);
    if (s->track) status = mn_result_close(&run->track, status, err);
    status = mn_result_close(&run->result, status, err);
    if (!status) mn_progress_end(&run->progress);
    for (int64_t i = 0; i < BATCH_RECORDS; i++) free_row(&run->rows[i]);
    mn_json_free(run->json);
    mn_records_close(&run->source);
    mn_tokens_done(&run->tokens);
    mn_state_free(run->state);
    mn_state_free(run->beyond);
    mn_mem_free(run->memories);
    mn_mem_free(run->ignore);
    mn_mem_free(run->nats);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_engine_t engine;
    run_t *run = NULL;
    mn_status_t status = mn_engine_open(&s->use, false, &engine, err);
    if (status) return status;
    status = mn_mem_new((void **)&run, 1, (int64_t)sizeof *run, err);
    if (!status) {
        run->settings = s;
        run->engine = &engine;
        run->progress = mn_progress_start("perplexity", "tokens", 0, 0);
        status = score_all(run, args, err);
    }
    mn_mem_free(run);
    mn_engine_done(&engine);
    return status;
}

const mn_command_t mn_cmd_perplexity = {
    .name = "perplexity",
    .heading = "Use",
    .summary = "bits per base of records of any length, and along their contigs",
    .operands = "-m MODEL IN...",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "IN is FASTA, FASTQ, SAM, BAM or CRAM, '-' for stdin. Each record is one context, however long. A TSV row "
        "tells "
        "its name, its bases, how many of them were scored (N never is), their bits, the bits per base and 2 to their "
        "power; the last row is the total. Probabilities are over all ids of the tokenizer, as in the validation of "
        "pretrain. In the track, positions are 0-based and half-open, and intervals without a scored base left out. A "
        "state goes on as if there had been no cut: no mark of a beginning comes between, the first base is foretold "
        "by the last one before. (With k-mers cut at a multiple of k; a long run of N that is cut is read as two.) A "
        "memory holds what the layers learned while reading; a record that begins with it begins anew in all else.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon perplexity -m genome.safetensors other.fa.gz\n"
                "mnemon perplexity -m genome.safetensors --track chr21.bedgraph -r chr21 genome.fa.gz\n"
                "# what a first chromosome tells about a second, and what learning from it adds\n"
                "mnemon perplexity -m genome.safetensors -r chr1 other.fa.gz --memory-out chr1.memory\n"
                "mnemon perplexity -m genome.safetensors -r chr2 other.fa.gz --memory-in chr1.memory --freeze-memory",
    .run = run,
};
