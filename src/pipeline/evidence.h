/* evidence.h - what the networks said of a recording, as bytes, and back.
 * SPDX-License-Identifier: MIT
 *
 * head | times of windows | windows | local speakers or voices | rows of coarse windows |
 *   active | marginal | count | has
 *
 * All that the stages after the networks look at: what they make of it is what they would have made
 * of the recording. Numbers are in this machine's byte order, which the head says. 1.6 kB a second
 * at a step of 5 s. */
#ifndef DR_PIPELINE_EVIDENCE_H
#define DR_PIPELINE_EVIDENCE_H

#include "pipeline/recording.h"

/* Of a recording that has ended, of task diarize. The bytes live in arena. DIARIST_ERROR_MEMORY. */
int dr_evidence_save(void **bytes, size_t *num_bytes, const struct diarist_recording *recording,
                     struct dr_arena *arena, diarist_error *err);

/* Makes a recording, all zeros, one that has ended with this evidence, all of which is copied into
 * its arena; dr_arena_free frees it. options: as for the recording; its step is the evidence's.
 * DIARIST_ERROR_ARGUMENT: options. DIARIST_ERROR_MODEL: it is another model's. DIARIST_ERROR_INPUT:
 * it is damaged. DIARIST_ERROR_MEMORY. */
int dr_evidence_load(struct diarist_recording *recording, const void *bytes, size_t num_bytes,
                     const diarist_model *model, const diarist_options *options,
                     diarist_error *err);

#endif
