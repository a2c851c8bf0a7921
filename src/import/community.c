/* community.c - the set community-1: its originals in a folder -> the tensors of its model file.
 * SPDX-License-Identifier: MIT
 *
 * names of the manifest -> files -> hashes -> readers (told from the first bytes) -> tensors */
#include "import/community.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/sha256.h"
#include "import/checkpoint.h"
#include "import/networks.h"
#include "import/npy.h"
#include "import/refuse.h"

enum { SEGMENTATION, EMBEDDING, PLDA, TRANSFORM };

static const char *join(struct dr_arena *arena, const char *a, const char *between, const char *b) {
    const size_t size = strlen(a) + strlen(between) + strlen(b) + 1;
    char *text = dr_arena_alloc(arena, size, 1);
    if (text)
        snprintf(text, size, "%s%s%s", a, between, b);
    return text;
}

/* Puts the file's name before a message about its content. */
static int name_file(diarist_error *err, const char *name) {
    const diarist_error inner = *err;
    return dr_fail(err, inner.status, "%.80s: %s", name, inner.message);
}

/* ---- finding ----------------------------------------------------------------------------- */

/* The first of the original's names that is a file in the folder; part->name stays NULL when none
 * is. */
static int find_part(struct dr_community *community, struct dr_community_part *part,
                     const char *folder, diarist_error *err) {
    for (const char *const *name = part->original->names; *name; name++) {
        struct stat st;
        const char *path = join(&community->arena, folder, "/", *name);
        if (!path)
            return dr_fail_memory(err);
        if (stat(path, &st) || !S_ISREG(st.st_mode))
            continue;
        part->name = *name;
        part->path = path;
        return DIARIST_OK;
    }
    return DIARIST_OK;
}

static int find_parts(struct dr_community *community, const char *folder, diarist_error *err) {
    char missing[200] = "";
    struct stat info;
    int status = DIARIST_OK;
    if (stat(folder, &info))
        return dr_fail(err, DIARIST_ERROR_MODEL, "cannot be read: %s; check the path",
                       strerror(errno));
    for (size_t i = 0; i < DR_COMMUNITY_PARTS && !status; i++) {
        struct dr_community_part *part = &community->parts[i];
        part->original = dr_original(DR_COMMUNITY, i);
        status = find_part(community, part, folder, err);
        const size_t used = strlen(missing);
        if (!part->name)
            snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "",
                     part->original->path);
    }
    if (!status && *missing)
        return dr_fail(err, DIARIST_ERROR_MODEL,
                       "it lacks %s; get them with diarist models pull community-1 (other names: "
                       "diarist models --help)",
                       missing);
    return status;
}

static int open_part(struct dr_community_part *part, diarist_error *err) {
    if (dr_mapped_file_open(&part->file, part->path))
        return dr_fail(err, DIARIST_ERROR_MODEL, "cannot be read: %s; check its permissions",
                       strerror(errno));
    struct dr_sha256 *hash = dr_sha256_new();
    if (!hash)
        return dr_fail_memory(err);
    dr_sha256_update(hash, part->file.data, part->file.size);
    dr_sha256_hex(hash, part->sha256);
    dr_sha256_free(hash);
    return DIARIST_OK;
}

/* ---- reading ----------------------------------------------------------------------------- */

struct onnx_place {
    struct dr_community *community;
    const char *path; /* of the ONNX file */
};

/* A file of external data in the folder of the ONNX file. */
static int open_beside(void *user, const char *name, const unsigned char **bytes, size_t *size,
                       diarist_error *err) {
    const struct onnx_place *place = user;
    struct dr_community *community = place->community;
    const size_t folder = (size_t)(strrchr(place->path, '/') + 1 - place->path);
    char *path = dr_arena_alloc(&community->arena, folder + strlen(name) + 1, 1);
    if (!path)
        return dr_fail_memory(err);
    memcpy(path, place->path, folder);
    snprintf(path + folder, strlen(name) + 1, "%s", name);
    struct dr_mapped_file *file = &community->beside[community->num_beside];
    if (community->num_beside == DR_COMMUNITY_BESIDE)
        return dr_refuse(err, "save it as one file", "its weights lie in too many other files");
    if (dr_mapped_file_open(file, path))
        return dr_refuse(err, "put both files into one folder",
                         "its weights are in %.80s, which cannot be read: %s", name,
                         strerror(errno));
    community->num_beside++;
    *bytes = file->data;
    *size = file->size;
    return DIARIST_OK;
}

/* open_beside, for each name once. */
struct beside_cache {
    struct onnx_place place;
    const char *name;
    const unsigned char *bytes;
    size_t size;
};

static int find_beside(void *user, const char *name, const unsigned char **bytes, size_t *size,
                       diarist_error *err) {
    struct beside_cache *cache = user;
    int status = DIARIST_OK;
    if (!cache->name || strcmp(cache->name, name)) {
        status = open_beside(&cache->place, name, &cache->bytes, &cache->size, err);
        cache->name = status ? NULL : name;
    }
    *bytes = cache->bytes;
    *size = cache->size;
    return status;
}

typedef int from_checkpoint(struct dr_model_tensors *, const struct dr_arrays *, diarist_error *);
typedef int from_onnx(struct dr_model_tensors *, const struct dr_onnx *, diarist_error *);

/* A network from either kind of file. */
static int read_network(struct dr_community *community, const struct dr_community_part *part,
                        from_checkpoint *checkpoint, from_onnx *graph, diarist_error *err) {
    const struct dr_mapped_file *file = &part->file;
    if (file->size >= 2 && !memcmp(file->data, "\x80\x02", 2))
        return dr_refuse(err, "load it and save it again with torch.save",
                         "it is a checkpoint of a PyTorch before 1.6");
    if (file->size >= 2 && !memcmp(file->data, "PK", 2)) {
        struct dr_arrays arrays;
        int status = dr_checkpoint_read(&arrays, file->data, file->size, &community->arena, err);
        return status ? status : checkpoint(&community->tensors, &arrays, err);
    }
    struct beside_cache cache = {.place = {community, part->path}};
    struct dr_onnx onnx;
    int status =
        dr_onnx_read(&onnx, file->data, file->size, find_beside, &cache, &community->arena, err);
    return status ? status : graph(&community->tensors, &onnx, err);
}

static int read_arrays(struct dr_community *community, const struct dr_community_part *part,
                       from_checkpoint *take, diarist_error *err) {
    struct dr_arrays arrays;
    int status = dr_npz_read(&arrays, part->file.data, part->file.size, &community->arena, err);
    return status ? status : take(&community->tensors, &arrays, err);
}

static int read_part(struct dr_community *community, size_t i, diarist_error *err) {
    const struct dr_community_part *part = &community->parts[i];
    switch (i) {
    case SEGMENTATION:
        return read_network(community, part, dr_segmentation_from_checkpoint,
                            dr_segmentation_from_onnx, err);
    case EMBEDDING:
        return read_network(community, part, dr_resnet34_from_checkpoint, dr_resnet34_from_onnx,
                            err);
    case PLDA:
        return read_arrays(community, part, dr_plda_from_npz, err);
    default:
        return read_arrays(community, part, dr_xvec_transform_from_npz, err);
    }
}

/* ---- metadata ---------------------------------------------------------------------------- */

static void add_metadata(struct dr_community *community, const char *key, const char *value) {
    community->metadata[community->num_metadata++] = (struct dr_metadata){key, value};
}

/* One text of all parts, in which none comes twice. */
static const char *collect(struct dr_community *community, const char *between,
                           const char *(*text_of)(struct dr_community *, size_t)) {
    const char *all = "";
    for (size_t i = 0; i < DR_COMMUNITY_PARTS && all; i++) {
        const char *text = text_of(community, i);
        if (!text || !strstr(all, text))
            all = text ? join(&community->arena, all, *all ? between : "", text) : NULL;
    }
    return all;
}

static const char *license_of(struct dr_community *community, size_t i) {
    return community->parts[i].original->license;
}

static const char *source_of(struct dr_community *community, size_t i) {
    return community->parts[i].original->source;
}

static const char *attribution_of(struct dr_community *community, size_t i) {
    const diarist_original *original = community->parts[i].original;
    const char *text = join(&community->arena, original->attribution, " (", original->license);
    return text ? join(&community->arena, text, ")", "") : NULL;
}

static const char *hash_of(struct dr_community *community, size_t i) {
    const struct dr_community_part *part = &community->parts[i];
    return join(&community->arena, part->name, "=", part->sha256);
}

static int make_metadata(struct dr_community *community, diarist_error *err) {
    const struct dr_metadata *entry;
    for (size_t i = 0; (entry = dr_original_metadata(DR_COMMUNITY, i)); i++)
        add_metadata(community, entry->key, entry->value);
    add_metadata(community, "format", "diarist");
    add_metadata(community, "name", DR_COMMUNITY);
    add_metadata(community, "importer", "diarist " DIARIST_VERSION);
    add_metadata(community, "license", collect(community, " AND ", license_of));
    add_metadata(community, "attribution", collect(community, "; ", attribution_of));
    add_metadata(community, "source", collect(community, " ", source_of));
    add_metadata(community, "sha256", collect(community, " ", hash_of));
    for (size_t i = 0; i < community->num_metadata; i++)
        if (!community->metadata[i].value)
            return dr_fail_memory(err);
    return DIARIST_OK;
}

int dr_community_load(struct dr_community *community, const char *folder, diarist_error *err) {
    diarist_error local = {0};
    err = err ? err : &local;
    community->tensors.arena = &community->arena;
    int status = find_parts(community, folder, err);
    for (size_t i = 0; i < DR_COMMUNITY_PARTS && !status; i++) {
        status = open_part(&community->parts[i], err);
        if (!status)
            status = read_part(community, i, err);
        if (status)
            return name_file(err, community->parts[i].name);
    }
    return status ? status : make_metadata(community, err);
}

void dr_community_free(struct dr_community *community) {
    for (size_t i = 0; i < DR_COMMUNITY_PARTS; i++)
        dr_mapped_file_close(&community->parts[i].file);
    for (size_t i = 0; i < community->num_beside; i++)
        dr_mapped_file_close(&community->beside[i]);
    dr_arena_free(&community->arena);
}
