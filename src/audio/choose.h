/* choose.h - which decoder an input gets.
 * SPDX-License-Identifier: MIT */
#ifndef DR_AUDIO_CHOOSE_H
#define DR_AUDIO_CHOOSE_H

#include "audio/decoder.h"
#include "diarist/io.h"

/* Opens the decoder that the first bytes of source ask for, or the raw one of options. Rate and
 * channels are within bounds. */
int dr_choose_decoder(struct dr_decoder **out, struct dr_source *source,
                      const diarist_audio_options *options, diarist_error *err);

#endif
