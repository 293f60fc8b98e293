/* vec_select: which table of vec.h, and which product of product.h, is in use. */
#include "titans/kernels/vec.h"
#include "titans/kernels/product.h"
#include <string.h>

static const char *level = "plain";
const mn_vec_t *mn_vec = &mn_vec_plain;
mn_product_t *mn_product;

static bool use(const char *name, const mn_vec_t *table, mn_product_t *product) {
    level = name;
    mn_vec = table;
    mn_product = product;
    return true;
}

const char *mn_vec_best(void) {
#ifdef MN_X86
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (avx512) return "avx512";
    if (avx2) return "avx2";
#endif
    return "plain";
}

bool mn_vec_select(const char *name) {
    const char *best = mn_vec_best();
    if (!strcmp(name, "auto")) name = best;
    if (!strcmp(name, "plain")) return use("plain", &mn_vec_plain, NULL);
#ifdef MN_X86
    if (!strcmp(name, "avx2") && strcmp(best, "plain")) return use("avx2", &mn_vec_avx2, mn_product_avx2);
    if (!strcmp(name, "avx512") && !strcmp(best, "avx512")) return use("avx512", &mn_vec_avx512, mn_product_avx512);
#endif
    return false;
}

/* Before main, so that no model is met by two threads first. */
__attribute__((constructor)) static void choose(void) {
    mn_vec_select("auto");
}

const char *mn_vec_level(void) {
    return level;
}
