/* genomic_report: the summary as TSV and JSON; its page is in genomic_page.c. */
#include "benchmarks/genomic_report.h"
#include "benchmarks/genomic_page.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096, LABEL_BYTES = 256 };

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
                char label[LABEL_BYTES];
                if (!runs->n) continue;
                printf("%s\t%s\t%s\t%s\t%" PRId64, way->first->set, summary->sets[i].splits[s]->split,
                       mn_entry_kinds[way->first->kind], mn_summary_label(&summary->sets[i], way, label, sizeof label),
                       runs->n);
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
    mn_json_set_real(json, "best_baseline_share", mn_summary_share(set, way, split));
    mn_json_set_real(json, "valid_mcc", mn_mean_value(&runs->valid_mcc));
    mn_json_set_bool(json, "chosen", mn_summary_chosen(set, split) == way);
    mn_json_set_int(json, "parameters", way->first->parameters);
    mn_json_set_real(json, "epochs", mn_mean_value(&runs->epochs));
    mn_json_set_real(json, "tokens", mn_mean_value(&runs->tokens));
    mn_json_set_real(json, "minutes", mn_mean_value(&runs->minutes));
    mn_json_set_string(json, "settings", way->first->settings);
    return json;
}

static mn_json_t *make_split(const mn_summary_t *summary, const mn_set_summary_t *set, int64_t split) {
    const mn_entry_t *line = set->splits[split];
    const mn_published_t *published = mn_summary_published(set, split);
    mn_json_t *json = mn_json_object(), *ways = mn_json_array(), *figures = mn_json_object();
    mn_json_set_string(json, "split", line->split);
    mn_json_set_bool(json, "skipped", line->kind == MN_ENTRY_SKIPPED);
    if (line->train >= 0) mn_json_set_int(json, "train", line->train);
    if (line->valid >= 0) mn_json_set_int(json, "valid", line->valid);
    if (line->test >= 0) mn_json_set_int(json, "test", line->test);
    if (line->shared >= 0) mn_json_set_int(json, "test_rows_in_train", line->shared);
    mn_json_set(json, "notes", mn_summary_notes(summary, line));
    mn_json_set(json, "findings", mn_summary_findings(summary, line));
    for (int64_t w = 0; w < set->n_ways; w++)
        if (set->ways[w].on[split].n) mn_json_set(ways, NULL, make_way(set, &set->ways[w], split));
    mn_json_set(json, "results", ways);
    for (int f = 0; published && f < MN_FIGURES_MAX && published->figures[f].system; f++)
        mn_json_set_real(figures, published->figures[f].system, published->figures[f].value);
    if (published) mn_json_set(json, published->mcc ? "published_mcc" : "published_accuracy", figures);
    if (!published) mn_json_free(figures);
    return json;
}

static mn_status_t write_json(const mn_summary_t *summary, const char *path, mn_err_t *err) {
    mn_json_t *json = mn_json_object(), *sets = mn_json_array();
    mn_json_set_string(json, "mnemon", MN_VERSION);
    for (int64_t i = 0; i < summary->n; i++) {
        const mn_set_summary_t *set = &summary->sets[i];
        mn_json_t *item = mn_json_object(), *splits = mn_json_array();
        mn_json_set_string(item, "set", set->splits[0]->set);
        mn_json_set_string(item, "digest", set->splits[0]->digest);
        mn_json_set_int(item, "classes", set->splits[0]->classes);
        if (*set->splits[0]->official) mn_json_set_string(item, "official", set->splits[0]->official);
        for (int64_t s = 0; s < set->n_splits; s++) mn_json_set(splits, NULL, make_split(summary, set, s));
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

mn_status_t mn_genomic_report(const mn_ledger_t *ledger, const char *prefix, mn_err_t *err) {
    char path[PATH_BYTES];
    mn_summary_t summary = {0};
    mn_status_t status = mn_summary_make(ledger, &summary, err);
    snprintf(path, sizeof path, "%.4000s.json", prefix);
    if (!status) status = write_json(&summary, path, err);
    snprintf(path, sizeof path, "%.4000s.html", prefix);
    if (!status) status = mn_genomic_page(&summary, path, err);
    if (!status) print_summary(&summary);
    mn_summary_done(&summary);
    return status;
}
