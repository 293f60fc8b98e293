/* genomic_page: the summary of a benchmark as one HTML page. */
#ifndef MN_GENOMIC_PAGE_H
#define MN_GENOMIC_PAGE_H
#include "benchmarks/genomic_summary.h"

/* Writes path. Errors: MN_IO, no memory. */
mn_status_t mn_genomic_page(const mn_summary_t *summary, const char *path, mn_err_t *err);

#endif
