/* feed: training samples. A step's samples are a function of (seed, step) alone, so a resumed run draws what the
 * uninterrupted one would have drawn.
 *
 * Windows (pretraining): pieces of genomes, either strand, each place equally likely. Epochs (fine-tuning): every row
 * of a labelled set once an epoch, in another order each. */
#ifndef MN_FEED_H
#define MN_FEED_H
#include "genomics/input.h"
#include "genomics/labelled.h"
#include "genomics/tokenizer.h"
#include "titans/trainer.h"

/* Part [begin, end) of one sequence; indices, not positions: bases left out of long runs of N do not count. */
typedef struct mn_tract {
    const mn_sequences_t *set; /* borrowed */
    int64_t item, begin, end;
} mn_tract_t;

typedef struct mn_tracts {
    mn_tract_t *items; /* owned: mn_tracts_done */
    int64_t n, capacity;
} mn_tracts_t;

static inline const uint8_t *mn_tract_bases(const mn_tract_t *tract) {
    return tract->set->bases + tract->set->items[tract->item].offset + tract->begin;
}
mn_status_t mn_tracts_add(mn_tracts_t *list, mn_tract_t tract, mn_err_t *err);
void mn_tracts_done(mn_tracts_t *list);
int64_t mn_tracts_bases(const mn_tracts_t *list);

/* ---- windows */

typedef struct mn_windows_options {
    mn_tokenizer_t tokenizer;
    int64_t length;  /* tokens of a window, its BOS included; a word holding N makes it longer */
    int64_t samples; /* windows a step */
    int64_t carry;   /* consecutive windows that one lane reads on with its state carried; 1: windows stand alone */
    uint64_t seed;
} mn_windows_options_t;

/* A window of more than half N is passed over. With carry > 1 lane i is sample i of every step; lanes begin anew at
 * different steps, where a tract ends, and where N prevail. A fresh window begins with BOS.
 * tracts are borrowed. Errors: MN_INPUT when no tract holds 32 bases; no memory.
 * Owner: the caller, mn_windows_free (accepts NULL). */
typedef struct mn_windows mn_windows_t;
mn_status_t mn_windows_new(const mn_tracts_t *tracts, const mn_windows_options_t *options, const mn_model_t *model,
                           mn_windows_t **out, mn_err_t *err);
void mn_windows_free(mn_windows_t *windows);
/* Sets batch, name, ctx and lanes. */
void mn_windows_feed(mn_windows_t *windows, mn_feed_t *feed);

/* ---- epochs */

typedef struct mn_epochs_options {
    mn_tokenizer_t tokenizer;
    int64_t samples;          /* rows a step; the last step of an epoch takes what is left */
    bool strands;             /* each row as its reverse complement in half of the epochs, by chance */
    const mn_real_t *weights; /* (classes) of the loss; NULL: 1. Borrowed */
    uint64_t seed;
} mn_epochs_options_t;

/* The rows of `set` whose parts[row] is `part`; set and parts are borrowed. Errors: MN_INPUT when there is none; no
 * memory. Owner: the caller, mn_epochs_free (accepts NULL). */
typedef struct mn_epochs mn_epochs_t;
mn_status_t mn_epochs_new(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part,
                          const mn_epochs_options_t *options, mn_epochs_t **out, mn_err_t *err);
void mn_epochs_free(mn_epochs_t *epochs);
int64_t mn_epochs_rows(const mn_epochs_t *epochs);
int64_t mn_epochs_steps(const mn_epochs_t *epochs);  /* of one epoch */
int64_t mn_epochs_tokens(const mn_epochs_t *epochs); /* of one epoch */
/* Sets batch, name and ctx. */
void mn_epochs_feed(mn_epochs_t *epochs, mn_feed_t *feed);

#endif
