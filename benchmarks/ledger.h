/* ledger: what a benchmark of labelled sets has found so far, a line for each set, split, way to classify, and seed: a
 * TSV that is written whole after each new line, so that a run that was cut off goes on where it stood. */
#ifndef MN_LEDGER_H
#define MN_LEDGER_H
#include "genomics/base/digest.h"
#include "titans/metrics.h"
#include <stdbool.h>
#include <stdint.h>

enum { MN_LEDGER_KEY = 17 }; /* bytes of a key or digest: 16 hexadecimal digits and NUL */

/* What a line is about; the names are in mn_entry_kinds. */
typedef enum {
    MN_ENTRY_FINDING, /* of the audit: its level and sentence are the note */
    MN_ENTRY_BASELINE,
    MN_ENTRY_SCRATCH,
    MN_ENTRY_PRETRAINED,
    MN_ENTRY_SKIPPED /* with the reason as note */
} mn_entry_kind_t;
extern const char *const mn_entry_kinds[]; /* NULL-terminated */

/* Whole numbers that are not known are -1, others NAN, texts empty. Texts are owned by the ledger, borrowed on the way
 * in. */
typedef struct mn_entry {
    char key[MN_LEDGER_KEY];                   /* mn_ledger_key of what decides the line */
    char digest[MN_LEDGER_KEY];                /* of the set (mn_subset_digest) */
    const char *set, *split;                   /* names; split: official, clean, 5-fold */
    const char *official;                      /* name of the complete published set that this is (published.h) */
    int kind;                                  /* mn_entry_kind_t */
    const char *start;                         /* the finding or baseline, or what the network began as */
    int64_t seed, classes, train, valid, test; /* rows of the parts; with folds all rows are tested once */
    int64_t shared;                            /* test rows that are in train too, on either strand */
    int64_t parameters, tokens;                /* of the network; trained on, all folds together */
    double epochs, minutes;                    /* of one training; of all, at the pace of the last sitting */
    double valid_mcc;                          /* of the weights kept; with folds their mean */
    mn_metric_t accuracy, mcc;                 /* of the test part, with 95 % intervals */
    const char *note, *settings;               /* what a reader should know; what decided the training */
} mn_entry_t;

typedef struct mn_ledger {
    mn_entry_t *entries;
    int64_t n, capacity;
    char *path;
} mn_ledger_t;

/* A key from texts, the last of them NULL. */
void mn_ledger_key(char key[MN_LEDGER_KEY], const char *const *texts);

/* Reads path if it exists; of lines with one key the first. Owner: the caller, mn_ledger_close (accepts an empty one).
 * Errors: MN_INPUT with file:line for a file that is no such TSV. */
mn_status_t mn_ledger_open(const char *path, mn_ledger_t *out, mn_err_t *err);
void mn_ledger_close(mn_ledger_t *ledger);
/* The line with this key, NULL: none. */
const mn_entry_t *mn_ledger_find(const mn_ledger_t *ledger, const char *key);
/* Adds a copy of the line and writes the file. Errors: no memory, MN_IO: the file is then as it was. */
mn_status_t mn_ledger_add(mn_ledger_t *ledger, const mn_entry_t *entry, mn_err_t *err);

#endif
