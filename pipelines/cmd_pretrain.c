/* mnemon pretrain: next-token training on genomes, measured in bits per base on a part held out, beside the best Markov
 * model counted on the same bases. */
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/markov.h"
#include "genomics/region.h"
#include "pipelines/commands.h"
#include "pipelines/feed.h"
#include "pipelines/provenance.h"
#include "pipelines/reading.h"
#include "pipelines/report.h"
#include "pipelines/score.h"
#include "pipelines/signals.h"
#include "pipelines/training.h"
#include <math.h>
#include <string.h>

typedef struct settings {
    mn_common_t common;
    const char *output, *valid;
    int64_t length, carry, tokens, valid_bases, final_bases;
    mn_strings_t holdout;
    bool no_holdout;
    mn_modelling_t modelling;
    mn_training_t training;
    mn_reading_t reading;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "MODEL",
              "begin of the names MODEL.safetensors, MODEL.ckpt, MODEL.metrics.tsv", .required = true),
    MN_OPTION(settings_t, modelling.pretrained, "m", "model", INPUT, "MODEL",
              "begin with the weights of this model file or builtin:NAME", .model = true),
    MN_OPTION_HEADING("Data"),
    MN_OPTION(settings_t, length, "l", "length", INT, "N", "tokens of a window", .fallback = "512", .min = 16,
              .max = 1e9),
    MN_OPTION(settings_t, carry, NULL, "carry", INT, "N",
              "consecutive windows over which the memory's state is carried; gradients stay within a window",
              .fallback = "1", .min = 1, .max = 1e9),
    MN_OPTION(settings_t, holdout, NULL, "holdout", LIST, "REGION",
              "contig or contig:beg-end kept for validation; repeatable; by default the end of the longest sequence, a "
              "twentieth of it"),
    MN_OPTION(settings_t, valid, NULL, "valid", INPUT, "FILE",
              "sequences for validation, instead of a held-out region"),
    MN_OPTION(settings_t, no_holdout, NULL, "no-holdout", FLAG, NULL, "train on everything, without validation"),
    MN_OPTION(settings_t, valid_bases, NULL, "valid-bases", INT, "N", "bases scored by a validation; 0: all held out",
              .fallback = "200k"),
    MN_OPTION(settings_t, final_bases, NULL, "final-bases", INT, "N",
              "the same at the end of training; 0: all held out", .fallback = "1M"),
    MN_OPTION_GROUP(settings_t, reading, NULL, mn_reading_options),
    MN_OPTION_HEADING("Training"),
    MN_OPTION(settings_t, tokens, NULL, "tokens", INT, "N", "tokens to train on", .fallback = "10M", .min = 1,
              .max = 1e15),
    MN_OPTION(settings_t, training.steps, NULL, "steps", INT, "N", "steps to train, instead of --tokens", .min = 1,
              .max = 1e12),
    MN_OPTION(settings_t, training.batch, "b", "batch", INT, "N", "windows a pass", .fallback = "8", .min = 1,
              .max = 1e6),
    MN_OPTION(settings_t, training.rate, NULL, "lr", REAL, "X", "peak learning rate", .fallback = "3e-3", .min = 0,
              .max = 10),
    MN_OPTION(settings_t, training.valid_every, NULL, "valid-every", INT, "STEPS",
              "between validations; 0: a twentieth of all steps", .fallback = "0", .max = 1e12),
    MN_OPTION(settings_t, training.patience, NULL, "patience", INT, "N",
              "stop after so many validations without a new best; 0: never", .fallback = "0", .max = 1e6),
    MN_OPTION(settings_t, training.average, NULL, "average", REAL, "X", MN_AVERAGE_HELP, .fallback = "0", .min = 0,
              .max = 0.999999),
    MN_OPTION_GROUP(settings_t, training, NULL, mn_training_options),
    MN_OPTION_GROUP(settings_t, training, NULL, mn_saving_options),
    MN_OPTION_GROUP(settings_t, modelling, "Model", mn_modelling_options),
    MN_COMMON_OPTIONS,
    {0}};

/* ---- the part held out */

/* The contigs of loaded sequences, for regions by name; sequences may be regions themselves and share a contig. */
static int64_t find_contig(void *ctx, const char *name) {
    const mn_sequences_t *set = ctx;
    for (int64_t i = 0; i < set->n; i++)
        if (!strcmp(set->items[i].contig, name)) return i;
    return -1;
}

static const char *name_contig(void *ctx, int64_t i) {
    const mn_sequences_t *set = ctx;
    return set->items[i].contig;
}

static int64_t measure_contig(void *ctx, int64_t contig) {
    const mn_sequences_t *set = ctx;
    int64_t longest = 0;
    for (int64_t i = 0; i < set->n; i++) {
        if (strcmp(set->items[i].contig, set->items[contig].contig)) continue;
        int64_t end = mn_sequences_position(set, i, set->items[i].length);
        if (end > longest) longest = end;
    }
    return longest;
}

/* The first base of a sequence at or behind a position of its contig. */
static int64_t find_base(const mn_sequences_t *set, int64_t item, int64_t position) {
    int64_t low = 0, high = set->items[item].length;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (mn_sequences_position(set, item, middle) < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Cuts [begin, end) of a sequence out of `train` and adds it to `valid`. */
static mn_status_t hold_out(mn_tracts_t *train, mn_tracts_t *valid, int64_t item, int64_t begin, int64_t end,
                            mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t i = 0, n = train->n; i < n && !status; i++) {
        mn_tract_t *tract = &train->items[i], cut = *tract;
        if (tract->item != item || end <= tract->begin || begin >= tract->end) continue;
        mn_tract_t rest = {cut.set, item, end, cut.end};
        if (cut.begin < begin) cut.begin = begin;
        if (cut.end > end) cut.end = end;
        tract->end = cut.begin;
        status = mn_tracts_add(valid, cut, err);
        if (!status && rest.begin < rest.end) status = mn_tracts_add(train, rest, err);
    }
    return status;
}

static mn_status_t hold_out_regions(const mn_sequences_t *set, const mn_strings_t *texts, const char *path,
                                    mn_tracts_t *train, mn_tracts_t *valid, mn_err_t *err) {
    mn_contigs_t contigs = {(void *)set, path, set->n, find_contig, name_contig, measure_contig};
    mn_regions_t regions = {0};
    mn_status_t status = MN_OK;
    for (int64_t i = 0; i < texts->count && !status; i++)
        status = mn_regions_add(&regions, texts->items[i], &contigs, err);
    for (int64_t r = 0; r < regions.n && !status; r++) {
        const mn_region_t *region = &regions.items[r];
        for (int64_t i = 0; i < set->n && !status; i++)
            if (!strcmp(set->items[i].contig, set->items[region->contig].contig))
                status =
                    hold_out(train, valid, i, find_base(set, i, region->start), find_base(set, i, region->end), err);
    }
    mn_regions_done(&regions);
    return status;
}

/* The last twentieth of the longest sequence. */
static mn_status_t hold_out_end(const mn_sequences_t *set, mn_tracts_t *train, mn_tracts_t *valid, mn_err_t *err) {
    int64_t longest = 0;
    for (int64_t i = 1; i < set->n; i++)
        if (set->items[i].length > set->items[longest].length) longest = i;
    int64_t length = set->items[longest].length;
    return hold_out(train, valid, longest, length - length / 20, length, err);
}

static mn_status_t add_all(const mn_sequences_t *set, mn_tracts_t *tracts, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t i = 0; i < set->n && !status; i++)
        status = mn_tracts_add(tracts, (mn_tract_t){set, i, 0, set->items[i].length}, err);
    return status;
}

/* ---- what is scored of it: tiles of one context, in runs of neighbours spread evenly */

enum { RUN_TILES = 64, TILE_MIN = 32 };

typedef struct scored {
    mn_tracts_t tiles; /* each one stream of the model */
    mn_tracts_t runs;  /* the same bases, neighbouring tiles as one: what the Markov model reads */
} scored_t;

static mn_status_t choose_tiles(const mn_tracts_t *valid, int64_t context, int64_t bases, scored_t *out,
                                mn_err_t *err) {
    int64_t all = 0, at = 0;
    for (int64_t i = 0; i < valid->n; i++) all += (valid->items[i].end - valid->items[i].begin + context - 1) / context;
    if (!all) return MN_OK;
    int64_t want = bases ? (bases + context - 1) / context : all, run = want < RUN_TILES ? want : RUN_TILES;
    int64_t n_runs = (all + run - 1) / run, chosen = (want + run - 1) / run;
    if (chosen > n_runs) chosen = n_runs;
    mn_status_t status = MN_OK;
    for (int64_t i = 0; i < valid->n && !status; i++) {
        mn_tract_t tile = valid->items[i];
        bool joined = false; /* the tile before was chosen too, and touches this one */
        for (; tile.begin < valid->items[i].end && !status; tile.begin = tile.end, at++) {
            int64_t r = at / run, end = valid->items[i].end;
            tile.end = end - tile.begin < context ? end : tile.begin + context;
            bool take = r * chosen % n_runs < chosen && tile.end - tile.begin >= TILE_MIN;
            if (take) status = mn_tracts_add(&out->tiles, tile, err);
            if (take && joined)
                out->runs.items[out->runs.n - 1].end = tile.end;
            else if (take && !status)
                status = mn_tracts_add(&out->runs, tile, err);
            joined = take;
        }
    }
    return status;
}

static void done_scored(scored_t *scored) {
    mn_tracts_done(&scored->tiles);
    mn_tracts_done(&scored->runs);
}

/* ---- the Markov model */

typedef struct markov_bits {
    int order;
    double valid, final; /* bits per base */
} markov_bits_t;

static mn_status_t list_stretches(const mn_tracts_t *tracts, mn_stretch_t **out, mn_err_t *err) {
    mn_status_t status = mn_mem_new((void **)out, tracts->n, sizeof **out, err);
    for (int64_t i = 0; i < tracts->n && !status; i++)
        (*out)[i] = (mn_stretch_t){mn_tract_bases(&tracts->items[i]), tracts->items[i].end - tracts->items[i].begin};
    return status;
}

static mn_status_t measure_markov(const mn_tracts_t *train, const scored_t *valid, const scored_t *final,
                                  markov_bits_t *out, mn_err_t *err) {
    mn_markov_t *markov = NULL;
    mn_stretch_t *counted = NULL, *chosen = NULL, *scored = NULL;
    mn_status_t status = mn_markov_new(&markov, err);
    if (!status) status = list_stretches(train, &counted, err);
    if (!status) status = list_stretches(&valid->runs, &chosen, err);
    if (!status) status = list_stretches(&final->runs, &scored, err);
    if (!status) {
        mn_markov_count(markov, counted, train->n);
        status = mn_markov_choose(markov, chosen, valid->runs.n, &out->valid, err);
    }
    if (!status) status = mn_markov_bits(markov, scored, final->runs.n, &out->final, NULL, err);
    if (!status) out->order = markov->order;
    mn_markov_free(markov);
    mn_mem_free(counted);
    mn_mem_free(chosen);
    mn_mem_free(scored);
    return status;
}

/* ---- the run */

typedef struct job {
    settings_t *settings;
    char *prefix, *command;
    mn_lock_t lock;
    mn_sequences_t *train_set, *valid_set;
    mn_tracts_t train, valid;
    scored_t scored, final;
    mn_tokenizer_t tokenizer;
    mn_model_t *model;
    mn_work_t *work;
    mn_windows_t *windows;
    uint8_t *ignore;
    markov_bits_t markov;
    mn_model_info_t info;
} job_t;

static void done_job(job_t *job) {
    mn_windows_free(job->windows);
    mn_work_free(job->work);
    mn_model_free(job->model);
    mn_mem_free(job->ignore);
    mn_json_free(job->info.extra);
    done_scored(&job->scored);
    done_scored(&job->final);
    mn_tracts_done(&job->train);
    mn_tracts_done(&job->valid);
    mn_sequences_free(job->train_set);
    mn_sequences_free(job->valid_set);
    mn_lock_release(&job->lock);
    mn_mem_free(job->command);
    mn_mem_free(job->prefix);
}

static double to_bits(mn_bits_t sum) {
    return sum.bases ? sum.nats / (double)sum.bases / log(2) : NAN;
}

static mn_status_t validate(void *ctx, const mn_model_t *model, mn_work_t *work, double *values, mn_err_t *err) {
    const job_t *job = ctx;
    mn_bits_t sum = {0};
    mn_status_t status =
        mn_score_tracts(model, work, job->tokenizer, job->scored.tiles.items, job->scored.tiles.n, &sum, err);
    values[0] = to_bits(sum);
    return status || isfinite(sum.nats) ? status : MN_DIVERGED;
}

/* Reads everything, and sets apart what is held out. */
static mn_status_t load_data(job_t *job, const mn_args_t *args, mn_err_t *err) {
    settings_t *s = job->settings;
    mn_input_options_t reading = mn_reading_input(&s->reading, mn_par_threads());
    mn_status_t status = mn_sequences_load(args->operands, args->n_operands, &reading, &job->train_set, err);
    if (!status) status = add_all(job->train_set, &job->train, err);
    if (status || s->no_holdout) return status;
    if (s->valid) {
        reading.regions = NULL;
        reading.n_regions = 0;
        reading.bed = NULL;
        status = mn_sequences_load(&s->valid, 1, &reading, &job->valid_set, err);
        if (!status) status = add_all(job->valid_set, &job->valid, err);
    }
    if (!status && s->holdout.count)
        status = hold_out_regions(job->train_set, &s->holdout, args->operands[0], &job->train, &job->valid, err);
    else if (!status && !s->valid)
        status = hold_out_end(job->train_set, &job->train, &job->valid, err);
    int64_t context = (s->length * s->carry - 1) * (job->tokenizer.k ? job->tokenizer.k : 1);
    if (!status) status = choose_tiles(&job->valid, context, s->valid_bases, &job->scored, err);
    if (!status) status = choose_tiles(&job->valid, context, s->final_bases, &job->final, err);
    if (!status && !job->scored.tiles.n)
        status = mn_err_set(err, MN_INPUT, NULL, "give --holdout or --valid", "no %d bases to validate on", TILE_MIN);
    if (status) return status;
    mn_log(MN_LOG_INFO, "%lld bases to train on, %lld held out", (long long)mn_tracts_bases(&job->train),
           (long long)mn_tracts_bases(&job->valid));
    status = measure_markov(&job->train, &job->scored, &job->final, &job->markov, err);
    if (!status)
        mn_log(MN_LOG_INFO, "Markov model of order %d on the bases of a validation: %.4f bits per base",
               job->markov.order, job->markov.valid);
    return status;
}

static mn_status_t settle(const mn_args_t *args, settings_t *s, mn_err_t *err) {
    mn_training_t *training = &s->training;
    if (mn_args_given(args, "steps") && mn_args_given(args, "tokens"))
        return mn_err_set(err, MN_USAGE, "--steps", "give one of them", "--tokens decides the number of steps, too");
    if (s->no_holdout && (s->holdout.count || s->valid))
        return mn_err_set(err, MN_USAGE, "--no-holdout", "leave one out", "--holdout and --valid ask for the opposite");
    int64_t tokens = mn_mem_mul(mn_mem_mul(training->batch, training->accumulate), s->length);
    if (tokens < 0 || s->length * s->carry > (int64_t)1 << 56) /* both are at most 1e9 */
        return mn_err_set(err, MN_USAGE, "--length", NULL, "a step of so many tokens is too large");
    if (!training->steps) training->steps = (s->tokens + tokens - 1) / tokens;
    s->tokens = mn_mem_mul(training->steps, tokens);
    if (!training->valid_every) training->valid_every = (training->steps + 19) / 20;
    return MN_OK;
}

static mn_status_t prepare(job_t *job, const mn_args_t *args, mn_err_t *err) {
    settings_t *s = job->settings;
    mn_training_t *training = &s->training;
    mn_status_t status = mn_training_inputs(training, args, err);
    if (!status) status = mn_training_prefix(s->output, &job->prefix, err);
    if (!status) status = mn_train_claim(job->prefix, training->resume, training->force, &job->lock, err);
    if (!status) status = mn_modelling_begin(args, &s->modelling, 0, err);
    if (!status) status = mn_modelling_make(&s->modelling, (uint64_t)s->common.seed, &job->tokenizer, &job->model, err);
    if (!status) status = settle(args, s, err); /* after the model, which writes what was given anew */
    if (!status) status = mn_provenance(args, &job->command, err);
    if (!status) status = load_data(job, args, err);
    if (!status) status = mn_work_new(job->model, training->max_memory, &job->work, err);
    if (!status) status = mn_mem_new((void **)&job->ignore, job->model->config.vocab, 1, err);
    if (status) return status;
    mn_tokenizer_ignore(job->tokenizer, job->ignore);
    mn_windows_options_t windows = {.tokenizer = job->tokenizer,
                                    .length = s->length,
                                    .samples = training->batch * training->accumulate,
                                    .carry = s->carry,
                                    .seed = (uint64_t)s->common.seed};
    job->info = (mn_model_info_t){.tokenizer = s->modelling.tokenizer_name, .command = job->command};
    job->info.extra = mn_json_object();
    if (job->valid.n) {
        mn_json_set_real(job->info.extra, "markov_bits", job->markov.valid);
        mn_json_set_int(job->info.extra, "markov_order", job->markov.order);
    }
    return mn_windows_new(&job->train, &windows, job->model, &job->windows, err);
}

/* The final score, to stdout. */
static mn_status_t report_final(const job_t *job, const mn_trained_t *trained, mn_err_t *err) {
    printf("measure\tvalue\nsteps\t%lld\ntokens\t%lld\n", (long long)trained->step, (long long)trained->tokens);
    if (!job->valid.n) return MN_OK;
    mn_bits_t sum;
    mn_status_t status =
        mn_score_tracts(job->model, job->work, job->tokenizer, job->final.tiles.items, job->final.tiles.n, &sum, err);
    if (!status && !mn_signals_stopping())
        printf(
            "best_step\t%lld\nscored_bases\t%lld\nbits_per_base\t%.6f\nmarkov_order\t%d\nmarkov_bits_per_base\t%.6f\n",
            (long long)trained->best_step, (long long)sum.bases, to_bits(sum), job->markov.order, job->markov.final);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    static const char *const measures[] = {"valid_bits"};
    job_t job = {.settings = args->settings, .lock = {.fd = -1}};
    mn_trained_t trained;
    mn_status_t status = prepare(&job, args, err);
    if (!status) {
        mn_feed_t feed = {0};
        mn_judge_t judge = {.ctx = &job, .measure = validate, .names = measures, .n_measures = 1};
        mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN, .ignore = job.ignore};
        mn_windows_feed(job.windows, &feed);
        status = mn_training_run(&job.settings->training, (uint64_t)job.settings->common.seed, job.prefix, &objective,
                                 &job.info, job.settings->tokens, &feed, job.valid.n ? &judge : NULL, job.model,
                                 job.work, &trained, err);
    }
    if (!status && !trained.stopped) status = report_final(&job, &trained, err);
    done_job(&job);
    return status;
}

const mn_command_t mn_cmd_pretrain = {
    .name = "pretrain",
    .heading = "Train",
    .summary = "train a model to tell the next base of genomes",
    .operands = "IN... -o MODEL",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "Draws windows from both strands of the sequences, by default 512 tokens each, and trains the model to predict "
        "each "
        "next token. Windows of more than half N are passed over. With --carry N each lane of the batch reads N "
        "consecutive "
        "windows, the memory's state carried on and gradients cut at windows: training over arbitrarily long DNA.\n\n"
        "Validation reads a part that is held out, on the forward strand, as streams of --length times --carry tokens, "
        "and "
        "scores every base but N: bits per base, with probability over all token ids. Beside it stands the best Markov "
        "model "
        "of order 8 to 12, counted on both strands of the bases trained on and scored on the same bases, its order and "
        "pseudo-count chosen on those of a validation. The weights that are kept are those of the best validation; "
        "what "
        "is printed at the end are theirs.\n\n"
        "SIGINT and SIGTERM save the last complete step; SIGUSR1 saves and goes on. --resume with the same command "
        "goes on "
        "from there, to the same bytes that an uninterrupted run gives.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon pretrain genome.fa.gz --preset tiny --tokens 5M -o genome\n"
                "# one chromosome held out, long context\n"
                "mnemon pretrain hg38.fa.gz --holdout chr21 --length 1k --carry 64 --tokens 200M -o human\n",
    .run = run};
