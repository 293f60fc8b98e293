/* alphabet: tables between text, base ids and complements. */
#include "genomics/alphabet.h"
#include <string.h>

const char *const mn_invalid_names[] = {"error", "n", "skip", NULL};

void mn_alphabet_table(bool mask_lowercase, mn_invalid_t invalid, uint8_t table[256]) {
    static const uint8_t otherwise[] = {[MN_INVALID_ERROR] = MN_CODE_INVALID,
                                        [MN_INVALID_N] = MN_BASE_N | MN_CODE_REPLACED,
                                        [MN_INVALID_SKIP] = MN_CODE_SKIPPED};
    memset(table, otherwise[invalid], 256);
    for (const char *c = "RYSWKMBDHV"; *c; c++) table[(uint8_t)*c] = MN_BASE_N | MN_CODE_REPLACED;
    for (const char *c = " \t\r\n\v\f"; *c; c++) table[(uint8_t)*c] = MN_CODE_BLANK;
    table['A'] = MN_BASE_A;
    table['C'] = MN_BASE_C;
    table['G'] = MN_BASE_G;
    table['T'] = table['U'] = MN_BASE_T;
    table['N'] = MN_BASE_N;
    for (const char *c = "ACGTUNRYSWKMBDHV"; *c; c++) {
        uint8_t lower = (uint8_t)(*c - 'A' + 'a');
        table[lower] = mask_lowercase ? (table[(uint8_t)*c] & MN_CODE_REPLACED) | MN_BASE_N : table[(uint8_t)*c];
    }
}

char mn_base_letter(uint8_t id) {
    return id <= MN_BASE_N ? "ACGTN"[id] : '?';
}

uint8_t mn_base_complement(uint8_t id) {
    return id < MN_BASE_N ? MN_BASE_T - id : id;
}

void mn_bases_count(const uint8_t *bases, int64_t n, int64_t counts[5]) {
    int64_t met[8] = {0};
    for (int64_t i = 0; i < n; i++) met[bases[i] & 7]++;
    memcpy(counts, met, 5 * sizeof *counts);
}

void mn_bases_reverse_complement(uint8_t *bases, int64_t n) {
    for (int64_t i = 0, j = n - 1; i <= j; i++, j--) {
        uint8_t left = mn_base_complement(bases[i]);
        bases[i] = mn_base_complement(bases[j]);
        bases[j] = left;
    }
}

void mn_base_counts_add(mn_base_counts_t *sum, const mn_base_counts_t *more) {
    sum->bases += more->bases;
    sum->gc += more->gc;
    sum->n += more->n;
    sum->replaced += more->replaced;
    sum->skipped += more->skipped;
    sum->dropped += more->dropped;
}

/* Text that may hold anything, a byte at a time. */
static int64_t read_mixed(const char *text, int64_t n, const uint8_t table[256], uint8_t *ids, mn_base_counts_t *counts,
                          int64_t *used) {
    int64_t size = 0, i = 0;
    for (; i < n; i++) {
        uint8_t code = table[(uint8_t)text[i]], id = code & 7;
        if (code & MN_CODE_INVALID) break;
        ids[size] = id;
        if (code & (MN_CODE_BLANK | MN_CODE_SKIPPED)) {
            counts->skipped += code >> 6 & 1;
            continue;
        }
        counts->replaced += code >> 4 & 1;
        counts->gc += (id ^ id >> 1) & 1;
        counts->n += id >> 2;
        size++;
    }
    *used = i;
    return size;
}

/* Eight letters at once, the first in the lowest byte. Bits 1 and 2 tell A, C, G and T apart; what they tell gives the
 * letter that should be there. */
typedef struct mn_eight {
    uint64_t ids, other, gc; /* a byte each: id; not 0 where there is another letter; 1 for C and G */
} mn_eight_t;

static inline mn_eight_t read_eight(uint64_t letters) {
    const uint64_t ones = 0x0101010101010101;
    uint64_t low = letters >> 1 & ones, high = letters >> 2 & ones, t = high & ~low;
    uint64_t expected = ('A' * ones | low << 1 | high << 2) ^ (t | t << 4);
    return (mn_eight_t){(low ^ high) | high << 1, letters ^ expected, low};
}

/* Text of A, C, G, T alone (with fold, in both cases). False: there is something else. n is PART at most, so that sums
 * of eight fit in bytes. */
enum { PART = 1024 };

static bool read_plain(const char *text, int64_t n, bool fold, uint8_t *ids, int64_t *gc) {
    const uint64_t keep = fold ? 0xdfdfdfdfdfdfdfdf : UINT64_MAX;
    uint64_t letters, other = 0, sums = 0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&letters, text + i, 8);
        mn_eight_t eight = read_eight(letters & keep);
        memcpy(ids + i, &eight.ids, 8);
        other |= eight.other;
        sums += eight.gc;
    }
    memset(&letters, 'A', 8);
    memcpy(&letters, text + i, (size_t)(n - i));
    mn_eight_t eight = read_eight(letters & keep);
    memcpy(ids + i, &eight.ids, (size_t)(n - i));
    other |= eight.other;
    sums += eight.gc;
    sums = (sums & 0x00ff00ff00ff00ff) + (sums >> 8 & 0x00ff00ff00ff00ff);
    *gc = (int64_t)(sums * 0x0001000100010001 >> 48);
    return !other;
}

int64_t mn_bases_from_text(const char *text, int64_t n, const uint8_t table[256], uint8_t *ids,
                           mn_base_counts_t *counts, int64_t *used) {
    const bool fold = table['a'] == MN_BASE_A;
    int64_t size = 0, at = 0, gc = 0;
    while (at < n) {
        int64_t part = n - at < PART ? n - at : PART, taken = part, found = part, plain_gc = 0;
        if (read_plain(text + at, part, fold, ids + size, &plain_gc))
            gc += plain_gc;
        else
            found = read_mixed(text + at, part, table, ids + size, counts, &taken);
        size += found;
        at += taken;
        if (taken < part) break;
    }
    *used = at;
    counts->gc += gc;
    counts->bases += size;
    return size;
}
