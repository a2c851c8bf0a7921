/* streams.c - how many live streams keep up with their audio.
 * SPDX-License-Identifier: MIT
 *
 * usage: time_streams FILE NUM SECONDS LATENCY THREADS [live]
 *
 * NUM streams of one group, each fed SECONDS of FILE from a place of its own, 0.1 s at a time. As
 * fast as can be: how many would keep up, of the time that was needed. live: as time goes by; how
 * far events came behind their audio. */
#define _DEFAULT_SOURCE /* usleep */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "diarist/io.h"
#include "diarist/stream.h"
#include "types.h"

enum { TICK = DR_SAMPLE_RATE / 10 };

struct load {
    float *samples;
    size_t num_samples, num, length; /* of the file; streams; samples of each */
    diarist_stream_group *group;
    diarist_stream **stream;
    size_t *fed; /* [num] */
    int live;
    double start_s, worst_s, sum_s; /* events behind their audio */
    size_t num_events, num_final;
};

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Resident memory, bytes. */
static double resident(void) {
    unsigned long all = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%lu %lu", &all, &pages) != 2)
            pages = 0;
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int read_samples(struct load *load, const char *path, diarist_error *err) {
    const size_t most = (size_t)DR_SAMPLE_RATE * 3600;
    diarist_audio *audio;
    int status = diarist_audio_open(&audio, path, NULL, err);
    load->samples = malloc(most * sizeof *load->samples);
    if (!status && !load->samples)
        status = DIARIST_ERROR_MEMORY;
    for (size_t got = 1; !status && got && load->num_samples < most; load->num_samples += got)
        status = diarist_audio_read(audio, load->samples + load->num_samples,
                                    most - load->num_samples, &got, err);
    diarist_audio_close(audio);
    return status;
}

static int open_streams(struct load *load, const diarist_model *model, double latency_s,
                        int threads, diarist_error *err) {
    diarist_stream_options options;
    diarist_stream_options_init(&options);
    options.latency_s = latency_s;
    load->stream = calloc(load->num, sizeof *load->stream);
    load->fed = calloc(load->num, sizeof *load->fed);
    if (!load->stream || !load->fed)
        return DIARIST_ERROR_MEMORY;
    int status = diarist_stream_group_open(&load->group, model, threads, err);
    for (size_t i = 0; i < load->num && !status; i++)
        status = diarist_stream_open(&load->stream[i], model, &options, load->group, err);
    return status;
}

static void take_events(struct load *load, size_t i) {
    diarist_event event;
    while (diarist_stream_next(load->stream[i], &event) == 0) {
        const double behind = dr_clock_s() - load->start_s - event.at;
        load->num_events++;
        load->num_final += event.type == DIARIST_TURN_FINAL;
        load->worst_s = behind > load->worst_s ? behind : load->worst_s;
        load->sum_s += behind;
    }
}

/* All that has come by sample number `until` of each stream. */
static int feed_all(struct load *load, size_t until, diarist_error *err) {
    int status = DIARIST_OK;
    for (size_t i = 0; i < load->num && !status; i++)
        while (load->fed[i] < until && !status) {
            size_t used, at = (i * 7919 * 160 + load->fed[i]) % load->num_samples;
            size_t n = until - load->fed[i];
            n = n < load->num_samples - at ? n : load->num_samples - at;
            status = diarist_stream_feed(load->stream[i], load->samples + at, n, &used, err);
            load->fed[i] += used;
            if (!used)
                break;
        }
    return status;
}

static int run(struct load *load, diarist_error *err) {
    load->start_s = dr_clock_s();
    for (size_t until = TICK; until <= load->length; until += TICK) {
        size_t steps;
        double early = (double)until / DR_SAMPLE_RATE - (dr_clock_s() - load->start_s);
        if (load->live && early > 0.0)
            usleep((useconds_t)(early * 1e6));
        do {
            int status = feed_all(load, until, err);
            if (!status)
                status = diarist_stream_group_run(load->group, &steps, err);
            if (status)
                return status;
            for (size_t i = 0; i < load->num; i++)
                take_events(load, i);
        } while (steps);
    }
    return DIARIST_OK;
}

static void report(const struct load *load, double cpu_s, double wall_s, double bytes) {
    const double audio_s = (double)load->num * (double)load->length / DR_SAMPLE_RATE;
    printf("%zu streams, %.0f s each: %.2f s wall, %.2f s CPU, %.2f ms CPU a second of stream\n",
           load->num, (double)load->length / DR_SAMPLE_RATE, wall_s, cpu_s, 1e3 * cpu_s / audio_s);
    printf("%.2f MB a stream, %zu events, %zu turns\n", bytes / (double)load->num / 1e6,
           load->num_events, load->num_final);
    if (load->live)
        printf("events behind their audio: mean %.3f s, worst %.3f s\n",
               load->sum_s / (double)(load->num_events ? load->num_events : 1), load->worst_s);
    else
        printf("keep up: %.1f streams\n", audio_s / wall_s);
}

int main(int argc, char **argv) {
    struct load load = {0};
    diarist_model *model = NULL;
    diarist_error err = {.message = "no memory"};
    if (argc < 6)
        return fprintf(stderr, "usage: time_streams FILE NUM SECONDS LATENCY THREADS [live]\n"), 2;
    load.num = strtoul(argv[2], NULL, 10);
    load.length = strtoul(argv[3], NULL, 10) * DR_SAMPLE_RATE;
    load.live = argc > 6 && strcmp(argv[6], "live") == 0;
    int status = diarist_model_load(&model, NULL, NULL, &err);
    if (!status)
        status = read_samples(&load, argv[1], &err);
    const double before = resident();
    if (!status)
        status =
            open_streams(&load, model, strtod(argv[4], NULL), (int)strtol(argv[5], NULL, 10), &err);
    const double cpu = cpu_seconds(), wall = dr_clock_s();
    if (!status)
        status = run(&load, &err);
    if (status)
        fprintf(stderr, "time_streams: %s\n", err.message);
    else
        report(&load, cpu_seconds() - cpu, dr_clock_s() - wall, resident() - before);
    for (size_t i = 0; load.stream && i < load.num; i++)
        diarist_stream_free(load.stream[i]);
    diarist_stream_group_free(load.group);
    diarist_model_free(model);
    free(load.stream);
    free(load.fed);
    free(load.samples);
    return status ? 1 : 0;
}
