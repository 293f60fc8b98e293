/* mnemon evaluate: how well a fine-tuned model does on one split of a labelled set. */
#include "genomics/base/mem.h"
#include "pipelines/classify.h"
#include "pipelines/commands.h"
#include "pipelines/engine.h"
#include "pipelines/provenance.h"
#include "pipelines/report.h"
#include "pipelines/score.h"

typedef struct settings {
    mn_common_t common;
    mn_engine_use_t use;
    const char *output;
    int split, rc;
    bool json;
    int64_t resamples;
    mn_labelled_options_t reading;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION_MODEL(settings_t, use),
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "where the metrics go", .fallback = "-"),
    MN_OPTION(settings_t, split, NULL, "split", CHOICE, NULL,
              "rows to score; train and valid as finetune divides them, all: every row", .choices = mn_split_names,
              .fallback = "test"),
    MN_OPTION_RC(settings_t, rc),
    MN_OPTION_MEMORY(settings_t, use),
    MN_OPTION(settings_t, resamples, NULL, "resamples", INT, "N", "bootstrap resamples for the intervals; 0: none",
              .fallback = "1000", .max = 1e6),
    MN_OPTION_GROUP(settings_t, reading, NULL, mn_labelled_reading_options),
    MN_OPTION(settings_t, json, NULL, "json", FLAG, NULL, "JSON instead of TSV", .neutral = true),
    MN_COMMON_OPTIONS,
    {0}};

static mn_status_t choose_rows(const mn_labelled_t *set, int split, const char *where, mn_rows_t *out, mn_err_t *err) {
    uint8_t *drawn = NULL;
    mn_status_t status = MN_OK;
    if (split == MN_SPLIT_TRAIN || split == MN_SPLIT_VALID) { /* as finetune divides them */
        status = mn_mem_new((void **)&drawn, set->n, 1, err);
        if (!status) status = mn_split_parts(set, 0, 0, drawn, err);
    }
    const uint8_t *parts = split == MN_SPLIT_NONE ? NULL : drawn ? drawn : set->splits;
    if (!status) status = mn_rows_list(set, parts, split, out, err);
    mn_mem_free(drawn);
    if (!status && !out->n)
        status = mn_err_set(err, MN_INPUT, where, "--split all scores every row", "no row of split '%s'",
                            mn_split_names[split]);
    return status;
}

static mn_status_t score_rows(const mn_engine_t *engine, bool rc, mn_rows_t *rows, mn_err_t *err) {
    enum { SLICE = 512 }; /* between updates of the progress */
    mn_status_t status = MN_OK;
    mn_progress_t progress = mn_progress_start("evaluate", "rows", rows->n, 0);
    for (int64_t i = 0; i < rows->n && !status; i += SLICE) {
        int64_t n = rows->n - i < SLICE ? rows->n - i : SLICE;
        status = mn_score_classes(engine->model, engine->work, engine->tokenizer, rc, rows->bases + i,
                                  rows->lengths + i, n, rows->probabilities + i * rows->n_classes, err);
        mn_progress_update(&progress, i + n, NULL);
    }
    if (!status) mn_progress_end(&progress);
    return status;
}

static mn_status_t write_metrics(const mn_args_t *args, const mn_metrics_t *metrics, const char *const *labels,
                                 mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_result_t result;
    mn_status_t status = mn_result_open(args, s->output, &result, err);
    if (!status && s->json) {
        status = mn_result_json(&result, mn_metrics_json(metrics, labels), err);
    } else if (!status) {
        mn_result_header(&result);
        mn_metrics_header(result.writer.file, NULL);
        mn_metrics_write(result.writer.file, NULL, metrics, labels);
    }
    return mn_result_close(&result, status, err);
}

static mn_status_t evaluate(const mn_args_t *args, const mn_engine_t *engine, mn_err_t *err) {
    const settings_t *s = args->settings;
    const char *const *labels = (const char *const *)engine->info.labels;
    mn_labelled_options_t reading = s->reading;
    reading.classes = labels;
    reading.n_classes = engine->info.n_labels;
    mn_labelled_t *set = NULL;
    mn_metrics_t metrics = {0};
    mn_rows_t rows = {0};
    mn_status_t status = mn_labelled_read(args->operands, args->n_operands, &reading, &set, err);
    if (!status) status = choose_rows(set, s->split, args->operands[0], &rows, err);
    if (!status) status = score_rows(engine, mn_engine_rc(engine, s->rc), &rows, err);
    if (!status) status = mn_rows_measure(&rows, s->resamples, (uint64_t)s->common.seed, &metrics, err);
    if (!status) status = write_metrics(args, &metrics, labels, err);
    mn_metrics_done(&metrics);
    mn_rows_done(&rows);
    mn_labelled_free(set);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_engine_t engine;
    mn_status_t status = mn_engine_open(&s->use, true, &engine, err);
    if (status) return status;
    status = evaluate(args, &engine, err);
    mn_engine_done(&engine);
    return status;
}

const mn_command_t mn_cmd_evaluate = {
    .name = "evaluate",
    .heading = "Use",
    .summary = "metrics of a fine-tuned model on labelled sequences, with 95 % intervals",
    .operands = "-m MODEL DATA...",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "DATA is as for finetune: a TSV or CSV with columns label, sequence and optionally split, class folders, or "
        "CLASS=FILE. Printed are accuracy, Matthews correlation (mcc), F1, areas under the ROC and precision-recall "
        "curves, log loss and the confusion matrix.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon evaluate -m promoters.safetensors promoters.tsv.gz\n"
                "mnemon evaluate -m promoters.safetensors --split all --json pos=new.fa neg=old.fa",
    .run = run,
};
