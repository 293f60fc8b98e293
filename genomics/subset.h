/* subset: a part of a labelled set as a set of its own, a smaller one that keeps its proportions, and what tells
 * whether two sets are the same. */
#ifndef MN_SUBSET_H
#define MN_SUBSET_H
#include "genomics/labelled.h"

/* A copy of rows[0..n) of set, ascending, n >= 1, with the classes that they have; no groups. Owner: the caller,
 * mn_labelled_free. Errors: no memory. */
mn_status_t mn_subset_take(const mn_labelled_t *set, const int64_t *rows, int64_t n, mn_labelled_t **out,
                           mn_err_t *err);

/* At most `most` (>= 1) of rows[0..*n): of each class of each split as large a part as of all, those with the smallest
 * keys (mn_split_row_key), so that copies stay together and the choice does not depend on the order of rows. rows keeps
 * its order, *n is what is left. Errors: no memory. */
mn_status_t mn_subset_cap(const mn_labelled_t *set, int64_t most, int64_t *rows, int64_t *n, mn_err_t *err);

/* A hash of bases, lengths, labels, splits and class names, in the order of rows. */
uint64_t mn_subset_digest(const mn_labelled_t *set);

#endif
