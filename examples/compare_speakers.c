/* compare_speakers.c - is it the same voice in two files?
 * SPDX-License-Identifier: MIT
 *
 * usage: compare_speakers A B [MODEL.safetensors]
 *
 * each file -> recording -> embedding [embedding_dim]; cosine of both -> verdict */
#include <diarist/diarist.h>
#include <diarist/io.h>

#include <stdio.h>

enum { MAX_DIM = 1024 };

/* One embedding of all the speech in a file. */
static int embed(float *embedding, const diarist_model *model, const char *path,
                 diarist_error *err) {
    static float block[10 * DIARIST_SAMPLE_RATE];
    diarist_region whole = {.start = 0, .end = 0, .group = 0};
    diarist_recording *recording = NULL;
    diarist_options options;
    diarist_audio *audio;
    size_t num = 1;
    diarist_options_init(&options);
    options.task = DIARIST_TASK_EMBED;
    int failed = diarist_audio_open(&audio, path, NULL, err) ||
                 diarist_recording_open(&recording, model, &options, err);
    while (!failed && num > 0) {
        failed = diarist_audio_read(audio, block, sizeof block / sizeof *block, &num, err) ||
                 diarist_recording_feed(recording, block, num, err);
        whole.end += (double)num / DIARIST_SAMPLE_RATE;
    }
    if (!failed)
        failed = diarist_recording_embed(embedding, NULL, recording, &whole, 1, 1, err);
    diarist_recording_free(recording);
    diarist_audio_close(audio);
    return failed;
}

int main(int argc, char **argv) {
    static float a[MAX_DIM], b[MAX_DIM];
    diarist_model *model;
    diarist_model_info info;
    diarist_error err = {.message = "the model's embeddings are larger than this example's"};
    if (argc < 3)
        return fprintf(stderr, "usage: compare_speakers A B [MODEL.safetensors]\n"), 2;
    int failed = diarist_model_load(&model, argc > 3 ? argv[3] : NULL, NULL, &err);
    if (!failed) {
        diarist_model_describe(model, &info);
        failed = info.embedding_dim > MAX_DIM || embed(a, model, argv[1], &err) ||
                 embed(b, model, argv[2], &err);
    }
    if (failed) {
        fprintf(stderr, "compare_speakers: %s\n", err.message);
    } else {
        double similarity = diarist_similarity(a, b, info.embedding_dim);
        printf("%.3f %s\n", similarity, similarity >= info.verify_threshold ? "same" : "different");
    }
    diarist_model_free(model);
    return failed;
}
