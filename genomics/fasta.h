/* fasta: the records of FASTA and FASTQ text, or regions of an indexed FASTA, as unshortened pieces. For input.c. */
#ifndef MN_FASTA_H
#define MN_FASTA_H
#include "genomics/input.h"
#include "genomics/source.h"

typedef struct mn_fasta mn_fasta_t;

/* Takes the source over, on failure too. */
mn_status_t mn_fasta_open(mn_source_t *source, const mn_input_options_t *options, mn_fasta_t **out, mn_err_t *err);
void mn_fasta_close(mn_fasta_t *fasta);

/* Fills name, contig and start; *more false: there is none. The record before must have been read to its end. */
mn_status_t mn_fasta_next(mn_fasta_t *fasta, mn_record_t *record, bool *more, mn_err_t *err);
/* The next piece with runs of N whole, n 0 at the record's end; adds to *counts. */
mn_status_t mn_fasta_read(mn_fasta_t *fasta, mn_piece_t *piece, mn_base_counts_t *counts, mn_err_t *err);
/* As mn_input_part. */
double mn_fasta_part(const mn_fasta_t *fasta);

#endif
