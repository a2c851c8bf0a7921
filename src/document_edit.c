/* document_edit.c - speakers of a recording that turn out to be one, or two.
 * SPDX-License-Identifier: MIT */
#include "document.h"

#include "base/error.h"
#include "base/growing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int dr_recording_set_voice(struct dr_document_recording *recording, size_t speaker,
                           const float *embedding, size_t dim, diarist_error *err) {
    struct dr_document_speaker *about = &recording->speakers[speaker];
    float *copy = dim ? malloc(dim * sizeof *copy) : NULL;
    if (dim && !copy)
        return dr_fail_memory(err);
    if (copy)
        memcpy(copy, embedding, dim * sizeof *copy);
    free(about->embedding);
    about->embedding = copy;
    about->embedding_dim = dim;
    return DIARIST_OK;
}

/* ---- merging ------------------------------------------------------------------------------ */

static double talk_time(const struct dr_document_recording *recording, size_t speaker) {
    const struct dr_document_turns *turns = &recording->turns[DIARIST_OVERLAPPING];
    double seconds = 0;
    for (size_t i = 0; i < turns->num; i++)
        if (turns->items[i].speaker == (int32_t)speaker)
            seconds += turns->items[i].end_s - turns->items[i].start_s;
    return seconds;
}

/* into's voice becomes the direction of the sum of both, each by its talk time; whoever has none
 * adds nothing. */
static int merge_voices(struct dr_document_recording *recording, size_t into, size_t from,
                        diarist_error *err) {
    struct dr_document_speaker *a = &recording->speakers[into], *b = &recording->speakers[from];
    const double weight_a = talk_time(recording, into), weight_b = talk_time(recording, from);
    double squares = 0;
    if (!b->embedding || (a->embedding && a->embedding_dim != b->embedding_dim))
        return DIARIST_OK;
    if (!a->embedding)
        return dr_recording_set_voice(recording, into, b->embedding, b->embedding_dim, err);
    for (size_t d = 0; d < a->embedding_dim; d++) {
        a->embedding[d] =
            (float)(weight_a * (double)a->embedding[d] + weight_b * (double)b->embedding[d]);
        squares += (double)a->embedding[d] * (double)a->embedding[d];
    }
    for (size_t d = 0; d < a->embedding_dim && squares > 0; d++)
        a->embedding[d] = (float)((double)a->embedding[d] / sqrt(squares));
    return DIARIST_OK;
}

static float mean_confidence(const struct dr_document_turn *a, const struct dr_document_turn *b) {
    const double length_a = a->end_s - a->start_s, length_b = b->end_s - b->start_s;
    if (a->confidence < 0 || b->confidence < 0)
        return -1;
    return (float)((length_a * (double)a->confidence + length_b * (double)b->confidence) /
                   (length_a + length_b));
}

/* Turns of a speaker that meet become one; turns are sorted by start. What is left over has no
 * length and is left out by settling. */
static void join_turns(struct dr_document_turns *turns, int32_t speaker) {
    struct dr_document_turn *last = NULL;
    for (size_t i = 0; i < turns->num; i++) {
        struct dr_document_turn *turn = &turns->items[i];
        if (turn->speaker != speaker)
            continue;
        if (!last || turn->start_s > last->end_s || turn->channel != last->channel) {
            last = turn;
            continue;
        }
        last->confidence = mean_confidence(last, turn);
        last->end_s = turn->end_s > last->end_s ? turn->end_s : last->end_s;
        turn->end_s = turn->start_s;
    }
}

static void move_turns(struct dr_document_turns *turns, int32_t into, int32_t from) {
    for (size_t i = 0; i < turns->num; i++)
        if (turns->items[i].speaker == from)
            turns->items[i].speaker = into;
    join_turns(turns, into);
    for (size_t i = 0; i < turns->num; i++)
        turns->items[i].speaker -= turns->items[i].speaker > from;
}

static int remove_speaker(struct dr_document_recording *recording, size_t speaker,
                          diarist_error *err) {
    struct dr_document_speaker *gone = &recording->speakers[speaker];
    const size_t num = --recording->num_speakers;
    const char **ids = malloc((num + 1) * sizeof *ids);
    free(gone->id);
    free(gone->name);
    free(gone->embedding);
    memmove(gone, gone + 1, (num - speaker) * sizeof *gone);
    for (size_t i = 0; ids && i < num; i++)
        ids[i] = recording->speakers[i].id;
    int status = ids ? dr_recording_relabel(recording, ids, err) : dr_fail_memory(err);
    free(ids);
    return status;
}

int dr_recording_merge(struct dr_document_recording *recording, size_t into, size_t from,
                       diarist_error *err) {
    struct dr_document_speaker *a = &recording->speakers[into], *b = &recording->speakers[from];
    int status = merge_voices(recording, into, from, err);
    if (status)
        return status;
    if (!a->name) {
        a->name = b->name;
        b->name = NULL;
    }
    for (int view = 0; view < 2; view++)
        move_turns(&recording->turns[view], (int32_t)into, (int32_t)from);
    status = remove_speaker(recording, from, err);
    return status ? status : dr_recording_settle(recording, err);
}

/* ---- splitting ---------------------------------------------------------------------------- */

/* The parts of a turn that lie within spans are appended as turns of `to`, those between them of
 * its own speaker; the turn itself has no length then. */
static int cut_turn(struct dr_document_turns *turns, size_t i, const diarist_region *spans,
                    size_t num_spans, int32_t to, diarist_error *err) {
    struct dr_document_turn piece = turns->items[i];
    const int32_t own = piece.speaker;
    const double end_s = piece.end_s;
    int status = DIARIST_OK;
    for (size_t s = 0; s <= num_spans && !status && piece.start_s < end_s; s++) {
        /* Up to the span, or the rest; then what is within. */
        const double begin = s < num_spans ? spans[s].start : end_s;
        const double end = s < num_spans ? spans[s].end : end_s;
        const double borders[] = {fmin(begin, end_s), fmin(end, end_s)};
        for (int within = 0; within < 2 && !status; within++) {
            if (borders[within] <= piece.start_s)
                continue;
            piece.end_s = borders[within];
            piece.speaker = within ? to : own;
            status =
                dr_grow(&turns->items, &turns->capacity, turns->num + 1, sizeof *turns->items, err);
            if (!status)
                turns->items[turns->num++] = piece;
            piece.start_s = piece.end_s;
        }
    }
    turns->items[i].end_s = turns->items[i].start_s;
    return status;
}

/* Seconds of a speaker's turns that lie within spans. */
static double time_within(const struct dr_document_recording *recording, size_t speaker,
                          const diarist_region *spans, size_t num_spans) {
    const struct dr_document_turns *turns = &recording->turns[DIARIST_OVERLAPPING];
    double seconds = 0;
    for (size_t i = 0; i < turns->num; i++)
        for (size_t s = 0; s < num_spans && turns->items[i].speaker == (int32_t)speaker; s++)
            seconds += fmax(0, fmin(turns->items[i].end_s, spans[s].end) -
                                   fmax(turns->items[i].start_s, spans[s].start));
    return seconds;
}

static int add_speaker(struct dr_document_recording *recording, int32_t *added,
                       diarist_error *err) {
    char id[32];
    size_t number = 0;
    do
        snprintf(id, sizeof id, "SPEAKER_%02zu", number++);
    while (dr_recording_find_speaker(recording, id) >= 0);
    return dr_recording_speaker(added, recording, id, strlen(id), err);
}

int dr_recording_split(struct dr_document_recording *recording, size_t speaker,
                       const diarist_region *spans, size_t num_spans, diarist_error *err) {
    const double within = time_within(recording, speaker, spans, num_spans);
    int32_t added;
    if (within <= 0)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the speaker says nothing within these times");
    if (within > talk_time(recording, speaker) - 1e-6)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "all that the speaker says lies within these times; rename instead");
    int status = add_speaker(recording, &added, err);
    for (int view = 0; view < 2 && !status; view++) {
        const size_t num = recording->turns[view].num;
        for (size_t i = 0; i < num && !status; i++)
            if (recording->turns[view].items[i].speaker == (int32_t)speaker)
                status = cut_turn(&recording->turns[view], i, spans, num_spans, added, err);
    }
    if (!status)
        status = dr_recording_set_voice(recording, speaker, NULL, 0, err);
    return status ? status : dr_recording_settle(recording, err);
}
