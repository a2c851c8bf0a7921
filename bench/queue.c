/* queue.c - times many short recordings: one after the other on all threads, or in a queue.
 * SPDX-License-Identifier: MIT
 *
 * usage: time_queue FILE NUM SECONDS THREADS [MODEL.safetensors]
 *
 * The first NUM pieces of FILE, SECONDS each, in turns: diarist_diarize in a loop, a queue, and the
 * segmentation of their first windows (10 s), one in a batch and six, on this thread. Medians of
 * ROUNDS rounds, the first of which is not counted. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "diarist/diarist.h"
#include "diarist/io.h"
#include "pipeline/model.h"
#include "types.h"

enum { ROUNDS = 5, WAYS = 4 };

static const char *const names[WAYS] = {"diarist_diarize in a loop", "diarist_queue",
                                        "segmentation, batches of 1", "segmentation, batches of 6"};

struct run {
    diarist_model *model;
    const struct dr_networks *networks;
    float *samples, *scratch, *logprob;
    size_t num, piece; /* recordings; samples of each */
    diarist_options options;
};

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int run_loop(const struct run *run, diarist_error *err) {
    int status = DIARIST_OK;
    for (size_t i = 0; i < run->num && !status; i++) {
        diarist_result *result;
        status = diarist_diarize(&result, run->model, run->samples + i * run->piece, run->piece,
                                 &run->options, err);
        diarist_result_free(result);
    }
    return status;
}

static int run_queue(const struct run *run, diarist_error *err) {
    diarist_queue *queue;
    diarist_finished finished;
    int status = diarist_queue_open(&queue, run->model, &run->options, run->num, err);
    for (size_t i = 0; i < run->num && !status; i++)
        status = diarist_queue_push(queue, run->samples + i * run->piece, run->piece, NULL, err);
    while (!status && diarist_queue_receive(&finished, queue, 1) == 0) {
        status = finished.error.status;
        *err = finished.error;
        diarist_result_free(finished.result);
    }
    diarist_queue_free(queue);
    return status;
}

/* Windows lie one after the other: no two share samples, as those of short recordings. */
static int run_segmentation(const struct run *run, size_t batch) {
    for (size_t i = 0; i < run->num; i += batch)
        dr_pyannet_run(run->networks->pyannet, run->logprob, run->samples + i * DR_CHUNK_SAMPLES,
                       DR_CHUNK_SAMPLES, run->num - i < batch ? run->num - i : batch, NULL,
                       run->scratch);
    return DIARIST_OK;
}

static int run_way(int way, const struct run *run, diarist_error *err) {
    switch (way) {
    case 0:
        return run_loop(run, err);
    case 1:
        return run_queue(run, err);
    case 2:
        return run_segmentation(run, 1);
    default:
        return run_segmentation(run, DR_PYANNET_BATCH);
    }
}

static int ascending(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double seconds[ROUNDS]) {
    qsort(seconds, ROUNDS, sizeof *seconds, ascending);
    return seconds[ROUNDS / 2];
}

static int time_ways(const struct run *run, diarist_error *err) {
    double wall[WAYS][ROUNDS], cpu[WAYS][ROUNDS];
    for (int round = -1; round < ROUNDS; round++)
        for (int way = 0; way < WAYS; way++) {
            const double wall_start = dr_clock_s(), cpu_start = cpu_seconds();
            int status = run_way(way, run, err);
            if (status)
                return status;
            if (round < 0)
                continue;
            wall[way][round] = dr_clock_s() - wall_start;
            cpu[way][round] = cpu_seconds() - cpu_start;
        }
    for (int way = 0; way < WAYS; way++)
        printf("%-28s %7.3f s wall %7.3f s CPU\n", names[way], median(wall[way]), median(cpu[way]));
    return DIARIST_OK;
}

/* A whole window for each piece at least. */
static int read_samples(struct run *run, const char *path, diarist_error *err) {
    const size_t piece = run->piece > DR_CHUNK_SAMPLES ? run->piece : DR_CHUNK_SAMPLES;
    const size_t wanted = run->num * piece;
    diarist_audio *audio;
    int status = diarist_audio_open(&audio, path, NULL, err);
    run->samples = calloc(wanted + 1, sizeof *run->samples);
    if (!status && !run->samples)
        status = DIARIST_ERROR_MEMORY;
    for (size_t at = 0, got = 1; !status && got && at < wanted; at += got)
        status = diarist_audio_read(audio, run->samples + at, wanted - at, &got, err);
    diarist_audio_close(audio);
    return status;
}

int main(int argc, char **argv) {
    struct run run = {0};
    diarist_error err = {.message = "no memory"};
    if (argc < 5)
        return fprintf(stderr, "usage: time_queue FILE NUM SECONDS THREADS [MODEL]\n"), 2;
    run.num = strtoul(argv[2], NULL, 10);
    run.piece = strtoul(argv[3], NULL, 10) * DIARIST_SAMPLE_RATE;
    diarist_options_init(&run.options);
    run.options.num_threads = (int32_t)strtol(argv[4], NULL, 10);
    run.scratch = aligned_alloc(DR_ALIGN, DR_PADDED(dr_pyannet_scratch(DR_PYANNET_BATCH)) * 4);
    run.logprob = calloc(DR_PYANNET_BATCH * DR_CHUNK_FRAMES, DR_CLASSES * sizeof *run.logprob);
    int failed =
        !run.scratch || !run.logprob || read_samples(&run, argv[1], &err) ||
        diarist_model_load(&run.model, argc > 5 ? argv[5] : NULL, NULL, &err) ||
        dr_model_networks(&run.networks, run.model,
                          dr_model_precision(run.model, DIARIST_PRESET_BALANCED), 1, &err) ||
        time_ways(&run, &err);
    if (failed)
        fprintf(stderr, "time_queue: %s\n", err.message);
    diarist_model_free(run.model);
    free(run.logprob);
    free(run.scratch);
    free(run.samples);
    return failed;
}
