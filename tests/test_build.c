/* genome, assembly, lists, gff and windows: what `dataset build` is made of, against plain memory and by property. */
#include "genomics/assembly.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "genomics/genome.h"
#include "genomics/lists.h"
#include "genomics/windows.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/mnemon-build-XXXXXX";
static mn_err_t err;

static const char *put(const char *name, const char *text) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static int remove_folder(void **state) {
    (void)state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

/* ---- a genome in memory and in files */

enum { CONTIGS = 5, LONG = 3 << 20 };
static const int64_t lengths[CONTIGS] = {LONG, 700, 1, 5000, 20000};
static const char *const names[CONTIGS] = {"chr1", "2", "chrM", "T9.4", "chr20"};
static uint8_t *bases[CONTIGS];

static void write_contig(FILE *file, int c) {
    fprintf(file, ">%s about it\n", names[c]);
    for (int64_t i = 0; i < lengths[c]; i += 61) {
        int64_t n = lengths[c] - i < 61 ? lengths[c] - i : 61;
        for (int64_t j = i; j < i + n; j++) { /* lower case and IUPAC codes are read as bases and N */
            char letter = mn_base_letter(bases[c][j]);
            fputc(letter == 'N' && j % 3 ? 'R' : j % 7 ? letter : letter | 32, file);
        }
        fputc('\n', file);
    }
}

/* Contigs 0 and 1 in one file, the others in a second. */
static mn_genome_t *open_genome(void) {
    static char a[128], b[128];
    snprintf(a, sizeof a, "%s/a.fa", folder);
    snprintf(b, sizeof b, "%s/b.fa", folder);
    mn_rng_t rng = mn_rng(3, MN_RNG_TEST, 0, 0);
    FILE *file = fopen(a, "w");
    for (int c = 0; c < CONTIGS; c++) {
        if (!bases[c]) assert_int_equal(mn_mem_new((void **)&bases[c], lengths[c], 1, &err), MN_OK);
        for (int64_t i = 0, run = 0; i < lengths[c]; i++) {
            if (!run && !mn_rng_below(&rng, 3000)) run = 1 + mn_rng_below(&rng, 200);
            bases[c][i] = run ? run--, MN_BASE_N : (uint8_t)mn_rng_below(&rng, 4);
        }
        if (c == 2) fclose(file), file = fopen(b, "w");
        write_contig(file, c);
    }
    fclose(file);
    mn_genome_t *genome;
    const char *paths[] = {a, b};
    assert_int_equal(mn_genome_open(paths, 2, &genome, &err), MN_OK);
    return genome;
}

static void test_names(void **state) {
    (void)state;
    mn_genome_t *genome = open_genome();
    mn_contigs_t contigs = mn_genome_contigs(genome);
    static const struct {
        const char *name;
        int64_t contig;
    } cases[] = {{"chr1", 0},    {"1", 0},  {"2", 1},     {"chr2", 1}, {"chrM", 2},  {"MT", 2},
                 {"MtDNA", 2},   {"M", 2},  {"T9.4", 3},  {"T9", 3},   {"T9.5", -1}, {"T", -1},
                 {"chr20.3", 4}, {"20", 4}, {"chr3", -1}, {"", -1},    {"chr", -1},  {".1", -1}};
    assert_int_equal(contigs.n, CONTIGS);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(contigs.find(contigs.ctx, cases[i].name), cases[i].contig);
    for (int c = 0; c < CONTIGS; c++) {
        assert_int_equal(contigs.length(contigs.ctx, c), lengths[c]);
        assert_string_equal(contigs.name(contigs.ctx, c), names[c]);
        assert_string_equal(strrchr(mn_genome_path(genome, c), '/'), c < 2 ? "/a.fa" : "/b.fa");
    }
    mn_genome_free(genome);
}

/* Few spans far apart are looked up, many are read through: either way they are the contigs' own bases. */
static void test_spans(void **state) {
    (void)state;
    mn_genome_t *genome = open_genome();
    mn_rng_t rng = mn_rng(4, MN_RNG_TEST, 0, 0);
    for (int round = 0; round < 6; round++) {
        enum { MOST = 600 };
        mn_span_t spans[MOST];
        int64_t n = round < 3 ? 2 : MOST;
        for (int64_t i = 0; i < n; i++) {
            int64_t c = round == 0 ? 0 : mn_rng_below(&rng, CONTIGS), length = lengths[c];
            int64_t start = round == 0 ? i * (length - 50) : mn_rng_below(&rng, length);
            int64_t most = length - start < 300000 / n ? length - start : 300000 / n;
            spans[i] = (mn_span_t){c, start, start + 1 + mn_rng_below(&rng, most), NULL};
            void *to;
            assert_int_equal(mn_mem_new(&to, spans[i].end - spans[i].start, 1, &err), MN_OK);
            spans[i].bases = to;
        }
        assert_int_equal(mn_genome_read(genome, spans, n, NULL, NULL, &err), MN_OK);
        for (int64_t i = 0; i < n; i++) {
            const mn_span_t *s = &spans[i];
            assert_memory_equal(s->bases, bases[s->contig] + s->start, (size_t)(s->end - s->start));
            mn_mem_free(s->bases);
        }
    }
    mn_genome_free(genome);
}

/* An index whose contigs stand in another order than the file's is found out. */
static void test_stale_index(void **state) {
    (void)state;
    uint8_t to[8];
    char path[128];
    snprintf(path, sizeof path, "%s", put("s.fa", ">x\nACGT\n>y\nGGCC\n"));
    put("s.fa.fai", "y\t4\t11\t4\t5\nx\t4\t3\t4\t5\n");
    const char *paths[] = {path};
    mn_genome_t *genome;
    assert_int_equal(mn_genome_open(paths, 1, &genome, &err), MN_OK);
    mn_span_t spans[] = {{0, 0, 4, to}, {1, 0, 4, to + 4}};
    assert_int_equal(mn_genome_read(genome, spans, 2, NULL, NULL, &err), MN_INPUT);
    assert_non_null(strstr(err.what, "index"));
    mn_genome_free(genome);
}

/* ---- assemblies and lists */

static int64_t one_find(void *ctx, const char *name) {
    return strcmp(name, "chr20") ? -1 : 0;
}
static const char *one_name(void *ctx, int64_t index) {
    return "chr20";
}
static int64_t one_length(void *ctx, int64_t index) {
    return *(int64_t *)ctx;
}

static void test_assembly(void **state) {
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {{"ftp://x/Homo_sapiens.GRCh38.dna.toplevel.fa.gz", "GRCh38"},
                 {"hg19", "GRCh37"},
                 {"Drosophila_melanogaster.BDGP6.28.dna.toplevel.fa.gz", "BDGP6"},
                 {"GRCm38.p6", "GRCm38"},
                 {"hg38_full", "GRCh38"},
                 {"ce11", "WBcel235"},
                 {"ce110", NULL},
                 {"xhg38", NULL},
                 {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const mn_assembly_t *found = mn_assembly_named(cases[i].text);
        assert_int_equal(found != NULL, cases[i].name != NULL);
        if (found) assert_string_equal(mn_assembly_name(found), cases[i].name);
    }
    int64_t length = 63025520; /* of chromosome 20 in GRCh37 */
    mn_contigs_t contigs = {&length, "x.fa", 1, one_find, one_name, one_length};
    assert_string_equal(mn_assembly_name(mn_assembly_of(&contigs)), "GRCh37");
    assert_int_equal(mn_assembly_length(mn_assembly_named("GRCh38"), "20"), 64444167);
    assert_int_equal(mn_assembly_length(mn_assembly_named("GRCh38"), "chrM"), -1);
    length++;
    assert_null(mn_assembly_of(&contigs));
}

static void test_metadata(void **state) {
    (void)state;
    char url[MN_LISTS_URL_MAX];
    assert_int_equal(mn_lists_url(folder, "a", url, &err), MN_OK);
    assert_string_equal(url, "");
    put("metadata.yaml",
        "classes:\n  a:\n    type: fa.gz\n    url: http://x/a.fa\n  'b':\n    url: \"http://x/b.fa\"  \n"
        "  c:\n    type: x\nversion: 0\nurl: http://x/whole.fa\n");
    assert_int_equal(mn_lists_url(folder, "a", url, &err), MN_OK);
    assert_string_equal(url, "http://x/a.fa");
    assert_int_equal(mn_lists_url(folder, "b", url, &err), MN_OK);
    assert_string_equal(url, "http://x/b.fa");
    for (const char *label = "c\0d\0"; *label; label += 2) {
        assert_int_equal(mn_lists_url(folder, label, url, &err), MN_OK);
        assert_string_equal(url, "");
    }
    put("metadata.yaml", ":\n a:\n  url:\n\"':\n\n    :  a  :  \n  url: '\n");
    assert_int_equal(mn_lists_url(folder, "a", url, &err), MN_OK);
}

/* ---- genes */

static void test_gff(void **state) {
    (void)state;
    static const char gff3[] = "##gff-version 3\n#!genome-build GRCh38.p13\n"
                               "chr1\tx\tgene\t11\t90\t.\t+\t.\tID=gene:g;Name=n\n"
                               "chr1\tx\tmRNA\t11\t90\t.\t+\t.\tID=t1;Parent=gene:g\n"
                               "chr1\tx\tCDS\t21\t30\t.\t+\t0\tNote=ID=no;Parent=t1,t2\n"
                               "chr1\tx\tbiological_region\t1\t1000\t.\t.\t.\tID=r\n"
                               "chr2\tx\tfive_prime_UTR\t5\t5\t.\t-\t.\tParent=t3\n##FASTA\n>chr1\nACGT\n";
    static const char gtf[] = "chr1\tx\texon\t11\t90\t.\t+\t.\tgene_id \"g\"; transcript_id \"t1\";\r\n"
                              "chr1\tx\tstart_codon\t21\t23\t.\t+\t.\ttranscript_id \"t1\"; gene_id \"g\"\n"
                              "chr1\tx\tgene\t11\t90\t.\t+\t.\tgene_id \"g\";\n";
    mn_gff_t *gff;
    assert_int_equal(mn_gff_read(put("g.gff3", gff3), &gff, &err), MN_OK);
    assert_int_equal(gff->n, 4);
    assert_string_equal(gff->build, "GRCh38.p13");
    assert_int_equal(gff->features[0].start, 10);
    assert_int_equal(gff->features[0].end, 90);
    assert_int_equal(gff->features[1].kind, MN_GFF_TRANSCRIPT);
    assert_int_equal(gff->features[2].kind, MN_GFF_CODING);
    assert_int_equal(gff->features[2].group, gff->features[1].group);
    assert_string_equal(mn_names_text(&gff->groups, gff->features[0].group), "gene:g");
    assert_string_equal(mn_names_text(&gff->contigs, gff->features[3].contig), "chr2");
    assert_int_equal(gff->features[3].kind, MN_GFF_UTR);
    assert_int_equal(gff->features[3].strand, '-');
    mn_gff_free(gff);
    assert_int_equal(mn_gff_read(put("g.gtf", gtf), &gff, &err), MN_OK);
    assert_int_equal(gff->n, 3);
    assert_int_equal(gff->features[0].group, gff->features[1].group);
    assert_int_equal(gff->features[1].kind, MN_GFF_CODING);
    assert_string_equal(mn_names_text(&gff->groups, gff->features[2].group), "g");
    mn_gff_free(gff);
    char deep[240] = ""; /* features without a name are groups of their own, whatever the path's length */
    while (strlen(folder) + strlen(deep) < 205) strcat(deep, "/.");
    put("u.gff3", "c\t.\texon\t1\t9\t.\t+\t.\t.\nc\t.\texon\t20\t29\t.\t+\t.\t.\n");
    char path[320];
    snprintf(path, sizeof path, "%s%s/u.gff3", folder, deep);
    assert_int_equal(mn_gff_read(path, &gff, &err), MN_OK);
    assert_int_equal(gff->groups.n, 2);
    mn_gff_free(gff);
    assert_int_equal(mn_gff_read(put("e.gff3", "##gff-version 3\n"), &gff, &err), MN_INPUT);
}

/* Genes of some exons all over contigs 0 and 4. */
static mn_gff_t *make_genes(void) {
    enum { GENES = 400 };
    static char text[GENES * 400];
    mn_rng_t rng = mn_rng(5, MN_RNG_TEST, 0, 0);
    size_t used = 0;
    for (int g = 0; g < GENES; g++) {
        int c = g % 20 ? 0 : 4;
        int64_t at = 1 + mn_rng_below(&rng, lengths[c] - 6000);
        for (int e = 0; e < 4; e++, at += 1 + mn_rng_below(&rng, 500)) {
            int64_t end = at + mn_rng_below(&rng, 900);
            used += (size_t)snprintf(text + used, sizeof text - used, "%s\tx\t%s\t%lld\t%lld\t.\t%c\t.\tParent=g%d\n",
                                     names[c], e ? "CDS" : "UTR", (long long)at, (long long)end, g % 2 ? '-' : '+', g);
            at = end;
        }
    }
    mn_gff_t *gff;
    assert_int_equal(mn_gff_read(put("many.gff3", text), &gff, &err), MN_OK);
    return gff;
}

/* The step of the share of G and C that windows are matched by. */
static int64_t find_step(const mn_place_t *place) {
    int64_t gc = 0, n = 0;
    for (int64_t i = place->start; i < place->end; i++) {
        uint8_t id = bases[place->contig][i];
        gc += id == MN_BASE_C || id == MN_BASE_G;
        n += id == MN_BASE_N;
    }
    assert_true(10 * n <= place->end - place->start);
    return gc * 50 / (place->end - place->start - n);
}

static bool in_gene(const mn_gff_t *gff, const mn_place_t *place) {
    for (int64_t i = 0; i < gff->n; i++) { /* the genes here are of one run of features */
        int64_t last = i;
        while (last + 1 < gff->n && gff->features[last + 1].group == gff->features[i].group) last++;
        int64_t contig = strcmp(mn_names_text(&gff->contigs, gff->features[i].contig), "chr1") ? 4 : 0;
        if (contig == place->contig && gff->features[i].start < place->end && place->start < gff->features[last].end)
            return true;
        i = last;
    }
    return false;
}

static void check_set(const mn_labelled_t *set, const mn_gff_t *gff, int feature, int64_t length) {
    int64_t steps[MN_SPLIT_COUNT][51] = {{0}}, rows[2] = {0};
    for (int64_t i = 0; i < set->n; i++) {
        const mn_place_t *place = &set->places[i];
        bool positive = !strcmp(set->classes[set->labels[i]], mn_windows_features[feature]);
        assert_int_equal(place->end - place->start, length);
        assert_true(place->start >= 0 && place->end <= lengths[place->contig]);
        rows[positive]++;
        steps[set->splits[i]][find_step(place)] += positive ? 1 : -1;
        if (!positive) assert_false(in_gene(gff, place));
        if (positive && feature != MN_WINDOWS_PROMOTER) assert_true(in_gene(gff, place));
        bool test = place->contig == 0 && place->end > LONG / 2;
        assert_int_equal(set->splits[i], test ? MN_SPLIT_TEST : MN_SPLIT_TRAIN);
        for (int64_t j = 0; j < i; j++) { /* no two of a class and strand share a base */
            const mn_place_t *other = &set->places[j];
            if (set->labels[j] == set->labels[i] && other->contig == place->contig && other->strand == place->strand)
                assert_true(other->end <= place->start || place->end <= other->start);
        }
    }
    assert_int_equal(rows[0], rows[1]);
    for (int s = 0; s < MN_SPLIT_COUNT; s++)
        for (int b = 0; b < 51; b++) assert_int_equal(steps[s][b], 0);
}

static bool same_places(const mn_labelled_t *a, const mn_labelled_t *b) {
    for (int64_t i = 0; i < a->n && i < b->n; i++)
        if (a->places[i].start != b->places[i].start || a->places[i].strand != b->places[i].strand) return false;
    return a->n == b->n;
}

static void test_windows(void **state) {
    (void)state;
    mn_genome_t *genome = open_genome();
    mn_gff_t *gff = make_genes();
    mn_region_t half = {0, LONG / 2, LONG, false};
    const mn_regions_t test = {&half, 1, 1};
    for (int feature = 0; feature < 3; feature++) {
        mn_labelled_t *sets[3];
        for (int i = 0; i < 3; i++) {
            mn_windows_options_t options = {feature, 100, 300, i ? i : 1, &test, false};
            mn_windows_found_t found;
            assert_int_equal(mn_windows_draw(genome, gff, &options, &sets[i], &found, &err), MN_OK);
            assert_int_equal(sets[i]->n, 2 * found.drawn);
            assert_true(found.drawn > 150 && found.drawn <= 300);
            check_set(sets[i], gff, feature, 100);
        }
        assert_int_equal(sets[0]->n, sets[1]->n); /* seeds 1, 1 and 2 */
        assert_true(same_places(sets[0], sets[1]));
        assert_false(same_places(sets[0], sets[2]));
        for (int i = 0; i < 3; i++) mn_labelled_free(sets[i]);
    }
    mn_gff_free(gff);
    mn_genome_free(genome);
}

static int free_bases(void **state) {
    for (int c = 0; c < CONTIGS; c++) mn_mem_free(bases[c]);
    return remove_folder(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),       cmocka_unit_test(test_spans),
                                       cmocka_unit_test(test_stale_index), cmocka_unit_test(test_assembly),
                                       cmocka_unit_test(test_metadata),    cmocka_unit_test(test_gff),
                                       cmocka_unit_test(test_windows)};
    return cmocka_run_group_tests(tests, make_folder, free_bases);
}
