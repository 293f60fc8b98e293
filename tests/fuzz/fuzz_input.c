/* Any bytes as a sequence file: every reader, told by content. FASTA and FASTQ that htslib reads as well hold the same. */
#include "genomics/input.h"
#include "tests/fuzz/fuzz.h"
#include <htslib/sam.h>
#include <string.h>

/* htslib's letters as mnemon reads them: what is none of A, C, G, T is N. */
static bool same_bases(const uint8_t *bases, const bam1_t *read, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const char *at = strchr("ACGT", seq_nt16_str[bam_seqi(bam_get_seq(read), i)]);
        if (bases[i] != (at ? (uint8_t)(at - "ACGT") : MN_BASE_N)) return false;
    }
    return true;
}

/* Blanks and gaps within sequences are read over here and bases there, U is T here and N there. */
static bool is_plain(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (data[i] != '\n' && (data[i] <= ' ' || data[i] > '~' || strchr("-*.Uu", data[i]))) return false;
    return true;
}

static void compare(const char *path, const mn_sequences_t *set) {
    htsFile *file = hts_open(path, "r");
    if (!file) return;
    const enum htsExactFormat format = hts_get_format(file)->format;
    sam_hdr_t *header = format == fasta_format || format == fastq_format ? sam_hdr_read(file) : NULL;
    bam1_t *read = bam_init1();
    int64_t i = 0;
    int result = -1;
    while (header && read && (result = sam_read1(file, header, read)) >= 0) {
        const mn_sequence_t *item = &set->items[i];
        if (i++ == set->n || strcmp(item->name, bam_get_qname(read)) || item->length != read->core.l_qseq ||
            !same_bases(set->bases + item->offset, read, item->length))
            abort();
    }
    if (header && result == -1 && i < set->n) abort();
    bam_destroy1(read);
    sam_hdr_destroy(header);
    hts_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mn_err_t err;
    mn_sequences_t *set;
    mn_input_options_t options = mn_input_options_default();
    const char *path = mn_fuzz_file(data, size);
    hts_set_log_level(HTS_LOG_OFF);
    options.keep_n_runs = true;
    if (mn_sequences_load(&path, 1, &options, &set, &err) == MN_OK) {
        if (is_plain(data, size)) compare(path, set);
        mn_sequences_free(set);
    }
    return 0;
}
