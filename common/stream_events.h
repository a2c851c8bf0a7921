/* stream_events.h - events of a live stream as JSON (docs/schema/diarist-stream-1.schema.json).
 * SPDX-License-Identifier: MIT */
#ifndef COMMON_STREAM_EVENTS_H
#define COMMON_STREAM_EVENTS_H

#include "diarist/profile.h"
#include "diarist/stream.h"

#include <stdio.h>

enum { COMMON_SPEAKER_NAME = 256 }; /* bytes: a profile's name has 200 at most */

/* The name of a known speaker, or "SPEAKER_00", ... of those beyond them. known: NULL: nobody. */
const char *common_speaker_name(char out[COMMON_SPEAKER_NAME], const diarist_profiles *known,
                                int32_t speaker);

/* An object, without an end of line. */
void common_print_event(FILE *to, const diarist_event *event, const diarist_profiles *known);

/* What is told of the end. */
struct common_stream_end {
    uint64_t seq;
    double duration_s;
    size_t num_speakers, num_turns; /* heard and not merged; final */
};
void common_print_done(FILE *to, const struct common_stream_end *end);

#endif
