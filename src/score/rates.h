/* rates.h - who is who, and what is wrong then.
 * SPDX-License-Identifier: MIT */
#ifndef DR_SCORE_RATES_H
#define DR_SCORE_RATES_H

#include "score/tally.h"

/* The figures of one file. Two one-to-one mappings are sought among those who talk where it is
 * scored: of the most time in common for DER, of the least sum of Jaccard errors for JER. mapping
 * [tally->num_ref], or NULL: that of DER; -1: nobody, also where nothing is in common. arena is for
 * scratch only. DIARIST_ERROR_MEMORY. */
int dr_rates_of(diarist_score *out, int32_t *mapping, const struct dr_tally *tally,
                struct dr_arena *arena, diarist_error *err);

#endif
