/* scratch.c - the memory that each worker has for itself, for one network or the features at a
 * time. SPDX-License-Identifier: MIT */
#include "pipeline/scratch.h"

#include "embedding/campplus.h"
#include "features/fbank.h"
#include "segmentation/pyannet.h"
#include "types.h"

enum {
    FEATURES = DR_CAMPPLUS_MAX_FRAMES * DR_MELS,
    COLUMNS = DR_CAMPPLUS_MAX_FRAMES / 2 * DR_COLUMN_DIM
};

size_t dr_scratch_floats(void) {
    const size_t needs[] = {dr_pyannet_scratch(DR_PYANNET_BATCH), dr_fbank_scratch(),
                            FEATURES + COLUMNS + dr_campplus_trunk_scratch()};
    size_t most = 0;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        most = needs[i] > most ? needs[i] : most;
    return most;
}

struct dr_trunk_scratch dr_scratch_for_trunk(float *scratch) {
    struct dr_trunk_scratch s = {scratch, scratch + FEATURES, scratch + FEATURES + COLUMNS};
    return s;
}
