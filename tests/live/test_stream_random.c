/* test_stream_random.c - live streams fed at random: parts of any size, losses, broken samples.
 * SPDX-License-Identifier: MIT
 *
 * Arguments: the conversation in examples/, how many streams [12], the first one's seed [1]. Two
 * streams at a time share a group. Every event keeps to the protocol; the sanitizers watch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../clustering/random.h"
#include "../engine/setup.h"
#include "protocol.h"

enum { RATE = 16000, PAIR = 2, MOST_PART = 40000 };

struct live {
    diarist_stream *stream;
    size_t to_feed; /* samples until its end */
    struct protocol protocol;
};

static struct live pair[PAIR];
static unsigned long seed;

static void fail(const char *what) {
    fprintf(stderr, "seed %lu: %s\n", seed, what);
    exit(1);
}

static void must(int status, const diarist_error *err) {
    if (status)
        fail(err->message);
}

static void open_live(struct live *live, diarist_stream_group *group, uint64_t *random) {
    diarist_stream_options options;
    diarist_error err;
    float known[DR_EMBEDDING_DIM];
    random_voice(known, NULL, 1, random);
    diarist_stream_options_init(&options);
    options.latency_s = 0.5 + 4.5 * random_uniform(random);
    options.preset = random_below(random, 4) ? DIARIST_PRESET_BALANCED : DIARIST_PRESET_ACCURATE;
    options.max_speakers = (int32_t)random_below(random, 5);
    options.known = known;
    options.num_known = options.max_speakers > 1 ? (int32_t)random_below(random, 2) : 0;
    options.known_threshold = 0.01 + 0.9 * random_uniform(random);
    options.cluster_threshold = 0.2 + 0.7 * random_uniform(random);
    must(diarist_stream_open(&live->stream, model, &options, group, &err), &err);
    live->to_feed = random_below(random, (size_t)16 * RATE);
    protocol_init(&live->protocol, options.latency_s, options.num_known);
}

static void take(struct live *live) {
    diarist_event event;
    const char *wrong;
    while (!protocol_next(&live->protocol, live->stream, &event, &wrong))
        if (wrong)
            fail(wrong);
}

/* Some of the conversation from anywhere, some of it broken, or noise. */
static void fill(float *part, size_t n, uint64_t *random) {
    const size_t from = random_below(random, num_samples - n);
    memcpy(part, samples + from, n * sizeof *part);
    const float broken[] = {NAN, INFINITY, -INFINITY, 1e38f, -1e-38f, -0.0f};
    if (random_below(random, 4) == 0)
        for (size_t k = 0; k < 20; k++)
            part[random_below(random, n)] = broken[random_below(random, 6)];
    if (random_below(random, 6) == 0)
        for (size_t i = 0; i < n; i++)
            part[i] = (float)(random_normal(random) * 0.3);
}

static void feed(struct live *live, uint64_t *random) {
    static float part[MOST_PART];
    diarist_error err;
    size_t used, n = 1 + random_below(random, random_below(random, 2) ? 300 : MOST_PART);
    n = n < live->to_feed ? n : live->to_feed;
    if (random_below(random, 5) == 0) {
        must(diarist_stream_skip(live->stream, n, &used, &err), &err);
    } else {
        if (n)
            fill(part, n, random);
        must(diarist_stream_feed(live->stream, part, n, &used, &err), &err);
    }
    if (used > n)
        fail("more was taken than was given");
    live->to_feed -= used;
}

static void end(struct live *live) {
    diarist_error err;
    must(diarist_stream_finish(live->stream, &err), &err);
    take(live);
    const char *wrong = protocol_end(&live->protocol);
    if (wrong)
        fail(wrong);
    diarist_stream_free(live->stream);
    live->stream = NULL;
}

static void run_pair(void) {
    uint64_t random = seed * 0x9e3779b97f4a7c15ULL + 1;
    diarist_stream_group *group;
    diarist_error err;
    size_t steps, left = PAIR;
    must(diarist_stream_group_open(&group, model, 1 + (int32_t)random_below(&random, 2), &err),
         &err);
    for (size_t i = 0; i < PAIR; i++)
        open_live(&pair[i], group, &random);
    while (left) {
        struct live *live = &pair[random_below(&random, PAIR)];
        if (live->stream && live->to_feed)
            feed(live, &random);
        if (live->stream && random_below(&random, 3))
            take(live);
        if (random_below(&random, 2))
            must(diarist_stream_group_run(group, &steps, &err), &err);
        if (live->stream && (!live->to_feed || random_below(&random, 200) == 0)) {
            end(live);
            left--;
        }
    }
    diarist_stream_group_free(group);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 4)
        return 2;
    const unsigned long num = argc > 2 ? strtoul(argv[2], NULL, 10) : 12;
    const unsigned long first = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
    if (set_up(argv[1], 33, NULL))
        return 1;
    for (seed = first; seed < first + (num + 1) / 2; seed++)
        run_pair();
    return tear_down(NULL);
}
