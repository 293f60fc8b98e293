/* genomic_report: the summary as text, JSON and HTML. Published figures stand beside a complete official set alone. */
#include "benchmarks/genomic_report.h"
#include "benchmarks/genomic_summary.h"
#include "benchmarks/published.h"
#include "genomics/base/fileio.h"
#include "genomics/base/json.h"
#include "genomics/base/mem.h"
#include "pipelines/page.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096, CELL_BYTES = 96 };

/* Where a set has it: the official split of a complete set. */
static const mn_published_t *find_published(const mn_set_summary_t *set, int64_t split) {
    const mn_entry_t *line = set->splits[split];
    return strcmp(line->split, "official") ? NULL : mn_published_named(line->official);
}

static double get_share(const mn_set_summary_t *set, const mn_way_t *way, int64_t split) {
    const mn_way_t *best = mn_summary_best_baseline(set, split);
    return best ? best->on[split].accuracy.value.value / mn_mean_value(&way->on[split].accuracy.value) : NAN;
}

/* ---- TSV */

static void print_number(double value) {
    if (isfinite(value))
        printf("\t%.4f", value);
    else
        printf("\tNA");
}

static void print_summary(const mn_summary_t *summary) {
    printf("set\tsplit\tkind\tstart\tseeds\tvalid_mcc\taccuracy\taccuracy_sd\tmcc\tmcc_sd\n");
    for (int64_t i = 0; i < summary->n; i++)
        for (int64_t s = 0; s < summary->sets[i].n_splits; s++)
            for (int64_t w = 0; w < summary->sets[i].n_ways; w++) {
                const mn_way_t *way = &summary->sets[i].ways[w];
                const mn_runs_t *runs = &way->on[s];
                if (!runs->n) continue;
                printf("%s\t%s\t%s\t%s\t%" PRId64, way->first->set, summary->sets[i].splits[s]->split,
                       mn_entry_kinds[way->first->kind], way->first->start, runs->n);
                print_number(mn_mean_value(&runs->valid_mcc));
                print_number(mn_mean_value(&runs->accuracy.value));
                print_number(mn_mean_spread(&runs->accuracy.value));
                print_number(mn_mean_value(&runs->mcc.value));
                print_number(mn_mean_spread(&runs->mcc.value));
                putchar('\n');
            }
}

/* ---- JSON */

static mn_json_t *make_score(const mn_mean_score_t *score) {
    mn_json_t *json = mn_json_object();
    mn_json_set_real(json, "mean", mn_mean_value(&score->value));
    mn_json_set_real(json, "sd", mn_mean_spread(&score->value));
    mn_json_set_real(json, "low", mn_mean_value(&score->low));
    mn_json_set_real(json, "high", mn_mean_value(&score->high));
    return json;
}

static mn_json_t *make_way(const mn_set_summary_t *set, const mn_way_t *way, int64_t split) {
    const mn_runs_t *runs = &way->on[split];
    mn_json_t *json = mn_json_object();
    mn_json_set_string(json, "kind", mn_entry_kinds[way->first->kind]);
    mn_json_set_string(json, "start", way->first->start);
    mn_json_set(json, "accuracy", make_score(&runs->accuracy));
    mn_json_set(json, "mcc", make_score(&runs->mcc));
    if (way->first->kind == MN_ENTRY_BASELINE) return json;
    mn_json_set_int(json, "seeds", runs->n);
    mn_json_set_real(json, "best_baseline_share", get_share(set, way, split));
    mn_json_set_real(json, "valid_mcc", mn_mean_value(&runs->valid_mcc));
    mn_json_set_bool(json, "chosen", mn_summary_chosen(set, split) == way);
    mn_json_set_int(json, "parameters", way->first->parameters);
    mn_json_set_real(json, "epochs", mn_mean_value(&runs->epochs));
    mn_json_set_real(json, "tokens", mn_mean_value(&runs->tokens));
    mn_json_set_real(json, "minutes", mn_mean_value(&runs->minutes));
    mn_json_set_string(json, "settings", way->first->settings);
    return json;
}

/* Notes of a kind of line of a split, each once. */
static mn_json_t *make_notes(const mn_ledger_t *ledger, const mn_entry_t *split, bool findings) {
    mn_json_t *json = mn_json_array();
    for (int64_t i = 0; i < ledger->n; i++) {
        const mn_entry_t *line = &ledger->entries[i];
        if (strcmp(line->digest, split->digest) || strcmp(line->set, split->set) || strcmp(line->split, split->split))
            continue;
        bool known = !*line->note || (line->kind == MN_ENTRY_FINDING) != findings;
        for (int64_t n = 0; n < mn_json_count(json) && !known; n++)
            known = !strcmp(mn_json_string(mn_json_at(json, n)), line->note);
        if (!known) mn_json_set_string(json, NULL, line->note);
    }
    return json;
}

static mn_json_t *make_split(const mn_ledger_t *ledger, const mn_set_summary_t *set, int64_t split) {
    const mn_entry_t *line = set->splits[split];
    const mn_published_t *published = find_published(set, split);
    mn_json_t *json = mn_json_object(), *ways = mn_json_array(), *figures = mn_json_object();
    mn_json_set_string(json, "split", line->split);
    mn_json_set_bool(json, "skipped", line->kind == MN_ENTRY_SKIPPED);
    if (line->train >= 0) mn_json_set_int(json, "train", line->train);
    if (line->valid >= 0) mn_json_set_int(json, "valid", line->valid);
    if (line->test >= 0) mn_json_set_int(json, "test", line->test);
    if (line->shared >= 0) mn_json_set_int(json, "test_rows_in_train", line->shared);
    mn_json_set(json, "notes", make_notes(ledger, line, false));
    mn_json_set(json, "findings", make_notes(ledger, line, true));
    for (int64_t w = 0; w < set->n_ways; w++)
        if (set->ways[w].on[split].n) mn_json_set(ways, NULL, make_way(set, &set->ways[w], split));
    mn_json_set(json, "results", ways);
    for (int f = 0; published && f < MN_FIGURES_MAX && published->figures[f].system; f++)
        mn_json_set_real(figures, published->figures[f].system, published->figures[f].value);
    if (published) mn_json_set(json, published->mcc ? "published_mcc" : "published_accuracy", figures);
    if (!published) mn_json_free(figures);
    return json;
}

static mn_status_t write_json(const mn_ledger_t *ledger, const mn_summary_t *summary, const char *path, mn_err_t *err) {
    mn_json_t *json = mn_json_object(), *sets = mn_json_array();
    mn_json_set_string(json, "mnemon", MN_VERSION);
    for (int64_t i = 0; i < summary->n; i++) {
        const mn_set_summary_t *set = &summary->sets[i];
        mn_json_t *item = mn_json_object(), *splits = mn_json_array();
        mn_json_set_string(item, "set", set->splits[0]->set);
        mn_json_set_string(item, "digest", set->splits[0]->digest);
        mn_json_set_int(item, "classes", set->splits[0]->classes);
        if (*set->splits[0]->official) mn_json_set_string(item, "official", set->splits[0]->official);
        for (int64_t s = 0; s < set->n_splits; s++) mn_json_set(splits, NULL, make_split(ledger, set, s));
        mn_json_set(item, "splits", splits);
        mn_json_set(sets, NULL, item);
    }
    mn_json_set(json, "sets", sets);
    char *text = mn_json_text(json, true);
    mn_json_free(json);
    if (!text) return mn_err_set(err, MN_FAILED, path, NULL, "out of memory");
    mn_writer_t writer;
    mn_status_t status = mn_writer_open(&writer, path, err);
    if (!status) fprintf(writer.file, "%s\n", text);
    if (!status) status = mn_writer_commit(&writer, err);
    mn_mem_free(text);
    return status;
}

/* ---- the page */

/* "85.31 ± 0.42 (82.0 to 88.1)", in per cent or as it is. */
static void put_score(mn_page_t *page, const mn_mean_score_t *score, bool percent) {
    const double scale = percent ? 100 : 1, spread = mn_mean_spread(&score->value);
    const int digits = percent ? 1 : 3;
    char text[CELL_BYTES] = "";
    if (score->value.n) {
        int used = snprintf(text, sizeof text, "%.*f", digits, scale * score->value.value);
        if (isfinite(spread))
            used += snprintf(text + used, sizeof text - (size_t)used, " ± %.*f", digits, scale * spread);
        if (score->low.n)
            snprintf(text + used, sizeof text - (size_t)used, " (%.*f to %.*f)", digits, scale * score->low.value,
                     digits, scale * score->high.value);
    }
    mn_page_cell(page, "%s", text);
}

/* An empty cell where it is not known. */
static void put_number(mn_page_t *page, double value, int digits) {
    if (isfinite(value))
        mn_page_cell(page, "%.*f", digits, value);
    else
        mn_page_cell(page, " ");
}

static double get_accuracy(const mn_runs_t *runs) {
    return runs ? 100 * mn_mean_value(&runs->accuracy.value) : NAN;
}

static double get_mcc(const mn_runs_t *runs) {
    return runs ? mn_mean_value(&runs->mcc.value) : NAN;
}

static double get_published(const mn_published_t *published) {
    double best = NAN;
    for (int f = 0; published && f < MN_FIGURES_MAX && published->figures[f].system; f++)
        best = fmax(best, published->figures[f].value);
    return best;
}

/* One line a set and split: what needs no model, and the network that validation chose. */
static void put_overview(mn_page_t *page, const mn_summary_t *summary) {
    static const mn_page_column_t columns[] = {{"set", false},          {"split", false},
                                               {"test rows", true},     {"majority", true},
                                               {"length", true},        {"composition", true},
                                               {"look-up", true},       {"k-mers", true},
                                               {"network", true},       {"MCC k-mers", true},
                                               {"MCC network", true},   {"published", true},
                                               {"published MCC", true}, {0}};
    static const char *const names[] = {"majority", "length", "composition", "look-up", "kmer"};
    mn_page_table(page, "Test accuracy in per cent, and MCC, of the network with the best validation MCC", columns);
    for (int64_t i = 0; i < summary->n; i++)
        for (int64_t s = 0; s < summary->sets[i].n_splits; s++) {
            const mn_set_summary_t *set = &summary->sets[i];
            const mn_way_t *chosen = mn_summary_chosen(set, s);
            const mn_runs_t *runs = chosen ? &chosen->on[s] : NULL;
            const mn_published_t *published = find_published(set, s);
            const bool skipped = set->splits[s]->kind == MN_ENTRY_SKIPPED;
            mn_page_cell(page, "%s", set->splits[s]->set);
            mn_page_cell(page, "%s", skipped ? "skipped" : set->splits[s]->split);
            put_number(page, skipped ? NAN : (double)set->splits[s]->test, 0);
            for (int n = 0; n < 5; n++) put_number(page, get_accuracy(mn_summary_baseline(set, names[n], s)), 1);
            put_number(page, get_accuracy(runs), 1);
            put_number(page, get_mcc(mn_summary_baseline(set, "kmer", s)), 3);
            put_number(page, get_mcc(runs), 3);
            put_number(page, published && !published->mcc ? 100 * get_published(published) : NAN, 1);
            put_number(page, published && published->mcc ? get_published(published) : NAN, 3);
        }
    mn_page_table_end(page);
}

/* What the audit found and what else a reader should know of a split. */
static void put_notes(mn_page_t *page, const mn_ledger_t *ledger, const mn_set_summary_t *set, int64_t split) {
    const mn_entry_t *line = set->splits[split];
    for (int findings = 1; findings >= 0; findings--) {
        mn_json_t *notes = make_notes(ledger, line, findings);
        for (int64_t n = 0; n < mn_json_count(notes); n++) {
            const char *text = mn_json_string(mn_json_at(notes, n));
            bool warning = line->kind == MN_ENTRY_SKIPPED || !strncmp(text, "warning: ", 9);
            const char *after = findings ? strstr(text, ": ") : NULL;
            mn_page_finding(page, warning ? MN_PAGE_WARNING : MN_PAGE_NOTE,
                            line->kind == MN_ENTRY_SKIPPED ? "skipped" : line->split, "%s", after ? after + 2 : text);
        }
        mn_json_free(notes);
    }
}

static void put_ways(mn_page_t *page, const mn_set_summary_t *set) {
    static const mn_page_column_t columns[] = {{"split", false},
                                               {"begins as", false},
                                               {"", false},
                                               {"seeds", true},
                                               {"test accuracy, %", true},
                                               {"test MCC", true},
                                               {"best baseline's share", true},
                                               {"validation MCC", true},
                                               {"parameters", true},
                                               {"epochs", true},
                                               {"tokens", true},
                                               {"minutes", true},
                                               {0}};
    mn_page_table(page, "Means over seeds ± standard deviation (95 % interval of one test)", columns);
    for (int64_t s = 0; s < set->n_splits; s++) {
        const mn_published_t *published = find_published(set, s);
        for (int64_t w = 0; w < set->n_ways; w++) {
            const mn_way_t *way = &set->ways[w];
            const mn_runs_t *runs = &way->on[s];
            if (!runs->n) continue;
            mn_page_cell(page, "%s", set->splits[s]->split);
            mn_page_cell(page, "%s", way->first->start);
            mn_page_cell(page, "%s%s", mn_entry_kinds[way->first->kind],
                         mn_summary_chosen(set, s) == way ? ", chosen" : "");
            mn_page_cell(page, "%" PRId64, runs->n);
            put_score(page, &runs->accuracy, true);
            put_score(page, &runs->mcc, false);
            if (way->first->kind == MN_ENTRY_BASELINE) {
                for (int c = 0; c < 6; c++) mn_page_cell(page, " ");
                continue;
            }
            mn_page_cell(page, "%.0f %%", 100 * get_share(set, way, s));
            mn_page_cell(page, "%.3f", mn_mean_value(&runs->valid_mcc));
            mn_page_cell(page, "%" PRId64, way->first->parameters);
            mn_page_cell(page, "%.1f", mn_mean_value(&runs->epochs));
            mn_page_cell(page, "%.3g M", mn_mean_value(&runs->tokens) / 1e6);
            mn_page_cell(page, "%.1f", mn_mean_value(&runs->minutes));
        }
        for (int f = 0; published && f < MN_FIGURES_MAX && published->figures[f].system; f++) {
            double value = published->figures[f].value;
            mn_page_cell(page, "%s", set->splits[s]->split);
            mn_page_cell(page, "%s", published->figures[f].system);
            mn_page_cell(page, "published");
            mn_page_cell(page, " ");
            put_number(page, published->mcc ? NAN : 100 * value, 1);
            put_number(page, published->mcc ? value : NAN, 3);
            for (int c = 0; c < 6; c++) mn_page_cell(page, " ");
        }
    }
    mn_page_table_end(page);
}

/* Bars of one set: a group each way, a series each split, published figures as signs. */
static mn_status_t draw_set(mn_page_t *page, const mn_set_summary_t *set, mn_err_t *err) {
    enum { SERIES_MAX = MN_PAGE_SERIES_MAX + MN_FIGURES_MAX };
    const mn_published_t *published = find_published(set, 0);
    const bool mcc = published && published->mcc;
    const int64_t n = set->n_ways, n_splits = set->n_splits < MN_PAGE_SERIES_MAX ? set->n_splits : MN_PAGE_SERIES_MAX;
    mn_page_bars_t series[SERIES_MAX];
    char(*labels)[CELL_BYTES];
    const char **groups;
    double *values;
    int64_t used = 0;
    mn_status_t status = mn_mem_new((void **)&labels, n, sizeof *labels, err);
    if (status) return status;
    status = mn_mem_new((void **)&groups, n, sizeof *groups, err);
    if (!status) status = mn_mem_new((void **)&values, (3 * n_splits + MN_FIGURES_MAX) * n, sizeof *values, err);
    if (status) goto done;
    double *next = values;
    for (int64_t w = 0; w < n; w++) {
        const mn_entry_t *first = set->ways[w].first;
        snprintf(labels[w], CELL_BYTES, "%.60s%s%s", first->start, first->kind == MN_ENTRY_BASELINE ? "" : ", ",
                 first->kind == MN_ENTRY_BASELINE ? "" : mn_entry_kinds[first->kind]);
        groups[w] = labels[w];
    }
    for (int64_t s = 0; s < n_splits; s++, next += 3 * n) {
        for (int64_t w = 0; w < n; w++) {
            const mn_runs_t *runs = &set->ways[w].on[s];
            const mn_mean_score_t *score = mcc ? &runs->mcc : &runs->accuracy;
            const double scale = mcc ? 1 : 100;
            next[w] = scale * mn_mean_value(&score->value);
            next[n + w] = scale * mn_mean_value(&score->low);
            next[2 * n + w] = scale * mn_mean_value(&score->high);
        }
        series[used++] =
            (mn_page_bars_t){.name = set->splits[s]->split, .value = next, .low = next + n, .high = next + 2 * n};
    }
    for (int f = 0; published && f < MN_FIGURES_MAX && published->figures[f].system; f++, next += n) {
        for (int64_t w = 0; w < n; w++) next[w] = (mcc ? 1 : 100) * published->figures[f].value;
        series[used++] = (mn_page_bars_t){.name = published->figures[f].system, .value = next, .mark = true};
    }
    mn_page_draw_bars(page, mcc ? "Test MCC" : "Test accuracy", mcc ? "MCC" : "accuracy, %", mcc ? 3 : 1, true, groups,
                      n, series, used);
    mn_mem_free(values);
done:
    mn_mem_free(groups);
    mn_mem_free(labels);
    return status;
}

static mn_status_t write_page(const mn_ledger_t *ledger, const mn_summary_t *summary, const char *path, mn_err_t *err) {
    mn_page_t page;
    mn_writer_t writer;
    mn_status_t status = mn_writer_open(&writer, path, err);
    if (status) return status;
    mn_page_begin(&page, writer.file, "Classifiers of labelled sets", "mnemon " MN_VERSION ": benchmark genomic");
    mn_page_text(&page, "Weights and epochs were chosen on validation parts, and each test part was scored once by the "
                        "weights chosen. Published figures stand beside complete official sets alone.");
    put_overview(&page, summary);
    for (int64_t i = 0; i < summary->n && !status; i++) {
        const mn_set_summary_t *set = &summary->sets[i];
        const mn_entry_t *line = set->splits[0];
        mn_page_heading(&page, line->set);
        if (*line->official)
            mn_page_text(&page, "The complete official set %s, %" PRId64 " classes.", line->official, line->classes);
        else
            mn_page_text(&page,
                         "%" PRId64 " classes. No complete official set that is known here: published figures "
                         "are of other data.",
                         line->classes);
        for (int64_t s = 0; s < set->n_splits; s++) {
            const mn_entry_t *split = set->splits[s];
            if (split->kind != MN_ENTRY_SKIPPED)
                mn_page_text(&page, "%s: %" PRId64 " rows to train, %" PRId64 " to validate, %" PRId64 " to test.",
                             split->split, split->train, split->valid, split->test);
            put_notes(&page, ledger, set, s);
        }
        if (!set->n_ways) continue;
        put_ways(&page, set);
        status = draw_set(&page, set, err);
    }
    mn_page_end(&page);
    if (!status) return mn_writer_commit(&writer, err);
    mn_writer_drop(&writer);
    return status;
}

mn_status_t mn_genomic_report(const mn_ledger_t *ledger, const char *prefix, mn_err_t *err) {
    char path[PATH_BYTES];
    mn_summary_t summary = {0};
    mn_status_t status = mn_summary_make(ledger, &summary, err);
    snprintf(path, sizeof path, "%.4000s.json", prefix);
    if (!status) status = write_json(ledger, &summary, path, err);
    snprintf(path, sizeof path, "%.4000s.html", prefix);
    if (!status) status = write_page(ledger, &summary, path, err);
    if (!status) print_summary(&summary);
    mn_summary_done(&summary);
    return status;
}
