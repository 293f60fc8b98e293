/* alone: what a sequence's length, its composition, or an equal sequence met before tells of its class, without
 * reading. All learn from TRAIN and are scored on TEST. */
#ifndef MN_ALONE_H
#define MN_ALONE_H
#include "genomics/sketch.h"

typedef enum {
    MN_ALONE_MAJORITY,    /* the largest class of TRAIN */
    MN_ALONE_LENGTH,      /* genomics/length.h, its bins chosen on VALID, else on a tenth of TRAIN */
    MN_ALONE_COMPOSITION, /* genomics/composition.h, of at most MN_ALONE_ROWS / classes rows */
    MN_ALONE_LOOKUP,      /* the class of the equal rows of TRAIN and VALID, on either strand; else the largest class of
                             those rows that have no equal */
    MN_ALONE_COUNT
} mn_alone_t;

enum { MN_ALONE_ROWS = 2000000 };

typedef struct mn_alone_score {
    int64_t tested, right[MN_ALONE_COUNT], bins; /* bins of lengths, 0: none was trained */
} mn_alone_score_t;

/* Adds the score of one division. parts: mn_split_t, with a row of TRAIN and of TEST. Without sequences COMPOSITION
 * gets what MAJORITY does. Errors: no memory. */
mn_status_t mn_alone_measure(const mn_labelled_t *set, const mn_distinct_t *distinct, const uint8_t *parts,
                             mn_alone_score_t *score, mn_err_t *err);

#endif
