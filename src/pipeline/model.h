/* model.h - a loaded model set: networks, tables and the kernels they run on.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_MODEL_H
#define DR_PIPELINE_MODEL_H

#include <pthread.h>

#include "base/arena.h"
#include "base/mapped_file.h"
#include "embedding/campplus.h"
#include "features/fbank.h"
#include "kernels/kernels.h"
#include "segmentation/pyannet.h"

struct diarist_model {
    struct dr_mapped_file file; /* empty for the embedded set */
    const void *bytes;
    size_t num_bytes;
    struct dr_weights *weights;
    struct dr_arena arena; /* owns the networks */
    struct dr_kernels kernels;
    struct dr_fbank *fbank;
    struct dr_pyannet *pyannet;
    struct dr_campplus *campplus;
    double cluster_threshold, verify_threshold;
    pthread_mutex_t hash_lock; /* the hash is made when somebody first asks for it */
    char sha256[65];
};

#endif
