/* genomic_page: an overview of all sets, then a part for each: findings, scores of all splits side by side, networks.
 */
#include "benchmarks/genomic_page.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "pipelines/page.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { TEXT_BYTES = 128, SPLITS_MAX = 4 }; /* side by side: more of a set are in JSON and TSV alone */

static int64_t count_splits(const mn_set_summary_t *set) {
    return set->n_splits < SPLITS_MAX ? set->n_splits : SPLITS_MAX;
}

/* An empty cell where it is not known. */
static void put_number(mn_page_t *page, double value, int digits) {
    if (isfinite(value))
        mn_page_cell(page, "%.*f", digits, value);
    else
        mn_page_cell(page, " ");
}

/* "85.3 ± 0.4 (82.0 to 88.1)" of scale times the score. */
static void put_score(mn_page_t *page, const mn_mean_score_t *score, double scale, int digits) {
    const double spread = mn_mean_spread(&score->value);
    char sd[32] = "", interval[64] = "";
    if (isfinite(spread)) snprintf(sd, sizeof sd, " ± %.*f", digits, scale * spread);
    if (score->low.n)
        snprintf(interval, sizeof interval, " (%.*f to %.*f)", digits, scale * score->low.value, digits,
                 scale * score->high.value);
    if (score->value.n)
        mn_page_cell(page, "%.*f%s%s", digits, scale * score->value.value, sd, interval);
    else
        mn_page_cell(page, " ");
}

static double get_accuracy(const mn_runs_t *runs) {
    return runs ? 100 * mn_mean_value(&runs->accuracy.value) : NAN;
}

static double get_mcc(const mn_runs_t *runs) {
    return runs ? mn_mean_value(&runs->mcc.value) : NAN;
}

static const mn_runs_t *get_chosen(const mn_set_summary_t *set, int64_t split) {
    const mn_way_t *chosen = mn_summary_chosen(set, split);
    return chosen ? &chosen->on[split] : NULL;
}

/* The best of papers. */
static double get_published(const mn_published_t *published) {
    double best = NAN;
    for (int f = 0; published && f < MN_FIGURES_MAX && published->figures[f].system; f++)
        best = fmax(best, published->figures[f].value);
    return best;
}

/* ---- all sets */

static void put_overview(mn_page_t *page, const mn_summary_t *summary) {
    static const mn_page_column_t columns[] = {{"set", false},
                                               {"split", false},
                                               {"test rows", true},
                                               {"majority", true},
                                               {"length", true},
                                               {"composition", true},
                                               {"look-up", true},
                                               {"k-mers", true},
                                               {"gapped", true},
                                               {"network", true},
                                               {"MCC of k-mers", true},
                                               {"of gapped words", true},
                                               {"of the network", true},
                                               {"published: accuracy", true},
                                               {"MCC", true},
                                               {0}};
    static const char *const baselines[] = {"majority", "length", "composition", "look-up", "kmer", "gapped"};
    enum { BASELINES = sizeof baselines / sizeof *baselines };
    mn_page_table(page, "Test accuracy in per cent, and MCC; the network is the one with the best validation MCC",
                  columns);
    for (int64_t i = 0; i < summary->n; i++)
        for (int64_t s = 0; s < summary->sets[i].n_splits; s++) {
            const mn_set_summary_t *set = &summary->sets[i];
            const mn_entry_t *line = set->splits[s];
            const mn_published_t *published = mn_summary_published(set, s);
            mn_page_cell(page, "%s", line->set);
            mn_page_cell(page, "%s", line->kind == MN_ENTRY_SKIPPED ? "skipped" : line->split);
            put_number(page, line->test < 0 ? NAN : (double)line->test, 0);
            for (int b = 0; b < BASELINES; b++)
                put_number(page, get_accuracy(mn_summary_baseline(set, baselines[b], s)), 1);
            put_number(page, get_accuracy(get_chosen(set, s)), 1);
            put_number(page, get_mcc(mn_summary_baseline(set, "kmer", s)), 3);
            put_number(page, get_mcc(mn_summary_baseline(set, "gapped", s)), 3);
            put_number(page, get_mcc(get_chosen(set, s)), 3);
            put_number(page, published && !published->mcc ? 100 * get_published(published) : NAN, 1);
            put_number(page, published && published->mcc ? get_published(published) : NAN, 3);
        }
    mn_page_table_end(page);
}

/* MCC of k-mers and of the network chosen, on the set's own split (the first, where it was cut in several ways) and on
 * the clean one. */
static mn_status_t draw_overview(mn_page_t *page, const mn_summary_t *summary, mn_err_t *err) {
    static const char *const names[] = {"k-mers", "network", "k-mers, clean", "network, clean", "published"};
    enum { SERIES = sizeof names / sizeof *names };
    const int64_t n = summary->n;
    mn_page_bars_t series[SERIES];
    const char **groups;
    double *values;
    bool any = false; /* figure of a paper */
    mn_status_t status = mn_mem_new((void **)&groups, n, sizeof *groups, err);
    if (status) return status;
    if (!(status = mn_mem_new((void **)&values, SERIES * n, sizeof *values, err))) {
        for (int64_t i = 0; i < SERIES * n; i++) values[i] = NAN;
        for (int64_t i = 0; i < n; i++) {
            const mn_set_summary_t *set = &summary->sets[i];
            groups[i] = set->splits[0]->set;
            for (int64_t s = 0; s < set->n_splits; s++) {
                double *kmers = &values[2 * !strcmp(set->splits[s]->split, "clean") * n + i];
                const mn_published_t *published = mn_summary_published(set, s);
                if (isnan(kmers[0])) kmers[n] = get_mcc(get_chosen(set, s));
                if (isnan(kmers[0])) kmers[0] = get_mcc(mn_summary_baseline(set, "kmer", s));
                if (published && published->mcc) values[(SERIES - 1) * n + i] = get_published(published);
                any |= isfinite(values[(SERIES - 1) * n + i]);
            }
        }
        for (int k = 0; k < SERIES; k++)
            series[k] = (mn_page_bars_t){.name = names[k], .value = values + k * n, .mark = k == SERIES - 1};
        mn_page_draw_bars(page, "Test MCC", "MCC", 3, true, groups, n, series, any ? SERIES : SERIES - 1);
        mn_mem_free(values);
    }
    mn_mem_free(groups);
    return status;
}

/* ---- one set */

static void put_findings(mn_page_t *page, const mn_summary_t *summary, const mn_set_summary_t *set) {
    static const mn_page_column_t columns[] = {{"split", false}, {"", false}, {"finding", false}, {0}};
    mn_page_table(page, "What the audit found", columns);
    for (int64_t s = 0; s < set->n_splits; s++) {
        mn_json_t *findings = mn_summary_findings(summary, set->splits[s]);
        for (int64_t i = 0; i < mn_json_count(findings); i++) {
            const mn_json_t *finding = mn_json_at(findings, i);
            mn_page_cell(page, "%s", set->splits[s]->split);
            mn_page_cell(page, "%s", mn_json_get_string(finding, "level"));
            mn_page_cell(page, "%s", mn_json_get_string(finding, "text"));
        }
        mn_json_free(findings);
    }
    mn_page_table_end(page);
}

static void put_notes(mn_page_t *page, const mn_summary_t *summary, const mn_entry_t *split) {
    const bool skipped = split->kind == MN_ENTRY_SKIPPED;
    mn_json_t *notes = mn_summary_notes(summary, split);
    for (int64_t i = 0; i < mn_json_count(notes); i++)
        mn_page_finding(page, skipped ? MN_PAGE_WARNING : MN_PAGE_NOTE, skipped ? "skipped" : split->split, "%s",
                        mn_json_string(mn_json_at(notes, i)));
    mn_json_free(notes);
}

static void put_way(mn_page_t *page, const mn_set_summary_t *set, const mn_way_t *way, const char *more) {
    const bool baseline = way->first->kind == MN_ENTRY_BASELINE;
    char label[TEXT_BYTES];
    mn_page_cell(page, "%s%s%s%s", mn_summary_label(set, way, label, sizeof label), baseline ? "" : ", ",
                 baseline ? "" : mn_entry_kinds[way->first->kind], more);
}

/* Ways below each other, splits side by side. */
static void put_scores(mn_page_t *page, const mn_set_summary_t *set) {
    const int64_t n = count_splits(set);
    char names[2 * SPLITS_MAX][TEXT_BYTES];
    mn_page_column_t columns[2 * SPLITS_MAX + 2] = {{"", false}};
    for (int64_t s = 0; s < n; s++) {
        snprintf(names[2 * s], TEXT_BYTES, "%.60s: accuracy, %%", set->splits[s]->split);
        snprintf(names[2 * s + 1], TEXT_BYTES, "%.60s: MCC", set->splits[s]->split);
        columns[2 * s + 1] = (mn_page_column_t){names[2 * s], true};
        columns[2 * s + 2] = (mn_page_column_t){names[2 * s + 1], true};
    }
    mn_page_table(page, "Test scores: mean over seeds ± standard deviation (95 % interval of one test)", columns);
    for (int64_t w = 0; w < set->n_ways; w++) {
        const mn_way_t *way = &set->ways[w];
        put_way(page, set, way, "");
        for (int64_t s = 0; s < n; s++) {
            put_score(page, &way->on[s].accuracy, 100, 1);
            put_score(page, &way->on[s].mcc, 1, 3);
        }
    }
    for (int f = 0; f < MN_FIGURES_MAX; f++) {
        const mn_published_t *any = mn_published_named(set->splits[0]->official);
        if (!any || !any->figures[f].system) break;
        mn_page_cell(page, "%s, published", any->figures[f].system);
        for (int64_t s = 0; s < n; s++) {
            const mn_published_t *published = mn_summary_published(set, s);
            put_number(page, published && !published->mcc ? 100 * published->figures[f].value : NAN, 1);
            put_number(page, published && published->mcc ? published->figures[f].value : NAN, 3);
        }
    }
    mn_page_table_end(page);
}

static void put_networks(mn_page_t *page, const mn_set_summary_t *set) {
    static const mn_page_column_t columns[] = {{"split", false},
                                               {"network", false},
                                               {"seeds", true},
                                               {"validation MCC", true},
                                               {"parameters", true},
                                               {"epochs", true},
                                               {"M tokens", true},
                                               {"minutes", true},
                                               {"best baseline", false},
                                               {"its share, %", true},
                                               {0}};
    mn_page_table(page, "Networks, and what part of their accuracy the best baseline has", columns);
    for (int64_t s = 0; s < set->n_splits; s++)
        for (int64_t w = 0; w < set->n_ways; w++) {
            const mn_way_t *way = &set->ways[w], *best = mn_summary_best_baseline(set, s);
            const mn_runs_t *runs = &way->on[s];
            if (way->first->kind == MN_ENTRY_BASELINE || !runs->n) continue;
            mn_page_cell(page, "%s", set->splits[s]->split);
            put_way(page, set, way, mn_summary_chosen(set, s) == way ? ", chosen" : "");
            mn_page_cell(page, "%" PRId64, runs->n);
            put_number(page, mn_mean_value(&runs->valid_mcc), 3);
            mn_page_cell(page, "%" PRId64, way->first->parameters);
            put_number(page, mn_mean_value(&runs->epochs), 1);
            put_number(page, mn_mean_value(&runs->tokens) / 1e6, 2);
            put_number(page, mn_mean_value(&runs->minutes), 1);
            mn_page_cell(page, "%s", best ? best->first->start : " ");
            put_number(page, 100 * mn_summary_share(set, way, s), 0);
        }
    mn_page_table_end(page);
}

/* What the lines were made with. */
static void put_settings(mn_page_t *page, const mn_set_summary_t *set) {
    mn_page_text(page, "Digest of the rows: %s.", set->splits[0]->digest);
    for (int64_t w = 0; w < set->n_ways; w++)
        if (*set->ways[w].first->settings)
            mn_page_text(page, "Settings, %s: %s", mn_entry_kinds[set->ways[w].first->kind],
                         set->ways[w].first->settings);
}

static mn_status_t draw_set(mn_page_t *page, const mn_set_summary_t *set, mn_err_t *err) {
    enum { EACH = 3 }; /* value, low, high */
    const mn_published_t *published = mn_summary_published(set, 0);
    const bool mcc = published && published->mcc;
    const int64_t n = set->n_ways, n_splits = count_splits(set);
    mn_page_bars_t series[SPLITS_MAX + MN_FIGURES_MAX];
    const char **groups = NULL;
    char(*labels)[TEXT_BYTES];
    double *values, scale = mcc ? 1 : 100;
    int64_t used = 0;
    mn_status_t status = mn_mem_new((void **)&labels, n, sizeof *labels, err);
    if (status) return status;
    status = mn_mem_new((void **)&groups, n, sizeof *groups, err);
    if (!status &&
        !(status = mn_mem_new((void **)&values, (EACH * SPLITS_MAX + MN_FIGURES_MAX) * n, sizeof *values, err))) {
        double *next = values;
        for (int64_t w = 0; w < n; w++) groups[w] = mn_summary_label(set, &set->ways[w], labels[w], TEXT_BYTES);
        for (int64_t s = 0; s < n_splits; s++, next += EACH * n) {
            for (int64_t w = 0; w < n; w++) {
                const mn_runs_t *runs = &set->ways[w].on[s];
                const mn_mean_score_t *score = mcc ? &runs->mcc : &runs->accuracy;
                next[w] = scale * mn_mean_value(&score->value);
                next[n + w] = scale * mn_mean_value(&score->low);
                next[2 * n + w] = scale * mn_mean_value(&score->high);
            }
            series[used++] =
                (mn_page_bars_t){.name = set->splits[s]->split, .value = next, .low = next + n, .high = next + 2 * n};
        }
        for (int f = 0; published && f < MN_FIGURES_MAX && published->figures[f].system; f++, next += n) {
            for (int64_t w = 0; w < n; w++) next[w] = scale * published->figures[f].value;
            series[used++] = (mn_page_bars_t){.name = published->figures[f].system, .value = next, .mark = true};
        }
        mn_page_draw_bars(page, mcc ? "Test MCC" : "Test accuracy", mcc ? "MCC" : "accuracy, %", mcc ? 3 : 1, true,
                          groups, n, series, used);
        mn_mem_free(values);
    }
    mn_mem_free(groups);
    mn_mem_free(labels);
    return status;
}

static mn_status_t put_set(mn_page_t *page, const mn_summary_t *summary, const mn_set_summary_t *set, mn_err_t *err) {
    const mn_entry_t *line = set->splits[0];
    mn_page_heading(page, line->set);
    if (*line->official)
        mn_page_text(page, "The complete official set %s, %" PRId64 " classes.", line->official, line->classes);
    else
        mn_page_text(page,
                     "%" PRId64 " class%s. Not a complete official set that is known here: no published figure "
                     "can stand beside it.",
                     line->classes, line->classes == 1 ? "" : "es");
    for (int64_t s = 0; s < set->n_splits; s++) {
        const mn_entry_t *split = set->splits[s];
        if (split->train >= 0)
            mn_page_text(page, "%s: %" PRId64 " rows to train, %" PRId64 " to validate, %" PRId64 " to test.",
                         split->split, split->train, split->valid, split->test);
        put_notes(page, summary, split);
    }
    if (!set->n_ways) return MN_OK;
    put_findings(page, summary, set);
    put_scores(page, set);
    put_networks(page, set);
    put_settings(page, set);
    return draw_set(page, set, err);
}

mn_status_t mn_genomic_page(const mn_summary_t *summary, const char *path, mn_err_t *err) {
    mn_page_t page;
    mn_writer_t writer;
    mn_status_t status = mn_writer_open(&writer, path, err);
    if (status) return status;
    mn_page_begin(&page, writer.file, "Classifiers of labelled sets", "mnemon " MN_VERSION ": benchmark genomic");
    mn_page_text(&page, "Weights were chosen on validation parts, and each test part was scored once by the weights "
                        "chosen. Baselines are of the same split. Published figures stand beside the official split of "
                        "complete official sets alone.");
    put_overview(&page, summary);
    status = draw_overview(&page, summary, err);
    for (int64_t i = 0; i < summary->n && !status; i++) status = put_set(&page, summary, &summary->sets[i], err);
    mn_page_end(&page);
    if (!status) return mn_writer_commit(&writer, err);
    mn_writer_drop(&writer);
    return status;
}
