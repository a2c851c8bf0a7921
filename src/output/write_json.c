/* write_json.c - all that is known of one recording (docs/schema/diarist-1.schema.json).
 * SPDX-License-Identifier: MIT
 *
 * Keys and their order are fixed; what is not known is null. Both views are always there. Speakers'
 * seconds and turns are counted over the turns as written. */
#include "output/colors.h"
#include "output/json_writer.h"
#include "output/prepare.h"
#include "output/writers.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

static void put_integer_or_null(struct dr_json *json, int64_t value) {
    if (value > 0)
        dr_json_integer(json, value);
    else
        dr_json_null(json);
}

static void put_audio(struct dr_json *json, const struct dr_document_recording *recording) {
    dr_json_key(json, "audio");
    dr_json_begin(json, '{', 1);
    dr_json_key(json, "file");
    dr_json_string(json, recording->file ? recording->file : recording->id);
    dr_json_key(json, "duration");
    if (recording->duration_s > 0)
        dr_json_fixed(json, recording->duration_s, 3);
    else
        dr_json_null(json);
    dr_json_key(json, "sample_rate");
    put_integer_or_null(json, recording->sample_rate);
    dr_json_key(json, "channels");
    put_integer_or_null(json, recording->num_channels);
    dr_json_key(json, "sha256");
    dr_json_string(json, recording->sha256);
    dr_json_end(json);
}

static void put_engine(struct dr_json *json, const struct dr_document_engine *engine) {
    dr_json_key(json, "engine");
    if (!engine->version) {
        dr_json_null(json);
        return;
    }
    dr_json_begin(json, '{', 1);
    dr_json_key(json, "version");
    dr_json_string(json, engine->version);
    dr_json_key(json, "instruction_set");
    dr_json_string(json, engine->instruction_set);
    dr_json_key(json, "precision");
    dr_json_string(json, engine->precision);
    dr_json_key(json, "threads");
    put_integer_or_null(json, engine->num_threads);
    dr_json_key(json, "models");
    dr_json_begin(json, '[', 1);
    if (engine->model_name) {
        dr_json_begin(json, '{', 0);
        dr_json_key(json, "name");
        dr_json_string(json, engine->model_name);
        dr_json_key(json, "sha256");
        dr_json_string(json, engine->model_sha256);
        dr_json_end(json);
    }
    dr_json_end(json);
    dr_json_key(json, "preset");
    dr_json_string(json, engine->preset);
    dr_json_key(json, "step");
    if (engine->step_s > 0)
        dr_json_fixed(json, engine->step_s, 3);
    else
        dr_json_null(json);
    dr_json_key(json, "trunk");
    dr_json_string(json, engine->trunk);
    dr_json_end(json);
}

struct talk {
    int64_t ms, num_turns;
};

static void put_speaker(struct dr_json *json, const struct dr_document_speaker *speaker,
                        size_t index, const struct talk *talk,
                        const diarist_write_options *options) {
    dr_json_begin(json, '{', 0);
    dr_json_key(json, "id");
    dr_json_string(json, speaker->id);
    dr_json_key(json, "seconds");
    dr_json_seconds(json, talk->ms);
    dr_json_key(json, "turns");
    dr_json_integer(json, talk->num_turns);
    if (options->embeddings && speaker->embedding) {
        dr_json_key(json, "embedding");
        dr_json_begin(json, '[', 0);
        for (size_t i = 0; i < speaker->embedding_dim; i++)
            dr_json_float(json, speaker->embedding[i]);
        dr_json_end(json);
    }
    if (speaker->name) {
        dr_json_key(json, "name");
        dr_json_string(json, speaker->name);
    }
    if (options->colors) {
        char color[8];
        dr_speaker_color(color, index);
        dr_json_key(json, "color");
        dr_json_string(json, color);
    }
    dr_json_end(json);
}

static int put_speakers(struct dr_json *json, const struct dr_document_recording *recording,
                        const struct dr_ms_turns *turns, const diarist_write_options *options,
                        diarist_error *err) {
    struct talk *talk = calloc(recording->num_speakers + 1, sizeof *talk);
    if (!talk)
        return dr_fail_memory(err);
    for (size_t i = 0; i < turns->num; i++) {
        talk[turns->items[i].speaker].ms += turns->items[i].end_ms - turns->items[i].start_ms;
        talk[turns->items[i].speaker].num_turns++;
    }
    dr_json_key(json, "speakers");
    dr_json_begin(json, '[', 1);
    for (size_t s = 0; s < recording->num_speakers; s++)
        put_speaker(json, &recording->speakers[s], s, &talk[s], options);
    dr_json_end(json);
    free(talk);
    return DIARIST_OK;
}

static void put_turns(struct dr_json *json, const struct dr_document_recording *recording,
                      const struct dr_ms_turns *turns, int exclusive) {
    dr_json_key(json, exclusive ? "exclusive_diarization" : "diarization");
    dr_json_begin(json, '[', 1);
    for (size_t i = 0; i < turns->num; i++) {
        const struct dr_ms_turn *turn = &turns->items[i];
        dr_json_begin(json, '{', 0);
        dr_json_key(json, "start");
        dr_json_seconds(json, turn->start_ms);
        dr_json_key(json, "end");
        dr_json_seconds(json, turn->end_ms);
        dr_json_key(json, "speaker");
        dr_json_string(json, recording->speakers[turn->speaker].id);
        if (!exclusive) {
            dr_json_key(json, "confidence");
            if (turn->confidence >= 0)
                dr_json_fixed(json, (double)turn->confidence, 3);
            else
                dr_json_null(json);
        }
        dr_json_key(json, "overlap");
        dr_json_bool(json, turn->overlap);
        if (turn->channel > 0) {
            dr_json_key(json, "channel");
            dr_json_integer(json, turn->channel);
        }
        dr_json_end(json);
    }
    dr_json_end(json);
}

/* Whole milliseconds, so that what is printed adds up: total is at least the sum of the parts, and
 * other is what they leave of it. */
static void put_timing(struct dr_json *json, const struct dr_document_recording *recording) {
    const struct dr_document_timing *timing = &recording->timing;
    const struct {
        const char *name;
        double seconds;
    } parts[] = {{"load", timing->load_s},
                 {"decode", timing->decode_s},
                 {"features", timing->stages.features},
                 {"segmentation", timing->stages.segmentation},
                 {"embedding", timing->stages.embedding},
                 {"clustering", timing->stages.clustering},
                 {"reconstruct", timing->stages.reconstruct}};
    double sum_ms = 0;
    dr_json_key(json, "timing");
    dr_json_begin(json, '{', 1);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        dr_json_key(json, parts[i].name);
        dr_json_fixed(json, rint(1000 * parts[i].seconds) / 1000, 3);
        sum_ms += rint(1000 * parts[i].seconds);
    }
    double total_ms = fmax(rint(1000 * timing->stages.total), sum_ms);
    dr_json_key(json, "other");
    dr_json_fixed(json, (total_ms - sum_ms) / 1000, 3);
    dr_json_key(json, "total");
    dr_json_fixed(json, total_ms / 1000, 3);
    dr_json_key(json, "realtime_factor");
    if (recording->duration_s > 0)
        dr_json_fixed(json, total_ms / 1000 / recording->duration_s, 6);
    else
        dr_json_null(json);
    dr_json_end(json);
}

int dr_write_json(struct dr_sink *sink, const diarist_document *document,
                  const diarist_write_options *options, diarist_error *err) {
    const struct dr_document_recording *recording;
    struct dr_ms_turns overlapping = {0}, exclusive = {0};
    struct dr_json json = {.sink = sink};
    int status = dr_one_recording(&recording, document, "json", err);
    if (!status)
        status = dr_ms_turns(&overlapping, recording, DIARIST_OVERLAPPING, err);
    if (!status)
        status = dr_ms_turns(&exclusive, recording, DIARIST_EXCLUSIVE, err);
    if (status)
        goto done;
    dr_json_begin(&json, '{', 1);
    dr_json_key(&json, "schema");
    dr_json_string(&json, "diarist/1");
    put_audio(&json, recording);
    put_engine(&json, &recording->engine);
    status = put_speakers(&json, recording, &overlapping, options, err);
    if (status)
        goto done;
    put_turns(&json, recording, &overlapping, 0);
    put_turns(&json, recording, &exclusive, 1);
    if (options->timing && recording->timing.known)
        put_timing(&json, recording);
    dr_json_end(&json);
done:
    dr_ms_turns_free(&exclusive);
    dr_ms_turns_free(&overlapping);
    return status;
}
