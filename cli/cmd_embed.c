/* cmd_embed.c - speaker embeddings of files, turns or speakers.
 * SPDX-License-Identifier: MIT
 *
 * file, turns of --segments -> regions [num_regions] in groups -> embeddings [num_groups][dim] ->
 * one row of text per group */
#include "commands.h"

#include "batch.h"
#include "models.h"
#include "segments.h"
#include "text.h"

#include "common/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is embedded of one file. */
struct groups {
    diarist_region *regions; /* [num_regions] */
    size_t num_regions, num_groups;
    double *seconds;     /* [num_groups] of speech used */
    float *embeddings;   /* [num_groups][dim] */
    const char **labels; /* [num_groups]; NULL: the group is no one speaker's */
};

static void free_groups(struct groups *groups) {
    free(groups->regions);
    free(groups->seconds);
    free(groups->embeddings);
    free(groups->labels);
    *groups = (struct groups){0};
}

static int allocate(struct groups *groups, size_t num_regions, size_t num_groups, size_t dim,
                    diarist_error *err) {
    *groups = (struct groups){.num_regions = num_regions, .num_groups = num_groups};
    groups->regions = calloc(num_regions + 1, sizeof *groups->regions);
    groups->seconds = calloc(num_groups + 1, sizeof *groups->seconds);
    groups->labels = calloc(num_groups + 1, sizeof *groups->labels);
    groups->embeddings = calloc(num_groups * dim + 1, sizeof *groups->embeddings);
    if (groups->regions && groups->seconds && groups->labels && groups->embeddings)
        return DIARIST_OK;
    return cli_set_memory_error(err);
}

static int group_whole_file(struct groups *groups, double duration_s, size_t dim,
                            diarist_error *err) {
    int rc = allocate(groups, duration_s > 0, 1, dim, err);
    if (!rc)
        groups->regions[0] = (diarist_region){.start = 0, .end = duration_s};
    return rc;
}

static int group_segments(struct groups *groups, const diarist_document *segments, size_t recording,
                          int32_t by, size_t dim, diarist_error *err) {
    size_t num_turns = diarist_document_num_turns(segments, recording, DIARIST_OVERLAPPING);
    size_t num_groups = by == CLI_BY_FILE   ? 1
                        : by == CLI_BY_TURN ? num_turns
                                            : diarist_document_num_speakers(segments, recording);
    int rc = allocate(groups, num_turns, num_groups, dim, err);
    for (size_t i = 0; i < num_turns && !rc; i++) {
        diarist_turn turn;
        diarist_document_turn(segments, recording, DIARIST_OVERLAPPING, i, &turn);
        int32_t group = by == CLI_BY_FILE ? 0 : by == CLI_BY_TURN ? (int32_t)i : turn.speaker;
        groups->regions[i] = (diarist_region){turn.start, turn.end, group};
        if (by != CLI_BY_FILE)
            groups->labels[group] =
                diarist_document_speaker_name(segments, recording, (size_t)turn.speaker);
    }
    return rc;
}

/* A group without speech has no direction: null in JSON, empty in csv. */
static void print_embedding(FILE *to, const float *embedding, size_t dim, bool is_csv) {
    bool any = false;
    for (size_t d = 0; d < dim; d++)
        any |= embedding[d] != 0;
    if (!is_csv)
        fputs(any ? "[" : "null", to);
    for (size_t d = 0; d < dim && (any || is_csv); d++) {
        fputs(d || is_csv ? "," : "", to);
        if (any)
            fprintf(to, "%.9g", (double)embedding[d]);
    }
    if (!is_csv && any)
        putc(']', to);
}

static void print_csv_row(FILE *to, const struct cli_job *job, const struct groups *groups,
                          size_t g, size_t dim) {
    const diarist_region *turn =
        job->batch->settings->by == CLI_BY_TURN ? &groups->regions[g] : NULL;
    cli_csv_field(to, job->path);
    if (turn)
        fprintf(to, ",%.3f,%.3f,", turn->start, turn->end);
    else
        fputs(",,,", to);
    cli_csv_field(to, groups->labels[g] ? groups->labels[g] : "");
    fprintf(to, ",%.3f", groups->seconds[g]);
    print_embedding(to, groups->embeddings + g * dim, dim, true);
    putc('\n', to);
}

static void print_json_row(FILE *to, const struct cli_job *job, const struct groups *groups,
                           size_t g, size_t dim, const char *file) {
    const char *comma = "";
    putc('{', to);
    if (file) {
        fputs("\"file\":", to);
        common_json_string(to, file);
        comma = ",";
    }
    if (job->batch->settings->by == CLI_BY_TURN) {
        const diarist_region *turn = &groups->regions[g];
        fprintf(to, "%s\"start\":%.3f,\"end\":%.3f", comma, turn->start, turn->end);
        comma = ",";
    }
    if (groups->labels[g]) {
        fprintf(to, "%s\"speaker\":", comma);
        common_json_string(to, groups->labels[g]);
        comma = ",";
    }
    fprintf(to, "%s\"seconds\":%.3f,\"embedding\":", comma, groups->seconds[g]);
    print_embedding(to, groups->embeddings + g * dim, dim, false);
}

static void print_json_model(FILE *to, const diarist_model_info *info) {
    fputs("\"model\":{\"name\":", to);
    common_json_string(to, info->name);
    fputs(",\"sha256\":", to);
    common_json_string(to, info->sha256);
    putc('}', to);
}

static void print_groups(FILE *to, const struct cli_job *job, const struct groups *groups) {
    int32_t format = job->batch->settings->embed_format;
    diarist_model_info info;
    diarist_model_describe(job->batch->model, &info);
    if (format == CLI_EMBED_JSON) {
        fputs("{\"schema\":\"diarist-embeddings/1\",\"file\":", to);
        common_json_string(to, job->path);
        fprintf(to, ",\"duration\":%.3f,", job->duration_s);
        print_json_model(to, &info);
        fputs(",\"embeddings\":[", to);
    }
    for (size_t g = 0; g < groups->num_groups; g++) {
        if (format == CLI_EMBED_CSV) {
            print_csv_row(to, job, groups, g, info.embedding_dim);
        } else if (format == CLI_EMBED_JSON) {
            fputs(g ? ",\n" : "\n", to);
            print_json_row(to, job, groups, g, info.embedding_dim, NULL);
            putc('}', to);
        } else {
            print_json_row(to, job, groups, g, info.embedding_dim, job->path);
            putc(',', to);
            print_json_model(to, &info);
            fputs("}\n", to);
        }
    }
    if (format == CLI_EMBED_JSON)
        fputs("\n]}\n", to);
}

static int render(struct cli_job *job, const struct groups *groups, diarist_error *err) {
    FILE *to = open_memstream(&job->product.text, &job->product.text_size);
    if (to)
        print_groups(to, job, groups);
    if (!to || fclose(to))
        return cli_set_memory_error(err);
    return DIARIST_OK;
}

static int embed_groups(struct cli_job *job, struct cli_fed *fed, const diarist_document *segments,
                        size_t recording, struct groups *groups, diarist_error *err) {
    diarist_audio_info info;
    diarist_model_info model;
    diarist_audio_describe(fed->audio, &info);
    diarist_model_describe(job->batch->model, &model);
    job->duration_s = info.duration_s;
    int rc = segments ? group_segments(groups, segments, recording, job->batch->settings->by,
                                       model.embedding_dim, err)
                      : group_whole_file(groups, info.duration_s, model.embedding_dim, err);
    if (!rc && groups->num_groups)
        rc = diarist_recording_embed(groups->embeddings, groups->seconds, fed->recording,
                                     groups->regions, groups->num_regions, groups->num_groups, err);
    return rc;
}

static int embed_input(struct cli_job *job, diarist_error *err) {
    const struct cli_batch *batch = job->batch;
    const diarist_document *segments = batch->data;
    struct cli_fed fed = {0};
    struct groups groups = {0};
    size_t recording = 0;
    int rc = DIARIST_OK;
    if (segments)
        rc = cli_segments_find(&recording, segments, job->path, !batch->inputs->several, err);
    if (!rc)
        rc = cli_feed(&fed, job->path, batch->settings->channels, batch->settings, batch->model,
                      &job->options, &job->progress, err);
    if (!rc)
        rc = embed_groups(job, &fed, segments, recording, &groups, err);
    if (!rc)
        rc = render(job, &groups, err);
    free_groups(&groups);
    cli_fed_free(&fed);
    return rc;
}

/* "file,start,end,speaker,seconds,e0,e1,...": to be freed. */
static char *csv_header(const diarist_model *model) {
    char *text = NULL;
    size_t size = 0;
    diarist_model_info info;
    diarist_model_describe(model, &info);
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    fputs("file,start,end,speaker,seconds", to);
    for (uint32_t d = 0; d < info.embedding_dim; d++)
        fprintf(to, ",e%u", d);
    putc('\n', to);
    fclose(to);
    return text;
}

static int read_segments(diarist_document **segments, const struct cli_settings *settings) {
    diarist_error err;
    if (!settings->segments && settings->by != CLI_BY_FILE) {
        cli_error("--by", "turns and speakers come from --segments; give it");
        return CLI_EXIT_USAGE;
    }
    if (!settings->segments || !diarist_document_read(segments, settings->segments, NULL, &err))
        return 0;
    return cli_fail(settings->segments, &err);
}

static int embed_all(const struct cli_settings *settings, const struct cli_inputs *inputs,
                     const struct cli_plan *plan, const diarist_document *segments) {
    diarist_model *model;
    char *header = NULL;
    int rc = cli_model_load(&model, settings, true);
    if (!rc && settings->embed_format == CLI_EMBED_CSV && !(header = csv_header(model)))
        rc = cli_fail_memory();
    if (!rc) {
        struct cli_batch batch = {.settings = settings,
                                  .inputs = inputs,
                                  .plan = plan,
                                  .model = model,
                                  .stages = CLI_WORK_EMBED,
                                  .work = embed_input,
                                  .header = header,
                                  .data = segments};
        rc = cli_batch_run(&batch);
    }
    free(header);
    diarist_model_free(model);
    return rc;
}

int cli_run_embed(const struct cli_settings *given) {
    static const struct cli_output_format formats[] = {
        [CLI_EMBED_JSONL] = {"jsonl", ".jsonl", true},
        [CLI_EMBED_JSON] = {"json", ".json", false},
        [CLI_EMBED_CSV] = {"csv", ".csv", true}};
    struct cli_settings settings = *given;
    struct cli_inputs inputs = {0};
    struct cli_plan plan = {.formats = {formats[settings.embed_format]}, .num_formats = 1};
    diarist_document *segments = NULL;
    if (settings.segments && !CLI_GIVEN(given, by))
        settings.by = CLI_BY_SPEAKER;
    int rc = cli_inputs_collect(&inputs, &settings);
    if (!rc)
        rc = cli_plan_make(&plan, &inputs, &settings);
    if (!rc)
        rc = read_segments(&segments, &settings);
    if (!rc)
        rc = embed_all(&settings, &inputs, &plan, segments);
    diarist_document_free(segments);
    cli_plan_free(&plan);
    cli_inputs_free(&inputs);
    return rc;
}
