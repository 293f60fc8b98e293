/* audit: balance, names, N, and what can be told without reading; audit_leaks.c has the rest. */
#include "genomics/audit.h"
#include "genomics/alone.h"
#include "genomics/audit_leaks.h"
#include "genomics/base/mem.h"
#include "genomics/base/names.h"
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FOLDS = 5 };

const char *const mn_audit_levels[] = {"ok", "note", "warning", NULL};

/* The next of the places for a short text. */
static char *next_text(void) {
    static _Thread_local char texts[16][32];
    static _Thread_local unsigned next;
    return texts[next++ % 16];
}

const char *mn_audit_count(int64_t n) {
    char *text = next_text(), digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-') text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

const char *mn_audit_percent(double share) {
    char *text = next_text();
    double percent = 100 * share;
    snprintf(text, 32, percent > 0 && percent < 0.1 ? "%.1g %%" : "%.1f %%", percent);
    return text;
}

const char *mn_audit_part(int part) {
    return part == MN_SPLIT_NONE ? "the set" : mn_split_names[part];
}

double mn_audit_share(int64_t count, int64_t of) {
    return of ? (double)count / (double)of : 0;
}

mn_audit_level_t mn_audit_judge(double accuracy, double majority, int64_t n) {
    static const double MUCH = 0.2, SOME = 0.05;
    double gain = accuracy - majority, avoided = majority < 1 ? gain / (1 - majority) : 0;
    if (n < 1 || gain * gain * (double)n < 4 * majority * (1 - majority)) return MN_AUDIT_OK;
    return avoided >= MUCH ? MN_AUDIT_WARNING : avoided >= SOME ? MN_AUDIT_NOTE : MN_AUDIT_OK;
}

mn_status_t mn_audit_add(mn_audit_t *audit, const mn_finding_t *finding, mn_err_t *err, const char *format, ...) {
    mn_status_t status =
        mn_mem_reserve((void **)&audit->findings, &audit->cap, audit->n + 1, sizeof *audit->findings, err);
    if (status) return status;
    mn_finding_t *to = &audit->findings[audit->n++];
    *to = *finding;
    va_list args;
    va_start(args, format);
    vsnprintf(to->text, sizeof to->text, format, args);
    va_end(args);
    return MN_OK;
}

const mn_finding_t *mn_audit_find(const mn_audit_t *audit, const char *name, const char *scope) {
    for (int64_t i = 0; i < audit->n; i++)
        if (!strcmp(audit->findings[i].name, name) && (!scope || !strcmp(audit->findings[i].scope, scope)))
            return &audit->findings[i];
    return NULL;
}

/* ---- rows and classes */

static int64_t sum_part(const mn_audit_view_t *v, int part) {
    int64_t sum = 0;
    for (int64_t c = 0; c < v->set->n_classes; c++) sum += v->audit->counts[part * v->set->n_classes + c];
    return sum;
}

static mn_status_t add_missing(const mn_audit_view_t *v, int part, mn_err_t *err) {
    const int64_t k = v->set->n_classes, *counts = v->audit->counts + part * k;
    int64_t missing = 0, first = -1;
    for (int64_t c = 0; c < k; c++)
        if (!counts[c]) {
            if (!missing++) first = c;
        }
    if (!missing) return MN_OK;
    mn_finding_t f = {.name = "class_missing",
                      .value = mn_audit_share(missing, k),
                      .reference = NAN,
                      .count = missing,
                      .of = k,
                      .level = MN_AUDIT_WARNING};
    snprintf(f.scope, sizeof f.scope, "%s", mn_split_names[part]);
    return mn_audit_add(v->audit, &f, err, "%s has no row of %s of %s classes ('%.60s'%s): no score there covers it.",
                        mn_audit_part(part), mn_audit_count(missing), mn_audit_count(k), v->set->classes[first],
                        missing > 1 ? ", ..." : "");
}

static mn_status_t add_balance(const mn_audit_view_t *v, mn_err_t *err) {
    static const double MUCH = 0.9, SOME = 0.6;
    const int64_t k = v->set->n_classes;
    mn_status_t status = MN_OK;
    for (int part = 0; !status && part < MN_SPLIT_COUNT; part++) {
        const int64_t *counts = v->audit->counts + part * k, rows = sum_part(v, part);
        int64_t largest = 0;
        if (!rows) continue;
        for (int64_t c = 1; c < k; c++)
            if (counts[c] > counts[largest]) largest = c;
        mn_finding_t f = {.name = "class_balance",
                          .value = mn_audit_share(counts[largest], rows),
                          .reference = 1 / (double)k,
                          .count = counts[largest],
                          .of = rows};
        f.level = f.value >= MUCH                                 ? MN_AUDIT_WARNING
                  : f.value >= SOME && f.value >= 1.2 / (double)k ? MN_AUDIT_NOTE
                                                                  : MN_AUDIT_OK;
        snprintf(f.scope, sizeof f.scope, "%s", mn_split_names[part]);
        status = mn_audit_add(v->audit, &f, err, "%s of %s rows of %s (%s) are '%.60s', the largest of %s classes.",
                              mn_audit_count(f.count), mn_audit_count(rows), mn_audit_part(part),
                              mn_audit_percent(f.value), v->set->classes[largest], mn_audit_count(k));
        if (!status) status = add_missing(v, part, err);
    }
    return status;
}

/* Rows whose id another row has: harmless to a score, not to a join. */
static mn_status_t add_ids(const mn_audit_view_t *v, mn_err_t *err) {
    mn_names_t names = {0};
    mn_status_t status = MN_OK;
    int64_t rows = 0;
    for (int64_t i = 0; !status && i < v->set->n; i++) {
        int64_t number;
        if (!v->parts[i] && v->split) continue;
        status = mn_names_add(&names, mn_labelled_name(v->set, i), &number, err);
        rows++;
    }
    mn_finding_t f = {.name = "ids", .scope = "all", .reference = NAN, .count = rows - names.n, .of = rows};
    f.value = mn_audit_share(f.count, f.of);
    f.level = f.count ? MN_AUDIT_NOTE : MN_AUDIT_OK;
    mn_names_done(&names);
    if (status) return status;
    if (!f.count) return mn_audit_add(v->audit, &f, err, "No two rows have the same id.");
    return mn_audit_add(v->audit, &f, err,
                        "%s of %s rows have an id that an earlier row has: join tables by more than the id.",
                        mn_audit_count(f.count), mn_audit_count(rows));
}

static mn_status_t add_unknown(const mn_audit_view_t *v, mn_err_t *err) {
    static const double MUCH = 0.01;
    const mn_labelled_t *set = v->set;
    int64_t half = 0;
    mn_finding_t f = {.name = "n_share", .scope = "all", .reference = NAN};
    for (int64_t i = 0; i < set->n; i++) {
        int64_t count[5];
        mn_labelled_count(set, i, count);
        f.count += count[MN_BASE_N];
        f.of += mn_labelled_length(set, i);
        half += 2 * count[MN_BASE_N] > mn_labelled_length(set, i);
    }
    f.value = mn_audit_share(f.count, f.of);
    f.level = f.value >= MUCH ? MN_AUDIT_WARNING : half ? MN_AUDIT_NOTE : MN_AUDIT_OK;
    return mn_audit_add(v->audit, &f, err,
                        "%s of %s bases (%s) are N; rows that are more than half N: %s, N alone: %s.",
                        mn_audit_count(f.count), mn_audit_count(f.of), mn_audit_percent(f.value), mn_audit_count(half),
                        mn_audit_count(set->n_blank));
}

/* ---- without reading */

static mn_status_t score_alone(const mn_audit_view_t *v, mn_alone_score_t *score, mn_err_t *err) {
    if (v->split) return mn_alone_measure(v->set, v->distinct, v->parts, score, err);
    uint8_t *parts;
    mn_status_t status = mn_mem_new((void **)&parts, v->set->n, 1, err);
    for (int64_t fold = 0; !status && fold < FOLDS; fold++) {
        int64_t tested = 0;
        for (int64_t i = 0; i < v->set->n; i++) {
            parts[i] = v->distinct->of[i] % FOLDS == fold ? MN_SPLIT_TEST : MN_SPLIT_TRAIN;
            tested += parts[i] == MN_SPLIT_TEST;
        }
        if (tested && tested < v->set->n) status = mn_alone_measure(v->set, v->distinct, parts, score, err);
    }
    mn_mem_free(parts);
    return status;
}

static mn_status_t add_alone(const mn_audit_view_t *v, mn_err_t *err) {
    static const struct {
        mn_alone_t kind;
        const char *name, *what;
    } known[] = {{MN_ALONE_LENGTH, "length_alone", "the length alone"},
                 {MN_ALONE_COMPOSITION, "composition_alone", "the base frequencies alone"},
                 {MN_ALONE_LOOKUP, "lookup_alone", "the label of an equal row of train, where there is one"}};
    static const char *const verdicts[] = {"it tells nothing, or little", "it tells something",
                                           "a model can score so without reading"};
    mn_alone_score_t score = {0};
    mn_status_t status = score_alone(v, &score, err);
    double majority = mn_audit_share(score.right[MN_ALONE_MAJORITY], score.tested);
    for (size_t i = 0; !status && i < sizeof known / sizeof *known; i++) {
        if (known[i].kind == MN_ALONE_COMPOSITION && !v->set->bases) continue;
        if (known[i].kind == MN_ALONE_LOOKUP && !v->split) continue; /* folds keep equal rows together */
        mn_finding_t f = {.reference = majority, .count = score.right[known[i].kind], .of = score.tested};
        snprintf(f.name, sizeof f.name, "%s", known[i].name);
        snprintf(f.scope, sizeof f.scope, "%s", v->split ? "test" : "all");
        f.value = mn_audit_share(f.count, f.of);
        f.level = mn_audit_judge(f.value, majority, f.of);
        status = mn_audit_add(v->audit, &f, err,
                              "%s of %s %srows are classified right by %s%s, %s by always saying the majority "
                              "class: %s.",
                              mn_audit_percent(f.value), mn_audit_count(f.of), v->split ? "test " : "", known[i].what,
                              v->split ? "" : " (five folds)", mn_audit_percent(majority), verdicts[f.level]);
    }
    return status;
}

/* ---- the whole */

static mn_status_t fill_view(mn_audit_view_t *v, const mn_audit_options_t *options, uint8_t *parts, mn_err_t *err) {
    const mn_labelled_t *set = v->set;
    const uint8_t *given = options->parts ? options->parts : set->splits;
    for (int64_t i = 0; i < set->n; i++) v->split |= given[i] == MN_SPLIT_TEST;
    bool learns = false;
    for (int64_t i = 0; i < set->n; i++) {
        parts[i] = given[i];
        if (!options->parts && v->split && !parts[i]) parts[i] = MN_SPLIT_TRAIN;
        learns |= parts[i] == MN_SPLIT_TRAIN;
    }
    v->split &= learns; /* a test part alone is a set without a split */
    mn_status_t status =
        mn_mem_new((void **)&v->audit->counts, MN_SPLIT_COUNT * set->n_classes, sizeof *v->audit->counts, err);
    for (int64_t i = 0; !status && i < set->n; i++) v->audit->counts[parts[i] * set->n_classes + set->labels[i]]++;
    return status;
}

static void report_stage(const mn_audit_options_t *options, const char *stage) {
    if (options->progress) options->progress(options->ctx, stage);
}

mn_status_t mn_audit_run(const mn_labelled_t *set, const mn_audit_options_t *options, mn_audit_t *out, mn_err_t *err) {
    static const mn_audit_options_t defaults = {0};
    mn_audit_t audit = {0};
    mn_distinct_t distinct = {0};
    uint8_t *parts = NULL;
    if (!options) options = &defaults;
    mn_audit_view_t view = {.set = set, .distinct = &distinct, .audit = &audit};
    mn_status_t status = mn_mem_new((void **)&parts, set->n, 1, err);
    view.parts = parts;
    if (!status) status = fill_view(&view, options, parts, err);
    if (!status) status = add_balance(&view, err);
    if (!status) status = add_ids(&view, err);
    if (!status && set->bases) status = add_unknown(&view, err);
    report_stage(options, "equal sequences");
    if (!status) status = mn_distinct_find(set, &distinct, err);
    report_stage(options, "length and composition");
    if (!status && set->n_classes > 1) status = add_alone(&view, err);
    if (!status) status = mn_audit_duplicates(&view, err);
    report_stage(options, "overlaps");
    if (!status && set->places) status = mn_audit_overlaps(&view, err);
    report_stage(options, "near-duplicates");
    if (!status && set->bases && !options->no_near) status = mn_audit_near(&view, err);
    mn_distinct_done(&distinct);
    mn_mem_free(parts);
    if (status)
        mn_audit_done(&audit);
    else
        *out = audit;
    return status;
}

void mn_audit_done(mn_audit_t *audit) {
    if (!audit) return;
    mn_mem_free(audit->findings);
    mn_mem_free(audit->counts);
    mn_mem_free(audit->nearest);
    *audit = (mn_audit_t){0};
}
