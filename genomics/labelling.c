/* labelling: rows and classes of a labelled set, one by one. */
#include "genomics/labelling.h"
#include "genomics/base/mem.h"
#include "genomics/input.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a row, beside its bases, name and place. */
enum { ROW_BYTES = 24 };

mn_status_t mn_labelling_fits(const mn_labelling_t *b, int64_t bases) {
    const mn_labelled_t *set = b->set;
    int64_t row = set->places ? ROW_BYTES + (int64_t)sizeof *set->places : ROW_BYTES;
    if (bases >= 0 && bases + b->name_size + row * set->n <= b->memory) return MN_OK;
    return mn_err_set(b->err, MN_FAILED, b->set->source, "use fewer sequences, or a machine with more memory",
                      "a labelled set of more than %" PRId64 " rows does not fit in memory (%" PRId64
                      " MB are left for it)",
                      set->n, b->memory / 1000000);
}

mn_status_t mn_labelling_reserve(mn_labelling_t *b, int64_t more) {
    int64_t need = mn_mem_add(b->set->offsets[b->set->n], more);
    mn_status_t status = mn_labelling_fits(b, need);
    return status ? status : mn_mem_reserve((void **)&b->set->bases, &b->base_cap, need, 1, b->err);
}

/* The place of text among the classes; *found tells whether it is there or would be put there. */
static int64_t search_class(const mn_labelling_t *b, const char *text, bool *found) {
    int64_t low = 0, high = b->set->n_classes;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        int order = strcmp(b->classes[mid].text, text);
        if (!order) return *found = true, mid;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return *found = false, low;
}

static mn_status_t insert_class(mn_labelling_t *b, int64_t at, const char *text) {
    mn_labelled_t *set = b->set;
    mn_status_t status =
        mn_mem_reserve((void **)&b->classes, &b->class_cap, set->n_classes + 1, sizeof *b->classes, b->err);
    char *copy;
    if (status || (status = mn_mem_string(&copy, text, b->err))) return status;
    memmove(b->classes + at + 1, b->classes + at, (size_t)(set->n_classes - at) * sizeof *b->classes);
    b->classes[at] = (mn_class_name_t){copy, (int32_t)set->n_classes++};
    return MN_OK;
}

static mn_status_t find_class(mn_labelling_t *b, const char *place, const char *text, int32_t *id) {
    bool found;
    int64_t at = search_class(b, text, &found);
    if (!found) {
        if (!*text)
            return mn_err_set(b->err, MN_INPUT, place, "give every row a class, or take the row out",
                              "the label is empty");
        if (b->options->classes)
            return mn_err_set(b->err, MN_INPUT, place, "`mnemon info MODEL` lists the classes",
                              "label '%s' is none of the model's %" PRId64 " classes ('%s', ...)", text,
                              b->options->n_classes, b->options->classes[0]);
        if (strlen(text) > MN_LABELLING_NAME_MAX)
            return mn_err_set(b->err, MN_INPUT, place, "is `label` the right column?",
                              "a label of %zu bytes, at most %d are allowed", strlen(text), (int)MN_LABELLING_NAME_MAX);
        for (const char *c = text; *c; c++)
            if (iscntrl((unsigned char)*c))
                return mn_err_set(b->err, MN_INPUT, place, "use printable labels",
                                  "the label holds the control character 0x%02x", (unsigned char)*c);
        if (b->set->n_classes == MN_LABELLED_CLASSES_MAX)
            return mn_err_set(b->err, MN_INPUT, place, "is `label` a measurement or a name? It should be a class",
                              "more than %d classes", (int)MN_LABELLED_CLASSES_MAX);
        mn_status_t status = insert_class(b, at, text);
        if (status) return status;
    }
    *id = b->classes[at].id;
    return MN_OK;
}

/* Notes where the row that ends now lies; from the first such row on all have a place, if an unknown one. */
static mn_status_t add_place(mn_labelling_t *b, const mn_place_t *place) {
    mn_labelled_t *set = b->set;
    if (!place && !set->places) return MN_OK;
    bool first = !set->places;
    mn_status_t status = mn_mem_reserve((void **)&set->places, &b->place_cap, set->n + 1, sizeof *set->places, b->err);
    if (status) return status;
    for (int64_t i = 0; first && i < set->n; i++) set->places[i].contig = -1;
    set->places[set->n] = place ? *place : (mn_place_t){.contig = -1};
    return MN_OK;
}

mn_status_t mn_labelling_row(mn_labelling_t *b, const char *place, const char *label, mn_split_t split,
                             const char *name, const mn_place_t *at, int64_t n) {
    mn_labelled_t *set = b->set;
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, set->n + 1);
    if (!name) name = number;
    int64_t name_bytes = (int64_t)strlen(name) + 1;
    int32_t id = 0;
    mn_status_t status = find_class(b, place, label, &id);
    if (!status)
        status = mn_mem_reserve((void **)&set->offsets, &b->offset_cap, set->n + 2, sizeof *set->offsets, b->err);
    if (!status) status = mn_mem_reserve((void **)&set->labels, &b->label_cap, set->n + 1, sizeof *set->labels, b->err);
    if (!status) status = mn_mem_reserve((void **)&set->splits, &b->split_cap, set->n + 1, sizeof *set->splits, b->err);
    if (!status)
        status = mn_mem_reserve((void **)&set->name_offsets, &b->name_offset_cap, set->n + 1, sizeof *set->name_offsets,
                                b->err);
    if (!status) status = mn_mem_reserve((void **)&set->names, &b->name_cap, b->name_size + name_bytes, 1, b->err);
    if (!status) status = add_place(b, at);
    if (!status && n > INT64_MAX - set->offsets[set->n])
        status = mn_err_set(b->err, MN_INPUT, place, "is it an interval?", "more bases than can be counted");
    if (status) return status;
    char *to = memcpy(set->names + b->name_size, name, (size_t)name_bytes);
    for (char *c = to; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = '?';
    set->name_offsets[set->n] = b->name_size;
    b->name_size += name_bytes;
    set->offsets[set->n + 1] = set->offsets[set->n] + n;
    set->labels[set->n] = id;
    set->splits[set->n] = (uint8_t)split;
    set->per_split[split]++;
    if (n > set->longest) set->longest = n;
    set->n++;
    return MN_OK;
}

mn_status_t mn_labelling_bases(mn_labelling_t *b, const char *place, const char *label, mn_split_t split,
                               const char *name, const mn_place_t *at, int64_t n) {
    mn_labelled_t *set = b->set;
    uint8_t *bases = set->bases ? set->bases + set->offsets[set->n] : NULL;
    int64_t kept = 0, blank = 0, run = 0;
    for (int64_t i = 0; i < n; i++) { /* runs of N as every reader shortens them */
        run = bases[i] == MN_BASE_N ? run + 1 : 0;
        if (run > MN_N_RUN && !b->options->keep_n) continue;
        bases[kept++] = bases[i];
        blank += run > 0;
    }
    set->counts.dropped += n - kept;
    if (!kept)
        return mn_err_set(b->err, MN_INPUT, place, "give the sequence, or take the row out", "the sequence is empty");
    mn_status_t status = mn_labelling_row(b, place, label, split, name, at, kept);
    if (!status) set->n_blank += blank == kept;
    return status;
}

mn_status_t mn_labelling_text(mn_labelling_t *b, const char *place, const char *label, mn_split_t split,
                              const char *name, const mn_place_t *at, const char *text, int64_t n) {
    mn_status_t status = mn_labelling_reserve(b, n);
    if (status) return status;
    mn_labelled_t *set = b->set;
    int64_t used, got = mn_bases_from_text(text, n, b->table, set->bases + set->offsets[set->n], &set->counts, &used);
    if (used < n)
        return mn_err_set(b->err, MN_INPUT, place, "correct it, or read it as N with --invalid n",
                          "the sequence holds '%c' (0x%02x) at column %" PRId64 ", which is no nucleotide", text[used],
                          (unsigned char)text[used], used + 1);
    return mn_labelling_bases(b, place, label, split, name, at, got);
}

/* ---- the classes' order */

/* The number that a name spells in full; false: it is no plain number. */
static bool parse_number(const char *name, double *out) {
    char *end;
    if (!*name || strspn(name, "0123456789.+-eE") != strlen(name)) return false;
    *out = strtod(name, &end);
    return !*end && isfinite(*out);
}

static int compare_numbers(const void *a, const void *b) {
    double x = 0, y = 0;
    parse_number(((const mn_class_name_t *)a)->text, &x);
    parse_number(((const mn_class_name_t *)b)->text, &y);
    return (x > y) - (x < y);
}

/* Puts numbers in numeric order and refuses those that are no class names: fractions, unless most classes are words. */
static mn_status_t order_numbers(mn_labelling_t *b) {
    int64_t n = b->set->n_classes, words = 0, fractions = 0;
    const char *fraction = NULL;
    for (int64_t i = 0; i < n; i++) {
        double number;
        if (!parse_number(b->classes[i].text, &number))
            words++;
        else if (number != floor(number))
            fractions++, fraction = b->classes[i].text;
    }
    if (words && fractions <= words) return MN_OK;
    if (fraction)
        return mn_err_set(b->err, MN_INPUT, b->set->source, "name the classes, or cut the measurement into classes",
                          "labels such as '%s' are measurements, and mnemon classifies", fraction);
    if (words) return MN_OK;
    qsort(b->classes, (size_t)n, sizeof *b->classes, compare_numbers);
    for (int64_t i = 1; i < n; i++)
        if (!compare_numbers(b->classes + i - 1, b->classes + i))
            return mn_err_set(b->err, MN_INPUT, b->set->source, "write one class in one way",
                              "labels '%s' and '%s' are the same number", b->classes[i - 1].text, b->classes[i].text);
    return MN_OK;
}

static mn_status_t finish_set(mn_labelling_t *b) {
    mn_labelled_t *set = b->set;
    mn_status_t status = MN_OK;
    if (set->bases && set->n_blank == set->n)
        return mn_err_set(b->err, MN_INPUT, b->set->source, "check the sequence column, and --mask-lowercase",
                          "all %" PRId64 " sequences are N alone", set->n);
    if (set->n_classes < 2 && !b->options->single)
        return mn_err_set(b->err, MN_INPUT, b->set->source, "a classifier needs two classes or more",
                          "all %" PRId64 " rows have the label '%s'", set->n, b->classes[0].text);
    if (b->options->by && b->n_grouped < set->n)
        return mn_err_set(b->err, MN_INPUT, b->set->source, "give tables", "not every input has a column '%s'",
                          b->options->by);
    int32_t *place; /* of each id */
    if (!b->options->classes && (status = order_numbers(b))) return status;
    if ((status = mn_mem_new((void **)&place, set->n_classes, sizeof *place, b->err))) return status;
    if (!(status = mn_mem_new((void **)&set->classes, set->n_classes, sizeof *set->classes, b->err)))
        for (int64_t i = 0; i < set->n_classes; i++) {
            int32_t id = b->classes[i].id, to = b->options->classes ? id : (int32_t)i;
            place[id] = to;
            set->classes[to] = b->classes[i].text;
            b->classes[i].text = NULL;
        }
    for (int64_t i = 0; !status && i < set->n; i++) set->labels[i] = place[set->labels[i]];
    mn_mem_free(place);
    return status;
}

mn_status_t mn_labelling_begin(const char *const *inputs, int64_t n, const mn_labelled_options_t *options,
                               mn_labelling_t *b, mn_err_t *err) {
    static const mn_labelled_options_t defaults = {0};
    *b = (mn_labelling_t){.options = options ? options : &defaults, .err = err, .memory = mn_mem_available() / 3};
    mn_status_t status = mn_mem_new((void **)&b->set, 1, sizeof *b->set, err);
    if (status) return status;
    snprintf(b->set->source, sizeof b->set->source, "%.200s", inputs[0]);
    if (n > 1) snprintf(b->set->source, sizeof b->set->source, "%.200s and %" PRId64 " more", inputs[0], n - 1);
    mn_alphabet_table(b->options->mask_lowercase, (mn_invalid_t)b->options->invalid, b->table);
    status = mn_mem_reserve((void **)&b->set->offsets, &b->offset_cap, 1, sizeof *b->set->offsets, err);
    for (int64_t i = 0; !status && b->options->classes && i < b->options->n_classes; i++) {
        bool found;
        int64_t at = search_class(b, b->options->classes[i], &found);
        status = insert_class(b, at, b->options->classes[i]);
    }
    return status;
}

mn_status_t mn_labelling_end(mn_labelling_t *b, mn_status_t status, mn_labelled_t **out) {
    if (!status) status = finish_set(b);
    for (int64_t i = 0; b->classes && i < b->set->n_classes; i++) mn_mem_free(b->classes[i].text);
    mn_mem_free(b->classes);
    if (status)
        mn_labelled_free(b->set);
    else
        *out = b->set;
    return status;
}
