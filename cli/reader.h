/* reader.h - decoding in a thread of its own, some blocks ahead of who needs the samples.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_READER_H
#define CLI_READER_H

#include "diarist/io.h"

struct cli_reader;

/* Starts to read audio, which nobody else may use until the reader is closed. A diarist_status; on
 * failure *out is NULL. */
int cli_reader_open(struct cli_reader **out, diarist_audio *audio, diarist_error *err);

/* The next samples, to be used until the next call; *num is 0 at the end only. Fails where reading
 * failed, after all samples before that. */
int cli_reader_next(struct cli_reader *reader, const float **samples, size_t *num,
                    diarist_error *err);

/* Stops reading. NULL allowed. */
void cli_reader_close(struct cli_reader *reader);

#endif
