/* genomic_report: a benchmark's lines as means over seeds: TSV to stdout, JSON, and a page. */
#ifndef MN_GENOMIC_REPORT_H
#define MN_GENOMIC_REPORT_H
#include "benchmarks/ledger.h"

/* Writes PREFIX.json and PREFIX.html, then the means to stdout: a function of the lines alone. Errors: MN_IO, no
 * memory. */
mn_status_t mn_genomic_report(const mn_ledger_t *ledger, const char *prefix, mn_err_t *err);

#endif
