/* setup.c - what the tests of the engine start with: a model, and the conversation in examples/.
 * SPDX-License-Identifier: MIT */
#include "setup.h"

#include <stdio.h>
#include <stdlib.h>

#include "diarist/io.h"

diarist_model *model;
float *samples;
size_t num_samples;

static int read_conversation(const char *path, size_t seconds, diarist_error *err) {
    diarist_audio *audio = NULL;
    size_t capacity = seconds * DIARIST_SAMPLE_RATE, got = 1;
    samples = malloc(capacity * sizeof *samples);
    if (!samples) {
        snprintf(err->message, sizeof err->message, "no memory");
        return -1;
    }
    int status = diarist_audio_open(&audio, path, NULL, err);
    for (num_samples = 0; !status && got && num_samples < capacity; num_samples += got)
        status =
            diarist_audio_read(audio, samples + num_samples, capacity - num_samples, &got, err);
    diarist_audio_close(audio);
    return status;
}

int set_up(const char *conversation, size_t seconds, const char *model_path) {
    diarist_error err = {0};
    int status = read_conversation(conversation, seconds, &err);
    if (!status)
        status = diarist_model_load(&model, model_path, NULL, &err);
    if (status) {
        fprintf(stderr, "%s\n", err.message);
        tear_down(NULL);
    }
    return status;
}

int tear_down(void **state) {
    (void)state;
    diarist_model_free(model);
    free(samples);
    return 0;
}
