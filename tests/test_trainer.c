/* test_trainer: AdamW against its formula, the feeds, and the loop: bits whatever the threads, runs cut off and
 * resumed, accumulation, divergence, and that it learns. */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "pipelines/feed.h"
#include "pipelines/score.h"
#include "titans/trainer.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/mnemon-trainer-XXXXXX";
static mn_err_t err;

static void assert_done(mn_status_t status) {
    char line[1024];
    if (status) fail_msg("%s", mn_err_line(&err, line, sizeof line));
}

static const char *name_file(const char *name) {
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void assert_same_files(const char *a, const char *b) {
    char *x, *y;
    int64_t n, m;
    assert_done(mn_file_read(name_file(a), 1 << 28, &x, &n, &err));
    assert_done(mn_file_read(name_file(b), 1 << 28, &y, &m, &err));
    assert_int_equal(n, m);
    assert_memory_equal(x, y, (size_t)n);
    mn_mem_free(x);
    mn_mem_free(y);
}

/* ---- a genome: a long contig of random bases with an island of N, and a short one */

enum { LONG = 5000, SHORT = 40, ISLAND = 1000, ISLAND_END = 1600 };

static uint8_t genome_bases[LONG + SHORT];
static mn_sequence_t genome_items[] = {{.name = "long", .contig = "long", .length = LONG},
                                       {.name = "short", .contig = "short", .offset = LONG, .length = SHORT}};
static mn_sequences_t genome = {.bases = genome_bases, .size = LONG + SHORT, .items = genome_items, .n = 2};
static mn_tract_t genome_tracts[] = {{&genome, 0, 0, LONG}, {&genome, 1, 0, SHORT}};
static const mn_tracts_t tracts = {.items = genome_tracts, .n = 2};

static void fill_genome(void) {
    mn_rng_t rng = mn_rng(1, MN_RNG_TEST, 0, 0);
    for (int64_t i = 0; i < LONG + SHORT; i++)
        genome_bases[i] = i >= ISLAND && i < ISLAND_END ? MN_BASE_N : (uint8_t)mn_rng_below(&rng, 4);
}

static mn_model_t *new_model(int64_t classes) {
    mn_config_t config;
    mn_model_t *model;
    assert_true(mn_config_preset("tiny", &config));
    config.dim = 16;
    config.heads = config.attn_heads = 2;
    config.layers = 1;
    config.ffn = 16;
    config.conv = 3;
    config.persistent = 2;
    config.chunk = 8;
    config.classes = classes;
    assert_done(mn_model_new(&config, &model, &err));
    mn_model_init(model, 7);
    return model;
}

/* ---- optimiser */

static void test_adamw(void **state) {
    (void)state;
    mn_model_t *model = new_model(0);
    mn_optimiser_t *optimiser;
    assert_done(mn_optimiser_new(model, &optimiser, &err));
    const mn_adamw_t adamw = {0.9, 0.95, 1e-8, 0.1};
    mn_real_t *gradient;
    double *p, *m, *v, squares = 0;
    assert_done(mn_mem_new((void **)&gradient, model->size, sizeof *gradient, &err));
    assert_done(mn_mem_new((void **)&p, model->size, sizeof *p, &err));
    assert_done(mn_mem_new((void **)&m, model->size, sizeof *m, &err));
    assert_done(mn_mem_new((void **)&v, model->size, sizeof *v, &err));
    for (int64_t i = 0; i < model->size; i++) p[i] = (double)model->block[i];
    for (int step = 1; step <= 3; step++) {
        const double rate = 1e-2 / step, scale = 0.5;
        mn_rng_t rng = mn_rng(2, MN_RNG_TEST, (uint64_t)step, 0);
        squares = 0;
        for (int64_t k = 0; k < model->n_params; k++) {
            const mn_param_t *param = &model->params[k];
            for (int64_t i = param->offset; i < param->offset + param->size; i++) {
                gradient[i] = (mn_real_t)mn_rng_normal(&rng);
                double g = scale * (double)gradient[i];
                squares += (double)gradient[i] * (double)gradient[i];
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.95 * v[i] + 0.05 * g * g;
                double root = sqrt(v[i] / (1 - pow(0.95, step)));
                p[i] -= rate * (m[i] / (1 - pow(0.9, step)) / (root + 1e-8) + (param->decay ? 0.1 * p[i] : 0));
            }
        }
        mn_optimiser_step(optimiser, &adamw, step, rate, scale, gradient, model->block);
    }
    for (int64_t i = 0; i < model->size; i++) assert_true(fabs((double)model->block[i] - p[i]) < 1e-5);
    assert_true(fabs(mn_optimiser_norm(optimiser, gradient) - sqrt(squares)) < 1e-9 * sqrt(squares));
    gradient[model->params[model->n_params - 1].offset] = (mn_real_t)NAN;
    assert_true(isnan(mn_optimiser_norm(optimiser, gradient)));
    mn_mem_free(gradient);
    mn_mem_free(p);
    mn_mem_free(m);
    mn_mem_free(v);
    mn_optimiser_free(optimiser);
    mn_model_free(model);
}

static void test_rate(void **state) {
    (void)state;
    assert_true(mn_optimiser_rate(2, 0.1, 4, 104, 0) == 0.5);
    assert_true(mn_optimiser_rate(2, 0.1, 4, 104, 3) == 2);
    assert_true(mn_optimiser_rate(2, 0.1, 4, 104, 4) == 2);
    assert_true(fabs(mn_optimiser_rate(2, 0.1, 4, 104, 54) - 1.1) < 1e-12);
    assert_true(fabs(mn_optimiser_rate(2, 0.1, 4, 104, 104) - 0.2) < 1e-12);
    assert_true(mn_optimiser_rate(2, 0.1, 0, 1, 0) == 2);
}

/* ---- windows */

static mn_windows_t *new_windows(const mn_model_t *model, int64_t length, int64_t samples, int64_t carry,
                                 mn_feed_t *feed) {
    mn_windows_options_t options = {.length = length, .samples = samples, .carry = carry, .seed = 3};
    mn_windows_t *windows;
    assert_done(mn_windows_new(&tracts, &options, model, &windows, &err));
    *feed = (mn_feed_t){0};
    mn_windows_feed(windows, feed);
    return windows;
}

/* Sample i of the step last drawn is what its name says. */
static void check_window(const mn_feed_t *feed, const mn_sample_t *sample, int64_t i, bool fresh) {
    char name[64], contig[16], strand;
    long long begin, end;
    feed->name(feed->ctx, i, name, sizeof name);
    assert_int_equal(sscanf(name, "%15[a-z]:%lld-%lld(%c)", contig, &begin, &end, &strand), 4);
    const uint8_t *bases = genome_bases + (strcmp(contig, "short") ? 0 : LONG);
    int64_t n = end - begin + 1, unknown = 0;
    assert_int_equal(sample->length, n + fresh);
    if (fresh) assert_int_equal(sample->ids[0], MN_ID_BOS);
    for (int64_t t = 0; t < n; t++) {
        uint8_t base = strand == '+' ? bases[begin - 1 + t] : mn_base_complement(bases[end - 1 - t]);
        assert_int_equal(sample->ids[t + fresh], base);
        unknown += base == MN_BASE_N;
    }
    assert_true(2 * unknown <= n);
}

static void test_windows(void **state) {
    (void)state;
    enum { STEPS = 60, SAMPLES = 5, LENGTH = 33 };
    mn_feed_t feed;
    mn_windows_t *windows = new_windows(NULL, LENGTH, SAMPLES, 1, &feed);
    char first[STEPS][64];
    bool plus = false, minus = false, beyond_island = false;
    const mn_sample_t *samples;
    int64_t n;
    for (int64_t step = 0; step < STEPS; step++) {
        assert_done(feed.batch(feed.ctx, step, &samples, &n, &err));
        assert_int_equal(n, SAMPLES);
        for (int64_t i = 0; i < n; i++) check_window(&feed, &samples[i], i, true);
        feed.name(feed.ctx, 0, first[step], sizeof first[step]);
        plus = plus || strchr(first[step], '+');
        minus = minus || strstr(first[step], "(-)");
        beyond_island = beyond_island || (!strncmp(first[step], "long:", 5) && atoi(first[step] + 5) > ISLAND_END);
    }
    assert_true(plus && minus && beyond_island);
    for (int64_t step = STEPS - 1; step >= 0; step--) { /* whatever came before */
        char name[64];
        assert_done(feed.batch(feed.ctx, step, &samples, &n, &err));
        feed.name(feed.ctx, 0, name, sizeof name);
        assert_string_equal(name, first[step]);
    }
    mn_windows_free(windows);
}

/* With carry a lane's windows touch each other on one strand, for at most `carry` of them. */
static void test_lanes(void **state) {
    (void)state;
    enum { CARRY = 4, SAMPLES = 3, LENGTH = 32 };
    mn_model_t *model = new_model(0);
    mn_feed_t feed;
    mn_windows_t *windows = new_windows(model, LENGTH, SAMPLES, CARRY, &feed);
    assert_int_equal(feed.n_lanes, SAMPLES);
    long long last[SAMPLES][2] = {{0}};
    char strands[SAMPLES] = {0};
    int64_t run[SAMPLES] = {0}, carried = 0;
    for (int64_t step = 0; step < 40; step++) {
        const mn_sample_t *samples;
        int64_t n;
        assert_done(feed.batch(feed.ctx, step, &samples, &n, &err));
        for (int64_t i = 0; i < n; i++) {
            bool fresh = samples[i].ids[0] == MN_ID_BOS;
            char name[64], strand;
            long long begin, end;
            check_window(&feed, &samples[i], i, fresh);
            feed.name(feed.ctx, i, name, sizeof name);
            assert_int_equal(sscanf(strchr(name, ':'), ":%lld-%lld(%c)", &begin, &end, &strand), 3);
            assert_ptr_equal(samples[i].state, feed.lanes[i]);
            if (fresh) {
                run[i] = 0;
                assert_int_equal(*mn_state_position(samples[i].state), 0);
            } else {
                assert_int_equal(strand, strands[i]);
                assert_true(strand == '+' ? begin == last[i][1] + 1 : end == last[i][0] - 1);
                carried++;
            }
            assert_true(++run[i] <= CARRY);
            last[i][0] = begin;
            last[i][1] = end;
            strands[i] = strand;
        }
    }
    assert_true(carried > 60);
    mn_windows_free(windows);
    mn_model_free(model);
}

/* ---- epochs */

enum { ROWS = 23, CLASSES = 3 };

static mn_labelled_t *new_rows(void) {
    static uint8_t bases[ROWS * ROWS];
    static int64_t offsets[ROWS + 1], name_offsets[ROWS];
    static int32_t labels[ROWS];
    static char names[ROWS * 4];
    static mn_labelled_t set = {.n = ROWS,
                                .bases = bases,
                                .offsets = offsets,
                                .labels = labels,
                                .names = names,
                                .name_offsets = name_offsets,
                                .n_classes = CLASSES};
    for (int64_t i = 0; i < ROWS; i++) {
        offsets[i + 1] = offsets[i] + 1 + i * 7 % ROWS;
        labels[i] = (int32_t)(i % CLASSES);
        name_offsets[i] = 4 * i;
        snprintf(names + 4 * i, 4, "%d", (int)i);
    }
    for (int64_t i = 0; i < offsets[ROWS]; i++) bases[i] = (uint8_t)(i * i % 5 % 4);
    return &set;
}

static void test_epochs(void **state) {
    (void)state;
    const mn_labelled_t *set = new_rows();
    uint8_t parts[ROWS];
    for (int i = 0; i < ROWS; i++) parts[i] = i % 4 == 3 ? MN_SPLIT_TEST : MN_SPLIT_TRAIN;
    mn_real_t weights[CLASSES] = {1, 2, 3};
    mn_epochs_options_t options = {.samples = 4, .strands = true, .weights = weights, .seed = 5};
    mn_epochs_t *epochs;
    assert_done(mn_epochs_new(set, parts, MN_SPLIT_TRAIN, &options, &epochs, &err));
    mn_feed_t feed = {0};
    mn_epochs_feed(epochs, &feed);
    assert_int_equal(mn_epochs_rows(epochs), 18);
    assert_int_equal(mn_epochs_steps(epochs), 5);
    int turned[ROWS] = {0}, orders_differ = 0, longer = 0, shorter = 0; /* than the sample before */
    int64_t before[ROWS] = {0};
    for (int64_t epoch = 0; epoch < 8; epoch++) {
        int seen[ROWS] = {0};
        int64_t taken = 0, now[ROWS] = {0};
        for (int64_t step = 0; step < 5; step++) {
            const mn_sample_t *samples;
            int64_t n;
            assert_done(feed.batch(feed.ctx, epoch * 5 + step, &samples, &n, &err));
            for (int64_t i = 0; i < n; i++) {
                char name[8];
                feed.name(feed.ctx, i, name, sizeof name);
                int row = atoi(name);
                int64_t length = mn_labelled_length(set, row);
                const uint8_t *bases = mn_labelled_row(set, row);
                assert_int_equal(parts[row], MN_SPLIT_TRAIN);
                assert_int_equal(seen[row]++, 0);
                assert_int_equal(samples[i].label, set->labels[row]);
                assert_true(samples[i].weight == weights[samples[i].label]);
                assert_int_equal(samples[i].length, length + 1);
                longer += i && samples[i].length > samples[i - 1].length;
                shorter += i && samples[i].length < samples[i - 1].length;
                bool forward = true, reverse = true;
                for (int64_t t = 0; t < length; t++) {
                    forward = forward && samples[i].ids[t + 1] == bases[t];
                    reverse = reverse && samples[i].ids[t + 1] == mn_base_complement(bases[length - 1 - t]);
                }
                assert_true(forward || reverse);
                turned[row] += !forward;
                now[taken++] = row;
            }
        }
        assert_int_equal(taken, 18);
        orders_differ += memcmp(now, before, sizeof now) != 0;
        memcpy(before, now, sizeof now);
    }
    assert_int_equal(orders_differ, 8);
    assert_true(2 * longer > shorter && 2 * shorter > longer); /* lengths are mixed */
    int total = 0;
    for (int i = 0; i < ROWS; i++) total += turned[i];
    assert_in_range(total, 40, 104); /* half of 18 x 8, at 5 standard deviations */
    mn_epochs_free(epochs);
}

/* ---- the loop */

typedef struct setup {
    int64_t batch, accumulate, carry, steps;
    double rate, average;
    int threads;
    int64_t patience;
    bool resume, unjudged;
    int64_t stop_after, save_after; /* polls; 0: never */
} setup_t;

static const setup_t usual = {.batch = 4, .accumulate = 2, .carry = 3, .steps = 12, .rate = 1e-2, .threads = 1};

static mn_poll_t count_polls(void *ctx) {
    setup_t *setup = ctx;
    if (setup->stop_after && --setup->stop_after == 0) return MN_POLL_STOP;
    return setup->save_after && --setup->save_after == 0 ? MN_POLL_SAVE : MN_POLL_GO;
}

static double score(const mn_model_t *model, mn_work_t *work) {
    const mn_tract_t held_out = {&genome, 0, 2000, 2400};
    mn_bits_t sum;
    assert_done(mn_score_tracts(model, work, (mn_tokenizer_t){0}, &held_out, 1, &sum, &err));
    assert_int_equal(sum.bases, 400);
    return sum.nats / 400 / log(2);
}

static mn_status_t judge_bits(void *ctx, const mn_model_t *model, mn_work_t *work, double *values, mn_err_t *error) {
    (void)ctx;
    (void)error;
    values[0] = score(model, work);
    values[1] = NAN; /* a measure may be undefined */
    return MN_OK;
}

static mn_status_t train(const char *name, setup_t setup, mn_model_t **out, mn_trained_t *trained) {
    static const char *const names[] = {"valid_bits", "valid_other"};
    uint8_t ignore[MN_IDS] = {[MN_BASE_N] = 1, [MN_ID_PAD] = 1, [MN_ID_BOS] = 1, [MN_ID_EOS] = 1, [MN_ID_MASK] = 1};
    mn_model_t *model = new_model(0);
    mn_work_t *work;
    mn_feed_t feed;
    mn_trained_t result = {0};
    mn_windows_t *windows = new_windows(model, 48, setup.batch * setup.accumulate, setup.carry, &feed);
    assert_done(mn_work_new(model, 0, &work, &err));
    mn_plan_t plan = {.objective = {.kind = MN_LOSS_NEXT_TOKEN, .ignore = ignore},
                      .adamw = {0.9, 0.95, 1e-8, 0.1},
                      .steps = setup.steps,
                      .warmup = 2,
                      .rate = setup.rate,
                      .last = 0.1,
                      .clip = 1,
                      .micro = setup.batch,
                      .validate_every = 3,
                      .patience = setup.patience,
                      .average = setup.average};
    mn_judge_t judge = {.measure = judge_bits, .names = names, .n_measures = 2};
    mn_model_info_t info = {.tokenizer = "nucleotide", .command = "mnemon test"};
    mn_run_t run = {.output = name_file(name),
                    .info = &info,
                    .resume = setup.resume,
                    .save_every = 5,
                    .ctx = &setup,
                    .poll = count_polls};
    mn_par_set_threads(setup.threads);
    mn_status_t status = mn_train(model, work, &plan, &feed, setup.unjudged ? NULL : &judge, &run, &result, &err);
    mn_par_set_threads(1);
    if (!status && !setup.unjudged)
        assert_true(score(model, work) == result.values[0]); /* the weights kept are the best */
    mn_windows_free(windows);
    mn_work_free(work);
    if (trained) *trained = result;
    if (out)
        *out = model;
    else
        mn_model_free(model);
    return status;
}

static void assert_same_run(const char *a, const char *b) {
    static const char *const suffixes[] = {".safetensors", ".ckpt", ".metrics.tsv"};
    for (int i = 0; i < 3; i++) {
        char x[64], y[64];
        snprintf(x, sizeof x, "%s%s", a, suffixes[i]);
        snprintf(y, sizeof y, "%s%s", b, suffixes[i]);
        assert_same_files(x, y);
    }
}

static void test_threads(void **state) {
    (void)state;
    setup_t setup = usual;
    for (setup.threads = 1; setup.threads <= 3; setup.threads++) {
        char name[16];
        snprintf(name, sizeof name, "threads%d", setup.threads);
        assert_done(train(name, setup, NULL, NULL));
    }
    assert_same_run("threads1", "threads2");
    assert_same_run("threads1", "threads3");
}

/* Cut off within a step (two passes each), within one again, and at a step's end; with what a killed run may have
 * written behind its checkpoint. */
static void test_resume(void **state) {
    (void)state;
    for (int average = 0; average < 2; average++) {
        setup_t setup = usual;
        mn_trained_t trained;
        setup.average = average ? 0.8 : 0;
        setup.unjudged = average;
        const char *name = average ? "cut_average" : "cut", *whole = average ? "whole_average" : "whole";
        assert_done(train(whole, setup, NULL, &trained));
        assert_false(trained.stopped);
        assert_int_equal(trained.step, setup.steps);
        const int64_t stops[] = {6, 8, 11, 0};
        for (int i = 0; i < 4; i++) {
            setup.stop_after = stops[i];
            assert_done(train(name, setup, NULL, &trained));
            assert_int_equal(trained.stopped, stops[i] != 0);
            char metrics[64];
            snprintf(metrics, sizeof metrics, "%s.metrics.tsv", name);
            FILE *file = fopen(name_file(metrics), i < 3 ? "ab" : "rb");
            assert_non_null(file);
            if (i < 3) fputs("13\t5", file);
            fclose(file);
            setup.resume = true;
        }
        assert_same_run(whole, name);
        setup.resume = false;
    }
}

static void test_resume_refuses(void **state) {
    (void)state;
    setup_t setup = usual;
    setup.stop_after = 9;
    assert_done(train("other", setup, NULL, NULL));
    setup.resume = true;
    setup.carry = 1; /* another number of lanes */
    assert_int_equal(train("other", setup, NULL, NULL), MN_MODEL);
    setup.carry = usual.carry;
    assert_int_equal(truncate(name_file("other.metrics.tsv"), 20), 0);
    assert_int_equal(train("other", setup, NULL, NULL), MN_MODEL);
    assert_non_null(strstr(err.where, "other.metrics.tsv"));
}

static void test_claim(void **state) {
    (void)state;
    mn_lock_t lock, second;
    assert_done(train("claimed", usual, NULL, NULL));
    assert_int_equal(mn_train_claim(name_file("claimed"), false, false, &lock, &err), MN_USAGE);
    assert_non_null(strstr(err.where, "claimed.safetensors"));
    assert_done(mn_train_claim(name_file("claimed"), true, false, &lock, &err));
    assert_int_equal(mn_train_claim(name_file("claimed"), true, false, &second, &err), MN_IO);
    mn_lock_release(&lock);
    assert_true(mn_file_exists(name_file("claimed.ckpt")));
    assert_done(mn_train_claim(name_file("claimed"), false, true, &lock, &err));
    mn_lock_release(&lock);
    assert_true(mn_file_exists(name_file("claimed.ckpt"))); /* until there is something to put in its place */
}

static void test_accumulation(void **state) {
    (void)state;
    setup_t setup = usual;
    mn_model_t *a, *b;
    setup.carry = 1;
    assert_done(train("two_by_four", setup, &a, NULL));
    setup.batch = 8;
    setup.accumulate = 1;
    assert_done(train("one_by_eight", setup, &b, NULL));
    double difference = 0, largest = 0;
    for (int64_t i = 0; i < a->size; i++) {
        difference = fmax(difference, fabs((double)a->block[i] - (double)b->block[i]));
        largest = fmax(largest, fabs((double)a->block[i]));
    }
    assert_true(difference <= 1e-4 * largest);
    mn_model_free(a);
    mn_model_free(b);
}

static void test_patience(void **state) {
    (void)state;
    setup_t setup = usual;
    mn_trained_t trained;
    setup.steps = 3000; /* of which random bases need few to be overfitted */
    setup.patience = 2;
    assert_done(train("patience", setup, NULL, &trained));
    assert_true(trained.early);
    assert_true(trained.step < setup.steps);
    assert_int_equal(trained.step - trained.best_step, 6);
}

static void test_divergence(void **state) {
    (void)state;
    setup_t setup = usual;
    setup.rate = 1e38;
    assert_int_equal(train("diverged", setup, NULL, NULL), MN_DIVERGED);
    assert_non_null(strstr(err.where, "step 2"));
    assert_non_null(strstr(err.what, "long:"));
    assert_non_null(strstr(err.hint, "diverged.ckpt at step 0"));
    setup.save_after = 2; /* behind the first validation: within the first step, done after it */
    assert_int_equal(train("diverged", setup, NULL, NULL), MN_DIVERGED);
    assert_non_null(strstr(err.hint, "diverged.ckpt at step 1"));
    mn_model_t *model;
    assert_done(mn_model_load(name_file("diverged.safetensors"), &model, NULL, &err)); /* it holds no NaN */
    mn_model_free(model);
}

static void test_learns(void **state) {
    (void)state;
    setup_t setup = usual;
    mn_trained_t trained;
    for (int64_t i = 0; i < LONG + SHORT; i++) genome_bases[i] = "\0\1\2\2\3"[i % 5];
    setup.steps = 100;
    assert_done(train("learns", setup, NULL, &trained));
    fill_genome();
    assert_true(trained.values[0] < 0.2); /* bits a base, of a repeat of five */
}

static int make_folder(void **state) {
    (void)state;
    fill_genome();
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adamw),        cmocka_unit_test(test_rate),           cmocka_unit_test(test_windows),
        cmocka_unit_test(test_lanes),        cmocka_unit_test(test_epochs),         cmocka_unit_test(test_threads),
        cmocka_unit_test(test_resume),       cmocka_unit_test(test_resume_refuses), cmocka_unit_test(test_claim),
        cmocka_unit_test(test_accumulation), cmocka_unit_test(test_patience),       cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_learns),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
