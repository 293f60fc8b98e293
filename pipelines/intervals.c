/* intervals: references by class, contigs by name, checks before anything is read, and the rows in batches. */
#include "pipelines/intervals.h"
#include "genomics/base/digest.h"
#include "genomics/base/mem.h"
#include "pipelines/report.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_BASES = 1 << 28, WHERE_BYTES = 256 };

/* ---- references */

/* The bytes of CLASS in "CLASS=FASTA"; 0: it is a file alone. */
static int count_label(const char *text) {
    const char *equals = strchr(text, '=');
    return equals && !mn_file_exists(text) ? (int)(equals - text) : 0;
}

static bool same_label(const char *a, const char *b) {
    int length = count_label(a);
    return length == count_label(b) && !strncmp(a, b, (size_t)length);
}

/* The genome of all texts with the label of texts[first]. */
static mn_status_t open_reference(const char *const *texts, int64_t n, int64_t first, struct mn_reference *out,
                                  mn_err_t *err) {
    const char **paths;
    char label[256];
    int64_t n_paths = 0;
    snprintf(label, sizeof label, "%.*s", count_label(texts[first]), texts[first]);
    mn_status_t status = mn_mem_string(&out->label, label, err);
    if (status || (status = mn_mem_new((void **)&paths, n, sizeof *paths, err))) return status;
    for (int64_t i = first; i < n; i++) {
        int length = count_label(texts[i]);
        if (same_label(texts[i], texts[first])) paths[n_paths++] = texts[i] + length + (length > 0);
    }
    status = mn_genome_open(paths, n_paths, &out->genome, err);
    mn_mem_free(paths);
    return status;
}

mn_status_t mn_references_open(const char *const *texts, int64_t n, mn_references_t *out, mn_err_t *err) {
    *out = (mn_references_t){0};
    mn_status_t status = mn_mem_new((void **)&out->items, n, sizeof *out->items, err);
    for (int64_t i = 0; !status && i < n; i++) {
        bool known = false;
        for (int64_t j = 0; j < i; j++) known |= same_label(texts[j], texts[i]);
        if (!known) status = open_reference(texts, n, i, &out->items[out->n++], err);
    }
    if (status) mn_references_close(out);
    return status;
}

void mn_references_close(mn_references_t *references) {
    for (int64_t i = 0; i < references->n; i++) {
        mn_mem_free(references->items[i].label);
        mn_genome_free(references->items[i].genome);
    }
    mn_mem_free(references->items);
    *references = (mn_references_t){0};
}

/* The class's own, else that of all, else -1. */
static int64_t find_reference(const mn_references_t *references, const char *label) {
    int64_t common = -1;
    for (int64_t i = 0; i < references->n; i++) {
        if (!strcmp(references->items[i].label, label)) return i;
        if (!*references->items[i].label) common = i;
    }
    return common;
}

/* ---- placing */

static mn_genome_t *find_genome(const mn_intervals_t *in, int64_t row) {
    return in->references->items[in->reference_of[in->set->labels[row]]].genome;
}

static int64_t find_contig(const mn_intervals_t *in, int64_t row) {
    return in->map[in->reference_of[in->set->labels[row]]][in->set->places[row].contig];
}

static mn_status_t choose_references(mn_intervals_t *in, mn_err_t *err) {
    const mn_labelled_t *set = in->set;
    for (int64_t r = 0; r < in->references->n; r++) {
        const char *label = in->references->items[r].label;
        bool used = !*label;
        for (int64_t c = 0; c < set->n_classes; c++) used |= !strcmp(set->classes[c], label);
        if (!used)
            return mn_err_set(err, MN_USAGE, "--reference", "CLASS=FASTA is a genome of one class alone",
                              "no class '%.60s' in %.100s", label, set->source);
    }
    for (int64_t c = 0; c < set->n_classes; c++) {
        in->reference_of[c] = find_reference(in->references, set->classes[c]);
        if (in->reference_of[c] >= 0) continue;
        char hint[256];
        snprintf(hint, sizeof hint, "add --reference %.60s=FASTA, or one without a class", set->classes[c]);
        return mn_err_set(err, MN_USAGE, "--reference", hint, "class '%.60s' has no genome", set->classes[c]);
    }
    return MN_OK;
}

/* The contigs that rows lie on must be as long as those of the assembly that their list names. */
static mn_status_t check_assembly(mn_intervals_t *in, const mn_assembly_t *const *assembly_of, mn_err_t *err) {
    const mn_labelled_t *set = in->set;
    int64_t seen_contig = -1, seen_label = -1, expected = -1;
    for (int64_t i = 0; i < set->n; i++) {
        int64_t contig = find_contig(in, i), label = set->labels[i];
        if (contig < 0) continue;
        const mn_assembly_t *assembly = assembly_of[label];
        mn_contigs_t contigs = mn_genome_contigs(find_genome(in, i));
        const char *name = contigs.name(contigs.ctx, contig);
        if (contig != seen_contig || label != seen_label) expected = assembly ? mn_assembly_length(assembly, name) : -1;
        seen_contig = contig;
        seen_label = label;
        in->unknown += expected < 0;
        int64_t length = contigs.length(contigs.ctx, contig);
        if (expected < 0 || expected == length) continue;
        const mn_assembly_t *other = mn_assembly_of(&contigs);
        char hint[160];
        snprintf(hint, sizeof hint, "give the genome of %s, or a list lifted over to this one",
                 mn_assembly_name(assembly));
        return mn_err_set(err, MN_INPUT, mn_genome_path(find_genome(in, i), contig), hint,
                          "the list of class '%.60s' is of %s, where '%.60s' has %" PRId64
                          " bases; here it has %" PRId64 ": %s",
                          set->classes[label], mn_assembly_name(assembly), name, expected, length,
                          other ? mn_assembly_name(other) : "another assembly");
    }
    return MN_OK;
}

static mn_status_t check_missing(const mn_intervals_t *in, mn_err_t *err) {
    const mn_labelled_t *set = in->set;
    int64_t *rows;
    mn_status_t status = mn_mem_new((void **)&rows, set->contigs.n, sizeof *rows, err);
    for (int64_t r = 0; !status && r < in->references->n; r++) {
        memset(rows, 0, (size_t)set->contigs.n * sizeof *rows);
        for (int64_t i = 0; i < set->n; i++) rows[set->places[i].contig] += in->reference_of[set->labels[i]] == r;
        status = mn_genome_refuse_missing(&set->contigs, in->map[r], rows, err);
    }
    mn_mem_free(rows);
    return status;
}

static mn_status_t check_ends(const mn_intervals_t *in, mn_err_t *err) {
    const mn_labelled_t *set = in->set;
    for (int64_t i = 0; i < set->n; i++) {
        const mn_place_t *place = &set->places[i];
        int64_t contig = find_contig(in, i);
        if (contig < 0) continue;
        mn_contigs_t contigs = mn_genome_contigs(find_genome(in, i));
        int64_t length = contigs.length(contigs.ctx, contig);
        if (place->end <= length) continue;
        const mn_assembly_t *assembly = mn_assembly_of(&contigs);
        char where[WHERE_BYTES];
        snprintf(where, sizeof where, "%.200s:%d", mn_names_text(&set->files, place->file), (int)place->line);
        return mn_err_set(err, MN_INPUT, where, "is the list of another assembly?",
                          "ends at %" PRId64 ", beyond the end of '%.60s', %" PRId64 "%s%s", place->end,
                          contigs.name(contigs.ctx, contig), length, assembly ? ", of " : "",
                          assembly ? mn_assembly_name(assembly) : "");
    }
    return MN_OK;
}

/* A row's name with its class and split, and its number. */
typedef struct key {
    uint64_t hash;
    int64_t row;
} row_key_t;

static int compare_keys(const void *a, const void *b) {
    const row_key_t *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static mn_status_t count_repeated(mn_intervals_t *in, mn_err_t *err) {
    const mn_labelled_t *set = in->set;
    row_key_t *keys;
    mn_status_t status = mn_mem_new((void **)&keys, in->n, sizeof *keys, err);
    if (status) return status;
    for (int64_t k = 0; k < in->n; k++) {
        int64_t row = in->order[k];
        const char *name = mn_labelled_name(set, row);
        uint64_t part = (uint64_t)set->labels[row] * MN_SPLIT_COUNT + set->splits[row];
        /* small seeds that differ in few bits would undo what differs in short names */
        keys[k] = (row_key_t){mn_digest_hash(name, (int64_t)strlen(name), part * 0x9E3779B97F4A7C15), row};
    }
    qsort(keys, (size_t)in->n, sizeof *keys, compare_keys);
    for (int64_t k = 1; k < in->n; k++) {
        if (keys[k].hash != keys[k - 1].hash) continue;
        if (!in->repeated++ || keys[k].row < in->repeated_row) in->repeated_row = keys[k].row;
    }
    mn_mem_free(keys);
    return MN_OK;
}

static mn_status_t order_rows(mn_intervals_t *in, mn_err_t *err) {
    static const mn_split_t splits[] = {MN_SPLIT_TRAIN, MN_SPLIT_VALID, MN_SPLIT_TEST, MN_SPLIT_NONE};
    mn_status_t status = mn_mem_new((void **)&in->order, in->set->n, sizeof *in->order, err);
    for (int s = 0; !status && s < MN_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < in->set->n; i++)
            if (in->set->splits[i] == splits[s] && find_contig(in, i) >= 0) in->order[in->n++] = i;
    if (!status && !in->n)
        status = mn_err_set(err, MN_INPUT, in->set->source, "are they of the same species?",
                            "no interval lies on a contig of the genome");
    return status ? status : count_repeated(in, err);
}

mn_status_t mn_intervals_place(const mn_labelled_t *set, const mn_references_t *references,
                               const mn_assembly_t *const *assembly_of, bool skip_missing, mn_intervals_t *out,
                               mn_err_t *err) {
    *out = (mn_intervals_t){.set = set, .references = references};
    mn_status_t status = mn_mem_new((void **)&out->reference_of, set->n_classes, sizeof *out->reference_of, err);
    if (!status) status = mn_mem_new((void **)&out->map, references->n, sizeof *out->map, err);
    if (!status) status = choose_references(out, err);
    for (int64_t r = 0; !status && r < references->n; r++) {
        status = mn_mem_new((void **)&out->map[r], set->contigs.n, sizeof **out->map, err);
        if (!status) mn_genome_map(references->items[r].genome, &set->contigs, out->map[r]);
    }
    if (!status) status = check_assembly(out, assembly_of, err);
    if (!status && !skip_missing) status = check_missing(out, err);
    if (!status) status = check_ends(out, err);
    if (!status) status = order_rows(out, err);
    if (status) mn_intervals_done(out);
    return status;
}

void mn_intervals_done(mn_intervals_t *intervals) {
    for (int64_t r = 0; intervals->map && r < intervals->references->n; r++) mn_mem_free(intervals->map[r]);
    mn_mem_free(intervals->map);
    mn_mem_free(intervals->reference_of);
    mn_mem_free(intervals->order);
    *intervals = (mn_intervals_t){0};
}

/* ---- sequences */

/* Rows order[first .. first + n), their bases one after another, and what remains to be said of progress. */
typedef struct batch {
    const mn_intervals_t *in;
    int64_t first, n;
    uint8_t *bases;
    mn_span_t *spans; /* of one genome, sorted while it is read */
    mn_progress_t *progress;
    int64_t done;
} batch_t;

static void show_progress(void *ctx, int64_t done) {
    batch_t *batch = ctx;
    mn_progress_update(batch->progress, batch->done + done, NULL);
}

static mn_status_t read_batch(batch_t *batch, mn_err_t *err) {
    const mn_intervals_t *in = batch->in;
    mn_status_t status = MN_OK;
    for (int64_t r = 0; !status && r < in->references->n; r++) {
        int64_t n = 0, offset = 0;
        for (int64_t k = batch->first; k < batch->first + batch->n; k++) {
            int64_t row = in->order[k];
            const mn_place_t *place = &in->set->places[row];
            if (in->reference_of[in->set->labels[row]] == r)
                batch->spans[n++] = (mn_span_t){find_contig(in, row), place->start, place->end, batch->bases + offset};
            offset += place->end - place->start;
        }
        if (!n) continue;
        status = mn_genome_read(in->references->items[r].genome, batch->spans, n, show_progress, batch, err);
        batch->done += n;
        show_progress(batch, 0);
    }
    return status;
}

static void write_field(mn_sink_t *sink, const char *text) {
    mn_sink_field(sink, text);
    mn_sink_write(sink, "\t", 1);
}

static void write_batch(const batch_t *batch, mn_sink_t *sink) {
    const mn_labelled_t *set = batch->in->set;
    uint8_t *bases = batch->bases;
    for (int64_t k = batch->first; k < batch->first + batch->n; k++) {
        int64_t row = batch->in->order[k];
        const mn_place_t *place = &set->places[row];
        int64_t length = place->end - place->start;
        if (place->strand == '-') mn_bases_reverse_complement(bases, length);
        for (int64_t i = 0; i < length; i++) bases[i] = (uint8_t)mn_base_letter(bases[i]);
        write_field(sink, mn_split_names[set->splits[row]]);
        write_field(sink, set->classes[set->labels[row]]);
        write_field(sink, mn_labelled_name(set, row));
        write_field(sink, mn_names_text(&set->contigs, place->contig));
        mn_sink_print(sink, "%" PRId64 "\t%" PRId64 "\t%c\t", place->start, place->end,
                      place->strand == '-' ? '-' : '+');
        mn_sink_write(sink, bases, length);
        mn_sink_write(sink, "\n", 1);
        bases += length;
    }
}

mn_status_t mn_intervals_write(const mn_intervals_t *in, mn_sink_t *sink, mn_err_t *err) {
    mn_progress_t progress = mn_progress_start("dataset build", "intervals", in->n, 0);
    batch_t batch = {.in = in, .progress = &progress};
    mn_status_t status = MN_OK;
    mn_sink_print(sink, "split\tlabel\tid\tregion\tstart\tend\tstrand\tsequence\n");
    for (; !status && batch.first < in->n; batch.first += batch.n) {
        int64_t bases = 0;
        for (batch.n = 0; batch.first + batch.n < in->n; batch.n++) {
            int64_t length = mn_labelled_length(in->set, in->order[batch.first + batch.n]);
            if (batch.n && bases + length > BATCH_BASES) break;
            bases += length;
        }
        status = mn_mem_new((void **)&batch.bases, bases, 1, err);
        if (!status) status = mn_mem_new((void **)&batch.spans, batch.n, sizeof *batch.spans, err);
        if (!status) status = read_batch(&batch, err);
        if (!status) write_batch(&batch, sink);
        mn_mem_free(batch.bases);
        mn_mem_free(batch.spans);
        batch.bases = NULL;
        batch.spans = NULL;
    }
    if (!status) mn_progress_end(&progress);
    return status;
}
