/* composition: a baseline that knows a sequence by its base frequencies alone: logistic regression on the shares of A,
 * C and G among the known bases, their squares and products, one class against the rest where there are over two. So it
 * sees GC, its strand bias and how even the mixture is, and no order. L2 penalty 1 on standardised features, Newton's
 * method. */
#ifndef MN_COMPOSITION_H
#define MN_COMPOSITION_H
#include "genomics/labelled.h"

enum { MN_COMPOSITION_FEATURES = 10 }; /* with the constant */

typedef struct mn_composition {
    int64_t n_classes, n_weights;                                         /* weight vectors: 1 for two classes */
    double mean[MN_COMPOSITION_FEATURES], scale[MN_COMPOSITION_FEATURES]; /* (x - mean) * scale */
    double *weights;                                                      /* (n_weights, features) */
} mn_composition_t;

/* From rows[0..n), n >= 1. The same at any number of threads. Owner: the caller, mn_composition_done (accepts NULL). */
mn_status_t mn_composition_train(const mn_labelled_t *set, const int64_t *rows, int64_t n, mn_composition_t *out,
                                 mn_err_t *err);
void mn_composition_done(mn_composition_t *model);

/* The likeliest class of a row. */
int32_t mn_composition_predict(const mn_composition_t *model, const mn_labelled_t *set, int64_t row);

#endif
