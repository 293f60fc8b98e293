/* bits: the rows of perplexity's table. Bits are whole millionths, so that rows add up to the same total in one table as
 * in several that are merged. */
#ifndef MN_BITS_H
#define MN_BITS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define MN_BITS_COLUMNS "name\tbases\tscored\tbits\tbits_per_base\tperplexity"

typedef struct mn_bits {
    int64_t bases, scored; /* read; foretold */
    int64_t millionths;    /* of a bit, of those foretold */
} mn_bits_t;

bool mn_bits_add(mn_bits_t *sum, const mn_bits_t *more); /* false: beyond what is counted; *sum is then nothing */
double mn_bits_per_base(const mn_bits_t *bits); /* scored > 0 */
void mn_bits_write(FILE *out, const char *name, const mn_bits_t *bits);
/* Of a row as it was written; false: it is none. */
bool mn_bits_parse(const char *row, mn_bits_t *out);

#endif
