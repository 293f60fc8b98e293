/* audit: what a labelled set gives away without a model, and where its split leaks. Each finding is a number, a level
 * and one plain sentence. The classifiers that look at no order of bases learn from train (and valid) and are scored on
 * test; where there is no test split, in five folds by key. */
#ifndef MN_AUDIT_H
#define MN_AUDIT_H
#include "genomics/labelled.h"

typedef enum { MN_AUDIT_OK, MN_AUDIT_NOTE, MN_AUDIT_WARNING } mn_audit_level_t;
extern const char *const mn_audit_levels[]; /* "ok", "note", "warning" */

/* Names: rows, class_balance, class_missing, ids, n_share (of bases), length_alone, composition_alone, lookup_alone
 * (accuracies, reference: the majority's), kmer_alone (added by pipelines/cmd_dataset_audit.c), duplicates (within a part),
 * duplicates_across, duplicates_labels, overlap_across, overlap_labels, near_0.5, near_0.7, near_0.9. */
typedef struct mn_finding {
    char name[32];
    char scope[96];          /* "train", "test/train" (of test, against train and valid), "test/train:CLASS", "all" */
    double value, reference; /* reference NAN: there is none */
    int64_t count, of;       /* value is their quotient; of 0: it is none */
    mn_audit_level_t level;
    char text[400];
} mn_finding_t;

/* A row's nearest sequence in the part it is compared with, as sketch.h measures it. */
enum { MN_AUDIT_NEAR = 3 };
extern const double mn_audit_thresholds[MN_AUDIT_NEAR];

typedef struct mn_audit {
    mn_finding_t *findings; /* in the order of a report */
    int64_t n, cap;
    int64_t *counts; /* (MN_SPLIT_COUNT, classes) rows of each part */
    int64_t n_near;  /* rows of test that were compared with train */
    double *nearest; /* (n_near) the largest index found, 1 for an equal one, 0 for none >= the least threshold */
} mn_audit_t;

typedef struct mn_audit_options {
    const uint8_t *parts; /* a division to look at, mn_split_t a row, NONE: left out; NULL: the set's own split */
    bool no_near;         /* leaves near-duplicates out */
    void (*progress)(void *ctx, const char *stage); /* before each stage; NULL: none */
    void *ctx;
} mn_audit_options_t;

/* options NULL: defaults. Where the set has no sequences only lengths, balance, equal intervals and overlaps are looked
 * at. Errors: MN_FAILED: no memory. Owner: the caller, mn_audit_done (accepts NULL). */
mn_status_t mn_audit_run(const mn_labelled_t *set, const mn_audit_options_t *options, mn_audit_t *out, mn_err_t *err);
void mn_audit_done(mn_audit_t *audit);

/* The first finding of that name and scope (NULL: any), or NULL. */
const mn_finding_t *mn_audit_find(const mn_audit_t *audit, const char *name, const char *scope);

/* Adds a finding, for what is measured elsewhere. `text` is formatted. */
mn_status_t mn_audit_add(mn_audit_t *audit, const mn_finding_t *finding, mn_err_t *err, const char *format, ...)
    MN_PRINTF(4, 5);
/* "12,345", into one of sixteen places that the thread uses in turn. */
const char *mn_audit_count(int64_t n);
/* "12.3 %", likewise; a share that is small but not 0 shows a digit that is not 0. */
const char *mn_audit_percent(double share);
/* How much a classifier without reading gives away: by the share of the majority's errors that it avoids, if that is
 * more than chance does on n rows (two standard errors). */
mn_audit_level_t mn_audit_judge(double accuracy, double majority, int64_t n);

#endif
