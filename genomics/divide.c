/* divide: by hash, by contig, homology-clean, matched. */
#include "genomics/divide.h"
#include "genomics/base/mem.h"
#include "genomics/split.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

mn_status_t mn_divide_given(const mn_labelled_t *set, uint8_t *parts, mn_err_t *err) {
    if (set->per_split[MN_SPLIT_NONE] == set->n)
        return mn_err_set(err, MN_INPUT, set->source, "draw one with --by hash", "the set has no split");
    for (int64_t i = 0; i < set->n; i++) parts[i] = set->splits[i] == MN_SPLIT_NONE ? MN_SPLIT_TRAIN : set->splits[i];
    return MN_OK;
}

void mn_divide_hash(const mn_labelled_t *set, const double *shares, int64_t n_parts, uint8_t from, uint8_t *parts) {
    for (int64_t i = 0; i < set->n; i++) {
        if (from && parts[i] != from) continue;
        double key = (double)(mn_split_row_key(set, i) >> 11) * 0x1p-53, sum = 0; /* uniform in [0, 1) */
        int64_t p = n_parts - 1;
        for (int64_t q = 0; q < p; q++)
            if (key < (sum += shares[q])) p = q;
        parts[i] = (uint8_t)(p + 1);
    }
}

/* ---- rows by group, and what the parts should hold */

typedef struct groups {
    int64_t n, *of;         /* (rows) the group of each row, -1: left out */
    int64_t *begins, *rows; /* (n + 1) into rows: those of a group together */
    int64_t *order;         /* (n) the largest group first */
    int64_t crowded;        /* as in mn_near_t */
} groups_t;

typedef struct sized {
    int64_t size, group;
} sized_t;

static int compare_sized(const void *a, const void *b) {
    const sized_t *x = a, *y = b;
    return x->size != y->size ? (x->size < y->size ? 1 : -1) : (x->group > y->group) - (x->group < y->group);
}

/* Fills begins, rows and order from n and of. */
static mn_status_t list_groups(groups_t *g, int64_t rows, mn_err_t *err) {
    sized_t *sized = NULL;
    mn_status_t status = mn_mem_new((void **)&g->begins, g->n + 1, sizeof *g->begins, err);
    if (!status) status = mn_mem_new((void **)&g->rows, rows, sizeof *g->rows, err);
    if (!status) status = mn_mem_new((void **)&g->order, g->n, sizeof *g->order, err);
    if (!status) status = mn_mem_new((void **)&sized, g->n, sizeof *sized, err);
    if (!status) {
        for (int64_t i = 0; i < rows; i++)
            if (g->of[i] >= 0) g->begins[g->of[i] + 1]++;
        for (int64_t k = 0; k < g->n; k++) {
            sized[k] = (sized_t){g->begins[k + 1], k};
            g->begins[k + 1] += g->begins[k];
        }
        /* Moved by one, each begin is the cursor of its group, and at the end the begin of the next. */
        memmove(g->begins + 1, g->begins, (size_t)g->n * sizeof *g->begins);
        for (int64_t i = 0; i < rows; i++)
            if (g->of[i] >= 0) g->rows[g->begins[g->of[i] + 1]++] = i;
        qsort(sized, (size_t)g->n, sizeof *sized, compare_sized);
        for (int64_t k = 0; k < g->n; k++) g->order[k] = sized[k].group;
    }
    mn_mem_free(sized);
    return status;
}

static void done_groups(groups_t *g) {
    mn_mem_free(g->of);
    mn_mem_free(g->begins);
    mn_mem_free(g->rows);
    mn_mem_free(g->order);
}

typedef struct ledger {
    const mn_labelled_t *set;
    const groups_t *groups;
    int64_t n_parts;
    double *wanted, *held; /* (n_parts, classes) rows */
    double *counts;        /* (classes) of the present group; zero between */
    int32_t *classes;      /* (classes) those it has */
    int64_t n_classes;     /* how many */
} ledger_t;

static mn_status_t new_ledger(const mn_labelled_t *set, const groups_t *groups, int64_t n_parts, ledger_t *l,
                              mn_err_t *err) {
    *l = (ledger_t){.set = set, .groups = groups, .n_parts = n_parts};
    mn_status_t status = mn_mem_new((void **)&l->wanted, n_parts * set->n_classes, sizeof *l->wanted, err);
    if (!status) status = mn_mem_new((void **)&l->held, n_parts * set->n_classes, sizeof *l->held, err);
    if (!status) status = mn_mem_new((void **)&l->counts, set->n_classes, sizeof *l->counts, err);
    if (!status) status = mn_mem_new((void **)&l->classes, set->n_classes, sizeof *l->classes, err);
    return status;
}

static void done_ledger(ledger_t *l) {
    mn_mem_free(l->wanted);
    mn_mem_free(l->held);
    mn_mem_free(l->counts);
    mn_mem_free(l->classes);
}

static void take_group(ledger_t *l, int64_t group) {
    const groups_t *g = l->groups;
    for (int64_t c = 0; c < l->n_classes; c++) l->counts[l->classes[c]] = 0;
    l->n_classes = 0;
    for (int64_t i = g->begins[group]; i < g->begins[group + 1]; i++) {
        int32_t label = l->set->labels[g->rows[i]];
        if (!l->counts[label]++) l->classes[l->n_classes++] = label;
    }
}

/* What the group taken adds to the misfit, the squared distance from the rows wanted, when `sign` times it joins part p
 * (0-based). */
static double weigh_group(const ledger_t *l, int64_t p, double sign) {
    double sum = 0;
    for (int64_t c = 0; c < l->n_classes; c++) {
        int64_t at = p * l->set->n_classes + l->classes[c];
        double off = l->held[at] - l->wanted[at], more = sign * l->counts[l->classes[c]];
        sum += more * (2 * off + more) / (l->wanted[at] + 1);
    }
    return sum;
}

static void enter_group(ledger_t *l, int64_t p, double sign) {
    for (int64_t c = 0; c < l->n_classes; c++)
        l->held[p * l->set->n_classes + l->classes[c]] += sign * l->counts[l->classes[c]];
}

static int64_t choose_part(const ledger_t *l) {
    int64_t best = 0;
    double least = INFINITY;
    for (int64_t p = 0; p < l->n_parts; p++) {
        double weight = weigh_group(l, p, 1);
        if (weight < least) least = weight, best = p;
    }
    return best;
}

/* ---- contigs */

mn_status_t mn_divide_contigs(const mn_labelled_t *set, const double *shares, int64_t n_parts, const uint8_t *given,
                              uint8_t *parts, mn_err_t *err) {
    groups_t g = {.n = set->contigs.n};
    ledger_t l = {0};
    mn_status_t status = mn_mem_new((void **)&g.of, set->n, sizeof *g.of, err);
    for (int64_t i = 0; !status && i < set->n; i++) {
        if (!set->places || set->places[i].contig < 0)
            status = mn_err_set(err, MN_INPUT, set->source, "give columns region, start and end, or divide by hash",
                                "row %" PRId64 " does not say on which chromosome it lies", i + 1);
        else
            g.of[i] = set->places[i].contig;
    }
    if (!status) status = list_groups(&g, set->n, err);
    if (!status) status = new_ledger(set, &g, n_parts, &l, err);
    for (int64_t i = 0; !status && i < set->n; i++)
        for (int64_t p = 0; p < n_parts; p++) l.wanted[p * set->n_classes + set->labels[i]] += shares[p];
    for (int pass = 0; !status && pass < 2; pass++) /* what is given first */
        for (int64_t k = 0; k < g.n; k++) {
            int64_t contig = g.order[k];
            if (!given[contig] != (pass > 0)) continue;
            take_group(&l, contig);
            int64_t p = pass ? choose_part(&l) : given[contig] - 1;
            enter_group(&l, p, 1);
            for (int64_t i = g.begins[contig]; i < g.begins[contig + 1]; i++) parts[g.rows[i]] = (uint8_t)(p + 1);
        }
    done_ledger(&l);
    done_groups(&g);
    return status;
}

/* ---- homology-clean */

/* The representative of a node's group: the smallest node, so that groups are in the order of keys. */
static int64_t find_root(int64_t *parent, int64_t node) {
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
}

static void join_nodes(int64_t *parent, int64_t a, int64_t b) {
    a = find_root(parent, a), b = find_root(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

/* Joins what overlaps on a contig. */
static mn_status_t join_overlaps(const mn_labelled_t *set, const mn_distinct_t *distinct, const uint8_t *parts,
                                 int64_t *parent, mn_err_t *err) {
    mn_placed_t *rows;
    int64_t n;
    mn_status_t status = mn_placed_list(set, parts, &rows, &n, err);
    if (status) return status;
    for (int64_t i = 1, reach = 0; i < n; i++) { /* reach: the row before i that ends last on its contig */
        if (rows[reach].at.contig == rows[i].at.contig && rows[i].at.start < rows[reach].at.end)
            join_nodes(parent, distinct->of[rows[i].row], distinct->of[rows[reach].row]);
        if (rows[reach].at.contig != rows[i].at.contig || rows[i].at.end > rows[reach].at.end) reach = i;
    }
    mn_mem_free(rows);
    return status;
}

static mn_status_t find_groups(const mn_labelled_t *set, double threshold, const uint8_t *parts, groups_t *g,
                               mn_err_t *err) {
    mn_distinct_t distinct = {0};
    mn_near_t near = {0};
    int64_t *parent = NULL, *number = NULL;
    mn_status_t status = mn_distinct_find(set, &distinct, err);
    if (!status && set->bases) status = mn_near_find(set, &distinct, threshold, &near, err);
    if (!status) status = mn_mem_new((void **)&parent, distinct.n, sizeof *parent, err);
    if (!status) status = mn_mem_new((void **)&number, distinct.n, sizeof *number, err);
    if (!status) status = mn_mem_new((void **)&g->of, set->n, sizeof *g->of, err);
    for (int64_t k = 0; !status && k < distinct.n; k++) parent[k] = k;
    g->crowded = near.crowded;
    for (int64_t i = 0; !status && i < near.n; i++) join_nodes(parent, near.pairs[i].a, near.pairs[i].b);
    if (!status) status = join_overlaps(set, &distinct, parts, parent, err);
    for (int64_t k = 0; !status && k < distinct.n; k++) {
        int64_t root = find_root(parent, k);
        number[k] = root == k ? g->n++ : number[root];
    }
    for (int64_t i = 0; !status && i < set->n; i++) g->of[i] = parts[i] ? number[distinct.of[i]] : -1;
    mn_mem_free(parent);
    mn_mem_free(number);
    mn_near_done(&near);
    mn_distinct_done(&distinct);
    return status ? status : list_groups(g, set->n, err);
}

static void set_part(const groups_t *g, int64_t group, int64_t p, uint8_t *parts) {
    for (int64_t i = g->begins[group]; i < g->begins[group + 1]; i++) parts[g->rows[i]] = (uint8_t)(p + 1);
}

/* Moves a group over if the parts then fit better; false: it stays. Every group lies in one part. */
static bool improve_group(ledger_t *l, int64_t group, uint8_t *parts) {
    static const double WORTH = 1e-9; /* beyond rounding */
    const groups_t *g = l->groups;
    if (g->begins[group] == g->begins[group + 1]) return false;
    int64_t from = parts[g->rows[g->begins[group]]] - 1;
    take_group(l, group);
    double leave = weigh_group(l, from, -1);
    enter_group(l, from, -1);
    int64_t to = choose_part(l);
    if (to == from || leave + weigh_group(l, to, 1) > -WORTH) to = from;
    enter_group(l, to, 1);
    if (to != from) set_part(g, group, to, parts);
    return to != from;
}

static bool lies_apart(const groups_t *g, int64_t group, const uint8_t *parts) {
    for (int64_t i = g->begins[group] + 1; i < g->begins[group + 1]; i++)
        if (parts[g->rows[i]] != parts[g->rows[g->begins[group]]]) return true;
    return false;
}

static void deal_groups(ledger_t *l, uint8_t *parts) {
    enum { PASSES = 8 };
    const groups_t *g = l->groups;
    for (int64_t i = 0; i < l->set->n; i++)
        if (parts[i]) l->wanted[(parts[i] - 1) * l->set->n_classes + l->set->labels[i]]++;
    for (int64_t k = 0; k < g->n; k++) {
        if (lies_apart(g, k, parts) || g->begins[k] == g->begins[k + 1]) continue;
        take_group(l, k);
        enter_group(l, parts[g->rows[g->begins[k]]] - 1, 1);
    }
    for (int64_t k = 0; k < g->n; k++) {
        if (!lies_apart(g, g->order[k], parts)) continue;
        take_group(l, g->order[k]);
        int64_t p = choose_part(l);
        enter_group(l, p, 1);
        set_part(g, g->order[k], p, parts);
    }
    bool moved = true;
    for (int pass = 0; moved && pass < PASSES; pass++) {
        moved = false;
        for (int64_t k = 0; k < g->n; k++) moved |= improve_group(l, k, parts);
    }
}

mn_status_t mn_divide_clean(const mn_labelled_t *set, double threshold, int64_t n_parts, uint8_t *parts,
                            mn_divided_t *out, mn_err_t *err) {
    groups_t g = {0};
    ledger_t l = {0};
    uint8_t *before = NULL;
    mn_status_t status = find_groups(set, threshold, parts, &g, err);
    if (!status) status = new_ledger(set, &g, n_parts, &l, err);
    if (!status) status = mn_mem_new((void **)&before, set->n, 1, err);
    if (!status) {
        memcpy(before, parts, (size_t)set->n);
        *out = (mn_divided_t){0};
        for (int64_t k = 0; k < g.n; k++)
            if (lies_apart(&g, k, parts)) out->torn += g.begins[k + 1] - g.begins[k];
        deal_groups(&l, parts);
        for (int64_t k = 0; k < g.n; k++) out->groups += g.begins[k + 1] > g.begins[k];
        out->crowded = g.crowded;
        if (g.n) out->largest = g.begins[g.order[0] + 1] - g.begins[g.order[0]];
        for (int64_t i = 0; i < set->n; i++) out->moved += parts[i] != before[i];
    }
    mn_mem_free(before);
    done_ledger(&l);
    done_groups(&g);
    return status;
}

/* ---- matched in length and GC */

typedef struct matched {
    int64_t length, row;
    uint64_t key;
    float gc;
    uint8_t part;
} matched_t;

static int compare_matched_keys(const void *a, const void *b) {
    const matched_t *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int compare_lengths(const void *a, const void *b) {
    const matched_t *x = a, *y = b;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return compare_matched_keys(a, b);
}

static int compare_gc(const void *a, const void *b) {
    const matched_t *x = a, *y = b;
    if (x->gc != y->gc) return x->gc < y->gc ? -1 : 1;
    return compare_matched_keys(a, b);
}

static float share_gc(const mn_labelled_t *set, int64_t row) {
    int64_t count[5];
    mn_labelled_count(set, row, count);
    int64_t known = mn_labelled_length(set, row) - count[MN_BASE_N];
    return known ? (float)(count[MN_BASE_C] + count[MN_BASE_G]) / (float)known : 0;
}

/* Of each class as many of a cell's rows[0..n) as of the rarest, those of the smallest keys; counts[classes] is
 * scratch.
 */
static void match_cell(const mn_labelled_t *set, matched_t *rows, int64_t n, const bool *has, int64_t *counts,
                       uint8_t *parts) {
    int64_t least = n;
    memset(counts, 0, (size_t)set->n_classes * sizeof *counts);
    for (int64_t i = 0; i < n; i++) counts[set->labels[rows[i].row]]++;
    for (int64_t c = 0; c < set->n_classes; c++)
        if (has[c] && counts[c] < least) least = counts[c];
    for (int64_t c = 0; c < set->n_classes; c++) counts[c] = least;
    qsort(rows, (size_t)n, sizeof *rows, compare_matched_keys);
    for (int64_t i = 0; i < n; i++)
        if (counts[set->labels[rows[i].row]]-- <= 0) parts[rows[i].row] = 0;
}

/* The rows of one part, by length: bins of lengths, equal ones never apart, then of GC within. */
static void match_part(const mn_labelled_t *set, matched_t *rows, int64_t n, bool length, bool gc, bool *has,
                       int64_t *counts, uint8_t *parts) {
    enum { LENGTHS_MAX = 256, LENGTH_ROWS = 64, SHARES_MAX = 32, SHARE_ROWS = 16 };
    int64_t bins = n / LENGTH_ROWS < 1 || !length ? 1 : n / LENGTH_ROWS < LENGTHS_MAX ? n / LENGTH_ROWS : LENGTHS_MAX;
    memset(has, 0, (size_t)set->n_classes * sizeof *has);
    for (int64_t i = 0; i < n; i++) has[set->labels[rows[i].row]] = true;
    for (int64_t first = 0, last = 0, bin = 1; first < n; first = last, bin++) {
        while (last < n && (last < n * bin / bins || last == first || rows[last].length == rows[last - 1].length))
            last++;
        int64_t in = last - first, cells = !gc || in < SHARE_ROWS ? 1 : in / SHARE_ROWS;
        if (cells > SHARES_MAX) cells = SHARES_MAX;
        if (gc) qsort(rows + first, (size_t)in, sizeof *rows, compare_gc);
        for (int64_t cell = 0; cell < cells; cell++) {
            int64_t from = in * cell / cells, to = in * (cell + 1) / cells;
            match_cell(set, rows + first + from, to - from, has, counts, parts);
        }
    }
}

mn_status_t mn_divide_match(const mn_labelled_t *set, bool length, bool gc, uint8_t *parts, mn_divided_t *out,
                            mn_err_t *err) {
    matched_t *rows = NULL;
    bool *has = NULL;
    int64_t *counts = NULL, n = 0;
    if (gc && !set->bases)
        return mn_err_set(err, MN_INPUT, set->source, "build the sequences first", "intervals have no sequences");
    mn_status_t status = mn_mem_new((void **)&rows, set->n, sizeof *rows, err);
    if (!status) status = mn_mem_new((void **)&has, set->n_classes, sizeof *has, err);
    if (!status) status = mn_mem_new((void **)&counts, set->n_classes, sizeof *counts, err);
    if (!status) {
        for (int64_t i = 0; i < set->n; i++)
            if (parts[i])
                rows[n++] = (matched_t){.length = length ? mn_labelled_length(set, i) : 0,
                                        .row = i,
                                        .key = mn_split_row_key(set, i),
                                        .gc = gc ? share_gc(set, i) : 0,
                                        .part = parts[i]};
        qsort(rows, (size_t)n, sizeof *rows, compare_lengths);
        for (int64_t first = 0, last = 0; first < n; first = last) {
            while (last < n && rows[last].part == rows[first].part) last++;
            match_part(set, rows + first, last - first, length, gc, has, counts, parts);
        }
        *out = (mn_divided_t){.dropped = n};
        for (int64_t i = 0; i < set->n; i++) out->dropped -= parts[i] > 0;
    }
    mn_mem_free(rows);
    mn_mem_free(has);
    mn_mem_free(counts);
    return status;
}
