/* feed.c - one file into one recording.
 * SPDX-License-Identifier: MIT
 *
 * file -> diarist_audio -> blocks of samples, some ahead -> diarist_recording */
#include "feed.h"

#include "reader.h"

#include <stdio.h>
#include <string.h>

/* The library says num_speakers; who gave the option knows it as --num-speakers. */
static void print_with_flags(const char *message) {
    char text[2 * sizeof((diarist_error *)0)->message];
    size_t used = 0;
    for (size_t n; *message; message += n) {
        n = strspn(message, " ;,");
        n = n ? n : strcspn(message, " ;,");
        if (memchr(message, '_', n)) {
            text[used++] = '-';
            text[used++] = '-';
        }
        for (size_t i = 0; i < n; i++)
            text[used++] = message[i] == '_' ? '-' : message[i];
    }
    text[used] = 0;
    cli_error(NULL, "%s", text);
}

int cli_check_settings(const struct cli_settings *settings) {
    diarist_options options;
    diarist_error err;
    if (settings->quiet && CLI_GIVEN(settings, log_level) && settings->log_level > CLI_LOG_ERROR &&
        cli_option_origin(settings, offsetof(struct cli_settings, quiet)) == CLI_FROM_FLAG &&
        cli_option_origin(settings, offsetof(struct cli_settings, log_level)) == CLI_FROM_FLAG) {
        cli_error("--quiet", "contradicts --log-level; give one of them");
        return CLI_EXIT_USAGE;
    }
    cli_engine_options(&options, settings, NULL);
    if (!diarist_options_check(&options, &err))
        return 0;
    print_with_flags(err.message);
    return CLI_EXIT_USAGE;
}

void cli_engine_options(diarist_options *options, const struct cli_settings *settings,
                        struct cli_progress *progress) {
    static const int32_t masks[] = {DIARIST_CPU_GENERIC, DIARIST_CPU_AVX2,
                                    DIARIST_CPU_AVX2 | DIARIST_CPU_AVX512, DIARIST_CPU_NEON,
                                    DIARIST_CPU_ALL};
    diarist_options_init(options);
    options->num_threads = settings->threads;
    options->preset = settings->preset;
    options->cpu_mask = masks[settings->cpu];
    options->num_speakers = settings->num_speakers;
    options->min_speakers = settings->min_speakers;
    options->max_speakers = settings->max_speakers;
    options->exclude_overlap = settings->exclude_overlap;
    options->step_s = settings->step_s;
    options->trunk = settings->trunk;
    options->cluster_threshold = settings->cluster_threshold;
    /* To the library 0 means the model's threshold; whoever writes 0 means 0. */
    if (CLI_GIVEN(settings, cluster_threshold) && settings->cluster_threshold == 0)
        options->cluster_threshold = 1e-12;
    options->min_duration_on_s = settings->min_duration_on_s;
    options->min_duration_off_s = settings->min_duration_off_s;
    options->keep_stages = settings->stages != NULL;
    options->onset = settings->onset;
    options->offset = settings->offset;
    if (progress) {
        static const int32_t tasks[] = {[CLI_WORK_DIARIZE] = DIARIST_TASK_DIARIZE,
                                        [CLI_WORK_VAD] = DIARIST_TASK_VAD,
                                        [CLI_WORK_EMBED] = DIARIST_TASK_EMBED};
        options->task = tasks[progress->work];
        options->progress = cli_progress_update;
        options->progress_data = progress;
    }
}

static int feed_blocks(struct cli_fed *fed, diarist_error *err) {
    struct cli_reader *reader;
    int rc = cli_reader_open(&reader, fed->audio, err);
    while (!rc) {
        const float *samples;
        size_t n;
        double before = cli_now();
        rc = cli_reader_next(reader, &samples, &n, err);
        fed->decode_s += cli_now() - before;
        if (!rc && cli_interrupted())
            rc = cli_set_error(err, DIARIST_ERROR_CANCELED, "interrupted");
        if (rc || n == 0)
            break;
        rc = diarist_recording_feed(fed->recording, samples, n, err);
    }
    cli_reader_close(reader);
    return rc;
}

int cli_feed(struct cli_fed *fed, const char *path, int32_t channel,
             const struct cli_settings *settings, const diarist_model *model,
             const diarist_options *options, struct cli_progress *progress, diarist_error *err) {
    *fed = (struct cli_fed){0};
    diarist_audio_options audio_options;
    diarist_audio_options_init(&audio_options);
    audio_options.channel = channel;
    audio_options.raw = settings->raw;
    audio_options.start_s = settings->start_s;
    audio_options.duration_s = settings->duration_s;
    double before = cli_now();
    int rc = diarist_audio_open(&fed->audio, path, &audio_options, err);
    fed->decode_s = cli_now() - before;
    if (rc)
        return rc;
    before = cli_now();
    rc = diarist_recording_open(&fed->recording, model, options, err);
    fed->open_s = cli_now() - before;
    if (rc)
        return rc;
    diarist_audio_info info;
    diarist_audio_describe(fed->audio, &info);
    progress->duration_s = info.declared_s;
    if (info.declared_s > 0)
        diarist_recording_expect(fed->recording, info.declared_s);
    rc = feed_blocks(fed, err);
    diarist_audio_describe(fed->audio, &info);
    progress->duration_s = info.duration_s;
    if (!rc && info.warning)
        cli_warning(path, "%s", info.warning);
    return rc;
}

void cli_fed_free(struct cli_fed *fed) {
    diarist_recording_free(fed->recording);
    diarist_audio_close(fed->audio);
    *fed = (struct cli_fed){0};
}
