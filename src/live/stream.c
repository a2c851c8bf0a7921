/* stream.c - a live stream: who speaks, as samples come.
 * SPDX-License-Identifier: MIT */
#include "live/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "diarist/profile.h"
#include "live/group.h"
#include "pipeline/plan.h"

#define MIN_LATENCY_S 0.5
#define MAX_LATENCY_S 5.0

/* ---- options ---- */

void diarist_stream_options_init(diarist_stream_options *options) {
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->latency_s = 2.0;
}

static int check_options(const diarist_stream_options *o, diarist_error *err) {
    if (o->struct_size != sizeof *o)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "struct_size is not set; call diarist_stream_options_init first");
    int status = dr_check_range(o->latency_s, MIN_LATENCY_S, MAX_LATENCY_S, "latency_s", err);
    if (!status)
        status = dr_check_range(o->max_speakers, 0, DR_LIVE_MAX_SPEAKERS, "max_speakers", err);
    if (!status)
        status = dr_check_range(o->known_threshold, 0, 1, "known_threshold", err);
    if (!status)
        status = dr_check_range(o->cluster_threshold, -1, 1, "cluster_threshold", err);
    if (status)
        return status;
    if (o->preset != DIARIST_PRESET_BALANCED && o->preset != DIARIST_PRESET_ACCURATE)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "preset %d is none of a stream's; balanced and accurate are", o->preset);
    if (o->num_known < 0 || (o->num_known && !o->known))
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "num_known says of voices that are not given");
    const int32_t most = o->max_speakers ? o->max_speakers : DR_LIVE_MAX_SPEAKERS;
    if (o->num_known >= most)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "%d known voices leave no place for anybody else among the %d that are told "
                       "apart; give fewer, or raise max_speakers",
                       o->num_known, most);
    return DIARIST_OK;
}

/* ---- opening ---- */

static int open_recording(struct diarist_stream *s, const diarist_stream_options *o,
                          diarist_error *err) {
    diarist_options options;
    diarist_options_init(&options);
    options.num_threads = 1;
    options.preset = o->preset;
    options.max_speakers = o->max_speakers;
    options.cluster_threshold = o->cluster_threshold;
    return diarist_recording_open(&s->recording, s->model, &options, err);
}

static double known_threshold(const diarist_stream_options *o, const struct diarist_model *model) {
    diarist_model_info info;
    if (!o->num_known || o->known_threshold != 0.0)
        return o->known_threshold;
    diarist_model_describe(model, &info);
    return diarist_match_threshold(&info);
}

static int open_parts(struct diarist_stream *s, const diarist_stream_options *o,
                      diarist_error *err) {
    const struct dr_networks *networks;
    const struct diarist_model *model = s->model;
    dr_live_params_init(&s->params, o->latency_s);
    s->params.clustering.threshold =
        o->cluster_threshold != 0.0 ? o->cluster_threshold : model->cluster_threshold;
    s->params.known_threshold = known_threshold(o, model);
    const size_t max_frames = (s->params.delay + 2 * s->params.step) / DR_FRAME_STEP + 8;
    int status = dr_model_networks(&networks, model, dr_model_precision(model, o->preset),
                                   s->group->workers.num, err);
    if (!status && dr_arena_reserve(&s->arena, dr_front_end_bytes(&s->params, networks->precision) +
                                                   dr_live_speakers_bytes((size_t)o->num_known) +
                                                   dr_live_turns_bytes(max_frames)))
        status = dr_fail_memory(err);
    if (!status)
        status = dr_front_end_open(&s->front_end, model, networks, &s->params, &s->arena, err);
    if (!status)
        status =
            dr_live_speakers_open(&s->speakers, &s->params,
                                  o->max_speakers ? (size_t)o->max_speakers : DR_LIVE_MAX_SPEAKERS,
                                  o->known, (size_t)o->num_known, &s->arena, err);
    if (!status)
        status = dr_live_turns_open(&s->turns, max_frames, &s->arena, err);
    if (!status && o->keep_result)
        status = open_recording(s, o, err);
    return status ? status : dr_group_add(s->group, s, err);
}

int diarist_stream_open(diarist_stream **out, const diarist_model *model,
                        const diarist_stream_options *options, diarist_stream_group *group,
                        diarist_error *err) {
    diarist_stream_options defaults;
    diarist_stream_options_init(&defaults);
    const diarist_stream_options *o = options ? options : &defaults;
    *out = NULL;
    int status = check_options(o, err);
    if (status)
        return status;
    if (model->architecture != DR_DEFAULT_1)
        return dr_fail(err, DIARIST_ERROR_MODEL,
                       "this model cannot be used live; take one of the default architecture");
    struct diarist_stream *s = calloc(1, sizeof *s);
    if (!s)
        return dr_fail_memory(err);
    s->model = model;
    s->group = group;
    s->owns_group = !group;
    if (!group)
        status = diarist_stream_group_open(&s->group, model, o->num_threads, err);
    if (!status)
        status = open_parts(s, o, err);
    if (status) {
        diarist_stream_free(s);
        return status;
    }
    *out = s;
    return DIARIST_OK;
}

void diarist_stream_free(diarist_stream *s) {
    if (!s)
        return;
    if (s->group)
        dr_group_remove(s->group, s);
    if (s->owns_group)
        diarist_stream_group_free(s->group);
    diarist_recording_free(s->recording);
    dr_arena_free(&s->arena);
    free(s);
}

/* ---- feeding ---- */

static int has_events(const struct diarist_stream *s) {
    return s->turns.taken < s->turns.num;
}

int dr_stream_is_due(const struct diarist_stream *s) {
    return s->state == DR_STREAM_OPEN && !has_events(s) &&
           s->front_end.num_samples >= dr_front_end_due(&s->front_end);
}

static int check_state(const struct diarist_stream *s, diarist_error *err) {
    if (s->state == DR_STREAM_FINISHED)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the stream has ended; open another one");
    if (s->state == DR_STREAM_FAILED)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the stream has failed; open another one");
    return DIARIST_OK;
}

/* Lost samples are silence. */
static int record(struct diarist_stream *s, const float *samples, size_t n, diarist_error *err) {
    enum { PART = 4096 };
    static const float silence[PART];
    int status = DIARIST_OK;
    if (!s->recording)
        return DIARIST_OK;
    if (samples)
        return diarist_recording_feed(s->recording, samples, n, err);
    for (size_t part; n && !status; n -= part) {
        part = n < PART ? n : PART;
        status = diarist_recording_feed(s->recording, silence, part, err);
    }
    return status;
}

/* The steps that are due, of a stream with threads of its own, until there are events. */
static int run_due(struct diarist_stream *s, diarist_error *err) {
    int status = DIARIST_OK;
    while (!status && s->owns_group && dr_stream_is_due(s))
        status = dr_group_step(s->group, &s, 1, 0, err);
    return status;
}

static int feed(struct diarist_stream *s, const float *samples, size_t n, size_t *used,
                diarist_error *err) {
    *used = 0;
    int status = check_state(s, err);
    if (!status)
        status = run_due(s, err);
    while (!status && *used < n && !(s->owns_group && has_events(s))) {
        /* With threads of its own a stream takes what the next step needs, so that events come as
         * early whatever is fed at a time. */
        size_t most = n - *used;
        const size_t due = dr_front_end_due(&s->front_end) - s->front_end.num_samples;
        if (s->owns_group && most > due)
            most = due;
        const float *from = samples ? samples + *used : NULL;
        const size_t taken = dr_front_end_feed(&s->front_end, from, most);
        *used += taken;
        if (!taken)
            break;
        status = record(s, from, taken, err);
        if (!status)
            status = run_due(s, err);
    }
    if (status && s->state == DR_STREAM_OPEN)
        s->state = DR_STREAM_FAILED;
    return status;
}

int diarist_stream_feed(diarist_stream *stream, const float *samples, size_t n, size_t *used,
                        diarist_error *err) {
    return feed(stream, samples, n, used, err);
}

int diarist_stream_skip(diarist_stream *stream, size_t n, size_t *used, diarist_error *err) {
    return feed(stream, NULL, n, used, err);
}

int diarist_stream_next(diarist_stream *stream, diarist_event *out) {
    return dr_live_turns_next(&stream->turns, out);
}

/* ---- the end ---- */

int diarist_stream_finish(diarist_stream *s, diarist_error *err) {
    int status = check_state(s, err);
    while (!status && s->front_end.num_samples >= dr_front_end_due(&s->front_end))
        status = dr_group_step(s->group, &s, 1, 0, err);
    /* Once more even if no samples are left: what is not final yet becomes so. */
    if (!status && s->front_end.num_samples)
        status = dr_group_step(s->group, &s, 1, 1, err);
    if (status) {
        s->state = DR_STREAM_FAILED;
        return status;
    }
    dr_live_turns_finish(&s->turns);
    s->state = DR_STREAM_FINISHED;
    return DIARIST_OK;
}

int diarist_stream_result(diarist_result **out, diarist_stream *s, diarist_error *err) {
    *out = NULL;
    if (!s->recording)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "no result was kept; open the stream with keep_result");
    if (s->state != DR_STREAM_FINISHED)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "the stream has not ended; call diarist_stream_finish first");
    return diarist_recording_diarize(out, s->recording, err);
}

double diarist_stream_duration(const diarist_stream *stream) {
    return (double)stream->front_end.num_samples / DR_SAMPLE_RATE;
}

size_t diarist_stream_num_speakers(const diarist_stream *stream) {
    return (size_t)stream->speakers.next_number;
}

int diarist_stream_speaker(float *embedding, const diarist_stream *stream, size_t speaker) {
    return dr_live_speakers_voice(embedding, &stream->speakers, speaker);
}
