/* transcript.c - segments of a transcript, and who says them.
 * SPDX-License-Identifier: MIT */
#include "transcript.h"

#include "common/fail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double max_s = 1e7;

/* ---- reading ---- */

/* start and end of a segment or word. -1: it has none that make sense. */
static int read_span(json_t *object, double *start_s, double *end_s) {
    json_t *start = json_object_get(object, "start"), *end = json_object_get(object, "end");
    *start_s = json_number_value(start);
    *end_s = json_number_value(end);
    return json_is_number(start) && json_is_number(end) && *start_s >= 0 && *end_s >= *start_s &&
                   *end_s <= max_s
               ? 0
               : -1;
}

static int read_segments(struct server_transcript *out, json_t *array, diarist_error *err) {
    size_t num = json_array_size(array);
    if (num > SERVER_MAX_SEGMENTS)
        return common_fail(err, DIARIST_ERROR_ARGUMENT, "there are more than %d segments",
                           SERVER_MAX_SEGMENTS);
    out->segments = calloc(num + 1, sizeof *out->segments);
    if (!out->segments)
        return common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < num; i++) {
        struct server_segment *segment = &out->segments[i];
        segment->object = json_array_get(array, i);
        segment->speaker = -1;
        if (!json_is_object(segment->object) ||
            read_span(segment->object, &segment->start_s, &segment->end_s))
            return common_fail(err, DIARIST_ERROR_ARGUMENT,
                               "segment %zu has no start and end in seconds, 0 <= start <= end", i);
    }
    out->num = num;
    return DIARIST_OK;
}

int server_transcript_read(struct server_transcript *out, json_t *root, diarist_error *err) {
    *out = (struct server_transcript){0};
    if (json_is_array(root))
        root = json_pack("{s:o}", "segments", root);
    out->root = root;
    json_t *segments = json_object_get(root, "segments");
    if (!json_is_array(segments))
        return common_fail(err, DIARIST_ERROR_ARGUMENT, "there is no array of segments");
    return read_segments(out, segments, err);
}

void server_transcript_clear(struct server_transcript *transcript) {
    json_decref(transcript->root);
    free(transcript->segments);
    *transcript = (struct server_transcript){0};
}

/* ---- who talks when ---- */

struct turns {
    diarist_turn *at;   /* [num], sorted by start */
    double *latest_end; /* [num] of it and those before it */
    double *talk;       /* [num_speakers] scratch, zeros */
    size_t num, num_speakers;
};

static int compare_turns(const void *a, const void *b) {
    const diarist_turn *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static void free_turns(struct turns *turns) {
    free(turns->at);
    free(turns->latest_end);
    free(turns->talk);
}

static int read_turns(struct turns *turns, const diarist_document *document, diarist_error *err) {
    turns->num = diarist_document_num_turns(document, 0, DIARIST_OVERLAPPING);
    turns->num_speakers = diarist_document_num_speakers(document, 0);
    turns->at = calloc(turns->num + 1, sizeof *turns->at);
    turns->latest_end = calloc(turns->num + 1, sizeof *turns->latest_end);
    turns->talk = calloc(turns->num_speakers + 1, sizeof *turns->talk);
    if (!turns->at || !turns->latest_end || !turns->talk)
        return common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < turns->num; i++)
        diarist_document_turn(document, 0, DIARIST_OVERLAPPING, i, &turns->at[i]);
    qsort(turns->at, turns->num, sizeof *turns->at, compare_turns);
    for (size_t i = 0; i < turns->num; i++)
        turns->latest_end[i] =
            fmax(turns->at[i].end, i ? turns->latest_end[i - 1] : turns->at[i].end);
    return DIARIST_OK;
}

/* Turns that begin before a time. */
static size_t count_before(const struct turns *turns, double time) {
    size_t low = 0, high = turns->num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (turns->at[middle].start < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Who talks most from start to end; -1: nobody. */
static int32_t find_speaker(struct turns *turns, double start_s, double end_s) {
    static const double instant_s = 1e-3;
    int32_t best = -1;
    if (end_s - start_s < instant_s)
        end_s = start_s + instant_s;
    size_t last = count_before(turns, end_s);
    for (size_t i = last; i > 0 && turns->latest_end[i - 1] > start_s; i--) {
        const diarist_turn *turn = &turns->at[i - 1];
        double overlap_s = fmin(turn->end, end_s) - fmax(turn->start, start_s);
        if (overlap_s > 0)
            turns->talk[turn->speaker] += overlap_s;
    }
    for (size_t s = 0; s < turns->num_speakers; s++) {
        if (turns->talk[s] > 0 && (best < 0 || turns->talk[s] > turns->talk[best]))
            best = (int32_t)s;
    }
    for (size_t s = 0; s < turns->num_speakers; s++)
        turns->talk[s] = 0;
    return best;
}

/* A word's speaker as a number, until it gets its label. */
static int mark_words(json_t *segment, struct turns *turns) {
    size_t i;
    json_t *word;
    double start_s, end_s;
    json_array_foreach(json_object_get(segment, "words"), i, word) {
        if (!json_is_object(word))
            continue;
        int32_t speaker =
            read_span(word, &start_s, &end_s) ? -1 : find_speaker(turns, start_s, end_s);
        if (json_object_set_new(word, "speaker", speaker < 0 ? json_null() : json_integer(speaker)))
            return -1;
    }
    return 0;
}

int server_transcript_overlap(struct server_transcript *transcript,
                              const diarist_document *document, diarist_error *err) {
    struct turns turns = {0};
    int rc = read_turns(&turns, document, err);
    for (size_t i = 0; i < transcript->num && !rc; i++) {
        struct server_segment *segment = &transcript->segments[i];
        segment->speaker = find_speaker(&turns, segment->start_s, segment->end_s);
        if (mark_words(segment->object, &turns))
            rc = common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    }
    transcript->words_marked = true;
    free_turns(&turns);
    return rc;
}

/* ---- labels ---- */

static int label(json_t *object, int32_t speaker, const char *const *ids,
                 const char *const *names) {
    const char *name = speaker < 0 ? NULL : names[speaker];
    if (json_object_set_new(object, "speaker",
                            speaker < 0 ? json_null() : json_string(ids[speaker])))
        return -1;
    return name ? json_object_set_new(object, "speaker_name", json_string(name)) : 0;
}

static int label_words(struct server_segment *segment, const char *const *ids,
                       const char *const *names, bool marked) {
    size_t i;
    json_t *word;
    json_array_foreach(json_object_get(segment->object, "words"), i, word) {
        json_t *mark = json_object_get(word, "speaker");
        int32_t speaker =
            marked && json_is_integer(mark) ? (int32_t)json_integer_value(mark) : segment->speaker;
        if (json_is_object(word) && label(word, speaker, ids, names))
            return -1;
    }
    return 0;
}

int server_transcript_label(struct server_transcript *transcript, const char *const *ids,
                            const char *const *names) {
    for (size_t i = 0; i < transcript->num; i++) {
        struct server_segment *segment = &transcript->segments[i];
        if (label(segment->object, segment->speaker, ids, names) ||
            label_words(segment, ids, names, transcript->words_marked))
            return -1;
    }
    return 0;
}
