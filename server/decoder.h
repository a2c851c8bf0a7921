/* decoder.h - a recording that a client sent, decoded in a process of its own.
 * SPDX-License-Identifier: MIT
 *
 * path -> [this program again, in a sandbox] -> pipe -> samples
 *
 * The functions are those of diarist_audio. Whatever a file does to what decodes it (a crash, no
 * end, more memory or processor time than is given) is an error about that file. */
#ifndef SERVER_DECODER_H
#define SERVER_DECODER_H

#include "diarist/io.h"

struct server_decoder;

/* options: stall_s is what the process may be silent for (twice that, and more where much is to be
 * skipped); ffmpeg and max_s are set here. max_s: above 0, most seconds that are decoded, skipped
 * or not; DIARIST_ERROR_LIMIT once there are more. The thread that opens one must last until it is
 * closed: the process ends with it. Others may read. */
int server_decoder_open(struct server_decoder **out, const char *path,
                        const diarist_audio_options *options, double max_s, diarist_error *err);
int server_decoder_read(struct server_decoder *decoder, float *samples, size_t capacity,
                        size_t *num, diarist_error *err);
void server_decoder_describe(struct server_decoder *decoder, diarist_audio_info *out);
void server_decoder_close(struct server_decoder *decoder); /* NULL allowed */

#endif
