/* colors.h - a colour per speaker.
 * SPDX-License-Identifier: MIT */
#ifndef DR_OUTPUT_COLORS_H
#define DR_OUTPUT_COLORS_H

#include <stddef.h>

/* "#rrggbb" of the i-th speaker. The same for the same i everywhere. */
void dr_speaker_color(char out[8], size_t i);

#endif
