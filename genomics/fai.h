/* fai: the index of a FASTA file (.fai, with .gzi for BGZF): read, built when missing, refused when it does not fit. */
#ifndef MN_FAI_H
#define MN_FAI_H
#include "genomics/region.h"
#include "genomics/source.h"

typedef struct mn_fai_entry {
    char *name;
    int64_t length, offset, line_bases, line_width; /* as in samtools faidx */
    bool fits;                                      /* the file was seen to hold this contig here */
} mn_fai_entry_t;

typedef struct mn_fai {
    mn_fai_entry_t *entries;
    int64_t n, cap;
    mn_fai_entry_t **by_name; /* into entries, sorted */
} mn_fai_t;

/* The index of the FASTA file `source`, which afterwards can be sought. What is missing is built and put beside the
 * file, or kept in memory where that folder cannot be written. An index older than its file is compared with a fresh
 * one. Errors: MN_INPUT: gzip, not seekable, lines of different lengths, a damaged index, a stale one. */
mn_status_t mn_fai_open(mn_source_t *source, mn_fai_t **out, mn_err_t *err);
void mn_fai_free(mn_fai_t *fai);

/* Its contigs; borrowed. */
mn_contigs_t mn_fai_contigs(mn_fai_t *fai, const mn_source_t *source);

/* Goes to base `start` of contig `index`, having seen (once for a contig) that its header stands before it and that
 * nothing of it follows its last base. Errors: MN_INPUT: stale. */
mn_status_t mn_fai_seek(mn_fai_t *fai, mn_source_t *source, int64_t index, int64_t start, mn_err_t *err);
/* The index does not fit what was found in contig `index`. */
mn_status_t mn_fai_stale(const mn_fai_t *fai, const mn_source_t *source, int64_t index, mn_err_t *err);

#endif
