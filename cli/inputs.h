/* inputs.h - which files a command works on.
 * SPDX-License-Identifier: MIT
 *
 * operands, lines of --files-from -> each once, in order -> the share of --shard */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H

#include "options.h"

struct cli_inputs {
    const char **paths; /* [num]; "-" is standard input */
    size_t num;
    bool several; /* more than one before sharding, or a list: outputs go to a directory */
    char *list;   /* owns the paths that came from --files-from */
};

/* 0, or an exit code after the error was printed. Free in either case. */
int cli_inputs_collect(struct cli_inputs *inputs, const struct cli_settings *settings);
/* The same of one list alone: a path a line, blank lines left out, in order. */
int cli_inputs_from_list(struct cli_inputs *inputs, const char *path);
void cli_inputs_free(struct cli_inputs *inputs);

#endif
