/* community.h - who spoke when, as pyannote.audio's community-1 decides it.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_COMMUNITY_H
#define DR_PIPELINE_COMMUNITY_H

#include "pipeline/recording.h"
#include "pipeline/result.h"

/* The stages after the networks, of a recording that has ended: turns and embeddings of result.
 * Scratch lives in arena. Errors as in diarist.h. */
int dr_community_stages(struct diarist_result *result, struct diarist_recording *recording,
                        struct dr_arena *arena, diarist_error *err);

#endif
