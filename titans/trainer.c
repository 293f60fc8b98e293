/* trainer: the loop. A step's samples pass in groups of plan->micro; only when all have passed does anything that a
 * checkpoint holds change, so that a step can be abandoned between passes and the last complete one saved. */
#include "titans/trainer.h"
#include "genomics/base/clock.h"
#include "genomics/base/mem.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { MODEL_FILE, CKPT_FILE, METRICS_FILE, N_FILES, NAME_MAX_SIZE = 4096 };
typedef struct names {
    char file[N_FILES][NAME_MAX_SIZE];
} names_t;

typedef struct trainer {
    mn_model_t *model;
    mn_work_t *work;
    const mn_plan_t *plan;
    const mn_feed_t *feed;
    const mn_run_t *run;
    mn_judge_t judge; /* empty without validation */
    names_t names;
    mn_optimiser_t *optimiser;
    mn_real_t *gradient;          /* (model->size) */
    mn_real_t *average;           /* (model->size), NULL without plan->average */
    mn_real_t *best;              /* (model->size), NULL without validation */
    mn_state_t **lanes;           /* (n_lanes), the feed's states after the last complete step */
    int64_t step, tokens;         /* complete */
    int64_t validated, best_step; /* -1: not yet */
    double best_values[MN_MEASURES_MAX], values[MN_MEASURES_MAX]; /* of the best and of the last validation */
    FILE *metrics;
    int64_t saved_step;
    double saved_at; /* seconds */
    bool save_asked;
    mn_tick_t tick;
} trainer_t;

/* ---- the output's files */

static mn_status_t name_files(const char *output, names_t *names, mn_err_t *err) {
    static const char *const suffixes[N_FILES] = {".safetensors", ".ckpt", ".metrics.tsv"};
    for (int i = 0; i < N_FILES; i++)
        if (snprintf(names->file[i], NAME_MAX_SIZE, "%s%s", output, suffixes[i]) >= NAME_MAX_SIZE)
            return mn_err_set(err, MN_USAGE, NULL, NULL, "the output's name is too long");
    return MN_OK;
}

mn_status_t mn_train_claim(const char *output, bool resume, bool force, mn_lock_t *lock, mn_err_t *err) {
    names_t names;
    *lock = (mn_lock_t){.fd = -1};
    mn_status_t status = name_files(output, &names, err);
    if (!status) status = mn_lock_take(lock, output, err);
    for (int i = 0; !status && !resume && !force && i < N_FILES; i++)
        if (mn_file_exists(names.file[i]))
            status = mn_err_set(err, MN_USAGE, names.file[i],
                                "go on with --resume, begin anew with --force, or choose another -o", "exists already");
    if (!status && resume && !force && mn_file_exists(names.file[MODEL_FILE]) && !mn_file_exists(names.file[CKPT_FILE]))
        status = mn_err_set(err, MN_USAGE, names.file[MODEL_FILE], "begin anew with --force, or choose another -o",
                            "has no checkpoint beside it to resume from");
    for (int i = 0; !status && i < N_FILES; i++) mn_writer_sweep(names.file[i]);
    if (status) mn_lock_release(lock);
    return status;
}

static mn_status_t report_metrics(const trainer_t *t, mn_err_t *err) {
    return mn_err_set(err, MN_IO, t->names.file[METRICS_FILE], NULL, "cannot write: %s", strerror(errno));
}

/* Opens the metrics file for its end at `kept` bytes; what an abandoned part of a run wrote behind is cut off. */
static mn_status_t open_metrics(trainer_t *t, int64_t kept, mn_err_t *err) {
    const char *path = t->names.file[METRICS_FILE];
    t->metrics = fopen(path, kept ? "r+b" : "w+b");
    if (!t->metrics) return report_metrics(t, err);
    if (kept) {
        if (fseeko(t->metrics, 0, SEEK_END)) return report_metrics(t, err);
        if (ftello(t->metrics) < kept)
            return mn_err_set(err, MN_MODEL, path, "restore the file, or begin anew with --force",
                              "is shorter than the %lld bytes that the checkpoint speaks of", (long long)kept);
        if (ftruncate(fileno(t->metrics), kept) || fseeko(t->metrics, 0, SEEK_END)) return report_metrics(t, err);
        return MN_OK;
    }
    bool class = t->plan->objective.kind == MN_LOSS_CLASS;
    fprintf(t->metrics, "#mnemon %s\n#command %s\nstep\ttokens\t%s\tgradient_norm\tlearning_rate", MN_VERSION,
            t->run->info->command, class ? "train_loss\ttrain_accuracy" : "train_bits");
    for (int64_t i = 0; i < t->judge.n_measures; i++) fprintf(t->metrics, "\t%s", t->judge.names[i]);
    fputc('\n', t->metrics);
    return ferror(t->metrics) ? report_metrics(t, err) : MN_OK;
}

static void write_number(FILE *file, double value) {
    if (isnan(value))
        fputs("\tNA", file);
    else
        fprintf(file, "\t%.9g", value);
}

/* A row of a training step over n samples (loss not NULL) or of a validation. */
static void write_row(trainer_t *t, const mn_loss_t *loss, int64_t n) {
    bool class = t->plan->objective.kind == MN_LOSS_CLASS;
    fprintf(t->metrics, "%lld\t%lld", (long long)t->step, (long long)t->tokens);
    write_number(t->metrics, !loss ? NAN : class ? loss->nats : loss->nats / log(2));
    if (class) write_number(t->metrics, loss ? (double)loss->correct / (double)n : NAN);
    write_number(t->metrics, loss ? t->tick.norm : NAN);
    write_number(t->metrics, loss ? t->tick.rate : NAN);
    for (int64_t i = 0; i < t->judge.n_measures; i++) write_number(t->metrics, loss ? NAN : t->values[i]);
    fputc('\n', t->metrics);
}

/* ---- one step */

/* Between the feed's states, which passes advance, and those of the last complete step. */
static void keep_lanes(trainer_t *t) {
    for (int64_t i = 0; i < t->feed->n_lanes; i++) mn_state_copy(t->lanes[i], t->feed->lanes[i]);
}

static void restore_lanes(trainer_t *t) {
    for (int64_t i = 0; i < t->feed->n_lanes; i++) mn_state_copy(t->feed->lanes[i], t->lanes[i]);
}

/* At `step`, with what went wrong and where there is something to go on from. */
static mn_status_t report_diverged(const trainer_t *t, int64_t step, const char *what, mn_err_t *err) {
    char where[64], hint[256];
    snprintf(where, sizeof where, "step %lld", (long long)step);
    snprintf(hint, sizeof hint, "the last good checkpoint is %.120s at step %lld; try a lower --lr or --theta-max",
             t->names.file[CKPT_FILE], (long long)t->saved_step);
    return mn_err_set(err, MN_DIVERGED, where, hint, "%s", what);
}

/* Names the samples that are not finite by themselves (all, if none is), as many as fit. */
static mn_status_t report_divergence(trainer_t *t, mn_objective_t objective, double loss, mn_err_t *err) {
    const mn_sample_t *samples;
    char list[160] = "";
    int64_t n, named = 0, bad = 0;
    restore_lanes(t);
    mn_status_t status = t->feed->batch(t->feed->ctx, t->step, &samples, &n, err);
    if (status) return status;
    for (int pass = 0; pass < 2 && !bad; pass++) {
        for (int64_t i = 0; i < n; i++) {
            mn_loss_t alone = {0};
            if (pass == 0) {
                memset(t->gradient, 0, (size_t)t->model->size * sizeof(mn_real_t));
                status = mn_model_gradient(t->model, t->work, &objective, samples + i, 1, t->gradient, &alone, err);
                if (status) return status;
                if (isfinite(alone.nats) && isfinite(mn_optimiser_norm(t->optimiser, t->gradient))) continue;
            }
            bad++;
            char name[64];
            t->feed->name(t->feed->ctx, i, name, sizeof name);
            size_t used = strlen(list);
            if (used + strlen(name) + 2 < sizeof list) {
                snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", name);
                named++;
            }
        }
    }
    char more[32] = "", what[256];
    if (bad > named) snprintf(more, sizeof more, " and %lld more", (long long)(bad - named));
    snprintf(what, sizeof what, "loss %g, gradient norm %g on %s%s", loss, t->tick.norm, list, more);
    return report_diverged(t, t->step + 1, what, err);
}

/* Whether the run should stop now; a wish to save is remembered until the step is complete. */
static bool poll_stop(trainer_t *t) {
    mn_poll_t poll = t->run->poll ? t->run->poll(t->run->ctx) : MN_POLL_GO;
    if (poll == MN_POLL_SAVE) t->save_asked = true;
    return poll == MN_POLL_STOP;
}

static void report_tick(trainer_t *t) {
    if (t->run->progress) t->run->progress(t->run->ctx, &t->tick);
}

/* An average over few steps forgets its beginning sooner. */
static double limit_average(double decay, int64_t step) {
    double early = (double)step / (double)(step + 9);
    return decay < early ? decay : early;
}

static mn_status_t take_step(trainer_t *t, bool *stopped, mn_err_t *err) {
    const mn_plan_t *plan = t->plan;
    const mn_sample_t *samples;
    int64_t n, tokens = 0;
    mn_status_t status = t->feed->batch(t->feed->ctx, t->step, &samples, &n, err);
    if (status) return status;
    mn_objective_t objective = plan->objective;
    double targets = mn_model_targets(&objective, samples, n);
    if (!(targets > 0))
        return mn_err_set(err, MN_INPUT, NULL, NULL, "step %lld has no targets", (long long)t->step + 1);
    objective.scale = 1 / targets;

    mn_loss_t loss = {0};
    memset(t->gradient, 0, (size_t)t->model->size * sizeof(mn_real_t));
    for (int64_t i = 0; i < n; i += plan->micro) {
        int64_t count = n - i < plan->micro ? n - i : plan->micro;
        status = mn_model_gradient(t->model, t->work, &objective, samples + i, count, t->gradient, &loss, err);
        if (status || (*stopped = poll_stop(t))) return status;
        for (int64_t j = i; j < i + count; j++) tokens += samples[j].length;
        t->tick.tokens = t->tokens + tokens;
        report_tick(t);
    }
    t->tick.norm = mn_optimiser_norm(t->optimiser, t->gradient);
    if (!isfinite(loss.nats) || !isfinite(t->tick.norm)) return report_divergence(t, objective, loss.nats, err);

    t->tick.loss = loss.nats;
    t->tick.rate = mn_optimiser_rate(plan->rate, plan->last, plan->warmup, plan->steps, t->step);
    double scale = plan->clip > 0 && t->tick.norm > plan->clip ? plan->clip / t->tick.norm : 1;
    mn_optimiser_step(t->optimiser, &plan->adamw, t->step + 1, t->tick.rate, scale, t->gradient, t->model->block);
    t->step++;
    t->tokens += tokens;
    if (t->average)
        mn_optimiser_average(t->optimiser, limit_average(plan->average, t->step), t->model->block, t->average);
    keep_lanes(t);
    t->tick.step = t->step;
    write_row(t, &loss, n);
    report_tick(t);
    return ferror(t->metrics) ? report_metrics(t, err) : MN_OK;
}

/* ---- validation */

/* The model reads its weights in place; the average stands in for them while this is called. */
static void swap_blocks(mn_model_t *model, mn_real_t **block) {
    mn_real_t *kept = model->block;
    model->block = *block;
    *block = kept;
}

static bool want_validation(const trainer_t *t) {
    return t->judge.measure && t->validated != t->step &&
           (t->step % t->plan->validate_every == 0 || t->step == t->plan->steps);
}

static mn_status_t validate(trainer_t *t, bool *stopped, mn_err_t *err) {
    if (t->average) swap_blocks(t->model, &t->average);
    mn_status_t status = t->judge.measure(t->judge.ctx, t->model, t->work, t->values, err);
    if (t->average) swap_blocks(t->model, &t->average);
    if (status == MN_DIVERGED)
        return report_diverged(t, t->step, "on the validation part the model gives numbers that are not finite", err);
    if (status || (*stopped = poll_stop(t))) return status;
    double value = t->values[0], best = t->best_values[0];
    if (t->best_step < 0 || isnan(best) || (t->judge.higher ? value > best : value < best)) {
        t->best_step = t->step;
        memcpy(t->best_values, t->values, sizeof t->values);
        memcpy(t->best, t->average ? t->average : t->model->block, (size_t)t->model->size * sizeof(mn_real_t));
    }
    t->validated = t->step;
    t->tick.values = t->values;
    t->tick.validated = t->step;
    t->tick.best_step = t->best_step;
    write_row(t, NULL, 0);
    report_tick(t);
    return ferror(t->metrics) ? report_metrics(t, err) : MN_OK;
}

/* ---- checkpoints */

static void set_measures(const trainer_t *t, mn_json_t *to, const double *values) {
    for (int64_t i = 0; i < t->judge.n_measures; i++) mn_json_set_real(to, t->judge.names[i], values[i]);
}

/* What was null, a number that is not finite, is NaN. */
static void get_measures(const trainer_t *t, const mn_json_t *from, double *values) {
    for (int64_t i = 0; i < t->judge.n_measures; i++)
        if (!mn_json_get_real(from, t->judge.names[i], &values[i])) values[i] = NAN;
}

/* The model's file says how it was trained: run->info->extra, and the step and measures of the weights in it. */
static mn_status_t describe(const trainer_t *t, mn_json_t **out, mn_err_t *err) {
    mn_json_t *extra = NULL;
    mn_status_t status = MN_OK;
    if (t->run->info->extra) {
        char *text = mn_json_text(t->run->info->extra, false);
        status = text ? mn_json_parse(text, strlen(text), NULL, &extra, err)
                      : mn_err_set(err, MN_FAILED, NULL, NULL, "no memory");
        mn_mem_free(text);
    } else {
        extra = mn_json_object();
    }
    if (status) return status;
    mn_json_t *training = mn_json_object();
    mn_json_set_int(training, "step", t->best_step >= 0 ? t->best_step : t->step);
    mn_json_set_int(training, "steps", t->step);
    mn_json_set_int(training, "tokens", t->tokens);
    if (t->best_step >= 0) set_measures(t, training, t->best_values);
    mn_json_set(extra, "training", training);
    *out = extra;
    return MN_OK;
}

/* The weights that are kept: the best by validation, else the average, else the last. */
static mn_real_t **find_kept(trainer_t *t) {
    return t->best_step >= 0 ? &t->best : t->average ? &t->average : NULL;
}

/* Writes checkpoint and model of the last complete step, the metrics file made durable before. */
static mn_status_t save(trainer_t *t, mn_err_t *err) {
    if (fflush(t->metrics) || fsync(fileno(t->metrics))) return report_metrics(t, err);
    mn_json_t *state = mn_json_object();
    mn_json_set_int(state, "tokens", t->tokens);
    mn_json_set_int(state, "metrics_bytes", ftello(t->metrics));
    mn_json_set_int(state, "validated", t->validated);
    mn_json_set_int(state, "best_step", t->best_step);
    mn_json_t *best = mn_json_object();
    set_measures(t, best, t->best_values);
    mn_json_set(state, "best", best);
    mn_checkpoint_t checkpoint = {.model = t->model,
                                  .info = *t->run->info,
                                  .m = t->optimiser->first,
                                  .v = t->optimiser->second,
                                  .best = t->best_step >= 0 ? t->best : NULL,
                                  .average = t->average,
                                  .lanes = t->lanes,
                                  .n_lanes = t->feed->n_lanes,
                                  .seed = t->run->seed,
                                  .step = t->step,
                                  .trainer = state};
    mn_status_t status = mn_checkpoint_save(t->names.file[CKPT_FILE], &checkpoint, err);
    mn_json_free(state);
    if (status) return status;
    mn_model_info_t info = *t->run->info;
    if ((status = describe(t, &info.extra, err))) return status;
    mn_real_t **kept = find_kept(t);
    if (kept) swap_blocks(t->model, kept);
    status = mn_model_save(t->names.file[MODEL_FILE], t->model, &info, err);
    if (kept) swap_blocks(t->model, kept);
    mn_json_free(info.extra);
    t->saved_step = t->step;
    t->saved_at = mn_clock(CLOCK_MONOTONIC);
    t->save_asked = false;
    return status;
}

static bool fits(const mn_param_t *a, const mn_param_t *b) {
    return !strcmp(a->name, b->name) && a->offset == b->offset && a->size == b->size;
}

/* Takes over what the checkpoint holds, once it is sure to be of this very run. */
static mn_status_t restore(trainer_t *t, const mn_checkpoint_t *from, int64_t *metrics_bytes, mn_err_t *err) {
    const char *path = t->names.file[CKPT_FILE],
               *hint = "resume with the command that began the run, or begin anew with --force";
    if (strcmp(from->info.command, t->run->info->command))
        return mn_err_set(err, MN_USAGE, path, hint, "was made by another command: %.150s", from->info.command);
    bool same = from->model->n_params == t->model->n_params && from->model->size == t->model->size;
    for (int64_t i = 0; same && i < t->model->n_params; i++) same = fits(&from->model->params[i], &t->model->params[i]);
    same = same && mn_state_size(from->model) == mn_state_size(t->model);
    const mn_json_t *state = from->trainer;
    same = same && from->m && from->v && from->n_lanes == t->feed->n_lanes && !from->average == !t->average &&
           from->step >= 0 && from->step <= t->plan->steps && mn_json_get_int(state, "tokens", &t->tokens) &&
           t->tokens >= 0 && t->tokens <= INT64_MAX / 2 &&
           mn_json_get_int(state, "metrics_bytes", metrics_bytes) &&
           mn_json_get_int(state, "validated", &t->validated) && mn_json_get_int(state, "best_step", &t->best_step) &&
           t->best_step <= from->step && *metrics_bytes > 0 && (t->best_step < 0 || (from->best && t->best));
    if (!same) return mn_err_set(err, MN_MODEL, path, hint, "does not fit this run");
    t->step = t->saved_step = from->step;
    get_measures(t, mn_json_get(state, "best"), t->best_values);
    size_t bytes = (size_t)t->model->size * sizeof(mn_real_t);
    memcpy(t->model->block, from->model->block, bytes);
    memcpy(t->optimiser->first, from->m, bytes);
    memcpy(t->optimiser->second, from->v, bytes);
    if (t->best_step >= 0) memcpy(t->best, from->best, bytes);
    if (t->average) memcpy(t->average, from->average, bytes);
    for (int64_t i = 0; i < t->feed->n_lanes; i++) mn_state_copy(t->lanes[i], from->lanes[i]);
    restore_lanes(t);
    return MN_OK;
}

static void remove_files(const trainer_t *t) {
    for (int i = 0; i < N_FILES; i++) unlink(t->names.file[i]);
}

/* From the checkpoint, or at step 0 with a first one. */
static mn_status_t begin(trainer_t *t, mn_err_t *err) {
    const char *path = t->names.file[CKPT_FILE];
    mn_status_t status = MN_OK;
    if (t->run->resume && mn_file_exists(path)) {
        mn_checkpoint_t checkpoint;
        int64_t metrics_bytes = 0;
        if ((status = mn_checkpoint_load(path, &checkpoint, err))) return status;
        status = restore(t, &checkpoint, &metrics_bytes, err);
        mn_checkpoint_done(&checkpoint);
        if (!status) status = open_metrics(t, metrics_bytes, err);
    } else {
        for (int i = 0; i < N_FILES; i++)
            if ((status = mn_writer_check(t->names.file[i], err))) return status;
        remove_files(t); /* of an output that is replaced */
        keep_lanes(t);
        if (t->average) memcpy(t->average, t->model->block, (size_t)t->model->size * sizeof(mn_real_t));
        status = open_metrics(t, 0, err);
        if (!status) status = save(t, err);
        if (status) remove_files(t);
    }
    t->saved_at = mn_clock(CLOCK_MONOTONIC);
    t->tick = (mn_tick_t){.step = t->step,
                          .steps = t->plan->steps,
                          .tokens = t->tokens,
                          .validated = t->validated,
                          .best_step = t->best_step};
    if (!status) report_tick(t);
    return status;
}

/* ---- the loop */

static bool ran_out_of_patience(const trainer_t *t) {
    return t->plan->patience > 0 && t->best_step >= 0 &&
           t->step - t->best_step >= t->plan->patience * t->plan->validate_every;
}

static bool want_save(const trainer_t *t) {
    const mn_run_t *run = t->run;
    return t->save_asked || (run->save_every > 0 && t->step - t->saved_step >= run->save_every) ||
           (run->save_minutes > 0 && mn_clock(CLOCK_MONOTONIC) - t->saved_at >= 60 * run->save_minutes);
}

static mn_status_t run_loop(trainer_t *t, mn_trained_t *out, mn_err_t *err) {
    mn_status_t status = MN_OK;
    while (!out->stopped) {
        if (want_validation(t)) {
            if ((status = validate(t, &out->stopped, err))) return status;
            if (out->stopped) break;
        }
        out->early = ran_out_of_patience(t);
        if (out->early || t->step >= t->plan->steps) break;
        if (want_save(t) && (status = save(t, err))) return status;
        if ((status = take_step(t, &out->stopped, err))) return status;
    }
    return save(t, err);
}

static void free_trainer(trainer_t *t) {
    mn_optimiser_free(t->optimiser);
    mn_mem_free(t->gradient);
    mn_mem_free(t->average);
    mn_mem_free(t->best);
    for (int64_t i = 0; t->lanes && i < t->feed->n_lanes; i++) mn_state_free(t->lanes[i]);
    mn_mem_free(t->lanes);
    if (t->metrics) fclose(t->metrics);
}

static mn_status_t allocate(trainer_t *t, mn_err_t *err) {
    mn_status_t status = mn_optimiser_new(t->model, &t->optimiser, err);
    if (!status) status = mn_mem_new((void **)&t->gradient, t->model->size, sizeof *t->gradient, err);
    if (!status && t->plan->average > 0)
        status = mn_mem_new((void **)&t->average, t->model->size, sizeof *t->average, err);
    if (!status && t->judge.measure) status = mn_mem_new((void **)&t->best, t->model->size, sizeof *t->best, err);
    if (!status) status = mn_mem_new((void **)&t->lanes, t->feed->n_lanes, sizeof *t->lanes, err);
    for (int64_t i = 0; !status && i < t->feed->n_lanes; i++) status = mn_state_new(t->model, &t->lanes[i], err);
    return status;
}

/* A budget too small for the first step is told before any file is written. */
static mn_status_t reserve(trainer_t *t, mn_err_t *err) {
    const mn_sample_t *samples;
    int64_t n;
    const mn_status_t status = t->feed->batch(t->feed->ctx, 0, &samples, &n, err);
    return status ? status : mn_work_reserve(t->work, samples, n < t->plan->micro ? n : t->plan->micro, err);
}

mn_status_t mn_train(mn_model_t *model, mn_work_t *work, const mn_plan_t *plan, const mn_feed_t *feed,
                     const mn_judge_t *judge, const mn_run_t *run, mn_trained_t *out, mn_err_t *err) {
    trainer_t *t;
    mn_status_t status = mn_mem_new((void **)&t, 1, sizeof *t, err);
    if (status) return status;
    *t = (trainer_t){.model = model,
                     .work = work,
                     .plan = plan,
                     .feed = feed,
                     .run = run,
                     .judge = judge ? *judge : (mn_judge_t){0},
                     .validated = -1,
                     .best_step = -1};
    mn_trained_t trained = {0};
    status = name_files(run->output, &t->names, err);
    if (!status) status = allocate(t, err);
    if (!status) status = reserve(t, err);
    if (!status) status = begin(t, err);
    trained.found = t->tokens;
    if (!status) status = run_loop(t, &trained, err);
    if (!status) {
        mn_real_t **kept = find_kept(t);
        if (kept) memcpy(model->block, *kept, (size_t)model->size * sizeof(mn_real_t));
        trained.step = t->step;
        trained.tokens = t->tokens;
        trained.best_step = t->best_step;
        memcpy(trained.values, t->best_values, sizeof trained.values);
        *out = trained;
    }
    free_trainer(t);
    mn_mem_free(t);
    return status;
}
