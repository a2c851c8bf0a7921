/* prepare.h - what writers share: turns in whole milliseconds, labels, times.
 * SPDX-License-Identifier: MIT
 *
 * recording (double seconds) -> dr_ms_turns (milliseconds) -> writer */
#ifndef DR_OUTPUT_PREPARE_H
#define DR_OUTPUT_PREPARE_H

#include "document.h"
#include "output/sink.h"

struct dr_ms_turn {
    int64_t start_ms, end_ms; /* 0 <= start_ms < end_ms <= duration of the recording */
    int32_t speaker, channel;
    float confidence; /* -1: unknown */
    int overlap;
};

struct dr_ms_turns {
    size_t num;
    struct dr_ms_turn *items; /* owned */
};

/* Rounds both ends to the nearest millisecond, the end never past the whole milliseconds of the
 * recording; leaves out turns that round to nothing; sorts by start, then speaker. */
int dr_ms_turns(struct dr_ms_turns *out, const struct dr_document_recording *recording,
                diarist_view view, diarist_error *err);
void dr_ms_turns_free(struct dr_ms_turns *turns);

/* The whole milliseconds of a recording, or the end of its last turn when its length is unknown. */
int64_t dr_ms_duration(const struct dr_document_recording *recording);

/* The document's one recording. DIARIST_ERROR_ARGUMENT when it has another number of them. */
int dr_one_recording(const struct dr_document_recording **out, const diarist_document *document,
                     const char *format, diarist_error *err);

/* Label of a turn's speaker. */
const char *dr_turn_label(const struct dr_document_recording *recording,
                          const struct dr_ms_turn *turn);

/* Text as one word: every white space (Unicode's) becomes '_', other control characters '?';
 * nothing at all becomes '_'. */
void dr_sink_word(struct dr_sink *sink, const char *text);
/* Whether two texts are the same word. */
int dr_same_word(const char *a, const char *b);
/* Text on one line: control characters become spaces. */
void dr_sink_line(struct dr_sink *sink, const char *text);
/* "01:02:03,456" with mark ','. */
void dr_sink_clock(struct dr_sink *sink, int64_t ms, char mark);
/* Confidence with three decimals. */
void dr_sink_confidence(struct dr_sink *sink, float confidence);

#endif
