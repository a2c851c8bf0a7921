/* model.h - a loaded model set: networks, tables and the kernels they run on.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_MODEL_H
#define DR_PIPELINE_MODEL_H

#include <pthread.h>

#include "base/arena.h"
#include "base/mapped_file.h"
#include "clustering/plda.h"
#include "embedding/campplus.h"
#include "embedding/resnet34.h"
#include "features/fbank.h"
#include "kernels/kernels.h"
#include "segmentation/pyannet.h"

/* Which pipeline the set is made for. */
enum dr_architecture {
    DR_DEFAULT_1,  /* CAM++, one pass over the recording */
    DR_COMMUNITY_1 /* pyannote.audio's community-1: ResNet34 on every chunk, PLDA, VBx */
};

/* The networks, their weights packed for one precision, each when first asked for. */
struct dr_networks {
    struct dr_pyannet *pyannet;
    struct dr_campplus *campplus; /* of DR_DEFAULT_1 */
    struct dr_resnet34 *resnet34; /* of DR_COMMUNITY_1 */
    struct dr_arena arenas[2];    /* own them: one each, as they are packed at the same time */
    const struct diarist_model *model;
    enum dr_precision precision;
    int has_packer;   /* a thread packs the embedding network, or has */
    pthread_t packer; /* since then */
    diarist_error packer_err;
};

struct diarist_model {
    char *path;                 /* NULL: the embedded set */
    struct dr_mapped_file file; /* empty for the embedded set */
    const void *bytes;
    size_t num_bytes;
    struct dr_weights *weights;
    struct dr_arena arena; /* owns the tables */
    enum dr_architecture architecture;
    size_t embedding_dim;
    struct dr_kernels kernels;
    struct dr_fbank *fbank;
    struct dr_plda plda;                            /* of DR_COMMUNITY_1 */
    struct dr_networks networks[DR_NUM_PRECISIONS]; /* changed under this lock: */
    pthread_mutex_t networks_lock;
    double cluster_threshold, verify_threshold; /* the second is NAN when the set has none */
    pthread_mutex_t hash_lock; /* the hash is made when somebody first asks for it */
    char sha256[65];
};

/* What the preset runs in: accurate in float; others in 16 bits where the processor gains by it. */
enum dr_precision dr_model_precision(const struct diarist_model *model, int32_t preset);

/* The networks in that precision, with the segmentation network packed; they live as long as the
 * model. embedding_beside: a thread of their own begins to pack the embedding network.
 * DIARIST_ERROR_MODEL, DIARIST_ERROR_MEMORY. */
int dr_model_segmentation(const struct dr_networks **out, const struct diarist_model *model,
                          enum dr_precision precision, int embedding_beside, diarist_error *err);

/* Returns when the embedding network is packed too. Errors as above. */
int dr_model_embedding(const struct diarist_model *model, enum dr_precision precision,
                       diarist_error *err);

/* Both: by two threads if num_threads allows it. */
int dr_model_networks(const struct dr_networks **out, const struct diarist_model *model,
                      enum dr_precision precision, int num_threads, diarist_error *err);

#endif
