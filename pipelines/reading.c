/* reading: options of the commands that read sequence files. */
#include "pipelines/reading.h"

const mn_option_t mn_reading_options[] = {
    MN_OPTION(mn_reading_t, regions, "r", "region", LIST, "REGION",
              "contig or contig:beg-end, 1-based inclusive; repeatable; of indexed FASTA, BAM or CRAM"),
    MN_OPTION(mn_reading_t, bed, "L", "bed", INPUT, "BED", "the regions of a BED file"),
    MN_OPTION(mn_reading_t, require_flags, "f", "require-flags", INT, "N", "only reads with all of these flag bits",
              .fallback = "0", .max = 65535),
    MN_OPTION(mn_reading_t, exclude_flags, "F", "exclude-flags", INT, "N",
              "no reads with any of these: secondary, QC-fail, duplicate, supplementary", .fallback = "3840",
              .max = 65535),
    MN_OPTION(mn_reading_t, min_mapq, "q", "min-mapq", INT, "N", "only reads of at least this mapping quality",
              .fallback = "0", .max = 255),
    MN_OPTION(mn_reading_t, reference, NULL, "reference", INPUT, "FASTA", "reference of a CRAM file"),
    MN_OPTION(mn_reading_t, mask_lowercase, NULL, "mask-lowercase", FLAG, NULL,
              "read lower case (soft-masked) bases as N"),
    MN_OPTION(mn_reading_t, invalid, NULL, "invalid", CHOICE, NULL,
              "what to do with a letter that is no nucleotide code", .choices = mn_invalid_names, .fallback = "error"),
    MN_OPTION(mn_reading_t, allow_missing_eof, NULL, "allow-missing-eof", FLAG, NULL,
              "accept a BAM without its end marker (it may be truncated)"),
    {0}};

mn_input_options_t mn_reading_input(const mn_reading_t *reading, int threads) {
    mn_input_options_t options = mn_input_options_default();
    options.mask_lowercase = reading->mask_lowercase;
    options.invalid = reading->invalid;
    options.regions = reading->regions.items;
    options.n_regions = reading->regions.count;
    options.bed = reading->bed;
    options.require_flags = (uint32_t)reading->require_flags;
    options.exclude_flags = (uint32_t)reading->exclude_flags;
    options.min_mapq = (int)reading->min_mapq;
    options.reference = reading->reference;
    options.allow_missing_eof = reading->allow_missing_eof;
    options.threads = threads;
    return options;
}
