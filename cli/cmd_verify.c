/* cmd_verify.c - are two recordings of one speaker?
 * SPDX-License-Identifier: MIT
 *
 * two files -> two embeddings -> cosine -> at least the threshold? */
#include "commands.h"

#include "feed.h"
#include "models.h"

#include "common/json_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct voice {
    float *embedding; /* [dim] */
    double seconds;   /* of speech used */
};

/* 0, or an exit code after the error was printed. */
static int embed_voice(struct voice *voice, const char *path, size_t index,
                       const struct cli_settings *settings, const diarist_model *model) {
    struct cli_progress progress = {.file = path,
                                    .index = index,
                                    .total = 2,
                                    .work = CLI_WORK_EMBED,
                                    .num_parts = 1,
                                    .started_s = cli_now()};
    struct cli_fed fed;
    diarist_options options;
    diarist_error err;
    diarist_audio_info info;
    cli_engine_options(&options, settings, &progress);
    int rc = cli_feed(&fed, path, settings->channels, settings, model, &options, &progress, &err);
    if (!rc) {
        diarist_audio_describe(fed.audio, &info);
        diarist_region whole = {.start = 0, .end = info.duration_s};
        rc = diarist_recording_embed(voice->embedding, &voice->seconds, fed.recording, &whole,
                                     info.duration_s > 0, 1, &err);
    }
    cli_fed_free(&fed);
    cli_progress_end(&progress, rc == DIARIST_OK);
    if (rc)
        return cli_fail(path, &err);
    if (voice->seconds > 0)
        return 0;
    cli_error(path, "holds no speech to compare; give a recording of the speaker");
    return CLI_EXIT_INPUT;
}

static void print_verdict(const struct cli_settings *settings, const struct voice voices[2],
                          const diarist_model_info *info) {
    double threshold =
        CLI_GIVEN(settings, threshold) ? settings->threshold : info->verify_threshold;
    double score =
        diarist_similarity(voices[0].embedding, voices[1].embedding, info->embedding_dim);
    bool same = score >= threshold, known = !isnan(threshold);
    if (settings->report_format == CLI_TEXT) {
        if (known)
            printf("%.3f %s (threshold %.3f)\n", score, same ? "same" : "different", threshold);
        else
            printf("%.3f undecided (the model has no threshold; give --threshold)\n", score);
        return;
    }
    printf("{\"schema\":\"diarist-verification/1\",\"score\":%.6f,", score);
    if (known)
        printf("\"threshold\":%.6f,\"same\":%s,", threshold, same ? "true" : "false");
    else
        fputs("\"threshold\":null,\"same\":null,", stdout);
    fputs("\"recordings\":[", stdout);
    for (int i = 0; i < 2; i++) {
        fputs(i ? ",{\"file\":" : "{\"file\":", stdout);
        common_json_string(stdout, settings->operands[i]);
        printf(",\"seconds\":%.3f}", voices[i].seconds);
    }
    fputs("],\"model\":{\"name\":", stdout);
    common_json_string(stdout, info->name);
    fputs(",\"sha256\":", stdout);
    common_json_string(stdout, info->sha256);
    fputs("}}\n", stdout);
}

static int compare(const struct cli_settings *settings, const diarist_model *model) {
    diarist_model_info info;
    struct voice voices[2] = {{0}};
    diarist_model_describe(model, &info);
    int rc = 0;
    for (size_t i = 0; i < 2 && !rc; i++) {
        voices[i].embedding = calloc(info.embedding_dim, sizeof *voices[i].embedding);
        rc = voices[i].embedding
                 ? embed_voice(&voices[i], settings->operands[i], i, settings, model)
                 : cli_fail_memory();
    }
    if (!rc) {
        print_verdict(settings, voices, &info);
        rc = cli_finish_stdout();
    }
    free(voices[0].embedding);
    free(voices[1].embedding);
    return rc;
}

int cli_run_verify(const struct cli_settings *settings) {
    diarist_model *model;
    if (settings->num_operands != 2) {
        cli_error("verify", "takes two recordings, not %zu; see diarist verify --help",
                  settings->num_operands);
        return CLI_EXIT_USAGE;
    }
    if (settings->operands[0][0] == '-' && !settings->operands[0][1] &&
        settings->operands[1][0] == '-' && !settings->operands[1][1]) {
        cli_error("verify", "standard input can be only one of the two; give a file");
        return CLI_EXIT_USAGE;
    }
    int rc = cli_model_load(&model, settings, true);
    if (!rc) {
        rc = compare(settings, model);
        diarist_model_free(model);
    }
    return rc;
}
