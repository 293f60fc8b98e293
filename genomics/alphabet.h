/* alphabet: the ids of bases and marks, the table from text to ids, complements, and counts of what was read. */
#ifndef MN_ALPHABET_H
#define MN_ALPHABET_H
#include <stdbool.h>
#include <stdint.h>

/* Base ids (uint8_t) are 0..4; the marks follow. The same numbers are the nucleotide tokenizer's token ids. */
enum { MN_BASE_A, MN_BASE_C, MN_BASE_G, MN_BASE_T, MN_BASE_N, MN_ID_PAD, MN_ID_BOS, MN_ID_EOS, MN_ID_MASK, MN_IDS };

/* What to do with a byte that is no nucleotide code. */
typedef enum { MN_INVALID_ERROR, MN_INVALID_N, MN_INVALID_SKIP } mn_invalid_t;
extern const char *const mn_invalid_names[]; /* "error", "n", "skip", NULL; indexed by value */

/* What a byte of text is: an id 0..4, or one of these bits. */
enum {
    MN_CODE_REPLACED = 16, /* R Y S W K M B D H V, and invalid bytes with MN_INVALID_N: read as N, counted */
    MN_CODE_BLANK = 32,    /* space, tab, line ends: no base */
    MN_CODE_SKIPPED = 64,  /* an invalid byte left out (MN_INVALID_SKIP), counted */
    MN_CODE_INVALID = 128  /* anything else */
};

/* table[byte] = code. U is T; lower case is read as upper, or as N with mask_lowercase. */
void mn_alphabet_table(bool mask_lowercase, mn_invalid_t invalid, uint8_t table[256]);

/* The letter of an id 0..4; '?' for any other. */
char mn_base_letter(uint8_t id);
/* A<->T, C<->G; every other id is its own complement. */
uint8_t mn_base_complement(uint8_t id);
/* In place. */
void mn_bases_reverse_complement(uint8_t *bases, int64_t n);

/* How often each id 0..4 stands in bases[0..n). */
void mn_bases_count(const uint8_t *bases, int64_t n, int64_t counts[5]);

/* Counts over bases read, before runs of N are shortened. */
typedef struct mn_base_counts {
    int64_t bases;    /* all, with every N */
    int64_t gc;       /* C and G */
    int64_t n;        /* ids N, whatever made them so */
    int64_t replaced; /* IUPAC codes and (MN_INVALID_N) invalid bytes read as N */
    int64_t skipped;  /* invalid bytes left out (MN_INVALID_SKIP); they keep their place in positions */
    int64_t dropped;  /* N left out of runs longer than the limit */
} mn_base_counts_t;

void mn_base_counts_add(mn_base_counts_t *sum, const mn_base_counts_t *more);

/* Text of one sequence to ids; room for n is always enough. Stops before the first invalid byte: *used tells how many
 * bytes were read (n: all). Returns the number of ids; adds to *counts. Runs of N are kept whole. */
int64_t mn_bases_from_text(const char *text, int64_t n, const uint8_t table[256], uint8_t *ids,
                           mn_base_counts_t *counts, int64_t *used);

#endif
