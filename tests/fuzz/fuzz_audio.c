/* fuzz_audio.c - any bytes as a recording: sniffing, the WAV reader, raw samples, libsndfile,
 * libmpg123, the resampler.
 * SPDX-License-Identifier: MIT
 *
 * The last byte chooses how: 1 through a pipe, 2 and 4 raw samples (128: or a WAV file), the rest
 * the channel and limits. There is no ffmpeg on the search path here, so no child ever starts. Ogg
 * Vorbis is left out: libsndfile loses 6 KB for each broken header, which would be all that is ever
 * found. */
#define _GNU_SOURCE
#include "diarist/io.h"

#include "fuzz.h"

#include <string.h>
#include <unistd.h>

enum { MAX_SAMPLES = 1 << 21, CAPACITY = 4096 };

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    return setenv("PATH", "/nonexistent", 1);
}

static void check_end(diarist_audio *audio, size_t total) {
    diarist_audio_info info;
    diarist_audio_describe(audio, &info);
    FUZZ_CHECK(info.duration_s == (double)total / DIARIST_SAMPLE_RATE);
    FUZZ_CHECK(info.sample_rate >= 1000 && info.num_channels >= 1);
    FUZZ_CHECK(info.declared_s >= 0);
    FUZZ_CHECK(!info.warning || fuzz_is_line(info.warning));
}

static void read_all(diarist_audio *audio) {
    static float samples[CAPACITY];
    diarist_error err = {0};
    size_t num, total = 0;
    do {
        int status = diarist_audio_read(audio, samples, CAPACITY, &num, &err);
        FUZZ_CHECK(status == err.status && num <= CAPACITY);
        if (status) {
            FUZZ_CHECK(fuzz_is_line(err.message));
            return;
        }
        for (size_t i = 0; i < num; i++)
            FUZZ_CHECK(samples[i] >= -1.0f && samples[i] <= 1.0f);
        total += num;
    } while (num && total < MAX_SAMPLES);
    check_end(audio, total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const raws[] = {"s16le:44100:2", "f32le:16000:1", "f32le:8000:3"};
    uint8_t how = size ? data[size - 1] : 0;
    diarist_audio_options options;
    diarist_audio_options_init(&options);
    options.stall_s = 1;
    options.raw = how & 6 ? raws[(how >> 1 & 3) - 1] : NULL;
    options.raw_or_wav = how >> 7;
    options.channel = how >> 3 & 3;
    options.start_s = how & 32 ? 0.001 : 0;
    options.duration_s = how & 64 ? 0.01 : 0;
    options.max_bytes = how & 128 ? 64 : (uint64_t)1 << 20;
    if (!options.raw && memmem(data, size, "\x01vorbis", 7))
        return 0;
    int fd = (how & 1 ? fuzz_pipe : fuzz_file)(data, size ? size - 1 : 0);
    if (fd < 0)
        return 0;
    diarist_audio *audio;
    diarist_error err = {0};
    int status = diarist_audio_open(&audio, fuzz_path(fd), &options, &err);
    close(fd);
    FUZZ_CHECK(status == err.status && !status == (audio != NULL));
    if (!status)
        read_all(audio);
    else
        FUZZ_CHECK(fuzz_is_line(err.message));
    diarist_audio_close(audio);
    return 0;
}
