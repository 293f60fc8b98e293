/* mnemon benchmark needle: a needle in a haystack, after S-NIAH of RULER (arXiv:2404.06654), in DNA. A key motif and a
 * payload of 8 random bases stand at the start of real DNA; the key comes again at a distance, and the model must go on
 * with the payload. As S-NIAH's needle is one sentence with a new number each time, the key is one motif of 16 bases,
 * the same for all samples, and the payload is new each time: what can be learned is to write at the key, to keep, and
 * to read at the key, not an answer.
 *
 * Training: sequences of lead, key, payload, gap, key, payload; the loss is that of the second payload, with a tenth of
 * that of the keys' bases, which their first ones foretell. Gaps are drawn below a reach that doubles whenever the loss
 * is low. Test: DNA of the genome's last quarter, streamed; at each distance a copy of the state is asked, so that one
 * stream serves all. */
#include "benchmarks/benchmarks.h"
#include "benchmarks/trial.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include <stdio.h>
#include <string.h>

enum {
    KEY = 16,
    PAYLOAD = 8,
    NEEDLE = KEY + PAYLOAD,
    CUE = 4,          /* bases of a key after which the others are learned */
    LEAD = 32,        /* bases before the needle, fewer than this */
    REACH_FIRST = 16, /* of gaps, in training */
    REACH_LAST = 4096,
    STEP_TOKENS = 2048, /* a step has at least so many tokens or this many samples */
    BATCH = 32,
};
#define RATE 3e-3
#define HINT 0.1  /* weight of a key's base */
#define ALPHA -14 /* bias of its gate at the start */
#define LOW 0.1   /* bits a base, mean of some 20 steps, at which the reach doubles */

typedef struct {
    int64_t distance, samples;
} depth_t;
static const depth_t depths[] = {{1000, 50},  {2000, 50},  {4000, 50},   {8000, 50},   {16000, 50},
                                 {32000, 50}, {64000, 50}, {256000, 20}, {1000000, 20}};
enum { DEPTHS = sizeof depths / sizeof *depths };

typedef struct {
    const int32_t *genome;
    int64_t n;       /* its bases; the last quarter is for tests */
    int64_t tokens;  /* of training */
    int64_t longest; /* distance */
    int32_t key[KEY];
} task_t;

static void draw(mn_rng_t *rng, int32_t *to, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = (int32_t)mn_rng_below(rng, 4);
}

/* n bases of the genome's part for training, or for tests. */
static const int32_t *background(const task_t *task, mn_rng_t *rng, bool test, int64_t n) {
    const int64_t from = test ? task->n / 4 * 3 : 0, to = test ? task->n : task->n / 4 * 3;
    return task->genome + from + mn_rng_below(rng, to - from - n + 1);
}

static int64_t append(int32_t *ids, int64_t at, const int32_t *from, int64_t n) {
    memcpy(ids + at, from, (size_t)n * sizeof *ids);
    return at + n;
}

/* ---- training */

typedef struct {
    int32_t *ids;
    mn_real_t *weights;
    mn_sample_t samples[BATCH];
    int64_t n, tokens;
} batch_t;

static int64_t fill_sample(const task_t *task, mn_rng_t *rng, int64_t gap, int32_t *ids, mn_real_t *weights) {
    int32_t payload[PAYLOAD];
    const int64_t lead = mn_rng_below(rng, LEAD);
    const int32_t *bases = background(task, rng, false, lead + gap);
    draw(rng, payload, PAYLOAD);
    int64_t n = append(ids, 0, bases, lead);
    n = append(ids, append(ids, n, task->key, KEY), payload, PAYLOAD);
    n = append(ids, append(ids, n, bases + lead, gap), task->key, KEY);
    for (int64_t t = 0; t < n + PAYLOAD; t++) {
        const bool in_key = (t >= lead + CUE - 1 && t < lead + KEY - 1) || (t >= n - KEY + CUE - 1 && t < n - 1);
        weights[t] = t >= n - 1 ? 1 : in_key ? HINT : 0;
    }
    return append(ids, n, payload, PAYLOAD);
}

static void fill_batch(const task_t *task, uint64_t seed, int64_t step, int64_t reach, batch_t *batch) {
    batch->tokens = 0;
    for (batch->n = 0; batch->n < BATCH && batch->tokens < STEP_TOKENS; batch->n++) {
        mn_rng_t rng = mn_rng(seed, MN_RNG_WINDOW, (uint64_t)step, (uint64_t)batch->n);
        int32_t *ids = batch->ids + batch->tokens;
        mn_real_t *weights = batch->weights + batch->tokens;
        const int64_t n = fill_sample(task, &rng, 1 + mn_rng_below(&rng, reach), ids, weights);
        batch->samples[batch->n] = (mn_sample_t){.ids = ids, .length = n, .weights = weights};
        batch->tokens += n;
    }
}

static mn_status_t train(const task_t *task, mn_trial_t *trial, uint64_t seed, int64_t *reach, mn_err_t *err) {
    const int64_t room = STEP_TOKENS + LEAD + 2 * NEEDLE + REACH_LAST;
    batch_t batch = {0};
    mn_status_t status;
    if ((status = mn_mem_new((void **)&batch.ids, room, sizeof *batch.ids, err)) ||
        (status = mn_mem_new((void **)&batch.weights, room, sizeof *batch.weights, err)))
        goto done;
    double bits = 2;
    *reach = REACH_FIRST;
    for (int64_t tokens = 0; tokens < task->tokens; tokens += batch.tokens) {
        fill_batch(task, seed, trial->step, *reach, &batch);
        const double rate = mn_optimiser_rate(RATE, 0.05, task->tokens / 50, task->tokens, tokens);
        if ((status = mn_trial_step(trial, batch.samples, batch.n, rate, err))) goto done;
        bits += (trial->bits - bits) / 20;
        if (bits < LOW && *reach < REACH_LAST) {
            *reach *= 2;
            bits = 2;
        }
    }
done:
    mn_mem_free(batch.ids);
    mn_mem_free(batch.weights);
    return status;
}

/* ---- test */

/* Bases of the payload that a copy of the stream at `state` gives after the key, greedily decoded. */
static mn_status_t ask(const task_t *task, mn_trial_t *trial, const mn_state_t *state, mn_state_t *copy,
                       const int32_t *payload, mn_real_t *logits, int64_t *right, mn_err_t *err) {
    const int64_t V = trial->model->config.vocab;
    int32_t base;
    mn_sample_t sample = {.ids = task->key, .length = KEY, .state = copy};
    mn_output_t output = {.logits = logits, .next = -1};
    mn_state_copy(copy, state);
    *right = 0;
    for (int64_t i = 0; i < PAYLOAD; i++) {
        const mn_status_t status = mn_model_forward(trial->model, trial->work, &sample, 1, &output, err);
        if (status) return status;
        const mn_real_t *last = logits + (sample.length - 1) * V;
        base = 0;
        for (int32_t id = 1; id < V; id++)
            if (last[id] > last[base]) base = id;
        *right += base == payload[i];
        sample.ids = &base;
        sample.length = 1;
    }
    return MN_OK;
}

/* Sample `s` at all distances that have so many. exact, right: by distance, added to. */
static mn_status_t test_sample(const task_t *task, mn_trial_t *trial, int64_t s, mn_state_t *state, mn_state_t *copy,
                               mn_real_t *logits, int64_t *exact, int64_t *right, mn_err_t *err) {
    int32_t needle[NEEDLE], *payload = needle + KEY;
    mn_rng_t rng = mn_rng(0, MN_RNG_TEST, 0, (uint64_t)s);
    const int64_t lead = mn_rng_below(&rng, LEAD);
    int64_t last = 0;
    for (int i = 0; i < DEPTHS; i++)
        if (s < depths[i].samples && depths[i].distance <= task->longest) last = depths[i].distance;
    const int32_t *bases = background(task, &rng, true, lead + last);
    memcpy(needle, task->key, sizeof task->key);
    draw(&rng, payload, PAYLOAD);
    mn_state_reset(state);
    mn_output_t output = {.next = -1};
    mn_sample_t pieces[] = {{.ids = bases, .length = lead, .state = state},
                            {.ids = needle, .length = NEEDLE, .state = state}};
    mn_status_t status;
    for (int i = lead == 0; i < 2; i++)
        if ((status = mn_model_forward(trial->model, trial->work, &pieces[i], 1, &output, err))) return status;
    int64_t at = 0;
    for (int i = 0; i < DEPTHS && depths[i].distance <= last; i++) {
        int64_t got;
        const mn_sample_t piece = {.ids = bases + lead + at, .length = depths[i].distance - at, .state = state};
        at = depths[i].distance;
        if ((status = mn_model_forward(trial->model, trial->work, &piece, 1, &output, err)) ||
            (status = ask(task, trial, state, copy, payload, logits, &got, err)))
            return status;
        right[i] += got;
        exact[i] += got == PAYLOAD;
    }
    return MN_OK;
}

static mn_status_t test(const task_t *task, mn_trial_t *trial, int64_t *exact, int64_t *right, mn_err_t *err) {
    mn_state_t *state = NULL, *copy = NULL;
    mn_real_t *logits = NULL;
    mn_status_t status;
    if ((status = mn_state_new(trial->model, &state, err)) || (status = mn_state_new(trial->model, &copy, err)) ||
        (status = mn_mem_new((void **)&logits, KEY * trial->model->config.vocab, sizeof *logits, err)))
        goto done;
    for (int64_t s = 0; s < depths[0].samples && !status; s++)
        status = test_sample(task, trial, s, state, copy, logits, exact, right, err);
done:
    mn_mem_free(logits);
    mn_state_free(copy);
    mn_state_free(state);
    return status;
}

/* ---- variants */

/* Forgetting begins at 1e-6 a token instead of 1e-2: at training distances anything below 1e-4 is as good, so that no
 * gradient asks for what the test needs (MATH.md). */
static void start_forgetting(mn_model_t *model) {
    for (int64_t i = 0; i < model->n_params; i++)
        for (int64_t j = 0; strstr(model->params[i].name, "alpha.bias") && j < model->params[i].size; j++)
            model->block[model->params[i].offset + j] = ALPHA;
}

static mn_status_t run_variant(const task_t *task, const mn_variant_t *variant, mn_err_t *err) {
    mn_config_t config;
    mn_trial_t trial;
    int64_t reach = 0, exact[DEPTHS] = {0}, right[DEPTHS] = {0};
    mn_config_preset("tiny", &config);
    config.dim = 32;
    config.heads = config.attn_heads = 1;
    config.ffn = 64;
    config.conv = KEY;
    config.segment = config.chunk;
    config = mn_variant_config(variant, &config);
    mn_status_t status = mn_trial_begin(&trial, &config, 1, err);
    if (!status) start_forgetting(trial.model);
    const double start = mn_bench_seconds();
    if (!status) status = train(task, &trial, 1, &reach, err);
    const double minutes = (mn_bench_seconds() - start) / 60;
    if (!status) status = test(task, &trial, exact, right, err);
    for (int i = 0; i < DEPTHS && !status && depths[i].distance <= task->longest; i++)
        printf("%s\t%lld\t%.1f\t%lld\t%lld\t%lld\t%.3f\t%.3f\n", variant->name,
               (long long)mn_config_parameters(&config), minutes, (long long)reach, (long long)depths[i].distance,
               (long long)depths[i].samples, (double)exact[i] / (double)depths[i].samples,
               (double)right[i] / (double)(PAYLOAD * depths[i].samples));
    fflush(stdout);
    mn_trial_end(&trial);
    return status;
}

static mn_status_t run(const char *const *operands, int64_t n, mn_err_t *err) {
    task_t task = {.tokens = 4000000, .longest = 1000000};
    int32_t *genome = NULL;
    uint64_t chosen;
    mn_status_t status;
    if (n < 1) return mn_err_set(err, MN_USAGE, NULL, NULL, "needle takes GENOME [TOKENS [LONGEST [VARIANT...]]]");
    if ((status = mn_bench_number(operands, n, 1, 1, INT64_MAX, &task.tokens, err)) ||
        (status = mn_bench_number(operands, n, 2, depths[0].distance, INT64_MAX / 8, &task.longest, err)) ||
        (status = mn_variants_choose(operands, n, 3, &chosen, err)) ||
        (status = mn_trial_genome(operands[0], 4 * ((task.longest > REACH_LAST ? task.longest : REACH_LAST) + LEAD),
                                  &genome, &task.n, err)))
        return status;
    task.genome = genome;
    mn_rng_t rng = mn_rng(0, MN_RNG_TEST, 1, 0);
    draw(&rng, task.key, KEY);
    printf("variant\tparameters\tminutes\treach\tdistance\tsamples\texact\tbases\n");
    for (int i = 0; i < MN_VARIANTS && !status; i++)
        if (chosen >> i & 1) status = run_variant(&task, &mn_variants[i], err);
    mn_mem_free(genome);
    return status;
}

const mn_benchmark_t mn_bench_needle = {"needle", "GENOME [TOKENS [LONGEST [VARIANT...]]]",
                                        "what the memory holds at a distance", run};
