/* decoder_process.c - the process that decodes what is open as its standard input.
 * SPDX-License-Identifier: MIT
 *
 * It ends with its parent, and has nothing open but that file and the pipe to its parent. */
#define _GNU_SOURCE /* close_range */
#include "decoder_message.h"
#include "sandbox.h"
#include "server.h"

#include "common/files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Processor time: decoding is some hundred times as fast as the sound, also where it is slow. */
enum { LEAST_CPU_S = 60, LONGEST_CPU_S = 40000, SLOWEST = 20 };

static int send(enum server_decoder_kind kind, uint32_t count, const void *data, size_t n) {
    const struct server_decoder_head head = {kind, count};
    return common_write_all(STDOUT_FILENO, (const char *)&head, sizeof head) ||
           common_write_all(STDOUT_FILENO, data, n);
}

static int say_failed(int status, const diarist_error *err) {
    diarist_error told = *err;
    told.status = status;
    return send(SERVER_DECODER_FAILED, 0, &told, sizeof told);
}

static int say_opened(const diarist_audio_info *info) {
    struct server_decoder_opened opened = {.declared_s = info->declared_s,
                                           .sample_rate = info->sample_rate,
                                           .num_channels = info->num_channels};
    snprintf(opened.name, sizeof opened.name, "%s", info->decoder);
    return send(SERVER_DECODER_OPENED, 0, &opened, sizeof opened);
}

static int say_ended(const diarist_audio_info *info) {
    struct server_decoder_ended ended = {0};
    snprintf(ended.sha256, sizeof ended.sha256, "%s", info->sha256 ? info->sha256 : "");
    snprintf(ended.warning, sizeof ended.warning, "%s", info->warning ? info->warning : "");
    return send(SERVER_DECODER_ENDED, 0, &ended, sizeof ended);
}

/* All samples. Where nobody wants them any more this process is ended. */
static int decode(diarist_audio *audio, diarist_error *err) {
    static float samples[SERVER_DECODER_BLOCK];
    diarist_audio_info info;
    size_t num;
    int rc;
    diarist_audio_describe(audio, &info);
    if (say_opened(&info))
        return DIARIST_ERROR_OUTPUT;
    while (!(rc = diarist_audio_read(audio, samples, SERVER_DECODER_BLOCK, &num, err)) && num)
        if (send(SERVER_DECODER_SAMPLES, (uint32_t)num, samples, num * sizeof *samples))
            return DIARIST_ERROR_OUTPUT;
    diarist_audio_describe(audio, &info);
    return rc ? rc : say_ended(&info) ? DIARIST_ERROR_OUTPUT : DIARIST_OK;
}

static int run(const diarist_audio_options *options) {
    enum server_sandbox kind = options->ffmpeg < 0 ? SERVER_SANDBOX_DECODE : SERVER_SANDBOX_FFMPEG;
    double cpu_s = LEAST_CPU_S + (options->max_s > 0 ? options->max_s / SLOWEST : LONGEST_CPU_S);
    diarist_error err = {0};
    diarist_audio *audio;
    if (server_sandbox_enter(kind, cpu_s < LONGEST_CPU_S ? (uint64_t)cpu_s : LONGEST_CPU_S)) {
        snprintf(err.message, sizeof err.message,
                 "the process that decodes could not be locked in; see that seccomp is allowed");
        return say_failed(DIARIST_ERROR_OUTPUT, &err);
    }
    int rc = diarist_audio_open(&audio, "-", options, &err);
    if (!rc)
        rc = decode(audio, &err);
    return rc == DIARIST_ERROR_OUTPUT ? 1 : rc ? say_failed(rc, &err) : 0;
}

int server_decoder_process(int argc, char **argv) {
    diarist_audio_options options;
    diarist_audio_options_init(&options);
    if (argc != SERVER_DECODER_ARGUMENTS || strcmp(argv[1], SERVER_DECODER_ARGUMENT))
        return -1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    if (sscanf(argv[2], SERVER_DECODER_REQUEST, &options.ffmpeg, &options.channel, &options.start_s,
               &options.duration_s, &options.stall_s, &options.max_s) != 6)
        return 1;
    options.raw = *argv[3] ? argv[3] : NULL;
    /* Without what is to be done at exit: it is the kernel that cleans up here. */
    _exit(run(&options));
}
