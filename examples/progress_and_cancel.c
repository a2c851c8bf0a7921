/* progress_and_cancel.c - shows how far the work is, and gives up at a point of it.
 * SPDX-License-Identifier: MIT
 *
 * usage: progress_and_cancel FILE SECONDS [MODEL.safetensors]
 *
 * The callback is called on this thread, many times a second of work. It asks to stop once SECONDS
 * of the recording were looked at; a stopped call returns DIARIST_ERROR_CANCELED, here exit code 3.
 */
#include <diarist/diarist.h>
#include <diarist/io.h>

#include <stdio.h>
#include <stdlib.h>

static int show(void *data, diarist_stage stage, double fraction, double seconds) {
    static const char *const names[] = {"segmentation", "embedding", "clustering", "reconstruct"};
    const double *limit = data;
    printf("%-12s %3.0f %%  %.1f s\n", names[stage], fraction < 0 ? 0 : 100 * fraction, seconds);
    return seconds > *limit;
}

static int feed(diarist_recording *recording, diarist_audio *audio, diarist_error *err) {
    static float block[10 * DIARIST_SAMPLE_RATE];
    diarist_audio_info info;
    diarist_audio_describe(audio, &info);
    diarist_recording_expect(recording, info.declared_s);
    int status = DIARIST_OK;
    for (size_t num = 1; !status && num > 0;) {
        status = diarist_audio_read(audio, block, sizeof block / sizeof *block, &num, err);
        if (!status)
            status = diarist_recording_feed(recording, block, num, err);
    }
    return status;
}

int main(int argc, char **argv) {
    diarist_model *model = NULL;
    diarist_audio *audio = NULL;
    diarist_recording *recording = NULL;
    diarist_result *result = NULL;
    diarist_error err = {0};
    if (argc < 3)
        return fprintf(stderr, "usage: progress_and_cancel FILE SECONDS [MODEL.safetensors]\n"), 2;
    double limit = strtod(argv[2], NULL);
    diarist_options options;
    diarist_options_init(&options);
    options.progress = show;
    options.progress_data = &limit;
    int failed = diarist_model_load(&model, argc > 3 ? argv[3] : NULL, NULL, &err) ||
                 diarist_audio_open(&audio, argv[1], NULL, &err) ||
                 diarist_recording_open(&recording, model, &options, &err) ||
                 feed(recording, audio, &err) ||
                 diarist_recording_diarize(&result, recording, &err);
    if (failed)
        fprintf(stderr, "progress_and_cancel: %s\n", err.message);
    else
        printf("%zu speakers\n", diarist_result_num_speakers(result));
    diarist_result_free(result);
    diarist_recording_free(recording);
    diarist_audio_close(audio);
    diarist_model_free(model);
    return err.status == DIARIST_ERROR_CANCELED ? 3 : failed;
}
