/* networks.c - times diarist's two networks on the inputs that the peers get.
 * SPDX-License-Identifier: MIT
 *
 * usage: time_networks segmentation|trunk MODEL.safetensors INPUT.f32 OUTPUT.f32 THREADS FRAMES
 *        [float32]
 *
 * Runs in the precision of the preset balanced, with float32 in that of the preset accurate.
 * INPUT.f32: chunks of 160000 samples, or features [FRAMES][80] one after the other. For each line
 * N on standard input the first N of them are run in the engine's own batches, spread over the
 * threads, and the seconds that took are printed as JSON (worker.py says the same of the peers).
 * Then the outputs go to OUTPUT.f32: [N][589][7], or the trunk's columns [N][FRAMES / 2][512]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mapped_file.h"
#include "base/threads.h"
#include "pipeline/model.h"
#include "types.h"

enum { MAX_THREADS = 256 };

struct job {
    const struct dr_networks *networks;
    struct dr_mapped_file file;
    const float *input;
    float *output;
    float *scratch[MAX_THREADS];
    size_t num, frames; /* frames: of the trunk's input; 0: segmentation */
};

static size_t input_floats(const struct job *job) {
    return job->frames ? job->frames * DR_MELS : DR_CHUNK_SAMPLES;
}

static size_t output_floats(const struct job *job) {
    return job->frames ? (job->frames + 1) / 2 * DR_COLUMN_DIM
                       : (size_t)DR_CHUNK_FRAMES * DR_CLASSES;
}

static size_t batch_of(const struct job *job) {
    return job->frames ? 1 : DR_PYANNET_BATCH;
}

static void run_batch(void *context, size_t item, int worker) {
    struct job *job = context;
    size_t first = item * batch_of(job), left = job->num - first;
    const float *input = job->input + first * input_floats(job);
    float *output = job->output + first * output_floats(job);
    if (job->frames) {
        dr_campplus_trunk(job->networks->campplus, output, input, job->frames,
                          job->scratch[worker]);
        return;
    }
    size_t batch = left < DR_PYANNET_BATCH ? left : DR_PYANNET_BATCH;
    dr_pyannet_run(job->networks->pyannet, output, input, DR_CHUNK_SAMPLES, batch,
                   job->scratch[worker]);
}

static double cpu_s(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int write_output(const struct job *job, const char *path) {
    size_t floats = job->num * output_floats(job);
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    size_t written = fwrite(job->output, sizeof(float), floats, f);
    return fclose(f) || written != floats ? -1 : 0;
}

/* Until standard input ends. */
static int run_lines(struct job *job, struct dr_pool *pool, const char *output) {
    char line[32];
    size_t most = job->file.size / sizeof(float) / input_floats(job);
    while (fgets(line, sizeof line, stdin)) {
        job->num = strtoul(line, NULL, 10);
        if (job->num < 1 || job->num > most)
            return -1;
        double cpu = cpu_s(), wall = dr_clock_s();
        dr_pool_run(pool, run_batch, job, (job->num + batch_of(job) - 1) / batch_of(job));
        wall = dr_clock_s() - wall;
        cpu = cpu_s() - cpu;
        if (write_output(job, output))
            return -1;
        printf("result {\"cpu_s\": %.6f, \"wall_s\": %.6f}\n", cpu, wall);
        fflush(stdout);
    }
    return 0;
}

static int allocate(struct job *job, struct dr_arena *arena, int threads) {
    size_t most = job->file.size / sizeof(float) / input_floats(job);
    size_t scratch = job->frames ? dr_campplus_trunk_scratch() : dr_pyannet_scratch(batch_of(job));
    job->output = dr_arena_alloc(arena, most * output_floats(job), sizeof(float));
    int missing = !job->output;
    for (int i = 0; i < threads; i++) {
        job->scratch[i] = dr_arena_alloc(arena, scratch, sizeof(float));
        missing |= !job->scratch[i];
    }
    return missing ? -1 : 0;
}

int main(int argc, char **argv) {
    diarist_error err = {.message = "cannot read or write a file, or memory is short"};
    diarist_model *model = NULL;
    struct dr_arena arena = {NULL};
    struct dr_pool *pool = NULL;
    struct job job = {0};
    int float32 = argc == 8 && !strcmp(argv[7], "float32");
    int threads = argc == 7 || float32 ? (int)strtol(argv[5], NULL, 10) : 0;
    if (threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: time_networks segmentation|trunk MODEL INPUT OUTPUT THREADS FRAMES "
                        "[float32]\n");
        return 2;
    }
    job.frames = strcmp(argv[1], "trunk") ? 0 : strtoul(argv[6], NULL, 10);
    int status = job.frames > DR_CAMPPLUS_MAX_FRAMES;
    if (!status)
        status = diarist_model_load(&model, argv[2], NULL, &err);
    int32_t preset = float32 ? DIARIST_PRESET_ACCURATE : DIARIST_PRESET_BALANCED;
    if (!status)
        status = dr_model_networks(&job.networks, model, dr_model_precision(model, preset), &err);
    if (!status)
        status = dr_mapped_file_open(&job.file, argv[3]);
    job.input = (const float *)(const void *)job.file.data;
    if (!status)
        status = allocate(&job, &arena, threads);
    if (!status && !(pool = dr_pool_new(threads)))
        status = -1;
    if (!status)
        status = run_lines(&job, pool, argv[4]);
    if (status)
        fprintf(stderr, "time_networks: %s\n", err.message);
    dr_pool_free(pool);
    dr_arena_free(&arena);
    dr_mapped_file_close(&job.file);
    diarist_model_free(model);
    return status ? 1 : 0;
}
