/* networks.c - times diarist's networks on the inputs that the peers get.
 * SPDX-License-Identifier: MIT
 *
 * usage: time_networks segmentation|trunk|resnet34 MODEL.safetensors INPUT.f32 OUTPUT.f32 THREADS
 *        FRAMES [float32]
 *
 * Runs in the precision of the preset balanced, with float32 in that of the preset accurate.
 * INPUT.f32: chunks of 160000 samples, or features [FRAMES][80] one after the other. For each line
 * N on standard input the first N of them are run in the engine's own batches, spread over the
 * threads, and the seconds that took are printed as JSON (worker.py says the same of the peers).
 * Then the outputs go to OUTPUT.f32: [N][589][7], the trunk's columns [N][FRAMES / 2][512], or
 * ResNet34's embeddings [N][256] of all frames. Of its MODEL only embedding.resnet.* is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mapped_file.h"
#include "base/threads.h"
#include "embedding/resnet34.h"
#include "pipeline/model.h"
#include "types.h"

enum { MAX_THREADS = 256 };

enum kind { SEGMENTATION, TRUNK, RESNET34, NUM_KINDS };
static const char *const kind_names[NUM_KINDS] = {"segmentation", "trunk", "resnet34"};

struct job {
    enum kind kind;
    const struct dr_networks *networks; /* or */
    const struct dr_resnet34 *resnet34;
    struct dr_mapped_file file;
    const float *input;
    float *output;
    float *scratch[MAX_THREADS];
    size_t num, frames; /* frames: of features */
};

static size_t input_floats(const struct job *job) {
    return job->kind == SEGMENTATION ? DR_CHUNK_SAMPLES : job->frames * DR_MELS;
}

static size_t output_floats(const struct job *job) {
    const size_t floats[NUM_KINDS] = {(size_t)DR_CHUNK_FRAMES * DR_CLASSES,
                                      (job->frames + 1) / 2 * DR_COLUMN_DIM, DR_RESNET34_DIM};
    return floats[job->kind];
}

static size_t batch_of(const struct job *job) {
    return job->kind == SEGMENTATION ? DR_PYANNET_BATCH : 1;
}

static size_t scratch_floats(const struct job *job) {
    switch (job->kind) {
    case SEGMENTATION:
        return dr_pyannet_scratch(batch_of(job));
    case TRUNK:
        return dr_campplus_trunk_scratch();
    default:
        return DR_PADDED(dr_resnet34_num_columns(job->frames) * DR_RESNET34_COLUMN_DIM) +
               dr_resnet34_trunk_scratch(job->frames) + dr_resnet34_voices_scratch(1) +
               dr_resnet34_num_columns(job->frames) / sizeof(float) + 1;
    }
}

/* An embedding of all frames. */
static void run_resnet34(const struct job *job, float *output, const float *input, float *scratch) {
    const size_t num_columns = dr_resnet34_num_columns(job->frames);
    float *columns = scratch;
    scratch += DR_PADDED(num_columns * DR_RESNET34_COLUMN_DIM);
    dr_resnet34_trunk(job->resnet34, columns, input, job->frames, scratch);
    unsigned char *all = (unsigned char *)(scratch + dr_resnet34_voices_scratch(1));
    memset(all, 1, num_columns);
    dr_resnet34_voices(job->resnet34, output, columns, num_columns, all, 1, scratch);
}

static void run_batch(void *context, size_t item, int worker) {
    struct job *job = context;
    size_t first = item * batch_of(job), left = job->num - first;
    const float *input = job->input + first * input_floats(job);
    float *output = job->output + first * output_floats(job), *scratch = job->scratch[worker];
    size_t batch = left < batch_of(job) ? left : batch_of(job);
    switch (job->kind) {
    case SEGMENTATION:
        dr_pyannet_run(job->networks->pyannet, output, input, DR_CHUNK_SAMPLES, batch, NULL,
                       scratch);
        break;
    case TRUNK:
        dr_campplus_trunk(job->networks->campplus, output, input, job->frames, DR_EVERY_COLUMN,
                          scratch);
        break;
    default:
        run_resnet34(job, output, input, scratch);
    }
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
    job->output = dr_arena_alloc(arena, most * output_floats(job), sizeof(float));
    int missing = !job->output;
    for (int i = 0; i < threads; i++) {
        job->scratch[i] = dr_arena_alloc(arena, scratch_floats(job), sizeof(float));
        missing |= !job->scratch[i];
    }
    return missing ? -1 : 0;
}

/* What a run needs, freed at the end. */
struct run {
    diarist_model *model; /* or */
    struct dr_mapped_file model_file;
    struct dr_weights *weights;
    struct dr_kernels kernels;
    struct dr_arena arena;
    struct dr_pool *pool;
};

static int load_resnet34(struct job *job, struct run *run, const char *path, int float32,
                         diarist_error *err) {
    dr_kernels_init(&run->kernels, dr_cpu_flags(DIARIST_CPU_ALL));
    struct dr_loader loader = {.arena = &run->arena,
                               .precision =
                                   !float32 && run->kernels.prefers_int16 ? DR_INT16 : DR_FLOAT32};
    int status = dr_mapped_file_open(&run->model_file, path);
    if (!status)
        status = dr_weights_parse(&run->weights, run->model_file.data, run->model_file.size, err);
    if (status)
        return status;
    loader.weights = run->weights;
    job->resnet34 = dr_resnet34_load(&loader, &run->kernels);
    free(loader.scratch);
    *err = loader.err.status ? loader.err : *err;
    return loader.err.status;
}

static int load(struct job *job, struct run *run, const char *path, int float32,
                diarist_error *err) {
    if (job->kind == RESNET34)
        return load_resnet34(job, run, path, float32, err);
    const int32_t preset = float32 ? DIARIST_PRESET_ACCURATE : DIARIST_PRESET_BALANCED;
    int status = diarist_model_load(&run->model, path, NULL, err);
    if (!status)
        status = dr_model_networks(&job->networks, run->model,
                                   dr_model_precision(run->model, preset), 1, err);
    return status;
}

static void free_run(struct run *run) {
    dr_pool_free(run->pool);
    dr_arena_free(&run->arena);
    dr_weights_free(run->weights);
    dr_mapped_file_close(&run->model_file);
    diarist_model_free(run->model);
}

int main(int argc, char **argv) {
    diarist_error err = {.message = "cannot read or write a file, or memory is short"};
    struct run run = {0};
    struct job job = {0};
    int float32 = argc == 8 && !strcmp(argv[7], "float32");
    int threads = argc == 7 || float32 ? (int)strtol(argv[5], NULL, 10) : 0;
    while (threads && job.kind < NUM_KINDS && strcmp(argv[1], kind_names[job.kind]))
        job.kind++;
    if (threads < 1 || threads > MAX_THREADS || job.kind == NUM_KINDS) {
        fprintf(stderr, "usage: time_networks segmentation|trunk|resnet34 MODEL INPUT OUTPUT "
                        "THREADS FRAMES [float32]\n");
        return 2;
    }
    job.frames = job.kind == SEGMENTATION ? 0 : strtoul(argv[6], NULL, 10);
    int status = job.kind == TRUNK && job.frames > DR_CAMPPLUS_MAX_FRAMES;
    if (!status)
        status = load(&job, &run, argv[2], float32, &err);
    if (!status)
        status = dr_mapped_file_open(&job.file, argv[3]);
    job.input = (const float *)(const void *)job.file.data;
    if (!status)
        status = allocate(&job, &run.arena, threads);
    if (!status && !(run.pool = dr_pool_new(threads)))
        status = -1;
    if (!status)
        status = run_lines(&job, run.pool, argv[4]);
    if (status)
        fprintf(stderr, "time_networks: %s\n", err.message);
    dr_mapped_file_close(&job.file);
    free_run(&run);
    return status ? 1 : 0;
}
