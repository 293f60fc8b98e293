/* labelled: sequences with a class each, whole in memory, from
 *
 *   TABLE
 *       genomics/table.h: columns `label` and `sequence`, optional `split`, `id` or `name`, and the place on a genome:
 *       `region`, `contig`, `chrom` or `chr` with `start` and `end` (0-based half-open) and optional `strand`; others
 *       are ignored
 *   FOLDER
 *       class folders as the genomic-benchmarks package caches them: FOLDER/train/CLASS/X.txt and
 *       FOLDER/test/CLASS/X.txt, or FOLDER/CLASS/X.txt without a split; one sequence a file. Else tables called by
 *       their split: FOLDER/train.csv, dev.csv, test.csv (tsv, gz)
 *   CLASS=FILE
 *       the records of a FASTA or FASTQ file, all of one class, without a split
 *
 * With options.intervals they are places without sequences: tables; FOLDER/train/CLASS.csv.gz and
 * FOLDER/test/CLASS.csv.gz; CLASS=FILE with a table's name (.csv, .tsv, .gz), else BED.
 *
 * Several of them make one set. A split is train, valid (val, dev, validation), test, or none (all, empty, no column).
 * A row of N alone is kept and counted: published sets hold some, and a score should cover every row; a set of nothing
 * else is refused. */
#ifndef MN_LABELLED_H
#define MN_LABELLED_H
#include "genomics/alphabet.h"
#include "genomics/base/err.h"
#include "genomics/base/names.h"

enum { MN_LABELLED_CLASSES_MAX = 1000 };

typedef enum { MN_SPLIT_NONE, MN_SPLIT_TRAIN, MN_SPLIT_VALID, MN_SPLIT_TEST, MN_SPLIT_COUNT } mn_split_t;

/* "all", "train", "valid", "test", NULL: indexed by mn_split_t. */
extern const char *const mn_split_names[];
/* The split that a name stands for (any case, the synonyms above); false: none. */
bool mn_split_from_name(const char *name, mn_split_t *out);

/* Where a row lies on a genome. */
typedef struct mn_place {
    int64_t start, end; /* 0-based half-open */
    int32_t contig;     /* of contigs; -1: the row has no place */
    char strand;        /* '+', '-', or '.' for none given */
    int32_t line, file; /* that it was read from; file: of files */
} mn_place_t;

typedef struct mn_labelled {
    int64_t n;             /* rows */
    uint8_t *bases;        /* ids of genomics/alphabet.h; row i is bases[offsets[i] .. offsets[i + 1]), at least one.
                            * NULL: places without sequences (options.intervals), offsets count their lengths */
    int64_t *offsets;      /* (n + 1) */
    int32_t *labels;       /* (n), index into classes */
    uint8_t *splits;       /* (n), mn_split_t */
    char *names;           /* NUL-terminated names back to back: `id`, record name, file stem, or the row's number */
    int64_t *name_offsets; /* (n), into names */
    char **classes;        /* (n_classes) names; in numeric order if all are numbers, else in byte order */
    int64_t n_classes;
    mn_place_t *places; /* (n); NULL: no input has any */
    mn_names_t contigs; /* of places, as written there */
    mn_names_t files;   /* of places, their paths */
    int32_t *groups;    /* (n) index into group_names, of the column options.by; NULL: not asked for */
    mn_names_t group_names;
    int64_t longest; /* bases of the longest row */
    mn_base_counts_t
        counts;      /* what was read, replaced, skipped and dropped (runs of N over MN_N_RUN, as in every reader) */
    int64_t n_blank; /* rows of N alone */
    int64_t per_split[MN_SPLIT_COUNT];
    char source[256]; /* the first input, and how many more: the place of errors about the whole set */
} mn_labelled_t;

typedef struct mn_labelled_options {
    int invalid;         /* mn_invalid_t */
    bool mask_lowercase; /* lower case reads as N */
    const char *const
        *classes; /* a model's class names: the only ones allowed, in this order. NULL: as found, two or more */
    int64_t n_classes;
    bool intervals; /* takes places without sequences, instead of sequences */
    bool keep_n;    /* keeps long runs of N whole, where rows are looked at as written */
    bool single;    /* a set of one class is no error */
    const char *by; /* a column of the tables by whose values rows are grouped; NULL: none */
} mn_labelled_options_t;

/* Whether the input is a folder of interval lists, to be read with options.intervals. */
bool mn_labelled_holds_lists(const char *input);

/* Reads inputs[0..n). Owner: the caller, mn_labelled_free (accepts NULL). Errors: MN_USAGE for an input of no known
 * kind, MN_INPUT with file:line, MN_IO, MN_FAILED when the set does not fit in memory. */
mn_status_t mn_labelled_read(const char *const *inputs, int64_t n, const mn_labelled_options_t *options,
                             mn_labelled_t **out, mn_err_t *err);
void mn_labelled_free(mn_labelled_t *set);

static inline const uint8_t *mn_labelled_row(const mn_labelled_t *set, int64_t i) {
    return set->bases + set->offsets[i];
}
static inline int64_t mn_labelled_length(const mn_labelled_t *set, int64_t i) {
    return set->offsets[i + 1] - set->offsets[i];
}
/* The length that at least 95 % of the rows have that are not of the test part: they are windows of one size. 0: none. */
int64_t mn_labelled_window(const mn_labelled_t *set);
/* How often each base id stands in row i. */
static inline void mn_labelled_count(const mn_labelled_t *set, int64_t i, int64_t counts[5]) {
    mn_bases_count(mn_labelled_row(set, i), mn_labelled_length(set, i), counts);
}
static inline const char *mn_labelled_name(const mn_labelled_t *set, int64_t i) {
    return set->names + set->name_offsets[i];
}

#endif
