/* energies.c - features of the part of a recording that the embedding pass has still to see.
 * SPDX-License-Identifier: MIT */
#include "pipeline/energies.h"

#include <stdlib.h>
#include <string.h>

#include "base/growing.h"

struct frame_work {
    struct dr_workers *workers;
    float *energies; /* of the first frame */
    const float *samples;
    size_t num_frames, num_items;
};

/* Item i of n takes frames [i * num / n, (i + 1) * num / n). */
static void frame_item(void *context, size_t item, int worker) {
    const struct frame_work *work = context;
    size_t first = item * work->num_frames / work->num_items;
    size_t num = (item + 1) * work->num_frames / work->num_items - first;
    dr_fbank_run(work->workers->model->fbank, work->energies + first * DR_MELS,
                 work->samples + first * DR_FBANK_STEP, num, work->workers->scratch[worker]);
}

static int add_block(struct dr_energies *e, diarist_error *err) {
    int status = dr_grow(&e->block, &e->room, e->num_blocks + 1, sizeof *e->block, err);
    if (status)
        return status;
    float *block = malloc(sizeof *block * DR_BLOCK_FRAMES * DR_MELS);
    if (!block)
        return dr_fail_memory(err);
    e->block[e->num_blocks++] = block;
    return DIARIST_OK;
}

int dr_energies_add(struct dr_energies *energies, struct dr_workers *workers, const float *samples,
                    size_t end, diarist_error *err) {
    struct dr_energies *e = energies;
    while (e->num_frames < end) {
        size_t in_block = e->num_frames % DR_BLOCK_FRAMES, num = DR_BLOCK_FRAMES - in_block;
        if (e->num_frames == (e->first_block + e->num_blocks) * DR_BLOCK_FRAMES) {
            int status = add_block(e, err);
            if (status)
                return status;
        }
        if (num > end - e->num_frames)
            num = end - e->num_frames;
        struct frame_work work = {.workers = workers,
                                  .energies = e->block[e->num_blocks - 1] + in_block * DR_MELS,
                                  .samples = samples,
                                  .num_frames = num,
                                  .num_items = (size_t)workers->num};
        dr_pool_run(workers->pool, frame_item, &work, work.num_items);
        samples += num * DR_FBANK_STEP;
        e->num_frames += num;
    }
    return DIARIST_OK;
}

void dr_energies_forget(struct dr_energies *energies, size_t frame) {
    struct dr_energies *e = energies;
    size_t num = frame / DR_BLOCK_FRAMES - e->first_block;
    for (size_t i = 0; i < num; i++)
        free(e->block[i]);
    memmove(e->block, e->block + num, (e->num_blocks - num) * sizeof *e->block);
    e->first_block += num;
    e->num_blocks -= num;
}

void dr_energies_close(struct dr_energies *energies) {
    for (size_t i = 0; i < energies->num_blocks; i++)
        free(energies->block[i]);
    free(energies->block);
}
