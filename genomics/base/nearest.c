/* nearest: did-you-mean, by edits (optimal string alignment). */
#include "genomics/base/nearest.h"
#include <string.h>

enum { WORD_MAX = 64 };

/* Edits (insert, delete, replace, swap of neighbours) from a to b: optimal string alignment. */
static int count_edits(const char *a, const char *b) {
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n > WORD_MAX || m > WORD_MAX) return WORD_MAX;
    int row[3][WORD_MAX + 1] = {{0}}; /* rows i, i-1, i-2, turning */
    for (int j = 0; j <= m; j++) row[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = row[i % 3], *above = row[(i + 2) % 3], *higher = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && higher[j - 2] + 1 < best)
                best = higher[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *mn_nearest(const char *word, const char *const *names, int64_t n) {
    const char *found = NULL;
    int best = WORD_MAX;
    size_t length = strlen(word);
    for (int64_t i = 0; i < n; i++) {
        int edits = length >= 2 && strncmp(word, names[i], length) == 0 ? 1 : count_edits(word, names[i]);
        if (edits < best) best = edits, found = names[i];
    }
    return best <= (int)(length + 2) / 3 ? found : NULL;
}
