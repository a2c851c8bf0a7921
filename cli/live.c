/* live.c - samples from standard input as they come, results on standard output as they are known.
 * SPDX-License-Identifier: MIT
 *
 * Standard input is waited for here, not in the library, so that a signal ends the input and what
 * was heard until then is finished. */
#define _GNU_SOURCE /* POLLRDHUP, usleep */
#include "live.h"

#include "diarist/io.h"
#include "outputs.h"
#include "report.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MOST_SAMPLES = 65536 }; /* of one read: a block of 4096 frames at 1000 Hz */

int cli_live_check(const struct cli_settings *settings) {
    if (settings->num_operands > 1 ||
        (settings->num_operands && strcmp(settings->operands[0], "-"))) {
        cli_error(settings->operands[settings->num_operands - 1],
                  "live audio comes from standard input; pipe it in, with ffmpeg -i FILE -f s16le "
                  "-ac 1 -ar 16000 -");
        return CLI_EXIT_USAGE;
    }
    if (isatty(STDIN_FILENO)) {
        cli_error(NULL, "standard input is a terminal; pipe audio in, with arecord -q -t raw -f "
                        "S16_LE -r 16000");
        return CLI_EXIT_USAGE;
    }
    if (settings->channels == CLI_CHANNELS_SPLIT) {
        cli_error("--channels", "live audio has one channel; give its number");
        return CLI_EXIT_USAGE;
    }
    return 0;
}

/* Waits for bytes, the end or a signal. Whether there is something to be read. */
static bool wait_for_input(void) {
    enum { MILLISECONDS = 200 }; /* a signal just before poll is seen after so long */
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!cli_interrupted())
        if (poll(&in, 1, MILLISECONDS) == 1)
            return true;
    return false;
}

/* Waits for as much as tells samples from a file, for the end or a signal: opening reads it in one
 * go. What does not say how much there is, is taken as it comes. */
static bool wait_for_start(void) {
    enum { HEADER = 12, MICROSECONDS = 20000 };
    while (wait_for_input()) {
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN | POLLRDHUP};
        int there = 0;
        if (poll(&in, 1, 0) < 1 || (in.revents & (POLLHUP | POLLRDHUP | POLLERR)) ||
            ioctl(STDIN_FILENO, FIONREAD, &there) || there == 0 || there >= HEADER)
            return true;
        usleep(MICROSECONDS);
    }
    return false;
}

static int open_input(diarist_audio **audio, const struct cli_settings *settings,
                      diarist_error *err) {
    diarist_audio_options options;
    diarist_audio_options_init(&options);
    options.channel = settings->channels;
    options.raw = settings->raw ? settings->raw : "s16le:16000:1";
    options.raw_or_wav = !settings->raw;
    options.duration_s = settings->duration_s;
    options.stall_s = 1e9; /* who listens may wait for long */
    return diarist_audio_open(audio, "-", &options, err);
}

/* Samples until the input ends or fails, a signal comes or feeding fails. A status of reading; that
 * of feeding in *fed. */
static int feed_all(const struct cli_live *live, diarist_audio *audio, float *samples, int *fed,
                    diarist_error *err) {
    while (!*fed && wait_for_input()) {
        size_t num;
        int status = diarist_audio_read(audio, samples, MOST_SAMPLES, &num, err);
        if (status || !num)
            return status;
        *fed = live->feed(live->data, samples, num, err);
    }
    return DIARIST_OK;
}

static int fail_feeding(const diarist_error *err) {
    if (err->status != DIARIST_ERROR_OUTPUT)
        return cli_fail(NULL, err);
    return cli_reader_has_gone() ? CLI_EXIT_DONE : cli_fail("standard output", err);
}

int cli_live_run(const struct cli_live *live, const struct cli_settings *settings) {
    diarist_error err, why;
    diarist_audio *audio = NULL;
    diarist_audio_info info = {0};
    float *samples = malloc(sizeof *samples * MOST_SAMPLES);
    int status = DIARIST_OK, fed = DIARIST_OK;
    if (!samples)
        return cli_fail_memory();
    cli_interrupt_wait();
    if (wait_for_start())
        status = open_input(&audio, settings, &err);
    if (audio)
        status = feed_all(live, audio, samples, &fed, &err);
    if (fed)
        why = err;
    diarist_audio_describe(audio, &info);
    if (!fed && (audio || !status)) /* what came before a failure counts */
        fed = live->finish(live->data, &info, &why);
    if (info.warning)
        cli_warning("-", "%s", info.warning);
    diarist_audio_close(audio);
    free(samples);
    if (fed)
        return fail_feeding(&why);
    if (status)
        return cli_fail("-", &err);
    return cli_interrupted() ? CLI_EXIT_INTERRUPTED : CLI_EXIT_DONE;
}

int cli_live_flush(diarist_error *err) {
    if (!fflush(stdout) && !ferror(stdout))
        return DIARIST_OK;
    err->status = DIARIST_ERROR_OUTPUT;
    snprintf(err->message, sizeof err->message, "cannot be written: %s; give it room",
             strerror(errno));
    return DIARIST_ERROR_OUTPUT;
}
