/* feed_in_parts.c - a recording of any length, fed second by second; turns as RTTM.
 * SPDX-License-Identifier: MIT
 *
 * usage: feed_in_parts FILE [MODEL.safetensors]
 *
 * FILE -> parts of one second -> recording -> result -> document -> RTTM on standard output.
 * Only one second of audio is in the caller's memory; parts may have any size. */
#include <diarist/diarist.h>
#include <diarist/io.h>

#include <stdio.h>

static int feed_all(diarist_recording *recording, diarist_audio *audio, diarist_error *err) {
    static float part[DIARIST_SAMPLE_RATE];
    for (;;) {
        size_t num;
        int failed = diarist_audio_read(audio, part, DIARIST_SAMPLE_RATE, &num, err);
        if (failed || num == 0)
            return failed;
        failed = diarist_recording_feed(recording, part, num, err);
        if (failed)
            return failed;
    }
}

static int write_rttm(const diarist_result *result, const char *file, diarist_error *err) {
    diarist_document *document;
    diarist_source source = {.file = file};
    int failed = diarist_document_new(&document, err) ||
                 diarist_document_add(document, result, &source, NULL, err) ||
                 diarist_document_write(document, "-", "rttm", NULL, err);
    diarist_document_free(document);
    return failed;
}

int main(int argc, char **argv) {
    diarist_model *model = NULL;
    diarist_audio *audio = NULL;
    diarist_recording *recording = NULL;
    diarist_result *result = NULL;
    diarist_error err;
    if (argc < 2)
        return fprintf(stderr, "usage: feed_in_parts FILE [MODEL.safetensors]\n"), 2;
    int failed =
        diarist_model_load(&model, argc > 2 ? argv[2] : NULL, NULL, &err) ||
        diarist_audio_open(&audio, argv[1], NULL, &err) ||
        diarist_recording_open(&recording, model, NULL, &err) || feed_all(recording, audio, &err) ||
        diarist_recording_diarize(&result, recording, &err) || write_rttm(result, argv[1], &err);
    if (failed)
        fprintf(stderr, "feed_in_parts: %s\n", err.message);
    diarist_result_free(result);
    diarist_recording_free(recording);
    diarist_audio_close(audio);
    diarist_model_free(model);
    return failed;
}
