/* result.c - who spoke when, finished and read-only.
 * SPDX-License-Identifier: MIT */
#include "pipeline/result.h"

#include <stdlib.h>
#include <string.h>

struct diarist_result *dr_result_new(void) {
    return calloc(1, sizeof(struct diarist_result));
}

int dr_result_is_vad(const diarist_result *result) {
    return result->is_vad;
}

void diarist_result_free(diarist_result *result) {
    if (!result)
        return;
    dr_arena_free(&result->arena);
    free(result);
}

size_t diarist_result_num_turns(const diarist_result *result, diarist_view view) {
    return view == DIARIST_EXCLUSIVE ? result->turns.num_exclusive : result->turns.num_turns;
}

int diarist_result_turn(const diarist_result *result, diarist_view view, size_t i,
                        diarist_turn *out) {
    if (i >= diarist_result_num_turns(result, view))
        return -1;
    const struct dr_turn *t =
        (view == DIARIST_EXCLUSIVE ? result->turns.exclusive : result->turns.turn) + i;
    out->start = t->start_s;
    out->end = t->end_s;
    out->speaker = t->speaker;
    out->confidence = t->confidence;
    out->flags = t->overlap ? DIARIST_TURN_OVERLAP : 0;
    return 0;
}

size_t diarist_result_num_speakers(const diarist_result *result) {
    return result->turns.num_speakers;
}

/* Of a speaker on whom no local speaker was put there is none. */
static const float *embedding_of(const diarist_result *result, size_t speaker) {
    const float *embedding = result->embedding + speaker * result->embedding_dim;
    for (size_t d = 0; d < result->embedding_dim; d++)
        if (embedding[d] != 0.0f)
            return embedding;
    return NULL;
}

int diarist_result_speaker(const diarist_result *result, size_t speaker, diarist_speaker *out) {
    if (speaker >= result->turns.num_speakers)
        return -1;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < result->turns.num_turns; i++) {
        const struct dr_turn *t = &result->turns.turn[i];
        if ((size_t)t->speaker == speaker) {
            out->seconds += t->end_s - t->start_s;
            out->num_turns++;
        }
    }
    if (result->embedding)
        out->embedding = embedding_of(result, speaker);
    return 0;
}

size_t diarist_result_embedding_dim(const diarist_result *result) {
    return result->embedding ? result->embedding_dim : 0;
}

double diarist_result_duration(const diarist_result *result) {
    return result->duration_s;
}

void diarist_result_timing(const diarist_result *result, diarist_timing *out) {
    *out = result->timing;
}

int32_t diarist_result_num_threads(const diarist_result *result) {
    return result->num_threads;
}

const char *diarist_result_trunk(const diarist_result *result) {
    return result->trunk;
}

const char *diarist_result_precision(const diarist_result *result) {
    return result->precision == DR_INT16 ? "int16" : "float32";
}

double diarist_result_step(const diarist_result *result) {
    return result->step_s;
}

double diarist_result_speech(const diarist_result *result) {
    return result->speech_s;
}

const void *diarist_result_evidence(const diarist_result *result, size_t *num_bytes) {
    *num_bytes = result->evidence_bytes;
    return result->evidence;
}

size_t diarist_result_num_chunks(const diarist_result *result) {
    return result->kept.num_chunks;
}

int diarist_result_chunk(const diarist_result *result, size_t i, diarist_chunk *out) {
    const struct dr_kept *kept = &result->kept;
    const size_t row = i * DR_LOCAL_SPEAKERS;
    if (i >= kept->num_chunks)
        return -1;
    memset(out, 0, sizeof *out);
    out->start = (double)(i * kept->step) / DR_SAMPLE_RATE;
    out->end = (double)(i * kept->step + DR_CHUNK_SAMPLES) / DR_SAMPLE_RATE;
    out->first_frame = DR_FRAME_MIDDLE_S;
    out->frame_step = DR_FRAME_S;
    out->num_frames = DR_CHUNK_FRAMES;
    out->num_local = DR_LOCAL_SPEAKERS;
    out->active = kept->active + row * DR_CHUNK_FRAMES;
    if (!kept->dim)
        return 0;
    out->embedding_dim = kept->dim;
    out->embedding = kept->embedding + row * kept->dim;
    out->cluster = kept->cluster + row;
    out->speaker = kept->speaker + row;
    return 0;
}

size_t diarist_result_num_windows(const diarist_result *result) {
    return result->kept.num_windows;
}

int diarist_result_window(const diarist_result *result, size_t i, diarist_window *out) {
    const struct dr_kept *kept = &result->kept;
    if (i >= kept->num_windows)
        return -1;
    out->start = kept->window_start_s[i];
    out->end = kept->window_end_s[i];
    out->embedding_dim = kept->dim;
    out->embedding = kept->window_embedding + i * kept->dim;
    out->cluster = kept->window_cluster[i];
    out->speaker = kept->window_speaker[i];
    return 0;
}
