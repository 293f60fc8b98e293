/* signals: handlers that set flags, or remove temporaries and let the signal have its way. */
#include "pipelines/signals.h"
#include "genomics/base/fileio.h"
#include <stddef.h>

volatile sig_atomic_t mn_signals_stop, mn_signals_usr1;
static volatile sig_atomic_t catching;

bool mn_signals_stopping(void) {
    return mn_signals_stop != 0;
}

static void set_handler(int signal_number, void (*handler)(int)) {
    struct sigaction action = {.sa_flags = SA_RESTART};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

/* Death by the signal itself, so that the parent sees which one it was. */
static void die_by(int signal_number) {
    sigset_t one;
    set_handler(signal_number, SIG_DFL);
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &one, NULL); /* within a handler its own signal is blocked until here */
}

static void handle_end(int signal_number) {
    if (catching && !mn_signals_stop && signal_number != SIGPIPE) {
        mn_signals_stop = signal_number;
        return;
    }
    mn_writer_drop_all();
    die_by(signal_number);
}

static void handle_usr1(int signal_number) {
    (void)signal_number;
    mn_signals_usr1 = 1;
}

void mn_signals_init(void) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct sigaction old;
        /* nohup and background jobs of a script ignore HUP and INT: that stays. PIPE is ours whatever the parent does
         */
        if (ends[i] != SIGPIPE && sigaction(ends[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN) continue;
        set_handler(ends[i], handle_end);
    }
    set_handler(SIGUSR1, handle_usr1);
    set_handler(SIGXFSZ, SIG_IGN); /* a limit on file sizes is then an error of writing, like a full disk */
}

void mn_signals_catch(void) {
    catching = 1;
}

void mn_signals_finish(void) {
    if (!mn_signals_stop) return;
    mn_writer_drop_all();
    die_by(mn_signals_stop);
}
