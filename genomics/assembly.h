/* assembly: known genome assemblies by name and by the lengths of their chromosomes. */
#ifndef MN_ASSEMBLY_H
#define MN_ASSEMBLY_H
#include "genomics/region.h"

typedef struct mn_assembly mn_assembly_t;

/* The assembly that a name, a file name or an address speaks of (GRCh38, hg38, Homo_sapiens.GRCh38.dna.fa.gz); NULL:
 * none that is known here. */
const mn_assembly_t *mn_assembly_named(const char *text);
/* The assembly whose chromosomes have the lengths of these contigs: one at least has a known name, and none another
 * length. NULL: none. */
const mn_assembly_t *mn_assembly_of(const mn_contigs_t *contigs);

const char *mn_assembly_name(const mn_assembly_t *assembly);
/* The length of a chromosome, by its name with or without "chr"; -1: it is not in the table. */
int64_t mn_assembly_length(const mn_assembly_t *assembly, const char *contig);

#endif
