/* genomic_run: one split of one labelled set in the benchmark: what needs no model, and a classifier from each start
 * and seed, a line of the ledger each. */
#ifndef MN_GENOMIC_RUN_H
#define MN_GENOMIC_RUN_H
#include "benchmarks/ledger.h"
#include "pipelines/classify.h"

enum { MN_GENOMIC_LABEL = 96, MN_GENOMIC_NOTE = 512 };

/* How a network begins. */
typedef struct mn_start {
    char label[MN_GENOMIC_LABEL];
    mn_modelling_t modelling; /* by mn_modelling_begin; classes are the set's */
} mn_start_t;

typedef struct mn_genomic {
    mn_ledger_t ledger;
    const char *work; /* folder of the trainings under way: removed when it is empty */
    const mn_recipe_t *recipe;
    const mn_start_t *starts;
    int64_t n_starts, max_tokens; /* 0: any number */
    uint64_t seed;                /* the first */
} mn_genomic_t;

/* A set with the parts that its splits say (folds 0), or to be cross-validated. */
typedef struct mn_genomic_task {
    const mn_labelled_t *set;
    int64_t folds, seeds;
    mn_entry_t line;            /* what all lines of it have in common: digest, set, official, split, classes */
    char note[MN_GENOMIC_NOTE]; /* the same */
} mn_genomic_task_t;

/* A line about which nothing is known yet. */
mn_entry_t mn_genomic_line(void);
/* Adds to a note, after "; " where it is not empty. */
void mn_genomic_note(char note[MN_GENOMIC_NOTE], const char *format, ...) MN_PRINTF(2, 3);
/* Adds the line that says why a set, or a split of it, is left out. */
mn_status_t mn_genomic_skip(mn_genomic_t *bench, const mn_genomic_task_t *task, const char *reason, mn_err_t *err);
/* Adds all lines that the ledger lacks; a set that cannot be divided so is skipped. A signal ends it early, the
 * training under way saved: see mn_signals_stop. */
mn_status_t mn_genomic_run(mn_genomic_t *bench, mn_genomic_task_t *task, mn_err_t *err);

/* Lowers epochs, or steps where not even an epoch fits or epochs are not what was asked for, so that a training takes
 * at most `most` tokens where an epoch has `tokens` in `steps` steps (but one step at least); false: it fits as it is.
 */
bool mn_genomic_budget(mn_recipe_t *recipe, int64_t steps, int64_t tokens, int64_t most);

#endif
