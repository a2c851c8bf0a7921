/* score.h - the two halves of `diarist score`: what is read, what is printed.
 * SPDX-License-Identifier: MIT
 *
 * REF, HYP, UEM: files, directories, lists -> cli_score_inputs -> scores -> table, JSON or CSV */
#ifndef CLI_SCORE_H
#define CLI_SCORE_H

#include "diarist/score.h"
#include "options.h"

struct cli_score_inputs {
    diarist_document *reference, *hypothesis;
    diarist_uem *uem; /* NULL: none given */
};

/* Reads what the operands and --uem name. 0, or an exit code after the error was printed. Free in
 * either case. */
int cli_score_inputs_read(struct cli_score_inputs *inputs, const struct cli_settings *settings);
void cli_score_inputs_free(struct cli_score_inputs *inputs);

/* One way of scoring and what came out. */
struct cli_scoring {
    diarist_score_options options;
    diarist_scores *scores;
};

/* To standard output. The first is the one that JSON's "overall" and "files" are of. */
void cli_score_print(const struct cli_scoring *scorings, size_t num, int32_t format);

#endif
