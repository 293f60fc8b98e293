/* gapped: log counts of the words in a sequence's bases, some of them with gaps (gapped k-mers, Ghandi et al. 2014,
 * doi:10.1371/journal.pcbi.1003711). */
#ifndef MN_GAPPED_H
#define MN_GAPPED_H
#include <stdint.h>

enum { MN_GAPPED_PATTERNS = 8 };

/* Those of one sequence; arrays with room for mn_gapped_rows(). */
typedef struct mn_gapped {
    int64_t n;
    int32_t *words;  /* that occur, each once */
    float *x;        /* 10 log(1 + count) over the length of the vector of these logarithms */
    int32_t *counts; /* of all words there are */
} mn_gapped_t;

/* Words that there are: those of the first pattern, then those of the second, ... */
int64_t mn_gapped_rows(void);

/* Of ids[0 .. length), of which 0 to 3 are bases; words with any other id are left out. */
void mn_gapped_count(const int32_t *ids, int64_t length, mn_gapped_t *out);

#endif
