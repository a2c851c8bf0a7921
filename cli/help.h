/* help.h - texts made from the option table: help, man page, shell completions.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "options.h"

#include <stdio.h>

/* Help of one command, or of the whole program. */
void cli_print_help(FILE *to, enum cli_command command, bool whole_program);
/* diarist.1 in roff. */
void cli_print_man(FILE *to);
/* For "bash", "zsh" or "fish"; -1 for any other shell. */
int cli_print_completions(FILE *to, const char *shell);

/* Values of an option for people: "N", "balanced|fast|accurate"; NULL: takes none. */
const char *cli_option_value(const struct cli_option *option);
/* Whether a row is the one that a text about all commands should show: rows of one name and field
 * are alike but for their commands, of which the first stands for all. */
bool cli_option_is_shown(const struct cli_option *option, unsigned commands);
bool cli_option_takes_file(const struct cli_option *option);

/* What the exit codes mean, in order. */
struct cli_exit_meaning {
    int code;
    const char *meaning;
};
extern const struct cli_exit_meaning cli_exit_meanings[7];

#endif
