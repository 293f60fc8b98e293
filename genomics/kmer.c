/* kmer: words as liblinear's sparse rows, and its primal trust-region solver, which draws no random numbers. */
#include "genomics/kmer.h"
#include "genomics/base/gapped.h"
#include "genomics/base/mem.h"
#include <inttypes.h>
#include <linear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* liblinear's own stopping rule for this solver is 0.01; a tenth of it leaves the figures of a fit unmoved by another.
 */
static const double TOLERANCE = 0.001;
enum { PLACES_MAX = 512 }; /* of longer windows several bases share one */

struct mn_kmer_features {
    int64_t rows, n_classes, words;
    double *labels;
    struct feature_node **row; /* (rows), each into nodes, ended by index -1 */
    struct feature_node *nodes;
};

_Static_assert(sizeof(struct feature_node) == MN_KMER_NODE_BYTES, "liblinear's node");

struct mn_kmer {
    int64_t n_classes;
    struct model *model;
    int *labels;
};

/* Counts of the words of k bases into counts[4^k], zeroed before; without strands, of the smaller of a word and its
 * reverse complement. */
static void count_words(const uint8_t *bases, int64_t n, int64_t k, bool strands, int32_t *counts) {
    const int64_t mask = ((int64_t)1 << 2 * k) - 1;
    int64_t word = 0, turned = 0, run = 0;
    for (int64_t i = 0; i < n; i++) {
        run = bases[i] < MN_BASE_N ? run + 1 : 0;
        word = (word << 2 | (bases[i] & 3)) & mask;
        turned = turned >> 2 | (int64_t)(3 - (bases[i] & 3)) << 2 * (k - 1);
        int32_t *count = &counts[strands || word < turned ? word : turned];
        *count += run >= k && *count < INT32_MAX;
    }
}

/* The bases at each of so many places, into counts[4 * places]; without strands, of both strands. */
static void count_places(const uint8_t *bases, int64_t n, int64_t places, bool strands, int32_t *counts) {
    for (int64_t i = 0; i < n && places; i++) {
        int32_t *at = counts + 4 * (i * places / n);
        if (bases[i] < MN_BASE_N) at[bases[i]]++;
        if (!strands && bases[n - 1 - i] < MN_BASE_N) at[3 - bases[n - 1 - i]]++;
    }
}

/* What is needed to measure one row. */
typedef struct room {
    int32_t *ids;       /* of both strands of the longest row */
    mn_gapped_t gapped; /* of which plain words take the counts alone */
} room_t;

static mn_status_t new_room(int64_t words, int64_t longest, room_t *room, mn_err_t *err) {
    mn_status_t status = mn_mem_new((void **)&room->ids, 2 * longest + 1, sizeof *room->ids, err);
    if (!status) status = mn_mem_new((void **)&room->gapped.words, words, sizeof *room->gapped.words, err);
    if (!status) status = mn_mem_new((void **)&room->gapped.x, words, sizeof *room->gapped.x, err);
    if (!status) status = mn_mem_new((void **)&room->gapped.counts, words, sizeof *room->gapped.counts, err);
    return status;
}

static void done_room(room_t *room) {
    mn_mem_free(room->ids);
    mn_mem_free(room->gapped.words);
    mn_mem_free(room->gapped.x);
    mn_mem_free(room->gapped.counts);
}

/* The gapped words of a sequence; without strands, of it and its reverse complement. */
static void measure_gapped(const uint8_t *bases, int64_t n, bool strands, room_t *room) {
    int64_t ids = 0;
    for (int64_t i = 0; i < n; i++) room->ids[ids++] = bases[i];
    if (!strands) room->ids[ids++] = MN_BASE_N;
    for (int64_t i = n - 1; i >= 0 && !strands; i--) room->ids[ids++] = bases[i] < MN_BASE_N ? 3 - bases[i] : MN_BASE_N;
    mn_gapped_count(room->ids, ids, &room->gapped);
}

static int compare_nodes(const void *a, const void *b) {
    const struct feature_node *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* One row's nodes, in the order of their words; returns where the next row's begin. */
static struct feature_node *put_nodes(const uint8_t *bases, int64_t n, int64_t k, bool strands, int64_t words,
                                      room_t *room, struct feature_node *node) {
    if (k == MN_COUNTED_GAPPED) {
        struct feature_node *first = node;
        measure_gapped(bases, n, strands, room);
        for (int64_t i = 0; i < room->gapped.n; i++)
            *node++ = (struct feature_node){room->gapped.words[i] + 1, (double)room->gapped.x[i]};
        qsort(first, (size_t)room->gapped.n, sizeof *first, compare_nodes);
    } else {
        const int64_t K = k == MN_COUNTED_PLACED ? MN_COUNTED_MAX : k, plain = INT64_C(1) << 2 * K;
        memset(room->gapped.counts, 0, (size_t)words * sizeof *room->gapped.counts);
        count_words(bases, n, K, strands, room->gapped.counts);
        count_places(bases, n, (words - plain) / 4, strands, room->gapped.counts + plain);
        for (int64_t w = 0; w < words; w++)
            if (room->gapped.counts[w])
                *node++ = (struct feature_node){(int)w + 1, log1p((double)room->gapped.counts[w])};
    }
    *node++ = (struct feature_node){(int)words + 1, 1};
    *node++ = (struct feature_node){-1, 0};
    return node;
}

static int64_t count_nodes(int64_t length, int64_t k, bool strands, int64_t words) {
    const int64_t read = strands ? length : 2 * length, most = k == MN_COUNTED_GAPPED   ? MN_GAPPED_PATTERNS * read
                                                               : k == MN_COUNTED_PLACED ? length + read
                                                                                        : length;
    return (most < words ? most : words) + 2; /* the bias and the end */
}

mn_status_t mn_kmer_features_new(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part, int64_t k,
                                 bool strands, mn_kmer_features_t **out, mn_err_t *err) {
    mn_kmer_features_t *f;
    mn_status_t status = mn_mem_new((void **)&f, 1, sizeof *f, err);
    if (status) return status;
    const int64_t window = mn_labelled_window(set), places = window < PLACES_MAX ? window : PLACES_MAX;
    f->words = k == MN_COUNTED_GAPPED   ? mn_gapped_rows()
               : k == MN_COUNTED_PLACED ? (INT64_C(1) << 2 * MN_COUNTED_MAX) + 4 * places
                                        : INT64_C(1) << 2 * k;
    f->n_classes = set->n_classes;
    int64_t nodes = 0;
    room_t room = {0};
    for (int64_t i = 0; i < set->n; i++) {
        if (parts[i] != part) continue;
        f->rows++;
        nodes += count_nodes(mn_labelled_length(set, i), k, strands, f->words);
    }
    int64_t bytes = mn_mem_mul(nodes, sizeof *f->nodes);
    if (f->rows > INT32_MAX || bytes < 0 || bytes > mn_mem_available() / 2)
        status = mn_err_set(err, MN_FAILED, NULL, "use fewer sequences",
                            "the words of %" PRId64 " sequences do not fit in memory (%" PRId64 " MB)", f->rows,
                            bytes / 1000000);
    if (!status) status = mn_mem_new((void **)&f->nodes, nodes, sizeof *f->nodes, err);
    if (!status) status = mn_mem_new((void **)&f->row, f->rows, sizeof(*f->row), err);
    if (!status) status = mn_mem_new((void **)&f->labels, f->rows, sizeof *f->labels, err);
    if (!status) status = new_room(f->words, set->longest, &room, err);
    struct feature_node *node = f->nodes;
    int64_t row = 0;
    for (int64_t i = 0; !status && i < set->n; i++) {
        if (parts[i] != part) continue;
        f->labels[row] = set->labels[i];
        f->row[row++] = node;
        node = put_nodes(mn_labelled_row(set, i), mn_labelled_length(set, i), k, strands, f->words, &room, node);
    }
    done_room(&room);
    if (status)
        mn_kmer_features_free(f);
    else
        *out = f;
    return status;
}

void mn_kmer_features_free(mn_kmer_features_t *features) {
    if (!features) return;
    mn_mem_free(features->nodes);
    mn_mem_free(features->row);
    mn_mem_free(features->labels);
    mn_mem_free(features);
}

int64_t mn_kmer_features_count(const mn_kmer_features_t *features) {
    return features->rows;
}

static void print_nothing(const char *text) {
    (void)text;
}

mn_status_t mn_kmer_train(const mn_kmer_features_t *features, double penalty, mn_kmer_t **out, mn_err_t *err) {
    mn_kmer_t *kmer;
    mn_status_t status = mn_mem_new((void **)&kmer, 1, sizeof *kmer, err);
    if (status) return status;
    struct problem problem = {
        .l = (int)features->rows, .n = (int)features->words + 1, .y = features->labels, .x = features->row, .bias = 1};
    struct parameter parameter = {.solver_type = L2R_LR, .eps = TOLERANCE, .C = 1 / penalty};
    const char *wrong = check_parameter(&problem, &parameter);
    set_print_string_function(print_nothing);
    kmer->n_classes = features->n_classes;
    if (wrong)
        status = mn_err_set(err, MN_FAILED, NULL, NULL, "liblinear: %s", wrong);
    else if (!(kmer->model = train(&problem, &parameter)))
        status = mn_err_set(err, MN_FAILED, NULL, NULL, "liblinear failed");
    else if (get_nr_class(kmer->model) != features->n_classes)
        status = mn_err_set(err, MN_INPUT, NULL, "give every class a sequence to train on",
                            "%d of %" PRId64 " classes have one", get_nr_class(kmer->model), features->n_classes);
    if (!status && !(status = mn_mem_new((void **)&kmer->labels, kmer->n_classes, sizeof *kmer->labels, err)))
        get_labels(kmer->model, kmer->labels);
    if (status)
        mn_kmer_free(kmer);
    else
        *out = kmer;
    return status;
}

void mn_kmer_free(mn_kmer_t *kmer) {
    if (!kmer) return;
    if (kmer->model) free_and_destroy_model(&kmer->model);
    mn_mem_free(kmer->labels);
    mn_mem_free(kmer);
}

void mn_kmer_predict(const mn_kmer_t *kmer, const mn_kmer_features_t *features, float *probabilities) {
    double row[MN_LABELLED_CLASSES_MAX];
    for (int64_t i = 0; i < features->rows; i++) {
        predict_probability(kmer->model, features->row[i], row);
        for (int64_t c = 0; c < kmer->n_classes; c++)
            probabilities[i * kmer->n_classes + kmer->labels[c]] = (float)row[c];
    }
}
