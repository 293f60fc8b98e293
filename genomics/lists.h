/* lists: what is known of a folder of interval lists as the genomic-benchmarks package keeps them:
 * LISTS/train/CLASS.csv.gz, LISTS/test/CLASS.csv.gz and LISTS/metadata.yaml (genomics/labelled.h reads the lists
 * themselves). */
#ifndef MN_LISTS_H
#define MN_LISTS_H
#include "genomics/base/err.h"
#include <stdint.h>

enum { MN_LISTS_URL_MAX = 1024 };

/* The address of a class's reference by the folder's metadata.yaml, of MN_LISTS_URL_MAX bytes; "" where there is none.
 */
mn_status_t mn_lists_url(const char *folder, const char *label, char *url, mn_err_t *err);

#endif
