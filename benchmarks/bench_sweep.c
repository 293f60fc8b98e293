/* mnemon benchmark sweep and ablation: small models trained alike on the first three quarters of a genome and judged by
 * bits per base on windows of the last. The sweep changes one default at a time, and begins with the defaults from
 * three seeds: differences below theirs say nothing. The ablation compares the backbones, and lmm without one thing
 * each, all widened to the parameters of the largest by their feed-forward part. */
#include "benchmarks/benchmarks.h"
#include "benchmarks/trial.h"
#include "genomics/base/mem.h"
#include <stddef.h>
#include <stdio.h>

enum { WINDOW = 512, BATCH = 2, VALID = 128, SEEDS = 3, VALUES = 6 };

/* What a row is trained from. */
typedef struct {
    mn_config_t config;
    double rate;
} recipe_t;

typedef struct {
    int32_t *ids;
    int64_t n, tokens, seed;
} course_t;

static mn_status_t open_course(course_t *course, const char *const *operands, int64_t n, mn_err_t *err) {
    mn_status_t status;
    *course = (course_t){.tokens = 1000000, .seed = 1};
    if (n < 1) return mn_err_set(err, MN_USAGE, NULL, NULL, "a GENOME is missing");
    if ((status = mn_bench_number(operands, n, 1, WINDOW * BATCH, INT64_MAX, &course->tokens, err)) ||
        (status = mn_bench_number(operands, n, 2, 0, INT64_MAX, &course->seed, err)))
        return status;
    return mn_trial_genome(operands[0], 4 * WINDOW * VALID, &course->ids, &course->n, err);
}

static void print_head(const course_t *course) {
    printf("# %lld tokens in windows of %d, %d a step; scored: %d windows of the genome's last quarter\n",
           (long long)course->tokens, WINDOW, BATCH, VALID);
    printf("setting\tvalue\tseed\tparameters\tbits_per_base\tnorm_largest\ttokens_per_s\n");
}

static mn_status_t run_row(const course_t *course, const recipe_t *recipe, int64_t seed, const char *setting,
                           const char *value, mn_err_t *err) {
    const int64_t train = course->n / 4 * 3;
    const mn_lesson_t lesson = {.ids = course->ids,
                                .n = train,
                                .length = WINDOW,
                                .batch = BATCH,
                                .steps = course->tokens / (WINDOW * BATCH),
                                .rate = recipe->rate,
                                .seed = (uint64_t)seed};
    double bits = 0;
    mn_trial_t trial;
    mn_status_t status = mn_trial_begin(&trial, &recipe->config, (uint64_t)seed, err);
    const double start = mn_bench_cpu();
    if (!status) status = mn_trial_learn(&trial, &lesson, err);
    const double seconds = mn_bench_cpu() - start;
    if (!status) status = mn_trial_validate(&trial, course->ids + train, course->n - train, WINDOW, VALID, &bits, err);
    if (!status) {
        printf("%s\t%s\t%lld\t%lld\t%.4f\t%.3g\t%.0f\n", setting, value, (long long)seed,
               (long long)mn_config_parameters(&recipe->config), bits, trial.top,
               (double)(lesson.steps * WINDOW * BATCH) / seconds);
        fflush(stdout);
    }
    mn_trial_end(&trial);
    return status;
}

/* ---- sweep */

typedef enum { SET_INT, SET_REAL, SET_BOOL, SET_CHOICE } kind_t;

/* A field of the recipe and the values it is given, each a number; of a choice the index of its name. */
typedef struct {
    const char *name;
    kind_t kind;
    size_t offset;
    int n;
    double values[VALUES];
    const char *const *names;
} setting_t;

#define AT(field) offsetof(recipe_t, field)
static const setting_t settings[] = {
    {"theta_max", SET_REAL, AT(config.memory.theta_max), 6, {0, 1, 2, 4, 8, 16}, NULL},
    {"step", SET_CHOICE, AT(config.memory.step), 2, {MN_STEP_PLAIN, MN_STEP_POLYAK}, mn_step_names},
    {"forget", SET_CHOICE, AT(config.memory.forget), 2, {MN_FORGET_ZERO, MN_FORGET_INITIAL}, mn_forget_names},
    {"momentum", SET_BOOL, AT(config.memory.momentum), 2, {0, 1}, NULL},
    {"decay", SET_BOOL, AT(config.memory.decay), 2, {0, 1}, NULL},
    {"norm", SET_BOOL, AT(config.memory.norm), 2, {0, 1}, NULL},
    {"residual", SET_BOOL, AT(config.memory.residual), 2, {0, 1}, NULL},
    {"depth", SET_INT, AT(config.memory.depth), 3, {1, 2, 3}, NULL},
    {"expansion", SET_INT, AT(config.memory.expansion), 2, {2, 4}, NULL},
    {"activation", SET_CHOICE, AT(config.memory.activation), 2, {MN_ACT_SILU, MN_ACT_GELU}, mn_act_names},
    {"chunk", SET_INT, AT(config.chunk), 3, {4, 16, 64}, NULL},
    {"conv", SET_INT, AT(config.conv), 4, {1, 4, 9, 16}, NULL},
    {"persistent", SET_INT, AT(config.persistent), 2, {0, 16}, NULL},
    {"rate", SET_REAL, AT(rate), 3, {1e-3, 3e-3, 1e-2}, NULL},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static double get_setting(const setting_t *setting, const recipe_t *recipe) {
    const void *at = (const char *)recipe + setting->offset;
    switch (setting->kind) {
    case SET_INT:
        return (double)*(const int64_t *)at;
    case SET_REAL:
        return *(const double *)at;
    case SET_BOOL:
        return *(const bool *)at;
    default:
        return *(const int *)at;
    }
}

static void set_setting(const setting_t *setting, recipe_t *recipe, double value) {
    void *at = (char *)recipe + setting->offset;
    switch (setting->kind) {
    case SET_INT:
        *(int64_t *)at = (int64_t)value;
        break;
    case SET_REAL:
        *(double *)at = value;
        break;
    case SET_BOOL:
        *(bool *)at = value != 0;
        break;
    default:
        *(int *)at = (int)value;
    }
}

static mn_status_t sweep_setting(const course_t *course, const recipe_t *defaults, const setting_t *setting,
                                 mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int i = 0; i < setting->n && !status; i++) {
        recipe_t recipe = *defaults;
        const double value = setting->values[i];
        char text[32];
        if (value == get_setting(setting, defaults)) continue;
        set_setting(setting, &recipe, value);
        snprintf(text, sizeof text, "%g", value);
        status = run_row(course, &recipe, course->seed, setting->name,
                         setting->names ? setting->names[(int)value] : text, err);
    }
    return status;
}

static mn_status_t run_sweep(const char *const *operands, int64_t n, mn_err_t *err) {
    course_t course;
    recipe_t recipe = {.rate = 3e-3};
    const char *names[SETTINGS];
    uint64_t chosen;
    for (int i = 0; i < SETTINGS; i++) names[i] = settings[i].name;
    mn_status_t status = mn_trial_choose(operands, n, 3, names, SETTINGS, &chosen, err);
    if (status || (status = open_course(&course, operands, n, err))) return status;
    mn_config_preset("tiny", &recipe.config);
    print_head(&course);
    for (int64_t i = 0; i < SEEDS && !status; i++)
        status = run_row(&course, &recipe, course.seed + i, "default", ".", err);
    for (int i = 0; i < SETTINGS && !status; i++)
        if (chosen >> i & 1) status = sweep_setting(&course, &recipe, &settings[i], err);
    mn_mem_free(course.ids);
    return status;
}

const mn_benchmark_t mn_bench_sweep = {"sweep", "GENOME [TOKENS [SEED [SETTING...]]]", "one default changed at a time",
                                       run_sweep};

/* ---- ablation */

/* Widens the feed-forward part until the config has about so many parameters. */
static void widen(mn_config_t *config, int64_t parameters) {
    const int64_t each = 3 * config->dim * config->layers;
    config->ffn += (parameters - mn_config_parameters(config) + each / 2) / each;
}

static mn_status_t run_ablation(const char *const *operands, int64_t n, mn_err_t *err) {
    course_t course;
    mn_config_t base;
    int64_t most = 0;
    uint64_t chosen;
    mn_status_t status = mn_variants_choose(operands, n, 3, &chosen, err);
    if (status || (status = open_course(&course, operands, n, err))) return status;
    mn_config_preset("tiny", &base);
    for (int i = 0; i < MN_VARIANTS; i++) {
        const mn_config_t config = mn_variant_config(&mn_variants[i], &base);
        if (mn_config_parameters(&config) > most) most = mn_config_parameters(&config);
    }
    print_head(&course);
    for (int i = 0; i < MN_VARIANTS && !status; i++) {
        recipe_t recipe = {mn_variant_config(&mn_variants[i], &base), 3e-3};
        if (!(chosen >> i & 1)) continue;
        widen(&recipe.config, most);
        status = run_row(&course, &recipe, course.seed, "variant", mn_variants[i].name, err);
    }
    mn_mem_free(course.ids);
    return status;
}

const mn_benchmark_t mn_bench_ablation = {"ablation", "GENOME [TOKENS [SEED [VARIANT...]]]",
                                          "backbones, and lmm without one thing each", run_ablation};
