/* split: which part of a labelled set a row takes in a run. A row's key is a hash of its canonical strand (the smaller,
 * byte by byte, of the bases and their reverse complement), so a sequence, its copies and its reverse complement always
 * fall together, on every machine and in any row order. Where a set has places without sequences the place is hashed.
 */
#ifndef MN_SPLIT_H
#define MN_SPLIT_H
#include "genomics/labelled.h"

enum { MN_SPLIT_FOLDS_MAX = 1000 };

/* Key of length base ids (>= 0). */
uint64_t mn_split_key(const uint8_t *bases, int64_t length);
/* Key of row i. */
uint64_t mn_split_row_key(const mn_labelled_t *set, int64_t i);

/* The part of every row into parts[0..set->n), as mn_split_t; NONE is left out of the run. "10 % by key": the keys in
 * their order, every tenth of the distinct ones, beginning with the first.
 * folds 0: as the set says; rows without a split are TRAIN, and if no row is VALID, 10 % of TRAIN by key become so.
 * folds K >= 2: rows of TEST are left out; of all others every K-th key is TEST, beginning with fold `fold` (0-based),
 * and 10 % of the rest by key VALID. Errors: MN_INPUT where TRAIN lacks a class or a part is empty; MN_USAGE for a fold
 * out of range. */
mn_status_t mn_split_parts(const mn_labelled_t *set, int64_t folds, int64_t fold, uint8_t *parts, mn_err_t *err);

/* The number of rows in part `part` whose key a row of part `other` has too: what leaks from one into the other. */
mn_status_t mn_split_shared(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part, mn_split_t other,
                            int64_t *shared, mn_err_t *err);

#endif
