/* divide: new splits of a labelled set. A division gives each row a part from 1 to n_parts, or 0: left out. For train,
 * valid and test these are the values of mn_split_t; for cross-validation part f + 1 is fold f. All is decided by the
 * keys of genomics/split.h, so the same rows in another order are divided in the same way. */
#ifndef MN_DIVIDE_H
#define MN_DIVIDE_H
#include "genomics/sketch.h"

enum { MN_DIVIDE_PARTS_MAX = 250 };

/* What became of a division's rows. */
typedef struct mn_divided {
    int64_t groups, largest; /* groups of rows that stay together, and rows of the largest */
    int64_t torn;            /* rows of groups that lay in several parts */
    int64_t moved, dropped;  /* rows in another part than before, rows left out now */
    int64_t crowded;         /* distinct sequences with repeats, not compared with all that share them (sketch.h) */
} mn_divided_t;

/* The parts that the set's split column gives: NONE is TRAIN where other rows have a split. Without one: MN_INPUT. */
mn_status_t mn_divide_given(const mn_labelled_t *set, uint8_t *parts, mn_err_t *err);

/* By key: part p + 1 takes the keys within the p-th of the shares[0..n_parts), which sum to 1. Rows whose part is not
 * `from` stay (from 0: all are dealt out), and a row keeps its part when rows are added to the set. */
void mn_divide_hash(const mn_labelled_t *set, const double *shares, int64_t n_parts, uint8_t from, uint8_t *parts);

/* Whole contigs: given[c] (n contigs of the set) is the part of a contig, 0: the one where it serves best to come near
 * shares and the balance of classes, the largest contig first. Errors: MN_INPUT where a row has no place. */
mn_status_t mn_divide_contigs(const mn_labelled_t *set, const double *shares, int64_t n_parts, const uint8_t *given,
                              uint8_t *parts, mn_err_t *err);

/* Makes a division homology-clean: rows that are the same on either strand, pairs of a Jaccard index of words >=
 * threshold (genomics/sketch.h), and rows that overlap on a contig come together, with all that is linked to them, in
 * one part. Groups that lay in several parts go, the largest first, where sizes and classes of the parts come nearest
 * to what they were; then groups move over that bring them nearer still. Rows left out stay so. 0 < threshold <= 1.
 * Of a set without sequences only overlaps are known. Errors: MN_FAILED: no memory. */
mn_status_t mn_divide_clean(const mn_labelled_t *set, double threshold, int64_t n_parts, uint8_t *parts,
                            mn_divided_t *out, mn_err_t *err);

/* Makes the classes of each part alike in length, GC share or both, by leaving rows out: within each cell of up to 256
 * bins of lengths and 32 of GC, with about as many rows each, as many rows of each class stay as the rarest has. */
mn_status_t mn_divide_match(const mn_labelled_t *set, bool length, bool gc, uint8_t *parts, mn_divided_t *out,
                            mn_err_t *err);

#endif
