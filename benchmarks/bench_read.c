/* bench_read: a sequence file read to its end, its bases thrown away; alignments beside `samtools view -c`. */
#include "benchmarks/benchmarks.h"
#include "genomics/base/par.h"
#include "genomics/input.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { ROUNDS = 5 };

extern char **environ;

typedef struct timing {
    double wall, cpu; /* seconds, the best of the rounds */
} timing_t;

static void keep_best(timing_t *best, timing_t from) {
    timing_t now = {mn_bench_seconds() - from.wall, mn_bench_cpu() - from.cpu};
    if (!best->wall || now.wall < best->wall) best->wall = now.wall;
    if (!best->cpu || now.cpu < best->cpu) best->cpu = now.cpu;
}

static timing_t start_timing(void) {
    return (timing_t){mn_bench_seconds(), mn_bench_cpu()};
}

/* Every read counts, as for samtools view -c. */
static mn_status_t read_once(const char *path, mn_base_counts_t *counts, int64_t *records, const char **format,
                             mn_err_t *err) {
    mn_input_options_t options = {.threads = mn_par_threads()};
    mn_input_t *in;
    mn_status_t status = mn_input_open(path, &options, &in, err);
    if (status) return status;
    const mn_record_t *record;
    *format = mn_input_format(in);
    for (*records = 0; !(status = mn_input_next(in, &record, err)) && record; ++*records) {
        mn_piece_t piece = {.n = 1};
        while (piece.n && !(status = mn_input_read(in, &piece, err))) continue;
        if (status) break;
    }
    *counts = mn_input_counts(in);
    mn_input_close(in);
    return status;
}

/* False: samtools is not there, or failed. */
static bool count_once(const char *path) {
    char threads[16];
    snprintf(threads, sizeof threads, "%d", mn_par_threads() - 1);
    const char *command[] = {"samtools", "view", "-c", "-@", threads, path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int code = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (!posix_spawnp(&child, *command, &actions, NULL, (char *const *)(uintptr_t)command, environ))
        waitpid(child, &code, 0);
    posix_spawn_file_actions_destroy(&actions);
    return code == 0;
}

static mn_status_t read_file(const char *path, mn_err_t *err) {
    timing_t ours = {0}, theirs = {0};
    mn_base_counts_t counts;
    int64_t records;
    const char *format = "";
    bool compare = true;
    for (int round = 0; round < ROUNDS; round++) {
        timing_t from = start_timing();
        mn_status_t status = read_once(path, &counts, &records, &format, err);
        if (status) return status;
        keep_best(&ours, from);
        from = start_timing();
        compare = compare && (!strcmp(format, "BAM") || !strcmp(format, "CRAM")) && count_once(path);
        if (compare) keep_best(&theirs, from);
    }
    struct stat info;
    double size = stat(path, &info) ? 0 : (double)info.st_size / 1e6;
    printf("%s\t%s\t%.1f\t%lld\t%lld\t%.3f\t%.3f\t%.0f\t%.0f", path, format, size, (long long)records,
           (long long)counts.bases, ours.wall, ours.cpu, size / ours.wall, size / ours.cpu);
    if (compare)
        printf("\t%.3f\t%.3f\t%.2f\t%.2f\n", theirs.wall, theirs.cpu, ours.wall / theirs.wall, ours.cpu / theirs.cpu);
    else
        printf("\t.\t.\t.\t.\n");
    return MN_OK;
}

static mn_status_t run(const char *const *operands, int64_t n, mn_err_t *err) {
    if (!n) return mn_err_set(err, MN_USAGE, NULL, "mnemon benchmark read FILE", "no file to read");
    printf("#best of %d, %d threads\n", ROUNDS, mn_par_threads());
    printf(
        "file\tformat\tMB\trecords\tbases\tseconds\tcpu\tMB/s\tMB/cpu_s\tsamtools\tsamtools_cpu\tratio\tcpu_ratio\n");
    mn_status_t status = MN_OK;
    for (int64_t i = 0; i < n && !status; i++) status = read_file(operands[i], err);
    return status;
}

const mn_benchmark_t mn_bench_read = {"read", "FILE...", "reading sequence files", run};
