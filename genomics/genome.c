/* genome: contigs of several files by name, and spans of them in the files' own order. */
#include "genomics/genome.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/fai.h"
#include "genomics/input.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Going elsewhere in a file costs about as much as reading on for so many bases. */
enum { SEEK_BASES = 1 << 20, NAME_BYTES = 512 };

typedef struct file {
    char *path;
    int64_t first, bases; /* its first contig, and the bases of all */
} file_t;

struct mn_genome {
    file_t *files;
    int64_t n_files, n, lengths_cap;
    mn_names_t names; /* of the contigs, in their order */
    int64_t *lengths; /* (n) */
    mn_names_t bare;  /* names without their version */
    int64_t *bare_of; /* the contig of each; -1: of several */
    int64_t bare_cap;
};

void mn_genome_free(mn_genome_t *genome) {
    if (!genome) return;
    for (int64_t i = 0; i < genome->n_files; i++) mn_mem_free(genome->files[i].path);
    mn_mem_free(genome->files);
    mn_names_done(&genome->names);
    mn_names_done(&genome->bare);
    mn_mem_free(genome->lengths);
    mn_mem_free(genome->bare_of);
    mn_mem_free(genome);
}

/* ---- opening */

/* The bytes of name before a version such as ".7"; 0: it has none. */
static size_t count_bare(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && dot > name && dot[1] && !dot[1 + strspn(dot + 1, "0123456789")] ? (size_t)(dot - name) : 0;
}

static mn_status_t add_bare(mn_genome_t *genome, const char *name, int64_t contig, mn_err_t *err) {
    char bare[NAME_BYTES];
    size_t size = count_bare(name);
    int64_t number, before = genome->bare.n;
    if (!size || size >= sizeof bare) return MN_OK;
    snprintf(bare, sizeof bare, "%.*s", (int)size, name);
    mn_status_t status = mn_names_add(&genome->bare, bare, &number, err);
    if (!status)
        status = mn_mem_reserve((void **)&genome->bare_of, &genome->bare_cap, genome->bare.n, sizeof(int64_t), err);
    if (!status) genome->bare_of[number] = number == before ? contig : -1;
    return status;
}

static mn_status_t add_contig(mn_genome_t *genome, const char *path, const char *name, int64_t length, mn_err_t *err) {
    int64_t number;
    mn_status_t status = mn_names_add(&genome->names, name, &number, err);
    if (!status && number < genome->n)
        return mn_err_set(err, MN_INPUT, path, "give each contig once; CLASS=FASTA keeps genomes of classes apart",
                          "contig '%.100s' is in two of the references", name);
    if (!status)
        status = mn_mem_reserve((void **)&genome->lengths, &genome->lengths_cap, genome->n + 1, sizeof(int64_t), err);
    if (!status) genome->lengths[genome->n++] = length;
    return status ? status : add_bare(genome, name, number, err);
}

static mn_status_t add_file(mn_genome_t *genome, const char *path, mn_err_t *err) {
    file_t *file = &genome->files[genome->n_files++];
    mn_source_t *source = NULL;
    mn_fai_t *fai = NULL;
    file->first = genome->n;
    mn_status_t status = mn_mem_string(&file->path, path, err);
    if (!status) status = mn_source_open(path, 1, &source, err);
    if (!status && mn_source_format(source) != MN_FORMAT_FASTA) {
        status = mn_source_format(source) == MN_FORMAT_OTHER ? mn_source_refuse(source, err) : MN_OK;
        if (!status) status = mn_err_set(err, MN_INPUT, path, "give the genome's FASTA", "is no FASTA");
    }
    if (!status) status = mn_fai_open(source, &fai, err);
    for (int64_t i = 0; !status && i < fai->n; i++) {
        status = add_contig(genome, path, fai->entries[i].name, fai->entries[i].length, err);
        file->bases += fai->entries[i].length;
    }
    mn_fai_free(fai);
    mn_source_close(source);
    return status;
}

mn_status_t mn_genome_open(const char *const *paths, int64_t n, mn_genome_t **out, mn_err_t *err) {
    mn_genome_t *genome;
    mn_status_t status = mn_mem_new((void **)&genome, 1, sizeof *genome, err);
    if (status) return status;
    status = mn_mem_new((void **)&genome->files, n, sizeof *genome->files, err);
    for (int64_t i = 0; !status && i < n; i++) status = add_file(genome, paths[i], err);
    if (status)
        mn_genome_free(genome);
    else
        *out = genome;
    return status;
}

/* ---- names */

static const char *const mitochondria[] = {"chrM", "chrMT", "MT", "M", "MtDNA", "mitochondrion_genome"};

static int64_t find_mitochondrion(const mn_genome_t *genome, const char *name) {
    const size_t n = sizeof mitochondria / sizeof *mitochondria;
    bool is_one = false;
    for (size_t i = 0; i < n; i++) is_one |= !strcmp(name, mitochondria[i]);
    int64_t found = -1;
    for (size_t i = 0; is_one && found < 0 && i < n; i++) found = mn_names_find(&genome->names, mitochondria[i]);
    return found;
}

static int64_t find_contig(void *ctx, const char *name) {
    const mn_genome_t *genome = ctx;
    char other[NAME_BYTES];
    int64_t found = mn_names_find(&genome->names, name);
    if (found < 0 && !strncmp(name, "chr", 3)) {
        found = mn_names_find(&genome->names, name + 3);
    } else if (found < 0) {
        snprintf(other, sizeof other, "chr%s", name);
        found = mn_names_find(&genome->names, other);
    }
    if (found < 0) found = find_mitochondrion(genome, name);
    size_t size = count_bare(name);
    if (found < 0 && size && size < sizeof other) {
        snprintf(other, sizeof other, "%.*s", (int)size, name);
        found = mn_names_find(&genome->names, other);
    } else if (found < 0 && !size) {
        found = mn_names_find(&genome->bare, name);
        if (found >= 0) found = genome->bare_of[found];
    }
    return found;
}

static const char *contig_name(void *ctx, int64_t index) {
    return mn_names_text(&((const mn_genome_t *)ctx)->names, index);
}

static int64_t contig_length(void *ctx, int64_t index) {
    return ((const mn_genome_t *)ctx)->lengths[index];
}

mn_contigs_t mn_genome_contigs(mn_genome_t *genome) {
    return (mn_contigs_t){genome, genome->files[0].path, genome->n, find_contig, contig_name, contig_length};
}

const char *mn_genome_path(const mn_genome_t *genome, int64_t contig) {
    int64_t file = genome->n_files - 1;
    while (genome->files[file].first > contig) file--;
    return genome->files[file].path;
}

void mn_genome_map(mn_genome_t *genome, const mn_names_t *names, int64_t *map) {
    for (int64_t i = 0; i < names->n; i++) map[i] = find_contig(genome, mn_names_text(names, i));
}

mn_status_t mn_genome_refuse_missing(const mn_names_t *names, const int64_t *map, const int64_t *rows, mn_err_t *err) {
    enum { SHOWN = 5 };
    char list[160] = "";
    int64_t missing = 0, lost = 0;
    size_t used = 0;
    for (int64_t i = 0; i < names->n; i++) {
        if (map[i] >= 0 || !rows[i]) continue;
        if (missing++ < SHOWN && used < sizeof list)
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%.25s", used ? ", " : "", mn_names_text(names, i));
        lost += rows[i];
    }
    if (!missing) return MN_OK;
    char more[40] = "";
    if (missing > SHOWN) snprintf(more, sizeof more, " and %lld more", (long long)(missing - SHOWN));
    return mn_err_set(err, MN_INPUT, NULL, "give a --reference that has them too, or leave them out by --skip-missing",
                      "the genome lacks the contigs of %lld intervals: %s%s", (long long)lost, list, more);
}

/* ---- reading */

static int compare_spans(const void *a, const void *b) {
    const mn_span_t *x = a, *y = b;
    if (x->contig != y->contig) return x->contig < y->contig ? -1 : 1;
    return (x->start > y->start) - (x->start < y->start);
}

/* Sorted spans of one file, and the regions that cover them. */
typedef struct job {
    mn_span_t *spans;
    int64_t n, n_regions, texts_cap, texts_size, wanted, copied;
    char *texts;          /* of the regions, NUL-terminated */
    const char **regions; /* into texts; NULL: the file is read whole */
    int64_t next, *open, n_open; /* first span not met yet; those met that go on (room for n) */
} job_t;

static mn_status_t add_region(job_t *job, const char *contig, int64_t start, int64_t end, mn_err_t *err) {
    int64_t room = (int64_t)strlen(contig) + 48;
    mn_status_t status = mn_mem_reserve((void **)&job->texts, &job->texts_cap, job->texts_size + room, 1, err);
    if (status) return status;
    job->texts_size += 1 + snprintf(job->texts + job->texts_size, (size_t)room, "{%s}:%lld-%lld", contig,
                                    (long long)start + 1, (long long)end);
    job->n_regions++;
    return MN_OK;
}

/* Spans that lie near each other share a region. Where seeking would cost more than reading all of the file, there are
 * none. */
static mn_status_t plan_regions(job_t *job, const mn_genome_t *genome, const file_t *file, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t i = 0, next; !status && i < job->n; i = next) {
        int64_t end = job->spans[i].end;
        for (next = i + 1; next < job->n && job->spans[next].contig == job->spans[i].contig &&
                           job->spans[next].start < end + SEEK_BASES;
             next++)
            if (job->spans[next].end > end) end = job->spans[next].end;
        status = add_region(job, mn_names_text(&genome->names, job->spans[i].contig), job->spans[i].start, end, err);
    }
    if (status || job->n_regions > file->bases / SEEK_BASES) return status;
    status = mn_mem_new((void **)&job->regions, job->n_regions, sizeof *job->regions, err);
    const char *text = job->texts;
    for (int64_t i = 0; !status && i < job->n_regions; i++, text += strlen(text) + 1) job->regions[i] = text;
    return status;
}

/* What of the spans lies in a piece of contig; those that go on beyond it stay open. */
static void copy_piece(job_t *job, int64_t contig, const mn_piece_t *piece) {
    int64_t stop = piece->start + piece->n, kept = 0;
    while (job->next < job->n && (job->spans[job->next].contig < contig ||
                                  (job->spans[job->next].contig == contig && job->spans[job->next].start < stop)))
        job->open[job->n_open++] = job->next++;
    for (int64_t i = 0; i < job->n_open; i++) {
        const mn_span_t *span = &job->spans[job->open[i]];
        int64_t from = span->start > piece->start ? span->start : piece->start;
        int64_t to = span->end < stop ? span->end : stop;
        if (span->contig != contig) continue;
        if (span->end > stop) job->open[kept++] = job->open[i];
        if (from >= to) continue;
        memcpy(span->bases + (from - span->start), piece->bases + (from - piece->start), (size_t)(to - from));
        job->copied += to - from;
    }
    job->n_open = kept;
}

static mn_status_t read_file(job_t *job, const mn_genome_t *genome, const file_t *file, int64_t before,
                             void (*progress)(void *ctx, int64_t done), void *ctx, mn_err_t *err) {
    mn_input_options_t options = mn_input_options_default();
    options.keep_n_runs = true;
    options.regions = job->regions;
    options.n_regions = job->regions ? job->n_regions : 0;
    options.threads = mn_par_threads();
    mn_input_t *in;
    const mn_record_t *record;
    mn_status_t status = mn_input_open(file->path, &options, &in, err);
    while (!status && (job->n_open || job->next < job->n) && !(status = mn_input_next(in, &record, err)) && record) {
        int64_t contig = mn_names_find(&genome->names, record->contig);
        mn_piece_t piece;
        while (!(status = mn_input_read(in, &piece, err)) && piece.n) {
            copy_piece(job, contig, &piece);
            if (progress) progress(ctx, before + job->next - job->n_open);
        }
        if (status) break;
    }
    mn_input_close(in);
    if (!status && job->copied < job->wanted)
        status = mn_err_set(err, MN_INPUT, file->path, "remove its .fai and .gzi: they are built again",
                            "the file's contigs are not those of its index");
    return status;
}

mn_status_t mn_genome_read(mn_genome_t *genome, mn_span_t *spans, int64_t n, void (*progress)(void *ctx, int64_t done),
                           void *ctx, mn_err_t *err) {
    mn_status_t status = MN_OK;
    qsort(spans, (size_t)n, sizeof *spans, compare_spans);
    for (int64_t f = 0, at = 0; !status && f < genome->n_files; f++) {
        int64_t last = f + 1 < genome->n_files ? genome->files[f + 1].first : genome->n;
        job_t job = {.spans = spans + at};
        for (; at + job.n < n && job.spans[job.n].contig < last; job.n++)
            job.wanted += job.spans[job.n].end - job.spans[job.n].start;
        if (!job.n) continue;
        status = plan_regions(&job, genome, &genome->files[f], err);
        if (!status) status = mn_mem_new((void **)&job.open, job.n, sizeof *job.open, err);
        if (!status) status = read_file(&job, genome, &genome->files[f], at, progress, ctx, err);
        mn_mem_free(job.open);
        mn_mem_free(job.regions);
        mn_mem_free(job.texts);
        at += job.n;
    }
    return status;
}
