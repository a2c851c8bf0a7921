/* commands.h - one function per command, each in its own file.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

/* All return an exit code after their errors were printed. */
int cli_run_diarize(const struct cli_settings *settings);
int cli_run_vad(const struct cli_settings *settings);
int cli_run_vad_live(const struct cli_settings *settings); /* of cli_run_vad */
int cli_run_embed(const struct cli_settings *settings);
int cli_run_verify(const struct cli_settings *settings);
int cli_run_enroll(const struct cli_settings *settings);
int cli_run_identify(const struct cli_settings *settings);
int cli_run_link(const struct cli_settings *settings);
int cli_run_convert(const struct cli_settings *settings);
int cli_run_models(const struct cli_settings *settings);
int cli_run_score(const struct cli_settings *settings);
int cli_run_stream(const struct cli_settings *settings);
int cli_run_serve(const struct cli_settings *settings);
int cli_run_bench(const struct cli_settings *settings);
int cli_run_version(const struct cli_settings *settings);

/* Flushes standard output. 0, or the exit code when it could not be written. */
int cli_finish_stdout(void);

#endif
