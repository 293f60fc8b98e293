/* main: finds the command, parses its options, runs it, and says once what went wrong. */
#include "benchmarks/cmd_benchmark.h"
#include "genomics/base/par.h"
#include "genomics/version.h"
#include "pipelines/commands.h"
#include "pipelines/help.h"
#include "pipelines/provenance.h"
#include "pipelines/report.h"
#include "pipelines/signals.h"
#include "titans/kernels/vec.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const mn_command_t *const mn_commands[] = {&mn_cmd_tokenize,
                                           &mn_cmd_dataset_build,
                                           &mn_cmd_dataset_split,
                                           &mn_cmd_dataset_stats,
                                           &mn_cmd_dataset_audit,
                                           &mn_cmd_pretrain,
                                           &mn_cmd_finetune,
                                           &mn_cmd_baseline,
                                           &mn_cmd_predict,
                                           &mn_cmd_embed,
                                           &mn_cmd_evaluate,
                                           &mn_cmd_perplexity,
                                           &mn_cmd_merge,
                                           &mn_cmd_info,
                                           &mn_cmd_doctor,
                                           &mn_cmd_benchmark,
                                           &mn_cmd_benchmark_genomic,
                                           &mn_cmd_help,
                                           NULL};

/* A closed stdin, stdout or stderr would give its number to the next file opened. */
static void hold_standard_files(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) open("/dev/null", O_RDONLY); /* reading only: what is lost is still an error */
}

static int fail(const char *command, const mn_err_t *err) {
    char line[800];
    mn_report_init(command, MN_LOG_ERROR);
    mn_log(MN_LOG_ERROR, "%s", mn_err_line(err, line, sizeof line));
    return err->status;
}

/* What stdout still holds must reach its end: a full disk is an error, not a shorter file. */
static mn_status_t close_stdout(mn_err_t *err) {
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !failed) return MN_OK;
    return mn_err_set(err, MN_IO, "stdout", NULL, "%s", strerror(errno));
}

static mn_status_t run_command(const mn_args_t *args, int argc, char **argv, mn_err_t *err) {
    const mn_common_t *common = args->settings;
    if (common->help) return mn_help_command(stdout, args->command), close_stdout(err);
    mn_par_set_threads(common->threads ? (int)common->threads : mn_par_default_threads());
    if (!mn_vec_select(mn_cpu_names[common->cpu]))
        return mn_err_set(err, MN_USAGE, "--cpu", NULL, "this processor has no %s", mn_cpu_names[common->cpu]);
    mn_report_init(args->command->name, common->quiet ? MN_LOG_ERROR : common->verbosity);
    mn_status_t status = mn_provenance_spare(args, err);
    if (!status) status = args->command->run(args, err);
    if (!status) status = close_stdout(err);
    if (!status && strcmp(args->command->heading, "Inspect")) mn_report_closing(argc, argv, common->seed);
    return status;
}

static bool is_help(const char *word) {
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv) {
    mn_err_t err = {0};
    mn_args_t args;
    hold_standard_files();
    mn_signals_init();
    if (argc < 2) return mn_help_overview(stderr), MN_USAGE;
    if (strcmp(argv[1], "--version") == 0) {
        printf("mnemon %s\nUsing htslib %s\n", MN_VERSION, mn_version_htslib());
        return close_stdout(&err) ? fail("", &err) : MN_OK;
    }
    if (is_help(argv[1])) argv[1] = "help";
    if (argc == 3 && is_help(argv[2]) && mn_help_family(stdout, argv[1]))
        return close_stdout(&err) ? fail("", &err) : MN_OK;
    int64_t used;
    const mn_command_t *command = mn_command_find((const char *const *)argv + 1, argc - 1, &used, &err);
    if (!command) return fail("", &err);
    if (mn_args_parse(command, argc - 1 - (int)used, argv + 1 + used, &args, &err)) return fail(command->name, &err);
    mn_status_t status = run_command(&args, argc, argv, &err);
    mn_args_done(&args);
    if (status) fail(command->name, &err);
    mn_signals_finish();
    return status;
}
