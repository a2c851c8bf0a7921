/* vad.c - times voice activity as it comes, on one thread.
 * SPDX-License-Identifier: MIT
 *
 * usage: time_vad FILE SECONDS STEP [MODEL.safetensors]
 *
 * The first SECONDS of FILE through a diarist_vad_stream, in turns: in parts of 100 ms, and all at
 * once, when windows are worked on in batches. CPU time, the least of ROUNDS. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "diarist/io.h"
#include "diarist/stream.h"

enum { ROUNDS = 5, WAYS = 2 };

static const char *const names[WAYS] = {"100 ms at a time", "all at once"};

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int run_way(int way, const diarist_model *model, const diarist_vad_options *options,
                   const float *samples, size_t n, diarist_error *err) {
    const size_t part = way == 0 ? DIARIST_SAMPLE_RATE / 10 : n;
    diarist_vad_stream *stream;
    diarist_voice_range range;
    int status = diarist_vad_stream_open(&stream, model, options, err);
    for (size_t at = 0, used; at < n && !status; at += used) {
        status = diarist_vad_stream_feed(stream, samples + at, n - at < part ? n - at : part, &used,
                                         err);
        while (!status && !diarist_vad_stream_next(stream, &range))
            continue;
    }
    if (!status)
        status = diarist_vad_stream_finish(stream, err);
    diarist_vad_stream_free(stream);
    return status;
}

static int time_ways(const diarist_model *model, const diarist_vad_options *options,
                     const float *samples, size_t n, diarist_error *err) {
    double least[WAYS] = {1e9, 1e9};
    for (int round = 0; round < ROUNDS; round++)
        for (int way = 0; way < WAYS; way++) {
            const double start = cpu_seconds();
            int status = run_way(way, model, options, samples, n, err);
            if (status)
                return status;
            const double took = cpu_seconds() - start;
            least[way] = took < least[way] ? took : least[way];
        }
    for (int way = 0; way < WAYS; way++)
        printf("%-18s %7.3f CPU-s, %6.1f x realtime\n", names[way], least[way],
               (double)n / DIARIST_SAMPLE_RATE / least[way]);
    return DIARIST_OK;
}

int main(int argc, char **argv) {
    diarist_error err = {.message = "no memory"};
    diarist_vad_options options;
    diarist_audio *audio = NULL;
    diarist_model *model = NULL;
    if (argc < 4)
        return fprintf(stderr, "usage: time_vad FILE SECONDS STEP [MODEL]\n"), 2;
    const size_t room = strtoul(argv[2], NULL, 10) * DIARIST_SAMPLE_RATE;
    float *samples = calloc(room + 1, sizeof *samples);
    size_t n = 0, got = 1;
    diarist_vad_options_init(&options);
    options.step_s = strtod(argv[3], NULL);
    int status = samples ? diarist_audio_open(&audio, argv[1], NULL, &err) : DIARIST_ERROR_MEMORY;
    for (; !status && got && n < room; n += got)
        status = diarist_audio_read(audio, samples + n, room - n, &got, &err);
    if (!status)
        status = diarist_model_load(&model, argc > 4 ? argv[4] : NULL, NULL, &err);
    if (!status)
        status = time_ways(model, &options, samples, n, &err);
    if (status)
        fprintf(stderr, "time_vad: %s\n", err.message);
    diarist_model_free(model);
    diarist_audio_close(audio);
    free(samples);
    return status != 0;
}
