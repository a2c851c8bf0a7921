/* document.h - the noun between readers and writers: recordings, their speakers and turns.
 * SPDX-License-Identifier: MIT
 *
 *   readers (input/) ----+
 *                        +--> diarist_document --> writers (output/)
 *   diarist_result ------+
 *
 * Ownership: a document owns its recordings, a recording everything in it, and all texts are
 * copies, valid UTF-8 (what was not is replaced by U+FFFD). Half-built documents may be freed at
 * any time.
 *
 * Life of a recording: dr_document_recording, then any number of dr_recording_speaker and
 * dr_recording_add_turn, then dr_recording_settle, which sorts; more turns may be added after that
 * and it is settled again. Writers and the public accessors see settled recordings only. */
#ifndef DR_DOCUMENT_H
#define DR_DOCUMENT_H

#include "diarist/io.h"

/* Times beyond this (about 30 years) are refused, so that milliseconds fit anywhere. */
#define DR_DOCUMENT_MAX_S 1e9

struct dr_document_turn {
    double start_s, end_s; /* 0 <= start_s < end_s once settled */
    int32_t speaker;       /* index into speakers */
    int32_t channel;       /* 1-based; 0: all */
    float confidence;      /* 0 to 1; -1: unknown */
    int overlap;           /* another speaker talks during part of it; set by settling */
};

struct dr_document_turns {
    size_t num, capacity;
    struct dr_document_turn *items;
};

struct dr_document_speaker {
    char *id;   /* "SPEAKER_00", or what the file said */
    char *name; /* NULL, or who it is: takes the place of id wherever a format has one label */
    float *embedding; /* [embedding_dim], or NULL */
    size_t embedding_dim;
};

struct dr_document_engine {
    char *version; /* NULL: the turns come from a file that does not say */
    char *instruction_set;
    char *precision; /* of the networks */
    char *trunk;     /* NULL: no choice, or unknown */
    char *preset;
    int32_t num_threads; /* 0: unknown */
    double step_s;       /* 0: unknown */
    char *model_name;    /* NULL: unknown */
    char *model_sha256;
};

struct dr_document_timing {
    int known;
    double load_s, decode_s; /* what diarist_timing does not know */
    diarist_timing stages;   /* total: load_s and everything else counted */
};

struct dr_document_recording {
    char *id;   /* what RTTM calls the file */
    char *file; /* as given by the user; NULL: unknown */
    char *sha256;
    double duration_s; /* 0: unknown */
    int32_t sample_rate, num_channels;
    struct dr_document_engine engine;
    struct dr_document_timing timing;
    size_t num_speakers, speakers_capacity;
    struct dr_document_speaker *speakers;
    struct dr_document_turns turns[2]; /* by diarist_view */
    void *speaker_index;               /* search tree of speaker ids */
};

struct diarist_document {
    size_t num_recordings, recordings_capacity;
    struct dr_document_recording **recordings;
    void *recording_index; /* search tree of recording ids */
};

/* The functions below return DIARIST_OK or a status with *err filled, as everywhere. */

/* Replaces *field by a copy of num_bytes of text (NULL text: by NULL). */
int dr_document_set_text(char **field, const char *text, size_t num_bytes, diarist_error *err);

/* The recording called id, or NULL. */
struct dr_document_recording *dr_document_find(const diarist_document *document, const char *id);
/* The recording called id, appended when there is none. */
int dr_document_recording(struct dr_document_recording **out, diarist_document *document,
                          const char *id, diarist_error *err);

/* A recording's id, malloc'ed, NULL without memory: path without directory and last extension, with
 * white space as '_'; "stdin" for "-". */
char *dr_document_id_of(const char *path);

/* Index of the speaker called id (num_bytes long), or -1. */
int32_t dr_recording_find_speaker(const struct dr_document_recording *recording, const char *id);
/* The same, appended when there is none. */
int dr_recording_speaker(int32_t *out, struct dr_document_recording *recording, const char *id,
                         size_t num_bytes, diarist_error *err);

/* Gives all speakers other ids [num_speakers]. DIARIST_ERROR_ARGUMENT: two are the same; nothing
 * has changed then, nor without memory. */
int dr_recording_relabel(struct dr_document_recording *recording, const char *const *ids,
                         diarist_error *err);

/* Gives the speaker another voice; dim 0: none. */
int dr_recording_set_voice(struct dr_document_recording *recording, size_t speaker,
                           const float *embedding, size_t dim, diarist_error *err);

/* Settled recordings, which are settled again: document_edit.c. */

/* The turns of `from` become those of `into`, one where they meet; the voice is the mean of both by
 * talk time, the name that of `from` if `into` has none. Those behind `from` move down by one. */
int dr_recording_merge(struct dr_document_recording *recording, size_t into, size_t from,
                       diarist_error *err);
/* What a speaker says within spans becomes that of a new one, who is appended under the first free
 * SPEAKER_NN; turns are cut at the spans' ends. Neither has a voice then. spans: sorted, disjoint.
 * DIARIST_ERROR_ARGUMENT: nothing lies within, or everything; nothing has changed then. */
int dr_recording_split(struct dr_document_recording *recording, size_t speaker,
                       const diarist_region *spans, size_t num_spans, diarist_error *err);

int dr_recording_add_turn(struct dr_document_recording *recording, diarist_view view,
                          const struct dr_document_turn *turn, diarist_error *err);

/* Renumbers the speakers by first appearance in the overlapping view, silent ones last. */
int dr_recording_order_speakers(struct dr_document_recording *recording, diarist_error *err);

/* Sorts both views by start, then speaker; leaves out turns of no length; cuts the exclusive view
 * so that no two of its turns overlap; marks where another speaker talks too (overlap). An
 * exclusive view without turns is derived from the overlapping one. Cutting and deriving follow one
 * rule: whoever began first keeps the floor until the end of that turn (of two that began together
 * the lower index), then the one that began first among those who still talk. So the exclusive view
 * covers exactly the time in which anybody talks, and each turn lends it at most one piece. */
int dr_recording_settle(struct dr_document_recording *recording, diarist_error *err);

/* What a speaker is called where a format has one label: the name if there is one, else the id. */
const char *dr_speaker_label(const struct dr_document_speaker *speaker);

#endif
