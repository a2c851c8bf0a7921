/* job_speakers.c - a result's speakers as a client knows better: renamed, merged, split, or found
 * again with another number of them.
 * SPDX-License-Identifier: MIT
 *
 *   result -> [original] -> [recluster] -> split ... -> merge ... -> rename -> next revision */
#include "answer.h"
#include "body.h"
#include "common/presets.h"
#include "diarist/profile.h"
#include "job_json.h"
#include "job_options.h"
#include "job_result.h"
#include "log.h"
#include "request.h"
#include "routes.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one request changes. The document has one recording. */
struct edit {
    struct server *server;
    struct server_job *job;
    json_t *wanted; /* the body */
    diarist_document *document;
    void *evidence; /* NULL: none, or not asked for yet */
    size_t num_bytes;
    diarist_error err;
};

static int refuse(struct edit *edit, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct edit *edit, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    edit->err.status = DIARIST_ERROR_ARGUMENT;
    vsnprintf(edit->err.message, sizeof edit->err.message, format, arguments);
    va_end(arguments);
    return DIARIST_ERROR_ARGUMENT;
}

static int fail_memory(struct edit *edit) {
    edit->err = (diarist_error){DIARIST_ERROR_MEMORY, "out of memory"};
    return DIARIST_ERROR_MEMORY;
}

/* ---- speakers and turns ---- */

/* The speaker of that id or, if it is no id, that name; -1: none, edit says so. */
static long find_speaker(struct edit *edit, const json_t *text) {
    const size_t num = diarist_document_num_speakers(edit->document, 0);
    const char *wanted = json_string_value(text);
    diarist_document_voice voice;
    long named = -1;
    for (size_t i = 0; wanted && i < num; i++) {
        diarist_document_voice_of(edit->document, 0, i, &voice);
        if (!strcmp(voice.id, wanted))
            return (long)i;
        if (voice.name && !strcmp(voice.name, wanted))
            named = (long)i;
    }
    if (!wanted)
        refuse(edit, "a speaker is named by a string");
    else if (named < 0)
        refuse(edit, "there is no speaker \"%.80s\"", wanted);
    return named;
}

/* The turns of speakers a and b, sorted by start, in groups 0 and 1; to be freed. NULL: no memory.
 */
static diarist_region *turns_of(const struct edit *edit, size_t a, size_t b, size_t *num) {
    const size_t all = diarist_document_num_turns(edit->document, 0, DIARIST_OVERLAPPING);
    diarist_region *regions = calloc(all + 1, sizeof *regions);
    diarist_turn turn;
    *num = 0;
    for (size_t i = 0; regions && i < all; i++) {
        diarist_document_turn(edit->document, 0, DIARIST_OVERLAPPING, i, &turn);
        if (turn.speaker == (int32_t)a || turn.speaker == (int32_t)b)
            regions[(*num)++] =
                (diarist_region){turn.start, turn.end, turn.speaker == (int32_t)a ? 0 : 1};
    }
    return regions;
}

static int load_evidence(struct edit *edit) {
    if (edit->evidence)
        return 0;
    enum server_stored stored = server_store_evidence(edit->server->store, edit->job->id,
                                                      &edit->evidence, &edit->num_bytes);
    if (stored == SERVER_NOT_THERE)
        return refuse(edit, "the diarization was made without what this is found from; upload the "
                            "recording again");
    if (!stored)
        return 0;
    edit->err = (diarist_error){DIARIST_ERROR_OUTPUT, "the store cannot be read"};
    return edit->err.status;
}

/* ---- reset and recluster ---- */

static int read_document(struct edit *edit, bool original) {
    struct server *server = edit->server;
    char *text = NULL;
    enum server_stored stored = original
                                    ? server_store_original(server->store, edit->job->id, &text)
                                    : server_store_result(server->store, edit->job->id, &text);
    int rc = DIARIST_OK;
    if (stored) {
        edit->err = (diarist_error){DIARIST_ERROR_OUTPUT, "the store cannot be read"};
        rc = edit->err.status;
    } else {
        rc = server_scratch_read(&edit->document, text, server->scratch, &edit->err);
    }
    free(text);
    return rc;
}

static bool is_one_of(const char *name, const char *const *names) {
    while (*names && strcmp(*names, name))
        names++;
    return *names;
}

/* What the request wants of the clustering, as the options of a job; NULL: edit says what is wrong.
 */
static json_t *parse_recluster(struct edit *edit, const json_t *wanted) {
    static const char *const known[] = {"num_speakers", "min_speakers", "max_speakers",
                                        "cluster_threshold", NULL};
    struct server_fields fields = {0};
    const char *name;
    json_t *value;
    bool good = json_is_object(wanted);
    json_object_foreach((json_t *)(uintptr_t)wanted, name, value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        good = good && text && json_is_number(value) && is_one_of(name, known) &&
               !server_fields_add(&fields, name, strlen(name), text, strlen(text));
        free(text);
    }
    json_t *chosen = NULL;
    if (good)
        chosen = server_job_options(&fields, "", &edit->server->settings->engine, &edit->err);
    else
        refuse(edit, "recluster is an object of numbers: num_speakers, min_speakers, "
                     "max_speakers, cluster_threshold");
    server_fields_clear(&fields);
    return chosen;
}

/* The job's options with those of the request in the place of its own numbers of speakers; to be
 * released. NULL: edit says what is wrong. */
static json_t *recluster_options(struct edit *edit, const json_t *wanted) {
    static const char *const numbers[] = {"num_speakers", "min_speakers", "max_speakers"};
    json_t *chosen = parse_recluster(edit, wanted);
    json_t *options = chosen ? json_loads(edit->job->options, 0, NULL) : NULL;
    for (size_t i = 0; options && i < sizeof numbers / sizeof *numbers; i++)
        json_object_del(options, numbers[i]);
    if (chosen && (!options || json_object_update(options, chosen))) {
        fail_memory(edit);
        json_decref(options);
        options = NULL;
    }
    json_decref(chosen);
    return options;
}

/* What the document says of the recording itself, which evidence does not know. original: the
 * result's text. */
static int describe_again(struct edit *edit, const diarist_result *result,
                          const diarist_options *engine, const diarist_audio_options *audio,
                          const json_t *original) {
    const json_t *about = json_object_get(original, "audio");
    diarist_source source = {
        .file = edit->job->name,
        .duration_s = diarist_result_duration(result),
        .sample_rate = (int32_t)json_integer_value(json_object_get(about, "sample_rate")),
        .num_channels = (int32_t)json_integer_value(json_object_get(about, "channels")),
        .channel = audio->channel,
        .sha256 = edit->job->sha256,
        .preset = common_preset_name(engine->preset)};
    diarist_document_free(edit->document);
    edit->document = NULL;
    int rc = diarist_document_new(&edit->document, &edit->err);
    return rc ? rc
              : diarist_document_add(edit->document, result, &source, edit->server->settings->model,
                                     &edit->err);
}

static int recluster(struct edit *edit, const json_t *wanted) {
    diarist_options engine = edit->server->settings->engine;
    diarist_audio_options audio;
    diarist_result *result = NULL;
    char *text = NULL;
    diarist_audio_options_init(&audio);
    json_t *options = recluster_options(edit, wanted);
    int rc =
        options ? server_job_options_apply(options, &engine, &audio, &edit->err) : edit->err.status;
    if (!rc)
        rc = load_evidence(edit);
    if (!rc)
        rc = diarist_recluster(&result, edit->server->settings->model, edit->evidence,
                               edit->num_bytes, &engine, &edit->err);
    if (!rc && server_store_original(edit->server->store, edit->job->id, &text)) {
        edit->err = (diarist_error){DIARIST_ERROR_OUTPUT, "the store cannot be read"};
        rc = edit->err.status;
    }
    json_t *original = text ? json_loads(text, 0, NULL) : NULL;
    if (!rc)
        rc = describe_again(edit, result, &engine, &audio, original);
    json_decref(original);
    free(text);
    diarist_result_free(result);
    json_decref(options);
    return rc;
}

/* ---- rename ---- */

/* All ids and names of the document, NULL: no memory. Texts live as long as it stays as it is. */
static const char **labels(const struct edit *edit, size_t num, bool names) {
    const char **texts = calloc(num + 1, sizeof *texts);
    diarist_document_voice voice;
    for (size_t i = 0; texts && i < num; i++) {
        diarist_document_voice_of(edit->document, 0, i, &voice);
        texts[i] = names ? voice.name : voice.id;
    }
    return texts;
}

/* A text that is to be a name, NULL in *name: none. */
static int parse_name(struct edit *edit, const json_t *value, const char **name) {
    *name = json_string_value(value);
    if (!*name && !json_is_null(value))
        return refuse(edit, "a name is a string, or null for none");
    return *name ? diarist_name_check(*name, &edit->err) : DIARIST_OK;
}

/* Every key is looked up before any name changes, so that names can be swapped. */
static int rename_speakers(struct edit *edit, const json_t *wanted) {
    const size_t num = diarist_document_num_speakers(edit->document, 0);
    const char **ids = labels(edit, num, false), **names = labels(edit, num, true);
    int rc = ids && names ? DIARIST_OK : fail_memory(edit);
    const char *key;
    json_t *value;
    if (!rc && !json_is_object(wanted))
        rc = refuse(edit, "rename is an object, as {\"SPEAKER_00\": \"Anna\"}");
    json_object_foreach((json_t *)(uintptr_t)wanted, key, value) {
        json_t *text = json_string(key);
        long speaker = rc ? -1 : find_speaker(edit, text);
        json_decref(text);
        if (!rc && speaker < 0)
            rc = edit->err.status;
        if (!rc)
            rc = parse_name(edit, value, &names[speaker]);
    }
    if (!rc)
        rc = diarist_document_relabel(edit->document, 0, ids, names, &edit->err);
    free(ids);
    free(names);
    return rc;
}

/* ---- merge and split ---- */

static int merge_group(struct edit *edit, const json_t *group) {
    int rc = DIARIST_OK;
    if (json_array_size(group) < 2)
        return refuse(edit, "merge is a list of lists of speakers, as "
                            "[[\"SPEAKER_00\", \"SPEAKER_02\"]]");
    for (size_t i = 1; i < json_array_size(group) && !rc; i++) {
        long into = find_speaker(edit, json_array_get(group, 0));
        long from = into < 0 ? -1 : find_speaker(edit, json_array_get(group, i));
        rc = from < 0 ? edit->err.status
                      : diarist_document_merge(edit->document, 0, (size_t)into, (size_t)from,
                                               &edit->err);
    }
    return rc;
}

/* [[start, end], ...] as regions to be freed. */
static int parse_times(struct edit *edit, const json_t *times, diarist_region **out, size_t *num) {
    *num = json_array_size(times);
    *out = calloc(*num + 1, sizeof **out);
    if (!*out)
        return fail_memory(edit);
    for (size_t i = 0; i < *num; i++) {
        const json_t *pair = json_array_get(times, i);
        const json_t *start = json_array_get(pair, 0), *end = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !json_is_number(start) || !json_is_number(end))
            return refuse(edit, "turns are a list of times in seconds, as [[0.5, 2.25]]");
        (*out)[i] = (diarist_region){json_number_value(start), json_number_value(end), 0};
    }
    return *num ? DIARIST_OK : refuse(edit, "turns are a list of times, which is empty");
}

/* Those turns of the speaker that are another voice, as regions to be freed. */
static int find_times(struct edit *edit, size_t speaker, diarist_region **out, size_t *num) {
    size_t all, kept = 0;
    int rc = load_evidence(edit);
    *out = turns_of(edit, speaker, speaker, &all);
    if (!rc && !*out)
        rc = fail_memory(edit);
    if (!rc)
        rc = diarist_evidence_split(*out, all, edit->server->settings->model, edit->evidence,
                                    edit->num_bytes, &edit->err);
    for (size_t i = 0; i < all && !rc; i++)
        if ((*out)[i].group)
            (*out)[kept++] = (*out)[i];
    *num = kept;
    return rc;
}

/* The voices of both parts, where there is something that they can be found from. */
static int find_voices(struct edit *edit, size_t a, size_t b) {
    const diarist_model *model = edit->server->settings->model;
    diarist_model_info info;
    size_t num;
    int rc = load_evidence(edit);
    if (rc)
        return rc == DIARIST_ERROR_ARGUMENT ? DIARIST_OK : rc;
    diarist_model_describe(model, &info);
    const size_t dim = info.embedding_dim;
    diarist_region *turns = turns_of(edit, a, b, &num);
    float *voices = calloc(2, dim * sizeof *voices);
    rc = turns && voices ? diarist_evidence_embed(voices, model, edit->evidence, edit->num_bytes,
                                                  turns, num, 2, &edit->err)
                         : fail_memory(edit);
    for (size_t side = 0; side < 2 && !rc; side++) {
        const float *voice = voices + side * dim;
        /* All zeros: too short to have one. */
        if (diarist_similarity(voice, voice, dim) > 0)
            rc =
                diarist_document_set_voice(edit->document, 0, side ? b : a, voice, dim, &edit->err);
    }
    free(voices);
    free(turns);
    return rc == DIARIST_ERROR_ARGUMENT || rc == DIARIST_ERROR_MODEL ? DIARIST_OK : rc;
}

static int name_last(struct edit *edit, const char *name) {
    const size_t num = diarist_document_num_speakers(edit->document, 0);
    const char **ids = labels(edit, num, false), **names = labels(edit, num, true);
    int rc = ids && names ? DIARIST_OK : fail_memory(edit);
    if (!rc) {
        names[num - 1] = name;
        rc = diarist_document_relabel(edit->document, 0, ids, names, &edit->err);
    }
    free(ids);
    free(names);
    return rc;
}

static int split_speaker(struct edit *edit, const json_t *wanted) {
    static const char *const known[] = {"speaker", "turns", "name", NULL};
    const json_t *times = json_object_get(wanted, "turns"),
                 *named = json_object_get(wanted, "name");
    const char *name = NULL, *key;
    json_t *value;
    diarist_region *regions = NULL;
    size_t num = 0;
    json_object_foreach((json_t *)(uintptr_t)wanted, key, value) if (
        !is_one_of(key, known)) return refuse(edit,
                                              "split has speaker, turns and name, not \"%.80s\"",
                                              key);
    if (!json_is_object(wanted) || (times && !json_is_array(times)))
        return refuse(edit, "split is a list of objects, as [{\"speaker\": \"SPEAKER_00\"}]");
    long speaker = find_speaker(edit, json_object_get(wanted, "speaker"));
    int rc = speaker < 0 ? edit->err.status : DIARIST_OK;
    if (!rc && named)
        rc = parse_name(edit, named, &name);
    if (!rc)
        rc = times ? parse_times(edit, times, &regions, &num)
                   : find_times(edit, (size_t)speaker, &regions, &num);
    if (!rc)
        rc = diarist_document_split(edit->document, 0, (size_t)speaker, regions, num, &edit->err);
    free(regions);
    if (!rc && name)
        rc = name_last(edit, name);
    return rc ? rc
              : find_voices(edit, (size_t)speaker,
                            diarist_document_num_speakers(edit->document, 0) - 1);
}

/* Each item of a list; one that is not there is empty. */
static int for_each(struct edit *edit, const char *key,
                    int (*apply)(struct edit *edit, const json_t *item)) {
    const json_t *list = json_object_get(edit->wanted, key);
    int rc = DIARIST_OK;
    if (list && !json_is_array(list))
        return refuse(edit, "%s is a list", key);
    for (size_t i = 0; i < json_array_size(list) && !rc; i++)
        rc = apply(edit, json_array_get(list, i));
    return rc;
}

/* ---- the request ---- */

static int check_wanted(struct edit *edit) {
    static const char *const known[] = {"reset", "recluster", "split", "merge", "rename", NULL};
    const json_t *reset = json_object_get(edit->wanted, "reset");
    const char *key;
    json_t *value;
    if (!json_is_object(edit->wanted) || !json_object_size(edit->wanted))
        return refuse(edit, "the body is an object with rename, merge, split, recluster or reset");
    json_object_foreach(edit->wanted, key, value) if (!is_one_of(key, known)) return refuse(
        edit, "\"%.80s\" is none of rename, merge, split, recluster and reset", key);
    if (reset && !json_is_true(reset))
        return refuse(edit, "reset is true");
    if (reset && json_object_get(edit->wanted, "recluster"))
        return refuse(edit, "recluster replaces everything already; leave reset out");
    return DIARIST_OK;
}

static int apply(struct edit *edit) {
    const json_t *wanted = edit->wanted, *again = json_object_get(wanted, "recluster");
    int rc = check_wanted(edit);
    if (!rc)
        rc = again ? recluster(edit, again) : read_document(edit, json_object_get(wanted, "reset"));
    if (!rc)
        rc = for_each(edit, "split", split_speaker);
    if (!rc)
        rc = for_each(edit, "merge", merge_group);
    if (!rc && json_object_get(wanted, "rename"))
        rc = rename_speakers(edit, json_object_get(wanted, "rename"));
    return rc ? rc : diarist_document_check_labels(edit->document, 0, &edit->err);
}

/* Whether an If-Match header (RFC 9110, 13.1.1) holds the revision. */
static bool matches(const char *header, int64_t revision) {
    char tag[32];
    snprintf(tag, sizeof tag, "\"%lld\"", (long long)revision);
    while (*header) {
        size_t n = strcspn(header, ",");
        while (n && strchr(" \t", *header)) {
            header++;
            n--;
        }
        while (n && strchr(" \t", header[n - 1]))
            n--;
        if ((n == 1 && *header == '*') || (n == strlen(tag) && !strncmp(header, tag, n)))
            return true;
        header += strcspn(header, ",");
        header += *header == ',';
    }
    return false;
}

static int keep(struct edit *edit) {
    struct server *server = edit->server;
    diarist_write_options options;
    char *text = NULL;
    diarist_write_options_init(&options);
    options.embeddings = options.timing = 1;
    int rc = server_scratch_write(&text, NULL, edit->document, "json", &options, server->scratch,
                                  &edit->err);
    enum server_stored stored =
        rc ? SERVER_STORED
           : server_store_revise(server->store, edit->job->id, edit->job->revision, text);
    if (stored) {
        edit->err = (diarist_error){DIARIST_ERROR_OUTPUT, "the store cannot be written"};
        rc = edit->err.status;
    }
    free(text);
    return rc;
}

static int problem_status(int32_t status) {
    return status == DIARIST_ERROR_ARGUMENT ? 422 : status == DIARIST_ERROR_MODEL ? 409 : 500;
}

static void answer(struct edit *edit, struct server_exchange *exchange) {
    struct server_job job = {0};
    int rc = apply(edit);
    if (!rc)
        rc = keep(edit);
    if (rc) {
        const int status = problem_status(edit->err.status);
        if (status == 500)
            server_log("error", "speakers", "{s:s,s:s}", "job", edit->job->id, "message",
                       server_printable(edit->err.message));
        server_answer_problem(exchange, status, "%s",
                              status == 500 ? "the speakers cannot be changed" : edit->err.message);
    } else if (!server_job_find(edit->server, exchange, edit->job->id, &job)) {
        server_answer_result(edit->server, exchange, &job);
    }
    server_job_clear(&job);
}

void server_job_speakers(struct server *server, struct server_exchange *exchange) {
    struct server_job job = {0};
    struct edit edit = {.server = server, .job = &job};
    if (server_job_find(server, exchange, exchange->item, &job))
        return;
    if (!server->settings->model)
        server_answer_problem(exchange, 503, "the model cannot be loaded; try again later");
    else if (job.state != SERVER_SUCCEEDED)
        server_answer_problem(exchange, 409, "the diarization is %s, so it has no speakers",
                              server_state_names[job.state]);
    else if (*exchange->if_match && !matches(exchange->if_match, job.revision))
        server_answer_problem(exchange, 412, "the result is revision %lld meanwhile",
                              (long long)job.revision);
    else if ((edit.wanted = server_body_json(exchange)))
        answer(&edit, exchange);
    json_decref(edit.wanted);
    diarist_document_free(edit.document);
    free(edit.evidence);
    server_job_clear(&job);
}
