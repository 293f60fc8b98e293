/* config: every field of a model, as titans/MODEL.md names them; its JSON form, presets and limits. */
#ifndef MN_CONFIG_H
#define MN_CONFIG_H
#include "genomics/base/json.h"
#include <stdbool.h>

enum { MN_DEPTH_MAX = 4, MN_CLASSES_MAX = 1000, MN_VOCAB_MAX = 65536, MN_WORDS_MAX = 10, MN_LENGTHS = 64 };

typedef enum { MN_ARCH_LMM, MN_ARCH_MAL, MN_ARCH_MAG, MN_ARCH_MAC } mn_arch_t;
typedef enum { MN_ACT_SILU, MN_ACT_GELU } mn_act_t;
typedef enum { MN_STEP_PLAIN, MN_STEP_POLYAK } mn_step_t;
typedef enum { MN_FORGET_ZERO, MN_FORGET_INITIAL } mn_forget_t;
typedef enum { MN_POOL_MEAN, MN_POOL_MAX, MN_POOL_LAST, MN_POOL_ATTENTION } mn_pool_t;

/* Flat by intent: the JSON form nests the memory's fields under "memory", as the golden files do. */
typedef struct mn_config {
    int arch;                         /* mn_arch_t */
    int64_t vocab, dim, layers, heads; /* V, D, L, H */
    int64_t attn_heads, ffn, conv, persistent, chunk, segment, window; /* -, F, K, N, C, S, W */
    int64_t words; /* bases of the words that the embedding knows besides; 0: none. Absent from the golden files */
    struct {
        int64_t depth, expansion;     /* L_M, e */
        int activation;               /* mn_act_t */
        bool norm, residual, momentum, decay;
        int step, forget;             /* mn_step_t, mn_forget_t */
        double theta_max;
    } memory;
    int64_t classes;                  /* 0: no classification head. Absent from the golden files */
    int pooling;                      /* mn_pool_t, meaningful with classes > 0 */
    int64_t bins;                     /* parts of a sequence that are pooled apart, beside the whole; as pooling */
    bool gapped, lengths;             /* the head reads counts of gapped words too (gapped.h); the length; as pooling */
} mn_config_t;

/* The preset "tiny", "small" or "base" with the default of every other field; false: no such preset. */
bool mn_config_preset(const char *name, mn_config_t *out);

/* Every field within its limits and consistent with the others (dim divisible by heads, segment a multiple of chunk,
 * the parameter count below 2^31, ...). status is MN_USAGE or MN_MODEL: what to report. What an arch has no use for may
 * stand in any relation. */
mn_status_t mn_config_check(const mn_config_t *config, mn_status_t status, const char *where, mn_err_t *err);

/* Parameters of a config within its limits: known before anything is allocated. */
int64_t mn_config_parameters(const mn_config_t *config);

/* JSON with the field names of model.md. Reading accepts absent fields that a golden file leaves out (words, classes,
 * pooling, bins, gapped, lengths; for a memory file see conformance.c), refuses unknown ones, and ends with mn_config_check(MN_MODEL). */
mn_json_t *mn_config_to_json(const mn_config_t *config);
mn_status_t mn_config_from_json(const mn_json_t *json, const char *where, mn_config_t *out, mn_err_t *err);

/* Name tables of the enums above, NULL-terminated, indexed by value; used by JSON, options and info. */
extern const char *const mn_arch_names[], *const mn_act_names[], *const mn_step_names[], *const mn_forget_names[],
    *const mn_pool_names[];

#endif
