/* transcript.h - segments of a transcript, and who says them.
 * SPDX-License-Identifier: MIT
 *
 * JSON: an array of segments, or an object with it as `segments` (as Whisper writes it): each has
 * start and end in seconds, and may have words, [{start, end, ...}]. Whatever else there is is
 * kept. */
#ifndef SERVER_TRANSCRIPT_H
#define SERVER_TRANSCRIPT_H

#include "diarist/io.h"

#include <jansson.h>
#include <stdbool.h>

enum { SERVER_MAX_SEGMENTS = 20000 };

struct server_segment {
    json_t *object; /* the root's */
    double start_s, end_s;
    int32_t speaker; /* -1: nobody known */
};

struct server_transcript {
    json_t *root; /* an object with `segments` */
    struct server_segment *segments;
    size_t num;
    bool words_marked; /* the words that have a speaker of their own have its number */
};

/* Takes root over. DIARIST_ERROR_ARGUMENT: it is no transcript. Clear in either case. */
int server_transcript_read(struct server_transcript *out, json_t *root, diarist_error *err);
void server_transcript_clear(struct server_transcript *transcript);

/* Sets speakers by the turns of a document's first recording: each segment and word gets who talks
 * most while it lasts, the first of equals; nobody when nobody does. Words of whom nobody talks are
 * their segment's. */
int server_transcript_overlap(struct server_transcript *transcript,
                              const diarist_document *document, diarist_error *err);

/* Writes the speakers of segments and words into the JSON: `speaker`, an id
 * or null, and where names says so `speaker_name`. ids, names: [num_speakers], a name may be NULL.
 * -1: no memory. */
int server_transcript_label(struct server_transcript *transcript, const char *const *ids,
                            const char *const *names);

#endif
