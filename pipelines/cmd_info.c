/* mnemon info: what a file is and holds, told by content: model, checkpoint, any safetensors, array, labelled set,
 * sequences. One JSON object is built; --json prints it as it is, else as aligned lines. */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/input.h"
#include "genomics/labelled.h"
#include "genomics/source.h"
#include "genomics/split.h"
#include "pipelines/builtin.h"
#include "pipelines/commands.h"
#include "titans/safetensors.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct settings {
    mn_common_t common;
    bool json, tensors;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, tensors, NULL, "tensors", FLAG, NULL, "also list the tensors: name, type, shape"),
    MN_OPTION(settings_t, json, NULL, "json", FLAG, NULL, "one JSON object, tensors included"),
    MN_COMMON_OPTIONS,
    {0}};

/* ---- safetensors */

/* Metadata as given, but JSON values (config, labels, ...) as values and without the digests. */
static void add_metadata(mn_json_t *out, const mn_tensors_t *tensors) {
    void *iter = NULL;
    const char *key;
    const mn_json_t *value;
    while (tensors->metadata && mn_json_next(tensors->metadata, &iter, &key, &value)) {
        const char *text = mn_json_string(value);
        mn_json_t *parsed = NULL;
        if (strncmp(key, "xxh3", 4) == 0 || strcmp(key, "kind") == 0 || strcmp(key, "list") == 0) continue;
        if ((*text == '{' || *text == '[') && mn_json_parse(text, strlen(text), key, &parsed, NULL) == MN_OK)
            mn_json_set(out, key, parsed);
        else
            mn_json_set_string(out, key, text);
    }
}

static mn_json_t *list_tensors(const mn_tensors_t *tensors) {
    mn_json_t *list = mn_json_array();
    for (int64_t i = 0; i < tensors->count; i++) {
        const mn_tensor_t *tensor = &tensors->items[i];
        mn_json_t *item = mn_json_object(), *shape = mn_json_array();
        for (int d = 0; d < tensor->rank; d++) mn_json_set_int(shape, NULL, tensor->shape[d]);
        mn_json_set_string(item, "name", tensor->name);
        mn_json_set_string(item, "type", mn_dtype_name(tensor->dtype));
        mn_json_set(item, "shape", shape);
        mn_json_set(list, NULL, item);
    }
    return list;
}

static mn_status_t describe_tensors(const char *path, bool list, mn_json_t *out, mn_err_t *err) {
    mn_tensors_t tensors;
    mn_status_t status = mn_tensors_load(path, &tensors, err);
    if (status) return status;
    const char *kind = mn_tensors_meta(&tensors, "kind");
    int64_t numbers = 0;
    for (int64_t i = 0; i < tensors.count; i++) numbers += tensors.items[i].count;
    mn_json_set_string(out, "kind", kind ? kind : "safetensors");
    mn_json_set_string(out, "digests", tensors.digested ? "right" : "none");
    mn_json_set_int(out, "tensors", tensors.count);
    mn_json_set_int(out, "numbers", numbers);
    add_metadata(out, &tensors);
    if (list) mn_json_set(out, "list", list_tensors(&tensors));
    mn_tensors_free(&tensors);
    return MN_OK;
}

/* ---- built-in models */

/* "130448 parameters, SUMMARY", the latter by the model's card. */
static void summarise(const mn_json_t *model, char *out, size_t size) {
    const mn_json_t *extra = mn_json_get(model, "extra"), *card = extra ? mn_json_get(extra, "card") : NULL;
    const char *summary = card ? mn_json_get_string(card, "summary") : NULL;
    int64_t numbers = 0;
    mn_json_get_int(model, "numbers", &numbers);
    snprintf(out, size, "%lld parameters%s%s", (long long)numbers, summary ? ", " : "", summary ? summary : "");
}

/* A line of each; of a damaged one, what is wrong. */
static mn_status_t describe_builtins(mn_json_t *out, mn_err_t *err) {
    mn_builtins_t list;
    mn_status_t status = mn_builtins_list(&list, err);
    if (status) return status;
    for (int64_t i = 0; i < list.n; i++) {
        mn_json_t *model = mn_json_object();
        mn_err_t fault;
        char line[1024];
        if (describe_tensors(list.paths[i], false, model, &fault))
            mn_err_line(&fault, line, sizeof line);
        else
            summarise(model, line, sizeof line);
        mn_json_set_string(out, list.names[i], line);
        mn_json_free(model);
    }
    mn_builtins_done(&list);
    return MN_OK;
}

/* ---- sequences, labelled sets, arrays */

static mn_status_t describe_sequences(const char *path, mn_json_t *out, mn_err_t *err) {
    mn_input_t *in;
    mn_status_t status = mn_input_open(path, NULL, &in, err);
    if (status) return status;
    const mn_record_t *record = NULL;
    int64_t n = 0, shortest = INT64_MAX, longest = 0;
    while (!(status = mn_input_next(in, &record, err)) && record) {
        mn_piece_t piece;
        while (!(status = mn_input_read(in, &piece, err)) && piece.n) {
        }
        if (status) break;
        n++;
        if (record->counts.bases < shortest) shortest = record->counts.bases;
        if (record->counts.bases > longest) longest = record->counts.bases;
    }
    if (!status) {
        mn_base_counts_t counts = mn_input_counts(in);
        int64_t known = counts.bases - counts.n;
        mn_json_set_string(out, "kind", mn_input_format(in));
        mn_json_set_int(out, "records", n);
        mn_json_set_int(out, "bases", counts.bases);
        mn_json_set_int(out, "shortest", n ? shortest : 0);
        mn_json_set_int(out, "longest", longest);
        mn_json_set_real(out, "gc", known ? round(1e6 * (double)counts.gc / (double)known) / 1e6 : 0);
        mn_json_set_int(out, "n", counts.n);
        mn_json_set_int(out, "replaced", counts.replaced);
    }
    mn_input_close(in);
    return status;
}

static int compare_lengths(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static mn_status_t add_lengths(mn_json_t *out, const mn_labelled_t *set, mn_err_t *err) {
    int64_t *lengths;
    mn_status_t status = mn_mem_new((void **)&lengths, set->n, (int64_t)sizeof *lengths, err);
    if (status) return status;
    for (int64_t i = 0; i < set->n; i++) lengths[i] = mn_labelled_length(set, i);
    qsort(lengths, (size_t)set->n, sizeof *lengths, compare_lengths);
    mn_json_set_int(out, "shortest", lengths[0]);
    mn_json_set_int(out, "median", lengths[set->n / 2]);
    mn_json_set_int(out, "longest", lengths[set->n - 1]);
    mn_mem_free(lengths);
    return MN_OK;
}

/* Test rows that a train row repeats, on either strand: what an honest score has to know. */
static mn_status_t add_leakage(mn_json_t *out, const mn_labelled_t *set, mn_err_t *err) {
    int64_t shared;
    if (!set->per_split[MN_SPLIT_TRAIN] || !set->per_split[MN_SPLIT_TEST]) return MN_OK;
    mn_status_t status = mn_split_shared(set, set->splits, MN_SPLIT_TEST, MN_SPLIT_TRAIN, &shared, err);
    if (!status) mn_json_set_int(out, "test_rows_in_train", shared);
    return status;
}

static mn_status_t describe_labelled(const char *path, mn_json_t *out, mn_err_t *err) {
    mn_labelled_t *set;
    int64_t rows[MN_LABELLED_CLASSES_MAX] = {0};
    mn_labelled_options_t reading = {0};
    mn_status_t status = mn_labelled_read(&path, 1, &reading, &set, err);
    if (status) return status;
    mn_json_t *classes = mn_json_object(), *splits = mn_json_object();
    for (int64_t i = 0; i < set->n; i++) rows[set->labels[i]]++;
    for (int64_t c = 0; c < set->n_classes; c++) mn_json_set_int(classes, set->classes[c], rows[c]);
    for (int s = 0; s < MN_SPLIT_COUNT; s++)
        if (set->per_split[s]) mn_json_set_int(splits, mn_split_names[s], set->per_split[s]);
    mn_json_set_string(out, "kind", "labelled set");
    mn_json_set_int(out, "rows", set->n);
    mn_json_set(out, "classes", classes);
    mn_json_set(out, "splits", splits);
    status = add_lengths(out, set, err);
    mn_json_set_int(out, "replaced", set->counts.replaced);
    mn_json_set_int(out, "rows_of_n", set->n_blank);
    if (!status) status = add_leakage(out, set, err);
    mn_labelled_free(set);
    return status;
}

/* head[0..size), NUL-terminated, begins "\x93NUMPY": what its header says of type and shape. */
static void describe_array(const char *head, int64_t size, mn_json_t *out) {
    enum { HEADER = 10 };
    char type[16] = "?", shape[128] = "?";
    const char *text = size > HEADER ? head + HEADER : "", *descr = strstr(text, "'descr': '"),
               *open = strchr(text, '(');
    if (descr) sscanf(descr, "'descr': '%15[^']", type);
    if (open) sscanf(open, "%120[^)]", shape);
    if (open) strcat(shape, ")");
    mn_json_set_string(out, "kind", "npy array");
    mn_json_set_string(out, "type", type);
    mn_json_set_string(out, "shape", shape);
}

/* ---- telling them apart */

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* By its name, or header length below 16 MiB and then the header's JSON: before all else, as a length's first byte can be
 * any letter. */
static bool is_safetensors(const char *path) {
    const char *dot = strrchr(path, '.');
    if (dot && (!strcmp(dot, ".safetensors") || !strcmp(dot, ".ckpt"))) return true;
    char head[9] = "";
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(head, 1, sizeof head, file) : 0;
    if (file) fclose(file);
    return got == sizeof head && head[8] == '{' && memcmp(head + 3, "\0\0\0\0\0", 5) == 0;
}

static mn_status_t describe(const char *path, bool list, mn_json_t *out, mn_err_t *err) {
    enum { HEAD = 1024 };
    char head[HEAD + 1] = "";
    int64_t got = 0;
    mn_source_t *source;
    if (strcmp(path, "-") == 0) return mn_err_set(err, MN_USAGE, NULL, NULL, "info needs a file, not stdin");
    if (is_folder(path) || (strchr(path, '=') && !mn_file_exists(path))) return describe_labelled(path, out, err);
    if (is_safetensors(path)) return describe_tensors(path, list, out, err);
    mn_status_t status = mn_source_open(path, 1, &source, err);
    if (status) return status;
    bool sequences = mn_source_format(source) != MN_FORMAT_OTHER;
    if (!sequences) status = mn_source_read(source, head, HEAD, &got, err);
    mn_source_close(source);
    if (status) return status;
    if (sequences) return describe_sequences(path, out, err);
    if (got > 6 && memcmp(head, "\x93NUMPY", 6) == 0) return describe_array(head, got, out), MN_OK;
    return describe_labelled(path, out, err);
}

/* ---- as lines */

/* Text as it is; an object as "key value, key value"; a list as "a, b". */
static void print_value(const mn_json_t *value, int depth) {
    int64_t n = mn_json_count(value);
    const char *key, *text = mn_json_string(value), *separator = "";
    const mn_json_t *item;
    void *iter = NULL;
    if (text) {
        for (; *text; text++) putchar(iscntrl((unsigned char)*text) ? '?' : *text);
    } else if (n < 0) {
        char *scalar = mn_json_text(value, false);
        fputs(scalar ? scalar : "", stdout); /* what is missing is missed at the end */
        mn_mem_free(scalar);
    } else {
        if (depth) putchar('(');
        for (int64_t i = 0; (item = mn_json_at(value, i)); i++, separator = ", ") {
            fputs(separator, stdout);
            print_value(item, depth + 1);
        }
        for (; mn_json_next(value, &iter, &key, &item); separator = ", ") {
            printf("%s%s ", separator, key);
            print_value(item, depth + 1);
        }
        if (depth) putchar(')');
    }
}

static void print_lines(const mn_json_t *json) {
    void *iter = NULL;
    const char *key;
    const mn_json_t *value, *tensors = mn_json_get(json, "list");
    while (mn_json_next(json, &iter, &key, &value)) {
        if (value == tensors || mn_json_count(value) == 0) continue;
        printf("%-20s", key);
        print_value(value, 0);
        putchar('\n');
    }
    for (int64_t i = 0; tensors && i < mn_json_count(tensors); i++) {
        const mn_json_t *item = mn_json_at(tensors, i);
        printf("%s\t%s\t", mn_json_get_string(item, "name"), mn_json_get_string(item, "type"));
        print_value(mn_json_get(item, "shape"), 1);
        putchar('\n');
    }
}

static mn_status_t describe_file(const char *operand, bool list, mn_json_t *out, mn_err_t *err) {
    char *path;
    mn_status_t status = mn_builtin_path(operand, &path, err);
    if (status) return status;
    mn_json_set_string(out, "file", mn_path_base(path));
    status = describe(path, list, out, err);
    mn_mem_free(path);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    const char *operand = args->operands[0];
    mn_json_t *json = mn_json_object();
    mn_status_t status = strcmp(operand, MN_BUILTIN) ? describe_file(operand, s->tensors || s->json, json, err)
                                                     : describe_builtins(json, err);
    if (!status && !s->json) print_lines(json);
    char *text = status ? NULL : mn_json_text(json, true); /* of lines, too: that nothing was lost */
    if (text && s->json) puts(text);
    if (!status && !text) status = mn_err_set(err, MN_FAILED, operand, NULL, "out of memory");
    mn_mem_free(text);
    mn_json_free(json);
    return status;
}

const mn_command_t mn_cmd_info = {
    .name = "info",
    .heading = "Inspect",
    .summary = "what a file is and holds",
    .operands = "FILE|builtin:[NAME]",
    .min_operands = 1,
    .max_operands = 1,
    .about =
        "FILE is a model or checkpoint, any safetensors file, a labelled set (table, class folders or CLASS=FILE), "
        "a NumPy array, or sequences (FASTA, FASTQ, SAM, BAM, CRAM), told by content. A file with digests is checked "
        "against them.\n\n"
        "builtin: lists the models that come with mnemon; builtin:NAME is one of them, here and wherever a model is "
        "taken. Its file NAME.safetensors, with its card NAME.md beside it, is the first in: the folders of the "
        "environment variable MNEMON_MODELS (colon-separated; where it is set, no others are looked in), beside the "
        "program pipelines/models (a build tree) and ../share/mnemon/models (an installed one), and where mnemon was "
        "installed to.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon info model.safetensors\n"
                "mnemon info --json model.ckpt\n"
                "mnemon info promoters.tsv.gz\n"
                "mnemon info builtin:",
    .run = run,
};
