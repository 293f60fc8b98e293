/* split: parts of a labelled set by the hash of the canonical strand. */
#include "genomics/split.h"
#include "genomics/base/digest.h"
#include "genomics/base/mem.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, VALID_EVERY = 10 };

uint64_t mn_split_key(const uint8_t *bases, int64_t length) {
    int order = 0; /* of the strands: below 0 the given one is smaller */
    for (int64_t i = 0; i < length && !order; i++)
        order = (int)bases[i] - (int)mn_base_complement(bases[length - 1 - i]);
    uint64_t key = 0;
    for (int64_t at = 0; at < length; at += BLOCK) {
        uint8_t block[BLOCK];
        int64_t n = length - at < BLOCK ? length - at : BLOCK;
        for (int64_t i = 0; i < n; i++)
            block[i] = order <= 0 ? bases[at + i] : mn_base_complement(bases[length - 1 - at - i]);
        key = mn_digest_hash(block, n, key);
    }
    return key;
}

uint64_t mn_split_row_key(const mn_labelled_t *set, int64_t i) {
    if (set->bases) return mn_split_key(mn_labelled_row(set, i), mn_labelled_length(set, i));
    const mn_place_t *at = &set->places[i];
    const int64_t place[] = {at->start, at->end};
    const char *contig = mn_names_text(&set->contigs, at->contig);
    return mn_digest_hash(place, sizeof place, mn_digest_hash(contig, (int64_t)strlen(contig), 0));
}

static int compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Distinct keys, in order, of the rows whose part is `part`; owner: the caller. */
static mn_status_t list_keys(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part, uint64_t **keys,
                             int64_t *n, mn_err_t *err) {
    mn_status_t status = mn_mem_new((void **)keys, set->n, sizeof **keys, err);
    if (status) return status;
    int64_t all = 0;
    *n = 0;
    for (int64_t i = 0; i < set->n; i++)
        if (parts[i] == part) (*keys)[all++] = mn_split_row_key(set, i);
    qsort(*keys, (size_t)all, sizeof **keys, compare_keys);
    for (int64_t i = 0; i < all; i++)
        if (!i || (*keys)[i] != (*keys)[i - 1]) (*keys)[(*n)++] = (*keys)[i];
    return MN_OK;
}

/* Index of key among keys[0..n), or -1. */
static int64_t find_key(const uint64_t *keys, int64_t n, uint64_t key) {
    const uint64_t *at = bsearch(&key, keys, (size_t)n, sizeof *keys, compare_keys);
    return at ? at - keys : -1;
}

static mn_status_t check_parts(const mn_labelled_t *set, int64_t folds, const uint8_t *parts, mn_err_t *err) {
    static const char hint[] = "give more sequences, or fewer folds, or a split column";
    int64_t rows[MN_SPLIT_COUNT] = {0}, *met;
    mn_status_t status = mn_mem_new((void **)&met, set->n_classes, sizeof *met, err);
    if (status) return status;
    for (int64_t i = 0; i < set->n; i++) {
        rows[parts[i]]++;
        met[set->labels[i]] += parts[i] == MN_SPLIT_TRAIN;
    }
    for (mn_split_t part = MN_SPLIT_TRAIN; !status && part < MN_SPLIT_COUNT; part++)
        if (!rows[part] && (part != MN_SPLIT_TEST || folds))
            status = mn_err_set(err, MN_INPUT, set->source, hint, "no sequence is left for the part '%s'",
                                mn_split_names[part]);
    for (int64_t c = 0; !status && c < set->n_classes; c++)
        if (!met[c])
            status =
                mn_err_set(err, MN_INPUT, set->source, hint, "class '%s' has no sequence to train on", set->classes[c]);
    mn_mem_free(met);
    return status;
}

mn_status_t mn_split_parts(const mn_labelled_t *set, int64_t folds, int64_t fold, uint8_t *parts, mn_err_t *err) {
    if (folds < 0 || folds == 1 || folds > MN_SPLIT_FOLDS_MAX || fold < 0 || fold >= (folds ? folds : 1))
        return mn_err_set(err, MN_USAGE, NULL, "use 2 folds or more", "fold %" PRId64 " of %" PRId64 " does not exist",
                          fold, folds);
    bool draw = folds || !set->per_split[MN_SPLIT_VALID];
    for (int64_t i = 0; i < set->n; i++) {
        mn_split_t split = set->splits[i];
        if (folds)
            parts[i] = split == MN_SPLIT_TEST ? MN_SPLIT_NONE : MN_SPLIT_TRAIN;
        else
            parts[i] = split == MN_SPLIT_NONE ? MN_SPLIT_TRAIN : split;
    }
    if (draw) {
        uint64_t *keys;
        int64_t n;
        mn_status_t status = list_keys(set, parts, MN_SPLIT_TRAIN, &keys, &n, err);
        if (status) return status;
        int64_t every = folds ? folds : 1;
        for (int64_t i = 0; i < set->n; i++) {
            if (parts[i] != MN_SPLIT_TRAIN) continue;
            int64_t at = find_key(keys, n, mn_split_row_key(set, i));
            if (folds && at % every == fold)
                parts[i] = MN_SPLIT_TEST;
            else if (at / every % VALID_EVERY == 0)
                parts[i] = MN_SPLIT_VALID;
        }
        mn_mem_free(keys);
    }
    return check_parts(set, folds, parts, err);
}

mn_status_t mn_split_shared(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part, mn_split_t other,
                            int64_t *shared, mn_err_t *err) {
    uint64_t *keys;
    int64_t n, found = 0;
    mn_status_t status = list_keys(set, parts, other, &keys, &n, err);
    if (status) return status;
    for (int64_t i = 0; i < set->n; i++) found += parts[i] == part && find_key(keys, n, mn_split_row_key(set, i)) >= 0;
    mn_mem_free(keys);
    *shared = found;
    return MN_OK;
}
