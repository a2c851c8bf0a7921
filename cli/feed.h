/* feed.h - one file into one recording.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_FEED_H
#define CLI_FEED_H

#include "diarist/diarist.h"
#include "diarist/io.h"
#include "report.h"

/* A file that was read to its end. */
struct cli_fed {
    diarist_audio *audio; /* open, so that its description lives */
    diarist_recording *recording;
    double open_s;   /* wall time that opening the recording took: the first one loads networks */
    double decode_s; /* and waiting for samples */
};

/* Reads path and feeds all of it. channel as in diarist_audio_options. options.progress_data is
 * `progress`, whose duration_s is kept up to date. A diarist_status; free in either case. Warns
 * when the file could be decoded only in part. */
int cli_feed(struct cli_fed *fed, const char *path, int32_t channel,
             const struct cli_settings *settings, const diarist_model *model,
             const diarist_options *options, struct cli_progress *progress, diarist_error *err);
void cli_fed_free(struct cli_fed *fed);

/* The library's options as the settings say, with progress going to `progress`. */
void cli_engine_options(diarist_options *options, const struct cli_settings *settings,
                        struct cli_progress *progress);

/* Whether the settings contradict each other. 0, or an exit code after the error was printed. */
int cli_check_settings(const struct cli_settings *settings);

#endif
