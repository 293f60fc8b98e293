/* fasta: FASTA (>name, lines of bases) and FASTQ (@name, bases, +, as many qualities; either may span lines), a block
 * of text at a time, whatever the length of lines and records. */
#include "genomics/fasta.h"
#include "genomics/base/mem.h"
#include "genomics/fai.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 1 << 17, PIECE = 1 << 16, NAME_MAX_BYTES = 1 << 16 };

struct mn_fasta {
    mn_source_t *source;
    bool fastq, in_bases;
    char *text; /* TEXT bytes; text[at .. end) is unread */
    int64_t at, end;
    bool ended;           /* nothing follows text[end] */
    int64_t line, column; /* of text[at], from 0 */
    uint8_t *bases;       /* PIECE ids */
    uint8_t table[256];
    int invalid;
    char *name; /* of the record, and for a region contig:beg-end */
    int64_t name_size, name_cap;
    int64_t position; /* of the next base */
    /* regions */
    mn_fai_t *fai;
    mn_regions_t regions;
    int64_t region;        /* the present one; regions.n: after the last */
    int64_t asked, passed; /* bases of all regions; of those before the present one */
    int64_t line_room;     /* bases that the index still expects in the present line */
};

void mn_fasta_close(mn_fasta_t *fasta) {
    if (!fasta) return;
    mn_regions_done(&fasta->regions);
    mn_fai_free(fasta->fai);
    mn_source_close(fasta->source);
    mn_mem_free(fasta->text);
    mn_mem_free(fasta->bases);
    mn_mem_free(fasta->name);
    mn_mem_free(fasta);
}

static mn_status_t read_regions(mn_fasta_t *fasta, const mn_input_options_t *options, mn_err_t *err) {
    if (fasta->fastq)
        return mn_err_set(err, MN_USAGE, mn_source_path(fasta->source), NULL,
                          "regions need FASTA, BAM or CRAM, not FASTQ");
    mn_status_t status = mn_fai_open(fasta->source, &fasta->fai, err);
    if (status) return status;
    mn_contigs_t contigs = mn_fai_contigs(fasta->fai, fasta->source);
    for (int64_t i = 0; i < options->n_regions && !status; i++)
        status = mn_regions_add(&fasta->regions, options->regions[i], &contigs, err);
    if (!status && options->bed) status = mn_regions_add_bed(&fasta->regions, options->bed, &contigs, err);
    fasta->region = -1;
    for (int64_t i = 0; i < fasta->regions.n; i++)
        fasta->asked += fasta->regions.items[i].end - fasta->regions.items[i].start;
    return status;
}

mn_status_t mn_fasta_open(mn_source_t *source, const mn_input_options_t *options, mn_fasta_t **out, mn_err_t *err) {
    void *block;
    *out = NULL;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(mn_fasta_t), err);
    if (status) {
        mn_source_close(source);
        return status;
    }
    mn_fasta_t *fasta = block;
    fasta->source = source;
    fasta->fastq = mn_source_format(source) == MN_FORMAT_FASTQ;
    fasta->invalid = options->invalid;
    /* Bytes left out end a piece, so the table leaves them to this reader. */
    mn_alphabet_table(options->mask_lowercase, options->invalid == MN_INVALID_N ? MN_INVALID_N : MN_INVALID_ERROR,
                      fasta->table);
    status = mn_mem_new(&block, TEXT, 1, err);
    fasta->text = block;
    if (!status) {
        status = mn_mem_new(&block, PIECE, 1, err);
        fasta->bases = block;
    }
    if (!status && (options->n_regions || options->bed)) status = read_regions(fasta, options, err);
    if (!status)
        *out = fasta;
    else
        mn_fasta_close(fasta);
    return status;
}

/* ---- text */

/* Room for the reader: at < end afterwards, or the text has ended. */
static mn_status_t fill_text(mn_fasta_t *fasta, mn_err_t *err) {
    if (fasta->at < fasta->end || fasta->ended) return MN_OK;
    fasta->at = fasta->end = 0;
    mn_status_t status = mn_source_read(fasta->source, fasta->text, TEXT, &fasta->end, err);
    fasta->ended = !fasta->end;
    return status;
}

/* What is left of the present line in text, and whether its end is in sight. */
static int64_t rest_of_line(const mn_fasta_t *fasta, bool *whole) {
    const char *from = fasta->text + fasta->at, *end = memchr(from, '\n', (size_t)(fasta->end - fasta->at));
    *whole = end != NULL;
    return (end ? end : fasta->text + fasta->end) - from;
}

static void pass_newline(mn_fasta_t *fasta) {
    fasta->at++;
    fasta->line++;
    fasta->column = 0;
}

static mn_status_t report_place(const mn_fasta_t *fasta, mn_err_t *err, const char *hint, const char *what) {
    char where[256];
    if (fasta->fai)
        snprintf(where, sizeof where, "%.120s:%.100s:%lld", mn_source_path(fasta->source), fasta->name,
                 (long long)fasta->position + 1);
    else
        snprintf(where, sizeof where, "%.200s:%lld:%lld", mn_source_path(fasta->source), (long long)fasta->line + 1,
                 (long long)fasta->column + 1);
    return mn_err_set(err, MN_INPUT, where, hint, "%s", what);
}

static mn_status_t report_invalid(const mn_fasta_t *fasta, char byte, mn_err_t *err) {
    char what[64];
    bool protein = strchr("EFILPQZefilpqz*", byte) && byte;
    snprintf(what, sizeof what,
             isgraph((unsigned char)byte) ? "'%c' is no nucleotide code" : "byte %d is no nucleotide code",
             isgraph((unsigned char)byte) ? byte : (unsigned char)byte);
    return report_place(fasta, err,
                        protein
                            ? "is this a protein? --invalid n reads such letters as N, --invalid skip leaves them out"
                            : "--invalid n reads it as N, --invalid skip leaves it out",
                        what);
}

/* ---- records */

static mn_status_t add_name(mn_fasta_t *fasta, const char *text, int64_t n, mn_err_t *err) {
    if (fasta->name_size + n > NAME_MAX_BYTES)
        return report_place(fasta, err, NULL, "a record name longer than 64 KiB");
    void *block = fasta->name;
    mn_status_t status = mn_mem_reserve(&block, &fasta->name_cap, fasta->name_size + n + 64, 1, err);
    fasta->name = block;
    if (status) return status;
    for (int64_t i = 0; i < n; i++)
        if (iscntrl((unsigned char)text[i]))
            return report_place(fasta, err, "rename the record", "a name with a control character");
    memcpy(fasta->name + fasta->name_size, text, (size_t)n);
    fasta->name_size += n;
    fasta->name[fasta->name_size] = '\0';
    return MN_OK;
}

/* The line behind '>' or '@': its first word is the name. */
static mn_status_t read_header(mn_fasta_t *fasta, mn_err_t *err) {
    mn_status_t status = MN_OK;
    bool whole = false, in_name = true;
    fasta->name_size = 0;
    status = add_name(fasta, "", 0, err);
    while (!status && !whole) {
        status = fill_text(fasta, err);
        if (status || fasta->at == fasta->end) break;
        int64_t n = rest_of_line(fasta, &whole);
        const char *text = fasta->text + fasta->at;
        for (int64_t i = 0; i < n && in_name && !status;) {
            while (!fasta->name_size && i < n && isspace((unsigned char)text[i])) i++;
            int64_t from = i;
            while (i < n && !isspace((unsigned char)text[i])) i++;
            status = add_name(fasta, text + from, i - from, err);
            in_name = i == n;
        }
        const char *cr = status ? NULL : memchr(text, '\r', (size_t)n);
        if (cr && cr + 1 < text + n)
            status = report_place(fasta, err, "end lines with LF, for instance: tr '\\r' '\\n'",
                                  "a line that ends with CR alone");
        if (status) break;
        fasta->at += n;
        fasta->column += n;
        if (whole && fasta->name_size) pass_newline(fasta);
    }
    if (!status && !fasta->name_size) return report_place(fasta, err, NULL, "a record without a name");
    return status;
}

/* To the next byte that is no blank. A byte order mark may begin the file. */
static mn_status_t skip_blanks(mn_fasta_t *fasta, mn_err_t *err) {
    for (;;) {
        mn_status_t status = fill_text(fasta, err);
        if (status || fasta->at == fasta->end) return status;
        if (!fasta->line && !fasta->column && fasta->end >= 3 && !memcmp(fasta->text, "\xef\xbb\xbf", 3))
            fasta->at = fasta->column = 3;
        for (; fasta->at < fasta->end; fasta->at++, fasta->column++) {
            while (fasta->at < fasta->end && fasta->text[fasta->at] == '\n') pass_newline(fasta);
            if (fasta->at == fasta->end) break;
            if (!isspace((unsigned char)fasta->text[fasta->at])) return MN_OK;
        }
    }
}

static mn_status_t next_region(mn_fasta_t *fasta, mn_record_t *record, bool *more, mn_err_t *err) {
    if (fasta->region >= 0 && fasta->region < fasta->regions.n)
        fasta->passed += fasta->regions.items[fasta->region].end - fasta->regions.items[fasta->region].start;
    *more = ++fasta->region < fasta->regions.n;
    if (!*more) {
        fasta->region = fasta->regions.n;
        return MN_OK;
    }
    const mn_region_t *region = &fasta->regions.items[fasta->region];
    const mn_fai_entry_t *entry = &fasta->fai->entries[region->contig];
    char range[64] = "";
    if (!region->whole)
        snprintf(range, sizeof range, ":%lld-%lld", (long long)region->start + 1, (long long)region->end);
    fasta->name_size = 0;
    mn_status_t status = add_name(fasta, entry->name, (int64_t)strlen(entry->name), err);
    if (!status) status = add_name(fasta, range, (int64_t)strlen(range), err);
    if (!status) status = mn_fai_seek(fasta->fai, fasta->source, region->contig, region->start, err);
    if (status) return status;
    fasta->at = fasta->end = 0;
    fasta->ended = false;
    fasta->position = region->start;
    fasta->line_room = entry->line_bases - region->start % entry->line_bases;
    fasta->column = 1; /* in a line, not before it */
    fasta->in_bases = true;
    record->name = fasta->name;
    record->contig = entry->name;
    record->start = region->start;
    return MN_OK;
}

mn_status_t mn_fasta_next(mn_fasta_t *fasta, mn_record_t *record, bool *more, mn_err_t *err) {
    *record = (mn_record_t){0};
    if (fasta->fai) return next_region(fasta, record, more, err);
    mn_status_t status = skip_blanks(fasta, err);
    *more = !status && fasta->at < fasta->end;
    if (!*more) return status;
    char mark = fasta->fastq ? '@' : '>';
    if (fasta->text[fasta->at] != mark)
        return report_place(fasta, err, fasta->fastq ? "has a read more qualities than bases?" : NULL,
                            fasta->fastq ? "expected '@' and a read's name" : "expected '>' and a record's name");
    fasta->at++;
    fasta->column++;
    status = read_header(fasta, err);
    if (status) return status;
    fasta->position = 0;
    fasta->in_bases = true;
    record->name = record->contig = fasta->name;
    return MN_OK;
}

/* FASTQ: the line of '+', then as many qualities as there were bases. */
static mn_status_t skip_qualities(mn_fasta_t *fasta, mn_err_t *err) {
    bool whole = false;
    int64_t left = fasta->position;
    for (bool plus = true; plus || left;) {
        mn_status_t status = fill_text(fasta, err);
        if (status) return status;
        if (fasta->at == fasta->end)
            return report_place(fasta, err, "copy or download the file again",
                                "truncated: the file ends before the qualities of a read do");
        int64_t n = rest_of_line(fasta, &whole);
        if (plus)
            plus = !whole;
        else
            left -= n - (n && fasta->text[fasta->at + n - 1] == '\r');
        fasta->at += n;
        fasta->column += n;
        if (left < 0) return report_place(fasta, err, NULL, "a read has more qualities than bases");
        if (whole) pass_newline(fasta);
    }
    return MN_OK;
}

/* ---- bases */

/* A record's text has ended, by its mark or the file's end. */
static mn_status_t finish_record(mn_fasta_t *fasta, bool at_mark, mn_err_t *err) {
    fasta->in_bases = false;
    if (fasta->fai) return mn_fai_stale(fasta->fai, fasta->source, fasta->regions.items[fasta->region].contig, err);
    if (!fasta->fastq) return MN_OK;
    if (at_mark) return skip_qualities(fasta, err);
    return report_place(fasta, err, "copy or download the file again", "truncated: a read without qualities");
}

/* Regions: bases in a line and line ends must stand as the index says. */
static mn_status_t check_line(mn_fasta_t *fasta, bool ends, mn_err_t *err) {
    const mn_region_t *region = &fasta->regions.items[fasta->region];
    const mn_fai_entry_t *entry = &fasta->fai->entries[region->contig];
    if (fasta->line_room < 0 || (ends && fasta->line_room && fasta->position < entry->length))
        return mn_fai_stale(fasta->fai, fasta->source, region->contig, err);
    if (ends) fasta->line_room = entry->line_bases;
    return MN_OK;
}

mn_status_t mn_fasta_read(mn_fasta_t *fasta, mn_piece_t *piece, mn_base_counts_t *counts, mn_err_t *err) {
    const char mark = fasta->fastq ? '+' : '>';
    const int64_t end = fasta->fai && fasta->in_bases ? fasta->regions.items[fasta->region].end : INT64_MAX;
    *piece = (mn_piece_t){fasta->bases, 0, fasta->position};
    mn_status_t status = MN_OK;
    while (fasta->in_bases && piece->n < PIECE) {
        if (fasta->position == end) {
            fasta->in_bases = false;
            break;
        }
        status = fill_text(fasta, err);
        if (status) return status;
        bool at_end = fasta->at == fasta->end, whole;
        if (at_end || (!fasta->column && fasta->text[fasta->at] == mark)) {
            status = finish_record(fasta, !at_end, err);
            break;
        }
        int64_t n = rest_of_line(fasta, &whole), most = PIECE - piece->n, used;
        if (most > end - fasta->position) most = end - fasta->position;
        if (n > most) {
            n = most;
            whole = false;
        }
        int64_t size =
            mn_bases_from_text(fasta->text + fasta->at, n, fasta->table, fasta->bases + piece->n, counts, &used);
        fasta->at += used;
        fasta->column += used;
        fasta->position += size;
        piece->n += size;
        fasta->line_room -= size;
        if (used < n) { /* an invalid byte: it keeps its position */
            if (fasta->invalid == MN_INVALID_ERROR) return report_invalid(fasta, fasta->text[fasta->at], err);
            counts->skipped++;
            fasta->at++;
            fasta->column++;
            fasta->position++;
            fasta->line_room--;
            if (piece->n) break;
            piece->start = fasta->position;
            continue;
        }
        if (fasta->fai) status = check_line(fasta, whole, err);
        if (status) return status;
        if (whole) pass_newline(fasta);
    }
    return status;
}

double mn_fasta_part(const mn_fasta_t *fasta) {
    if (!fasta->fai) return mn_source_part(fasta->source);
    if (fasta->region < 0 || fasta->region >= fasta->regions.n) return 0;
    const int64_t present = fasta->position - fasta->regions.items[fasta->region].start;
    return (double)(fasta->passed + present) / (double)fasta->asked;
}
