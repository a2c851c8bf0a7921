/* probe.c - a recording before it is used.
 * SPDX-License-Identifier: MIT */
#include "probe.h"

#include "common/fail.h"
#include "files.h"
#include "hash.h"
#include "text.h"

#include <diarist/io.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 16384, NUM_BLOCKS = 64, SAMPLE_RATE = 16000 };

/* Whether a WAV's header agrees with the size of its file: samples of 2, 3, 4 or 8 bytes and at
 * most 1 % or 1 MiB of anything else. One that was cut off, or of another kind, does not. */
static bool size_agrees(const diarist_audio_info *info, uint64_t num_bytes) {
    static const int sample_bytes[] = {2, 3, 4, 8};
    double samples = info->declared_s * info->sample_rate * info->num_channels;
    for (size_t i = 0; i < sizeof sample_bytes / sizeof sample_bytes[0]; i++) {
        double expected = samples * sample_bytes[i], more = (double)num_bytes - expected;
        if (more >= 0 && (more <= 0.01 * expected || more <= 1 << 16))
            return true;
    }
    return false;
}

static bool header_is_enough(const diarist_audio_info *info, uint64_t num_bytes) {
    if (info->declared_s <= 0)
        return false;
    if (!strcmp(info->decoder, "wav"))
        return size_agrees(info, num_bytes);
    return !strcmp(info->decoder, "libsndfile");
}

/* Decodes the first second, and the rest where the header does not tell the length. */
static int decode(struct bench_probe *out, diarist_audio *audio, diarist_error *wrong) {
    float *samples = malloc(SAMPLE_RATE * sizeof *samples);
    diarist_audio_info info;
    size_t num = 0, all = 0;
    int status = samples ? DIARIST_OK : common_fail_memory(wrong);
    bool go_on = true;
    while (!status && go_on) {
        status = diarist_audio_read(audio, samples, SAMPLE_RATE, &num, wrong);
        all += num;
        diarist_audio_describe(audio, &info);
        go_on = !status && num && !(all >= SAMPLE_RATE && header_is_enough(&info, out->num_bytes));
    }
    free(samples);
    if (status)
        return status;
    out->duration_s = num ? info.declared_s : info.duration_s;
    if (!all)
        status =
            common_fail(wrong, DIARIST_ERROR_INPUT, "holds no samples; give another recording");
    return status;
}

static int measure(struct bench_probe *out, const char *path, diarist_error *wrong) {
    diarist_audio *audio;
    int status = diarist_audio_open(&audio, path, NULL, wrong);
    if (status)
        return status;
    status = decode(out, audio, wrong);
    diarist_audio_close(audio);
    return status;
}

static int hash_blocks(struct bench_hash *hash, int fd, uint64_t num_bytes) {
    char block[2048];
    bool whole = num_bytes <= (uint64_t)BLOCK * NUM_BLOCKS;
    uint64_t num_blocks = whole ? 1 : NUM_BLOCKS, length = whole ? num_bytes : BLOCK;
    for (uint64_t i = 0; i < num_blocks; i++) {
        uint64_t start = whole ? 0 : (num_bytes - BLOCK) / (NUM_BLOCKS - 1) * i;
        for (uint64_t done = 0; done < length;) {
            uint64_t left = length - done;
            ssize_t n = pread(fd, block, left < sizeof block ? (size_t)left : sizeof block,
                              (off_t)(start + done));
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                return -1;
            bench_hash_bytes(hash, block, (size_t)n);
            done += (uint64_t)n;
        }
    }
    return 0;
}

static int identify(struct bench_probe *out, const char *path, diarist_error *wrong) {
    struct stat st;
    if (bench_file_check(path, wrong))
        return DIARIST_ERROR_INPUT;
    int fd = open(path, O_RDONLY | O_CLOEXEC), failed = -1;
    if (fd >= 0 && !fstat(fd, &st)) {
        struct bench_hash *hash = bench_hash_new();
        out->num_bytes = (uint64_t)st.st_size;
        failed = hash ? hash_blocks(hash, fd, out->num_bytes) : -1;
        if (bench_hash_end(hash, out->sha256))
            failed = -1;
    }
    int reason = fd < 0 ? errno : EINVAL;
    if (fd >= 0)
        close(fd);
    if (failed)
        out->sha256[0] = 0;
    return failed ? common_fail(wrong, DIARIST_ERROR_INPUT, "cannot be read: %s; give another file",
                                strerror(reason))
                  : DIARIST_OK;
}

int bench_probe(struct bench_probe *out, const char *path, diarist_error *err) {
    diarist_error wrong;
    *out = (struct bench_probe){0};
    int status = identify(out, path, &wrong);
    if (!status)
        status = measure(out, path, &wrong);
    if (!status)
        return DIARIST_OK;
    out->duration_s = 0;
    if (status == DIARIST_ERROR_MEMORY || !(out->problem = bench_text_of("%s", wrong.message)))
        return common_fail_memory(err);
    return DIARIST_OK;
}
