/* api_document.c - public entry points for documents: results and files in, files and turns out.
 * SPDX-License-Identifier: MIT
 *
 * One table says what formats there are, who reads and who writes them. */
#define _GNU_SOURCE
#include "diarist/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_numbers.h"
#include "base/error.h"
#include "document.h"
#include "input/readers.h"
#include "output/prepare.h"
#include "output/writers.h"
#include "pipeline/result.h"

static const struct {
    diarist_format about;
    dr_reader_fn *read;
    dr_writer_fn *write;
} formats[] = {
    {{"rttm", ".rttm", "Rich Transcription Time Marked: one line per turn", 1, 1},
     dr_read_rttm,
     dr_write_rttm},
    {{"json", ".json", "all that is known, in both views (schema diarist/1)", 1, 1},
     dr_read_json,
     dr_write_json},
    {{"jsonl", ".jsonl", "one JSON object per turn and line", 1, 1}, dr_read_jsonl, dr_write_jsonl},
    {{"csv", ".csv", "comma-separated values with a header line", 1, 1}, dr_read_csv, dr_write_csv},
    {{"srt", ".srt", "SubRip subtitles that show who speaks", 1, 1}, dr_read_srt, dr_write_srt},
    {{"vtt", ".vtt", "WebVTT with a voice span on every cue", 1, 1}, dr_read_vtt, dr_write_vtt},
    {{"textgrid", ".TextGrid", "Praat TextGrid, one interval tier per speaker", 1, 1},
     dr_read_textgrid,
     dr_write_textgrid},
    {{"audacity", ".txt", "Audacity label track", 1, 1}, dr_read_audacity, dr_write_audacity},
    {{"senko", ".senko.json", "Senko's merged_segments, as Zanshin reads them", 1, 1},
     dr_read_senko,
     dr_write_senko},
    {{"pyannoteai", ".pyannoteai.json", "a finished pyannoteAI job", 1, 1},
     dr_read_pyannoteai,
     dr_write_pyannoteai},
    {{"whisperx", ".whisperx.json", "WhisperX segments without text", 1, 1},
     dr_read_whisperx,
     dr_write_whisperx},
    {{"assemblyai", ".assemblyai.json", "an AssemblyAI transcript without text", 1, 1},
     dr_read_assemblyai,
     dr_write_assemblyai},
};
enum { NUM_FORMATS = sizeof formats / sizeof *formats };

const diarist_format *diarist_document_format(size_t i) {
    return i < NUM_FORMATS ? &formats[i].about : NULL;
}

/* Index into formats, or DIARIST_ERROR_ARGUMENT. */
static int find_format(const char *name, diarist_error *err) {
    for (int i = 0; i < NUM_FORMATS; i++)
        if (strcmp(formats[i].about.name, name) == 0)
            return i;
    return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                   "there is no format \"%.40s\"; formats are rttm, json, jsonl, csv, srt, vtt, "
                   "textgrid, audacity, senko, pyannoteai, whisperx, assemblyai",
                   name);
}

/* ---- results -> document ------------------------------------------------------------------ */

/* The recording that source's turns belong to. Channels of one file share a recording; another file
 * with the same name becomes NAME_2, so that nobody's turns are mixed up. */
static int source_recording(struct dr_document_recording **out, diarist_document *document,
                            const diarist_source *source, diarist_error *err) {
    if (source->id)
        return dr_document_recording(out, document, source->id, err);
    char *id = dr_document_id_of(source->file ? source->file : "recording");
    char *candidate = id ? strdup(id) : NULL;
    for (unsigned number = 2; candidate; number++) {
        const struct dr_document_recording *taken = dr_document_find(document, candidate);
        if (!taken || (source->channel > 0 && source->file && taken->file &&
                       strcmp(taken->file, source->file) == 0))
            break;
        free(candidate);
        if (asprintf(&candidate, "%s_%u", id, number) < 0)
            candidate = NULL;
    }
    int status =
        candidate ? dr_document_recording(out, document, candidate, err) : dr_fail_memory(err);
    free(candidate);
    free(id);
    return status;
}

static int set_text(char **field, const char *text, diarist_error *err) {
    return text ? dr_document_set_text(field, text, strlen(text), err) : DIARIST_OK;
}

static int describe_recording(struct dr_document_recording *recording, const diarist_result *result,
                              const diarist_source *source, const diarist_model *model,
                              diarist_error *err) {
    diarist_model_info info = {0};
    struct dr_document_engine *engine = &recording->engine;
    if (model)
        diarist_model_describe(model, &info);
    recording->duration_s =
        source->duration_s > 0 ? source->duration_s : diarist_result_duration(result);
    recording->sample_rate = source->sample_rate;
    recording->num_channels = source->num_channels;
    engine->num_threads = diarist_result_num_threads(result);
    engine->step_s = diarist_result_step(result);
    int status = set_text(&recording->file, source->file, err);
    if (!status)
        status = set_text(&recording->sha256, source->sha256, err);
    if (!status)
        status = set_text(&engine->version, diarist_version(), err);
    if (!status)
        status = set_text(&engine->preset, source->preset, err);
    if (!status)
        status = set_text(&engine->instruction_set, info.instruction_set, err);
    if (!status)
        status = set_text(&engine->precision, diarist_result_precision(result), err);
    if (!status)
        status = set_text(&engine->trunk, diarist_result_trunk(result), err);
    if (!status)
        status = set_text(&engine->model_name, info.name, err);
    return status ? status : set_text(&engine->model_sha256, info.sha256, err);
}

/* Channels of one recording are worked on one after another: their times add up. The model was
 * loaded once for all. */
static void add_timing(struct dr_document_timing *timing, const diarist_result *result,
                       const diarist_source *source) {
    diarist_timing stages;
    diarist_result_timing(result, &stages);
    timing->stages.total += source->load_s - timing->load_s;
    timing->load_s = source->load_s;
    timing->known = 1;
    timing->decode_s += source->decode_s;
    timing->stages.features += stages.features;
    timing->stages.segmentation += stages.segmentation;
    timing->stages.embedding += stages.embedding;
    timing->stages.clustering += stages.clustering;
    timing->stages.reconstruct += stages.reconstruct;
    timing->stages.total += source->total_s > 0 ? source->total_s : stages.total;
}

/* Adds the s-th speaker of a result under the first free id; *out is its index. */
static int add_speaker(int32_t *out, struct dr_document_recording *recording,
                       const diarist_result *result, size_t s, const char *name,
                       diarist_error *err) {
    char id[32] = "SPEECH";
    if (!dr_result_is_vad(result)) {
        size_t number = recording->num_speakers;
        do
            snprintf(id, sizeof id, "SPEAKER_%02zu", number++);
        while (dr_recording_find_speaker(recording, id) >= 0);
    }
    int status = dr_recording_speaker(out, recording, id, strlen(id), err);
    if (!status)
        status = set_text(&recording->speakers[*out].name, name, err);
    diarist_speaker about;
    if (status || diarist_result_speaker(result, s, &about) || !about.embedding)
        return status;
    struct dr_document_speaker *speaker = &recording->speakers[*out];
    size_t dim = diarist_result_embedding_dim(result);
    float *embedding = calloc(dim, sizeof *embedding);
    if (!embedding)
        return dr_fail_memory(err);
    memcpy(embedding, about.embedding, dim * sizeof *embedding);
    free(speaker->embedding);
    speaker->embedding = embedding;
    speaker->embedding_dim = dim;
    return DIARIST_OK;
}

static int add_turns(struct dr_document_recording *recording, const diarist_result *result,
                     diarist_view view, const int32_t *speakers, int32_t channel,
                     diarist_error *err) {
    int status = DIARIST_OK;
    diarist_turn turn;
    for (size_t i = 0; !status && diarist_result_turn(result, view, i, &turn) == 0; i++) {
        struct dr_document_turn added = {.start_s = turn.start,
                                         .end_s = turn.end,
                                         .speaker = speakers[turn.speaker],
                                         .channel = channel,
                                         .confidence = turn.confidence};
        status = dr_recording_add_turn(recording, view, &added, err);
    }
    return status;
}

int diarist_document_add(diarist_document *document, const diarist_result *result,
                         const diarist_source *source, const diarist_model *model,
                         diarist_error *err) {
    static const diarist_source unknown = {0};
    struct dr_document_recording *recording;
    source = source ? source : &unknown;
    size_t num_speakers = diarist_result_num_speakers(result);
    int32_t *speakers = calloc(num_speakers + 1, sizeof *speakers);
    if (!speakers)
        return dr_fail_memory(err);
    int status = source_recording(&recording, document, source, err);
    if (!status)
        status = describe_recording(recording, result, source, model, err);
    for (size_t s = 0; s < num_speakers && !status; s++)
        status = add_speaker(&speakers[s], recording, result, s,
                             source->names ? source->names[s] : NULL, err);
    if (!status)
        status = add_turns(recording, result, DIARIST_OVERLAPPING, speakers, source->channel, err);
    if (!status)
        status = add_turns(recording, result, DIARIST_EXCLUSIVE, speakers, source->channel, err);
    if (!status) {
        add_timing(&recording->timing, result, source);
        status = dr_recording_settle(recording, err);
    }
    free(speakers);
    return status;
}

/* ---- files -------------------------------------------------------------------------------- */

/* The id of a recording whose file has none: "talk" of talk.srt and of talk.senko.json alike. NULL
 * without memory. */
static char *id_of(const char *path, const diarist_format *format) {
    size_t n = strlen(path), e = strlen(format->extension);
    const char *last_part = strrchr(format->extension, '.');
    if (n <= e || strcmp(path + n - e, format->extension) != 0)
        return dr_document_id_of(path);
    char *shorter = strndup(path, n - (last_part > format->extension ? strlen(last_part) : 0));
    char *id = shorter ? dr_document_id_of(shorter) : NULL;
    free(shorter);
    return id;
}

int diarist_document_read(diarist_document **out, const char *path, const char *format,
                          diarist_error *err) {
    char *text = NULL, *id = NULL;
    size_t size = 0;
    struct dr_input in;
    *out = NULL;
    int index = format ? find_format(format, err) : 0;
    int status = index < 0 ? index : dr_input_load(&text, &size, path, err);
    if (status)
        return status;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    const char *found = format ? format : dr_input_detect(text, size);
    if (!found) {
        status = dr_fail(err, DIARIST_ERROR_INPUT,
                         "%.120s: no diarization format that is known here; name its format", name);
        goto done;
    }
    index = find_format(found, NULL);
    id = id_of(path, &formats[index].about);
    if (!id) {
        status = dr_fail_memory(err);
        goto done;
    }
    dr_input_start(&in, name, id, text, size, err);
    status = dr_input_parse(out, &in, formats[index].read);
done:
    free(id);
    free(text);
    return status;
}

void diarist_write_options_init(diarist_write_options *options) {
    *options = (diarist_write_options){.struct_size = sizeof *options, .view = DIARIST_OVERLAPPING};
}

/* What the caller's version of the struct says, defaults for the rest. */
static int resolve_options(diarist_write_options *out, const diarist_write_options *options,
                           const diarist_document *document, diarist_error *err) {
    diarist_write_options_init(out);
    if (options) {
        if (options->struct_size < sizeof options->struct_size)
            return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                           "write options were not set up; call diarist_write_options_init");
        memcpy(out, options,
               options->struct_size < sizeof *out ? options->struct_size : sizeof *out);
    }
    if (out->recording < 0 || (size_t)out->recording > document->num_recordings)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "there is no recording %d; there are %zu",
                       out->recording, document->num_recordings);
    if (out->view != DIARIST_OVERLAPPING && out->view != DIARIST_EXCLUSIVE)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "view is neither overlapping nor exclusive");
    return DIARIST_OK;
}

int diarist_document_write(const diarist_document *document, const char *path, const char *format,
                           const diarist_write_options *options, diarist_error *err) {
    diarist_write_options resolved;
    struct dr_c_numbers numbers;
    struct dr_sink sink;
    int index = find_format(format, err);
    int status = index < 0 ? index : resolve_options(&resolved, options, document, err);
    if (status)
        return status;
    diarist_document alone = {.num_recordings = 1};
    if (resolved.recording > 0) {
        alone.recordings = document->recordings + (resolved.recording - 1);
        document = &alone;
    }
    status = dr_c_numbers_begin(&numbers, err);
    if (status)
        return status;
    status = dr_sink_open(&sink, path, err);
    if (!status)
        status = dr_sink_end(&sink, formats[index].write(&sink, document, &resolved, err), err);
    dr_c_numbers_end(&numbers);
    return status;
}

/* ---- looking into a document -------------------------------------------------------------- */

size_t diarist_document_num_recordings(const diarist_document *document) {
    return document->num_recordings;
}

/* The recording, or NULL past the last. */
static const struct dr_document_recording *recording_at(const diarist_document *document,
                                                        size_t recording) {
    return recording < document->num_recordings ? document->recordings[recording] : NULL;
}

const char *diarist_document_recording_id(const diarist_document *document, size_t recording) {
    const struct dr_document_recording *found = recording_at(document, recording);
    return found ? found->id : NULL;
}

/* The turns of a view, or NULL where there is none. */
static const struct dr_document_turns *turns_of(const diarist_document *document, size_t recording,
                                                diarist_view view) {
    const struct dr_document_recording *found = recording_at(document, recording);
    return found && (view == DIARIST_OVERLAPPING || view == DIARIST_EXCLUSIVE) ? &found->turns[view]
                                                                               : NULL;
}

size_t diarist_document_num_turns(const diarist_document *document, size_t recording,
                                  diarist_view view) {
    const struct dr_document_turns *turns = turns_of(document, recording, view);
    return turns ? turns->num : 0;
}

int diarist_document_turn(const diarist_document *document, size_t recording, diarist_view view,
                          size_t i, diarist_turn *out) {
    const struct dr_document_turns *turns = turns_of(document, recording, view);
    if (!turns || i >= turns->num)
        return -1;
    const struct dr_document_turn *turn = &turns->items[i];
    *out = (diarist_turn){.start = turn->start_s,
                          .end = turn->end_s,
                          .speaker = turn->speaker,
                          .confidence = turn->confidence,
                          .flags = turn->overlap ? DIARIST_TURN_OVERLAP : 0};
    return 0;
}

size_t diarist_document_num_speakers(const diarist_document *document, size_t recording) {
    const struct dr_document_recording *found = recording_at(document, recording);
    return found ? found->num_speakers : 0;
}

const char *diarist_document_speaker_name(const diarist_document *document, size_t recording,
                                          size_t speaker) {
    const struct dr_document_recording *found = recording_at(document, recording);
    return found && speaker < found->num_speakers ? dr_speaker_label(&found->speakers[speaker])
                                                  : NULL;
}

int diarist_document_voice_of(const diarist_document *document, size_t recording, size_t speaker,
                              diarist_document_voice *out) {
    const struct dr_document_recording *found = recording_at(document, recording);
    if (!found || speaker >= found->num_speakers)
        return -1;
    const struct dr_document_speaker *about = &found->speakers[speaker];
    *out = (diarist_document_voice){.id = about->id,
                                    .name = about->name,
                                    .embedding = about->embedding,
                                    .embedding_dim = about->embedding_dim,
                                    .model_name = found->engine.model_name,
                                    .model_sha256 = found->engine.model_sha256};
    const struct dr_document_turns *turns = &found->turns[DIARIST_OVERLAPPING];
    for (size_t i = 0; i < turns->num; i++)
        if (turns->items[i].speaker == (int32_t)speaker)
            out->seconds += turns->items[i].end_s - turns->items[i].start_s;
    return 0;
}

int diarist_document_relabel(diarist_document *document, size_t recording, const char *const *ids,
                             const char *const *names, diarist_error *err) {
    if (recording >= document->num_recordings)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "there is no recording %zu; there are %zu",
                       recording, document->num_recordings);
    struct dr_document_recording *found = document->recordings[recording];
    int status = dr_recording_relabel(found, ids, err);
    for (size_t s = 0; s < found->num_speakers && !status; s++)
        status = names && names[s] ? set_text(&found->speakers[s].name, names[s], err)
                                   : dr_document_set_text(&found->speakers[s].name, NULL, 0, err);
    return status;
}

/* ---- changing speakers -------------------------------------------------------------------- */

/* The recording, if it has these two speakers; else NULL and *err. */
static struct dr_document_recording *with_speakers(diarist_document *document, size_t recording,
                                                   size_t a, size_t b, diarist_error *err) {
    if (recording < document->num_recordings && a < document->recordings[recording]->num_speakers &&
        b < document->recordings[recording]->num_speakers)
        return document->recordings[recording];
    dr_fail(err, DIARIST_ERROR_ARGUMENT, "there is no such recording or speaker");
    return NULL;
}

int diarist_document_merge(diarist_document *document, size_t recording, size_t into, size_t from,
                           diarist_error *err) {
    struct dr_document_recording *found = with_speakers(document, recording, into, from, err);
    if (!found)
        return DIARIST_ERROR_ARGUMENT;
    if (into == from)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "a speaker cannot be merged with itself");
    return dr_recording_merge(found, into, from, err);
}

int diarist_document_split(diarist_document *document, size_t recording, size_t speaker,
                           const diarist_region *spans, size_t num_spans, diarist_error *err) {
    struct dr_document_recording *found = with_speakers(document, recording, speaker, speaker, err);
    if (!found)
        return DIARIST_ERROR_ARGUMENT;
    for (size_t i = 0; i < num_spans; i++)
        if (!(spans[i].start >= (i ? spans[i - 1].end : 0) && spans[i].start < spans[i].end &&
              spans[i].end <= DR_DOCUMENT_MAX_S))
            return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                           "times must be ranges in their order that do not overlap");
    return dr_recording_split(found, speaker, spans, num_spans, err);
}

int diarist_document_set_voice(diarist_document *document, size_t recording, size_t speaker,
                               const float *embedding, size_t dim, diarist_error *err) {
    struct dr_document_recording *found = with_speakers(document, recording, speaker, speaker, err);
    return found ? dr_recording_set_voice(found, speaker, embedding, dim, err)
                 : DIARIST_ERROR_ARGUMENT;
}

int diarist_document_check_labels(const diarist_document *document, size_t recording,
                                  diarist_error *err) {
    const struct dr_document_recording *found = recording_at(document, recording);
    for (size_t i = 0; found && i < found->num_speakers; i++)
        for (size_t j = 0; j < i; j++)
            if (dr_same_word(dr_speaker_label(&found->speakers[i]),
                             dr_speaker_label(&found->speakers[j])))
                return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                               "\"%.80s\" and \"%.80s\" would be one speaker in RTTM; choose "
                               "different names, or merge them",
                               dr_speaker_label(&found->speakers[j]),
                               dr_speaker_label(&found->speakers[i]));
    return DIARIST_OK;
}
