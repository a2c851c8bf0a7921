/* cmd_link.c - the same speakers across recordings.
 * SPDX-License-Identifier: MIT
 *
 * diarizations in JSON -> voices of all speakers -> people -> table, or the files relabelled */
#include "commands.h"

#include "diarist/profile.h"
#include "inputs.h"
#include "models.h"
#include "outputs.h"
#include "report.h"
#include "text.h"

#include "common/json_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One input. */
struct file {
    const char *path;
    size_t index; /* among the inputs */
    diarist_document *document;
    const char *id;
    size_t first_voice, num_speakers;
};

struct linking {
    const struct cli_settings *settings;
    const struct cli_inputs *inputs;
    const struct cli_plan *plan; /* NULL: a table */
    struct file *files;          /* [inputs.num], sorted by id */
    size_t num_voices;
    diarist_document_voice *about; /* [num_voices] */
    diarist_voice *voices;         /* [num_voices] */
    int32_t *person;               /* [num_voices] */
    size_t num_people;
    char **names; /* [num_people]; NULL: unknown. Copies: files are renamed while they are used */
    size_t dim;
    const char *model_name, *model_sha256; /* NULL: no voice at all */
    double threshold;
};

static void free_linking(struct linking *l) {
    for (size_t i = 0; l->files && i < l->inputs->num; i++)
        diarist_document_free(l->files[i].document);
    free(l->files);
    free(l->about);
    free(l->voices);
    free(l->person);
    for (size_t p = 0; l->names && p < l->num_people; p++)
        free(l->names[p]);
    free(l->names);
}

/* ---- reading ---- */

static int compare_files(const void *a, const void *b) {
    const struct file *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : strcmp(x->path, y->path);
}

static int read_file(struct file *file) {
    diarist_error err;
    if (diarist_document_read(&file->document, file->path, NULL, &err))
        return cli_fail(file->path, &err);
    if (diarist_document_num_recordings(file->document) != 1) {
        cli_error(file->path, "holds %zu recordings; give a JSON file for each",
                  diarist_document_num_recordings(file->document));
        return CLI_EXIT_INPUT;
    }
    file->id = diarist_document_recording_id(file->document, 0);
    file->num_speakers = diarist_document_num_speakers(file->document, 0);
    return 0;
}

/* Whether the embeddings of a file can be compared with those before. */
static int check_file(struct linking *l, const struct file *file) {
    diarist_document_voice voice;
    for (size_t s = 0; diarist_document_voice_of(file->document, 0, s, &voice) == 0; s++) {
        if (!voice.embedding)
            continue;
        if (!voice.model_sha256) {
            cli_error(file->path, "does not say which model its embeddings are of; make it with "
                                  "diarist -f json --embeddings");
            return CLI_EXIT_INPUT;
        }
        if (!l->model_sha256) {
            l->model_name = voice.model_name ? voice.model_name : "unknown";
            l->model_sha256 = voice.model_sha256;
            l->dim = voice.embedding_dim;
        }
        if (strcmp(voice.model_sha256, l->model_sha256) || voice.embedding_dim != l->dim) {
            cli_error(file->path,
                      "is of another model (%.12s) than the files before (%.12s); diarize all "
                      "with one",
                      voice.model_sha256, l->model_sha256);
            return CLI_EXIT_INPUT;
        }
    }
    for (size_t s = 0; diarist_document_voice_of(file->document, 0, s, &voice) == 0; s++)
        if (voice.embedding)
            return 0;
    if (file->num_speakers == 0)
        return 0;
    cli_error(file->path, "has no embeddings; make it with diarist -f json --embeddings");
    return CLI_EXIT_INPUT;
}

static int read_files(struct linking *l) {
    l->files = calloc(l->inputs->num + 1, sizeof *l->files);
    int rc = l->files ? 0 : cli_fail_memory();
    for (size_t i = 0; i < l->inputs->num && !rc; i++) {
        l->files[i] = (struct file){.path = l->inputs->paths[i], .index = i};
        rc = read_file(&l->files[i]);
        if (!rc)
            rc = check_file(l, &l->files[i]);
    }
    if (rc)
        return rc;
    qsort(l->files, l->inputs->num, sizeof *l->files, compare_files);
    for (size_t i = 0; i < l->inputs->num; i++) {
        l->files[i].first_voice = l->num_voices;
        l->num_voices += l->files[i].num_speakers;
    }
    return 0;
}

/* ---- linking ---- */

/* The first voice of that name, or the voice itself. */
static int32_t same_name(const struct linking *l, size_t voice) {
    for (size_t v = 0; v < voice; v++)
        if (l->about[v].name && !strcmp(l->about[v].name, l->about[voice].name))
            return (int32_t)v;
    return (int32_t)voice;
}

static int gather_voices(struct linking *l) {
    l->about = calloc(l->num_voices + 1, sizeof *l->about);
    l->voices = calloc(l->num_voices + 1, sizeof *l->voices);
    l->person = calloc(l->num_voices + 1, sizeof *l->person);
    if (!l->about || !l->voices || !l->person)
        return cli_fail_memory();
    for (size_t i = 0; i < l->inputs->num; i++)
        for (size_t s = 0; s < l->files[i].num_speakers; s++) {
            size_t v = l->files[i].first_voice + s;
            diarist_document_voice_of(l->files[i].document, 0, s, &l->about[v]);
            l->voices[v] = (diarist_voice){.embedding = l->about[v].embedding,
                                           .recording = (int32_t)i,
                                           .known = l->about[v].name ? same_name(l, v) : -1};
        }
    return 0;
}

/* The threshold of --threshold, or of the model when --model is the files'. */
static int find_threshold(struct linking *l) {
    diarist_model *model;
    diarist_model_info info;
    diarist_error err;
    char *path;
    l->threshold = l->settings->threshold;
    if (CLI_GIVEN(l->settings, threshold) || !l->model_sha256)
        return 0;
    int rc = cli_model_find(&path, l->settings, l->settings->model);
    if (rc)
        return rc;
    int status = cli_model_open(&model, l->settings, path, false, &err);
    free(path);
    if (status)
        return cli_fail(l->settings->model, &err);
    diarist_model_describe(model, &info);
    bool is_same = !strcmp(info.sha256, l->model_sha256);
    l->threshold = is_same ? diarist_link_threshold(&info) : NAN;
    diarist_model_free(model);
    if (!isnan(l->threshold))
        return 0;
    cli_error("link", "no threshold is known for voices of model %s (%.12s); give --threshold",
              l->model_name, l->model_sha256);
    return CLI_EXIT_USAGE;
}

static int link_voices(struct linking *l) {
    diarist_error err;
    if (diarist_link(l->person, &l->num_people, l->voices, l->num_voices, l->dim, l->threshold,
                     &err))
        return cli_fail("link", &err);
    l->names = calloc(l->num_people + 1, sizeof *l->names);
    if (!l->names)
        return cli_fail_memory();
    for (size_t v = 0; v < l->num_voices; v++) {
        char **name = &l->names[l->person[v]];
        if (l->about[v].name && !*name && !(*name = cli_text("%s", l->about[v].name)))
            return cli_fail_memory();
    }
    return 0;
}

/* ---- what comes out ---- */

static const struct file *file_of(const struct linking *l, size_t voice) {
    return &l->files[l->voices[voice].recording];
}

static void print_text(const struct linking *l) {
    printf("%-14s  %-20s  %-24s  %-14s  %8s\n", "person", "name", "recording", "speaker",
           "seconds");
    for (size_t p = 0; p < l->num_people; p++)
        for (size_t v = 0; v < l->num_voices; v++)
            if (l->person[v] == (int32_t)p)
                printf("SPEAKER_%02zu      %-20s  %-24s  %-14s  %8.3f\n", p,
                       l->names[p] ? l->names[p] : "-", file_of(l, v)->id, l->about[v].id,
                       l->about[v].seconds);
}

static void print_json_voices(const struct linking *l, size_t person) {
    const char *comma = "";
    for (size_t v = 0; v < l->num_voices; v++) {
        if (l->person[v] != (int32_t)person)
            continue;
        printf("%s\n   {\"file\":", comma);
        common_json_string(stdout, file_of(l, v)->path);
        fputs(",\"recording\":", stdout);
        common_json_string(stdout, file_of(l, v)->id);
        fputs(",\"speaker\":", stdout);
        common_json_string(stdout, l->about[v].id);
        printf(",\"seconds\":%.3f}", l->about[v].seconds);
        comma = ",";
    }
}

static void print_json(const struct linking *l) {
    fputs("{\"schema\":\"diarist-link/1\",\"model\":", stdout);
    if (l->model_sha256) {
        fputs("{\"name\":", stdout);
        common_json_string(stdout, l->model_name);
        fputs(",\"sha256\":", stdout);
        common_json_string(stdout, l->model_sha256);
        printf("},\"threshold\":%.6f,\"people\":[", l->threshold);
    } else {
        fputs("null,\"threshold\":null,\"people\":[", stdout);
    }
    for (size_t p = 0; p < l->num_people; p++) {
        printf("%s\n {\"id\":\"SPEAKER_%02zu\",\"name\":", p ? "," : "", p);
        common_json_string(stdout, l->names[p]);
        fputs(",\"voices\":[", stdout);
        print_json_voices(l, p);
        fputs("]}", stdout);
    }
    fputs("\n]}\n", stdout);
}

/* One file with its speakers called as their people are. */
static int write_file(const struct linking *l, const struct file *file) {
    const char *path = l->plan->paths[file->index];
    size_t num = file->num_speakers;
    char **ids = calloc(num + 1, sizeof *ids);
    const char **names = calloc(num + 1, sizeof *names);
    bool complete = ids && names;
    diarist_write_options options;
    diarist_error err;
    for (size_t s = 0; s < num && complete; s++) {
        int32_t person = l->person[file->first_voice + s];
        names[s] = l->names[person];
        complete = (ids[s] = cli_text("SPEAKER_%02d", person)) != NULL;
    }
    diarist_write_options_init(&options);
    options.embeddings = 1;
    options.timing = 1;
    int rc = complete ? 0 : cli_fail_memory();
    if (!rc &&
        (diarist_document_relabel(file->document, 0, (const char *const *)ids, names, &err) ||
         diarist_document_write(file->document, path, "json", &options, &err)))
        rc = cli_fail(path, &err);
    for (size_t s = 0; ids && s < num; s++)
        free(ids[s]);
    free(ids);
    free(names);
    return rc;
}

static int put_out(const struct linking *l) {
    int rc = 0;
    for (size_t i = 0; l->plan && i < l->inputs->num && !rc; i++)
        rc = write_file(l, &l->files[i]);
    if (l->plan)
        return rc;
    if (l->settings->report_format == CLI_JSON)
        print_json(l);
    else
        print_text(l);
    return cli_finish_stdout();
}

static int link_inputs(struct linking *l) {
    int rc = read_files(l);
    if (!rc)
        rc = find_threshold(l);
    if (!rc)
        rc = gather_voices(l);
    if (!rc)
        rc = link_voices(l);
    if (!rc)
        rc = put_out(l);
    free_linking(l);
    return rc;
}

int cli_run_link(const struct cli_settings *settings) {
    struct cli_inputs inputs = {0};
    struct cli_plan plan = {.formats = {{"json", ".json", false}}, .num_formats = 1};
    struct linking linking = {.settings = settings, .inputs = &inputs};
    int rc = cli_inputs_collect(&inputs, settings);
    if (!rc && settings->output && strcmp(settings->output, "-")) {
        rc = cli_plan_make(&plan, &inputs, settings);
        linking.plan = &plan;
    }
    if (!rc)
        rc = link_inputs(&linking);
    cli_plan_free(&plan);
    cli_inputs_free(&inputs);
    return rc;
}
