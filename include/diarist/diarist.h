/* diarist.h - who spoke when, from 16 kHz mono audio.
 * SPDX-License-Identifier: MIT
 *
 * A whole recording in memory:
 *
 *     diarist_model *model;  diarist_result *result;  diarist_error err;
 *     if (diarist_model_load(&model, NULL, NULL, &err) ||
 *         diarist_diarize(&result, model, samples, n, NULL, &err)) return fail(err.message);
 *     for (size_t i = 0; i < diarist_result_num_turns(result, DIARIST_OVERLAPPING); i++) {
 *         diarist_turn t;
 *         diarist_result_turn(result, DIARIST_OVERLAPPING, i, &t);
 *         printf("%.3f %.3f speaker %d\n", t.start, t.end, t.speaker);
 *     }
 *
 * Conventions
 *   Threads   A model never changes after loading; any number of threads may share it. A recording
 *             or queue belongs to one thread at a time. A result is read-only and may be shared.
 *   State     No mutable process-wide state. The library never prints, exits, aborts or reads the
 *             environment.
 *   Units     Times are seconds from the first sample; samples are 16 kHz mono in [-1, 1].
 *   Errors    int functions return DIARIST_OK or a negative diarist_status and describe it in *err
 *             unless err is NULL; on failure *out is NULL. Every *_free accepts NULL.
 *   Options   NULL options mean the defaults. Otherwise call diarist_options_init first: it sets
 *             struct_size, by which later versions of the library know what the caller knows. */
#ifndef DIARIST_H
#define DIARIST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DIARIST_API __attribute__((visibility("default")))
#else
#define DIARIST_API
#endif

#define DIARIST_SAMPLE_RATE 16000

typedef enum diarist_status {
    DIARIST_OK = 0,
    DIARIST_ERROR_ARGUMENT =
        -1,                     /* the caller's options contradict each other or are out of range */
    DIARIST_ERROR_INPUT = -2,   /* an input cannot be read or is not what it should be */
    DIARIST_ERROR_OUTPUT = -3,  /* an output cannot be written */
    DIARIST_ERROR_MODEL = -4,   /* a model is missing, broken or of an unknown architecture */
    DIARIST_ERROR_MEMORY = -5,  /* no memory, or no thread could be started */
    DIARIST_ERROR_LIMIT = -6,   /* a limit that the caller set or the design has was passed */
    DIARIST_ERROR_CANCELED = -7 /* a progress callback or diarist_queue_cancel asked to stop */
} diarist_status;

/* What went wrong, as one line without the program's name. Filled only on failure. */
typedef struct diarist_error {
    int32_t status; /* a diarist_status */
    char message[252];
} diarist_error;

typedef struct diarist_model diarist_model;         /* weights, read-only */
typedef struct diarist_recording diarist_recording; /* one recording being fed */
typedef struct diarist_result diarist_result;       /* who spoke when, read-only */

/* Version of the library, "1.2.3". Static storage. */
DIARIST_API const char *diarist_version(void);

/* ---- options ------------------------------------------------------------------------------ */

/* Instruction sets that may be used; the best one that this processor has and the mask allows is
 * taken. Portable C is always there. */
enum {
    DIARIST_CPU_GENERIC = 0,
    DIARIST_CPU_AVX2 = 1,
    DIARIST_CPU_AVX512 = 2, /* F, BW, DQ, VL and VNNI: Ice Lake, Zen 4 and later */
    DIARIST_CPU_NEON = 4,   /* of AArch64 */
    DIARIST_CPU_ALL = -1
};

typedef enum diarist_preset {
    DIARIST_PRESET_BALANCED =
        0,                   /* segmentation windows every 5 s, 16 bits where they cost nothing */
    DIARIST_PRESET_FAST = 1, /* every 7.5 s, half of the trunk's columns: 0.5 points of DER more */
    DIARIST_PRESET_ACCURATE = 2 /* windows every 2 s, single precision everywhere */
} diarist_preset;

/* What a recording is opened for: that alone is computed and kept. */
typedef enum diarist_task {
    DIARIST_TASK_DIARIZE = 0, /* memory grows by 6 MB an hour */
    DIARIST_TASK_VAD = 1,     /* by 3 */
    DIARIST_TASK_EMBED = 2    /* by 118: regions are only known at the end */
} diarist_task;

/* How community-1 hears its voices. */
typedef enum diarist_trunk {
    DIARIST_TRUNK_WINDOW = 0,   /* each segmentation window on its own, as pyannote.audio does */
    DIARIST_TRUNK_RECORDING = 1 /* one pass over the recording: several times faster */
} diarist_trunk;

typedef enum diarist_stage {
    DIARIST_STAGE_SEGMENTATION = 0, /* while audio is fed: all that can be done by then */
    DIARIST_STAGE_EMBEDDING = 1,    /* what the last minutes still need */
    DIARIST_STAGE_CLUSTERING = 2,
    DIARIST_STAGE_RECONSTRUCT = 3
} diarist_stage;

/* Called on the thread that called the library. fraction: share of the stage done, 0 to 1, never
 * falling within a stage; negative while the length is not known. seconds: audio covered so far.
 * Return 0 to go on; anything else ends the call with DIARIST_ERROR_CANCELED. */
typedef int (*diarist_progress_fn)(void *data, diarist_stage stage, double fraction,
                                   double seconds);

typedef struct diarist_options {
    size_t struct_size;      /* set by diarist_options_init; the struct grows at its end only */
    int32_t num_threads;     /* 0: the cores that this process may use (affinity, cgroup) */
    int32_t preset;          /* a diarist_preset; default balanced */
    int32_t cpu_mask;        /* DIARIST_CPU_* or-ed; default DIARIST_CPU_ALL; read by model_load */
    int32_t num_speakers;    /* 0: found. Otherwise min and max must be 0 */
    int32_t min_speakers;    /* 0: no bound */
    int32_t max_speakers;    /* 0: no bound */
    int32_t exclude_overlap; /* 1 (default): embed only where one speaker talks */
    double step_s;           /* between segmentation windows, 0.5 to 10; 0: the preset's */
    /* Where merging stops; 0: the model's. Of the default model a similarity, -1 to 1: higher means
     * more speakers. Of community-1 a distance of unit vectors, to 2: higher means fewer clusters
     * for VBx to begin with, and it may end with fewer still. */
    double cluster_threshold;
    double min_duration_on_s;  /* shorter turns are dropped; default 0 */
    double min_duration_off_s; /* shorter pauses inside one speaker's talk are filled; default 0 */
    diarist_progress_fn progress; /* NULL: none */
    void *progress_data;
    int32_t task; /* a diarist_task; default diarize; whole recordings in memory know theirs */
    /* Of task vad alone, 0 to 1 and offset <= onset, or -1 (default): not given. Speech begins
     * where the probability of speech (what confidence is the mean of) is above onset and ends
     * where it is below offset. Onset alone: offset is the same. Offset alone: onset is 0.5.
     * Neither: there is speech where the expected number of speakers is above 0.5. */
    double onset, offset;
    int32_t trunk; /* a diarist_trunk; other models than community-1 have no choice: 0 */
    /* 1: the result keeps what its stages made, for diarist_result_chunk and _window. Of an hour 7
     * MB with the default model at a step of 5 s, 17 MB with community-1 at 1 s. Default 0. */
    int32_t keep_stages;
    /* 1: the result keeps what diarist_recluster needs. Of an hour 6 MB with the default model at a
     * step of 5 s, 20 MB with community-1 at 1 s. Of task diarize. Default 0. */
    int32_t keep_evidence;
} diarist_options;

/* Sets every field to its default. Never fails. */
DIARIST_API void diarist_options_init(diarist_options *options);

/* Checks ranges and contradictions. DIARIST_ERROR_ARGUMENT names the field. */
DIARIST_API int diarist_options_check(const diarist_options *options, diarist_error *err);

/* Cores that this process may use: affinity mask and cgroup quota, at least 1. */
DIARIST_API int32_t diarist_available_threads(void);

/* ---- models ------------------------------------------------------------------------------- */

/* Loads a model set. path: a .safetensors file made by models/import.py; NULL: the set embedded at
 * build time. The file is mapped for as long as the model lives. Of options cpu_mask, preset and
 * num_threads are read: the networks are made ready for the preset by up to two threads; others
 * take that time when a recording first asks for them. NULL: the defaults. DIARIST_ERROR_MODEL:
 * missing, damaged, or not an architecture known here. */
DIARIST_API int diarist_model_load(diarist_model **out, const char *path,
                                   const diarist_options *options, diarist_error *err);

/* The same without making the networks ready, which takes nearly all of the time: enough for
 * diarist_model_describe. A recording that asks for them has to wait, and is told what is wrong
 * with their tensors. */
DIARIST_API int diarist_model_open(diarist_model **out, const char *path,
                                   const diarist_options *options, diarist_error *err);
DIARIST_API void diarist_model_free(diarist_model *model);

/* What really runs. Strings live as long as the model. */
typedef struct diarist_model_info {
    const char *name;            /* "default" */
    const char *architecture;    /* "diarist/default-1" */
    const char *license;         /* SPDX expression and attribution */
    const char *source;          /* where the weights come from */
    const char *sha256;          /* of the .safetensors file, 64 hex digits */
    const char *instruction_set; /* "avx512", "avx2", "neon", "generic" */
    uint64_t num_bytes;          /* size of the model file */
    uint32_t num_tensors;
    uint32_t embedding_dim;
    double cluster_threshold; /* calibrated default, as in diarist_options */
    double verify_threshold;  /* cosine at and above which two embeddings are one speaker; NAN: not
                                 known for these embeddings, as for community-1 */
} diarist_model_info;
DIARIST_API void diarist_model_describe(const diarist_model *model, diarist_model_info *out);

/* ---- a recording -------------------------------------------------------------------------- */

/* Opens a recording that is fed in parts of any size; the parts do not change the result.
 * The model and what options.progress_data points to must outlive it. */
DIARIST_API int diarist_recording_open(diarist_recording **out, const diarist_model *model,
                                       const diarist_options *options, diarist_error *err);

/* Declares the expected length, for progress only. */
DIARIST_API void diarist_recording_expect(diarist_recording *recording, double seconds);

/* Adds n samples. Values outside [-1, 1] are clamped to it, NaN becomes 0. After a failure only
 * diarist_recording_free is allowed. */
DIARIST_API int diarist_recording_feed(diarist_recording *recording, const float *samples, size_t n,
                                       diarist_error *err);

/* Ends feeding and says who spoke when. Of this and the next two one may be called, once: that of
 * options.task; the others are DIARIST_ERROR_ARGUMENT. An empty or silent recording is no error:
 * the result has no speakers. */
DIARIST_API int diarist_recording_diarize(diarist_result **out, diarist_recording *recording,
                                          diarist_error *err);

/* Ends feeding and finds speech: a result with one speaker, or none. */
DIARIST_API int diarist_recording_vad(diarist_result **out, diarist_recording *recording,
                                      diarist_error *err);

typedef struct diarist_region {
    double start, end; /* seconds */
    int32_t group;     /* regions of one group share one embedding; 0 <= group < num_groups */
} diarist_region;

/* Ends feeding and embeds groups of regions (one region from 0 to the end: the whole recording),
 * only where speech was found. embeddings: [num_groups][embedding_dim], unit length, all zeros for
 * a group with less than 0.16 s of usable speech. seconds: [num_groups] of speech used, or NULL. */
DIARIST_API int diarist_recording_embed(float *embeddings, double *seconds,
                                        diarist_recording *recording, const diarist_region *regions,
                                        size_t num_regions, size_t num_groups, diarist_error *err);
DIARIST_API void diarist_recording_free(diarist_recording *recording);

/* Whole recordings in memory: open, feed, diarize or vad, free. */
DIARIST_API int diarist_diarize(diarist_result **out, const diarist_model *model,
                                const float *samples, size_t n, const diarist_options *options,
                                diarist_error *err);
DIARIST_API int diarist_vad(diarist_result **out, const diarist_model *model, const float *samples,
                            size_t n, const diarist_options *options, diarist_error *err);

/* One embedding of all the speech in samples; embedding: [embedding_dim]. */
DIARIST_API int diarist_embed(float *embedding, const diarist_model *model, const float *samples,
                              size_t n, const diarist_options *options, diarist_error *err);

/* Cosine of two embeddings of dim values; 0 when one of them is all zeros. */
DIARIST_API double diarist_similarity(const float *a, const float *b, size_t dim);

/* ---- many recordings ---------------------------------------------------------------------- */

/* Recordings that threads of the queue work on in the background, each on one thread, as many at a
 * time as there are threads. Turns, speakers and embeddings are those of diarist_diarize, bit for
 * bit, whatever the number of threads. One that fails does not stop the others. For many recordings
 * this is faster than one after the other on all threads; for a single long one it is slower.
 *
 *     diarist_queue_open(&queue, model, NULL, 0, &err);
 *     for (i = 0; i < num; i++) {
 *         while (diarist_queue_push(queue, samples[i], n[i], &names[i], &err) ==
 *                DIARIST_ERROR_LIMIT) {
 *             diarist_queue_receive(&finished, queue, 1);
 *             use(&finished);
 *         }
 *     }
 *     while (diarist_queue_receive(&finished, queue, 1) == 0)
 *         use(&finished);
 *     diarist_queue_free(queue);
 *
 * A queue belongs to one thread at a time. Only receiving (with wait) and freeing wait for its
 * threads. */
typedef struct diarist_queue diarist_queue;

/* Yields the next samples of a recording, 16 kHz mono: 1 to capacity of them; *num (0 when called)
 * stays 0 at the end only. After a failure it returns a diarist_status and describes it in *err,
 * which becomes the recording's. tag: as pushed. Called on a thread of the queue, by one at a time
 * for a recording, and for several recordings at once. */
typedef int (*diarist_read_fn)(void *tag, float *samples, size_t capacity, size_t *num,
                               diarist_error *err);

/* What became of a recording. */
typedef struct diarist_finished {
    void *tag;              /* as pushed */
    diarist_result *result; /* belongs to who received it: diarist_result_free; NULL: failed, */
    diarist_error error;    /* with this; otherwise its status is DIARIST_OK */
} diarist_finished;

/* options: of every recording, and copied; but num_threads is the queue's, task is diarize or vad
 * and progress is NULL. capacity: the most recordings that are in the queue at a time, whether they
 * wait, are worked on or have not been received yet; fewer than threads leave some idle; 0: four a
 * thread. Waiting recordings take no memory of the queue's, those worked on as much as in
 * diarist_recording_open with one thread, and finished ones their result. The model must outlive
 * the queue. DIARIST_ERROR_ARGUMENT, DIARIST_ERROR_MODEL, DIARIST_ERROR_MEMORY. */
DIARIST_API int diarist_queue_open(diarist_queue **out, const diarist_model *model,
                                   const diarist_options *options, size_t capacity,
                                   diarist_error *err);

/* Adds a recording of n samples. They are borrowed: they must stay as they are until the recording
 * is received or the queue freed. tag: anything by which the caller knows the recording again.
 * Does not wait: DIARIST_ERROR_LIMIT when the queue is full; receive one, then push again. */
DIARIST_API int diarist_queue_push(diarist_queue *queue, const float *samples, size_t n, void *tag,
                                   diarist_error *err);

/* The same for a recording that is read in parts as it is worked on, until read yields no more or
 * fails, so that its samples are never all in memory. What tag points to must stay until the
 * recording is received or the queue freed. */
DIARIST_API int diarist_queue_push_reader(diarist_queue *queue, diarist_read_fn read, void *tag,
                                          diarist_error *err);

/* The same with options of the recording's own (NULL: the defaults), which are copied. num_threads
 * work on it beside those of the others; progress is called on a thread of the queue, and what it
 * returns ends this recording alone. DIARIST_ERROR_ARGUMENT: task is neither diarize nor vad. */
DIARIST_API int diarist_queue_push_options(diarist_queue *queue, const diarist_options *options,
                                           diarist_read_fn read, void *tag, diarist_error *err);

/* Has notify called each time a recording is finished, for an owner who waits for other things too
 * and then receives without waiting. Called on the thread that had the recording; it must not call
 * the queue. NULL: no more. */
typedef void (*diarist_notify_fn)(void *data);
DIARIST_API void diarist_queue_notify(diarist_queue *queue, diarist_notify_fn notify, void *data);

/* The recording that was finished first of those not received, so not in the order of pushing.
 * wait: 0 to return at once, anything else to wait until one is finished. 0, or -1 when there is
 * none: with wait only when the queue is empty. */
DIARIST_API int diarist_queue_receive(diarist_finished *out, diarist_queue *queue, int wait);

/* Ends the work on all recordings in the queue as soon as may be, usually within a second. They are
 * received as others are, those not finished by then with DIARIST_ERROR_CANCELED. Does not wait;
 * recordings may be pushed again. */
DIARIST_API void diarist_queue_cancel(diarist_queue *queue);

/* Cancels, waits for the threads and frees what was not received. No reader is called and no
 * sample read any more. */
DIARIST_API void diarist_queue_free(diarist_queue *queue);

/* ---- results ------------------------------------------------------------------------------ */

typedef enum diarist_view {
    DIARIST_OVERLAPPING = 0, /* several speakers may talk at once */
    /* One at a time: joins to a transcript. A turn goes on for as long as its speaker has the
     * floor, whoever else talks meanwhile. */
    DIARIST_EXCLUSIVE = 1
} diarist_view;

enum { DIARIST_TURN_OVERLAP = 1 }; /* another speaker talks during part of this turn */

typedef struct diarist_turn {
    double start, end; /* seconds, 0 <= start < end <= duration */
    int32_t speaker;   /* 0 is the first to appear */
    float confidence;  /* 0 to 1: mean probability that the segmentation network gives this turn */
    uint32_t flags;    /* DIARIST_TURN_* */
} diarist_turn;

typedef struct diarist_speaker {
    double seconds;         /* talk time in the overlapping view */
    size_t num_turns;       /* in the overlapping view */
    const float *embedding; /* [embedding_dim], unit length; NULL when there is none */
} diarist_speaker;

/* Seconds of wall time. Stages take turns, so their times and what lies between them add up to
 * total, which begins with diarist_recording_open. */
typedef struct diarist_timing {
    double features, segmentation, embedding, clustering, reconstruct, total;
} diarist_timing;

/* Turns are sorted by start, then speaker. */
DIARIST_API size_t diarist_result_num_turns(const diarist_result *result, diarist_view view);
/* 0, or -1 when i is out of range. */
DIARIST_API int diarist_result_turn(const diarist_result *result, diarist_view view, size_t i,
                                    diarist_turn *out);
DIARIST_API size_t diarist_result_num_speakers(const diarist_result *result);
/* 0, or -1 when speaker is out of range. The embedding lives as long as the result. */
DIARIST_API int diarist_result_speaker(const diarist_result *result, size_t speaker,
                                       diarist_speaker *out);
DIARIST_API size_t diarist_result_embedding_dim(const diarist_result *result);
DIARIST_API double diarist_result_duration(const diarist_result *result); /* seconds fed */
/* Seconds in which segmentation hears somebody; what is too little to tell whose it is, is in no
 * turn. */
DIARIST_API double diarist_result_speech(const diarist_result *result);
DIARIST_API void diarist_result_timing(const diarist_result *result, diarist_timing *out);
DIARIST_API int32_t diarist_result_num_threads(const diarist_result *result); /* really used */

/* What the networks really ran in: "float32" or "int16". Static storage. */
DIARIST_API const char *diarist_result_precision(const diarist_result *result);

/* "window" or "recording", as diarist_trunk says; NULL where there was no choice. Static storage.
 */
DIARIST_API const char *diarist_result_trunk(const diarist_result *result);

DIARIST_API double diarist_result_step(const diarist_result *result); /* segmentation step, s */

/* ---- what the stages made ------------------------------------------------------------------ */

/* For those who look into a result or go on from there; with options.keep_stages. What they point
 * to lives as long as the result. */

/* A segmentation window, in which the network tells some local speakers apart. The last one may end
 * behind the recording: it was filled up. */
typedef struct diarist_chunk {
    double start, end;      /* seconds */
    double first_frame;     /* seconds from start to the middle of frame 0, */
    double frame_step;      /* and from one frame to the next */
    size_t num_frames;      /* 589 */
    size_t num_local;       /* 3 local speakers */
    const uint8_t *active;  /* [num_frames][num_local] 1: talks */
    size_t embedding_dim;   /* 0 in a result of vad, which has none of the rest */
    const float *embedding; /* [num_local][embedding_dim] as the network gives it, of any length;
                               NaN: no embedding */
    const int32_t *cluster; /* [num_local] that clustering put the local speaker on; -1: none */
    const int32_t *speaker; /* [num_local] that the turns know the cluster by; -1: in none */
} diarist_chunk;

/* A stretch of speech along the recording, by which the default model finds out who there is;
 * community-1 does so by local speakers and has none. */
typedef struct diarist_window {
    double start, end; /* seconds */
    size_t embedding_dim;
    const float *embedding; /* [embedding_dim], unit length */
    int32_t cluster;        /* -1: too small a one */
    int32_t speaker;        /* that the turns know the cluster by; -1: in none */
} diarist_window;

DIARIST_API size_t diarist_result_num_chunks(const diarist_result *result); /* 0: not kept */
/* 0, or -1 when i is out of range. */
DIARIST_API int diarist_result_chunk(const diarist_result *result, size_t i, diarist_chunk *out);
DIARIST_API size_t diarist_result_num_windows(const diarist_result *result);
/* 0, or -1 when i is out of range. */
DIARIST_API int diarist_result_window(const diarist_result *result, size_t i, diarist_window *out);

/* ---- again, with another number of speakers ------------------------------------------------ */

/* What the networks said of a recording: bytes that may be stored, for this machine and model. They
 * live as long as the result; NULL: it was not asked for (options.keep_evidence). */
DIARIST_API const void *diarist_result_evidence(const diarist_result *result, size_t *num_bytes);

/* Finds out who spoke when from evidence, as diarist_diarize would with these options (numbers of
 * speakers, cluster_threshold, min_duration_on_s and _off_s; what the networks did stays) and
 * without running them: turns, speakers and embeddings are the same bit for bit.
 * DIARIST_ERROR_INPUT: it is damaged. DIARIST_ERROR_MODEL: it is another model's. */
DIARIST_API int diarist_recluster(diarist_result **out, const diarist_model *model,
                                  const void *evidence, size_t num_bytes,
                                  const diarist_options *options, diarist_error *err);

/* The voices of groups of regions, as diarist_recording_embed's, from evidence of the default
 * model: means of the windows of 1.5 s that are centred in them. embeddings:
 * [num_groups][embedding_dim], all zeros for a group without windows. DIARIST_ERROR_ARGUMENT:
 * community-1 has no windows. */
DIARIST_API int diarist_evidence_embed(float *embeddings, const diarist_model *model,
                                       const void *evidence, size_t num_bytes,
                                       const diarist_region *regions, size_t num_regions,
                                       size_t num_groups, diarist_error *err);

/* Says of one speaker's turns which are which, if it was two: the group of each region becomes 0 or
 * 1, both of which occur. Windows are put on two voices, regions go where theirs are, those without
 * windows with the nearest. Two regions or more, one of them with a window. As above. */
DIARIST_API int diarist_evidence_split(diarist_region *regions, size_t num_regions,
                                       const diarist_model *model, const void *evidence,
                                       size_t num_bytes, diarist_error *err);

DIARIST_API void diarist_result_free(diarist_result *result);

#ifdef __cplusplus
}
#endif
#endif
