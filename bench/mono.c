/* mono.c - the first channel of a recording as 16-kHz WAV.
 * SPDX-License-Identifier: MIT */
#include "mono.h"

#include "fail.h"

#include <diarist/io.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_RATE = 16000, BLOCK = 16000, HEADER_BYTES = 44 };

static void put_le(uint8_t *at, uint32_t value, int num_bytes) {
    for (int i = 0; i < num_bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* RIFF: one channel of 16-bit PCM. */
static void make_header(uint8_t header[HEADER_BYTES], uint32_t data_bytes) {
    memcpy(header, "RIFF....WAVEfmt ....................data....", HEADER_BYTES);
    put_le(header + 4, data_bytes + HEADER_BYTES - 8, 4);
    put_le(header + 16, 16, 4); /* bytes of the format */
    put_le(header + 20, 1, 2);  /* PCM */
    put_le(header + 22, 1, 2);  /* channels */
    put_le(header + 24, SAMPLE_RATE, 4);
    put_le(header + 28, 2 * SAMPLE_RATE, 4);
    put_le(header + 32, 2, 2); /* bytes of a frame */
    put_le(header + 34, 16, 2);
    put_le(header + 40, data_bytes, 4);
}

static int fail_write(const char *to, diarist_error *err) {
    return bench_fail(err, DIARIST_ERROR_OUTPUT, "%s: cannot be written: %s; make room there", to,
                      strerror(errno));
}

static int write_samples(FILE *file, const char *to, diarist_audio *audio, uint64_t *num_bytes,
                         diarist_error *err) {
    float *samples = malloc(BLOCK * sizeof *samples);
    uint8_t *bytes = malloc(2 * (size_t)BLOCK);
    int status = samples && bytes ? DIARIST_OK : bench_fail_memory(err);
    for (size_t num = 1; !status && num;) {
        status = diarist_audio_read(audio, samples, BLOCK, &num, err);
        for (size_t i = 0; !status && i < num; i++) {
            long value = lrintf(samples[i] * 32768);
            value = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
            put_le(bytes + 2 * i, (uint32_t)value, 2);
        }
        *num_bytes += 2 * num;
        if (!status && *num_bytes > UINT32_MAX - HEADER_BYTES)
            status = bench_fail(err, DIARIST_ERROR_INPUT,
                                "is longer than a WAV file may be; cut it in parts");
        if (!status && num && fwrite(bytes, 2, num, file) != num)
            status = fail_write(to, err);
    }
    free(samples);
    free(bytes);
    return status;
}

int bench_mono_write(const char *from, const char *to, diarist_error *err) {
    uint8_t header[HEADER_BYTES];
    diarist_audio_options options;
    diarist_audio *audio;
    uint64_t num_bytes = 0;
    diarist_audio_options_init(&options);
    options.channel = 1;
    int status = diarist_audio_open(&audio, from, &options, err);
    if (status)
        return status;
    FILE *file = fopen(to, "wbx");
    if (!file)
        status = fail_write(to, err);
    make_header(header, 0);
    if (!status && fwrite(header, HEADER_BYTES, 1, file) != 1)
        status = fail_write(to, err);
    if (!status)
        status = write_samples(file, to, audio, &num_bytes, err);
    make_header(header, (uint32_t)num_bytes);
    if (!status && (fseek(file, 0, SEEK_SET) || fwrite(header, HEADER_BYTES, 1, file) != 1))
        status = fail_write(to, err);
    if (file && fclose(file) && !status)
        status = fail_write(to, err);
    if (status)
        remove(to);
    diarist_audio_close(audio);
    return status;
}
