/* speakers.h - who there has been so far, as a live stream knows them.
 * SPDX-License-Identifier: MIT
 *
 * windows every 0.6 s -> the last ones one by one, older ones as groups of their speaker
 *   -> average linkage with cannot-links, anew with every window -> clusters -> speakers
 * Speakers have places, by which they are known here, and a number each. A cluster is the speaker
 * that most of its windows were; one without such windows is a new speaker. A speaker whose windows
 * have come to lie in another's cluster was that one all along: it is merged. */
#ifndef DR_LIVE_SPEAKERS_H
#define DR_LIVE_SPEAKERS_H

#include "clustering/links.h"
#include "live/params.h"
#include "types.h"

enum {
    DR_LIVE_MAX_GROUPS = DR_LIVE_MAX_SPEAKERS * DR_LIVE_GROUPS,
    DR_LIVE_BAND = 17, /* windows of 0.6 s in a chunk, less one */
    DR_LIVE_NOBODY = -1
};

/* Windows of one speaker that are no longer kept one by one. */
struct dr_live_group {
    double sum[DR_EMBEDDING_DIM]; /* of unit embeddings */
    size_t num;
    int32_t speaker;
};

struct dr_live_speaker {
    int exists;
    int32_t number; /* that the world knows it by; never given twice */
    int is_heard;   /* a cluster is this speaker: centroid is set */
    int is_first;   /* was made before any voice could be told, and is the first that can be */
    float centroid[DR_EMBEDDING_DIM];
};

struct dr_live_speakers {
    struct dr_cluster_params params;
    size_t max_speakers;
    double merge_share, same_bonus, other_penalty;

    size_t num_windows, num_new; /* num_new: since they were last clustered */
    double centre_s[DR_LIVE_WINDOWS];
    struct dr_embedding window[DR_LIVE_WINDOWS];
    int32_t speaker_of[DR_LIVE_WINDOWS];
    struct dr_links links;
    size_t num_all; /* windows so far, the grouped ones counted */

    size_t num_groups;
    struct dr_live_group group[DR_LIVE_MAX_GROUPS];

    size_t num_known; /* voices that were given: speakers 0 to num_known - 1 */
    float *known;     /* [num_known][192] */
    double known_threshold;

    int32_t next_number;
    struct dr_live_speaker speaker[DR_LIVE_MAX_SPEAKERS]; /* places; known ones first */
};

/* Called when a speaker, by its number, turns out to be another. */
typedef void dr_live_merge_fn(void *context, int32_t speaker, int32_t into);

/* Bytes that they take of an arena. */
size_t dr_live_speakers_bytes(size_t num_known);

/* Memory lives in arena. DIARIST_ERROR_MEMORY. */
int dr_live_speakers_open(struct dr_live_speakers *s, const struct dr_live_params *params,
                          size_t max_speakers, const float *known, size_t num_known,
                          struct dr_arena *arena, diarist_error *err);

/* Bytes of the arena that dr_live_speakers_cluster takes for scratch at most. */
size_t dr_live_speakers_scratch(void);

void dr_live_speakers_add(struct dr_live_speakers *s, const struct dr_embedding *window,
                          double centre_s);

/* What the chunk that starts at start_s, active [589], says of who is not whom. */
int dr_live_speakers_link(struct dr_live_speakers *s, const uint8_t *active, double start_s,
                          struct dr_arena *arena, diarist_error *err);

/* Clusters if there are new windows. num_samples: of the stream so far. */
int dr_live_speakers_cluster(struct dr_live_speakers *s, size_t num_samples,
                             dr_live_merge_fn *merged, void *context, struct dr_arena *arena,
                             diarist_error *err);

/* Who can be told now: number [DR_LIVE_MAX_SPEAKERS], centroid [][192]. Returns how many. */
size_t dr_live_speakers_heard(const struct dr_live_speakers *s, int32_t *number, float *centroid);

/* The number of somebody who talks while no voice can be told: of the speaker that was made for
 * that, or of a new one. Not all places may be of known voices. */
int32_t dr_live_speakers_anybody(struct dr_live_speakers *s);

/* embedding [192] of the speaker of that number: its cluster's, that which is known, or zeros. -1
 * when there is none. */
int dr_live_speakers_voice(float *embedding, const struct dr_live_speakers *s, size_t number);

#endif
