/* community.h - the set community-1: its originals in a folder -> the tensors of its model file.
 * SPDX-License-Identifier: MIT */
#ifndef DR_IMPORT_COMMUNITY_H
#define DR_IMPORT_COMMUNITY_H

#include "base/arena.h"
#include "base/mapped_file.h"
#include "import/model_tensors.h"
#include "import/original.h"

#define DR_COMMUNITY "community-1"
enum { DR_COMMUNITY_PARTS = 4, DR_COMMUNITY_METADATA = 16, DR_COMMUNITY_BESIDE = 4 };

/* One of the files that were found. */
struct dr_community_part {
    const diarist_original *original;
    const char *name; /* below the folder */
    const char *path;
    char sha256[65];
    struct dr_mapped_file file;
};

struct dr_community {
    struct dr_arena arena;
    struct dr_community_part parts[DR_COMMUNITY_PARTS];
    struct dr_mapped_file beside[DR_COMMUNITY_BESIDE]; /* external data of ONNX files */
    size_t num_beside;
    struct dr_model_tensors tensors;
    struct dr_metadata metadata[DR_COMMUNITY_METADATA];
    size_t num_metadata;
};

/* Finds the files in the folder, reads them, checks every tensor. DIARIST_ERROR_MODEL names what is
 * missing or wrong. A zeroed community; to be freed whatever comes back. */
int dr_community_load(struct dr_community *community, const char *folder, diarist_error *err);
void dr_community_free(struct dr_community *community);

#endif
