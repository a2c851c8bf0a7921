/* conversation.c - the conversation in examples/, for the tests that run the engine on it.
 * SPDX-License-Identifier: MIT */
#include "conversation.h"

#include <stdio.h>
#include <stdlib.h>

#include "diarist/io.h"

float *read_conversation(const char *path, size_t seconds, size_t *num) {
    diarist_error err = {0};
    diarist_audio *audio = NULL;
    size_t capacity = seconds * DIARIST_SAMPLE_RATE, got = 1;
    float *samples = malloc(capacity * sizeof *samples);
    int status = samples ? diarist_audio_open(&audio, path, NULL, &err) : -1;
    for (*num = 0; !status && got && *num < capacity; *num += got)
        status = diarist_audio_read(audio, samples + *num, capacity - *num, &got, &err);
    diarist_audio_close(audio);
    if (!status)
        return samples;
    fprintf(stderr, "%s\n", samples ? err.message : "no memory");
    free(samples);
    return NULL;
}
