/* gff: nine columns a line: contig, source, type, start and end (1-based inclusive), score, strand, phase, attributes.
 * Source: the specifications of GFF3 1.26 (Sequence Ontology) and GTF 2.2. */
#include "genomics/gff.h"
#include "genomics/base/mem.h"
#include "genomics/source.h"
#include "genomics/table.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 9, NAME_BYTES = 512, GROUP_BYTES = 64 }; /* GROUP_BYTES: of a name and its slot, about */

void mn_gff_free(mn_gff_t *gff) {
    if (!gff) return;
    mn_mem_free(gff->features);
    mn_names_done(&gff->contigs);
    mn_names_done(&gff->groups);
    mn_mem_free(gff);
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* False: nothing of a gene. */
static bool tell_kind(const char *type, mn_gff_kind_t *kind) {
    if (!strcmp(type, "CDS") || ends_with(type, "_codon"))
        *kind = MN_GFF_CODING;
    else if (strstr(type, "UTR") || ends_with(type, "_utr"))
        *kind = MN_GFF_UTR;
    else if (!strcmp(type, "exon"))
        *kind = MN_GFF_EXON;
    else if (ends_with(type, "RNA") || ends_with(type, "transcript"))
        *kind = MN_GFF_TRANSCRIPT;
    else if (ends_with(type, "gene"))
        *kind = MN_GFF_GENE;
    else
        return false;
    return true;
}

/* The value of key in the attributes, into out: key "value" or key=value, up to its quote, or a ',', ';' or blank. */
static bool find_attribute(const char *attributes, const char *key, char *out) {
    size_t length = strlen(key);
    for (const char *at = attributes; (at = strstr(at, key)); at += length) {
        bool begins = at == attributes || strchr("; ", at[-1]);
        const char *value = at + length;
        if (!begins || !*value || !strchr(" =", *value)) continue;
        bool quoted = value[1] == '"';
        value += 1 + quoted;
        size_t size = strcspn(value, quoted ? "\"" : ",; ");
        if (!size || size >= NAME_BYTES) continue;
        memcpy(out, value, size);
        out[size] = '\0';
        return true;
    }
    return false;
}

/* The transcript, or the gene, by ID and Parent where they are given. */
static bool find_group(const char *attributes, mn_gff_kind_t kind, char *out) {
    bool whole = kind == MN_GFF_GENE || kind == MN_GFF_TRANSCRIPT;
    return find_attribute(attributes, whole ? "ID" : "Parent", out) ||
           find_attribute(attributes, "transcript_id", out) || find_attribute(attributes, "gene_id", out) ||
           find_attribute(attributes, whole ? "Parent" : "ID", out);
}

static mn_status_t add_feature(mn_gff_t *gff, mn_gff_feature_t feature, const char *contig, const char *group,
                               mn_err_t *err) {
    int64_t contig_number = 0, group_number = 0;
    mn_status_t status = mn_mem_reserve((void **)&gff->features, &gff->cap, gff->n + 1, sizeof *gff->features, err);
    if (!status) status = mn_names_add(&gff->contigs, contig, &contig_number, err);
    if (!status) status = mn_names_add(&gff->groups, group, &group_number, err);
    if (status) return status;
    feature.contig = (int32_t)contig_number;
    feature.group = (int32_t)group_number;
    gff->features[gff->n++] = feature;
    return MN_OK;
}

static mn_status_t read_line(mn_gff_t *gff, char *line, const char *place, mn_err_t *err) {
    char *field[COLUMNS], group[NAME_BYTES];
    int n = 0;
    for (char *at = line; at && n < COLUMNS; n++) {
        field[n] = at;
        at = n + 1 < COLUMNS ? strchr(at, '\t') : NULL;
        if (at) *at++ = '\0';
    }
    if (n < COLUMNS)
        return mn_err_set(err, MN_INPUT, place, "is it GFF3 or GTF? Their columns are separated by tabs",
                          "%d of 9 columns", n);
    mn_gff_kind_t kind;
    mn_gff_feature_t feature;
    if (!tell_kind(field[2], &kind)) return MN_OK;
    if (!mn_table_number(field[3], &feature.start) || !mn_table_number(field[4], &feature.end) || !feature.start ||
        feature.start > feature.end)
        return mn_err_set(err, MN_INPUT, place, "start and end are 1-based, both in the feature",
                          "'%.20s' to '%.20s' is no interval", field[3], field[4]);
    feature.start--;
    feature.kind = (uint8_t)kind;
    feature.strand = field[6][0] == '-' ? '-' : field[6][0] == '+' ? '+' : '.';
    if (!find_group(field[8], kind, group)) snprintf(group, sizeof group, "%s", place); /* a group of its own */
    return add_feature(gff, feature, field[0], group, err);
}

static void read_build(mn_gff_t *gff, const char *line) {
    static const char *const marks[] = {"#!genome-build ", "##genome-build ", "#!assembly "};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (!strncmp(line, marks[i], strlen(marks[i])))
            snprintf(gff->build, sizeof gff->build, "%.60s", line + strlen(marks[i]));
}

static mn_status_t read_all(mn_gff_t *gff, mn_source_t *source, mn_err_t *err) {
    char *line, place[256];
    const int64_t most = mn_mem_most(sizeof *gff->features + GROUP_BYTES);
    mn_status_t status;
    for (int64_t number = 1; !(status = mn_source_line(source, &line, err)) && line; number++) {
        if (!strcmp(line, "##FASTA") || *line == '>') break; /* sequences may follow in GFF3 */
        if (*line == '#') read_build(gff, line);
        if (*line == '#' || !*line) continue;
        snprintf(place, sizeof place, "%.200s:%" PRId64, mn_source_path(source), number);
        if ((status = read_line(gff, line, place, err))) return status;
        if (gff->n > most)
            return mn_err_set(err, MN_FAILED, place, "use a part of it, or a machine with more memory",
                              "more than %" PRId64 " features do not fit in memory", most);
    }
    if (!status && !gff->n)
        status = mn_err_set(err, MN_INPUT, mn_source_path(source), "give GFF3 or GTF with genes, mRNAs, exons or CDS",
                            "no feature of a gene");
    return status;
}

mn_status_t mn_gff_read(const char *path, mn_gff_t **out, mn_err_t *err) {
    mn_gff_t *gff;
    mn_source_t *source = NULL;
    mn_status_t status = mn_mem_new((void **)&gff, 1, sizeof *gff, err);
    if (status) return status;
    status = mn_source_open(path, 1, &source, err);
    if (!status) status = read_all(gff, source, err);
    mn_source_close(source);
    if (status)
        mn_gff_free(gff);
    else
        *out = gff;
    return status;
}
