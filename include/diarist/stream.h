/* stream.h - who speaks, and whether anybody does, while it is said.
 * SPDX-License-Identifier: MIT
 *
 *     diarist_stream *stream;  diarist_event event;  size_t used;
 *     if (diarist_stream_open(&stream, model, NULL, NULL, &err)) return fail(err.message);
 *     while ((n = read_samples(samples)) > 0)
 *         for (const float *p = samples; n > 0; p += used, n -= used) {
 *             if (diarist_stream_feed(stream, p, n, &used, &err)) return fail(err.message);
 *             while (diarist_stream_next(stream, &event) == 0) show(&event);
 *         }
 *     if (diarist_stream_finish(stream, &err)) return fail(err.message);
 *     while (diarist_stream_next(stream, &event) == 0) show(&event);
 *     diarist_stream_free(stream);
 *
 * The conventions are those of diarist.h. A stream, a group with all of its streams and a stream of
 * voice activity belong to one thread at a time. Nothing is allocated after they are open, but for
 * what options.keep_result asks for; and their memory does not grow.
 *
 * In what parts samples are fed does not change the events, nor do threads or other streams. */
#ifndef DIARIST_STREAM_H
#define DIARIST_STREAM_H

#include "diarist/diarist.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- who speaks --------------------------------------------------------------------------- */

typedef struct diarist_stream diarist_stream;
typedef struct diarist_stream_group diarist_stream_group;

typedef struct diarist_stream_options {
    size_t struct_size; /* set by diarist_stream_options_init; the struct grows at its end only */
    /* Seconds of audio after which what was said is final at the latest, 0.5 to 5; default 2. More
     * is more accurate, and cheaper. */
    double latency_s;
    int32_t preset;           /* a diarist_preset but fast: the precision; default balanced */
    int32_t num_threads;      /* of a stream without a group; 0: the cores that may be used */
    int32_t max_speakers;     /* that are told apart, the known ones counted, of whom
                                 there are fewer; 0: 32, the most */
    double cluster_threshold; /* as in diarist_options */
    /* Voices that are known: they are speakers 0 to num_known - 1, who need not appear; others are
     * numbered from num_known on. [num_known][embedding_dim], copied. */
    const float *known;
    int32_t num_known;
    /* Similarity at and above which a speaker is a known one; 0: diarist_match_threshold
     * (profile.h). It has to lead by DIARIST_MATCH_MARGIN. */
    double known_threshold;
    /* 1: diarist_stream_result is wanted. The stream then does offline work beside its own, with
     * the same preset, and grows by as much as a recording does. Default 0. */
    int32_t keep_result;
} diarist_stream_options;

/* Sets every field to its default. Never fails. */
DIARIST_API void diarist_stream_options_init(diarist_stream_options *options);

typedef enum diarist_event_type {
    DIARIST_TURN_START = 0,    /* somebody began to talk, as it seems */
    DIARIST_TURN_UPDATE = 1,   /* it goes on, or is other than it seemed: times, speaker */
    DIARIST_TURN_DROPPED = 2,  /* nobody talked; times are those last said */
    DIARIST_TURN_FINAL = 3,    /* its times stay; its speaker too, but for merging */
    DIARIST_SPEAKER_MERGED = 4 /* `speaker` was `into` all along: in all turns so far. It does not
                                  come again */
} diarist_event_type;

/* Of a turn come a start, any number of updates, and a final or dropped at the end. Turns that are
 * not final end where the audio does, as far as is known. */
typedef struct diarist_event {
    uint64_t seq;      /* 1, 2, 3, ... of the stream */
    int32_t type;      /* a diarist_event_type */
    int32_t speaker;   /* never renumbered; below num_known: a known one */
    int32_t into;      /* of merged; otherwise -1 */
    uint32_t flags;    /* DIARIST_TURN_OVERLAP: another speaker talks during part of it */
    uint64_t turn;     /* 1, 2, 3, ...: which; 0 in merged */
    double start, end; /* seconds from the stream's first sample; 0 in merged */
    float confidence;  /* as in diarist_turn */
    double at;         /* seconds of audio that had come when it was known */
} diarist_event;

/* Opens a stream of a group, or one by itself with threads of its own if group is NULL. options:
 * NULL: the defaults; of a group's stream num_threads is not read. The model and the group must
 * outlive the stream. Takes about 2.5 MB. DIARIST_ERROR_ARGUMENT; DIARIST_ERROR_MODEL, also when
 * the model is not of the default architecture; DIARIST_ERROR_MEMORY. */
DIARIST_API int diarist_stream_open(diarist_stream **out, const diarist_model *model,
                                    const diarist_stream_options *options,
                                    diarist_stream_group *group, diarist_error *err);

/* Takes samples; *used says how many: fewer than n when there are events to be taken with
 * diarist_stream_next first or, in a group, when the group must run first. Values outside [-1, 1]
 * are clamped to it, NaN becomes 0. After a failure only diarist_stream_free is allowed. */
DIARIST_API int diarist_stream_feed(diarist_stream *stream, const float *samples, size_t n,
                                    size_t *used, diarist_error *err);

/* The same for n samples that were lost: time goes on, in silence. It takes less work. */
DIARIST_API int diarist_stream_skip(diarist_stream *stream, size_t n, size_t *used,
                                    diarist_error *err);

/* The next event. 0, or -1 when there is none. */
DIARIST_API int diarist_stream_next(diarist_stream *stream, diarist_event *out);

/* Ends feeding: what is left becomes final. In a group too this is done at once, by its threads. */
DIARIST_API int diarist_stream_finish(diarist_stream *stream, diarist_error *err);

/* After finishing, with options.keep_result: what diarist_diarize says of all samples that were fed
 * (lost ones being silence), bit for bit, with the same preset, threshold and max_speakers. Once.
 */
DIARIST_API int diarist_stream_result(diarist_result **out, diarist_stream *stream,
                                      diarist_error *err);

DIARIST_API double diarist_stream_duration(const diarist_stream *stream); /* seconds fed */

/* Speakers so far: numbers below it have been given, those merged counted; and the voice of one, of
 * unit length, [embedding_dim]; all zeros while it has none. -1 when there
 * is no such speaker, or no longer. */
DIARIST_API size_t diarist_stream_num_speakers(const diarist_stream *stream);
DIARIST_API int diarist_stream_speaker(float *embedding, const diarist_stream *stream,
                                       size_t speaker);
DIARIST_API void diarist_stream_free(diarist_stream *stream);

/* Many streams at once on one pool of threads, their work done together: more of them keep up than
 * with threads of their own. Feed them as their audio comes, call diarist_stream_group_run now and
 * then (as often as samples come), and take their events.
 * num_threads: 0: the cores that this process may use. The model must outlive the group, the group
 * its streams. */
DIARIST_API int diarist_stream_group_open(diarist_stream_group **out, const diarist_model *model,
                                          int32_t num_threads, diarist_error *err);

/* Does the work that is due, of those first that have waited longest, each one step at a time; a
 * stream whose events have not been taken waits. *num_steps: how many were done; 0: nothing was
 * due. One call does at most a round of the threads' work, a fraction of a second. */
DIARIST_API int diarist_stream_group_run(diarist_stream_group *group, size_t *num_steps,
                                         diarist_error *err);
DIARIST_API void diarist_stream_group_free(diarist_stream_group *group);

/* ---- whether anybody speaks --------------------------------------------------------------- */

/* Voice activity alone: segmentation windows of 10 s, every step. */
typedef struct diarist_vad_stream diarist_vad_stream;

typedef struct diarist_vad_options {
    size_t struct_size;        /* set by diarist_vad_options_init */
    double step_s;             /* 0.5 to 10; default 2.5 */
    double onset, offset;      /* 0 to 1, offset <= onset; defaults 0.5 and 0.357 */
    double min_duration_off_s; /* shorter pauses are filled; default 0 */
    int32_t num_threads;       /* 0: one */
} diarist_vad_options;
DIARIST_API void diarist_vad_options_init(diarist_vad_options *options);

typedef struct diarist_voice_range {
    double start, end; /* seconds */
} diarist_voice_range;

/* As with diarist_stream; a range of voice comes once, when its end is known. */
DIARIST_API int diarist_vad_stream_open(diarist_vad_stream **out, const diarist_model *model,
                                        const diarist_vad_options *options, diarist_error *err);
DIARIST_API int diarist_vad_stream_feed(diarist_vad_stream *stream, const float *samples, size_t n,
                                        size_t *used, diarist_error *err);
DIARIST_API int diarist_vad_stream_next(diarist_vad_stream *stream, diarist_voice_range *out);
DIARIST_API int diarist_vad_stream_finish(diarist_vad_stream *stream, diarist_error *err);
/* Whether somebody is speaking at the end of what is known. */
DIARIST_API int diarist_vad_stream_active(const diarist_vad_stream *stream);
DIARIST_API void diarist_vad_stream_free(diarist_vad_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
