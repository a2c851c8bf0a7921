/* io.h - files: read audio of any kind, read and write turns in any format.
 * SPDX-License-Identifier: MIT
 *
 * audio file -> diarist_audio -> samples -> diarist.h -> diarist_result
 *                                                          |
 * RTTM, JSON, ... -> diarist_document <--------------------+
 *                          |
 *                          +-> RTTM, JSON, SRT, ...
 *
 * networks as their authors publish them -> diarist_model_import -> a model file
 *
 * The conventions of diarist.h hold here. */
#ifndef DIARIST_IO_H
#define DIARIST_IO_H

#include "diarist/diarist.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- audio -------------------------------------------------------------------------------- */

typedef struct diarist_audio diarist_audio; /* an open recording, decoded as it is read */

typedef struct diarist_audio_options {
    size_t struct_size; /* set by diarist_audio_options_init */
    int32_t channel;    /* 0 (default): the mean of all channels; k >= 1: the k-th channel */
    const char *raw;    /* NULL: a container. Otherwise "s16le:RATE:CHANNELS" or "f32le:..." */
    double start_s;     /* skipped at the start; default 0 */
    double duration_s;  /* read at most; 0: to the end */
    double stall_s;     /* give up when a pipe or decoder yields nothing so long; default 8 */
    uint64_t max_bytes; /* of an endless input before any sample was found; default 64 MiB */
    int32_t raw_or_wav; /* 1: with raw, what begins as a WAV file does is read as one. Default 0 */
    int32_t ffmpeg; /* 0 (default): where it is needed; -1: never, what needs it is not opened, with
                       DIARIST_ERROR_LIMIT; 1: for all but raw samples and WAV */
    double max_s;   /* above 0: DIARIST_ERROR_LIMIT once more than that has been decoded, what is
                       skipped at the start too; default 0 */
} diarist_audio_options;
DIARIST_API void diarist_audio_options_init(diarist_audio_options *options);

/* Opens path ("-": standard input). WAV, FLAC, Ogg, Opus, MP3, AIFF, AU, CAF, W64, ... are decoded
 * in-process; everything else by an ffmpeg child process when one is installed.
 * DIARIST_ERROR_INPUT: not there, not readable, or not audio; says what to do. */
DIARIST_API int diarist_audio_open(diarist_audio **out, const char *path,
                                   const diarist_audio_options *options, diarist_error *err);

/* Up to capacity samples of 16 kHz mono; *num is 0 at the end only. Finite, in [-1, 1]. */
DIARIST_API int diarist_audio_read(diarist_audio *audio, float *samples, size_t capacity,
                                   size_t *num, diarist_error *err);

/* Strings live as long as the diarist_audio. */
typedef struct diarist_audio_info {
    double duration_s;    /* of the 16 kHz samples delivered so far */
    double declared_s;    /* what the header says; 0: unknown. For progress only, never trusted */
    int32_t sample_rate;  /* of the file */
    int32_t num_channels; /* of the file */
    const char *decoder;  /* "wav", "raw", "libsndfile", "libmpg123", "ffmpeg" */
    const char *sha256;   /* of the input's bytes, 64 hex digits; NULL before the end was reached
                             and for inputs read in part */
    const char *warning;  /* NULL, or one line: what was wrong and how far decoding came */
} diarist_audio_info;
DIARIST_API void diarist_audio_describe(diarist_audio *audio, diarist_audio_info *out);
DIARIST_API void diarist_audio_close(diarist_audio *audio);

/* PCM as it comes, from a device or a connection, to 16 kHz mono: what diarist_audio_open with
 * `raw` makes of the same bytes, without a file. */
typedef struct diarist_pcm diarist_pcm;

/* raw: as in diarist_audio_options. DIARIST_ERROR_ARGUMENT, DIARIST_ERROR_MEMORY. */
DIARIST_API int diarist_pcm_open(diarist_pcm **out, const char *raw, diarist_error *err);

/* Takes up to num frames (a frame: one sample of each channel) of the bytes at frames (*used) and
 * gives up to capacity samples (*made), finite, in [-1, 1]. A rate that is changed holds some back.
 * frames NULL: no more come; *made is 0 once everything is out. */
DIARIST_API int diarist_pcm_convert(diarist_pcm *pcm, const void *frames, size_t num, size_t *used,
                                    float *samples, size_t capacity, size_t *made,
                                    diarist_error *err);
DIARIST_API void diarist_pcm_close(diarist_pcm *pcm);

/* ---- documents ---------------------------------------------------------------------------- */

/* Turns of one or more recordings with named speakers: what a diarization file holds. */
typedef struct diarist_document diarist_document;

DIARIST_API int diarist_document_new(diarist_document **out, diarist_error *err);
DIARIST_API void diarist_document_free(diarist_document *document);

/* What is known of a recording beyond its turns; any pointer may be NULL, any number 0. */
typedef struct diarist_source {
    const char *file;  /* as given by the user; the file id is its name without directory and last
                          extension, white space as _; another file of that name gets id_2 */
    const char *id;    /* NULL: from file */
    double duration_s; /* of the decoded samples */
    int32_t sample_rate, num_channels;
    int32_t channel; /* 1-based channel that the turns are of; 0: all, written as 1 */
    const char *sha256;
    const char *preset; /* "balanced" */
    double load_s;      /* wall time of loading the model, once for all recordings, */
    double decode_s;    /* of waiting for samples, */
    double total_s;     /* of everything on this recording but load_s; 0: what the result says */
    const char *const *names; /* [num_speakers of the result] who each is, NULL: nobody known;
                                 or NULL */
} diarist_source;

/* Appends a result. Speakers get the ids SPEAKER_00, ... in order of first appearance (after those
 * that the same recording id already has: channels); those of a vad result SPEECH. A name of
 * source.names stands wherever a format has one label for a speaker. model may be NULL. Everything
 * is copied. */
DIARIST_API int diarist_document_add(diarist_document *document, const diarist_result *result,
                                     const diarist_source *source, const diarist_model *model,
                                     diarist_error *err);

/* Moves all recordings of one document to the end of another; `from` is left without any. Nothing
 * is moved, and DIARIST_ERROR_INPUT says so, when both have a recording of one id. */
DIARIST_API int diarist_document_append(diarist_document *document, diarist_document *from,
                                        diarist_error *err);
/* Gives a recording another id. DIARIST_ERROR_ARGUMENT: no such recording, or another one has it.
 */
DIARIST_API int diarist_document_rename(diarist_document *document, size_t recording,
                                        const char *id, diarist_error *err);

/* Reads path ("-": standard input) in a format by name (diarist_document_format), or NULL to tell
 * from the content. A broken line is an error that names the line. */
DIARIST_API int diarist_document_read(diarist_document **out, const char *path, const char *format,
                                      diarist_error *err);

typedef struct diarist_write_options {
    size_t struct_size; /* set by diarist_write_options_init */
    int32_t view;       /* DIARIST_OVERLAPPING (default) or DIARIST_EXCLUSIVE, for formats that
                           hold one */
    int32_t embeddings; /* 1: include speaker embeddings where the format can */
    int32_t timing;     /* 1: include timing where the format can: json */
    int32_t colors;     /* 1: include a colour per speaker where the format can */
    int32_t recording;  /* 0 (default): all recordings; k >= 1: the k-th alone */
} diarist_write_options;
DIARIST_API void diarist_write_options_init(diarist_write_options *options);

/* Writes to path ("-": standard output; otherwise beside it and renamed, so that no partial file is
 * ever seen under that name). */
DIARIST_API int diarist_document_write(const diarist_document *document, const char *path,
                                       const char *format, const diarist_write_options *options,
                                       diarist_error *err);

typedef struct diarist_format {
    const char *name;        /* "rttm" */
    const char *extension;   /* ".rttm" */
    const char *description; /* one line */
    int32_t can_read, can_write;
} diarist_format;
/* The i-th format, or NULL past the last. Static storage. */
DIARIST_API const diarist_format *diarist_document_format(size_t i);

/* Turns of a document, for programs that want to look into it. Strings live as long as it. */
DIARIST_API size_t diarist_document_num_recordings(const diarist_document *document);
DIARIST_API const char *diarist_document_recording_id(const diarist_document *document,
                                                      size_t recording);
DIARIST_API size_t diarist_document_num_turns(const diarist_document *document, size_t recording,
                                              diarist_view view);
/* 0, or -1 past the last. confidence is -1 when a file does not say. The exclusive view of a file
 * that has none gives the floor to whoever began first, until the end of that turn. */
DIARIST_API int diarist_document_turn(const diarist_document *document, size_t recording,
                                      diarist_view view, size_t i, diarist_turn *out);
DIARIST_API size_t diarist_document_num_speakers(const diarist_document *document,
                                                 size_t recording);
/* What it is labelled: its name if it has one, else its id; NULL past the last. */
DIARIST_API const char *diarist_document_speaker_name(const diarist_document *document,
                                                      size_t recording, size_t speaker);

/* What a document knows of a speaker's voice. Lives as long as the document. */
typedef struct diarist_document_voice {
    const char *id;   /* "SPEAKER_00" */
    const char *name; /* NULL: nobody known */
    double seconds;   /* talk time in the overlapping view */
    const float *embedding;
    size_t embedding_dim;     /* 0: no embedding, which is then NULL */
    const char *model_name;   /* of the embeddings; NULL: unknown, */
    const char *model_sha256; /* as is this */
} diarist_document_voice;
/* 0, or -1 past the last. */
DIARIST_API int diarist_document_voice_of(const diarist_document *document, size_t recording,
                                          size_t speaker, diarist_document_voice *out);

/* Gives all speakers of a recording other ids and names, [num_speakers]; names or one of them NULL:
 * no name. DIARIST_ERROR_ARGUMENT: two ids are the same. */
DIARIST_API int diarist_document_relabel(diarist_document *document, size_t recording,
                                         const char *const *ids, const char *const *names,
                                         diarist_error *err);

/* Of the following none may be called again after a failure other than DIARIST_ERROR_ARGUMENT. */

/* Two speakers were one: the turns of `from` become those of `into`, one where they meet; the voice
 * becomes the mean of both by talk time, the name that of `from` if `into` has none. Speakers
 * behind `from` move down by one. */
DIARIST_API int diarist_document_merge(diarist_document *document, size_t recording, size_t into,
                                       size_t from, diarist_error *err);
/* One speaker was two: what it says within spans (sorted, disjoint; groups are not read) becomes
 * that of a new one, the last, under the first free id SPEAKER_NN. Turns are cut at the spans'
 * ends; neither keeps a voice. DIARIST_ERROR_ARGUMENT: nothing lies within, or everything. */
DIARIST_API int diarist_document_split(diarist_document *document, size_t recording, size_t speaker,
                                       const diarist_region *spans, size_t num_spans,
                                       diarist_error *err);
/* Gives a speaker an embedding [dim], which is copied; dim 0: none. */
DIARIST_API int diarist_document_set_voice(diarist_document *document, size_t recording,
                                           size_t speaker, const float *embedding, size_t dim,
                                           diarist_error *err);
/* DIARIST_ERROR_ARGUMENT: two speakers could not be told apart by their labels where a label is one
 * word ("Anna B" and "Anna_B" in RTTM). */
DIARIST_API int diarist_document_check_labels(const diarist_document *document, size_t recording,
                                              diarist_error *err);

/* ---- what the stages made ------------------------------------------------------------------ */

/* Writes what a result kept (options.keep_stages) as a NumPy archive, path as in
 * diarist_document_write. C chunks, W windows, S speakers, embeddings of D values:
 *
 *   chunk_start f8 [C]; first_frame, frame_step f8 []: seconds, as in diarist_chunk
 *   segmentations u1 [C][589][3]
 *   embeddings f4 [C][3][D]; hard_clusters, speakers i4 [C][3]
 *   window_start, window_end f8 [W]; window_embeddings f4 [W][D]; window_clusters,
 *   window_speakers i4 [W]
 *   speaker_embeddings f4 [S][D], NaN: none
 *
 * Of vad the first two lines. DIARIST_ERROR_ARGUMENT: nothing was kept. DIARIST_ERROR_LIMIT: 4 GiB
 * or more. */
DIARIST_API int diarist_stages_write(const diarist_result *result, const char *path,
                                     diarist_error *err);

/* ---- model files -------------------------------------------------------------------------- */

/* A file of which a model set is made, as its authors publish it. */
typedef struct diarist_original {
    const char *part;   /* "segmentation", "embedding", ... */
    const char *path;   /* below a mirror, and its first name in a folder */
    const char *sha256; /* of the pinned version, 64 hex digits */
    uint64_t num_bytes; /* of the pinned version */
    const char *license, *attribution, *source;
    const char *const *names; /* under which it is looked for in a folder, ended by NULL */
} diarist_original;
/* The i-th file of a set that can be imported ("community-1"), or a URL below which its files lie;
 * NULL past the last and for other sets. Static storage. */
DIARIST_API const diarist_original *diarist_model_original(const char *set, size_t i);
DIARIST_API const char *diarist_model_mirror(const char *set, size_t i);

/* Told of each file that was used; sha256 is its own, which other versions have differently. */
typedef void diarist_import_fn(void *data, const diarist_original *original, const char *path,
                               const char *sha256);

/* Makes the model file `output` of a set from files in a folder: PyTorch checkpoints or ONNX, .npz.
 * Every tensor's shape and values are checked; nothing in the files is executed. `used` may be
 * NULL. DIARIST_ERROR_MODEL: one is missing, broken or of another network. */
DIARIST_API int diarist_model_import(const char *set, const char *folder, const char *output,
                                     diarist_import_fn *used, void *data, diarist_error *err);

/* The SHA-256 of a file as 64 hex digits and a zero. DIARIST_ERROR_INPUT: it cannot be read. */
DIARIST_API int diarist_file_sha256(const char *path, char hex[65], diarist_error *err);

#ifdef __cplusplus
}
#endif
#endif
