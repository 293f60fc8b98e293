/* genome: several indexed FASTA files as one set of contigs, read at many places in one pass. */
#ifndef MN_GENOME_H
#define MN_GENOME_H
#include "genomics/alphabet.h"
#include "genomics/base/names.h"
#include "genomics/region.h"

typedef struct mn_genome mn_genome_t;

/* Plain or BGZF FASTA; an index that is missing is built (genomics/fai.h). Errors: also MN_INPUT: two contigs of one
 * name. Owner: the caller, mn_genome_free (accepts NULL). */
mn_status_t mn_genome_open(const char *const *paths, int64_t n, mn_genome_t **out, mn_err_t *err);
void mn_genome_free(mn_genome_t *genome);

/* Its contigs, borrowed; those of the first file come first. A name is found as it is, else with or without "chr", else
 * under another name of the mitochondrion (chrM, MT, ...), else with or without a version (ENST00000217185.7) where
 * only one of the two has it. */
mn_contigs_t mn_genome_contigs(mn_genome_t *genome);

/* The file that a contig is in. */
const char *mn_genome_path(const mn_genome_t *genome, int64_t contig);
/* The contig of each name into map (n of them); -1 where it is missing. */
void mn_genome_map(mn_genome_t *genome, const mn_names_t *names, int64_t *map);
/* MN_INPUT if names with rows are missing in map: the first few, how many more, and the rows on them. */
mn_status_t mn_genome_refuse_missing(const mn_names_t *names, const int64_t *map, const int64_t *rows, mn_err_t *err);

/* A place to be read. */
typedef struct mn_span {
    int64_t contig, start, end; /* 0 <= start < end <= the contig's length */
    uint8_t *bases;             /* end - start ids are written here; IUPAC codes are N */
} mn_span_t;

/* Fills all spans, which are sorted by place on the way: memory and time do not grow with the genome around them, each
 * file is read once in its order. progress (may be NULL) is told how many of the n are behind. */
mn_status_t mn_genome_read(mn_genome_t *genome, mn_span_t *spans, int64_t n, void (*progress)(void *ctx, int64_t done),
                           void *ctx, mn_err_t *err);

#endif
