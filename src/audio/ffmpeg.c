/* ffmpeg.c - everything else, through an ffmpeg child process.
 * SPDX-License-Identifier: MIT
 *
 * file -> child's descriptor 3 -> ffmpeg -> WAV, float -> pipe -> wav.c -> frames
 *
 * The child gets no shell, no network, no name and no input but this file; formats that can name
 * other files (playlists) are not allowed. Its messages go to a pipe that is read at the end and
 * takes no more when full, so they can never block it. */
#define _GNU_SOURCE /* pipe2 */
#include "audio/decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_INPUT = 3, LOWEST_FD = 10 };

extern char **environ;

struct ffmpeg_decoder {
    struct dr_decoder base;
    struct dr_source *output; /* the child's standard output */
    struct dr_decoder *wav;   /* what is in it */
    double stall_s;
    int messages; /* the child's standard error, or -1 */
    pid_t child;  /* 0: not there or reaped */
    uint64_t num_frames;
    char text[160]; /* first message, "" if there was none */
};

/* Ends the child if it still runs; true if it ended well by itself. */
static bool reap(struct ffmpeg_decoder *ffmpeg, bool force) {
    int status = 0;
    pid_t reaped;
    if (!ffmpeg->child)
        return true;
    if (force)
        kill(ffmpeg->child, SIGKILL);
    do
        reaped = waitpid(ffmpeg->child, &status, 0);
    while (reaped < 0 && errno == EINTR);
    ffmpeg->child = 0;
    /* A host that ignores SIGCHLD leaves no status. */
    return reaped < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void ffmpeg_close(struct dr_decoder *decoder) {
    struct ffmpeg_decoder *ffmpeg = (struct ffmpeg_decoder *)decoder;
    reap(ffmpeg, true);
    if (ffmpeg->wav)
        ffmpeg->wav->close(ffmpeg->wav);
    dr_source_close(ffmpeg->output);
    if (ffmpeg->messages >= 0)
        close(ffmpeg->messages);
    free(ffmpeg);
}

/* Keeps the first line of what the child said, without "[mov @ 0x...] " and "file:/dev/fd/3: ". */
static void read_messages(struct ffmpeg_decoder *ffmpeg) {
    static const char input[] = "file:/dev/fd/3: ";
    char text[sizeof ffmpeg->text + 128];
    ssize_t num = read(ffmpeg->messages, text, sizeof text - 1);
    text[num > 0 ? num : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    const char *start = text, *bracket = strstr(text, "] ");
    if (text[0] == '[' && bracket)
        start = bracket + 2;
    if (!strncmp(start, input, sizeof input - 1))
        start += sizeof input - 1;
    snprintf(ffmpeg->text, sizeof ffmpeg->text, "%.*s", (int)sizeof ffmpeg->text - 1, start);
}

static int fail_stalled(const struct ffmpeg_decoder *ffmpeg, diarist_error *err) {
    return dr_fail(err, DIARIST_ERROR_INPUT,
                   "ffmpeg gave nothing for %.0f s; convert the file to WAV first",
                   ffmpeg->stall_s);
}

/* Says why there are no samples. */
static int fail_decode(const struct ffmpeg_decoder *ffmpeg, diarist_error *err) {
    if (strstr(ffmpeg->text, "matches no streams"))
        return dr_fail(err, DIARIST_ERROR_INPUT, "has no audio stream; choose a file with sound");
    if (!ffmpeg->text[0] || strstr(ffmpeg->text, "Invalid data found") ||
        strstr(ffmpeg->text, "whitelist"))
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "not audio that can be decoded; if it is PCM without a header, say which "
                       "with --raw s16le:RATE:CHANNELS");
    return dr_fail(err, DIARIST_ERROR_INPUT,
                   "not audio that can be decoded (ffmpeg: %.120s); write the file again",
                   ffmpeg->text);
}

static int ffmpeg_read(struct dr_decoder *decoder, float *frames, size_t capacity, size_t *num,
                       diarist_error *err) {
    struct ffmpeg_decoder *ffmpeg = (struct ffmpeg_decoder *)decoder;
    if (ffmpeg->wav->read(ffmpeg->wav, frames, capacity, num, NULL))
        return fail_stalled(ffmpeg, err);
    ffmpeg->num_frames += *num;
    if (*num || !ffmpeg->child)
        return DIARIST_OK;
    bool ended_well = reap(ffmpeg, false);
    read_messages(ffmpeg);
    if (!ffmpeg->num_frames && (!ended_well || ffmpeg->text[0]))
        return fail_decode(ffmpeg, err);
    if (!ended_well || ffmpeg->text[0])
        snprintf(decoder->warning, sizeof decoder->warning,
                 "ffmpeg: %.80s; used the %.3f s that could be decoded",
                 ffmpeg->text[0] ? ffmpeg->text : "ended early",
                 (double)ffmpeg->num_frames / decoder->rate_hz);
    return DIARIST_OK;
}

/* Makes a pipe whose ends are not among the descriptors that a child's meaning is given to. */
static int make_pipe(int ends[2]) {
    int low[2];
    if (pipe2(low, O_CLOEXEC))
        return -1;
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, LOWEST_FD);
        close(low[i]);
    }
    if (ends[0] >= 0 && ends[1] >= 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    return -1;
}

/* Starts ffmpeg with the given descriptors; an errno value. */
static int spawn(pid_t *child, int input, int output, int messages) {
    static const char *const arguments[] = {
        "ffmpeg",
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        "aa,aac,aax,ac3,adx,aiff,amr,amrnb,amrwb,apc,ape,asf,ast,au,av1,avi,bink,caf,codec2,dhav,"
        "dsf,dss,dts,dtshd,dv,ea,eac3,flac,flv,gsm,gxf,iff,ilbc,ircam,iss,ivf,kux,live_flv,loas,"
        "lxf,matroska,webm,mlp,mmf,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,mxf,"
        "nistsphere,nsv,nut,nuv,ogg,oma,paf,pva,pvf,qcp,rm,roq,rpl,rso,shn,smk,sox,swf,tak,truehd,"
        "tta,ty,voc,vqf,w64,wav,wsd,wtv,wv,xa,xwma",
        "-i",
        "file:/dev/fd/3",
        "-map",
        "0:a:0",
        "-c:a",
        "pcm_f32le",
        "-bitexact",
        "-f",
        "wav",
        "pipe:1",
        NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    int problem = posix_spawn_file_actions_init(&actions);
    if (problem)
        return problem;
    problem = posix_spawnattr_init(&attributes);
    if (!problem) {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
        posix_spawn_file_actions_adddup2(&actions, input, CHILD_INPUT);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        /* posix_spawnp takes char *const[] but does not write to it. */
        char *argv[sizeof arguments / sizeof *arguments];
        memcpy(argv, arguments, sizeof argv);
        problem = posix_spawnp(child, "ffmpeg", &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return problem;
}

static int fail_spawn(int problem, const char *format, diarist_error *err) {
    if (problem != ENOENT)
        return dr_fail(err, DIARIST_ERROR_MEMORY, "cannot start ffmpeg: %s; try again later",
                       strerror(problem));
    if (!format)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "not audio that can be decoded without ffmpeg; install ffmpeg, convert to "
                       "WAV, or for PCM without a header give --raw s16le:RATE:CHANNELS");
    return dr_fail(err, DIARIST_ERROR_INPUT,
                   "%s can only be decoded by ffmpeg, which is not installed; install ffmpeg or "
                   "convert to WAV",
                   format);
}

/* Starts the child and keeps the reading ends of its output and messages. */
static int start(struct ffmpeg_decoder *ffmpeg, struct dr_source *source, const char *format,
                 diarist_error *err) {
    int output[2], messages[2];
    if (make_pipe(output))
        return fail_spawn(errno, format, err);
    if (make_pipe(messages)) {
        int problem = errno;
        close(output[0]);
        close(output[1]);
        return fail_spawn(problem, format, err);
    }
    for (int i = 0; i < 2; i++)
        fcntl(messages[i], F_SETFL, O_NONBLOCK);
    ffmpeg->messages = messages[0];
    int problem = spawn(&ffmpeg->child, dr_source_fd(source), output[1], messages[1]);
    close(output[1]);
    close(messages[1]);
    if (problem) {
        ffmpeg->child = 0;
        close(output[0]);
        return fail_spawn(problem, format, err);
    }
    return dr_source_from_pipe(&ffmpeg->output, output[0], ffmpeg->stall_s, err);
}

/* Waits for the header that says rate and channels. */
static int open_output(struct ffmpeg_decoder *ffmpeg, diarist_error *err) {
    const uint8_t *head;
    size_t num;
    if (dr_source_peek(ffmpeg->output, DR_SOURCE_PEEK, &head, &num, NULL))
        return fail_stalled(ffmpeg, err);
    if (!num) {
        reap(ffmpeg, false);
        read_messages(ffmpeg);
        return fail_decode(ffmpeg, err);
    }
    int status = dr_wav_open(&ffmpeg->wav, ffmpeg->output, DR_SOURCE_PEEK, err);
    if (status)
        return status;
    ffmpeg->base.rate_hz = ffmpeg->wav->rate_hz;
    ffmpeg->base.num_channels = ffmpeg->wav->num_channels;
    return DIARIST_OK;
}

int dr_ffmpeg_open(struct dr_decoder **out, struct dr_source *source, const char *format,
                   double stall_s, diarist_error *err) {
    *out = NULL;
    struct ffmpeg_decoder *ffmpeg = calloc(1, sizeof *ffmpeg);
    if (!ffmpeg)
        return dr_fail_memory(err);
    ffmpeg->base =
        (struct dr_decoder){.name = "ffmpeg", .read = ffmpeg_read, .close = ffmpeg_close};
    ffmpeg->stall_s = stall_s;
    ffmpeg->messages = -1;
    int status = start(ffmpeg, source, format, err);
    if (!status)
        status = open_output(ffmpeg, err);
    if (status) {
        ffmpeg_close(&ffmpeg->base);
        return status;
    }
    *out = &ffmpeg->base;
    return DIARIST_OK;
}
