/* speakers.h - from windows to speakers, as many as were asked for.
 * SPDX-License-Identifier: MIT
 *
 * Without bounds, or when the clusters kept at the threshold are within them, that is the result.
 * Otherwise the thresholds of search_low..search_high are tried in order of their distance from the
 * default, in steps of search_step (four of them beyond what one linkage of a long recording can
 * be cut at), and the first whose kept clusters are within the bounds is taken. When there is none,
 * the one with the nearest count is changed until it fits: two kept clusters with the most similar
 * centroids are merged; or the largest cluster that was not kept becomes a speaker, and when none
 * is left the largest speaker is split in two by its two least similar directions. More speakers
 * than windows cannot be had: the result is then as many as there are windows. */
#ifndef DR_CLUSTERING_SPEAKERS_H
#define DR_CLUSTERING_SPEAKERS_H

#include "clustering/links.h"
#include "clustering/params.h"

/* out: unit centroids, in order of the speakers' first windows (merges and splits keep or append);
 * no windows: no speakers. speaker, unless NULL, receives [windows->num] the speaker of each
 * window, -1 where its cluster was too small. Both live in arena. num_samples: of the recording.
 * DIARIST_ERROR_MEMORY. */
int dr_find_speakers(struct dr_centroids *out, int32_t **speaker, const struct dr_windows *windows,
                     const struct dr_links *links, size_t num_samples,
                     const struct dr_cluster_params *params, struct dr_arena *arena,
                     diarist_error *err);

#endif
