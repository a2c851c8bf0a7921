/* dump_voices.c - what a community-1 model makes of each chunk of a recording, for voices.py.
 * SPDX-License-Identifier: MIT
 *
 * usage: dump_voices MODEL SAMPLES.f32 FOLDER STEP_SAMPLES window|recording|regions THREADS PART
 *
 * SAMPLES.f32: 16 kHz mono, little-endian floats -> FOLDER/active.bin [chunks][589] bytes,
 * FOLDER/embeddings.bin [chunks][3][256] floats. Preset accurate: everything in float. Samples are
 * fed PART at a time.
 *
 * regions: FOLDER/count.bin [frames] bytes, FOLDER/embeddings.bin [3][256], FOLDER/seconds.bin [3]
 * doubles: of the whole recording, of two regions, and of one that is too short. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mapped_file.h"
#include "pipeline/recording.h"

static diarist_error error;

static void check(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "dump_voices: %s %s\n", what, error.message);
        exit(1);
    }
}

static void save(const char *folder, const char *name, const void *data, size_t num, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.bin", folder, name);
    FILE *file = fopen(path, "wb");
    check(file && fwrite(data, size, num, file) == num && fclose(file) == 0, path);
}

static void feed(diarist_recording *recording, const struct dr_mapped_file *file, size_t part) {
    const float *samples = (const float *)(const void *)file->data;
    size_t left = file->size / sizeof *samples;
    for (size_t n; left; left -= n, samples += n) {
        n = left < part ? left : part;
        check(diarist_recording_feed(recording, samples, n, &error) == 0, "");
    }
}

static void dump_chunks(diarist_recording *recording, const char *folder) {
    check(dr_recording_end(recording, DIARIST_TASK_DIARIZE, &error) == 0, "");
    const size_t chunks = recording->segments.num_chunks;
    check(recording->voices.num_chunks == chunks, "not every chunk has voices");
    save(folder, "active", recording->segments.active, chunks, DR_CHUNK_FRAMES);
    save(folder, "embeddings", recording->voices.embedding, chunks * DR_LOCAL_SPEAKERS,
         DR_RESNET34_DIM * sizeof(float));
}

static void dump_regions(diarist_recording *recording, const char *folder) {
    const diarist_region regions[] = {{0, 1e6, 0}, {3.1, 9.7, 1}, {14, 21.35, 1}, {5.0, 5.1, 2}};
    float embeddings[3 * DR_RESNET34_DIM];
    double seconds[3];
    check(diarist_recording_embed(embeddings, seconds, recording, regions, 4, 3, &error) == 0, "");
    save(folder, "count", recording->segments.count, recording->segments.counter.first, 1);
    save(folder, "embeddings", embeddings, 3, DR_RESNET34_DIM * sizeof(float));
    save(folder, "seconds", seconds, 3, sizeof *seconds);
}

int main(int argc, char **argv) {
    struct dr_mapped_file samples;
    diarist_model *model;
    diarist_recording *recording;
    diarist_options options;
    check(argc == 8, "usage: dump_voices MODEL SAMPLES.f32 FOLDER STEP_SAMPLES "
                     "window|recording|regions THREADS PART");
    diarist_options_init(&options);
    options.preset = DIARIST_PRESET_ACCURATE;
    options.step_s = strtod(argv[4], NULL) / DR_SAMPLE_RATE;
    options.trunk = strcmp(argv[5], "recording") ? DIARIST_TRUNK_WINDOW : DIARIST_TRUNK_RECORDING;
    options.task = strcmp(argv[5], "regions") ? DIARIST_TASK_DIARIZE : DIARIST_TASK_EMBED;
    options.num_threads = (int32_t)strtol(argv[6], NULL, 10);
    check(dr_mapped_file_open(&samples, argv[2]) == 0, argv[2]);
    check(diarist_model_load(&model, argv[1], &options, &error) == 0, "");
    check(diarist_recording_open(&recording, model, &options, &error) == 0, "");
    feed(recording, &samples, strtoul(argv[7], NULL, 10));
    if (strcmp(argv[5], "regions"))
        dump_chunks(recording, argv[3]);
    else
        dump_regions(recording, argv[3]);
    diarist_recording_free(recording);
    diarist_model_free(model);
    dr_mapped_file_close(&samples);
    return 0;
}
