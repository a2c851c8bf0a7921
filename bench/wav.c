/* wav.c - a recording as every system can read it.
 * SPDX-License-Identifier: MIT */
#include "wav.h"

#include "common/fail.h"
#include "files.h"

#include "diarist/io.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PART = 512, HEADER = 44 };

static void put32(unsigned char *out, uint32_t value) {
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> 8 * i);
}

static void write_header(FILE *file, uint64_t num_samples) {
    unsigned char header[HEADER] = "RIFF....WAVEfmt \20\0\0\0\1\0\1\0....";
    uint32_t size = num_samples < 0x7fffff00u / 2 ? (uint32_t)(2 * num_samples) : 0x7fffff00u;
    put32(header + 4, size + HEADER - 8);
    put32(header + 24, DIARIST_SAMPLE_RATE);
    put32(header + 28, DIARIST_SAMPLE_RATE * 2);
    put32(header + 32, 2 | 16u << 16);
    memcpy(header + 36, "data", 4);
    put32(header + 40, size);
    fwrite(header, 1, HEADER, file);
}

static void write_samples(FILE *file, const float *samples, size_t num) {
    unsigned char bytes[2 * PART];
    for (size_t i = 0; i < num; i++) {
        long value = lrintf(samples[i] * 32768.0f);
        value = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
        bytes[2 * i] = (unsigned char)value;
        bytes[2 * i + 1] = (unsigned char)(value >> 8);
    }
    fwrite(bytes, 2, num, file);
}

/* file NULL: only reads. */
static int copy(FILE *file, diarist_audio *audio, uint64_t *total, diarist_error *err) {
    float samples[PART];
    size_t num = 0;
    int status;
    *total = 0;
    while (!(status = diarist_audio_read(audio, samples, PART, &num, err)) && num > 0) {
        if (file)
            write_samples(file, samples, num);
        *total += num;
    }
    return status;
}

int bench_wav_make(const char *out, const char *audio, double *duration_s, diarist_error *err) {
    return bench_wav_make_channel(out, audio, 0, duration_s, err);
}

int bench_wav_make_channel(const char *out, const char *audio, int32_t channel, double *duration_s,
                           diarist_error *err) {
    diarist_audio_options options;
    diarist_audio *opened;
    uint64_t total = 0;
    FILE *file = NULL;
    bool written = true;
    diarist_audio_options_init(&options);
    options.channel = channel;
    int status = bench_file_check(audio, err);
    if (!status)
        status = diarist_audio_open(&opened, audio, &options, err);
    if (status)
        return status;
    if (out && !(file = fopen(out, "wbe")))
        written = false;
    if (file)
        write_header(file, 0);
    if (written)
        status = copy(file, opened, &total, err);
    diarist_audio_close(opened);
    if (file) {
        rewind(file);
        write_header(file, total);
        written = !ferror(file);
        written = !fclose(file) && written;
    }
    if (!status && !written)
        status = common_fail(err, DIARIST_ERROR_OUTPUT, "%s: cannot be written: %s; make room", out,
                             strerror(errno));
    if (status && file)
        unlink(out);
    if (duration_s)
        *duration_s = (double)total / DIARIST_SAMPLE_RATE;
    return status;
}
