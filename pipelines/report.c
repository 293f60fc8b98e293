/* report: log lines, the progress bar, and the closing lines, all on stderr. */
#include "pipelines/report.h"
#include "genomics/base/clock.h"
#include "genomics/base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *const mn_log_names[] = {"error", "warning", "info", "debug", NULL};

static struct {
    const char *command;
    int level;
    double start;
    bool bar; /* a progress bar stands on the terminal's last line */
} report = {.command = "", .level = MN_LOG_INFO};

static void clear_bar(void) {
    if (report.bar) fputs("\r\033[K", stderr);
    report.bar = false;
}

void mn_report_init(const char *command, int level) {
    report.command = command;
    report.level = level;
    report.start = mn_clock(CLOCK_MONOTONIC);
}

void mn_log(int level, const char *format, ...) {
    if (level > report.level) return;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    clear_bar();
    fprintf(stderr, "mnemon%s%s: %s%s\n", *report.command ? " " : "", report.command,
            level == MN_LOG_WARNING ? "warning: " : "", text);
}

/* "59.4s", "12:05", "3:04:05" */
static const char *format_time(double seconds, char *out, size_t size) {
    long s = (long)(seconds + 0.5);
    if (seconds < 60)
        snprintf(out, size, "%.1fs", seconds);
    else if (s < 3600)
        snprintf(out, size, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(out, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return out;
}

/* "812", "54.3k", "1.20M" */
static const char *format_count(double n, char *out, size_t size) {
    static const char suffixes[] = " kMGT";
    int i = 0;
    for (; n >= 999.5 && i < 4; i++) n /= 1000;
    if (i)
        snprintf(out, size, "%.*f%c", n < 9.995 ? 2 : n < 99.95 ? 1 : 0, n, suffixes[i]);
    else
        snprintf(out, size, "%.0f", n);
    return out;
}

/* As a shell would take it: quoted where it must be. */
static void print_word(const char *word) {
    if (*word && !word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-")]) {
        fprintf(stderr, " %s", word);
        return;
    }
    fputs(" '", stderr);
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            fputs("'\\''", stderr);
        else
            fputc((unsigned char)*c < ' ' ? '?' : *c, stderr);
    }
    fputc('\'', stderr);
}

void mn_report_closing(int argc, char **argv, int64_t seed) {
    if (report.level < MN_LOG_INFO) return;
    char wall[32], cpu[32];
    format_time(mn_clock(CLOCK_MONOTONIC) - report.start, wall, sizeof wall);
    format_time(mn_clock(CLOCK_PROCESS_CPUTIME_ID), cpu, sizeof cpu);
    clear_bar();
    fprintf(stderr, "mnemon %s: version %s\nmnemon %s: command mnemon", report.command, MN_VERSION, report.command);
    for (int i = 1; i < argc; i++) print_word(argv[i]);
    fprintf(stderr, "\nmnemon %s: seed %lld, wall %s, CPU %s, peak memory %.0f MB\n", report.command, (long long)seed,
            wall, cpu, (double)mn_mem_peak() / 1e6);
}

/* ---- progress */

mn_progress_t mn_progress_start(const char *what, const char *unit, int64_t total, int64_t done) {
    double now = mn_clock(CLOCK_MONOTONIC);
    return (mn_progress_t){.what = what,
                           .unit = unit,
                           .total = total,
                           .first = done,
                           .done = done,
                           .start = now,
                           .shown = now,
                           .bar = isatty(STDERR_FILENO)};
}

/* "1.20M of 8.00M tokens, 54.3k tokens/s, 2:05 to go, loss 1.31" */
static void format_progress(const mn_progress_t *p, double now, const char *note, char *out, size_t size) {
    char done[16], total[16], rate[16], left[32] = "";
    double elapsed = now - p->start, per_second = elapsed > 0 ? (double)(p->done - p->first) / elapsed : 0;
    format_count((double)p->done, done, sizeof done);
    format_count((double)p->total, total, sizeof total);
    format_count(per_second, rate, sizeof rate);
    if (p->done < p->total && per_second > 0) format_time((double)(p->total - p->done) / per_second, left, sizeof left);
    snprintf(out, size, "%s%s%s %s, %s %s/s%s%s%s%s%s", done, p->total ? " of " : "", p->total ? total : "", p->unit,
             rate, p->unit, *left ? ", " : "", left, *left ? " to go" : "", note ? ", " : "", note ? note : "");
}

static void draw_bar(const mn_progress_t *p, const char *text) {
    enum { CELLS = 24 };
    struct winsize window = {.ws_col = 80};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col < 20) window.ws_col = 80;
    char line[512], bar[CELLS + 1];
    double part = p->total > 0 ? (double)p->done / (double)p->total : 0;
    int full = part >= 1 ? CELLS : (int)(part * CELLS);
    memset(bar, '-', CELLS);
    memset(bar, '#', (size_t)full);
    bar[CELLS] = 0;
    if (p->total > 0)
        snprintf(line, sizeof line, "%s [%s] %3.0f %%  %s", p->what, bar, 100 * part, text);
    else
        snprintf(line, sizeof line, "%s  %s", p->what, text);
    fprintf(stderr, "\r\033[K%.*s", window.ws_col - 1, line);
    fflush(stderr);
    report.bar = true;
}

void mn_progress_update(mn_progress_t *progress, int64_t done, const char *note) {
    const double bar_every = 0.2, line_every = 30;
    progress->done = done;
    if (report.level < MN_LOG_INFO) return;
    double now = mn_clock(CLOCK_MONOTONIC);
    if (now - progress->shown < (progress->bar ? bar_every : line_every)) return;
    progress->shown = now;
    char text[384];
    format_progress(progress, now, note, text, sizeof text);
    if (progress->bar)
        draw_bar(progress, text);
    else
        mn_log(MN_LOG_INFO, "%s", text);
}

void mn_progress_end(mn_progress_t *progress) {
    char count[16], rate[16], time[32];
    double elapsed = mn_clock(CLOCK_MONOTONIC) - progress->start, done = (double)(progress->done - progress->first);
    format_count(done, count, sizeof count);
    format_count(elapsed > 0 ? done / elapsed : 0, rate, sizeof rate);
    mn_log(MN_LOG_INFO, "%s %s in %s, %s %s/s", count, progress->unit, format_time(elapsed, time, sizeof time), rate,
           progress->unit);
}
