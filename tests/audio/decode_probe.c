/* decode_probe.c - decodes files through the public API and prints what came of each.
 * SPDX-License-Identifier: MIT
 *
 * usage: decode_probe [--raw SPEC] [--samples OUT] FILE
 *
 * FILE -> OUT: float32, 16 kHz mono. One line on standard output, separated by tabs:
 *   "ok" SECONDS DECLARED RATE CHANNELS DECODER WARNING     exit status 0
 *   "error" STATUS MESSAGE (a diarist_status, 0: the probe's own)  exit status 1 */
#include "diarist/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512 };

static int print_error(const diarist_error *err) {
    printf("error\t%d\t%s\n", err->status, err->message);
    return 1;
}

static int decode(diarist_audio *audio, FILE *out) {
    diarist_error err = {0};
    float samples[BLOCK];
    size_t num;
    do {
        if (diarist_audio_read(audio, samples, sizeof samples / sizeof *samples, &num, &err))
            return print_error(&err);
        for (size_t i = 0; i < num; i++)
            if (!(samples[i] >= -1.0f && samples[i] <= 1.0f)) {
                printf("error\t0\tsample %g is not within -1 to 1\n", (double)samples[i]);
                return 1;
            }
        if (out && fwrite(samples, sizeof *samples, num, out) != num) {
            printf("error\t0\tcannot write the samples\n");
            return 1;
        }
    } while (num);
    diarist_audio_info info;
    diarist_audio_describe(audio, &info);
    printf("ok\t%.6f\t%.6f\t%d\t%d\t%s\t%s\n", info.duration_s, info.declared_s, info.sample_rate,
           info.num_channels, info.decoder, info.warning ? info.warning : "");
    return 0;
}

int main(int argc, char **argv) {
    diarist_audio_options options;
    diarist_audio_options_init(&options);
    const char *samples = NULL;
    for (; argc > 3 && !strncmp(argv[1], "--", 2); argc -= 2, argv += 2) {
        if (!strcmp(argv[1], "--raw"))
            options.raw = argv[2];
        else
            samples = argv[2];
    }
    if (argc != 2) {
        fprintf(stderr, "usage: decode_probe [--raw SPEC] [--samples OUT] FILE\n");
        return 2;
    }
    diarist_error err = {0};
    diarist_audio *audio;
    if (diarist_audio_open(&audio, argv[1], &options, &err))
        return print_error(&err);
    FILE *out = samples ? fopen(samples, "wb") : NULL;
    int status = samples && !out ? 2 : decode(audio, out);
    diarist_audio_close(audio);
    if (out && fclose(out))
        status = 2;
    return status;
}
