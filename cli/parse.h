/* parse.h - the command line, the environment and config.toml into settings.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "options.h"

/* Reads argv. *command: the command that was named, or CLI_DIARIZE; *named: whether one was.
 * 0, or an exit code after the error was printed. */
int cli_parse(struct cli_settings *settings, enum cli_command *command, bool *named, int argc,
              char **argv);

/* What the flags left open: environment, then config.toml. Returns as cli_parse. */
int cli_parse_environment(struct cli_settings *settings, enum cli_command command);
int cli_parse_config(struct cli_settings *settings, enum cli_command command);

#endif
