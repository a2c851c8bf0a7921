/* confirm.h - which clusters are speakers of their own.
 * SPDX-License-Identifier: MIT
 *
 * VBx (vbx.h) on the windows of the clusters: a cluster whose windows the others explain as well,
 * or that has too few of them to tell, loses its weight. No trained model is behind it: windows are
 * set about their mean and divided by how much those of one speaker spread, which the recording
 * itself tells: pairs of windows of one local speaker that do not overlap. Speakers are taken to
 * differ as much as windows of one do. */
#ifndef DR_CLUSTERING_CONFIRM_H
#define DR_CLUSTERING_CONFIRM_H

#include "clustering/links.h"
#include "clustering/params.h"

/* confirmed [num_speakers]: 1 or 0; at least one is 1. speaker [windows->num]: the cluster of each
 * window, each of 0..num_speakers-1 having some, negative: none. links: of the same windows. Of
 * many windows some thousand take part, evenly spaced. arena is used for scratch only.
 * DIARIST_ERROR_MEMORY. */
int dr_confirm_speakers(uint8_t *confirmed, const struct dr_windows *windows,
                        const struct dr_links *links, const int32_t *speaker, size_t num_speakers,
                        const struct dr_confirm_params *params, struct dr_arena *arena,
                        diarist_error *err);

#endif
