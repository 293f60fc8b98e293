/* reading: the options of every command that reads sequence files, as one group for its table:
 *     MN_OPTION_GROUP(settings_t, reading, "Reading", mn_reading_options) */
#ifndef MN_READING_H
#define MN_READING_H
#include "genomics/input.h"
#include "pipelines/options.h"

typedef struct mn_reading {
    bool mask_lowercase, allow_missing_eof;
    int invalid;
    int64_t require_flags, exclude_flags, min_mapq;
    mn_strings_t regions;
    const char *bed, *reference;
    const char *shard; /* I/N; NULL: all. Of commands that read by records.h */
} mn_reading_t;

extern const mn_option_t mn_reading_options[];
#define MN_OPTION_SHARD(type, reading)                                                                                 \
    MN_OPTION(type, reading.shard, NULL, "shard", STRING, "I/N",                                                       \
              "only the I-th of N parts of the records, about equal in bases; 'mnemon merge' makes one of the results")

/* Borrows strings and regions. threads: for decompression; results do not depend on it. */
mn_input_options_t mn_reading_input(const mn_reading_t *reading, int threads);

#endif
