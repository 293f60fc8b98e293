/* classify: training a classifier on parts of a labelled set by a recipe, and scoring rows with it: what finetune and
 * the benchmark of labelled sets share. */
#ifndef MN_CLASSIFY_H
#define MN_CLASSIFY_H
#include "genomics/split.h"
#include "pipelines/rows.h"
#include "pipelines/training.h"

/* All that decides a classifier beside data and seed. Its defaults, in the tables below, are the recipe. */
typedef struct mn_recipe {
    int rc, class_weights, select;
    int64_t epochs, tokens;
    double smoothing, dropout;
    mn_training_t training;
    mn_modelling_t modelling;
} mn_recipe_t;

/* Of an mn_recipe_t: how rows become samples; and the training, less what mn_saving_options and mn_modelling_options
 * add. */
extern const mn_option_t mn_recipe_data_options[], mn_recipe_options[];
/* The epochs of a training whose epoch is `steps` long; where none are given the least number of these that makes as
 * many steps, as --epochs tells. */
enum { MN_RECIPE_EPOCHS = 4, MN_RECIPE_STEPS = 300 };
int64_t mn_recipe_epochs(const mn_recipe_t *recipe, int64_t steps);
/* The rows a pass of a training on so many rows; where none are given as --batch tells. */
int64_t mn_recipe_batch(const mn_recipe_t *recipe, int64_t rows);
/* MN_USAGE where options contradict each other. */
mn_status_t mn_recipe_check(const mn_args_t *args, mn_err_t *err);

/* --mask-lowercase and --invalid, of an mn_labelled_options_t. */
extern const mn_option_t mn_labelled_reading_options[];

/* One training; all borrowed. */
typedef struct mn_fit {
    const mn_labelled_t *set;
    const uint8_t *parts;      /* rows of TRAIN are trained on, those of VALID choose the weights */
    const mn_recipe_t *recipe; /* its model begun by mn_modelling_begin */
    uint64_t seed;
    const char *prefix, *command; /* of the files that are written; their canonical command */
    int64_t fold;                 /* for the record, 1-based; 0: none */
} mn_fit_t;

enum { MN_VALID_MCC, MN_VALID_LOSS, MN_VALID_ACCURACY, MN_VALID_COUNT };

typedef struct mn_classifier {
    mn_model_t *model; /* with the weights kept */
    mn_work_t *work;
    mn_tokenizer_t tokenizer;
    bool rc;
    mn_trained_t trained;         /* .stopped: by a signal; the rest is then not to be used */
    double valid[MN_VALID_COUNT]; /* of the weights kept */
} mn_classifier_t;

/* Trains, as mn_training_run does, to the weights that validation prefers. Owner: the caller, mn_classifier_done
 * (accepts NULL and an empty one); nothing after an error. */
mn_status_t mn_classifier_train(const mn_fit_t *fit, mn_classifier_t *out, mn_err_t *err);
void mn_classifier_done(mn_classifier_t *classifier);
/* Fills the rows' probabilities. A signal ends it early: look at mn_signals_stop before using them. */
mn_status_t mn_classifier_score(const mn_classifier_t *classifier, mn_rows_t *rows, mn_err_t *err);

#endif
