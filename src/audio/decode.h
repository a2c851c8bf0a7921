/* decode.h - an open recording: 16 kHz mono, decoded as it is read.
 * SPDX-License-Identifier: MIT
 *
 * The functions behind diarist_audio_*; what they do is said in diarist/io.h. */
#ifndef DR_AUDIO_DECODE_H
#define DR_AUDIO_DECODE_H

#include "diarist/io.h"

/* options: complete, in range. */
int dr_audio_open(diarist_audio **out, const char *path, const diarist_audio_options *options,
                  diarist_error *err);
int dr_audio_read(diarist_audio *audio, float *samples, size_t capacity, size_t *num,
                  diarist_error *err);
void dr_audio_describe(diarist_audio *audio, diarist_audio_info *out);
void dr_audio_close(diarist_audio *audio); /* NULL allowed */

#endif
