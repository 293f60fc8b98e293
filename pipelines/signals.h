/* signals: SIGINT, SIGTERM and SIGUSR1 as flags to poll. A command that can save first calls mn_signals_catch; any
 * other is ended by the signal at once, its temporaries removed. A closed stdout (SIGPIPE) ends the program quietly. */
#ifndef MN_SIGNALS_H
#define MN_SIGNALS_H
#include <signal.h>
#include <stdbool.h>

/* At the start of main: temporaries are removed when SIGINT, SIGTERM, SIGHUP or SIGPIPE ends the program; SIGUSR1 sets
 * mn_signals_usr1 and nothing else. */
void mn_signals_init(void);
/* From here SIGINT, SIGTERM and SIGHUP only set mn_signals_stop; a second one ends the program at once. */
void mn_signals_catch(void);

/* The signal that asks to stop, 0: none. */
extern volatile sig_atomic_t mn_signals_stop;
bool mn_signals_stopping(void); /* whether there is one */
/* Set by SIGUSR1; whoever acts on it clears it. */
extern volatile sig_atomic_t mn_signals_usr1;

/* Called by main once a command has returned, all saved: if a signal asked to stop, restores its default handler and
 * raises it again, so that the shell sees 128 + n. Returns if none did. */
void mn_signals_finish(void);

#endif
