/* reference_mode.c - the pipeline as its specification has it, without what diarist adds.
 * SPDX-License-Identifier: MIT
 *
 * usage: reference_mode diarize FILE --step SECONDS -q      (as der.py calls the program)
 *
 * No embeddings on overlapped frames, no clusters confirmed by VBx, no mirror image of short
 * recordings: its DER must be that of the reference implementation, in both directions, where the
 * program's must only be no worse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diarist/io.h"
#include "pipeline/offline.h"

static int feed_file(struct diarist_recording *recording, const char *path, diarist_error *err) {
    static float samples[1 << 16];
    diarist_audio *audio;
    size_t num = 1;
    int status = diarist_audio_open(&audio, path, NULL, err);
    if (status)
        return status;
    while (!status && num) {
        status = diarist_audio_read(audio, samples, sizeof samples / sizeof *samples, &num, err);
        if (!status)
            status = diarist_recording_feed(recording, samples, num, err);
    }
    diarist_audio_close(audio);
    return status;
}

static int run(const char *path, double step_s, diarist_error *err) {
    diarist_options options;
    diarist_model *model = NULL;
    diarist_recording *recording = NULL;
    diarist_result *result = NULL;
    diarist_turn t;
    diarist_options_init(&options);
    options.step_s = step_s;
    int status = diarist_model_load(&model, NULL, NULL, err);
    if (!status)
        status = diarist_recording_open(&recording, model, &options, err);
    if (!status) {
        recording->plan.mirror_short = 0;
        recording->plan.reconstruct.overlap_weight = 0.0;
        recording->plan.clustering.confirm.rise = 0.0;
        status = feed_file(recording, path, err);
    }
    if (!status)
        status = diarist_recording_diarize(&result, recording, err);
    for (size_t i = 0; result && !diarist_result_turn(result, DIARIST_OVERLAPPING, i, &t); i++)
        printf("SPEAKER x 1 %.3f %.3f <NA> <NA> SPEAKER_%02d <NA> <NA>\n", t.start, t.end - t.start,
               t.speaker);
    diarist_result_free(result);
    diarist_recording_free(recording);
    diarist_model_free(model);
    return status;
}

int main(int argc, char **argv) {
    diarist_error err;
    if (argc != 6 || strcmp(argv[1], "diarize") || strcmp(argv[3], "--step")) {
        fprintf(stderr, "usage: reference_mode diarize FILE --step SECONDS -q\n");
        return 2;
    }
    if (run(argv[2], strtod(argv[4], NULL), &err)) {
        fprintf(stderr, "reference_mode: %s\n", err.message);
        return 1;
    }
    return 0;
}
