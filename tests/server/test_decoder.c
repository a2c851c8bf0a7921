/* test_decoder.c - decoding in a process of its own: the samples of diarist_audio, whatever the
 * file or the process does; and what the sandbox forbids. SPDX-License-Identifier: MIT
 *
 * usage: test_decoder RECORDING.flac
 *
 * This program is what the decoder starts again, so it can also be a process that lies: raw is then
 * "lie:KIND". */
#define _GNU_SOURCE
#include "server/decoder.h"
#include "server/decoder_message.h"
#include "server/sandbox.h"
#include "server/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { MOST_SAMPLES = 40 * DIARIST_SAMPLE_RATE };

static const char *recording;
static char folder[] = "/tmp/diarist-decoder-XXXXXX";

/* ---- what decoding gives ---- */

struct decoded {
    int status;
    diarist_error err;
    float *samples;
    size_t num;
    int32_t sample_rate, num_channels;
    double declared_s;
    char decoder[16], sha256[65], warning[192];
};

static void keep_info(struct decoded *got, const diarist_audio_info *info) {
    got->sample_rate = info->sample_rate;
    got->num_channels = info->num_channels;
    got->declared_s = info->declared_s;
    snprintf(got->decoder, sizeof got->decoder, "%s", info->decoder);
    snprintf(got->sha256, sizeof got->sha256, "%s", info->sha256 ? info->sha256 : "");
    snprintf(got->warning, sizeof got->warning, "%s", info->warning ? info->warning : "");
}

static diarist_audio_options defaults(void) {
    diarist_audio_options options;
    diarist_audio_options_init(&options);
    return options;
}

/* Through the process, in portions of odd sizes. */
static struct decoded decode(const char *path, const diarist_audio_options *options, double max_s) {
    struct decoded got = {.samples = malloc(MOST_SAMPLES * sizeof(float))};
    struct server_decoder *decoder;
    diarist_audio_info info;
    size_t num = 1;
    got.status = server_decoder_open(&decoder, path, options, max_s, &got.err);
    while (!got.status && num) {
        size_t want = 1 + got.num % 20011, room = MOST_SAMPLES - got.num;
        got.status = server_decoder_read(decoder, got.samples + got.num, want < room ? want : room,
                                         &num, &got.err);
        got.num += num;
    }
    if (decoder) {
        server_decoder_describe(decoder, &info);
        keep_info(&got, &info);
    }
    server_decoder_close(decoder);
    return got;
}

static struct decoded decode_here(const char *path, const diarist_audio_options *options) {
    struct decoded got = {.samples = malloc(MOST_SAMPLES * sizeof(float))};
    diarist_audio *audio;
    diarist_audio_info info;
    size_t num = 1;
    got.status = diarist_audio_open(&audio, path, options, &got.err);
    while (!got.status && num) {
        got.status = diarist_audio_read(audio, got.samples + got.num, MOST_SAMPLES - got.num, &num,
                                        &got.err);
        got.num += num;
    }
    if (audio) {
        diarist_audio_describe(audio, &info);
        keep_info(&got, &info);
    }
    diarist_audio_close(audio);
    return got;
}

/* The recording's first 12 s in another format. */
static const char *make(const char *name, const char *arguments) {
    static char path[300];
    char command[900];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(command, sizeof command,
             "ffmpeg -v error -nostdin -y -t 12 -i '%s' -map_metadata -1 %s '%s'", recording,
             arguments, path);
    assert_int_equal(system(command), 0);
    return path;
}

static const char *make_bytes(const char *name, const char *bytes, size_t n) {
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void assert_same(const char *path, const diarist_audio_options *options,
                        const char *decoder) {
    struct decoded here = decode_here(path, options), got = decode(path, options, 0);
    if (got.status)
        fail_msg("%s: %s", path, got.err.message);
    assert_int_equal(here.status, DIARIST_OK);
    assert_string_equal(got.decoder, decoder);
    assert_string_equal(got.decoder, here.decoder);
    assert_int_equal(got.num, here.num);
    assert_memory_equal(got.samples, here.samples, here.num * sizeof(float));
    assert_int_equal(got.sample_rate, here.sample_rate);
    assert_int_equal(got.num_channels, here.num_channels);
    assert_true(got.declared_s == here.declared_s);
    assert_string_equal(got.sha256, here.sha256);
    assert_string_equal(got.warning, here.warning);
    free(here.samples);
    free(got.samples);
}

/* A failure that says so in one line about the file. */
static void assert_fails(struct decoded got, int status, const char *part) {
    if (got.status != status || got.err.status != status || !strstr(got.err.message, part))
        fail_msg("%d: %s", got.status, got.status ? got.err.message : "decoded");
    assert_null(strstr(got.err.message, folder));
    free(got.samples);
}

/* Functions of their own, for the sake of the stack. */
static __attribute__((noinline)) void expect_failure(const char *path,
                                                     const diarist_audio_options *options,
                                                     double max_s, int status, const char *part) {
    assert_fails(decode(path, options, max_s), status, part);
}

static void test_formats(void **state) {
    (void)state;
    diarist_audio_options options = defaults();
    assert_same(make("a.wav", ""), &options, "wav");
    assert_same(make("a.flac", ""), &options, "libsndfile");
    assert_same(make("a.ogg", "-c:a libvorbis -ar 44100"), &options, "libsndfile");
    assert_same(make("a.opus", "-c:a libopus"), &options, "libsndfile");
    assert_same(make("a.mp3", "-ar 22050"), &options, "libmpg123");
    assert_same(make("a.m4a", "-c:a aac -ar 48000"), &options, "ffmpeg");
    assert_same(make("a.webm", "-c:a libopus"), &options, "ffmpeg");
}

static void test_options(void **state) {
    (void)state;
    diarist_audio_options options = defaults();
    options.start_s = 1.25;
    options.duration_s = 3.5;
    options.channel = 2;
    assert_same(make("b.flac", "-ac 2 -ar 48000"), &options, "libsndfile");
    options.raw = "s16le:8000:2";
    assert_same(make("b.raw", "-f s16le -ac 2 -ar 8000"), &options, "raw");
    options.channel = 3;
    expect_failure(make("b.wav", ""), &options, 0, DIARIST_ERROR_ARGUMENT, "");
}

static void test_bad_files(void **state) {
    (void)state;
    diarist_audio_options options = defaults();
    expect_failure(make_bytes("empty", "", 0), &options, 0, DIARIST_ERROR_INPUT, "empty");
    expect_failure(make_bytes("text", "no audio at all", 15), &options, 0, DIARIST_ERROR_INPUT,
                   "not audio");
    expect_failure(make_bytes("id3", "ID3\4\0\0\0\0\0\1xyz", 13), &options, 0, DIARIST_ERROR_INPUT,
                   "not audio");
    expect_failure(make_bytes("flac", "fLaC\0\0\0\1\x7f", 9), &options, 0, DIARIST_ERROR_INPUT,
                   "not audio");
    expect_failure("/nowhere/at/all", &options, 0, DIARIST_ERROR_INPUT,
                   "the recording cannot be read: No such file");
    expect_failure("/tmp", &options, 0, DIARIST_ERROR_INPUT, "directory");
}

static void test_limit(void **state) {
    (void)state;
    diarist_audio_options options = defaults();
    const char *path = make("c.flac", "");
    struct decoded got = decode(path, &options, 5);
    assert_true(got.num <= 5 * DIARIST_SAMPLE_RATE);
    assert_fails(got, DIARIST_ERROR_LIMIT, "longer than the 5 s that this service takes");
    options.start_s = 10; /* what is skipped has been decoded too */
    expect_failure(path, &options, 5, DIARIST_ERROR_LIMIT, "longer");
    options.start_s = 1;
    options.duration_s = 2;
    got = decode(path, &options, 5);
    assert_int_equal(got.status, DIARIST_OK);
    assert_int_equal(got.num, 2 * DIARIST_SAMPLE_RATE);
    free(got.samples);
    options = defaults();
    got = decode(path, &options, 12);
    assert_int_equal(got.status, DIARIST_OK);
    free(got.samples);
    expect_failure(make("c.m4a", "-c:a aac"), &options, 5, DIARIST_ERROR_LIMIT, "longer");
}

/* ---- processes that go wrong ---- */

/* The first child of this thread; 0: none. */
static pid_t child(void) {
    char path[64];
    int pid = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)gettid());
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%d", &pid) != 1)
        pid = 0;
    if (file)
        fclose(file);
    return pid;
}

static int num_descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    int num = 0;
    while (directory && readdir(directory))
        num++;
    closedir(directory);
    return num;
}

/* Sends a signal to the process while it decodes. */
static __attribute__((noinline)) void expect_stopped(int number, const char *part) {
    struct decoded got = {.samples = malloc(MOST_SAMPLES * sizeof(float))};
    struct server_decoder *decoder;
    diarist_audio_options options = defaults();
    options.stall_s = number == SIGSTOP ? 0.3 : 30;
    got.status = server_decoder_open(&decoder, recording, &options, 0, &got.err);
    assert_int_equal(got.status, DIARIST_OK);
    assert_int_equal(kill(child(), number), 0);
    for (size_t num = 1; !got.status && num;) {
        got.status = server_decoder_read(decoder, got.samples, 16000, &num, &got.err);
        got.num += num;
    }
    server_decoder_close(decoder);
    assert_int_equal(child(), 0);
    assert_fails(got, DIARIST_ERROR_INPUT, part);
}

static void test_signals(void **state) {
    (void)state;
    int before = num_descriptors();
    expect_stopped(SIGTERM, "failed (signal 15)");
    expect_stopped(SIGKILL, "too much time or memory");
    expect_stopped(SIGSYS, "what decoding may not");
    expect_stopped(SIGSTOP, "gave nothing");
    assert_int_equal(num_descriptors(), before);
}

/* Closing one that has not been read ends its process. */
static void test_close(void **state) {
    (void)state;
    struct server_decoder *decoder;
    diarist_audio_options options = defaults();
    diarist_error err;
    const char *path = make("d.m4a", "-c:a aac");
    int before = num_descriptors();
    for (int i = 0; i < 20; i++) {
        const char *one = i % 2 ? path : recording;
        assert_int_equal(server_decoder_open(&decoder, one, &options, 0, &err), DIARIST_OK);
        assert_int_not_equal(child(), 0);
        server_decoder_close(decoder);
        assert_int_equal(child(), 0);
    }
    assert_int_equal(num_descriptors(), before);
}

static bool is_running(pid_t pid) {
    char path[64], letter = 'X';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%*d (%*[^)]) %c", &letter) != 1)
        letter = 'X';
    if (file)
        fclose(file);
    return letter != 'X' && letter != 'Z';
}

/* The service is killed: its decoders end with it. */
static void test_orphan(void **state) {
    (void)state;
    int ends[2];
    pid_t decoding = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t service = fork();
    if (!service) {
        struct server_decoder *decoder;
        diarist_audio_options options = defaults();
        diarist_error err;
        pid_t pid = server_decoder_open(&decoder, recording, &options, 0, &err) ? 0 : child();
        _exit(write(ends[1], &pid, sizeof pid) == sizeof pid ? pause() : 1);
    }
    assert_int_equal(read(ends[0], &decoding, sizeof decoding), sizeof decoding);
    assert_int_not_equal(decoding, 0);
    assert_true(is_running(decoding));
    kill(service, SIGKILL);
    waitpid(service, NULL, 0);
    for (int i = 0; i < 200 && is_running(decoding); i++)
        usleep(10000);
    assert_false(is_running(decoding));
    close(ends[0]);
    close(ends[1]);
}

/* ---- processes that lie ---- */

static void put(uint32_t kind, uint32_t count, const void *data, size_t n) {
    const struct server_decoder_head head = {kind, count};
    if (write(STDOUT_FILENO, &head, sizeof head) < 0 || write(STDOUT_FILENO, data, n) < 0)
        _exit(1);
}

static int lie(const char *what) {
    static float samples[100];
    struct server_decoder_opened opened = {1, 16000, 1, "liar"};
    struct server_decoder_ended ended;
    diarist_error err = {DIARIST_ERROR_INPUT, ""};
    unsigned number = (unsigned)strtoul(what, NULL, 10);
    memset(&ended, 'x', sizeof ended);
    memset(err.message, '\n', sizeof err.message);
    if (!strcmp(what, "declared"))
        opened.declared_s = NAN;
    if (!strcmp(what, "name"))
        memset(opened.name, -1, sizeof opened.name);
    if (!strcmp(what, "first"))
        put(SERVER_DECODER_SAMPLES, 100, samples, sizeof samples);
    if (!strcmp(what, "message"))
        put(SERVER_DECODER_FAILED, 0, &err, sizeof err);
    if (!strcmp(what, "silent"))
        pause();
    if (!strcmp(what, "exit"))
        return 3;
    put(SERVER_DECODER_OPENED, 0, &opened, sizeof opened);
    samples[50] = !strcmp(what, "nan") ? NAN : !strcmp(what, "loud") ? 1.5f : 0;
    if (!strcmp(what, "status")) {
        err.status = 7;
        put(SERVER_DECODER_FAILED, 0, &err, sizeof err);
    }
    if (!strcmp(what, "count"))
        put(SERVER_DECODER_SAMPLES, UINT32_MAX, samples, sizeof samples);
    if (!strcmp(what, "none"))
        put(SERVER_DECODER_SAMPLES, 0, samples, 0);
    for (uint32_t i = 0; number && i < 300; i++) { /* anything */
        uint32_t word = number = number * 1664525 + 1013904223;
        put(word >> 30, (word >> 20) % 101, samples, (word >> 10) % 401);
    }
    for (int i = 0; i < 10; i++)
        put(SERVER_DECODER_SAMPLES, 100, samples, sizeof samples);
    if (number || !strcmp(what, "cut"))
        return 0;
    put(SERVER_DECODER_ENDED, 0, &ended, sizeof ended);
    pause();
    return 0;
}

static struct decoded decode_lie(const char *what) {
    diarist_audio_options options = defaults();
    char raw[40];
    snprintf(raw, sizeof raw, "lie:%s", what);
    options.raw = raw;
    options.stall_s = strcmp(what, "silent") ? 30 : 0.2;
    return decode(recording, &options, 0);
}

static __attribute__((noinline)) void expect_caught(const char *what, const char *part) {
    assert_fails(decode_lie(what), DIARIST_ERROR_INPUT, part);
}

static void test_lies(void **state) {
    (void)state;
    static const char *const garbled[] = {"declared", "first", "nan", "loud",
                                          "status",   "count", "none"};
    for (size_t i = 0; i < sizeof garbled / sizeof *garbled; i++)
        expect_caught(garbled[i], "said what it should not");
    expect_caught("cut", "failed (exit code 0)");
    expect_caught("exit", "failed (exit code 3)");
    expect_caught("silent", "gave nothing for 0 s");
    expect_caught("message", "????????");
    struct decoded got = decode_lie("name");
    assert_int_equal(got.status, DIARIST_OK);
    assert_int_equal(got.num, 1000);
    assert_string_equal(got.decoder, "???????????????");
    assert_int_equal(strspn(got.sha256, "x"), sizeof got.sha256 - 1);
    free(got.samples);
    for (int i = 1; i <= 60; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i * 7919);
        got = decode_lie(number);
        assert_true(got.status <= 0 && got.num <= 30000);
        free(got.samples);
        assert_int_equal(child(), 0);
    }
}

/* ---- the sandbox ---- */

enum { REFUSED = 40, DONE };

/* What comes of an act in the sandbox: REFUSED with an error, DONE, or minus the signal. */
static int act_in(enum server_sandbox kind, int (*act)(void)) {
    int status;
    pid_t pid = fork();
    if (!pid) {
        if (server_sandbox_enter(kind, 1))
            _exit(1);
        _exit(act() < 0 ? REFUSED : DONE);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int use_network(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}
static int use_local_network(void) {
    return socket(AF_UNIX, SOCK_STREAM, 0);
}
static int start_process(void) {
    pid_t pid = fork();
    if (!pid)
        _exit(0);
    return pid;
}
static int signal_parent(void) {
    return kill(getppid(), 0);
}
static int signal_itself(void) {
    return (int)syscall(SYS_tgkill, getpid(), getpid(), 0);
}
static int run_program(void) {
    char name[] = "true";
    char *arguments[] = {name, NULL};
    return execve("/bin/true", arguments, NULL);
}
static int remove_a_file(void) {
    return unlink("/tmp/diarist-not-there");
}
static int make_code(void) {
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
}
static int read_secrets(void) {
    return open("/etc/passwd", O_RDONLY);
}
static int read_a_library(void) {
    return open("/usr/bin/ffmpeg", O_RDONLY);
}
static int write_a_file(void) {
    return open("/dev/null", O_WRONLY);
}
static int trace(void) {
    return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}
static int enter_namespace(void) {
    return (int)syscall(SYS_clone, 0x10000000 | SIGCHLD, 0, 0, 0, 0); /* CLONE_NEWUSER */
}
static int use_memory(void) {
    void *volatile memory = malloc((size_t)3 << 30);
    return memory ? 0 : -1;
}
static int compute(void) {
    volatile unsigned on = 1;
    while (on)
        on |= 2;
    return 0;
}
static int compute_nothing(void) {
    return 0;
}

static void test_sandbox(void **state) {
    (void)state;
    int (*const forbidden[])(void) = {use_network, use_local_network, signal_parent, remove_a_file,
                                      trace,       enter_namespace,   signal_itself};
    int (*const forbidden_to_decode[])(void) = {start_process, run_program, make_code};
    if (!server_sandbox_filters())
        skip();
    assert_int_equal(act_in(SERVER_SANDBOX_DECODE, compute_nothing), DONE);
    int expected = SANITIZED ? REFUSED : -SIGSYS;
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        assert_int_equal(act_in(SERVER_SANDBOX_DECODE, forbidden[i]), expected);
        assert_int_equal(act_in(SERVER_SANDBOX_FFMPEG, forbidden[i]), REFUSED);
    }
    for (size_t i = 0; i < sizeof forbidden_to_decode / sizeof *forbidden_to_decode; i++)
        assert_int_equal(act_in(SERVER_SANDBOX_DECODE, forbidden_to_decode[i]), expected);
    assert_int_equal(act_in(SERVER_SANDBOX_DECODE, read_secrets), REFUSED);
    assert_int_equal(act_in(SERVER_SANDBOX_DECODE, write_a_file), REFUSED);
    assert_int_equal(act_in(SERVER_SANDBOX_FFMPEG, write_a_file), REFUSED);
    assert_int_equal(act_in(SERVER_SANDBOX_FFMPEG, read_a_library), DONE);
    assert_int_equal(act_in(SERVER_SANDBOX_FFMPEG, start_process), DONE);
    if (server_sandbox_has_landlock())
        assert_int_equal(act_in(SERVER_SANDBOX_FFMPEG, read_secrets), REFUSED);
    if (!SANITIZED)
        assert_int_equal(act_in(SERVER_SANDBOX_DECODE, use_memory), REFUSED);
    assert_int_equal(act_in(SERVER_SANDBOX_DECODE, compute), -SIGKILL);
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    char command[sizeof folder + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(int argc, char **argv) {
    if (argc == SERVER_DECODER_ARGUMENTS && !strncmp(argv[3], "lie:", 4))
        return lie(argv[3] + 4);
    int decoded = server_decoder_process(argc, argv);
    if (decoded >= 0)
        return decoded;
    recording = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),   cmocka_unit_test(test_options),
        cmocka_unit_test(test_bad_files), cmocka_unit_test(test_limit),
        cmocka_unit_test(test_signals),   cmocka_unit_test(test_close),
        cmocka_unit_test(test_orphan),    cmocka_unit_test(test_lies),
        cmocka_unit_test(test_sandbox),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
