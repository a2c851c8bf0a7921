/* chunk_voices.c - the voices of each chunk: ResNet34 over its 10 s once, then an embedding for
 * each of its local speakers. SPDX-License-Identifier: MIT */
#include "pipeline/chunk_voices.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/growing.h"

enum {
    Q = DR_LOCAL_SPEAKERS,
    DIM = DR_RESNET34_DIM,
    FRAMES = DR_CHUNK_FRAMES,
    FEATURES = (DR_CHUNK_SAMPLES - DR_FBANK_LENGTH) / DR_FBANK_STEP + 1,
    /* Frames that hold as many samples as a frame of features is made of: fewer cannot be embedded
     * in pyannote.audio, where the network is asked for the least that it takes. */
    MIN_CLEAN_FRAMES = (FRAMES * DR_FBANK_LENGTH + DR_CHUNK_SAMPLES - 1) / DR_CHUNK_SAMPLES
};

size_t dr_chunk_voices_scratch(void) {
    const size_t map_frames = dr_resnet34_map_frames(FEATURES);
    const size_t trunk = dr_resnet34_trunk_scratch(FEATURES);
    const size_t head = dr_resnet34_head_scratch(Q, map_frames), features = dr_fbank_scratch();
    size_t most = trunk > head ? trunk : head;
    most = most > features ? most : features;
    return DR_PADDED(FEATURES * DR_MELS) + DR_PADDED(dr_resnet34_map_floats(FEATURES)) + most;
}

void dr_chunk_voices_open(struct dr_chunk_voices *voices, struct dr_workers *workers,
                          const struct dr_segments *segments, int exclude_overlap) {
    *voices = (struct dr_chunk_voices){
        .workers = workers, .segments = segments, .exclude_overlap = exclude_overlap};
}

void dr_chunk_voices_close(struct dr_chunk_voices *voices) {
    free(voices->embedding);
}

/* Takes the mean of each mel away. */
static void centre(float *features) {
    for (size_t m = 0; m < DR_MELS; m++) {
        double sum = 0.0;
        for (size_t t = 0; t < FEATURES; t++)
            sum += features[t * DR_MELS + m];
        const float mean = (float)(sum / FEATURES);
        for (size_t t = 0; t < FEATURES; t++)
            features[t * DR_MELS + m] -= mean;
    }
}

/* The frames of local speaker q that are embedded. */
static void make_mask(unsigned char mask[FRAMES], const uint8_t *active, unsigned q,
                      int exclude_overlap) {
    size_t num_clean = 0;
    for (size_t f = 0; f < FRAMES; f++)
        num_clean += mask[f] = dr_clean(active[f]) >> q & 1;
    if (exclude_overlap && num_clean > MIN_CLEAN_FRAMES)
        return;
    for (size_t f = 0; f < FRAMES; f++)
        mask[f] = active[f] >> q & 1;
}

static int any_active(const uint8_t *active) {
    for (size_t f = 0; f < FRAMES; f++)
        if (active[f])
            return 1;
    return 0;
}

struct voice_work {
    struct dr_chunk_voices *voices;
    const float *samples; /* of the first chunk */
    size_t first;
};

/* One chunk. */
static void voice_item(void *context, size_t item, int worker) {
    const struct voice_work *work = context;
    const struct dr_chunk_voices *v = work->voices;
    const struct dr_resnet34 *net = v->workers->networks->resnet34;
    const size_t chunk = work->first + item;
    const uint8_t *active = v->segments->active + chunk * FRAMES;
    float *features = v->workers->scratch[worker];
    float *map = features + DR_PADDED(FEATURES * DR_MELS);
    float *scratch = map + DR_PADDED(dr_resnet34_map_floats(FEATURES));
    unsigned char masks[Q * FRAMES];
    if (!any_active(active)) {
        memset(v->embedding + chunk * Q * DIM, 0, Q * DIM * sizeof *v->embedding);
        return;
    }
    for (unsigned q = 0; q < Q; q++)
        make_mask(masks + q * FRAMES, active, q, v->exclude_overlap);
    dr_fbank_run(v->workers->model->fbank, features, work->samples + item * v->segments->step,
                 FEATURES, scratch);
    centre(features);
    dr_resnet34_trunk(net, map, features, FEATURES, scratch);
    dr_resnet34_head(net, v->embedding + chunk * Q * DIM, map, dr_resnet34_map_frames(FEATURES),
                     masks, Q, FRAMES, scratch);
}

int dr_chunk_voices_add(struct dr_chunk_voices *voices, const float *samples, size_t num,
                        diarist_error *err) {
    const size_t end = voices->num_chunks + num;
    int status =
        dr_grow(&voices->embedding, &voices->room, end * Q * DIM, sizeof *voices->embedding, err);
    if (status)
        return status;
    struct voice_work work = {voices, samples, voices->num_chunks};
    dr_pool_run(voices->workers->pool, voice_item, &work, num);
    voices->num_chunks = end;
    return DIARIST_OK;
}
