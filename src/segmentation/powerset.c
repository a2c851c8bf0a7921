/* powerset.c - class index <-> set of local speakers.
 * SPDX-License-Identifier: MIT */
#include "segmentation/powerset.h"

static const uint8_t class_speakers[DR_CLASSES] = {0, 1, 2, 4, 1 | 2, 1 | 4, 2 | 4};

void dr_powerset_decode(uint8_t *active, const float *logprob, size_t num_frames) {
    for (size_t f = 0; f < num_frames; f++) {
        const float *p = logprob + f * DR_CLASSES;
        int best = 0;
        for (int c = 1; c < DR_CLASSES; c++)
            if (p[c] > p[best])
                best = c;
        active[f] = class_speakers[best];
    }
}
