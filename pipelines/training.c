/* training: shared options and the run of pretrain and finetune. */
#include "pipelines/training.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "pipelines/provenance.h"
#include "pipelines/report.h"
#include "pipelines/signals.h"
#include <math.h>
#include <string.h>

static const char *const preset_names[] = {"tiny", "small", "base", NULL};

#define FIELD(field, name, kind, value, text) MN_OPTION(mn_modelling_t, config.field, NULL, name, kind, value, text)
#define NAMED(field, name, names, text)                                                                                \
    MN_OPTION(mn_modelling_t, config.field, NULL, name, CHOICE, NULL, text, .choices = names)

const mn_option_t mn_modelling_options[] = {
    MN_OPTION(mn_modelling_t, preset, NULL, "preset", CHOICE, NULL, "the model's sizes and all fields not given",
              .choices = preset_names, .fallback = "small"),
    MN_OPTION(mn_modelling_t, tokenizer, NULL, "tokenizer", STRING, "nucleotide|kmer:K",
              "a token is a base, or a word of K bases", .fallback = "nucleotide"),
    NAMED(arch, "arch", mn_arch_names, "the backbone"),
    FIELD(dim, "dim", INT, "D", "width of the model"),
    FIELD(layers, "layers", INT, "L", "layers"),
    FIELD(heads, "heads", INT, "H", "memory heads a layer; D / H is the width of one memory"),
    FIELD(attn_heads, "attn-heads", INT, "N", "attention heads a layer (mal, mag, mac)"),
    FIELD(ffn, "ffn", INT, "F", "inner width of the feed-forward part"),
    FIELD(conv, "conv", INT, "K", "width of the convolutions over queries, keys and values"),
    FIELD(words, "words", INT, "K",
          "bases of the words whose rows are added to the embedding; 0: none; if not given, of a classifier 7"),
    FIELD(persistent, "persistent", INT, "N", "learned rows before the input"),
    FIELD(chunk, "chunk", INT, "C", "tokens whose surprise is measured at one state of the memory"),
    FIELD(segment, "segment", INT, "S", "rows of a segment (mac)"),
    FIELD(window, "window", INT, "W", "tokens that attention sees (mal, mag)"),
    FIELD(memory.depth, "memory-depth", INT, "N", "matrices of a memory, 1 to 4"),
    FIELD(memory.expansion, "memory-expansion", INT, "E", "inner width of a memory over its outer one"),
    NAMED(memory.activation, "memory-activation", mn_act_names, "between a memory's matrices"),
    FIELD(memory.norm, "memory-norm", SWITCH, NULL, "normalise a memory's output"),
    FIELD(memory.residual, "memory-residual", SWITCH, NULL, "add a memory's input to its output"),
    FIELD(memory.momentum, "memory-momentum", SWITCH, NULL, "past surprise: momentum of a memory's updates"),
    FIELD(memory.decay, "memory-decay", SWITCH, NULL, "forgetting"),
    NAMED(memory.step, "memory-step", mn_step_names,
          "the size of a memory's updates: as learned, or over their effect"),
    NAMED(memory.forget, "memory-forget", mn_forget_names, "what forgetting leads back to"),
    FIELD(memory.theta_max, "theta-max", REAL, "X", "largest step of a memory's updates"),
    NAMED(pooling, "pooling", mn_pool_names, "from rows to one for classification; if not given, max"),
    FIELD(bins, "bins", INT, "N",
          "equal parts of a sequence that are pooled apart, beside the whole; if not given, one for "
          "every 2 bases, 150 at most, where rows have one length, else 8: finer parts tell the length"),
    FIELD(
        gapped, "gapped", SWITCH, NULL,
        "the head reads counts of gapped words too; if not given, on for up to 32 classes and single bases as tokens"),
    FIELD(lengths, "lengths", SWITCH, NULL,
          "the head reads the length in tokens too; if not given, off: lengths often tell how a set was made"),
    {0}};

#define LOOP(field, name, kind, value, text, ...)                                                                      \
    MN_OPTION(mn_training_t, field, NULL, name, kind, value, text, __VA_ARGS__)

const mn_option_t mn_training_options[] = {
    LOOP(accumulate, "accumulate", INT, "N", "batches whose gradients make one step", .fallback = "1", .min = 1,
         .max = 1e6),
    LOOP(warmup, "warmup", INT, "STEPS", "steps over which the learning rate rises; 0: a twentieth of all",
         .fallback = "0", .max = 1e12),
    LOOP(last, "lr-last", REAL, "X", "the learning rate's end, as a part of its peak", .fallback = "0.05", .min = 0,
         .max = 1),
    LOOP(clip, "clip", REAL, "NORM", "longest gradient; 0: any", .fallback = "1", .min = 0, .max = 1e9),
    LOOP(decay, "weight-decay", REAL, "X", "of matrices", .fallback = "0.1", .min = 0, .max = 100),
    LOOP(beta1, "beta1", REAL, "X", "memory of AdamW's first moment", .fallback = "0.9", .min = 0, .max = 0.9999),
    LOOP(beta2, "beta2", REAL, "X", "memory of AdamW's second moment", .fallback = "0.95", .min = 0, .max = 0.999999),
    {0}};

const mn_option_t mn_saving_options[] = {
    LOOP(max_memory, "max-memory", INT, "BYTES",
         "for activations, beyond which they are computed twice; 0: half of the memory allowed", .fallback = "0",
         .neutral = true),
    LOOP(save_every, "save-every", INT, "STEPS", "between checkpoints; 0: by time only", .fallback = "0",
         .neutral = true),
    LOOP(save_minutes, "save-minutes", REAL, "X", "the same in minutes; 0: by steps only", .fallback = "5", .min = 0,
         .max = 1e6, .neutral = true),
    LOOP(resume, "resume", FLAG, NULL, "go on from the output's checkpoint, if there is one", .neutral = true),
    LOOP(force, "force", FLAG, NULL, "replace an output that exists", .neutral = true),
    {0}};

/* Copies all weights but the head's; every other one must be there, of the same shape, but for words, which begin at 0.
 */
static mn_status_t copy_weights(mn_model_t *to, const mn_model_t *from, const char *path, mn_err_t *err) {
    for (int64_t i = 0; i < to->n_params; i++) {
        const mn_param_t *param = &to->params[i], *source = mn_model_param(from, param->name);
        if (!strncmp(param->name, "head.", 5) || (!source && !strcmp(param->name, "words.weight"))) continue;
        if (!source || source->rank != param->rank ||
            memcmp(source->shape, param->shape, sizeof(int64_t) * (size_t)param->rank))
            return mn_err_set(err, MN_USAGE, path, "leave out the options that change the model's shape",
                              "its weights do not fit the model asked for, first at %s", param->name);
        memcpy(to->block + param->offset, from->block + source->offset, (size_t)param->size * sizeof(mn_real_t));
    }
    return MN_OK;
}

enum {
    GAPPED_CLASSES = 32, /* of more, the rows of gapped words would be most of the work */
    BINS_MOST = 150,
    BIN_BASES = 2,
    BINS_UNEVEN = 8 /* the maximum of a part grows with its rows: in small parts a head reads the length */
};

/* What a classifier has by default, unless it begins with a classifier: by validation, benchmarks/README.md. */
static void begin_classifier(mn_config_t *config, int64_t classes, mn_tokenizer_t tokenizer) {
    config->pooling = MN_POOL_MAX;
    config->bins = BINS_MOST;
    if (!tokenizer.k && !config->words) config->words = 7;
    config->gapped = !tokenizer.k && classes <= GAPPED_CLASSES;
    config->lengths = false;
}

mn_status_t mn_modelling_begin(const mn_args_t *args, mn_modelling_t *modelling, int64_t classes, mn_err_t *err) {
    const char *pretrained = modelling->pretrained;
    mn_model_t *source = NULL;
    mn_model_info_t info = {0};
    mn_tokenizer_t tokenizer;
    mn_status_t status = MN_OK;
    if (pretrained) {
        if ((status = mn_model_load(pretrained, &source, &info, err))) return status;
        modelling->config = source->config;
        if (mn_args_given(args, "preset"))
            status = mn_err_set(err, MN_USAGE, "--preset", "leave one out", "%s has its sizes already", pretrained);
        else if (mn_args_given(args, "tokenizer") && strcmp(modelling->tokenizer, info.tokenizer))
            status = mn_err_set(err, MN_USAGE, "--tokenizer", NULL, "%s reads %s", pretrained, info.tokenizer);
        modelling->tokenizer = info.tokenizer;
    } else {
        mn_config_preset(preset_names[modelling->preset], &modelling->config);
    }
    if (!status) status = mn_tokenizer_parse(modelling->tokenizer, MN_USAGE, "--tokenizer", &tokenizer, err);
    int64_t vocab = status ? 0 : mn_tokenizer_vocab(tokenizer);
    if (vocab > MN_VOCAB_MAX)
        status = mn_err_set(err, MN_USAGE, "--tokenizer", "use shorter words", "%s has %lld ids, a model at most %d",
                            modelling->tokenizer, (long long)vocab, MN_VOCAB_MAX);
    if (!status) {
        modelling->fit_bins = classes && !modelling->config.classes && !mn_args_given(args, "bins");
        if (classes && !modelling->config.classes) begin_classifier(&modelling->config, classes, tokenizer);
        mn_args_reapply(args);
        mn_tokenizer_name(tokenizer, modelling->tokenizer_name);
        modelling->tokenizer = modelling->tokenizer_name;
        modelling->config.vocab = vocab;
        modelling->config.classes = classes;
        status = mn_config_check(&modelling->config, MN_USAGE, NULL, err);
        if (!status && tokenizer.k && modelling->config.gapped)
            status = mn_err_set(err, MN_USAGE, "--gapped", "leave it out", "%s has no single bases to count",
                                modelling->tokenizer);
    }
    mn_model_free(source);
    mn_model_info_done(&info);
    return status;
}

void mn_modelling_fit(mn_modelling_t *modelling, int64_t classes, int64_t window) {
    modelling->config.classes = classes;
    if (modelling->fit_bins)
        modelling->config.bins = window ? mn_max(1, mn_min(BINS_MOST, window / BIN_BASES)) : BINS_UNEVEN;
}

mn_status_t mn_modelling_make(const mn_modelling_t *modelling, uint64_t seed, mn_tokenizer_t *tokenizer,
                              mn_model_t **out, mn_err_t *err) {
    mn_model_t *source = NULL, *model = NULL;
    mn_status_t status = mn_tokenizer_parse(modelling->tokenizer_name, MN_USAGE, "--tokenizer", tokenizer, err);
    if (!status) status = mn_model_new(&modelling->config, &model, err);
    if (!status) mn_model_init(model, seed);
    if (!status && modelling->pretrained) status = mn_model_load(modelling->pretrained, &source, NULL, err);
    if (source) status = copy_weights(model, source, modelling->pretrained, err);
    mn_model_free(source);
    if (status)
        mn_model_free(model);
    else
        *out = model;
    return status;
}

mn_status_t mn_training_prefix(const char *output, char **prefix, mn_err_t *err) {
    static const char *const suffixes[] = {".safetensors", ".ckpt"};
    if (!strcmp(output, "-")) return mn_err_set(err, MN_USAGE, "-o", "give a name", "a model cannot go to stdout");
    mn_status_t status = mn_mem_string(prefix, output, err);
    for (int i = 0; !status && i < 2; i++) {
        size_t length = strlen(*prefix), cut = strlen(suffixes[i]);
        if (length > cut && !strcmp(*prefix + length - cut, suffixes[i])) (*prefix)[length - cut] = '\0';
    }
    return status;
}

mn_status_t mn_training_inputs(const mn_training_t *training, const mn_args_t *args, mn_err_t *err) {
    for (int64_t i = 0; i < args->n_operands && training->resume; i++) {
        if (mn_file_is_once(mn_provenance_path(args->operands[i])))
            return mn_err_set(err, MN_USAGE, args->operands[i], "give --resume files",
                              "whether a pipe gives the same again is not known");
    }
    return MN_OK;
}

/* ---- the run */

typedef struct watch {
    mn_progress_t progress; /* begun at the first tick, when a resumed run knows its place */
    int64_t tokens;         /* about so many in all */
    const mn_judge_t *judge;
    bool classes;
    int64_t validated; /* step whose values were shown */
} watch_t;

static mn_poll_t poll_signals(void *ctx) {
    (void)ctx;
    if (mn_signals_stop) return MN_POLL_STOP;
    if (!mn_signals_usr1) return MN_POLL_GO;
    mn_signals_usr1 = 0;
    return MN_POLL_SAVE;
}

static void show_tick(void *ctx, const mn_tick_t *tick) {
    watch_t *watch = ctx;
    char note[64] = "", values[256] = "";
    if (!watch->progress.what)
        watch->progress =
            mn_progress_start(watch->classes ? "finetune" : "pretrain", "tokens", watch->tokens, tick->tokens);
    if (tick->values && tick->validated != watch->validated) {
        watch->validated = tick->validated;
        for (int64_t i = 0, used = 0; i < watch->judge->n_measures; i++)
            used += snprintf(values + used, sizeof values - (size_t)used, ", %s %.4f", watch->judge->names[i],
                             tick->values[i]);
        mn_log(MN_LOG_INFO, "step %lld of %lld%s%s", (long long)tick->step, (long long)tick->steps, values,
               tick->best_step == tick->step ? " (best)" : "");
    }
    if (tick->step)
        snprintf(note, sizeof note, "step %lld, %s %.4f", (long long)tick->step, watch->classes ? "loss" : "bits",
                 watch->classes ? tick->loss : tick->loss / log(2));
    mn_progress_update(&watch->progress, tick->tokens, note);
}

mn_status_t mn_training_run(const mn_training_t *training, uint64_t seed, const char *prefix,
                            const mn_objective_t *objective, const mn_model_info_t *info, int64_t tokens,
                            const mn_feed_t *feed, const mn_judge_t *judge, mn_model_t *model, mn_work_t *work,
                            mn_trained_t *out, mn_err_t *err) {
    watch_t watch = {.tokens = tokens, .judge = judge, .classes = objective->kind == MN_LOSS_CLASS, .validated = -1};
    mn_plan_t plan = {.objective = *objective,
                      .adamw = {training->beta1, training->beta2, 1e-8, training->decay},
                      .steps = training->steps,
                      .warmup = training->warmup ? training->warmup : training->steps / 20,
                      .rate = training->rate,
                      .last = training->last,
                      .clip = training->clip,
                      .micro = training->batch,
                      .validate_every = training->valid_every,
                      .patience = training->patience,
                      .average = training->average};
    mn_run_t run = {.output = prefix,
                    .info = info,
                    .seed = seed,
                    .resume = training->resume,
                    .save_every = training->save_every,
                    .save_minutes = training->save_minutes,
                    .ctx = &watch,
                    .poll = poll_signals,
                    .progress = show_tick};
    mn_signals_catch();
    mn_work_set_stop(work, mn_signals_stopping);
    mn_status_t status = mn_train(model, work, &plan, feed, judge, &run, out, err);
    if (!status) mn_progress_end(&watch.progress);
    if (!status && out->stopped)
        mn_log(MN_LOG_WARNING, "stopped by a signal; step %lld is saved: %s", (long long)out->step,
               training->resume ? "the same command goes on" : "go on with --resume");
    else if (!status && out->early)
        mn_log(MN_LOG_INFO, "stopped early at step %lld: no new best in %lld validations", (long long)out->step,
               (long long)training->patience);
    return status;
}
