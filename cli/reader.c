/* reader.c - decoding in a thread of its own, some blocks ahead of who needs the samples.
 * SPDX-License-Identifier: MIT
 *
 *   blocks ever:  0 ... taken - 1 | taken ... filled - 1 | filled ... taken + BLOCKS - 1
 *                 free again      | waiting, or in use   | to be filled
 *
 * Block b lies at b % BLOCKS. The one in use is given back by the next call. */
#include "reader.h"

#include "report.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { BLOCKS = 6, BLOCK_SAMPLES = 10 * DIARIST_SAMPLE_RATE };

struct cli_reader {
    diarist_audio *audio;
    pthread_t thread;
    pthread_mutex_t lock;   /* of everything below but the samples */
    pthread_cond_t changed; /* a block was filled or given back, or it is over */
    size_t filled, taken;
    bool in_use; /* whether block `taken` is with the caller */
    bool ended;  /* nothing will be filled any more */
    bool stop;   /* nobody wants any more */
    int status;
    diarist_error err;
    size_t num[BLOCKS]; /* samples in each */
    float *samples;     /* [BLOCKS][BLOCK_SAMPLES] */
};

/* Waits until there is a block to fill; its number, or -1 when nobody wants it. */
static int find_room(struct cli_reader *r) {
    pthread_mutex_lock(&r->lock);
    while (!r->stop && r->filled - r->taken == BLOCKS)
        pthread_cond_wait(&r->changed, &r->lock);
    int block = r->stop ? -1 : (int)(r->filled % BLOCKS);
    pthread_mutex_unlock(&r->lock);
    return block;
}

static void *read_all(void *data) {
    struct cli_reader *r = data;
    bool ended = false;
    for (int block; !ended && (block = find_room(r)) >= 0;) {
        diarist_error err;
        size_t num = 0;
        int status = diarist_audio_read(r->audio, r->samples + (size_t)block * BLOCK_SAMPLES,
                                        BLOCK_SAMPLES, &num, &err);
        ended = status || num == 0;
        pthread_mutex_lock(&r->lock);
        r->num[block] = num;
        r->filled += !ended;
        r->ended = ended;
        r->status = status;
        if (status)
            r->err = err;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
    }
    return NULL;
}

int cli_reader_open(struct cli_reader **out, diarist_audio *audio, diarist_error *err) {
    struct cli_reader *r = calloc(1, sizeof *r);
    float *samples = malloc(sizeof *samples * BLOCKS * BLOCK_SAMPLES);
    *out = NULL;
    if (!r || !samples) {
        free(r);
        free(samples);
        return cli_set_memory_error(err);
    }
    r->audio = audio;
    r->samples = samples;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    if (!pthread_create(&r->thread, NULL, read_all, r)) {
        *out = r;
        return DIARIST_OK;
    }
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(samples);
    free(r);
    return cli_set_error(err, DIARIST_ERROR_MEMORY,
                         "no thread could be started to decode it; give fewer --jobs");
}

int cli_reader_next(struct cli_reader *r, const float **samples, size_t *num, diarist_error *err) {
    int status = DIARIST_OK;
    *num = 0;
    pthread_mutex_lock(&r->lock);
    if (r->in_use) {
        r->taken++;
        pthread_cond_broadcast(&r->changed);
    }
    while (r->filled == r->taken && !r->ended)
        pthread_cond_wait(&r->changed, &r->lock);
    r->in_use = r->filled > r->taken;
    if (r->in_use) {
        size_t block = r->taken % BLOCKS;
        *samples = r->samples + block * BLOCK_SAMPLES;
        *num = r->num[block];
    } else if (r->status) {
        status = r->status;
        *err = r->err;
    }
    pthread_mutex_unlock(&r->lock);
    return status;
}

void cli_reader_close(struct cli_reader *r) {
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r->samples);
    free(r);
}
