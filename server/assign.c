/* assign.c - the speakers of a transcript's segments.
 * SPDX-License-Identifier: MIT
 *
 * segments + recording -> an embedding of each -> average linkage of cosines -> speakers; segments
 *                         too short to know a voice by are their neighbour's
 * segments + turns of a diarization -> who talks most while a segment lasts */
#include "answer.h"
#include "embedding.h"
#include "job_result.h"
#include "known.h"
#include "parameters.h"
#include "routes.h"
#include "state.h"
#include "transcript.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of hosted WeSpeaker embeddings, as those who run them have measured it; the default model's is
 * that of its calibration. */
static const double fallback_threshold = 0.45;

enum { LABEL = 32 };

struct assignment {
    struct server *server;
    struct server_exchange *exchange;
    struct server_transcript transcript;
    const char *diarization; /* the id of one; NULL: none */
    double threshold;        /* NAN: not given */
    struct server_voices voices;
    size_t num_speakers, dim;
    float *speakers;       /* [num_speakers][dim] mean embeddings; zeros: none; NULL: none at all */
    char (*labels)[LABEL]; /* [num_speakers] */
    const char **ids, **names; /* [num_speakers] */
    struct server_known known;
    diarist_document *document;
};

static int fail(struct assignment *a, int status, const char *why) {
    server_answer_problem(a->exchange, status, "%s", why);
    return -1;
}

/* ---- what is asked ---- */

static int read_threshold(struct assignment *a, const char *text) {
    char *end;
    a->threshold = strtod(text, &end);
    if (*text && !*end && strspn(text, "+-0123456789.eE") == strlen(text) && a->threshold >= -1 &&
        a->threshold <= 1)
        return 0;
    return fail(a, 422, "threshold is a number from -1 to 1");
}

static int read_fields(struct assignment *a) {
    const char *threshold = server_fields_get(&a->exchange->fields, "threshold");
    if (server_parameters_check(a->exchange))
        return -1;
    a->diarization = server_fields_get(&a->exchange->fields, "diarization");
    return threshold ? read_threshold(a, threshold) : 0;
}

/* The same in a JSON body, where what else there is is the transcript's. */
static int read_members(struct assignment *a) {
    json_t *root = a->transcript.root;
    json_t *diarization = json_object_get(root, "diarization");
    json_t *threshold = json_object_get(root, "threshold");
    if (diarization && !json_is_string(diarization))
        return fail(a, 422, "diarization is the id of one");
    if (threshold && !(json_is_number(threshold) && fabs(json_number_value(threshold)) <= 1))
        return fail(a, 422, "threshold is a number from -1 to 1");
    if (diarization)
        a->diarization = json_string_value(diarization);
    if (threshold)
        a->threshold = json_number_value(threshold);
    return 0;
}

static int read_request(struct assignment *a) {
    diarist_error err = {0};
    json_error_t wrong;
    json_t *root =
        json_load_file(a->exchange->upload->document_path, JSON_REJECT_DUPLICATES, &wrong);
    if (!root) {
        server_answer_problem(a->exchange, 400, "the transcript is no JSON: line %d: %s",
                              wrong.line, wrong.text);
        return -1;
    }
    int rc = server_transcript_read(&a->transcript, root, &err);
    if (rc)
        return fail(a, rc == DIARIST_ERROR_ARGUMENT ? 422 : 500, err.message);
    if (read_fields(a) || read_members(a))
        return -1;
    if (a->exchange->upload->has_file == (a->diarization != NULL))
        return fail(a, 422, "give either a recording as file or the id of a diarization");
    return 0;
}

/* ---- by voices ---- */

static bool is_long(const struct server_segment *segment) {
    return segment->end_s - segment->start_s >= SERVER_MIN_EMBEDDED_S - 1e-9;
}

static int embed_segments(struct assignment *a) {
    diarist_error err = {0};
    size_t num = 0;
    diarist_region *regions = calloc(a->transcript.num + 1, sizeof *regions);
    if (!regions)
        return fail(a, 500, "out of memory");
    for (size_t i = 0; i < a->transcript.num; i++)
        if (is_long(&a->transcript.segments[i]))
            regions[num++] = (diarist_region){a->transcript.segments[i].start_s,
                                              a->transcript.segments[i].end_s, 0};
    int rc = server_embed(&a->voices, a->server->embedder, a->exchange->upload->path, regions, num,
                          &err);
    free(regions);
    if (rc)
        server_answer_unembedded(a->exchange, rc, &err);
    return rc;
}

static int choose_threshold(struct assignment *a) {
    const diarist_model *model = server_embedder_model(a->server->embedder);
    diarist_model_info info;
    if (!isnan(a->threshold))
        return 0;
    a->threshold = fallback_threshold;
    if (a->voices.backend == SERVER_FALLBACK)
        return 0;
    diarist_model_describe(model, &info);
    a->threshold = diarist_link_threshold(&info);
    return isnan(a->threshold)
               ? fail(a, 422, "the model has no known threshold for segments; give threshold")
               : 0;
}

static bool has_direction(const float *values, size_t dim) {
    for (size_t i = 0; i < dim; i++)
        if (values[i] != 0)
            return true;
    return false;
}

/* Segments that have no speaker get that of the nearer of the two neighbours that have one, the
 * earlier of equals. before: [num] scratch. */
static void follow_neighbours(struct server_transcript *transcript, int32_t *before) {
    struct server_segment *segments = transcript->segments;
    int32_t last = -1, next = -1;
    for (size_t i = 0; i < transcript->num; i++) {
        before[i] = last;
        if (segments[i].speaker >= 0)
            last = (int32_t)i;
    }
    for (size_t i = transcript->num; i-- > 0;) {
        const struct server_segment *earlier = before[i] < 0 ? NULL : &segments[before[i]];
        const struct server_segment *later = next < 0 ? NULL : &segments[next];
        bool follows = earlier && (!later || segments[i].start_s - earlier->end_s <=
                                                 later->start_s - segments[i].end_s);
        if (segments[i].speaker >= 0)
            next = (int32_t)i;
        else if (earlier || later)
            segments[i].speaker = follows ? earlier->speaker : later->speaker;
    }
}

/* The mean direction of each speaker's embeddings. person: [voices.num], -1: nobody's. */
static int average(struct assignment *a, const int32_t *person) {
    size_t dim = a->dim = a->voices.dim;
    a->speakers = calloc(a->num_speakers * dim + 1, sizeof *a->speakers);
    if (!a->speakers)
        return fail(a, 500, "out of memory");
    for (size_t v = 0; v < a->voices.num; v++)
        for (size_t d = 0; d < dim && person[v] >= 0; d++)
            a->speakers[(size_t)person[v] * dim + d] += a->voices.embeddings[v * dim + d];
    return 0;
}

/* Which voices are one person. voices: [voices.num] scratch; person: [voices.num] */
static int link_voices(struct assignment *a, diarist_voice *voices, int32_t *person) {
    diarist_error err = {0};
    size_t num = 0;
    const struct server_voices *from = &a->voices;
    for (size_t v = 0; v < from->num; v++)
        if (has_direction(from->embeddings + v * from->dim, from->dim)) {
            voices[num] = (diarist_voice){from->embeddings + v * from->dim, (int32_t)num, -1};
            num++;
        }
    if (diarist_link(person, &a->num_speakers, voices, num, from->dim, a->threshold, &err))
        return fail(a, 500, "the voices could not be compared");
    for (size_t v = from->num; v-- > 0;)
        person[v] = has_direction(from->embeddings + v * from->dim, from->dim) ? person[--num] : -1;
    return average(a, person);
}

static int assign_by_voice(struct assignment *a) {
    size_t num = a->transcript.num, v = 0;
    if (embed_segments(a) || choose_threshold(a))
        return -1;
    diarist_voice *voices = calloc(num + 1, sizeof *voices);
    int32_t *person = calloc(num + 1, sizeof *person);
    int rc = voices && person ? link_voices(a, voices, person) : fail(a, 500, "out of memory");
    for (size_t i = 0; i < num && !rc; i++)
        if (is_long(&a->transcript.segments[i]))
            a->transcript.segments[i].speaker = person[v++];
    if (!rc)
        follow_neighbours(&a->transcript, person);
    free(voices);
    free(person);
    return rc;
}

/* ---- by turns ---- */

/* The voices of the diarization's speakers, where they are of the model that is in use. */
static int copy_voices(struct assignment *a) {
    const diarist_model *model = server_embedder_model(a->server->embedder);
    diarist_model_info info = {.sha256 = ""};
    diarist_document_voice voice;
    a->num_speakers = diarist_document_num_speakers(a->document, 0);
    if (model)
        diarist_model_describe(model, &info);
    a->dim = info.embedding_dim;
    a->speakers = calloc(a->num_speakers * a->dim + 1, sizeof *a->speakers);
    if (!a->speakers)
        return fail(a, 500, "out of memory");
    for (size_t s = 0; !diarist_document_voice_of(a->document, 0, s, &voice); s++)
        if (voice.embedding_dim == a->dim && voice.embedding && voice.model_sha256 &&
            !strcmp(voice.model_sha256, info.sha256))
            memcpy(a->speakers + s * a->dim, voice.embedding, a->dim * sizeof *a->speakers);
    return 0;
}

static int assign_by_turns(struct assignment *a) {
    diarist_error err = {0};
    if (server_result_read(&a->document, a->server, a->exchange, a->diarization) || copy_voices(a))
        return -1;
    return server_transcript_overlap(&a->transcript, a->document, &err)
               ? fail(a, 500, "out of memory")
               : 0;
}

/* ---- names ---- */

static void set_id(struct assignment *a, size_t s) {
    diarist_document_voice voice;
    bool has = a->document && !diarist_document_voice_of(a->document, 0, s, &voice);
    snprintf(a->labels[s], LABEL, "SPEAKER_%02zu", s);
    a->ids[s] = has ? voice.id : a->labels[s];
    a->names[s] = has ? voice.name : NULL;
}

/* Who the speakers are, of those known. */
static int find_names(struct assignment *a) {
    diarist_error err = {0};
    size_t num = a->num_speakers;
    bool comparable = a->document || a->voices.backend == SERVER_BUILT_IN;
    a->labels = calloc(num + 1, sizeof *a->labels);
    a->ids = calloc(num + 1, sizeof *a->ids);
    a->names = calloc(num + 1, sizeof *a->names);
    diarist_match *matches = calloc(num + 1, sizeof *matches);
    int rc = a->labels && a->ids && a->names && matches ? 0 : fail(a, 500, "out of memory");
    for (size_t s = 0; s < num && !rc; s++)
        set_id(a, s);
    if (!rc && comparable && server_known_open(&a->known, a->server, &err))
        rc = fail(a, 500, "the known speakers cannot be read");
    if (!rc && a->known.num) {
        diarist_match_voices(matches, a->speakers, num,
                             diarist_profiles_embeddings(a->known.profiles), a->known.num, a->dim,
                             a->known.threshold, a->known.margin);
        for (size_t s = 0; s < num; s++)
            if (matches[s].known >= 0)
                a->names[s] = diarist_profiles_name(a->known.profiles, (size_t)matches[s].known);
    }
    free(matches);
    return rc;
}

/* ---- the answer ---- */

static json_t *speaker_json(const struct assignment *a, size_t speaker) {
    size_t num = 0;
    double seconds = 0;
    for (size_t i = 0; i < a->transcript.num; i++) {
        const struct server_segment *segment = &a->transcript.segments[i];
        if (segment->speaker == (int32_t)speaker) {
            seconds += segment->end_s - segment->start_s;
            num++;
        }
    }
    return json_pack("{s:s,s:s?,s:I,s:f}", "id", a->ids[speaker], "name", a->names[speaker],
                     "segments", (json_int_t)num, "seconds", round(seconds * 1e6) / 1e6);
}

static void answer(struct assignment *a) {
    json_t *root = a->transcript.root, *speakers = json_array();
    for (size_t s = 0; s < a->num_speakers; s++)
        json_array_append_new(speakers, speaker_json(a, s));
    int rc = json_object_set_new(root, "speakers", speakers) |
             json_object_set_new(root, "method", json_string(a->document ? "overlap" : "voices"));
    if (!a->document)
        rc |= json_object_set_new(root, "threshold", json_real(a->threshold)) |
              server_backend_json(root, a->server, &a->voices);
    if (rc || server_transcript_label(&a->transcript, a->ids, a->names)) {
        fail(a, 500, "out of memory");
        return;
    }
    /* Numbers of the transcript stay what they were. */
    server_answer_exact_json(a->exchange, 200, json_incref(root));
}

void server_assign(struct server *server, struct server_exchange *exchange) {
    struct assignment a = {.server = server, .exchange = exchange, .threshold = NAN};
    int rc = read_request(&a);
    if (!rc)
        rc = a.diarization ? assign_by_turns(&a) : assign_by_voice(&a);
    if (!rc)
        rc = find_names(&a);
    if (!rc)
        answer(&a);
    free(a.labels);
    free(a.ids);
    free(a.names);
    free(a.speakers);
    server_known_clear(&a.known);
    server_voices_clear(&a.voices);
    diarist_document_free(a.document);
    server_transcript_clear(&a.transcript);
}
