/* progress.c - how far each input has come, and the wish to stop.
 * SPDX-License-Identifier: MIT
 *
 * stage and its fraction -> one percentage over all stages -> a line on the terminal, or JSON */
#include "report.h"
#include "report_line.h"

#include "common/json_text.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct {
    int32_t mode; /* CLI_PROGRESS_TTY, _JSON or _NONE */
    double last_s;
} progress = {.mode = CLI_PROGRESS_NONE};

static volatile sig_atomic_t interrupted, patient;

static const char *const stage_names[] = {"segmentation", "embedding", "clustering", "reconstruct"};

/* Share of the wall time that each stage takes, so that the percentage grows evenly. */
static const double stage_shares[][4] = {
    [CLI_WORK_DIARIZE] = {0.40, 0.58, 0.01, 0.01},
    [CLI_WORK_VAD] = {1, 0, 0, 0},
    [CLI_WORK_EMBED] = {0.40, 0.60, 0, 0},
};

enum { SECTION_S = 600 }; /* that are embedded at a time */

void cli_progress_setup(const struct cli_settings *settings) {
    const char *term = getenv("TERM");
    bool capable = isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb");
    progress.mode = settings->progress;
    if (settings->progress == CLI_PROGRESS_AUTO)
        progress.mode = capable && !settings->quiet ? CLI_PROGRESS_TTY : CLI_PROGRESS_NONE;
}

/* Of a recording to be diarized, whole sections are embedded while it is fed: that share of the
 * embedding stage belongs to the first stage. */
static double early_share(const struct cli_progress *p) {
    if (p->work != CLI_WORK_DIARIZE || !(p->duration_s > SECTION_S))
        return 0;
    return floor(p->duration_s / SECTION_S) * SECTION_S / p->duration_s;
}

/* Share of all the work of this input that is done, or negative when it cannot be known. */
static double overall(const struct cli_progress *p, diarist_stage stage, double fraction) {
    if (fraction < 0)
        return -1;
    const double *shares = stage_shares[p->work];
    double done = shares[stage] * fraction;
    if (stage == DIARIST_STAGE_SEGMENTATION)
        done += early_share(p) * shares[DIARIST_STAGE_EMBEDDING] * fraction;
    for (int s = 0; s < (int)stage; s++)
        done += shares[s];
    return (p->part + done) / p->num_parts;
}

/* Cuts the line to the terminal's width: a wrapped line could not be redrawn. */
static void fit(char *line) {
    struct winsize size;
    size_t width = 80;
    if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1)
        width = size.ws_col;
    size_t columns = 0;
    for (; *line && columns < width - 1; line++)
        columns += ((unsigned char)line[1] & 0xc0) != 0x80;
    *line = 0;
}

int32_t cli_progress_mode(void) {
    return progress.mode;
}

void cli_progress_draw(char *line) {
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = '?';
    fit(line);
    cli_report_draw(line);
}

static void draw(const struct cli_progress *p, diarist_stage stage, double done, double seconds) {
    char line[512], count[48] = "", clock[32];
    double elapsed = cli_now() - p->started_s;
    const char *slash = strrchr(p->file, '/');
    if (p->total > 1)
        snprintf(count, sizeof count, "[%zu/%zu] ", p->index + 1, p->total);
    int n = snprintf(line, sizeof line, "%s%.80s  %-12s ", count, slash ? slash + 1 : p->file,
                     stage_names[stage]);
    char *rest = line + n;
    size_t room = sizeof line - (size_t)n;
    if (done < 0)
        snprintf(rest, room, "%s  %.0f x realtime", cli_clock(clock, seconds), seconds / elapsed);
    else if (done <= 0 || elapsed < 0.5)
        snprintf(rest, room, "%3.0f %%", 100 * done);
    else
        snprintf(rest, room, "%3.0f %%  %.0f x realtime  %s left", 100 * done,
                 p->duration_s * done / elapsed, cli_clock(clock, elapsed * (1 - done) / done));
    cli_progress_draw(line);
}

static void print_json(const struct cli_progress *p, diarist_stage stage, double fraction,
                       double done, double seconds) {
    double elapsed = cli_now() - p->started_s;
    fputs("{\"event\":\"progress\",\"file\":", stderr);
    common_json_string(stderr, p->file);
    fprintf(stderr, ",\"index\":%zu,\"total\":%zu,\"stage\":\"%s\"", p->index + 1, p->total,
            stage_names[stage]);
    if (fraction >= 0)
        fprintf(stderr, ",\"stage_fraction\":%.4f,\"fraction\":%.4f", fraction, done);
    fprintf(stderr, ",\"seconds\":%.3f,\"elapsed\":%.3f}\n", seconds, elapsed);
    fflush(stderr);
}

int cli_progress_update(void *data, diarist_stage stage, double fraction, double seconds) {
    const struct cli_progress *p = data;
    if (interrupted)
        return 1;
    if (progress.mode == CLI_PROGRESS_NONE)
        return 0;
    cli_report_lock();
    double now = cli_now();
    if (now - progress.last_s >= 0.1) {
        double done = overall(p, stage, fraction);
        progress.last_s = now;
        if (progress.mode == CLI_PROGRESS_JSON)
            print_json(p, stage, fraction, done, seconds);
        else
            draw(p, stage, done, seconds);
    }
    cli_report_unlock();
    return 0;
}

void cli_progress_end(const struct cli_progress *p, bool ok) {
    cli_report_lock();
    cli_report_clear();
    if (progress.mode == CLI_PROGRESS_JSON) {
        fputs("{\"event\":\"done\",\"file\":", stderr);
        common_json_string(stderr, p->file);
        fprintf(stderr, ",\"index\":%zu,\"total\":%zu,\"ok\":%s,\"elapsed\":%.3f}\n", p->index + 1,
                p->total, ok ? "true" : "false", cli_now() - p->started_s);
    }
    fflush(stderr);
    cli_report_unlock();
}

/* The second signal, of whatever kind, ends the program. */
static void interrupt(int signal) {
    if (interrupted || signal == SIGALRM)
        _exit(CLI_EXIT_INTERRUPTED);
    interrupted = 1;
    if (!patient)
        alarm(3);
}

void cli_interrupt_setup(void) {
    struct sigaction action = {.sa_handler = interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    /* A reader that has gone (`| head`) is seen as a failed write, not as a signal. */
    signal(SIGPIPE, SIG_IGN);
}

void cli_interrupt_wait(void) {
    patient = 1;
}

bool cli_interrupted(void) {
    return interrupted;
}

int cli_stop_transfer(void *unused) {
    (void)unused;
    return interrupted;
}
