/* bai: the index of a BAM or CRAM file (.bai, .csi, .crai): found, built when missing, refused when stale; and the
 * regions to look up with it. */
#ifndef MN_BAI_H
#define MN_BAI_H
#include "genomics/input.h"
#include <htslib/sam.h>

/* The index of `file`, whose header was just read. A missing one is built, and put beside it where that folder can be
 * written. One that is older than its file is compared with a fresh one (BAM) or refused (CRAM). Where the file stands
 * afterwards is unknown. Errors: MN_INPUT: not sorted, stale, damaged. Owner: the caller, hts_idx_destroy. */
mn_status_t mn_bai_open(const char *path, htsFile *file, sam_hdr_t *header, hts_idx_t **out, mn_err_t *err);

/* The regions and the BED of options as sam_itr_regions takes them (and frees them): by contig, sorted, merged. */
mn_status_t mn_bai_regions(const char *path, sam_hdr_t *header, const mn_input_options_t *options, hts_reglist_t **list,
                           int *count, mn_err_t *err);

/* A path that htslib does not take for a URL ("data:x.bam" is one to it): "./" goes before a relative one. */
void mn_local_path(const char *path, char *out, size_t size);

#endif
