/* classify: the recipe's options, and one training by it. */
#include "pipelines/classify.h"
#include "genomics/base/mem.h"
#include "pipelines/baselines.h"
#include "pipelines/feed.h"
#include "pipelines/report.h"
#include "pipelines/score.h"
#include "pipelines/signals.h"
#include <string.h>

typedef enum { SELECT_MCC, SELECT_LOSS } select_t;
static const char *const select_names[] = {"mcc", "loss", NULL};
typedef enum { WEIGHTS_EQUAL, WEIGHTS_BALANCED } weights_t;
static const char *const weights_names[] = {"equal", "balanced", NULL};

typedef enum { RC_AUTO, RC_ON, RC_OFF } rc_t;
static const char *const rc_names[] = {"auto", "on", "off", NULL};

const mn_option_t mn_recipe_data_options[] = {MN_OPTION(mn_recipe_t, rc, NULL, "rc", CHOICE, NULL,
                                                        "train on either strand by chance and average over both; auto: "
                                                        "where logistic regression on k-mers and places is no surer "
                                                        "of the validation rows with the strands told apart",
                                                        .choices = rc_names, .fallback = "auto"),
                                              MN_OPTION(mn_recipe_t, class_weights, NULL, "class-weights", CHOICE, NULL,
                                                        "how classes count in the loss: by their rows, or all the same",
                                                        .choices = weights_names, .fallback = "equal"),
                                              {0}};

const mn_option_t mn_recipe_options[] = {
    MN_OPTION(mn_recipe_t, epochs, NULL, "epochs", INT, "N",
              "times that every row is trained on; 0: 4, or as many as make 300 steps", .fallback = "0", .max = 1e6),
    MN_OPTION(mn_recipe_t, tokens, NULL, "tokens", INT, "N", "tokens to train on, instead of --epochs", .min = 1,
              .max = 1e15),
    MN_OPTION(mn_recipe_t, training.steps, NULL, "steps", INT, "N", "steps to train, instead of --epochs", .min = 1,
              .max = 1e12),
    MN_OPTION(mn_recipe_t, training.batch, "b", "batch", INT, "N",
              "rows a pass; 0: 64, or fewer where these make less than 300 steps in 4 epochs, but 16 at least",
              .fallback = "0", .max = 1e6),
    MN_OPTION(mn_recipe_t, training.rate, NULL, "lr", REAL, "X", "peak learning rate", .fallback = "2e-3", .min = 0,
              .max = 10),
    MN_OPTION(mn_recipe_t, smoothing, NULL, "label-smoothing", REAL, "X",
              "part of a label that is spread over all classes", .fallback = "0", .min = 0, .max = 0.9),
    MN_OPTION(mn_recipe_t, dropout, NULL, "dropout", REAL, "X",
              "chance that a number before the head, or a word in the embedding, is left out", .fallback = "0.4",
              .min = 0, .max = 0.9),
    MN_OPTION(mn_recipe_t, training.average, NULL, "average", REAL, "X", MN_AVERAGE_HELP, .fallback = "0.99", .min = 0,
              .max = 0.999999),
    MN_OPTION(mn_recipe_t, training.valid_every, NULL, "valid-every", INT, "STEPS", "between validations; 0: an epoch",
              .fallback = "0", .max = 1e12),
    MN_OPTION(mn_recipe_t, training.patience, NULL, "patience", INT, "N",
              "stop after so many validations without a new best; 0: never", .fallback = "0", .max = 1e6),
    MN_OPTION(mn_recipe_t, select, NULL, "select", CHOICE, NULL, "what makes a validation the best",
              .choices = select_names, .fallback = "mcc"),
    MN_OPTION_GROUP(mn_recipe_t, training, NULL, mn_training_options),
    {0}};

const mn_option_t mn_labelled_reading_options[] = {
    MN_OPTION(mn_labelled_options_t, mask_lowercase, NULL, "mask-lowercase", FLAG, NULL, "read lower case bases as N"),
    MN_OPTION(mn_labelled_options_t, invalid, NULL, "invalid", CHOICE, NULL,
              "what to do with a letter that is no nucleotide code", .choices = mn_invalid_names, .fallback = "error"),
    {0}};

mn_status_t mn_recipe_check(const mn_args_t *args, mn_err_t *err) {
    if (mn_args_given(args, "epochs") + mn_args_given(args, "tokens") + mn_args_given(args, "steps") <= 1) return MN_OK;
    return mn_err_set(err, MN_USAGE, "--epochs", "give one of them",
                      "--epochs, --tokens and --steps say the same thing");
}

int64_t mn_recipe_epochs(const mn_recipe_t *recipe, int64_t steps) {
    return recipe->epochs ? recipe->epochs : mn_max(MN_RECIPE_EPOCHS, (MN_RECIPE_STEPS + steps - 1) / steps);
}

int64_t mn_recipe_batch(const mn_recipe_t *recipe, int64_t rows) {
    enum { LEAST = 16, MOST = 64 };
    if (recipe->training.batch) return recipe->training.batch;
    return mn_max(LEAST, mn_min(MOST, MN_RECIPE_EPOCHS * rows / MN_RECIPE_STEPS));
}

/* ---- one training */

typedef struct job {
    const mn_fit_t *fit;
    mn_classifier_t *classifier;
    mn_rows_t valid;
    mn_real_t *weights; /* (classes); NULL: 1 */
    mn_epochs_t *epochs;
    int64_t batch; /* rows a pass */
} job_t;

static void done_job(job_t *job) {
    mn_epochs_free(job->epochs);
    mn_rows_done(&job->valid);
    mn_mem_free(job->weights);
}

static mn_status_t score(const mn_classifier_t *classifier, const mn_model_t *model, mn_work_t *work, mn_rows_t *rows,
                         mn_err_t *err) {
    return mn_score_classes(model, work, classifier->tokenizer, classifier->rc, rows->bases, rows->lengths, rows->n,
                            rows->probabilities, err);
}

static mn_status_t validate(void *ctx, const mn_model_t *model, mn_work_t *work, double *values, mn_err_t *err) {
    job_t *job = ctx;
    mn_metrics_t metrics;
    mn_status_t status = score(job->classifier, model, work, &job->valid, err);
    if (status || mn_signals_stopping()) return status;
    status = mn_rows_measure(&job->valid, 0, 0, &metrics, err);
    if (status) return status;
    bool by_loss = job->fit->recipe->select == SELECT_LOSS;
    values[by_loss] = metrics.metric[MN_METRIC_mcc].value;
    values[!by_loss] = metrics.metric[MN_METRIC_log_loss].value;
    values[2] = metrics.metric[MN_METRIC_accuracy].value;
    mn_metrics_done(&metrics);
    return MN_OK;
}

/* A class counts by the inverse of its rows in the training part, on average 1. */
static mn_status_t balance(job_t *job, mn_err_t *err) {
    const mn_labelled_t *set = job->fit->set;
    int64_t all = 0;
    mn_status_t status = mn_mem_new((void **)&job->weights, set->n_classes, sizeof *job->weights, err);
    if (status) return status;
    for (int64_t i = 0; i < set->n; i++) {
        if (job->fit->parts[i] != MN_SPLIT_TRAIN) continue;
        job->weights[set->labels[i]] += 1;
        all++;
    }
    for (int64_t c = 0; c < set->n_classes; c++)
        job->weights[c] = (mn_real_t)((double)all / ((double)set->n_classes * (double)job->weights[c]));
    return MN_OK;
}

static mn_status_t prepare(job_t *job, mn_err_t *err) {
    const mn_fit_t *fit = job->fit;
    const mn_recipe_t *recipe = fit->recipe;
    mn_classifier_t *classifier = job->classifier;
    double loss[2]; /* either strand, as they stand */
    mn_status_t status = MN_OK;
    for (int32_t c = 0; c < fit->set->n_classes && !status; c++)
        if (!mn_json_holds(fit->set->classes[c]))
            status = mn_err_set(err, MN_INPUT, fit->set->source, "convert the table: iconv -t UTF-8",
                                "label '%.80s' is no UTF-8 text", fit->set->classes[c]);
    if (!status) status = mn_rows_list(fit->set, fit->parts, MN_SPLIT_VALID, &job->valid, err);
    if (!status && recipe->rc == RC_AUTO) status = mn_baselines_strands(fit->set, fit->parts, loss, err);
    if (!status && recipe->rc == RC_AUTO)
        mn_log(MN_LOG_DEBUG, "regression on words and places: log loss %.4f by either strand, %.4f as they stand",
               loss[0], loss[1]);
    classifier->rc = recipe->rc == RC_ON || (recipe->rc == RC_AUTO && !status && loss[0] <= loss[1]);
    if (!status && recipe->class_weights == WEIGHTS_BALANCED) status = balance(job, err);
    if (!status)
        status = mn_modelling_make(&recipe->modelling, fit->seed, &classifier->tokenizer, &classifier->model, err);
    if (!status) status = mn_work_new(classifier->model, recipe->training.max_memory, &classifier->work, err);
    if (status) return status;
    int64_t rows = 0;
    for (int64_t i = 0; i < fit->set->n; i++) rows += fit->parts[i] == MN_SPLIT_TRAIN;
    job->batch = mn_recipe_batch(recipe, rows);
    mn_epochs_options_t epochs = {.tokenizer = classifier->tokenizer,
                                  .samples = job->batch * recipe->training.accumulate,
                                  .strands = classifier->rc,
                                  .weights = job->weights,
                                  .seed = fit->seed};
    return mn_epochs_new(fit->set, fit->parts, MN_SPLIT_TRAIN, &epochs, &job->epochs, err);
}

static mn_status_t train(job_t *job, mn_json_t *extra, mn_err_t *err) {
    static const char *const measures[][3] = {[SELECT_MCC] = {"valid_mcc", "valid_loss", "valid_accuracy"},
                                              [SELECT_LOSS] = {"valid_loss", "valid_mcc", "valid_accuracy"}};
    const mn_fit_t *fit = job->fit;
    const mn_recipe_t *recipe = fit->recipe;
    mn_classifier_t *classifier = job->classifier;
    mn_training_t training = recipe->training;
    training.batch = job->batch;
    int64_t epoch = mn_epochs_steps(job->epochs), tokens = mn_epochs_tokens(job->epochs);
    if (recipe->tokens)
        training.steps = (int64_t)((double)recipe->tokens / (double)tokens * (double)epoch) + 1;
    else if (!training.steps)
        training.steps = epoch * mn_recipe_epochs(recipe, epoch);
    if (!training.valid_every) training.valid_every = epoch;
    mn_feed_t feed;
    mn_epochs_feed(job->epochs, &feed);
    bool by_loss = recipe->select == SELECT_LOSS;
    mn_judge_t judge = {
        .ctx = job, .measure = validate, .names = measures[recipe->select], .n_measures = 3, .higher = !by_loss};
    mn_objective_t objective = {
        .kind = MN_LOSS_CLASS, .label_smoothing = recipe->smoothing, .dropout = recipe->dropout};
    if (fit->fold) mn_json_set_int(extra, "fold", fit->fold);
    mn_json_set_bool(extra, "rc", classifier->rc);
    mn_model_info_t info = {.tokenizer = (char *)recipe->modelling.tokenizer_name,
                            .command = (char *)fit->command,
                            .labels = fit->set->classes,
                            .n_labels = fit->set->n_classes,
                            .extra = extra};
    mn_log(MN_LOG_INFO, "%lld rows to train on, %lld to validate, %s; %lld parameters; an epoch is %lld steps",
           (long long)mn_epochs_rows(job->epochs), (long long)job->valid.n,
           classifier->rc ? "either strand" : "as they stand",
           (long long)mn_config_parameters(&classifier->model->config), (long long)epoch);
    mn_trained_t *trained = &classifier->trained;
    mn_status_t status =
        mn_training_run(&training, fit->seed, fit->prefix, &objective, &info, training.steps * (tokens / epoch), &feed,
                        &judge, classifier->model, classifier->work, trained, err);
    classifier->valid[MN_VALID_MCC] = trained->values[by_loss];
    classifier->valid[MN_VALID_LOSS] = trained->values[!by_loss];
    classifier->valid[MN_VALID_ACCURACY] = trained->values[2];
    return status;
}

mn_status_t mn_classifier_train(const mn_fit_t *fit, mn_classifier_t *out, mn_err_t *err) {
    *out = (mn_classifier_t){0};
    job_t job = {.fit = fit, .classifier = out};
    mn_json_t *extra = mn_json_object();
    mn_status_t status = prepare(&job, err);
    if (!status) status = train(&job, extra, err);
    mn_json_free(extra);
    done_job(&job);
    if (status) mn_classifier_done(out);
    return status;
}

void mn_classifier_done(mn_classifier_t *classifier) {
    if (!classifier) return;
    mn_work_free(classifier->work);
    mn_model_free(classifier->model);
    *classifier = (mn_classifier_t){0};
}

mn_status_t mn_classifier_score(const mn_classifier_t *classifier, mn_rows_t *rows, mn_err_t *err) {
    return score(classifier, classifier->model, classifier->work, rows, err);
}
