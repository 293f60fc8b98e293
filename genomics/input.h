/* input: the records of any sequence file as base ids, told by content: FASTA and FASTQ (plain, gzip, BGZF), SAM, BAM
 * and CRAM reads, stdin as "-"; regions of an indexed file. Memory is bounded whatever a record's length.
 *
 *   mn_input_t *in;
 *   mn_input_open("x.fa", &options, &in, err);
 *   const mn_record_t *record;
 *   while (!(status = mn_input_next(in, &record, err)) && record) {
 *       mn_piece_t piece;
 *       while (!(status = mn_input_read(in, &piece, err)) && piece.n) use(piece.bases, piece.n, piece.start);
 *       if (status) break;
 *   }
 *   mn_input_close(in);
 *
 * Errors: MN_INPUT with the file and place (file:line:column, file:read, file:contig:position), MN_IO for a failed
 * read, MN_USAGE for options that do not fit the file. Nothing is printed. Never over the network. */
#ifndef MN_INPUT_H
#define MN_INPUT_H
#include "genomics/alphabet.h"
#include "genomics/base/err.h"

enum { MN_N_RUN = 32 };

typedef struct mn_input_options {
    bool mask_lowercase;
    int invalid;                /* mn_invalid_t */
    bool keep_n_runs;           /* false: a run of N longer than MN_N_RUN is read as MN_N_RUN */
    const char *const *regions; /* contig or contig:beg-end, 1-based inclusive; borrowed */
    int64_t n_regions;
    const char *bed;        /* BED file of regions, 0-based half-open; NULL: none */
    uint32_t require_flags; /* -f: reads with all of these */
    uint32_t exclude_flags; /* -F: reads with none of these */
    int min_mapq;           /* -q */
    const char *reference;  /* FASTA of a CRAM; NULL: embedded or not needed */
    bool allow_missing_eof;
    int threads; /* decompression, total; 0 or 1: none beside the caller's */
} mn_input_options_t;

/* Everything off but exclude_flags: secondary, supplementary, QC-fail and duplicate. */
mn_input_options_t mn_input_options_default(void);

typedef struct mn_record {
    const char *name; /* FASTA: first word of the header; a read's name; a region: contig:beg-end, 1-based inclusive */
    const char *contig;      /* whose positions pieces count: a region's contig, else the name */
    int64_t start;           /* 0-based position of the first base on the contig: a region's begin, else 0 */
    mn_base_counts_t counts; /* of what was read so far; complete after the piece with n 0 */
} mn_record_t;

/* Bases without a gap between: bases[i] stands at position start + i of the contig (of a read: of its original
 * orientation). A piece ends where N are left out, so positions stay true. Valid until the next call. */
typedef struct mn_piece {
    const uint8_t *bases; /* n ids 0..4 */
    int64_t n;            /* 0: end of the record */
    int64_t start;
} mn_piece_t;

typedef struct mn_input mn_input_t;

/* options NULL: defaults. Owner: the caller, mn_input_close (accepts NULL). */
mn_status_t mn_input_open(const char *path, const mn_input_options_t *options, mn_input_t **out, mn_err_t *err);
void mn_input_close(mn_input_t *in);

/* The next record, or *record NULL after the last; what is unread of the present one is read over. Valid until the next
 * mn_input_next. */
mn_status_t mn_input_next(mn_input_t *in, const mn_record_t **record, mn_err_t *err);
mn_status_t mn_input_read(mn_input_t *in, mn_piece_t *piece, mn_err_t *err);

/* The share that is read, 0 to 1; 0 where it cannot be told (pipes, alignments). For progress. */
double mn_input_part(const mn_input_t *in);
/* Over all records so far. */
mn_base_counts_t mn_input_counts(const mn_input_t *in);
/* "FASTA", "FASTQ", "SAM", "BAM" or "CRAM". */
const char *mn_input_format(const mn_input_t *in);

/* ---- whole files in memory, a byte a base */

typedef struct mn_sequence {
    char *name, *contig;
    int64_t file;           /* index into the paths */
    int64_t start;          /* position of the first base */
    int64_t offset, length; /* its part of bases */
    int64_t gap, n_gaps;    /* its part of gaps */
    mn_base_counts_t counts;
} mn_sequence_t;

/* Up to bases[at], `dropped` bases of its sequence were left out in all. */
typedef struct mn_gap {
    int64_t at, dropped;
} mn_gap_t;

typedef struct mn_sequences {
    uint8_t *bases; /* size ids 0..4, records one after another */
    int64_t size;
    mn_sequence_t *items;
    int64_t n;
    mn_gap_t *gaps;
    int64_t n_gaps;
    mn_base_counts_t counts;
} mn_sequences_t;

/* All records of n_paths files, in order. Errors: also MN_INPUT when there is no base at all. Owner: the caller,
 * mn_sequences_free (accepts NULL). */
mn_status_t mn_sequences_load(const char *const *paths, int64_t n_paths, const mn_input_options_t *options,
                              mn_sequences_t **out, mn_err_t *err);
void mn_sequences_free(mn_sequences_t *sequences);

/* The true position on its contig of base i (0 .. length) of sequence `item`. */
int64_t mn_sequences_position(const mn_sequences_t *sequences, int64_t item, int64_t i);

#endif
