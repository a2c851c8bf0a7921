/* params.h - the constants of the reconstruction stage.
 * SPDX-License-Identifier: MIT */
#ifndef DR_RECONSTRUCT_PARAMS_H
#define DR_RECONSTRUCT_PARAMS_H

struct dr_reconstruct_params {
    float silence_bias; /* added to the log-probability of silence, */
    float overlap_bias; /* and of the classes with two speakers */

    double gap;            /* a window whose best speaker leads by this re-estimates its centroid */
    double single_weight;  /* of the embeddings on frames with one speaker, */
    double reach_s;        /* when a window centre is nearer than this */
    double overlap_weight; /* of the embeddings on frames with several; 0: none */

    float min_activity;        /* a speaker below this does not talk */
    double onset;              /* speech of anybody begins above this probability, */
    double offset;             /* and ends below this; onset < 0: it is where count is not 0 */
    double min_duration_on_s;  /* shorter turns are dropped, after */
    double min_duration_off_s; /* shorter pauses have been filled */
};

extern const struct dr_reconstruct_params dr_reconstruct_defaults;

#endif
