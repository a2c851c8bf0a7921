/* live_pcm.h - PCM as it comes -> 16 kHz mono.
 * SPDX-License-Identifier: MIT
 *
 * The functions behind diarist_pcm_*; what they do is said in diarist/io.h. */
#ifndef DR_AUDIO_LIVE_PCM_H
#define DR_AUDIO_LIVE_PCM_H

#include "diarist/io.h"

int dr_live_pcm_open(diarist_pcm **out, const char *raw, diarist_error *err);
int dr_live_pcm_convert(diarist_pcm *pcm, const void *frames, size_t num, size_t *used,
                        float *samples, size_t capacity, size_t *made, diarist_error *err);
void dr_live_pcm_close(diarist_pcm *pcm); /* NULL allowed */

#endif
