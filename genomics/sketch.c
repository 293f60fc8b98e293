/* sketch: an index of minimizers, candidates by what they share in it, their words counted. */
#include "genomics/sketch.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 512, SEARCH_TASKS = 256, RADIX_BITS = 11 };

/* A pair is counted where its minimizers alone, of which few were drawn, show this part of the threshold. */
static const double MARGIN = 0.4;

/* ---- words */

enum { WORD_BITS = 2 * MN_SKETCH_K };
static const uint32_t NO_WORD = UINT32_MAX; /* above every word of WORD_BITS bits */

/* The canonical word at each of the n - K + 1 places, NO_WORD where it holds an N; returns how many places. */
static int64_t list_words(const uint8_t *bases, int64_t n, uint32_t *words) {
    const uint32_t mask = (UINT32_C(1) << WORD_BITS) - 1;
    uint32_t given = 0, reverse = 0;
    int64_t run = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t base = bases[i] & 3;
        run = bases[i] < MN_BASE_N ? run + 1 : 0;
        given = (given << 2 | base) & mask;
        reverse = reverse >> 2 | (3 - base) << (WORD_BITS - 2);
        if (i >= MN_SKETCH_K - 1)
            words[i - MN_SKETCH_K + 1] = run < MN_SKETCH_K ? NO_WORD : given < reverse ? given : reverse;
    }
    return n < MN_SKETCH_K ? 0 : n - MN_SKETCH_K + 1;
}

/* A one-to-one mixing of 32 bits (Wellons' lowbias32), so that the smallest hash is any word; NO_WORD comes last. */
static uint32_t hash_word(uint32_t word) {
    if (word == NO_WORD) return NO_WORD;
    word ^= word >> 16, word *= UINT32_C(0x7feb352d);
    word ^= word >> 15, word *= UINT32_C(0x846ca68b);
    return word ^ word >> 16;
}

/* A set of words by open addressing; room for as many slots as twice the words. */
typedef struct word_set {
    uint32_t *words, *marks; /* NO_WORD: an empty slot */
    int64_t room, slots;     /* a power of two in use */
} word_set_t;

static mn_status_t new_words(word_set_t *set, int64_t words, mn_err_t *err) {
    set->room = 64;
    while (set->room < 2 * words) set->room *= 2;
    mn_status_t status = mn_mem_new((void **)&set->words, set->room, sizeof *set->words, err);
    if (!status) status = mn_mem_new((void **)&set->marks, set->room, sizeof *set->marks, err);
    return status;
}

static void done_words(word_set_t *set) {
    mn_mem_free(set->words);
    mn_mem_free(set->marks);
}

static void clear_words(word_set_t *set, int64_t words) {
    set->slots = 64;
    while (set->slots < 2 * words) set->slots *= 2;
    memset(set->words, 0xff, (size_t)set->slots * sizeof *set->words);
    memset(set->marks, 0, (size_t)set->slots * sizeof *set->marks);
}

/* The slot of word, or the empty one where it belongs. */
static int64_t find_word(const word_set_t *set, uint32_t word) {
    int64_t mask = set->slots - 1, slot = hash_word(word) & mask;
    while (set->words[slot] != word && set->words[slot] != NO_WORD) slot = (slot + 1) & mask;
    return slot;
}

/* Adds words[0..n), NO_WORD aside; returns how many were new and, where kept is given, lists them there. */
static int64_t add_words(word_set_t *set, const uint32_t *words, int64_t n, uint32_t *kept) {
    int64_t added = 0;
    for (int64_t i = 0; i < n; i++) {
        if (words[i] == NO_WORD) continue;
        int64_t slot = find_word(set, words[i]);
        if (set->words[slot] == words[i]) continue;
        set->words[slot] = words[i];
        if (kept) kept[added] = words[i];
        added++;
    }
    return added;
}

/* Replaces words[0..n) by the smallest hash of each window of neighbours, once where it stays the smallest; returns how
 * many. */
static int64_t choose_minimizers(uint32_t *words, int64_t n) {
    int64_t chosen = 0, least = -1;
    for (int64_t i = 0; i < n; i++) words[i] = hash_word(words[i]);
    int64_t windows = n < MN_SKETCH_WINDOW ? n > 0 : n - MN_SKETCH_WINDOW + 1;
    for (int64_t from = 0; from < windows; from++) { /* at most as many are written as windows were read */
        int64_t stop = from + MN_SKETCH_WINDOW < n ? from + MN_SKETCH_WINDOW : n, before = least;
        if (least < from) {
            least = from;
            for (int64_t i = from + 1; i < stop; i++)
                if (words[i] < words[least]) least = i;
        } else if (words[stop - 1] < words[least]) {
            least = stop - 1;
        }
        if (least != before) words[chosen++] = words[least];
    }
    return chosen;
}

/* ---- sketches of all */

typedef struct block {
    uint32_t *tokens; /* minimizers of its sequences, one after the other, each once a sequence */
    int64_t n;
    mn_status_t status;
    mn_err_t err;
} block_t;

typedef struct search {
    const mn_labelled_t *set;
    const mn_distinct_t *distinct;
    double threshold;
    block_t *blocks;
    int32_t *words;   /* (n) distinct words of each sequence */
    int32_t *sizes;   /* (n) its minimizers */
    int64_t *begins;  /* (n + 1) into places */
    uint64_t *index;  /* minimizer << 32 | sequence, in order; without those that one sequence alone has */
    uint32_t *places; /* where each sequence's minimizers stand in it */
    uint32_t *tokens; /* these minimizers, in order */
    int64_t n_index;
    struct found {
        mn_near_pair_t *pairs;
        int64_t n, cap, crowded;
        mn_status_t status;
        mn_err_t err;
    } found[SEARCH_TASKS];
} search_t;

static const uint8_t *get_bases(const search_t *s, int64_t node, int64_t *n) {
    int64_t row = s->distinct->rows[s->distinct->begins[node]];
    *n = mn_labelled_length(s->set, row);
    return mn_labelled_row(s->set, row);
}

static void sketch_block(void *ctx, int64_t task) {
    search_t *s = ctx;
    block_t *block = &s->blocks[task];
    int64_t first = task * BLOCK_ROWS, last = first + BLOCK_ROWS, longest = 1, cap = 0, n;
    if (last > s->distinct->n) last = s->distinct->n;
    for (int64_t node = first; node < last; node++) {
        get_bases(s, node, &n);
        if (n > longest) longest = n;
    }
    uint32_t *words = NULL;
    word_set_t set = {0};
    block->status = mn_mem_new((void **)&words, longest, sizeof *words, &block->err);
    if (!block->status) block->status = new_words(&set, longest, &block->err);
    for (int64_t node = first; !block->status && node < last; node++) {
        const uint8_t *bases = get_bases(s, node, &n);
        n = list_words(bases, n, words);
        clear_words(&set, n);
        s->words[node] = (int32_t)add_words(&set, words, n, NULL);
        n = choose_minimizers(words, n);
        clear_words(&set, n);
        block->status = mn_mem_reserve((void **)&block->tokens, &cap, block->n + n, sizeof *words, &block->err);
        if (block->status) break;
        s->sizes[node] = (int32_t)add_words(&set, words, n, block->tokens + block->n);
        block->n += s->sizes[node];
    }
    mn_mem_free(words);
    done_words(&set);
}

/* ---- the index */

/* Sorts by the upper 32 bits, equal ones staying in their order: least digit first, spare is as large. */
static void sort_index(uint64_t **index, uint64_t **spare, int64_t n) {
    for (int shift = 32; shift < 64; shift += RADIX_BITS) {
        int64_t at[1 << RADIX_BITS] = {0}, sum = 0;
        for (int64_t i = 0; i < n; i++) at[(*index)[i] >> shift & ((1 << RADIX_BITS) - 1)]++;
        for (int64_t d = 0; d < 1 << RADIX_BITS; d++) {
            int64_t count = at[d];
            at[d] = sum, sum += count;
        }
        for (int64_t i = 0; i < n; i++) (*spare)[at[(*index)[i] >> shift & ((1 << RADIX_BITS) - 1)]++] = (*index)[i];
        uint64_t *sorted = *spare;
        *spare = *index, *index = sorted;
    }
}

/* Marks in seen the slots of minimizers met once (1) and more often (2). */
static void count_tokens(const search_t *s, int64_t n_blocks, uint8_t *seen, uint32_t mask) {
    for (int64_t b = 0; b < n_blocks; b++)
        for (int64_t i = 0; i < s->blocks[b].n; i++) {
            uint8_t *slot = &seen[s->blocks[b].tokens[i] & mask];
            *slot += *slot < 2;
        }
}

/* The index of all minimizers that may be in two sequences; ends the blocks' lists. */
static mn_status_t build_index(search_t *s, int64_t n_blocks, mn_err_t *err) {
    enum { SEEN_MAX = 1 << 27 };
    int64_t tokens = 0, slots = 1024;
    uint64_t *spare = NULL;
    uint8_t *seen;
    for (int64_t b = 0; b < n_blocks; b++) tokens += s->blocks[b].n;
    while (slots < 4 * tokens && slots < SEEN_MAX) slots *= 2;
    const uint32_t mask = (uint32_t)slots - 1;
    mn_status_t status = mn_mem_new((void **)&seen, slots, 1, err);
    if (status) return status;
    count_tokens(s, n_blocks, seen, mask);
    for (int64_t b = 0; b < n_blocks; b++)
        for (int64_t i = 0; i < s->blocks[b].n; i++) s->n_index += seen[s->blocks[b].tokens[i] & mask] > 1;
    if (s->n_index > UINT32_MAX)
        status = mn_err_set(err, MN_FAILED, s->set->source, "use fewer sequences",
                            "%" PRId64 " minimizers are too many to compare", s->n_index);
    if (!status) status = mn_mem_new((void **)&s->index, s->n_index, sizeof *s->index, err);
    if (!status) status = mn_mem_new((void **)&spare, s->n_index, sizeof *spare, err);
    if (!status) status = mn_mem_new((void **)&s->places, s->n_index, sizeof *s->places, err);
    if (!status) status = mn_mem_new((void **)&s->tokens, s->n_index, sizeof *s->tokens, err);
    if (!status) {
        int64_t at = 0;
        for (int64_t b = 0; b < n_blocks; b++) {
            const uint32_t *token = s->blocks[b].tokens;
            int64_t last = (b + 1) * BLOCK_ROWS < s->distinct->n ? (b + 1) * BLOCK_ROWS : s->distinct->n;
            for (int64_t node = b * BLOCK_ROWS; node < last; node++) {
                for (int32_t i = 0; i < s->sizes[node]; i++, token++)
                    if (seen[*token & mask] > 1) s->index[at++] = (uint64_t)*token << 32 | (uint64_t)node;
                s->begins[node + 1] = at;
            }
            mn_mem_free(s->blocks[b].tokens);
            s->blocks[b].tokens = NULL;
        }
        sort_index(&s->index, &spare, s->n_index);
        /* Moved by one, each begin is the cursor of its sequence, and at the end the begin of the next. */
        memmove(s->begins + 1, s->begins, (size_t)s->distinct->n * sizeof *s->begins);
        for (int64_t p = 0; p < s->n_index; p++) {
            int64_t to = s->begins[(s->index[p] & UINT32_MAX) + 1]++;
            s->places[to] = (uint32_t)p;
            s->tokens[to] = (uint32_t)(s->index[p] >> 32);
        }
    }
    mn_mem_free(spare);
    mn_mem_free(seen);
    return status;
}

/* ---- candidates, and their words counted */

typedef struct candidate {
    int32_t node, common; /* minimizers found in common */
} candidate_t;

static int compare_candidates(const void *a, const void *b) {
    const candidate_t *x = a, *y = b;
    return x->common != y->common ? (x->common < y->common ? 1 : -1) : (x->node > y->node) - (x->node < y->node);
}

static int compare_pairs(const void *a, const void *b) {
    const mn_near_pair_t *x = a, *y = b;
    return (x->b > y->b) - (x->b < y->b);
}

typedef struct scratch {
    int32_t *common; /* (n) minimizers in common with the present sequence; zero between sequences */
    candidate_t *candidates;
    int64_t candidate_cap;
    uint32_t *words;
    word_set_t set;
} scratch_t;

/* Whether so many minimizers are in common that the words should be counted. */
static bool is_likely(const search_t *s, int64_t a, int64_t b, int64_t common) {
    return (double)common >= MARGIN * s->threshold * (double)(s->sizes[a] + (int64_t)s->sizes[b] - common);
}

/* The sequences before `node` that may be near it, the likeliest first. */
static mn_status_t list_candidates(const search_t *s, scratch_t *scratch, int64_t node, int64_t *n, bool *crowded,
                                   mn_err_t *err) {
    int64_t cut = 0;
    mn_status_t status = MN_OK;
    *n = 0;
    for (int64_t i = s->begins[node]; !status && i < s->begins[node + 1]; i++) {
        int64_t place = s->places[i], left = MN_SKETCH_NEIGHBOURS;
        status = mn_mem_reserve((void **)&scratch->candidates, &scratch->candidate_cap, *n + left,
                                sizeof *scratch->candidates, err);
        if (status) break;
        while (--place >= 0 && s->index[place] >> 32 == s->index[s->places[i]] >> 32) {
            if (!left--) {
                cut++;
                break;
            }
            int32_t other = (int32_t)(s->index[place] & UINT32_MAX);
            if (!scratch->common[other]++) scratch->candidates[(*n)++].node = other;
        }
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < *n; i++) {
        int32_t other = scratch->candidates[i].node, common = scratch->common[other];
        scratch->common[other] = 0;
        if (is_likely(s, node, other, common + cut)) scratch->candidates[kept++] = (candidate_t){other, common};
    }
    if (kept > 1) qsort(scratch->candidates, (size_t)kept, sizeof *scratch->candidates, compare_candidates);
    *crowded = cut > 0 || kept > MN_SKETCH_CHECKED;
    *n = kept < MN_SKETCH_CHECKED ? kept : MN_SKETCH_CHECKED;
    return status;
}

/* All minimizers in common, also those that no window showed. */
static int64_t count_minimizers(const search_t *s, int64_t a, int64_t b) {
    int64_t common = 0;
    for (int64_t i = s->begins[a], j = s->begins[b]; i < s->begins[a + 1] && j < s->begins[b + 1];) {
        uint32_t x = s->tokens[i], y = s->tokens[j];
        common += x == y;
        i += x <= y, j += y <= x;
    }
    return common;
}

/* Words in common of the sequence in scratch->set and `other`, which is number `mark` of those counted against it. */
static int64_t count_common(const search_t *s, scratch_t *scratch, int64_t other, uint32_t mark) {
    int64_t n, common = 0;
    const uint8_t *bases = get_bases(s, other, &n);
    n = list_words(bases, n, scratch->words);
    for (int64_t i = 0; i < n; i++) {
        if (scratch->words[i] == NO_WORD) continue;
        int64_t slot = find_word(&scratch->set, scratch->words[i]);
        if (scratch->set.words[slot] == NO_WORD || scratch->set.marks[slot] == mark) continue;
        scratch->set.marks[slot] = mark;
        common++;
    }
    return common;
}

static mn_status_t check_candidates(const search_t *s, scratch_t *scratch, int64_t node, int64_t n,
                                    struct found *found) {
    if (!n) return MN_OK;
    int64_t length, first = found->n;
    const uint8_t *bases = get_bases(s, node, &length);
    length = list_words(bases, length, scratch->words);
    clear_words(&scratch->set, length);
    add_words(&scratch->set, scratch->words, length, NULL);
    mn_status_t status =
        mn_mem_reserve((void **)&found->pairs, &found->cap, found->n + n, sizeof *found->pairs, &found->err);
    for (int64_t i = 0; !status && i < n; i++) {
        int32_t other = scratch->candidates[i].node;
        double least = s->words[node], most = s->words[other];
        if (least > most) least = s->words[other], most = s->words[node];
        if (least < s->threshold * most) continue; /* the shorter cannot fill so much of the longer */
        if (!is_likely(s, node, other, count_minimizers(s, node, other))) continue;
        double common = (double)count_common(s, scratch, other, (uint32_t)i + 1);
        double jaccard = common / ((double)s->words[node] + s->words[other] - common);
        if (jaccard >= s->threshold) found->pairs[found->n++] = (mn_near_pair_t){(int32_t)node, other, (float)jaccard};
    }
    if (found->n > first + 1)
        qsort(found->pairs + first, (size_t)(found->n - first), sizeof *found->pairs, compare_pairs);
    return status;
}

static void search_nodes(void *ctx, int64_t task) {
    search_t *s = ctx;
    struct found *found = &s->found[task];
    scratch_t scratch = {0};
    int64_t nodes = s->distinct->n, n;
    found->status = mn_mem_new((void **)&scratch.common, nodes, sizeof *scratch.common, &found->err);
    if (!found->status)
        found->status = mn_mem_new((void **)&scratch.words, s->set->longest, sizeof *scratch.words, &found->err);
    if (!found->status) found->status = new_words(&scratch.set, s->set->longest, &found->err);
    for (int64_t node = nodes * task / SEARCH_TASKS; !found->status && node < nodes * (task + 1) / SEARCH_TASKS;
         node++) {
        bool crowded;
        found->status = list_candidates(s, &scratch, node, &n, &crowded, &found->err);
        if (!found->status) found->status = check_candidates(s, &scratch, node, n, found);
        found->crowded += crowded;
    }
    mn_mem_free(scratch.common);
    mn_mem_free(scratch.candidates);
    mn_mem_free(scratch.words);
    done_words(&scratch.set);
}

/* ---- the whole */

static mn_status_t gather_pairs(search_t *s, mn_near_t *out, mn_err_t *err) {
    mn_near_t near = {0};
    mn_status_t status = MN_OK;
    for (int64_t t = 0; t < SEARCH_TASKS; t++) {
        if (!status && (status = s->found[t].status) && err) *err = s->found[t].err;
        near.n += s->found[t].n;
        near.crowded += s->found[t].crowded;
    }
    if (!status) status = mn_mem_new((void **)&near.pairs, near.n, sizeof *near.pairs, err);
    int64_t at = 0;
    for (int64_t t = 0; !status && t < SEARCH_TASKS; at += s->found[t++].n)
        if (s->found[t].n) memcpy(near.pairs + at, s->found[t].pairs, (size_t)s->found[t].n * sizeof *near.pairs);
    if (!status) *out = near;
    return status;
}

/* Bytes that the index takes at its height: its entries twice, places, tokens, the sketches. */
static mn_status_t check_room(const search_t *s, mn_err_t *err) {
    enum { TOKEN_BYTES = 2 * 8 + 4 + 4 + 4 };
    int64_t tokens = 2 * s->set->offsets[s->set->n] / (MN_SKETCH_WINDOW + 1), room = mn_mem_available() / 2;
    if (s->distinct->n < INT32_MAX && tokens < room / TOKEN_BYTES) return MN_OK;
    return mn_err_set(err, MN_FAILED, s->set->source, "use fewer sequences, or leave near-duplicates out",
                      "the words of %" PRId64 " sequences do not fit in memory (%" PRId64 " MB are left for them)",
                      s->distinct->n, room / 1000000);
}

mn_status_t mn_near_find(const mn_labelled_t *set, const mn_distinct_t *distinct, double threshold, mn_near_t *out,
                         mn_err_t *err) {
    search_t *s;
    int64_t n_blocks = (distinct->n + BLOCK_ROWS - 1) / BLOCK_ROWS;
    mn_status_t status = mn_mem_new((void **)&s, 1, sizeof *s, err);
    if (status) return status;
    s->set = set, s->distinct = distinct, s->threshold = threshold;
    status = check_room(s, err);
    if (!status) status = mn_mem_new((void **)&s->blocks, n_blocks, sizeof *s->blocks, err);
    if (!status) status = mn_mem_new((void **)&s->words, distinct->n, sizeof *s->words, err);
    if (!status) status = mn_mem_new((void **)&s->sizes, distinct->n, sizeof *s->sizes, err);
    if (!status) status = mn_mem_new((void **)&s->begins, distinct->n + 1, sizeof *s->begins, err);
    if (!status) mn_par_for(n_blocks, sketch_block, s);
    for (int64_t b = 0; !status && b < n_blocks; b++)
        if ((status = s->blocks[b].status) && err) *err = s->blocks[b].err;
    if (!status) status = build_index(s, n_blocks, err);
    if (!status) mn_par_for(SEARCH_TASKS, search_nodes, s);
    if (!status) status = gather_pairs(s, out, err);
    for (int64_t b = 0; s->blocks && b < n_blocks; b++) mn_mem_free(s->blocks[b].tokens);
    for (int64_t t = 0; t < SEARCH_TASKS; t++) mn_mem_free(s->found[t].pairs);
    mn_mem_free(s->blocks);
    mn_mem_free(s->words);
    mn_mem_free(s->sizes);
    mn_mem_free(s->begins);
    mn_mem_free(s->index);
    mn_mem_free(s->places);
    mn_mem_free(s->tokens);
    mn_mem_free(s);
    return status;
}

void mn_near_done(mn_near_t *near) {
    if (!near) return;
    mn_mem_free(near->pairs);
    *near = (mn_near_t){0};
}
