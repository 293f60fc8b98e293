/* cmd_benchmark: `mnemon benchmark NAME ...` and `mnemon benchmark genomic`, for main's list. */
#ifndef MN_CMD_BENCHMARK_H
#define MN_CMD_BENCHMARK_H
#include "pipelines/commands.h"

extern const mn_command_t mn_cmd_benchmark, mn_cmd_benchmark_genomic;

#endif
