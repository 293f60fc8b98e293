/* gff: the genes of an annotation, GFF3 or GTF, plain or gzip: what kind of feature lies where, and which transcript
 * (or gene) it is of. Told apart line by line: GFF3 has ID=X and Parent=Y, GTF transcript_id "X" and gene_id "Y". */
#ifndef MN_GFF_H
#define MN_GFF_H
#include "genomics/base/err.h"
#include "genomics/base/names.h"

typedef enum { MN_GFF_GENE, MN_GFF_TRANSCRIPT, MN_GFF_EXON, MN_GFF_CODING, MN_GFF_UTR } mn_gff_kind_t;

typedef struct mn_gff_feature {
    int64_t start, end;    /* 0-based half-open */
    int32_t contig, group; /* group: the transcript or gene it is of or is itself, of groups */
    uint8_t kind;          /* mn_gff_kind_t; start and stop codons are coding */
    char strand;           /* '+', '-' or '.' */
} mn_gff_feature_t;

typedef struct mn_gff {
    mn_gff_feature_t *features; /* in the file's order; other kinds than the five are left out */
    int64_t n, cap;
    mn_names_t contigs, groups;
    char build[64]; /* the assembly that it names ("#!genome-build X"), or "" */
} mn_gff_t;

/* Errors: MN_INPUT with file:line: no nine columns, an interval that is none, no feature of a gene at all; MN_FAILED
 * when it does not fit in memory. Owner: the caller, mn_gff_free (accepts NULL). */
mn_status_t mn_gff_read(const char *path, mn_gff_t **out, mn_err_t *err);
void mn_gff_free(mn_gff_t *gff);

#endif
