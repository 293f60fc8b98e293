/* resplit: a labelled set written again as a table with another split. Where all inputs are tables with the same
 * columns these are kept, in their order; else there are label, id, region, start, end, strand and sequence, as far as
 * the set has them. The column split, or fold, comes first if the input had none. */
#ifndef MN_RESPLIT_H
#define MN_RESPLIT_H
#include "genomics/labelled.h"
#include "genomics/sink.h"

/* parts[0..set->n): by mn_split_names, 0: the row is left out; with folds the split is "all" and the part is written as
 * `fold`. inputs are those that the set was read from. Errors: those of reading them again, MN_IO. */
mn_status_t mn_resplit_write(const mn_labelled_t *set, const char *const *inputs, int64_t n_inputs,
                             const uint8_t *parts, bool folds, mn_sink_t *sink, mn_err_t *err);

#endif
