/* tally.h - how long which speakers of reference and hypothesis talk at once, where it is scored.
 * SPDX-License-Identifier: MIT */
#ifndef DR_SCORE_TALLY_H
#define DR_SCORE_TALLY_H

#include "base/arena.h"
#include "diarist/score.h"
#include "document.h"

/* Times are whole microseconds: sums are exact (up to 285 years) and turns that touch do touch. */
enum { DR_MICROSECONDS = 1000000 };

/* The more speakers, the longer the mapping takes: no recording has more. */
enum { DR_SCORE_MAX_SPEAKERS = 4096 };

/* Durations in microseconds. Reference r and hypothesis h are indices of the recordings' speakers.
 */
struct dr_tally {
    size_t num_ref, num_hyp;
    double scored;      /* one for each speaker of the reference */
    double missed;      /* where the reference has more speakers */
    double false_alarm; /* where it has fewer */
    double shared;      /* the smaller of both numbers: correct or confused */
    double *both;       /* [num_ref][num_hyp] where both talk */
    double *ref_talks;  /* [num_ref] */
    double *hyp_talks;  /* [num_hyp] */
    uint8_t *ref_heard; /* [num_ref] whether they talk where regions are, collars and overlap too */
    uint8_t *hyp_heard; /* [num_hyp] */
};

/* reference, hypothesis: NULL: nobody talks. regions NULL: the extent of both. options are good.
 * The arrays of the tally are the arena's. DIARIST_ERROR_MEMORY, DIARIST_ERROR_LIMIT. */
int dr_tally_recording(struct dr_tally *tally, const struct dr_document_recording *reference,
                       const struct dr_document_recording *hypothesis,
                       const diarist_region *regions, size_t num_regions,
                       const diarist_score_options *options, struct dr_arena *arena,
                       diarist_error *err);

#endif
