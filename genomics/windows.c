/* windows: intervals of features and of what lies between genes, cut, read for their composition, and paired. */
#include "genomics/windows.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 50, BATCH_BASES = 1 << 26 }; /* BINS: steps of the share of G and C */

const char *const mn_windows_features[] = {"coding", "exon", "promoter", NULL};

/* An interval of a contig, or a window. */
typedef struct part {
    int64_t start, end;
    int32_t contig;
    char strand;
    bool drawn;
    uint8_t split; /* mn_split_t */
    int8_t bin;    /* -1: too many N */
} part_t;

typedef struct parts {
    part_t *items;
    int64_t n, cap;
} parts_t;

typedef struct draw {
    mn_genome_t *genome;
    mn_contigs_t contigs;
    const mn_gff_t *gff;
    const mn_windows_options_t *options;
    int64_t *map; /* contigs of gff to those of the genome */
    parts_t genes, windows[2];
    mn_err_t *err;
} draw_t;

static mn_status_t add_part(draw_t *d, parts_t *parts, int64_t contig, int64_t start, int64_t end, char strand) {
    mn_status_t status =
        mn_mem_reserve((void **)&parts->items, &parts->cap, parts->n + 1, sizeof *parts->items, d->err);
    if (!status)
        parts->items[parts->n++] = (part_t){.start = start, .end = end, .contig = (int32_t)contig, .strand = strand};
    return status;
}

/* By strand, contig and place. */
static int compare_parts(const void *a, const void *b) {
    const part_t *x = a, *y = b;
    if (x->strand != y->strand) return x->strand < y->strand ? -1 : 1;
    if (x->contig != y->contig) return x->contig < y->contig ? -1 : 1;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static void sort_parts(parts_t *parts) {
    if (parts->n) qsort(parts->items, (size_t)parts->n, sizeof *parts->items, compare_parts);
}

static bool same_place(const part_t *a, const part_t *b) {
    return a->strand == b->strand && a->contig == b->contig;
}

/* Sorts, and makes one of those that overlap or touch on the same strand. */
static void merge_parts(parts_t *parts) {
    int64_t n = 0;
    sort_parts(parts);
    for (int64_t i = 0; i < parts->n; i++) {
        part_t *last = n ? &parts->items[n - 1] : NULL, *part = &parts->items[i];
        if (!last || !same_place(last, part) || part->start > last->end)
            parts->items[n++] = *part;
        else if (part->end > last->end)
            last->end = part->end;
    }
    parts->n = n;
}

/* ---- genes */

static mn_status_t check_feature(const draw_t *d, const mn_gff_feature_t *feature) {
    int64_t contig = d->map[feature->contig],
            length = contig < 0 ? INT64_MAX : d->contigs.length(d->contigs.ctx, contig);
    if (feature->end <= length) return MN_OK;
    return mn_err_set(d->err, MN_INPUT, mn_genome_path(d->genome, contig), "is the annotation of another assembly?",
                      "a feature of '%.60s' ends at %" PRId64 ", beyond the end of '%.60s', %" PRId64,
                      mn_names_text(&d->gff->groups, feature->group), feature->end,
                      d->contigs.name(d->contigs.ctx, contig), length);
}

/* The genes: one for each group, from its first base to its last; a feature on another contig than its group's first
 * stands alone. */
static mn_status_t find_genes(draw_t *d) {
    const mn_gff_t *gff = d->gff;
    int64_t *gene; /* of each group, 1 + index; 0: none yet */
    mn_status_t status = mn_mem_new((void **)&gene, gff->groups.n, sizeof *gene, d->err);
    for (int64_t i = 0; !status && i < gff->n; i++) {
        const mn_gff_feature_t *f = &gff->features[i];
        int64_t contig = d->map[f->contig];
        if (contig < 0 || (status = check_feature(d, f))) continue;
        part_t *known = gene[f->group] ? &d->genes.items[gene[f->group] - 1] : NULL;
        if (known && known->contig == contig) {
            if (f->start < known->start) known->start = f->start;
            if (f->end > known->end) known->end = f->end;
        } else {
            status = add_part(d, &d->genes, contig, f->start, f->end, f->strand);
            if (!known) gene[f->group] = d->genes.n;
        }
    }
    mn_mem_free(gene);
    return status;
}

/* ---- cutting */

/* Windows side by side in the middle of an interval. */
static mn_status_t cut_windows(draw_t *d, parts_t *to, const part_t *from) {
    int64_t length = d->options->length, room = from->end - from->start;
    mn_status_t status = MN_OK;
    for (int64_t at = from->start + room % length / 2; !status && at + length <= from->end; at += length)
        status = add_part(d, to, from->contig, at, at + length, from->strand);
    return status;
}

static mn_status_t cut_features(draw_t *d) {
    mn_gff_kind_t kind = d->options->feature == MN_WINDOWS_CODING ? MN_GFF_CODING : MN_GFF_EXON;
    parts_t covered = {0};
    mn_status_t status = MN_OK;
    bool exons = false;
    for (int64_t i = 0; i < d->gff->n; i++) exons |= d->gff->features[i].kind == MN_GFF_EXON;
    for (int64_t i = 0; !status && i < d->gff->n; i++) {
        const mn_gff_feature_t *f = &d->gff->features[i];
        /* where exons are not spelled out, the coding and untranslated parts are what they hold */
        bool of_kind =
            f->kind == kind || (kind == MN_GFF_EXON && !exons && (f->kind == MN_GFF_CODING || f->kind == MN_GFF_UTR));
        if (of_kind && d->map[f->contig] >= 0)
            status = add_part(d, &covered, d->map[f->contig], f->start, f->end, f->strand == '-' ? '-' : '+');
    }
    merge_parts(&covered);
    for (int64_t i = 0; !status && i < covered.n; i++) status = cut_windows(d, &d->windows[0], &covered.items[i]);
    mn_mem_free(covered.items);
    return status;
}

static mn_status_t cut_promoters(draw_t *d) {
    int64_t length = d->options->length, before = length / 5 * 4, behind = length - before;
    parts_t all = {0};
    mn_status_t status = MN_OK;
    for (int64_t i = 0; !status && i < d->genes.n; i++) {
        const part_t *gene = &d->genes.items[i];
        int64_t start = gene->strand == '-' ? gene->end - behind : gene->start - before;
        if (start < 0 || start + length > d->contigs.length(d->contigs.ctx, gene->contig)) continue;
        status = add_part(d, &all, gene->contig, start, start + length, gene->strand == '-' ? '-' : '+');
    }
    sort_parts(&all);
    const part_t *last = NULL;
    for (int64_t i = 0; !status && i < all.n; i++) {
        const part_t *part = &all.items[i];
        if (last && same_place(last, part) && part->start < last->end) continue;
        status = add_part(d, &d->windows[0], part->contig, part->start, part->end, part->strand);
        last = part;
    }
    mn_mem_free(all.items);
    return status;
}

/* Between the genes and the windows that were cut, on contigs with genes. Empty parts stand at the contigs' ends. */
static mn_status_t cut_intergenic(draw_t *d) {
    parts_t taken = {0};
    mn_status_t status = MN_OK;
    for (int64_t i = 0; !status && i < d->genes.n + d->windows[0].n; i++) {
        const part_t *p = i < d->genes.n ? &d->genes.items[i] : &d->windows[0].items[i - d->genes.n];
        int64_t length = d->contigs.length(d->contigs.ctx, p->contig);
        bool first = !taken.n || taken.items[taken.n - 1].contig != p->contig;
        if (first) status = add_part(d, &taken, p->contig, 0, 0, '.');
        if (first && !status) status = add_part(d, &taken, p->contig, length, length, '.');
        if (!status) status = add_part(d, &taken, p->contig, p->start, p->end, '.');
    }
    merge_parts(&taken);
    for (int64_t i = 1; !status && i < taken.n; i++) {
        const part_t *last = &taken.items[i - 1], *next = &taken.items[i];
        part_t gap = {.start = last->end, .end = next->start, .contig = last->contig, .strand = '.'};
        if (next->contig == last->contig) status = cut_windows(d, &d->windows[1], &gap);
    }
    mn_mem_free(taken.items);
    return status;
}

/* ---- composition */

/* The step of the share of G and C; -1: too many N. */
static int8_t find_bin(const uint8_t *bases, int64_t n) {
    int64_t gc = 0, blank = 0;
    for (int64_t i = 0; i < n; i++) {
        gc += bases[i] == MN_BASE_C || bases[i] == MN_BASE_G;
        blank += bases[i] == MN_BASE_N;
    }
    if (10 * blank > n) return -1;
    int64_t bin = gc * BINS / (n - blank);
    return (int8_t)(bin < BINS ? bin : BINS - 1);
}

static mn_status_t read_bins(draw_t *d, parts_t *windows) {
    int64_t length = d->options->length, most = BATCH_BASES / length ? BATCH_BASES / length : 1;
    if (most > windows->n) most = windows->n;
    uint8_t *bases = NULL;
    mn_span_t *spans = NULL;
    mn_status_t status = mn_mem_new((void **)&spans, most, sizeof *spans, d->err);
    if (!status) status = mn_mem_new((void **)&bases, most, length, d->err);
    for (int64_t at = 0; !status && at < windows->n; at += most) {
        int64_t n = windows->n - at < most ? windows->n - at : most;
        for (int64_t i = 0; i < n; i++) {
            const part_t *w = &windows->items[at + i];
            spans[i] = (mn_span_t){w->contig, w->start, w->end, bases + i * length};
        }
        status = mn_genome_read(d->genome, spans, n, NULL, NULL, d->err);
        for (int64_t i = 0; !status && i < n; i++) windows->items[at + i].bin = find_bin(bases + i * length, length);
    }
    mn_mem_free(spans);
    mn_mem_free(bases);
    return status;
}

/* ---- pairs */

/* Numbers of windows by split and bin, each list in a random order. */
typedef struct piles {
    int64_t *order, begin[MN_SPLIT_COUNT * BINS + 1], used[MN_SPLIT_COUNT * BINS];
} piles_t;

static int find_pile(const part_t *window) {
    return window->split * BINS + window->bin;
}

static mn_status_t pile_windows(const draw_t *d, const parts_t *windows, piles_t *piles) {
    int64_t *drawn, next[MN_SPLIT_COUNT * BINS];
    *piles = (piles_t){0};
    mn_status_t status = mn_mem_new((void **)&piles->order, windows->n, sizeof *piles->order, d->err);
    if (status || (status = mn_mem_new((void **)&drawn, windows->n, sizeof *drawn, d->err))) return status;
    mn_rng_permute(mn_rng((uint64_t)d->options->seed, MN_RNG_WINDOW, 1, 0), drawn, windows->n);
    for (int64_t i = 0; i < windows->n; i++)
        if (windows->items[i].bin >= 0) piles->begin[find_pile(&windows->items[i]) + 1]++;
    for (int i = 0; i < MN_SPLIT_COUNT * BINS; i++) {
        piles->begin[i + 1] += piles->begin[i];
        next[i] = piles->begin[i];
    }
    for (int64_t i = 0; i < windows->n; i++) {
        const part_t *window = &windows->items[drawn[i]];
        if (window->bin >= 0) piles->order[next[find_pile(window)]++] = drawn[i];
    }
    mn_mem_free(drawn);
    return MN_OK;
}

/* Gives each window of the feature, in a random order, an intergenic one of its split and composition. */
static mn_status_t draw_pairs(draw_t *d, mn_windows_found_t *found) {
    parts_t *windows = d->windows;
    piles_t piles;
    int64_t *order;
    mn_status_t status = pile_windows(d, &windows[1], &piles);
    if (status || (status = mn_mem_new((void **)&order, windows[0].n, sizeof *order, d->err))) {
        mn_mem_free(piles.order);
        return status;
    }
    mn_rng_permute(mn_rng((uint64_t)d->options->seed, MN_RNG_WINDOW, 0, 0), order, windows[0].n);
    for (int64_t i = 0; i < windows[0].n && (!d->options->count || found->drawn < d->options->count); i++) {
        part_t *window = &windows[0].items[order[i]];
        if (window->bin < 0) continue;
        int pile = find_pile(window);
        int64_t at = piles.begin[pile] + piles.used[pile];
        if (at == piles.begin[pile + 1]) continue;
        part_t *other = &windows[1].items[piles.order[at]];
        piles.used[pile]++;
        window->drawn = other->drawn = true;
        other->strand = window->strand;
        found->drawn++;
    }
    mn_mem_free(order);
    mn_mem_free(piles.order);
    return MN_OK;
}

/* ---- the set */

static mn_status_t new_set(const draw_t *d, int64_t n, mn_labelled_t **out) {
    mn_labelled_t *set;
    int64_t number;
    mn_status_t status = mn_mem_new((void **)&set, 1, sizeof *set, d->err);
    if (status) return status;
    *out = set;
    snprintf(set->source, sizeof set->source, "%.200s", d->contigs.path);
    status = mn_mem_new((void **)&set->offsets, n + 1, sizeof *set->offsets, d->err);
    if (!status) status = mn_mem_new((void **)&set->labels, n, sizeof *set->labels, d->err);
    if (!status) status = mn_mem_new((void **)&set->splits, n, sizeof *set->splits, d->err);
    if (!status) status = mn_mem_new((void **)&set->places, n, sizeof *set->places, d->err);
    if (!status) status = mn_mem_new((void **)&set->name_offsets, n, sizeof *set->name_offsets, d->err);
    if (!status) status = mn_mem_new((void **)&set->names, n, 24, d->err);
    if (!status) status = mn_mem_new((void **)&set->classes, 2, sizeof *set->classes, d->err);
    if (!status) status = mn_names_add(&set->files, d->contigs.path, &number, d->err);
    for (int64_t i = 0; !status && i < d->contigs.n; i++)
        status = mn_names_add(&set->contigs, d->contigs.name(d->contigs.ctx, i), &number, d->err);
    return status;
}

static void add_row(mn_labelled_t *set, const part_t *window, int label, int64_t number) {
    int64_t i = set->n++, name = i ? set->name_offsets[i - 1] + (int64_t)strlen(mn_labelled_name(set, i - 1)) + 1 : 0;
    snprintf(set->names + name, 24, "%" PRId64, number);
    set->name_offsets[i] = name;
    set->labels[i] = label;
    set->splits[i] = window->split;
    set->per_split[window->split]++;
    set->places[i] = (mn_place_t){window->start, window->end, window->contig, window->strand, 0, 0};
    set->offsets[i + 1] = set->offsets[i] + (window->end - window->start);
    set->longest = window->end - window->start;
}

static mn_status_t make_set(draw_t *d, int64_t pairs, mn_labelled_t **out) {
    const char *names[2] = {mn_windows_features[d->options->feature], "intergenic"};
    bool swapped = strcmp(names[0], names[1]) > 0; /* classes stand in byte order */
    mn_status_t status = new_set(d, 2 * pairs, out);
    for (int c = 0; !status && c < 2; c++, (*out)->n_classes++)
        status = mn_mem_string(&(*out)->classes[c], names[swapped ? 1 - c : c], d->err);
    if (status) return status;
    for (int split = 0; split < MN_SPLIT_COUNT; split++)
        for (int c = 0; c < 2; c++) {
            const parts_t *windows = &d->windows[swapped ? 1 - c : c];
            int64_t number = 0;
            for (int64_t i = 0; i < windows->n; i++)
                if (windows->items[i].drawn && windows->items[i].split == split)
                    add_row(*out, &windows->items[i], c, ++number);
        }
    return MN_OK;
}

static mn_status_t map_contigs(draw_t *d, mn_windows_found_t *found) {
    int64_t *features = NULL, n = d->gff->contigs.n;
    mn_status_t status = mn_mem_new((void **)&d->map, n, sizeof *d->map, d->err);
    if (!status) status = mn_mem_new((void **)&features, n, sizeof *features, d->err);
    if (status) return status;
    mn_genome_map(d->genome, &d->gff->contigs, d->map);
    for (int64_t i = 0; i < d->gff->n; i++) {
        features[d->gff->features[i].contig]++;
        found->missing += d->map[d->gff->features[i].contig] < 0;
    }
    if (!d->options->skip_missing) status = mn_genome_refuse_missing(&d->gff->contigs, d->map, features, d->err);
    mn_mem_free(features);
    return status;
}

static void set_splits(const draw_t *d, parts_t *windows) {
    const mn_regions_t *test = d->options->test;
    for (int64_t i = 0; test->n && i < windows->n; i++) {
        part_t *w = &windows->items[i];
        w->split = mn_regions_touch(test, w->contig, w->start, w->end) ? MN_SPLIT_TEST : MN_SPLIT_TRAIN;
    }
}

mn_status_t mn_windows_draw(mn_genome_t *genome, const mn_gff_t *gff, const mn_windows_options_t *options,
                            mn_labelled_t **out, mn_windows_found_t *found, mn_err_t *err) {
    draw_t d = {.genome = genome, .contigs = mn_genome_contigs(genome), .gff = gff, .options = options, .err = err};
    *found = (mn_windows_found_t){0};
    *out = NULL;
    mn_status_t status = map_contigs(&d, found);
    if (!status) status = find_genes(&d);
    if (!status) status = options->feature == MN_WINDOWS_PROMOTER ? cut_promoters(&d) : cut_features(&d);
    if (!status) status = cut_intergenic(&d);
    for (int c = 0; !status && c < 2; c++) {
        set_splits(&d, &d.windows[c]);
        status = read_bins(&d, &d.windows[c]);
        found->windows[c] = d.windows[c].n;
        for (int64_t i = 0; i < d.windows[c].n; i++) found->blank[c] += d.windows[c].items[i].bin < 0;
    }
    if (!status) status = draw_pairs(&d, found);
    if (!status && !found->drawn)
        status = mn_err_set(err, MN_INPUT, d.contigs.path, "use a shorter --window, or another --feature",
                            "no pair of windows of %" PRId64 " bases: %" PRId64 " %s, %" PRId64 " intergenic",
                            options->length, d.windows[0].n, mn_windows_features[options->feature], d.windows[1].n);
    if (!status) status = make_set(&d, found->drawn, out);
    if (status) {
        mn_labelled_free(*out);
        *out = NULL;
    }
    mn_mem_free(d.map);
    mn_mem_free(d.genes.items);
    mn_mem_free(d.windows[0].items);
    mn_mem_free(d.windows[1].items);
    return status;
}
