/* reads: the reads of SAM, BAM and CRAM, all or those that overlap regions, as unshortened pieces. For input.c. */
#ifndef MN_READS_H
#define MN_READS_H
#include "genomics/input.h"
#include "genomics/source.h"

typedef struct mn_reads mn_reads_t;

/* Takes the source over, on failure too. */
mn_status_t mn_reads_open(mn_source_t *source, const mn_input_options_t *options, mn_reads_t **out, mn_err_t *err);
void mn_reads_close(mn_reads_t *reads);

/* As mn_fasta_next and mn_fasta_read. */
mn_status_t mn_reads_next(mn_reads_t *reads, mn_record_t *record, bool *more, mn_err_t *err);
mn_status_t mn_reads_read(mn_reads_t *reads, mn_piece_t *piece, mn_base_counts_t *counts, mn_err_t *err);

#endif
