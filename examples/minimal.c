/* minimal.c - who spoke when in a file.
 * SPDX-License-Identifier: MIT
 *
 * usage: minimal FILE [MODEL.safetensors]
 *
 * FILE -> samples in memory -> turns, one a line */
#include <diarist/diarist.h>
#include <diarist/io.h>

#include <stdio.h>
#include <stdlib.h>

/* All samples of a file, 16 kHz mono; NULL after a failure. */
static float *read_samples(const char *path, size_t *num, diarist_error *err) {
    diarist_audio *audio;
    size_t capacity = 60 * DIARIST_SAMPLE_RATE, got = 1;
    float *samples = malloc(capacity * sizeof *samples);
    int failed = diarist_audio_open(&audio, path, NULL, err);
    for (*num = 0; samples && !failed && got > 0; *num += got) {
        if (*num == capacity) {
            float *grown = realloc(samples, 2 * capacity * sizeof *samples);
            if (!grown)
                break;
            samples = grown;
            capacity *= 2;
        }
        failed = diarist_audio_read(audio, samples + *num, capacity - *num, &got, err);
    }
    diarist_audio_close(audio);
    if (!failed && got == 0)
        return samples;
    if (!failed)
        snprintf(err->message, sizeof err->message, "out of memory");
    free(samples);
    return NULL;
}

int main(int argc, char **argv) {
    diarist_model *model = NULL;
    diarist_result *result = NULL;
    diarist_error err;
    size_t num;
    if (argc < 2)
        return fprintf(stderr, "usage: minimal FILE [MODEL.safetensors]\n"), 2;
    float *samples = read_samples(argv[1], &num, &err);
    int failed = !samples || diarist_model_load(&model, argc > 2 ? argv[2] : NULL, NULL, &err) ||
                 diarist_diarize(&result, model, samples, num, NULL, &err);
    if (failed)
        fprintf(stderr, "minimal: %s\n", err.message);
    for (size_t i = 0; !failed && i < diarist_result_num_turns(result, DIARIST_OVERLAPPING); i++) {
        diarist_turn turn;
        diarist_result_turn(result, DIARIST_OVERLAPPING, i, &turn);
        printf("%8.3f %8.3f  speaker %d\n", turn.start, turn.end, turn.speaker);
    }
    diarist_result_free(result);
    diarist_model_free(model);
    free(samples);
    return failed;
}
