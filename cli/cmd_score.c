/* cmd_score.c - how far diarizations are from the truth.
 * SPDX-License-Identifier: MIT */
#include "commands.h"

#include "report.h"
#include "score.h"

#include <stddef.h>

/* Reported one by one up to here. */
enum { MAX_WARNINGS = 10 };

/* The settings' own way, or the two that are usual: strict, and forgiving. */
static size_t choose_scorings(struct cli_scoring scorings[2], const struct cli_settings *settings) {
    for (size_t i = 0; i < 2; i++)
        diarist_score_options_init(&scorings[i].options);
    if (CLI_GIVEN(settings, collar_s) || CLI_GIVEN(settings, skip_overlap)) {
        scorings[0].options.collar_s = settings->collar_s;
        scorings[0].options.skip_overlap = settings->skip_overlap;
        return 1;
    }
    scorings[1].options.collar_s = 0.25;
    scorings[1].options.skip_overlap = 1;
    return 2;
}

static const char *trouble_of(const diarist_scored_file *file) {
    switch (file->what) {
    case DIARIST_SCORED_NO_HYPOTHESIS:
        return "not in HYP: counted as missed";
    case DIARIST_SCORED_NO_REFERENCE:
        return "in the UEM, not in REF: all speech of HYP is counted as false alarm";
    case DIARIST_UNSCORED_NO_REFERENCE:
        return "not in REF: not counted";
    case DIARIST_UNSCORED_NOT_IN_UEM:
        return "not in the UEM: not counted";
    default:
        return NULL;
    }
}

static void warn(const diarist_scores *scores) {
    diarist_scored_file file;
    size_t num = 0;
    for (size_t i = 0; diarist_scores_file(scores, i, &file) == 0; i++) {
        const char *trouble = trouble_of(&file);
        if (trouble && num++ < MAX_WARNINGS)
            cli_warning(file.id, "%s", trouble);
    }
    if (num > MAX_WARNINGS)
        cli_warning(NULL, "%zu more recordings are not on both sides; --format csv tells which",
                    num - MAX_WARNINGS);
}

static int check_operands(const struct cli_settings *settings) {
    if (settings->num_operands != 2) {
        cli_error("score", "takes REF and HYP, not %zu; see diarist score --help",
                  settings->num_operands);
        return CLI_EXIT_USAGE;
    }
    const char *const paths[] = {settings->operands[0], settings->operands[1],
                                 settings->uem ? settings->uem : ""};
    size_t num_standard = 0;
    for (size_t i = 0; i < 3; i++)
        num_standard += paths[i][0] == '-' && !paths[i][1];
    if (num_standard <= 1)
        return 0;
    cli_error("score", "standard input can be only one of REF, HYP and the UEM; give files");
    return CLI_EXIT_USAGE;
}

int cli_run_score(const struct cli_settings *settings) {
    struct cli_score_inputs inputs = {0};
    struct cli_scoring scorings[2] = {{{0}, NULL}, {{0}, NULL}};
    size_t num = choose_scorings(scorings, settings);
    diarist_error err;
    int rc = check_operands(settings);
    if (!rc)
        rc = cli_score_inputs_read(&inputs, settings);
    for (size_t i = 0; i < num && !rc; i++)
        if (diarist_score_documents(&scorings[i].scores, inputs.reference, inputs.hypothesis,
                                    inputs.uem, &scorings[i].options, &err))
            rc = cli_fail("score", &err);
    if (!rc) {
        warn(scorings[0].scores);
        cli_score_print(scorings, num, settings->score_format);
        rc = cli_finish_stdout();
    }
    diarist_scores_free(scorings[0].scores);
    diarist_scores_free(scorings[1].scores);
    cli_score_inputs_free(&inputs);
    return rc;
}
