/* votes.c - who talks at each frame by the votes of the chunks that cover it.
 * SPDX-License-Identifier: MIT */
#include "reconstruct/votes.h"

#include <math.h>
#include <string.h>

#include "reconstruct/frames.h"

enum { BLOCK_FRAMES = 1024 };

int dr_votes_open(struct dr_votes *votes, const struct dr_segmentation *segmentation,
                  const int32_t *assign, size_t num_speakers, unsigned max_count,
                  struct dr_arena *arena, diarist_error *err) {
    const size_t chunks = segmentation->num_chunks;
    const size_t last = chunks ? (chunks - 1) * segmentation->step : 0;
    *votes = (struct dr_votes){
        .segmentation = segmentation,
        .assign = assign,
        .num_speakers = num_speakers > DR_LOCAL_SPEAKERS ? num_speakers : DR_LOCAL_SPEAKERS,
        /* One more than any chunk covers: there every turn has ended. */
        .num_frames = chunks ? dr_chunk_frame(last) + DR_CHUNK_FRAMES + 1 : 0,
        .max_count = max_count};
    votes->votes = dr_arena_alloc(arena, BLOCK_FRAMES, votes->num_speakers * sizeof *votes->votes);
    votes->covered = dr_arena_alloc(arena, BLOCK_FRAMES, sizeof *votes->covered);
    votes->count = dr_arena_alloc(arena, BLOCK_FRAMES, sizeof *votes->count);
    return votes->votes && votes->covered && votes->count ? DIARIST_OK : dr_fail_memory(err);
}

/* One chunk's say on one frame: a vote for each speaker one of whose local speakers talks. Returns
 * how many local speakers do. */
static unsigned vote(float *votes, const int32_t *speaker, unsigned active) {
    unsigned num = 0;
    for (unsigned q = 0; q < DR_LOCAL_SPEAKERS; q++) {
        if (!(active >> q & 1))
            continue;
        num++;
        int first = speaker[q] >= 0;
        for (unsigned other = 0; other < q; other++)
            first = first && !((active >> other & 1) && speaker[other] == speaker[q]);
        if (first)
            votes[speaker[q]] += 1.0f;
    }
    return num;
}

void dr_votes_next(struct dr_votes *votes) {
    struct dr_votes *v = votes;
    const size_t k = v->num_speakers;
    v->first += v->num;
    v->num = v->num_frames - v->first < BLOCK_FRAMES ? v->num_frames - v->first : BLOCK_FRAMES;
    if (!v->num)
        return;
    unsigned short talking[BLOCK_FRAMES] = {0};
    memset(v->votes, 0, v->num * k * sizeof *v->votes);
    memset(v->covered, 0, v->num * sizeof *v->covered);
    size_t chunk = dr_first_chunk(v->segmentation, v->first);
    struct dr_span span;
    while (dr_next_span(&span, &chunk, v->segmentation, v->first, v->first + v->num)) {
        const uint8_t *active =
            v->segmentation->active + span.chunk * DR_CHUNK_FRAMES + span.in_chunk;
        for (size_t i = 0, f = span.frame - v->first; i < span.num; i++, f++) {
            const unsigned num =
                vote(v->votes + f * k, v->assign + span.chunk * DR_LOCAL_SPEAKERS, active[i]);
            talking[f] = (unsigned short)(talking[f] + num);
            v->covered[f] += 1.0f;
        }
    }
    for (size_t f = 0; f < v->num; f++) {
        const float mean = v->covered[f] > 0.0f ? (float)talking[f] / v->covered[f] : 0.0f;
        const unsigned count = (unsigned)rintf(mean);
        v->count[f] = (uint8_t)(count < v->max_count ? count : v->max_count);
    }
}

/* The share of the chunks that say so. */
static void shares(float *probability, const float *votes, float covered, size_t num_speakers) {
    for (size_t k = 0; k < num_speakers; k++)
        probability[k] = covered > 0.0f ? votes[k] / covered : 0.0f;
}

static int build_runs(struct dr_run_builder *builder, struct dr_votes *votes, float *probability) {
    const size_t k = votes->num_speakers;
    for (dr_votes_next(votes); votes->num; dr_votes_next(votes))
        for (size_t f = 0; f < votes->num; f++) {
            shares(probability, votes->votes + f * k, votes->covered[f], k);
            if (dr_run_builder_add(builder, votes->votes + f * k, probability, votes->count[f]))
                return -1;
        }
    return dr_run_builder_finish(builder);
}

int dr_reconstruct_votes(struct dr_turns *out, const struct dr_segmentation *segmentation,
                         const int32_t *assign, size_t num_speakers, unsigned max_count,
                         double end_s, const struct dr_reconstruct_params *params,
                         struct dr_arena *arena, diarist_error *err) {
    const struct dr_frame_times times = {DR_FRAME_MIDDLE_S, end_s};
    const float nobody_is_barred = -1.0f;
    struct dr_arena scratch = {0};
    struct dr_votes votes;
    struct dr_run_builder builder;
    *out = (struct dr_turns){0};
    int status =
        dr_votes_open(&votes, segmentation, assign, num_speakers, max_count, &scratch, err);
    float *probability = dr_arena_alloc(&scratch, votes.num_speakers, sizeof *probability);
    if (!status && (!probability ||
                    dr_run_builder_init(&builder, votes.num_speakers, nobody_is_barred, &scratch) ||
                    build_runs(&builder, &votes, probability) ||
                    dr_turns_of_runs(out, &builder, &times, params, arena)))
        status = dr_fail_memory(err);
    dr_arena_free(&scratch);
    return status;
}
