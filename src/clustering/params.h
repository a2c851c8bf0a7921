/* params.h - the constants of the clustering stage.
 * SPDX-License-Identifier: MIT
 *
 * Similarities are cosines of unit embeddings, or means of cosines; times are seconds. */
#ifndef DR_CLUSTERING_PARAMS_H
#define DR_CLUSTERING_PARAMS_H

#include "clustering/vbx.h"

#include <stddef.h>

/* Which clusters are speakers of their own. */
struct dr_confirm_params {
    double rise; /* clusters are cut this far above the threshold; 0: none is asked */
    struct dr_vbx_params vbx;
    double min_pi;          /* clusters with less weight are no speakers */
    double variance_within; /* of windows of one speaker, where the recording does not tell it */
    size_t max_windows;     /* that take part */
};

struct dr_cluster_params {
    double threshold;     /* merging stops below this similarity */
    double hop_s;         /* between clustering windows: what one window stands for */
    double link_weight;   /* cannot-link penalty: link_weight * max(0, diff - same) */
    double link_prior;    /*                      / (diff + same + link_prior) */
    size_t block;         /* more windows than this are clustered in equal blocks of time first, */
    double block_rise;    /* at threshold + block_rise */
    size_t level_limit;   /* more clusters than this are clustered in blocks once more */
    double small_drop;    /* after threshold, go on down to threshold - small_drop for pairs */
    size_t small_windows; /* whose smaller cluster has fewer windows than this; drop 0: off */

    double min_speaker_s;      /* a speaker needs min(max(min_speaker_s, */
    double min_speaker_length; /* min_speaker_length * duration), */
    double min_speaker_share;  /* min_speaker_share * total window time) of windows */

    struct dr_confirm_params confirm;

    size_t min_speakers, max_speakers; /* 0: no bound; equal: that many */
    double search_low, search_high;    /* thresholds that may be tried to meet the bounds, */
    double search_step;                /* in steps of this on both sides of threshold */

    double same_penalty;         /* two local speakers of a chunk on one speaker, */
    double same_overlap_penalty; /* and when they talk at once for more than */
    double same_overlap_s;       /* this long */
};

extern const struct dr_cluster_params dr_cluster_defaults;

#endif
