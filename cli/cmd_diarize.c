/* cmd_diarize.c - who spoke when, by name where speakers are known, and where there is speech.
 * SPDX-License-Identifier: MIT
 *
 * file -> [each channel, or all mixed] -> recording -> result -> piece of the product
 *                                                  profiles -> names of its speakers */
#include "commands.h"

#include "batch.h"
#include "known.h"
#include "models.h"
#include "timing.h"

#include "common/presets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Results of these may follow one another and still be one file. */
static bool holds_several(const char *format) {
    return !strcmp(format, "rttm") || !strcmp(format, "jsonl") || !strcmp(format, "csv");
}

static const diarist_format *find_format(const char *name, size_t n) {
    const diarist_format *format;
    for (size_t i = 0; (format = diarist_document_format(i)); i++)
        if (format->can_write && strlen(format->name) == n && !strncmp(format->name, name, n))
            return format;
    return NULL;
}

/* "rttm,json" -> plan.formats. */
static int plan_formats(struct cli_plan *plan, const char *list) {
    while (*list) {
        size_t n = strcspn(list, ",");
        const diarist_format *format = find_format(list, n);
        if (!format) {
            cli_error("--format", "'%.*s' is not a format; see diarist --help for the list", (int)n,
                      list);
            return CLI_EXIT_USAGE;
        }
        for (size_t f = 0; f < plan->num_formats; f++) {
            if (!strcmp(plan->formats[f].name, format->name)) {
                cli_error("--format", "%s is asked for twice; leave one out", format->name);
                return CLI_EXIT_USAGE;
            }
        }
        if (plan->num_formats == CLI_MAX_FORMATS) {
            cli_error("--format", "more than %d formats; run again for the rest", CLI_MAX_FORMATS);
            return CLI_EXIT_USAGE;
        }
        plan->formats[plan->num_formats++] = (struct cli_output_format){
            format->name, format->extension, holds_several(format->name)};
        list += n;
        if (*list == ',' && !*++list) {
            cli_error("--format", "nothing follows the last comma; leave it out");
            return CLI_EXIT_USAGE;
        }
    }
    return 0;
}

static int finish_recording(diarist_result **result, struct cli_job *job, struct cli_fed *fed,
                            diarist_error *err) {
    return job->batch->stages == CLI_WORK_VAD
               ? diarist_recording_vad(result, fed->recording, err)
               : diarist_recording_diarize(result, fed->recording, err);
}

/* One channel (0: all) into one piece. */
static int do_channel(struct cli_job *job, struct cli_piece *piece, int32_t channel,
                      diarist_error *err) {
    struct cli_fed fed;
    double started = cli_now();
    int rc = cli_feed(&fed, job->path, channel, job->batch->settings, job->batch->model,
                      &job->options, &job->progress, err);
    if (!rc)
        rc = finish_recording(&piece->result, job, &fed, err);
    if (!rc) {
        diarist_audio_info info;
        diarist_audio_describe(fed.audio, &info);
        if (info.sha256)
            snprintf(piece->sha256, sizeof piece->sha256, "%s", info.sha256);
        piece->source = (diarist_source){.file = job->path,
                                         .id = strcmp(job->path, "-") ? NULL : "stdin",
                                         .duration_s = info.duration_s,
                                         .sample_rate = info.sample_rate,
                                         .num_channels = info.num_channels,
                                         .channel = channel,
                                         .sha256 = info.sha256 ? piece->sha256 : NULL,
                                         .preset = common_preset_name(job->batch->settings->preset),
                                         .load_s = job->batch->load_s + fed.open_s,
                                         .decode_s = fed.decode_s,
                                         .total_s = cli_now() - started - fed.open_s};
        job->duration_s = info.duration_s;
        job->speech_s += diarist_result_speech(piece->result);
        job->num_speakers += diarist_result_num_speakers(piece->result);
        job->num_turns += diarist_result_num_turns(piece->result, DIARIST_OVERLAPPING);
        cli_debug(job->path, "decoded by %s, %d Hz, %d channels", info.decoder, info.sample_rate,
                  info.num_channels);
    }
    cli_fed_free(&fed);
    return rc;
}

/* How many channels a file has. */
static int count_channels(struct cli_job *job, int32_t *num, diarist_error *err) {
    diarist_audio *audio;
    diarist_audio_options options;
    diarist_audio_info info;
    diarist_audio_options_init(&options);
    options.raw = job->batch->settings->raw;
    int rc = diarist_audio_open(&audio, job->path, &options, err);
    if (rc)
        return rc;
    diarist_audio_describe(audio, &info);
    *num = info.num_channels;
    diarist_audio_close(audio);
    return DIARIST_OK;
}

static int diarize_input(struct cli_job *job, diarist_error *err) {
    struct cli_product *product = &job->product;
    int32_t channels = job->batch->settings->channels, num = 1;
    int rc = DIARIST_OK;
    if (channels == CLI_CHANNELS_SPLIT)
        rc = count_channels(job, &num, err);
    if (rc)
        return rc;
    product->pieces = calloc((size_t)num, sizeof *product->pieces);
    if (!product->pieces)
        return cli_set_memory_error(err);
    job->progress.num_parts = num;
    for (int32_t k = 0; k < num && !rc; k++) {
        int32_t channel = channels == CLI_CHANNELS_SPLIT ? k + 1 : channels;
        job->progress.part = k;
        rc = do_channel(job, &product->pieces[k], channel, err);
        product->num_pieces += !rc;
    }
    const struct cli_known *known = job->batch->data;
    if (!rc && known)
        rc = cli_known_name(known, product, err);
    if (!rc && job->batch->settings->scores)
        rc = cli_known_scores(known, product, job->path, err);
    return rc;
}

/* Options of output that contradict each other. */
static int check_output(const struct cli_settings *settings, const struct cli_plan *plan) {
    bool quiet = cli_option_origin(settings, offsetof(struct cli_settings, quiet)) == CLI_FROM_FLAG;
    if (settings->stages && settings->channels == CLI_CHANNELS_SPLIT) {
        cli_error("--stages", "holds one channel; give its number as --channels");
        return CLI_EXIT_USAGE;
    }
    if (!quiet || !cli_wants_timing_line(settings, plan))
        return 0;
    cli_error("--timing", "contradicts --quiet; give one of them, or -f json");
    return CLI_EXIT_USAGE;
}

/* What is written: turns in the formats asked for, or scores. */
static int plan_products(struct cli_plan *plan, const struct cli_settings *settings) {
    if (!settings->scores)
        return plan_formats(plan, settings->format ? settings->format : "rttm");
    if (cli_option_origin(settings, offsetof(struct cli_settings, format)) == CLI_FROM_FLAG) {
        cli_error("--scores", "is csv, without turns; leave out --format");
        return CLI_EXIT_USAGE;
    }
    plan->formats[plan->num_formats++] = (struct cli_output_format){"csv", ".scores.csv", true};
    return 0;
}

/* Without --profiles nobody is known. */
static int check_profiles(const struct cli_settings *settings) {
    const char *flag = CLI_GIVEN(settings, threshold) ? "--threshold"
                       : CLI_GIVEN(settings, margin)  ? "--margin"
                                                      : NULL;
    if (settings->profiles || !flag)
        return 0;
    cli_error(flag, "is of known speakers; give --profiles too");
    return CLI_EXIT_USAGE;
}

/* The inputs, planned, through a model. */
static int run_batch(const struct cli_settings *settings, enum cli_work stages,
                     const struct cli_inputs *inputs, const struct cli_plan *plan) {
    struct cli_known known = {0};
    diarist_model *model = NULL;
    char *header = NULL;
    /* A single recording is read and segmented while the rest of the model is loaded. */
    const bool networks = inputs->num > 1;
    double before = cli_now();
    int rc = cli_model_load(&model, settings, networks);
    double load_s = cli_now() - before;
    if (!rc && settings->profiles)
        rc = cli_known_read(&known, settings, model);
    if (!rc && settings->scores && !(header = cli_known_header(&known)))
        rc = cli_fail_memory();
    if (!rc) {
        struct cli_batch batch = {.settings = settings,
                                  .inputs = inputs,
                                  .plan = plan,
                                  .model = model,
                                  .load_s = load_s,
                                  .stages = stages,
                                  .work = diarize_input,
                                  .header = header,
                                  .data = settings->profiles ? &known : NULL};
        rc = cli_batch_run(&batch);
    }
    free(header);
    cli_known_free(&known);
    diarist_model_free(model);
    return rc;
}

static int run_turns(const struct cli_settings *settings, enum cli_work stages) {
    struct cli_inputs inputs = {0};
    struct cli_plan plan = {0};
    int rc = plan_products(&plan, settings);
    if (!rc)
        rc = check_profiles(settings);
    if (!rc)
        rc = check_output(settings, &plan);
    if (!rc)
        rc = cli_inputs_collect(&inputs, settings);
    if (!rc)
        rc = cli_plan_make(&plan, &inputs, settings);
    if (!rc)
        rc = run_batch(settings, stages, &inputs, &plan);
    cli_plan_free(&plan);
    cli_inputs_free(&inputs);
    return rc;
}

int cli_run_diarize(const struct cli_settings *settings) {
    return run_turns(settings, CLI_WORK_DIARIZE);
}

int cli_run_identify(const struct cli_settings *settings) {
    if (settings->profiles)
        return run_turns(settings, CLI_WORK_DIARIZE);
    cli_error("identify", "nobody is known; give --profiles, which diarist enroll makes");
    return CLI_EXIT_USAGE;
}

int cli_run_vad(const struct cli_settings *settings) {
    return settings->live ? cli_run_vad_live(settings) : run_turns(settings, CLI_WORK_VAD);
}
