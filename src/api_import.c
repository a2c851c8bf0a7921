/* api_import.c - public entry points of model import: check arguments, then call.
 * SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/mapped_file.h"
#include "base/sha256.h"
#include "import/community.h"
#include "output/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const diarist_original *diarist_model_original(const char *set, size_t i) {
    return set ? dr_original(set, i) : NULL;
}

const char *diarist_model_mirror(const char *set, size_t i) {
    return set ? dr_original_mirror(set, i) : NULL;
}

static void put(void *user, const void *bytes, size_t size) {
    dr_sink_put(user, bytes, size);
}

static int write_model(const struct dr_community *community, const char *output,
                       diarist_error *err) {
    struct dr_sink sink;
    int status = dr_sink_open(&sink, output, err);
    if (status)
        return status;
    status = dr_model_tensors_write(&community->tensors, community->metadata,
                                    community->num_metadata, put, &sink, err);
    return dr_sink_end(&sink, status, err);
}

int diarist_model_import(const char *set, const char *folder, const char *output,
                         diarist_import_fn *used, void *data, diarist_error *err) {
    if (!set || !folder || !output)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "set, folder and output must be given");
    if (strcmp(set, DR_COMMUNITY))
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "there is no such set to import: %.40s; there is " DR_COMMUNITY, set);
    struct dr_community *community = calloc(1, sizeof *community);
    if (!community)
        return dr_fail_memory(err);
    int status = dr_community_load(community, folder, err);
    for (size_t i = 0; i < DR_COMMUNITY_PARTS && !status && used; i++) {
        const struct dr_community_part *part = &community->parts[i];
        used(data, part->original, part->path, part->sha256);
    }
    if (!status)
        status = write_model(community, output, err);
    dr_community_free(community);
    free(community);
    return status;
}

int diarist_file_sha256(const char *path, char hex[65], diarist_error *err) {
    struct dr_mapped_file file;
    if (!path || !hex)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "path and hex must be given");
    if (dr_mapped_file_open(&file, path))
        return dr_fail(err, DIARIST_ERROR_INPUT, "%.120s: cannot be read: %s; check the path", path,
                       strerror(errno));
    struct dr_sha256 *hash = dr_sha256_new();
    if (hash) {
        dr_sha256_update(hash, file.data, file.size);
        dr_sha256_hex(hash, hex);
    }
    dr_sha256_free(hash);
    dr_mapped_file_close(&file);
    return hash ? DIARIST_OK : dr_fail_memory(err);
}
