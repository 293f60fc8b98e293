/* mnemon dataset build: a labelled set from interval lists, or from annotated genes, and the genomes they lie on. */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/lists.h"
#include "genomics/published.h"
#include "genomics/windows.h"
#include "pipelines/commands.h"
#include "pipelines/intervals.h"
#include "pipelines/report.h"
#include <inttypes.h>
#include <string.h>

typedef struct settings {
    mn_common_t common;
    const char *output, *assembly, *annotation;
    mn_strings_t references, test;
    bool skip_missing;
    int feature;
    int64_t window, count;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "the table; compressed (BGZF) if its name ends in .gz",
              .required = true),
    MN_OPTION(settings_t, references, NULL, "reference", LIST, "[CLASS=]FASTA",
              "genome or transcripts, plain or bgzip; several make one genome; CLASS=: of that class alone",
              .required = true),
    MN_OPTION(settings_t, assembly, NULL, "assembly", STRING, "NAME",
              "what the intervals lie on, as GRCh38 or dm6; else as metadata.yaml or the annotation says"),
    MN_OPTION(settings_t, skip_missing, NULL, "skip-missing", FLAG, NULL,
              "leave out and count intervals on contigs that no genome has"),
    MN_OPTION(settings_t, test, NULL, "test-region", LIST, "REGION",
              "contig or contig:beg-end, 1-based inclusive: what touches it is the test split, the rest train"),
    MN_OPTION_HEADING("Windows on genes"),
    MN_OPTION(settings_t, annotation, NULL, "annotation", INPUT, "FILE", "genes, GFF3 or GTF, in place of LISTS"),
    MN_OPTION(settings_t, feature, NULL, "feature", CHOICE, NULL, "what is told from intergenic windows",
              .choices = mn_windows_features, .fallback = "coding"),
    MN_OPTION(settings_t, window, NULL, "window", INT, "N", "bases of a window", .fallback = "200", .min = 20,
              .max = 1e6),
    MN_OPTION(settings_t, count, NULL, "count", INT, "N", "windows of each class, drawn by seed; 0: all that match",
              .fallback = "10k"),
    MN_COMMON_OPTIONS,
    {0}};

/* Everything between the options and the table. */
typedef struct build {
    const mn_args_t *args;
    const settings_t *settings;
    mn_references_t references;
    mn_gff_t *gff; /* NULL: intervals are given */
    mn_labelled_t *set;
    const mn_assembly_t **assemblies; /* of each class; NULL: not said */
    mn_intervals_t placed;
    mn_err_t *err;
} build_t;

/* ---- what is given */

/* The regions of --test-region on the one genome that they can be of. */
static mn_status_t read_test(build_t *b, mn_regions_t *test) {
    const mn_strings_t *texts = &b->settings->test;
    mn_status_t status = MN_OK;
    if (texts->count && b->references.n > 1)
        return mn_err_set(b->err, MN_USAGE, "--test-region", NULL, "wants one genome for all classes");
    mn_contigs_t contigs = mn_genome_contigs(b->references.items[0].genome);
    for (int64_t i = 0; !status && i < texts->count; i++)
        status = mn_regions_add(test, texts->items[i], &contigs, b->err);
    return status;
}

static mn_status_t draw_windows(build_t *b, const mn_regions_t *test) {
    const settings_t *s = b->settings;
    const mn_windows_options_t how = {s->feature, s->window, s->count, s->common.seed, test, s->skip_missing};
    mn_windows_found_t found;
    if (b->args->n_operands)
        return mn_err_set(b->err, MN_USAGE, NULL, "give LISTS, or --annotation, not both", "unexpected argument '%s'",
                          b->args->operands[0]);
    if (b->references.n > 1 || *b->references.items[0].label)
        return mn_err_set(b->err, MN_USAGE, "--reference", NULL, "--annotation wants one genome, without CLASS=");
    mn_status_t status = mn_gff_read(s->annotation, &b->gff, b->err);
    if (!status) status = mn_windows_draw(b->references.items[0].genome, b->gff, &how, &b->set, &found, b->err);
    if (status) return status;
    for (int c = 0; c < 2; c++)
        mn_log(MN_LOG_INFO, "%" PRId64 " %s windows of %" PRId64 " bases, %" PRId64 " left out for their N",
               found.windows[c], c ? "intergenic" : mn_windows_features[s->feature], s->window, found.blank[c]);
    mn_log(MN_LOG_INFO, "%" PRId64 " pairs of one length and share of G and C", found.drawn);
    if (found.missing)
        mn_log(MN_LOG_WARNING, "%" PRId64 " features lie on contigs that the genome lacks", found.missing);
    return MN_OK;
}

/* Rows without a split are test where they touch a region of `test`, else train. */
static mn_status_t split_rows(build_t *b, const mn_regions_t *test) {
    mn_labelled_t *set = b->set;
    int64_t *map;
    if (set->per_split[MN_SPLIT_NONE] < set->n)
        return mn_err_set(b->err, MN_USAGE, "--test-region", "leave it out", "the intervals have a split of their own");
    mn_status_t status = mn_mem_new((void **)&map, set->contigs.n, sizeof *map, b->err);
    if (status) return status;
    mn_genome_map(b->references.items[0].genome, &set->contigs, map);
    for (int64_t i = 0; i < set->n; i++) {
        const mn_place_t *place = &set->places[i];
        bool touches = mn_regions_touch(test, map[place->contig], place->start, place->end);
        set->splits[i] = touches ? MN_SPLIT_TEST : MN_SPLIT_TRAIN;
        set->per_split[MN_SPLIT_NONE]--;
        set->per_split[set->splits[i]]++;
    }
    mn_mem_free(map);
    return MN_OK;
}

static mn_status_t read_intervals(build_t *b, const mn_regions_t *test) {
    const mn_labelled_options_t how = {.intervals = true};
    if (!b->args->n_operands)
        return mn_err_set(b->err, MN_USAGE, NULL, "give a folder of interval lists, CLASS=FILE.bed, or --annotation",
                          "an input is missing");
    mn_status_t status = mn_labelled_read(b->args->operands, b->args->n_operands, &how, &b->set, b->err);
    return status || !test->n ? status : split_rows(b, test);
}

/* ---- the assembly */

static mn_status_t name_assembly(build_t *b, const char *label, const mn_assembly_t **out) {
    char url[MN_LISTS_URL_MAX] = "";
    const char *given = b->settings->assembly;
    if (given && !mn_assembly_named(given))
        return mn_err_set(b->err, MN_USAGE, "--assembly", "leave it out where the assembly is not a usual one",
                          "unknown assembly '%.60s'", given);
    mn_status_t status = MN_OK;
    for (int64_t i = 0; !given && !status && !*url && i < b->args->n_operands; i++)
        status = mn_lists_url(b->args->operands[i], label, url, b->err);
    if (b->gff && !given) given = b->gff->build;
    *out = mn_assembly_named(given ? given : url);
    return status;
}

static mn_status_t name_assemblies(build_t *b) {
    mn_status_t status = mn_mem_new((void **)&b->assemblies, b->set->n_classes, sizeof *b->assemblies, b->err);
    for (int64_t c = 0; !status && c < b->set->n_classes; c++)
        status = name_assembly(b, b->set->classes[c], &b->assemblies[c]);
    return status;
}

/* ---- what is said */

static void say_published(const build_t *b) {
    if (b->args->n_operands != 1) return;
    char name[256];
    snprintf(name, sizeof name, "%s", b->args->operands[0]);
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/';) name[--n] = '\0';
    const mn_published_t *published = mn_published_named(mn_path_base(name));
    const int64_t *n = b->set->per_split;
    if (published && n[MN_SPLIT_TRAIN] == published->train && n[MN_SPLIT_TEST] == published->test)
        mn_log(MN_LOG_INFO, "%" PRId64 " intervals in the lists, as published", b->set->n);
    else if (published)
        mn_log(MN_LOG_WARNING,
               "%" PRId64 " train and %" PRId64 " test intervals in the lists, the published %s has %" PRId64
               " and %" PRId64,
               n[MN_SPLIT_TRAIN], n[MN_SPLIT_TEST], published->name, published->train, published->test);
}

static void say_assembly(const build_t *b) {
    for (int64_t c = 0; c < b->set->n_classes; c++)
        if (b->assemblies[c])
            mn_log(MN_LOG_INFO, "class '%s' is of %s", b->set->classes[c], mn_assembly_name(b->assemblies[c]));
    if (b->placed.unknown)
        mn_log(MN_LOG_INFO,
               "the assembly of %" PRId64 " intervals is not known: their contigs' lengths were not checked",
               b->placed.unknown);
}

static mn_status_t say_counts(const build_t *b) {
    const mn_labelled_t *set = b->set;
    int64_t *rows, in_split[MN_SPLIT_COUNT] = {0};
    mn_status_t status = mn_mem_new((void **)&rows, set->n_classes * MN_SPLIT_COUNT, sizeof *rows, b->err);
    if (status) return status;
    for (int64_t k = 0; k < b->placed.n; k++) {
        int64_t row = b->placed.order[k];
        rows[set->labels[row] * MN_SPLIT_COUNT + set->splits[row]]++;
        in_split[set->splits[row]]++;
    }
    for (int split = 0; split < MN_SPLIT_COUNT; split++)
        for (int64_t c = 0; in_split[split] && c < set->n_classes; c++) {
            int64_t n = rows[c * MN_SPLIT_COUNT + split];
            mn_log(n ? MN_LOG_INFO : MN_LOG_WARNING, "%s, class '%s': %" PRId64 " intervals", mn_split_names[split],
                   set->classes[c], n);
        }
    mn_mem_free(rows);
    return MN_OK;
}

static mn_status_t say_all(const build_t *b) {
    const mn_intervals_t *placed = &b->placed;
    say_published(b);
    say_assembly(b);
    if (placed->n < b->set->n)
        mn_log(MN_LOG_WARNING, "%" PRId64 " of %" PRId64 " intervals are left out: no genome has their contig",
               b->set->n - placed->n, b->set->n);
    if (placed->repeated)
        mn_log(MN_LOG_WARNING, "%" PRId64 " ids were used before in their class and split, first '%.100s'",
               placed->repeated, mn_labelled_name(b->set, placed->repeated_row));
    return say_counts(b);
}

/* ---- the command */

static mn_status_t write_table(build_t *b) {
    mn_sink_t sink;
    mn_status_t status = mn_sink_open(&sink, b->settings->output, mn_par_threads(), b->err);
    if (!status) status = mn_intervals_write(&b->placed, &sink, b->err);
    if (!status) status = mn_sink_commit(&sink, b->err);
    mn_sink_drop(&sink);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    build_t b = {.args = args, .settings = s, .err = err};
    mn_regions_t test = {0};
    mn_status_t status = mn_references_open(s->references.items, s->references.count, &b.references, err);
    if (!status) status = read_test(&b, &test);
    if (!status) status = s->annotation ? draw_windows(&b, &test) : read_intervals(&b, &test);
    if (!status) status = name_assemblies(&b);
    if (!status) status = mn_intervals_place(b.set, &b.references, b.assemblies, s->skip_missing, &b.placed, err);
    if (!status) status = say_all(&b);
    if (!status) status = write_table(&b);
    mn_intervals_done(&b.placed);
    mn_mem_free(b.assemblies);
    mn_labelled_free(b.set);
    mn_gff_free(b.gff);
    mn_regions_done(&test);
    mn_references_close(&b.references);
    return status;
}

const mn_command_t mn_cmd_dataset_build = {
    .name = "dataset build",
    .heading = "Data",
    .summary = "a labelled set from intervals or genes and their genomes",
    .operands = "[LISTS | CLASS=BED...] --reference GENOME -o OUT",
    .max_operands = -1,
    .about =
        "LISTS is a folder as of the genomic-benchmarks package: train/CLASS.csv.gz and test/CLASS.csv.gz with the "
        "columns id, region, start, end (0-based half-open) and strand (empty is +), and metadata.yaml. Or CLASS=FILE "
        "gives the intervals of a class as BED or as such a list; or --annotation cuts windows out of genes: of what "
        "the coding parts or exons cover (where none are named, the coding and untranslated parts), or around the "
        "starts "
        "of transcripts (four fifths before), each matched with an intergenic one of the same length and share of G "
        "and C.\n"
        "Genomes are FASTA, plain or compressed by bgzip; a missing index is built. A set of two species, or of "
        "transcripts and a genome, has a genome for each class: --reference CLASS=FASTA. Names agree with and without "
        "chr, chrM with MT, transcripts with and without a version. Contigs that are not as long as in the assembly "
        "that "
        "metadata.yaml, the annotation or --assembly names are refused, where that is a known one.\n"
        "OUT has a row for each interval, train before test, classes in byte order, else as in the lists: split, "
        "label, id, region, start, end, strand and sequence in upper case; IUPAC codes other than A, C, G, T are N.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples =
        "mnemon dataset build datasets/drosophila_enhancers_stark --reference dm6.fa.gz -o fly.tsv.gz\n"
        "mnemon dataset build datasets/demo_human_or_worm --reference human=GRCh38.fa.gz "
        "--reference worm=WBcel235.fa.gz -o human_or_worm.tsv.gz\n"
        "# peaks against a background, chromosome 8 for the test\n"
        "mnemon dataset build peak=peaks.bed background=other.bed --reference mm10.fa --test-region chr8 -o peaks.tsv\n"
        "# promoters against intergenic windows\n"
        "mnemon dataset build --annotation genes.gtf.gz --feature promoter --window 250 --reference genome.fa.gz "
        "-o promoters.tsv.gz",
    .run = run,
};
