/* intervals: a set of places (genomics/labelled.h, options.intervals) on the genomes of its classes: which contigs they
 * lie on, whether these are of the right assembly, and their sequences. */
#ifndef MN_INTERVALS_H
#define MN_INTERVALS_H
#include "genomics/assembly.h"
#include "genomics/genome.h"
#include "genomics/labelled.h"
#include "genomics/sink.h"

/* What --reference gives: "FASTA" for all classes, "CLASS=FASTA" for one; several of a kind make one genome. */
typedef struct mn_references {
    struct mn_reference {
        char *label; /* "" for all classes */
        mn_genome_t *genome;
    } * items;
    int64_t n;
} mn_references_t;

/* Owner: the caller, mn_references_close (also of an empty one). */
mn_status_t mn_references_open(const char *const *texts, int64_t n, mn_references_t *out, mn_err_t *err);
void mn_references_close(mn_references_t *references);

typedef struct mn_intervals {
    const mn_labelled_t *set; /* borrowed */
    const mn_references_t *references;
    int64_t *reference_of; /* (classes), of references */
    int64_t **map;         /* (references), contigs of the set to those of the genome; -1: missing */
    int64_t *order, n;     /* rows that have their contig, by split (train, valid, test, none), then as they came */
    int64_t unknown;       /* rows of n whose assembly or contig is not in the table of known ones */
    int64_t repeated;      /* rows whose name an earlier row of their class and split has */
    int64_t repeated_row;  /* the first of these */
} mn_intervals_t;

/* Finds the contigs. assembly_of[c], NULL or of each class: what its list says it lies on (NULL: it does not).
 * Errors: MN_INPUT: a class without a genome, a genome of a class that is not there, contigs of another assembly,
 * missing contigs unless skip_missing, intervals beyond their contig (file:line), nothing left. Owner: the caller,
 * mn_intervals_done, while set and references live. */
mn_status_t mn_intervals_place(const mn_labelled_t *set, const mn_references_t *references,
                               const mn_assembly_t *const *assembly_of, bool skip_missing, mn_intervals_t *out,
                               mn_err_t *err);
void mn_intervals_done(mn_intervals_t *intervals);

/* The table: a header, then split, label, id, region, start, end, strand (+ where none is given) and sequence (upper
 * case, the reverse complement on -, IUPAC codes as N) of each row in `order`. Takes a quarter GB of bases at a time,
 * or one interval that is longer. */
mn_status_t mn_intervals_write(const mn_intervals_t *intervals, mn_sink_t *sink, mn_err_t *err);

#endif
