/* replay: the main of a fuzz target without libFuzzer. Runs it over every file named, as it is and with `changes` random
 * changes each, the same ones every time. Usage: fuzz_X CHANGES FILE... */
#include "genomics/base/rng.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

enum { SEED_MAX = 1 << 20 };
static uint8_t seed[SEED_MAX], changed[2 * SEED_MAX];

static size_t change(mn_rng_t *rng, size_t size) {
    memcpy(changed, seed, size);
    int64_t edits = 1 + mn_rng_below(rng, 4);
    for (int64_t i = 0; i < edits && size; i++) {
        size_t at = (size_t)mn_rng_below(rng, (int64_t)size), n = (size_t)mn_rng_below(rng, (int64_t)(size - at)) + 1;
        switch (mn_rng_below(rng, 5)) {
        case 0: changed[at] = (uint8_t)mn_rng_next(rng); break;
        case 1: changed[at] ^= (uint8_t)(1u << mn_rng_below(rng, 8)); break;
        case 2: changed[at] = (uint8_t) "0\xff\t\n9{\0>@"[mn_rng_below(rng, 9)]; break;
        case 3: size = at; break;
        default:
            if (size + n > sizeof changed) break;
            memmove(changed + at + n, changed + at, size - at);
            size += n;
        }
    }
    return size;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    int64_t changes = atoll(argv[1]);
    for (int i = 2; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) return perror(argv[i]), 1;
        size_t size = fread(seed, 1, sizeof seed, file);
        fclose(file);
        LLVMFuzzerTestOneInput(seed, size);
        for (int64_t c = 0; c < changes; c++) {
            mn_rng_t rng = mn_rng(1, MN_RNG_TEST, (uint64_t)i, (uint64_t)c);
            LLVMFuzzerTestOneInput(changed, change(&rng, size));
        }
    }
    return 0;
}
