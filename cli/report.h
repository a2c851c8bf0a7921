/* report.h - everything that the program says on standard error.
 * SPDX-License-Identifier: MIT
 *
 * Standard output carries results alone; errors, warnings, the summary and progress go here. One
 * lock keeps lines of several jobs apart and lifts the progress line out of their way. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "diarist/diarist.h"
#include "options.h"

/* From now on as the settings say. Before that: errors and warnings, no progress. */
void cli_report_setup(const struct cli_settings *settings);
/* Whether the closing summary is wanted: a terminal that nobody asked to be quiet, or --log-level
 * info. */
bool cli_report_wants_summary(void);

/* "diarist: SUBJECT: text", one line; subject NULL: "diarist: text". */
void cli_error(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_warning(const char *subject, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Only from --log-level info or debug on. */
void cli_info(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_debug(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The summary: a line without the program's name. */
void cli_summary(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints an error of the library and returns the exit code that belongs to its status. Where the
 * message names the subject already, it is not named twice. Who interrupted the work is told
 * nothing. */
int cli_fail(const char *subject, const diarist_error *err);
/* Prints the error for a failed allocation, returns CLI_EXIT_LIMIT. */
int cli_fail_memory(void);
/* Fills an error as the library does, for functions that report like it. Both return the status. */
int cli_set_error(diarist_error *err, int status, const char *message);
int cli_set_memory_error(diarist_error *err);

/* Seconds of a clock that only goes forward. */
double cli_now(void);
/* "1:02:03" or "2:03". */
const char *cli_clock(char out[32], double seconds);

/* SIGINT and SIGTERM set a flag that progress callbacks look at. A call that does not come back
 * within three seconds, or a second signal, ends the program at once: outputs are renamed into
 * place when complete, so none is left half written. */
void cli_interrupt_setup(void);
bool cli_interrupted(void);
int cli_stop_transfer(void *unused); /* the same, for a struct common_transfer */
/* From now on what is left after the first signal may take longer than three seconds. */
void cli_interrupt_wait(void);

/* Which stages a command runs: the shares of one percentage. */
enum cli_work { CLI_WORK_DIARIZE, CLI_WORK_VAD, CLI_WORK_EMBED };

struct cli_progress {
    const char *file;
    size_t index, total; /* this input among all: 0-based, count */
    enum cli_work work;
    int32_t part, num_parts; /* channels of one file, one after another */
    double started_s;        /* by cli_now */
    double duration_s;       /* of the audio, as far as it is known */
};

/* A diarist_progress_fn; data is a struct cli_progress. Draws, and cancels when interrupted. */
int cli_progress_update(void *data, diarist_stage stage, double fraction, double seconds);
/* One input has ended: a "done" line with --progress json, else the line is cleared. */
void cli_progress_end(const struct cli_progress *progress, bool ok);

#endif
