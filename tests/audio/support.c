/* support.c - what the tests of audio share.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/diarist-test-audio-XXXXXX";

int make_file(void **state) {
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd);
}

int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

const char *file_path(void) {
    return path;
}

void write_file(const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

diarist_audio_options default_options(void) {
    diarist_audio_options options;
    diarist_audio_options_init(&options);
    return options;
}

double uniform(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * 0x2545f4914f6cdd1dULL) >> 11) / 4503599627370496.0 - 1.0;
}

static int read_all(struct decoded *out, diarist_audio *audio) {
    size_t capacity = 0, num = 0;
    do {
        if (out->num + 700 > capacity) {
            capacity = 2 * capacity + 1400;
            out->samples = realloc(out->samples, capacity * sizeof *out->samples);
            assert_non_null(out->samples);
        }
        int status = diarist_audio_read(audio, out->samples + out->num, 700, &num, &out->err);
        if (status)
            return status;
        out->num += num;
    } while (num);
    return DIARIST_OK;
}

struct decoded decode(const char *name, const diarist_audio_options *options) {
    struct decoded out = {0};
    diarist_audio *audio;
    out.status = diarist_audio_open(&audio, name, options, &out.err);
    if (!out.status) {
        out.status = read_all(&out, audio);
        diarist_audio_describe(audio, &out.info);
        snprintf(out.decoder, sizeof out.decoder, "%s", out.info.decoder);
        snprintf(out.warning, sizeof out.warning, "%s", out.info.warning ? out.info.warning : "");
        snprintf(out.sha256, sizeof out.sha256, "%s", out.info.sha256 ? out.info.sha256 : "");
    }
    diarist_audio_close(audio);
    assert_int_equal(out.status, out.err.status);
    assert_true(!out.status == !out.err.message[0]);
    assert_null(strchr(out.err.message, '\n'));
    for (size_t i = 0; i < out.num; i++)
        assert_true(out.samples[i] >= -1.0f && out.samples[i] <= 1.0f);
    return out;
}

struct decoded decode_bytes(const void *bytes, size_t size, const diarist_audio_options *options) {
    write_file(bytes, size);
    return decode(path, options);
}

struct writer {
    int fd;
    const char *bytes;
    size_t size;
};

static void *write_portions(void *argument) {
    struct writer *writer = argument;
    size_t portion = 1;
    for (size_t at = 0; at < writer->size;) {
        size_t count = writer->size - at < portion ? writer->size - at : portion;
        ssize_t put = write(writer->fd, writer->bytes + at, count);
        if (put <= 0)
            break;
        at += (size_t)put;
        portion = portion * 3 % 40009;
    }
    close(writer->fd);
    return NULL;
}

struct decoded decode_piped(const void *bytes, size_t size, const diarist_audio_options *options) {
    int ends[2], before = dup(STDIN_FILENO);
    pthread_t thread;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    struct writer writer = {ends[1], bytes, size};
    assert_int_equal(pthread_create(&thread, NULL, write_portions, &writer), 0);
    struct decoded out = decode("-", options);
    /* The reader goes first, so that a writer of more than is read ends too. */
    if (before >= 0) {
        dup2(before, STDIN_FILENO);
        close(before);
    } else {
        close(STDIN_FILENO);
    }
    pthread_join(thread, NULL);
    return out;
}
