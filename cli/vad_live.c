/* vad_live.c - vad --live: ranges of voice, each as soon as it is known.
 * SPDX-License-Identifier: MIT
 *
 * standard input -> samples -> diarist_vad_stream -> {"start","end","at"}, a line each */
#include "commands.h"
#include "diarist/stream.h"
#include "live.h"
#include "models.h"
#include "report.h"

#include <stdio.h>

/* Samples are fed up to multiples of this, so that `at` does not depend on how they came. */
enum { GRID = 800 };

struct live_vad {
    diarist_vad_stream *stream;
    double min_duration_on_s;
    uint64_t num_samples; /* fed */
};

/* Options of vad that are for whole files. */
static int check_options(const struct cli_settings *settings) {
#define OF(member) offsetof(struct cli_settings, member)
    static const size_t others[] = {OF(preset), OF(format),   OF(output),     OF(stages),
                                    OF(timing), OF(jobs),     OF(files_from), OF(shard),
                                    OF(resume), OF(progress), OF(start_s)};
#undef OF
    for (size_t i = 0; i < cli_num_options; i++) {
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            if (cli_options[i].field == others[k] && settings->origin[i] == CLI_FROM_FLAG) {
                cli_error("--live", "contradicts --%s; give one of them", cli_options[i].name);
                return CLI_EXIT_USAGE;
            }
        }
    }
    return cli_live_check(settings);
}

static int print_ranges(struct live_vad *vad, diarist_error *err) {
    diarist_voice_range range;
    bool some = false;
    while (!diarist_vad_stream_next(vad->stream, &range)) {
        if (range.end - range.start < vad->min_duration_on_s)
            continue;
        printf("{\"start\":%.4f,\"end\":%.4f,\"at\":%.4f}\n", range.start, range.end,
               (double)vad->num_samples / DIARIST_SAMPLE_RATE);
        some = true;
    }
    return some ? cli_live_flush(err) : DIARIST_OK;
}

static int feed(void *data, const float *samples, size_t n, diarist_error *err) {
    struct live_vad *vad = data;
    int status = DIARIST_OK;
    for (size_t used; !status && n; samples += used, n -= used) {
        size_t part = GRID - vad->num_samples % GRID;
        status = diarist_vad_stream_feed(vad->stream, samples, n < part ? n : part, &used, err);
        vad->num_samples += used;
        if (!status)
            status = print_ranges(vad, err);
    }
    return status;
}

static int finish(void *data, const diarist_audio_info *input, diarist_error *err) {
    struct live_vad *vad = data;
    (void)input;
    int status = diarist_vad_stream_finish(vad->stream, err);
    return status ? status : print_ranges(vad, err);
}

static int open_stream(diarist_vad_stream **stream, const diarist_model *model,
                       const struct cli_settings *settings, diarist_error *err) {
    diarist_vad_options options;
    diarist_vad_options_init(&options);
    if (settings->step_s > 0)
        options.step_s = settings->step_s;
    if (CLI_GIVEN(settings, onset))
        options.onset = settings->onset;
    if (CLI_GIVEN(settings, offset))
        options.offset = settings->offset;
    else if (options.offset > options.onset)
        options.offset = options.onset;
    options.min_duration_off_s = settings->min_duration_off_s;
    options.num_threads = settings->threads;
    return diarist_vad_stream_open(stream, model, &options, err);
}

int cli_run_vad_live(const struct cli_settings *settings) {
    struct live_vad vad = {.min_duration_on_s = settings->min_duration_on_s};
    const struct cli_live live = {feed, finish, &vad};
    diarist_model *model = NULL;
    diarist_error err;
    int code = check_options(settings);
    if (!code)
        code = cli_model_load(&model, settings, true);
    if (!code && open_stream(&vad.stream, model, settings, &err))
        code = cli_fail(NULL, &err);
    if (!code)
        code = cli_live_run(&live, settings);
    diarist_vad_stream_free(vad.stream);
    diarist_model_free(model);
    return code;
}
