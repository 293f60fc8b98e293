/* labelled: tables, class folders and CLASS=FILE pairs into one block of base ids with labels and splits. */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/input.h"
#include "genomics/labelling.h"
#include "genomics/region.h"
#include "genomics/table.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, PLACE_BYTES = 256 };

const char *const mn_split_names[] = {"all", "train", "valid", "test", NULL};

bool mn_split_from_name(const char *name, mn_split_t *out) {
    static const struct {
        const char *name;
        mn_split_t split;
    } known[] = {{"", MN_SPLIT_NONE},       {"all", MN_SPLIT_NONE},       {"none", MN_SPLIT_NONE},
                 {"train", MN_SPLIT_TRAIN}, {"training", MN_SPLIT_TRAIN}, {"valid", MN_SPLIT_VALID},
                 {"val", MN_SPLIT_VALID},   {"dev", MN_SPLIT_VALID},      {"validation", MN_SPLIT_VALID},
                 {"test", MN_SPLIT_TEST}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcasecmp(name, known[i].name)) return *out = known[i].split, true;
    return false;
}

/* ---- tables */

enum {
    COLUMN_LABEL,
    COLUMN_SEQUENCE,
    COLUMN_SPLIT,
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_REGION,
    COLUMN_CONTIG,
    COLUMN_CHROM,
    COLUMN_CHR,
    COLUMN_START,
    COLUMN_END,
    COLUMN_STRAND,
    COLUMNS
};
static const char *const column_names[COLUMNS] = {"label",  "sequence", "split", "id",    "name", "region",
                                                  "contig", "chrom",    "chr",   "start", "end",  "strand"};

/* Where in a table's rows the columns stand, -1: nowhere; and what its rows have that lack them. */
typedef struct layout {
    int64_t column[COLUMNS], contig; /* contig: the column of that meaning, if start and end are there too */
    int64_t group;                   /* the column options.by; -1: none */
    const char *label;
    mn_split_t split;
    int64_t file; /* of the set's files */
} layout_t;

static mn_status_t find_columns(const mn_labelling_t *b, const mn_table_t *table, layout_t *layout) {
    mn_status_t status = MN_OK;
    for (int c = 0; !status && c < COLUMNS; c++)
        status = mn_table_find(table, column_names[c], &layout->column[c], b->err);
    const int64_t *column = layout->column;
    const char *by = b->options->by;
    layout->contig = layout->group = -1;
    if (!status && by) status = mn_table_find(table, by, &layout->group, b->err);
    if (!status && by && layout->group < 0) status = mn_table_miss(table, by, b->err);
    for (int c = COLUMN_CHR; c >= COLUMN_REGION; c--)
        if (column[c] >= 0 && column[COLUMN_START] >= 0 && column[COLUMN_END] >= 0) layout->contig = column[c];
    if (!status && column[COLUMN_LABEL] < 0 && !layout->label) status = mn_table_miss(table, "label", b->err);
    if (!status && column[COLUMN_SEQUENCE] < 0 && !b->options->intervals)
        status = mn_table_miss(table, "sequence", b->err);
    if (!status && layout->contig < 0 && b->options->intervals) status = mn_table_miss(table, "region", b->err);
    return status;
}

/* A row's field, NULL where the table has no such column. */
static const char *get_field(const layout_t *layout, char **fields, int column) {
    return layout->column[column] < 0 ? NULL : fields[layout->column[column]];
}

/* *known false: the fields are empty. */
static mn_status_t read_place(mn_labelling_t *b, const layout_t *layout, char **fields, const char *place,
                              mn_place_t *at, bool *known) {
    const char *contig = fields[layout->contig], *start = get_field(layout, fields, COLUMN_START);
    const char *end = get_field(layout, fields, COLUMN_END), *strand = get_field(layout, fields, COLUMN_STRAND);
    int64_t number = 0;
    *known = *contig || *start || *end;
    if (!*known) return MN_OK;
    if (!*contig || !mn_table_number(start, &at->start) || !mn_table_number(end, &at->end) || at->end <= at->start)
        return mn_err_set(b->err, MN_INPUT, place, "columns start and end are 0-based, end not within; or rename them",
                          "'%.40s', start '%.20s', end '%.20s' are no interval", contig, start, end);
    if (strand && *strand && (!strchr("+-.", *strand) || strand[1]))
        return mn_err_set(b->err, MN_INPUT, place, "a strand is +, -, . or empty", "unknown strand '%.20s'", strand);
    mn_status_t status = mn_names_add(&b->set->contigs, contig, &number, b->err);
    at->contig = (int32_t)number;
    at->strand = strand && *strand ? *strand : '.';
    return status;
}

/* Adds a row that is a place without its sequence. */
static mn_status_t add_interval(mn_labelling_t *b, const char *place, const char *label, mn_split_t split,
                                const char *name, const mn_place_t *at) {
    mn_status_t status = mn_labelling_fits(b, 0);
    return status ? status : mn_labelling_row(b, place, label, split, name, at, at->end - at->start);
}

static mn_status_t add_table_row(mn_labelling_t *b, const layout_t *layout, char **fields, const mn_table_t *table) {
    const char *label = get_field(layout, fields, COLUMN_LABEL), *text = get_field(layout, fields, COLUMN_SEQUENCE);
    const char *split_name = get_field(layout, fields, COLUMN_SPLIT), *name = get_field(layout, fields, COLUMN_ID);
    const char *place = mn_table_place(table);
    mn_split_t split = layout->split;
    mn_place_t at = {.line = (int32_t)mn_table_line(table), .file = (int32_t)layout->file};
    bool known = false;
    if (!label) label = layout->label;
    if (!name) name = get_field(layout, fields, COLUMN_NAME);
    if (!strcasecmp(label, "label") && text && !strcasecmp(text, "sequence"))
        return mn_err_set(b->err, MN_INPUT, place, "give several tables as several DATA",
                          "the header stands here again");
    if (split_name && !mn_split_from_name(split_name, &split))
        return mn_err_set(b->err, MN_INPUT, place, "a split is train, valid (val, dev, validation), test or all",
                          "unknown split '%.60s'", split_name);
    mn_status_t status = layout->contig < 0 ? MN_OK : read_place(b, layout, fields, place, &at, &known);
    if (status) return status;
    if (!b->options->intervals)
        return mn_labelling_text(b, place, label, split, name, known ? &at : NULL, text, (int64_t)strlen(text));
    if (!known) return mn_err_set(b->err, MN_INPUT, place, "give its region, start and end", "the row has no interval");
    return add_interval(b, place, label, split, name, &at);
}

/* The group of the row added last. */
static mn_status_t add_group(mn_labelling_t *b, const char *text) {
    mn_labelled_t *set = b->set;
    int64_t number;
    mn_status_t status = mn_mem_reserve((void **)&set->groups, &b->group_cap, set->n, sizeof *set->groups, b->err);
    if (!status) status = mn_names_add(&set->group_names, text, &number, b->err);
    if (status) return status;
    set->groups[set->n - 1] = (int32_t)number;
    b->n_grouped++;
    return MN_OK;
}

/* label (NULL: none) and split: of the rows where no column tells. */
static mn_status_t read_table(mn_labelling_t *b, const char *path, const char *label, mn_split_t split) {
    layout_t layout = {.label = label, .split = split};
    mn_table_t *table;
    char **fields;
    int64_t before = b->set->n;
    mn_status_t status =
        mn_table_open(path,
                      b->options->intervals ? "the first line should name the columns region, start and end"
                                            : "the first line should name the columns label and sequence, and maybe "
                                              "split and id",
                      &table, b->err);
    if (status) return status;
    status = find_columns(b, table, &layout);
    if (!status && layout.contig >= 0) status = mn_names_add(&b->set->files, path, &layout.file, b->err);
    while (!status && !(status = mn_table_next(table, &fields, b->err)) && fields)
        if (!(status = add_table_row(b, &layout, fields, table)) && layout.group >= 0)
            status = add_group(b, fields[layout.group]);
    if (!status && b->set->n == before)
        status = mn_err_set(b->err, MN_INPUT, mn_table_path(table), "give a table with a header and a line a sequence",
                            "no row follows the header");
    mn_table_close(table);
    return status;
}

/* ---- class folders */

static bool is_folder(const char *path) {
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static int skip_hidden(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int compare_entries(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Calls visit for every entry of a folder that is not hidden, in byte order, with its path. */
typedef mn_status_t visit_t(mn_labelling_t *b, const char *path, const char *name, void *ctx);

static mn_status_t visit_folder(mn_labelling_t *b, const char *folder, visit_t *visit, void *ctx) {
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, skip_hidden, compare_entries);
    if (n < 0)
        return mn_err_set(b->err, MN_INPUT, folder, "check the permissions", "cannot be listed: %s", strerror(errno));
    mn_status_t status = MN_OK;
    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (!status && length >= (int)sizeof path)
            status = mn_err_set(b->err, MN_INPUT, folder, NULL, "a path in this folder is too long");
        if (!status) status = mn_file_check_entry(path, b->err);
        if (!status) status = visit(b, path, entries[i]->d_name, ctx);
        free(entries[i]);
    }
    free(entries);
    return status;
}

typedef struct class_folder {
    const char *label;
    mn_split_t split;
    int64_t n; /* files met */
} class_folder_t;

static mn_status_t add_text_file(mn_labelling_t *b, const char *path, const char *name, void *ctx) {
    class_folder_t *folder = ctx;
    size_t stem = strlen(name);
    if (stem <= 4 || strcmp(name + stem - 4, ".txt") || is_folder(path)) return MN_OK;
    char record[MN_LABELLING_NAME_MAX + 1];
    snprintf(record, sizeof record, "%.*s", (int)stem - 4, name);
    char *text;
    int64_t size;
    mn_status_t status = mn_file_read(path, b->memory, &text, &size, b->err);
    if (status) return status;
    folder->n++;
    status = mn_labelling_text(b, path, folder->label, folder->split, record, NULL, text, size);
    mn_mem_free(text);
    return status;
}

static mn_status_t add_class_folder(mn_labelling_t *b, const char *path, const char *name, void *ctx) {
    if (!is_folder(path)) return MN_OK;
    class_folder_t folder = {name, *(const mn_split_t *)ctx, 0};
    mn_status_t status = visit_folder(b, path, add_text_file, &folder);
    if (!status && !folder.n)
        status =
            mn_err_set(b->err, MN_INPUT, path, "a class folder holds one .txt file a sequence", "no .txt file inside");
    return status;
}

static mn_status_t count_folder(mn_labelling_t *b, const char *path, const char *name, void *ctx) {
    *(int64_t *)ctx += is_folder(path);
    return MN_OK;
}

/* A folder whose name is a split's and which holds folders, not files. */
static mn_status_t count_split_folder(mn_labelling_t *b, const char *path, const char *name, void *ctx) {
    mn_split_t split;
    int64_t inside = 0;
    if (!is_folder(path) || !mn_split_from_name(name, &split)) return MN_OK;
    mn_status_t status = visit_folder(b, path, count_folder, &inside);
    *(int64_t *)ctx += inside > 0;
    return status;
}

static mn_status_t add_split_folder(mn_labelling_t *b, const char *path, const char *name, void *ctx) {
    mn_split_t split;
    if (!is_folder(path)) return MN_OK;
    if (!mn_split_from_name(name, &split))
        return mn_err_set(b->err, MN_INPUT, path, "keep train, valid and test folders apart from others",
                          "stands beside split folders but is none");
    return visit_folder(b, path, add_class_folder, &split);
}

/* The bytes of a table's name before .csv, .tsv, .csv.gz or .tsv.gz; 0: it is called otherwise. */
static int count_stem(const char *name) {
    static const char *const suffixes[] = {".csv", ".tsv", ".csv.gz", ".tsv.gz"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t stem = strlen(name) - strlen(suffixes[i]);
        if (strlen(name) > strlen(suffixes[i]) && !strcmp(name + stem, suffixes[i])) return (int)stem;
    }
    return 0;
}

/* Tables that are called train.csv, dev.tsv, test.csv.gz and so on. */
static mn_status_t add_split_table(mn_labelling_t *b, const char *path, const char *name, void *ctx) {
    char stem[16];
    mn_split_t split;
    int length = count_stem(name);
    if (!length || length >= (int)sizeof stem) return MN_OK;
    snprintf(stem, sizeof stem, "%.*s", length, name);
    if (!mn_split_from_name(stem, &split)) return MN_OK;
    ++*(int64_t *)ctx;
    return read_table(b, path, NULL, split);
}

/* ---- interval lists */

typedef struct list_folder {
    mn_split_t split;
    int64_t n; /* lists met */
} list_folder_t;

static mn_status_t add_list(mn_labelling_t *b, const char *path, const char *name, void *ctx) {
    char label[MN_LABELLING_NAME_MAX + 1];
    list_folder_t *folder = ctx;
    int length = count_stem(name);
    if (!length || length >= (int)sizeof label) return MN_OK;
    snprintf(label, sizeof label, "%.*s", length, name);
    folder->n++;
    return read_table(b, path, label, folder->split);
}

static mn_status_t add_list_folder(mn_labelling_t *b, const char *path, const char *name, void *ctx) {
    list_folder_t *lists = ctx;
    if (!is_folder(path) || !mn_split_from_name(name, &lists->split)) return MN_OK;
    return visit_folder(b, path, add_list, ctx);
}

static mn_status_t read_lists(mn_labelling_t *b, const char *path) {
    list_folder_t lists = {0};
    mn_status_t status = visit_folder(b, path, add_list_folder, &lists);
    if (!status && !lists.n)
        status = mn_err_set(b->err, MN_INPUT, path, "expected FOLDER/train/CLASS.csv.gz, FOLDER/test/CLASS.csv.gz",
                            "no interval lists inside");
    return status;
}

/* How many entries of a folder whose name is a split's hold tables: with `inside`, how many tables a folder holds. */
static int64_t count_tables(const char *folder, bool inside) {
    struct dirent **entries = NULL;
    int64_t tables = 0;
    mn_split_t split;
    int n = scandir(folder, &entries, skip_hidden, compare_entries);
    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (inside)
            tables += count_stem(entries[i]->d_name) > 0;
        else if (length < (int)sizeof path && mn_split_from_name(entries[i]->d_name, &split))
            tables += count_tables(path, true) > 0;
        free(entries[i]);
    }
    free(entries);
    return tables;
}

bool mn_labelled_holds_lists(const char *input) {
    return is_folder(input) && count_tables(input, false) > 0;
}

/* ---- folders */

static mn_status_t read_folder(mn_labelling_t *b, const char *path) {
    if (b->options->intervals) return read_lists(b, path);
    int64_t split_folders = 0, folders = 0, tables = 0;
    mn_split_t none = MN_SPLIT_NONE;
    mn_status_t status = visit_folder(b, path, count_folder, &folders);
    if (!status) status = visit_folder(b, path, count_split_folder, &split_folders);
    if (status) return status;
    if (split_folders) return visit_folder(b, path, add_split_folder, NULL);
    if (folders) return visit_folder(b, path, add_class_folder, &none);
    status = visit_folder(b, path, add_split_table, &tables);
    if (!status && !tables)
        status = mn_err_set(b->err, MN_INPUT, path,
                            "expected FOLDER/train/CLASS/*.txt, FOLDER/CLASS/*.txt or FOLDER/train.csv",
                            "neither class folders nor tables inside");
    return status;
}

/* ---- CLASS=FILE */

static mn_status_t read_bed(mn_labelling_t *b, const char *label, const char *path) {
    mn_source_t *source;
    mn_bed_t bed = {0};
    bool more;
    int64_t file = 0, contig = 0, before = b->set->n;
    mn_status_t status = mn_source_open(path, 1, &source, b->err);
    if (!status) status = mn_names_add(&b->set->files, path, &file, b->err);
    while (!status && !(status = mn_bed_next(source, &bed, &more, b->err)) && more) {
        status = mn_names_add(&b->set->contigs, bed.contig, &contig, b->err);
        mn_place_t at = {bed.start, bed.end, (int32_t)contig, bed.strand, (int32_t)bed.line, (int32_t)file};
        if (!status) status = add_interval(b, bed.place, label, MN_SPLIT_NONE, *bed.name ? bed.name : NULL, &at);
    }
    if (!status && b->set->n == before) status = mn_err_set(b->err, MN_INPUT, path, NULL, "holds no interval");
    mn_source_close(source);
    return status;
}

static mn_status_t read_records(mn_labelling_t *b, const char *label, const char *path) {
    mn_input_options_t options = mn_input_options_default();
    options.mask_lowercase = b->options->mask_lowercase;
    options.invalid = b->options->invalid;
    options.keep_n_runs = true; /* mn_labelling_bases shortens them, as in every other source */
    mn_input_t *in;
    const mn_record_t *record = NULL;
    int64_t before = b->set->n;
    mn_status_t status = mn_input_open(path, &options, &in, b->err);
    if (status) return status;
    while (!(status = mn_input_next(in, &record, b->err)) && record) {
        mn_piece_t piece;
        int64_t n = 0;
        while (!(status = mn_input_read(in, &piece, b->err)) && piece.n &&
               !(status = mn_labelling_reserve(b, n + piece.n))) {
            memcpy(b->set->bases + b->set->offsets[b->set->n] + n, piece.bases, (size_t)piece.n);
            n += piece.n;
        }
        char place[PLACE_BYTES];
        snprintf(place, sizeof place, "%.150s:%.100s", path, record->name);
        if (status || (status = mn_labelling_bases(b, place, label, MN_SPLIT_NONE, record->name, NULL, n))) break;
    }
    mn_base_counts_t counts = mn_input_counts(in);
    mn_base_counts_add(&b->set->counts, &counts);
    mn_input_close(in);
    if (!status && b->set->n == before)
        status = mn_err_set(b->err, MN_INPUT, path, "give a file with at least one sequence", "no record");
    return status;
}

static mn_status_t read_source(mn_labelling_t *b, const char *source) {
    if (mn_path_is_url(source))
        return mn_err_set(b->err, MN_USAGE, source, "fetch the file first", "mnemon does not read over the network");
    const char *equals = strchr(source, '=');
    if (is_folder(source)) return read_folder(b, source);
    if (!equals || !strcmp(source, "-") || mn_file_exists(source)) return read_table(b, source, NULL, MN_SPLIT_NONE);
    char label[MN_LABELLING_NAME_MAX + 1];
    if (equals == source || equals - source >= (int64_t)sizeof label || !equals[1])
        return mn_err_set(b->err, MN_USAGE, source, "write CLASS=FILE",
                          "a class name of 1 to %d bytes and a file are needed", (int)MN_LABELLING_NAME_MAX);
    snprintf(label, sizeof label, "%.*s", (int)(equals - source), source);
    const char *path = equals + 1;
    if (!b->options->intervals) return read_records(b, label, path);
    return count_stem(mn_path_base(path)) ? read_table(b, path, label, MN_SPLIT_NONE) : read_bed(b, label, path);
}

/* ---- the whole */

mn_status_t mn_labelled_read(const char *const *inputs, int64_t n, const mn_labelled_options_t *options,
                             mn_labelled_t **out, mn_err_t *err) {
    mn_labelling_t b;
    mn_status_t status = mn_labelling_begin(inputs, n, options, &b, err);
    for (int64_t i = 0; !status && i < n; i++) status = read_source(&b, inputs[i]);
    return mn_labelling_end(&b, status, out);
}

int64_t mn_labelled_window(const mn_labelled_t *set) {
    int64_t length = 0, lead = 0, same = 0, rows = 0; /* what most have outlives all others (Boyer and Moore 1981) */
    for (int64_t i = 0; i < set->n; i++) {
        if (set->splits[i] == MN_SPLIT_TEST) continue;
        if (!lead) length = mn_labelled_length(set, i);
        lead += mn_labelled_length(set, i) == length ? 1 : -1;
        rows++;
    }
    for (int64_t i = 0; i < set->n; i++)
        same += set->splits[i] != MN_SPLIT_TEST && mn_labelled_length(set, i) == length;
    return same * 20 >= rows * 19 ? length : 0;
}

void mn_labelled_free(mn_labelled_t *set) {
    if (!set) return;
    for (int64_t i = 0; set->classes && i < set->n_classes; i++) mn_mem_free(set->classes[i]);
    mn_mem_free(set->classes);
    mn_mem_free(set->bases);
    mn_mem_free(set->offsets);
    mn_mem_free(set->labels);
    mn_mem_free(set->splits);
    mn_mem_free(set->names);
    mn_mem_free(set->name_offsets);
    mn_mem_free(set->places);
    mn_names_done(&set->contigs);
    mn_names_done(&set->files);
    mn_mem_free(set->groups);
    mn_names_done(&set->group_names);
    mn_mem_free(set);
}
