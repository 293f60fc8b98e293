/* windows: a labelled set out of an annotated genome: windows of one length on a feature of genes, each matched by an
 * intergenic one with the same share of G and C.
 *
 *   coding, exon   what the coding parts (exons) of a strand cover together is cut into windows that do not overlap
 *   promoter       four fifths of a window lie before the start of a transcript, one fifth behind it; of windows of a
 *                  strand that overlap the first is kept
 *   intergenic     cut out of what no gene (first to last feature of a transcript) and no window of the above touches,
 *                  on contigs that have genes; read on the strand of the window it is matched with
 *
 * Windows of more than a tenth N are left out. */
#ifndef MN_WINDOWS_H
#define MN_WINDOWS_H
#include "genomics/genome.h"
#include "genomics/gff.h"
#include "genomics/labelled.h"

typedef enum { MN_WINDOWS_CODING, MN_WINDOWS_EXON, MN_WINDOWS_PROMOTER } mn_windows_feature_t;
extern const char *const mn_windows_features[]; /* "coding", "exon", "promoter", NULL */

typedef struct mn_windows_options {
    int feature;              /* mn_windows_feature_t */
    int64_t length, count;    /* bases of a window; at most so many of each class, 0: as many as can be matched */
    int64_t seed;             /* which ones are drawn */
    const mn_regions_t *test; /* windows that touch these are the split test, others train; n 0: no split */
    bool skip_missing;        /* features on contigs that the genome lacks are left out, not refused */
} mn_windows_options_t;

/* What was there. [0] of the feature, [1] intergenic. */
typedef struct mn_windows_found {
    int64_t windows[2]; /* cut */
    int64_t blank[2];   /* of these left out for their N */
    int64_t drawn;      /* pairs in the set */
    int64_t missing;    /* features on contigs that the genome lacks */
} mn_windows_found_t;

/* The set as places without sequences, in the order of split, class and place. Errors: MN_INPUT: missing contigs,
 * features beyond their contig's end, no pair at all. Owner: the caller, mn_labelled_free. */
mn_status_t mn_windows_draw(mn_genome_t *genome, const mn_gff_t *gff, const mn_windows_options_t *options,
                            mn_labelled_t **out, mn_windows_found_t *found, mn_err_t *err);

#endif
