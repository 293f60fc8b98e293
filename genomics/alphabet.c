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

/* The same a byte at a time, for text that holds more than ids. */
static int64_t read_mixed(const char *text, int64_t n, const uint8_t table[256], uint8_t *ids, mn_base_counts_t *counts,
                          int64_t *used) {
    int64_t size = 0, i = 0;
    for (; i < n; i++) {
        uint8_t code = table[(uint8_t)text[i]];
        if (code & MN_CODE_INVALID) break;
        counts->replaced += code >> 4 & 1;
        counts->skipped += code >> 6 & 1;
        ids[size] = code & 7;
        size += !(code & (MN_CODE_BLANK | MN_CODE_SKIPPED));
    }
    *used = i;
    return size;
}

int64_t mn_bases_from_text(const char *text, int64_t n, const uint8_t table[256], uint8_t *ids,
                           mn_base_counts_t *counts, int64_t *used) {
    uint8_t seen = 0;
    for (int64_t i = 0; i < n; i++) {
        ids[i] = table[(uint8_t)text[i]];
        seen |= ids[i];
    }
    int64_t size = n;
    *used = n;
    if (seen > 7) size = read_mixed(text, n, table, ids, counts, used);
    int64_t gc = 0, ns = 0;
    for (int64_t i = 0; i < size; i++) gc += (ids[i] ^ ids[i] >> 1) & 1;
    if (seen > 3)
        for (int64_t i = 0; i < size; i++) ns += ids[i] >> 2;
    counts->gc += gc;
    counts->n += ns;
    counts->bases += size;
    return size;
}
