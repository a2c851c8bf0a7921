/* live.h - samples from standard input as they come, results on standard output as they are known.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include "diarist/io.h"
#include "options.h"

/* What a command makes of the samples, printing what it knows. Both return a diarist_status.
 * finish: input describes what was read; all zeros when a signal came before anything else. */
struct cli_live {
    int (*feed)(void *data, const float *samples, size_t n, diarist_error *err);
    int (*finish)(void *data, const diarist_audio_info *input, diarist_error *err);
    void *data;
};

/* Checks what all live commands have in common: operands (nothing or "-") and --channels. 0, or an
 * exit code after the error was printed. */
int cli_live_check(const struct cli_settings *settings);

/* Feeds standard input as it comes until it ends, or SIGINT or SIGTERM, then finishes: samples as
 * --raw says; without it s16le:16000:1, or a WAV file. An exit code after errors were printed. */
int cli_live_run(const struct cli_live *live, const struct cli_settings *settings);

/* Sends what was printed on standard output. DIARIST_ERROR_OUTPUT. */
int cli_live_flush(diarist_error *err);

#endif
