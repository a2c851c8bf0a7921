/* powerset.h - class index <-> set of local speakers.
 * SPDX-License-Identifier: MIT
 *
 * Order as pyannote.audio utils/powerset.py: by set size, then lexicographic.
 * 3 speakers, at most 2 at once -> 7 classes: {} 0 1 2 01 02 12 */
#ifndef DR_SEGMENTATION_POWERSET_H
#define DR_SEGMENTATION_POWERSET_H

#include "types.h"

/* Hard decoding: logprob[num_frames][7] -> active[num_frames], bit q set = local speaker q talks.
 * argmax, lowest class wins ties (as torch.argmax on CPU). */
void dr_powerset_decode(uint8_t *active, const float *logprob, size_t num_frames);

#endif
