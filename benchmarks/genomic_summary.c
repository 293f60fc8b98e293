/* genomic_summary: lines into a table of ways and splits a set. */
#include "benchmarks/genomic_summary.h"
#include "genomics/base/mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void mn_mean_add(mn_mean_t *mean, double value) {
    if (!isfinite(value)) return;
    double before = value - mean->value;
    mean->value += before / (double)++mean->n;
    mean->squares += before * (value - mean->value);
}

double mn_mean_value(const mn_mean_t *mean) {
    return mean->n ? mean->value : NAN;
}

double mn_mean_spread(const mn_mean_t *mean) {
    return mean->n > 1 ? sqrt(mean->squares / (double)(mean->n - 1)) : NAN;
}

static void add_score(mn_mean_score_t *mean, const mn_metric_t *score) {
    mn_mean_add(&mean->value, score->value);
    mn_mean_add(&mean->low, score->low);
    mn_mean_add(&mean->high, score->high);
}

static void add_run(mn_runs_t *runs, const mn_entry_t *line) {
    runs->n++;
    add_score(&runs->accuracy, &line->accuracy);
    add_score(&runs->mcc, &line->mcc);
    mn_mean_add(&runs->valid_mcc, line->valid_mcc);
    mn_mean_add(&runs->minutes, line->minutes);
    mn_mean_add(&runs->tokens, line->tokens < 0 ? NAN : (double)line->tokens);
    mn_mean_add(&runs->epochs, line->epochs);
}

static mn_status_t find_set(mn_summary_t *summary, const mn_entry_t *line, mn_set_summary_t **out, mn_err_t *err) {
    for (int64_t i = 0; i < summary->n; i++)
        if (!strcmp(summary->sets[i].splits[0]->digest, line->digest) &&
            !strcmp(summary->sets[i].splits[0]->set, line->set))
            return *out = &summary->sets[i], MN_OK;
    mn_status_t status =
        mn_mem_reserve((void **)&summary->sets, &summary->capacity, summary->n + 1, sizeof *summary->sets, err);
    if (!status) *out = &summary->sets[summary->n++];
    return status;
}

static mn_status_t find_split(mn_set_summary_t *set, const mn_entry_t *line, mn_err_t *err) {
    for (int64_t i = 0; i < set->n_splits; i++)
        if (!strcmp(set->splits[i]->split, line->split)) return MN_OK;
    mn_status_t status =
        mn_mem_reserve((void **)&set->splits, &set->split_cap, set->n_splits + 1, sizeof *set->splits, err);
    if (!status) set->splits[set->n_splits++] = line;
    return status;
}

static bool is_way(const mn_entry_t *line) {
    return line->kind == MN_ENTRY_BASELINE || line->kind == MN_ENTRY_SCRATCH || line->kind == MN_ENTRY_PRETRAINED;
}

/* Baselines stand before networks. */
static mn_status_t find_way(mn_set_summary_t *set, const mn_entry_t *line, mn_way_t **out, mn_err_t *err) {
    int64_t at = 0;
    for (int64_t i = 0; i < set->n_ways; i++) {
        const mn_entry_t *first = set->ways[i].first;
        if (first->kind == line->kind && !strcmp(first->start, line->start) && !strcmp(first->settings, line->settings))
            return *out = &set->ways[i], MN_OK;
        at += first->kind == MN_ENTRY_BASELINE || line->kind != MN_ENTRY_BASELINE;
    }
    mn_runs_t *on;
    mn_status_t status = mn_mem_reserve((void **)&set->ways, &set->way_cap, set->n_ways + 1, sizeof *set->ways, err);
    if (!status) status = mn_mem_new((void **)&on, set->n_splits, sizeof *on, err);
    if (status) return status;
    memmove(&set->ways[at + 1], &set->ways[at], (size_t)(set->n_ways++ - at) * sizeof *set->ways);
    *out = &set->ways[at];
    **out = (mn_way_t){line, on};
    return MN_OK;
}

mn_status_t mn_summary_make(const mn_ledger_t *ledger, mn_summary_t *out, mn_err_t *err) {
    mn_summary_t summary = {.ledger = ledger};
    mn_status_t status = MN_OK;
    mn_set_summary_t *set;
    mn_way_t *way;
    for (int64_t i = 0; i < ledger->n && !status; i++) { /* all splits first: each way has room for them */
        status = find_set(&summary, &ledger->entries[i], &set, err);
        if (!status) status = find_split(set, &ledger->entries[i], err);
    }
    for (int64_t i = 0; i < ledger->n && !status; i++) {
        const mn_entry_t *line = &ledger->entries[i];
        if (!is_way(line)) continue;
        status = find_set(&summary, line, &set, err);
        if (!status) status = find_way(set, line, &way, err);
        for (int64_t s = 0; !status && s < set->n_splits; s++)
            if (!strcmp(set->splits[s]->split, line->split)) add_run(&way->on[s], line);
    }
    if (status)
        mn_summary_done(&summary);
    else
        *out = summary;
    return status;
}

void mn_summary_done(mn_summary_t *summary) {
    for (int64_t i = 0; i < summary->n; i++) {
        for (int64_t w = 0; w < summary->sets[i].n_ways; w++) mn_mem_free(summary->sets[i].ways[w].on);
        mn_mem_free(summary->sets[i].ways);
        mn_mem_free(summary->sets[i].splits);
    }
    mn_mem_free(summary->sets);
    *summary = (mn_summary_t){0};
}

/* Whether settings hold the option text[0..n), with its value. */
static bool has_option(const char *settings, const char *text, size_t n) {
    for (const char *at = settings; (at = strstr(at, "--")); at += 2)
        if (!strncmp(at, text, n) && (!at[n] || !strncmp(at + n, " --", 3))) return true;
    return false;
}

/* Adds the options of `settings` that `others` lack, each after `before`. */
static void add_options(const char *settings, const char *others, const char *before, char *out, size_t size) {
    for (const char *at = settings; *at;) {
        const char *end = strstr(at + 1, " --");
        size_t n = end ? (size_t)(end - at) : strlen(at), used = strlen(out);
        if (!has_option(others, at, n)) snprintf(out + used, size - used, "%s%.*s", before, (int)n, at);
        at += n + strspn(at + n, " ");
    }
}

const char *mn_summary_label(const mn_set_summary_t *set, const mn_way_t *way, char *out, size_t size) {
    const mn_way_t *like = set->ways;
    while (like->first->kind != way->first->kind || strcmp(like->first->start, way->first->start)) like++;
    snprintf(out, size, "%s", way->first->start);
    if (like == way) return out;
    size_t used = strlen(out);
    add_options(way->first->settings, like->first->settings, " ", out, size);
    if (!out[used]) add_options(like->first->settings, way->first->settings, " without ", out, size);
    return out;
}

const mn_runs_t *mn_summary_baseline(const mn_set_summary_t *set, const char *name, int64_t split) {
    for (int64_t w = 0; w < set->n_ways; w++) {
        const mn_way_t *way = &set->ways[w];
        if (way->first->kind == MN_ENTRY_BASELINE && !strcmp(way->first->start, name) && way->on[split].n)
            return &way->on[split];
    }
    return NULL;
}

const mn_way_t *mn_summary_best_baseline(const mn_set_summary_t *set, int64_t split) {
    const mn_way_t *best = NULL;
    for (int64_t w = 0; w < set->n_ways; w++) {
        const mn_way_t *way = &set->ways[w];
        if (way->first->kind != MN_ENTRY_BASELINE || !way->on[split].n) continue;
        if (!best || way->on[split].accuracy.value.value > best->on[split].accuracy.value.value) best = way;
    }
    return best;
}

const mn_way_t *mn_summary_chosen(const mn_set_summary_t *set, int64_t split) {
    const mn_way_t *best = NULL;
    for (int64_t w = 0; w < set->n_ways; w++) {
        const mn_way_t *way = &set->ways[w];
        if (way->first->kind == MN_ENTRY_BASELINE || !way->on[split].valid_mcc.n) continue;
        if (!best || way->on[split].valid_mcc.value > best->on[split].valid_mcc.value) best = way;
    }
    return best;
}

double mn_summary_share(const mn_set_summary_t *set, const mn_way_t *way, int64_t split) {
    const mn_way_t *best = mn_summary_best_baseline(set, split);
    return best ? best->on[split].accuracy.value.value / mn_mean_value(&way->on[split].accuracy.value) : NAN;
}

const mn_published_t *mn_summary_published(const mn_set_summary_t *set, int64_t split) {
    const mn_entry_t *line = set->splits[split];
    return strcmp(line->split, "official") ? NULL : mn_published_named(line->official);
}

/* ---- what lines say in words */

static bool is_of(const mn_entry_t *line, const mn_entry_t *split) {
    return !strcmp(line->digest, split->digest) && !strcmp(line->set, split->set) && !strcmp(line->split, split->split);
}

mn_json_t *mn_summary_findings(const mn_summary_t *summary, const mn_entry_t *split) {
    mn_json_t *json = mn_json_array();
    for (int warnings = 1; warnings >= 0; warnings--)
        for (int64_t i = 0; i < summary->ledger->n; i++) {
            const mn_entry_t *line = &summary->ledger->entries[i];
            const char *colon = strchr(line->note, ':');
            if (line->kind != MN_ENTRY_FINDING || !colon || !is_of(line, split)) continue;
            if (strncmp(line->note, "warning:", 8) == 0 ? !warnings : warnings) continue;
            char level[16];
            mn_json_t *finding = mn_json_object();
            snprintf(level, sizeof level, "%.*s", (int)(colon - line->note), line->note);
            mn_json_set_string(finding, "name", line->start);
            mn_json_set_string(finding, "level", level);
            mn_json_set_string(finding, "text", colon + 1 + strspn(colon + 1, " "));
            mn_json_set(json, NULL, finding);
        }
    return json;
}

mn_json_t *mn_summary_notes(const mn_summary_t *summary, const mn_entry_t *split) {
    mn_json_t *json = mn_json_array();
    for (int64_t i = 0; i < summary->ledger->n; i++) {
        const mn_entry_t *line = &summary->ledger->entries[i];
        if (line->kind == MN_ENTRY_FINDING || !is_of(line, split)) continue;
        for (const char *at = line->note, *end; *at; at = end + strspn(end, "; ")) {
            char note[512];
            end = strstr(at, "; ");
            if (!end) end = at + strlen(at);
            snprintf(note, sizeof note, "%.*s", (int)(end - at), at);
            bool known = false;
            for (int64_t n = 0; n < mn_json_count(json) && !known; n++)
                known = !strcmp(mn_json_string(mn_json_at(json, n)), note);
            if (!known) mn_json_set_string(json, NULL, note);
        }
    }
    return json;
}
