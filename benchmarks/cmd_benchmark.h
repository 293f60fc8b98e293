/* cmd_benchmark: `mnemon benchmark NAME ...`, for main's list. */
#ifndef MN_CMD_BENCHMARK_H
#define MN_CMD_BENCHMARK_H
#include "pipelines/commands.h"

extern const mn_command_t mn_cmd_benchmark;

#endif
