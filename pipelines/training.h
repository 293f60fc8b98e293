/* training: what pretrain and finetune share: options of the model and of the loop, and the run itself with progress,
 * signals and files. */
#ifndef MN_TRAINING_H
#define MN_TRAINING_H
#include "genomics/tokenizer.h"
#include "pipelines/options.h"
#include "titans/trainer.h"

/* The model's fields over a preset; a settings struct takes them in as
 * MN_OPTION_GROUP(settings_t, model, "Model", mn_modelling_options). */
typedef struct mn_modelling {
    int preset;
    const char *tokenizer;
    mn_config_t config;
    bool fit_bins;                          /* config.bins goes by the set. No row of the table, nor are these: */
    const char *pretrained;                 /* model file to begin with; NULL: from scratch */
    char tokenizer_name[MN_TOKENIZER_NAME]; /* that of the model, once it is known */
} mn_modelling_t;
extern const mn_option_t mn_modelling_options[];

/* Settles config and tokenizer of the model to train: a preset with the fields that were given; or those of the model
 * file `pretrained`, fields given changing them. Errors: MN_USAGE, those of mn_model_load. */
mn_status_t mn_modelling_begin(const mn_args_t *args, mn_modelling_t *modelling, int64_t classes, mn_err_t *err);
/* Of a classifier, then: its classes, and where they are not given the parts that it pools, by the length that all rows
 * have (0: several). */
void mn_modelling_fit(mn_modelling_t *modelling, int64_t classes, int64_t window);
/* That model, with initial values of `seed`, and where there is a model file with its weights, the head aside. Errors:
 * MN_USAGE where they do not fit. Owner: the caller, mn_model_free. */
mn_status_t mn_modelling_make(const mn_modelling_t *modelling, uint64_t seed, mn_tokenizer_t *tokenizer,
                              mn_model_t **out, mn_err_t *err);

typedef struct mn_training {
    int64_t batch, accumulate, steps, warmup;
    double rate, last, clip, decay, beta1, beta2, average;
    int64_t valid_every, patience, max_memory, save_every;
    double save_minutes;
    bool resume, force;
} mn_training_t;
#define MN_AVERAGE_HELP "use a moving average of the weights that keeps X of itself a step; 0: none"
extern const mn_option_t mn_training_options[], mn_saving_options[]; /* what decides the result, and what does not */

/* The output's PREFIX: `output` without the suffix of a file that training writes. */
mn_status_t mn_training_prefix(const char *output, char **prefix, mn_err_t *err);
/* MN_USAGE where a run is to go on with data from a pipe, which no digest knows. */
mn_status_t mn_training_inputs(const mn_training_t *training, const mn_args_t *args, mn_err_t *err);

/* Runs mn_train with the plan that `training` makes (its steps and valid_every set), reporting progress towards
 * about `tokens` tokens and stopping at a signal. */
mn_status_t mn_training_run(const mn_training_t *training, uint64_t seed, const char *prefix,
                            const mn_objective_t *objective, const mn_model_info_t *info, int64_t tokens,
                            const mn_feed_t *feed, const mn_judge_t *judge, mn_model_t *model, mn_work_t *work,
                            mn_trained_t *out, mn_err_t *err);

#endif
