/* audit_leaks: equal rows by key, overlaps by one sweep along each contig and one back, near rows by sketch. */
#include "genomics/audit_leaks.h"
#include "genomics/base/mem.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const double mn_audit_thresholds[MN_AUDIT_NEAR] = {0.5, 0.7, 0.9};

enum { TEST_BIT = 1 << MN_SPLIT_TEST, VALID_BIT = 1 << MN_SPLIT_VALID, TRAIN_BIT = 1 << MN_SPLIT_TRAIN };

/* Rows of `of` are looked for among those of the parts `among`. */
typedef struct comparison {
    mn_split_t of;
    unsigned among;
    const char *scope, *where;
} comparison_t;
static const comparison_t comparisons[] = {{MN_SPLIT_TEST, TRAIN_BIT | VALID_BIT, "test/train", "train or valid"},
                                           {MN_SPLIT_VALID, TRAIN_BIT, "valid/train", "train"}};
enum { COMPARISONS = sizeof comparisons / sizeof *comparisons };

static bool is_among(const mn_audit_view_t *v, int64_t row, unsigned among) {
    return among >> v->parts[row] & 1;
}

static int64_t count_part(const mn_audit_view_t *v, mn_split_t part) {
    int64_t n = 0;
    for (int64_t i = 0; i < v->set->n; i++) n += v->parts[i] == part;
    return n;
}

/* What rows are: "sequence" or "interval". */
static const char *name_rows(const mn_audit_view_t *v) {
    return v->set->bases ? "sequence" : "interval";
}

static mn_audit_level_t judge_share(double share) {
    static const double MUCH = 0.01;
    return share >= MUCH ? MN_AUDIT_WARNING : share > 0 ? MN_AUDIT_NOTE : MN_AUDIT_OK;
}

/* ---- equal rows */

/* Whether a row has the other strand of its distinct sequence's first row. */
static bool is_turned(const mn_audit_view_t *v, int64_t row) {
    const mn_distinct_t *d = v->distinct;
    int64_t first = d->rows[d->begins[d->of[row]]];
    return v->set->bases && memcmp(mn_labelled_row(v->set, first), mn_labelled_row(v->set, row),
                                   (size_t)mn_labelled_length(v->set, row)) != 0;
}

typedef struct repeats {
    int64_t rows, turned; /* of the part, equal to a row among the others; of these, on the other strand alone */
    int64_t both, all;    /* distinct sequences, the strands being one: in both, in either */
} repeats_t;

static repeats_t count_repeats(const mn_audit_view_t *v, const comparison_t *c) {
    const mn_distinct_t *d = v->distinct;
    repeats_t sum = {0};
    for (int64_t k = 0; k < d->n; k++) {
        int64_t of[2] = {0}, among[2] = {0}; /* rows as first written, turned */
        for (int64_t i = d->begins[k]; i < d->begins[k + 1]; i++) {
            bool turned = is_turned(v, d->rows[i]);
            of[turned] += v->parts[d->rows[i]] == c->of;
            among[turned] += is_among(v, d->rows[i], c->among);
        }
        sum.both += of[0] + of[1] && among[0] + among[1];
        sum.all += of[0] + of[1] + among[0] + among[1] > 0;
        for (int turned = 0; turned < 2; turned++) {
            if (among[turned])
                sum.rows += of[turned];
            else if (among[!turned])
                sum.rows += of[turned], sum.turned += of[turned];
        }
    }
    return sum;
}

static mn_status_t add_across(const mn_audit_view_t *v, const comparison_t *c, mn_err_t *err) {
    int64_t of = count_part(v, c->of);
    if (!of) return MN_OK;
    repeats_t r = count_repeats(v, c);
    mn_finding_t f = {.name = "duplicates_across", .reference = NAN, .count = r.rows, .of = of};
    f.value = mn_audit_share(f.count, f.of);
    f.level = judge_share(f.value);
    snprintf(f.scope, sizeof f.scope, "%s", c->scope);
    if (!f.count)
        return mn_audit_add(v->audit, &f, err, "No %s row repeats a row of %s.", mn_split_names[c->of], c->where);
    return mn_audit_add(v->audit, &f, err,
                        "%s of %s %s rows (%s) repeat a row of %s, %s of them on the other strand; %s of %s "
                        "distinct %ss are in both: a model may look them up.",
                        mn_audit_count(f.count), mn_audit_count(of), mn_split_names[c->of], mn_audit_percent(f.value),
                        c->where, mn_audit_count(r.turned), mn_audit_count(r.both), mn_audit_count(r.all),
                        name_rows(v));
}

static mn_status_t add_within(const mn_audit_view_t *v, int part, mn_err_t *err) {
    const mn_distinct_t *d = v->distinct;
    int64_t rows = 0, again = 0, turned = 0;
    for (int64_t k = 0; k < d->n; k++) {
        int64_t first = -1;
        for (int64_t i = d->begins[k]; i < d->begins[k + 1]; i++) {
            if (v->parts[d->rows[i]] != part) continue;
            rows++;
            if (first >= 0) again++, turned += is_turned(v, d->rows[i]) != is_turned(v, first);
            if (first < 0) first = d->rows[i];
        }
    }
    if (!rows) return MN_OK;
    mn_finding_t f = {.name = "duplicates", .reference = NAN, .count = again, .of = rows};
    f.value = mn_audit_share(f.count, f.of);
    f.level = judge_share(f.value);
    snprintf(f.scope, sizeof f.scope, "%s", mn_split_names[part]);
    if (!again)
        return mn_audit_add(v->audit, &f, err, "Within %s no %s comes twice.", mn_audit_part(part), name_rows(v));
    return mn_audit_add(v->audit, &f, err,
                        "Within %s %s of %s rows (%s) repeat an earlier one, %s of them on the other strand.",
                        mn_audit_part(part), mn_audit_count(again), mn_audit_count(rows), mn_audit_percent(f.value),
                        mn_audit_count(turned));
}

static mn_status_t add_labels(const mn_audit_view_t *v, mn_err_t *err) {
    const mn_distinct_t *d = v->distinct;
    int64_t torn = 0, rows = 0;
    for (int64_t k = 0; k < d->n; k++) {
        bool same = true;
        for (int64_t i = d->begins[k] + 1; i < d->begins[k + 1]; i++)
            same &= v->set->labels[d->rows[i]] == v->set->labels[d->rows[d->begins[k]]];
        if (!same) torn++, rows += d->begins[k + 1] - d->begins[k];
    }
    mn_finding_t f = {.name = "duplicates_labels", .scope = "all", .reference = NAN, .count = torn, .of = d->n};
    f.value = mn_audit_share(f.count, f.of);
    f.level = judge_share(f.value);
    if (!torn) return mn_audit_add(v->audit, &f, err, "No %s has two labels.", name_rows(v));
    return mn_audit_add(v->audit, &f, err,
                        "%s of %s distinct %ss have more than one label, in %s rows: not all of these can be right.",
                        mn_audit_count(torn), mn_audit_count(d->n), name_rows(v), mn_audit_count(rows));
}

mn_status_t mn_audit_duplicates(const mn_audit_view_t *view, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int part = 0; !status && part < MN_SPLIT_COUNT; part++)
        if (part || !view->split) status = add_within(view, part, err);
    for (int c = 0; !status && view->split && c < COMPARISONS; c++) status = add_across(view, &comparisons[c], err);
    return status ? status : add_labels(view, err);
}

/* ---- overlaps */

enum { SAME_LABEL = 1, OTHER_LABEL = 2 };

/* The row met so far on this contig that reaches furthest, and the furthest with another label than it. */
typedef struct reach {
    int64_t end[2];
    int32_t label[2], contig; /* label -1: none */
} reach_t;

static void renew_reach(reach_t *r, int32_t contig) {
    if (r->contig != contig) *r = (reach_t){.label = {-1, -1}, .contig = contig};
}

static void extend_reach(reach_t *r, int32_t label, int64_t end) {
    if (r->label[0] < 0 || label == r->label[0]) {
        if (r->label[0] < 0 || end > r->end[0]) r->end[0] = end;
        r->label[0] = label;
    } else if (r->label[1] < 0 || end > r->end[1]) {
        r->label[1] = label, r->end[1] = end;
    }
    if (r->label[1] >= 0 && r->end[1] > r->end[0]) {
        reach_t turned = {{r->end[1], r->end[0]}, {r->label[1], r->label[0]}, r->contig};
        *r = turned;
    }
}

static int look_reach(const reach_t *r, int32_t label, int64_t start) {
    int found = 0;
    for (int i = 0; i < 2; i++)
        if (r->label[i] >= 0 && r->end[i] > start) found |= r->label[i] == label ? SAME_LABEL : OTHER_LABEL;
    return found;
}

/* For each of rows[0..n), in order, whether a row of the parts `among` overlaps it, into found (by row). Forwards it
 * meets those that begin before, backwards (positions negated) those that begin after. */
static void sweep_rows(const mn_audit_view_t *v, const mn_placed_t *rows, int64_t n, unsigned of, unsigned among,
                       uint8_t *found) {
    for (int back = 0; back < 2; back++) {
        reach_t reach = {.contig = -1};
        for (int64_t i = 0; i < n; i++) {
            const mn_placed_t *p = &rows[back ? n - 1 - i : i];
            int32_t label = v->set->labels[p->row];
            renew_reach(&reach, p->at.contig);
            if (is_among(v, p->row, of))
                found[p->row] |= (uint8_t)look_reach(&reach, label, back ? -p->at.end : p->at.start);
            if (is_among(v, p->row, among)) extend_reach(&reach, label, back ? -p->at.start : p->at.end);
        }
    }
}

/* Findings per class, and about rows of other classes, from the flags of all rows. */
static mn_status_t add_overlaps(const mn_audit_view_t *v, const comparison_t *c, const uint8_t *found, mn_err_t *err) {
    enum { CLASSES_MAX = 20 };
    int64_t classes = v->set->n_classes <= CLASSES_MAX ? v->set->n_classes : 0, any = 0;
    mn_status_t status = MN_OK;
    for (int64_t class = -1; !status && class < classes; class ++) { /* -1: all */
        mn_finding_t f = {.name = "overlap_across", .reference = NAN};
        int64_t other = 0;
        for (int64_t i = 0; i < v->set->n; i++) {
            if (v->parts[i] != c->of || (class >= 0 && v->set->labels[i] != class)) continue;
            f.of++;
            f.count += found[i] > 0;
            other += (found[i] & OTHER_LABEL) > 0;
        }
        any += f.count;
        if (!f.of || (class >= 0 && !any)) continue;
        f.value = mn_audit_share(f.count, f.of);
        f.level = judge_share(f.value);
        snprintf(f.scope, sizeof f.scope, "%s%s%.60s", c->scope, class < 0 ? "" : ":",
                 class < 0 ? "" : v->set->classes[class]);
        char rows[100] = "";
        if (class >= 0) snprintf(rows, sizeof rows, " of '%.60s'", v->set->classes[class]);
        if (f.count)
            status = mn_audit_add(v->audit, &f, err,
                                  "%s of %s %s rows%s (%s) overlap a row of %s on the genome, %s one of another "
                                  "class.",
                                  mn_audit_count(f.count), mn_audit_count(f.of), mn_split_names[c->of], rows,
                                  mn_audit_percent(f.value), c->where, mn_audit_count(other));
        else
            status = mn_audit_add(v->audit, &f, err, "No %s row%s overlaps a row of %s on the genome.",
                                  mn_split_names[c->of], rows, c->where);
    }
    return status;
}

static mn_status_t add_overlaps_labels(const mn_audit_view_t *v, const mn_placed_t *rows, int64_t n, uint8_t *found,
                                       mn_err_t *err) {
    unsigned all = v->split ? TRAIN_BIT | VALID_BIT | TEST_BIT : ~0U;
    mn_finding_t f = {.name = "overlap_labels", .scope = "all", .reference = NAN};
    memset(found, 0, (size_t)v->set->n);
    sweep_rows(v, rows, n, all, all, found);
    for (int64_t i = 0; i < n; i++) {
        if (!is_among(v, rows[i].row, all)) continue;
        f.of++;
        f.count += (found[rows[i].row] & OTHER_LABEL) > 0;
    }
    f.value = mn_audit_share(f.count, f.of);
    f.level = judge_share(f.value);
    if (!f.count) return mn_audit_add(v->audit, &f, err, "No row overlaps a row of another class on the genome.");
    return mn_audit_add(v->audit, &f, err, "%s of %s rows (%s) overlap a row of another class on the genome.",
                        mn_audit_count(f.count), mn_audit_count(f.of), mn_audit_percent(f.value));
}

mn_status_t mn_audit_overlaps(const mn_audit_view_t *view, mn_err_t *err) {
    mn_placed_t *rows = NULL;
    uint8_t *found = NULL;
    int64_t n = 0;
    mn_status_t status = mn_placed_list(view->set, NULL, &rows, &n, err);
    if (!status) status = mn_mem_new((void **)&found, view->set->n, 1, err);
    for (int c = 0; !status && view->split && c < COMPARISONS; c++) {
        memset(found, 0, (size_t)view->set->n);
        sweep_rows(view, rows, n, 1U << comparisons[c].of, comparisons[c].among, found);
        status = add_overlaps(view, &comparisons[c], found, err);
    }
    if (!status) status = add_overlaps_labels(view, rows, n, found, err);
    mn_mem_free(rows);
    mn_mem_free(found);
    return status;
}

/* ---- near rows */

/* What one distinct sequence's rows are. */
typedef struct node {
    int32_t label;  /* of its rows that others are compared with; -1: none, -2: several */
    double nearest; /* to a sequence that has such rows; itself counts where it has them beside its own */
    int64_t nearest_to;
} node_t;

static void fill_nodes(const mn_audit_view_t *v, unsigned among, node_t *nodes) {
    const mn_distinct_t *d = v->distinct;
    for (int64_t k = 0; k < d->n; k++) {
        node_t node = {.label = -1, .nearest_to = -1};
        for (int64_t i = d->begins[k]; i < d->begins[k + 1]; i++) {
            int64_t row = d->rows[i];
            if (is_among(v, row, among))
                node.label = node.label == -1 || node.label == v->set->labels[row] ? v->set->labels[row] : -2;
        }
        bool equal = v->split ? node.label != -1 : d->begins[k + 1] - d->begins[k] > 1;
        if (equal) node.nearest = 1, node.nearest_to = k;
        nodes[k] = node;
    }
}

static void take_pair(node_t *nodes, int64_t a, int64_t b, double jaccard) {
    if (nodes[b].label == -1 || jaccard <= nodes[a].nearest) return;
    nodes[a].nearest = jaccard, nodes[a].nearest_to = b;
}

static mn_status_t add_near(const mn_audit_view_t *v, const node_t *nodes, const mn_near_t *near, mn_err_t *err) {
    mn_audit_t *audit = v->audit;
    mn_split_t of = v->split ? MN_SPLIT_TEST : MN_SPLIT_NONE;
    mn_status_t status = mn_mem_new((void **)&audit->nearest, v->set->n, sizeof *audit->nearest, err);
    for (int64_t i = 0; !status && i < v->set->n; i++)
        if (!v->split || v->parts[i] == of) audit->nearest[audit->n_near++] = nodes[v->distinct->of[i]].nearest;
    for (int t = 0; !status && t < MN_AUDIT_NEAR; t++) {
        mn_finding_t f = {.reference = NAN, .of = audit->n_near};
        int64_t other = 0;
        for (int64_t i = 0; i < v->set->n; i++) {
            const node_t *node = &nodes[v->distinct->of[i]];
            if ((v->split && v->parts[i] != of) || node->nearest < (float)mn_audit_thresholds[t]) continue;
            f.count++;
            other += nodes[node->nearest_to].label != v->set->labels[i];
        }
        snprintf(f.name, sizeof f.name, "near_%.1f", mn_audit_thresholds[t]);
        snprintf(f.scope, sizeof f.scope, "%s", v->split ? "test/train" : "all");
        f.value = mn_audit_share(f.count, f.of);
        f.level = judge_share(f.value);
        char crowded[100] = "";
        if (near->crowded && !t)
            snprintf(crowded, sizeof crowded, "; %s sequences with repeats were not compared with all that share them",
                     mn_audit_count(near->crowded));
        status = mn_audit_add(audit, &f, err,
                              "%s of %s %srows (%s) resemble %s (Jaccard index of words of %d bases at least "
                              "%.1f), for %s the nearest is of another class%s.",
                              mn_audit_count(f.count), mn_audit_count(f.of), v->split ? "test " : "",
                              mn_audit_percent(f.value), v->split ? "a row of train or valid" : "another row",
                              MN_SKETCH_K, mn_audit_thresholds[t], mn_audit_count(other), crowded);
    }
    return status;
}

mn_status_t mn_audit_near(const mn_audit_view_t *view, mn_err_t *err) {
    mn_near_t near = {0};
    node_t *nodes = NULL;
    mn_status_t status = mn_near_find(view->set, view->distinct, mn_audit_thresholds[0], &near, err);
    if (!status) status = mn_mem_new((void **)&nodes, view->distinct->n, sizeof *nodes, err);
    if (!status) {
        fill_nodes(view, view->split ? TRAIN_BIT | VALID_BIT : ~0U, nodes);
        for (int64_t i = 0; i < near.n; i++) {
            take_pair(nodes, near.pairs[i].a, near.pairs[i].b, near.pairs[i].jaccard);
            take_pair(nodes, near.pairs[i].b, near.pairs[i].a, near.pairs[i].jaccard);
        }
        status = add_near(view, nodes, &near, err);
    }
    mn_near_done(&near);
    mn_mem_free(nodes);
    return status;
}
