/* model.c - load a model set once, share it.
 * SPDX-License-Identifier: MIT
 *
 * file or embedded bytes -> checked tensors -> networks with packed weights */
#include "pipeline/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/threads.h"
#include "types.h"

static const struct {
    const char *name;
    size_t embedding_dim;
} architectures[] = {[DR_DEFAULT_1] = {"diarist/default-1", DR_EMBEDDING_DIM},
                     [DR_COMMUNITY_1] = {"diarist/community-1", DR_XVECTOR_DIM}};

#define NUM_ARCHITECTURES (sizeof architectures / sizeof *architectures)

static int find_bytes(struct diarist_model *model, const char *path, diarist_error *err) {
    if (path) {
        if (dr_mapped_file_open(&model->file, path))
            return dr_fail(err, DIARIST_ERROR_MODEL,
                           "%.120s: cannot read the model: %s; check the path", path,
                           strerror(errno));
        model->bytes = model->file.data;
        model->num_bytes = model->file.size;
        return DIARIST_OK;
    }
    model->bytes = dr_embedded_model(&model->num_bytes);
    if (!model->num_bytes)
        return dr_fail(err, DIARIST_ERROR_MODEL,
                       "no model was built in; give one with --model FILE");
    return DIARIST_OK;
}

static int read_threshold(double *out, const struct dr_weights *weights, const char *key,
                          diarist_error *err) {
    const char *text = dr_weights_metadata(weights, key);
    char *end = NULL;
    *out = text ? strtod(text, &end) : NAN;
    if (!text || end == text || *end || !(*out >= -1.0 && *out <= 1.0))
        return dr_fail(err, DIARIST_ERROR_MODEL, "metadata %s is not a number from -1 to 1", key);
    return DIARIST_OK;
}

static int find_architecture(struct diarist_model *model, diarist_error *err) {
    const char *name = dr_weights_metadata(model->weights, "architecture");
    for (size_t i = 0; name && i < NUM_ARCHITECTURES; i++)
        if (!strcmp(name, architectures[i].name)) {
            model->architecture = (enum dr_architecture)i;
            model->embedding_dim = architectures[i].embedding_dim;
            return DIARIST_OK;
        }
    return dr_fail(err, DIARIST_ERROR_MODEL,
                   "architecture is \"%.60s\", known are \"%s\" and \"%s\"; import the model again",
                   name ? name : "not given", architectures[DR_DEFAULT_1].name,
                   architectures[DR_COMMUNITY_1].name);
}

static int check_metadata(struct diarist_model *model, diarist_error *err) {
    int status = find_architecture(model, err);
    if (!status)
        status =
            read_threshold(&model->cluster_threshold, model->weights, "cluster_threshold", err);
    model->verify_threshold = NAN;
    if (!status && model->architecture == DR_DEFAULT_1)
        status = read_threshold(&model->verify_threshold, model->weights, "verify_threshold", err);
    return status;
}

static int load_plda(struct diarist_model *model, diarist_error *err) {
    const struct dr_weights *w = model->weights;
    err->status = DIARIST_OK;
    const struct dr_plda_arrays arrays = {
        .mean1 = dr_weights_get_f64(w, err, "plda.mean1", 1, DR_XVECTOR_DIM),
        .lda = dr_weights_get_f64(w, err, "plda.lda", 2, DR_XVECTOR_DIM, DR_PLDA_DIM),
        .mean2 = dr_weights_get_f64(w, err, "plda.mean2", 1, DR_PLDA_DIM),
        .mu = dr_weights_get_f64(w, err, "plda.mu", 1, DR_PLDA_DIM),
        .tr = dr_weights_get_f64(w, err, "plda.tr", 2, DR_PLDA_DIM, DR_PLDA_DIM),
        .psi = dr_weights_get_f64(w, err, "plda.psi", 1, DR_PLDA_DIM)};
    return err->status ? err->status : dr_plda_init(&model->plda, &arrays, &model->arena, err);
}

enum dr_precision dr_model_precision(const struct diarist_model *model, int32_t preset) {
    return preset != DIARIST_PRESET_ACCURATE && model->kernels.prefers_int16 ? DR_INT16
                                                                             : DR_FLOAT32;
}

/* Puts the file's name, or that it is the embedded one, before a message about its content. */
static int name_file(diarist_error *err, const struct diarist_model *model) {
    diarist_error inner = *err;
    return dr_fail(err, inner.status, "%s: %s", model->path ? model->path : "embedded model",
                   inner.message);
}

/* ---- networks ---- */

enum { SEGMENTATION, EMBEDDING };

/* Packed copies are what runs: the pages of the file go back to the system. */
static void pack_network(struct dr_networks *networks, int network, diarist_error *err) {
    const struct diarist_model *model = networks->model;
    struct dr_loader loader = {.weights = model->weights,
                               .arena = &networks->arenas[network],
                               .precision = networks->precision};
    if (network == SEGMENTATION)
        networks->pyannet = dr_pyannet_load(&loader, &model->kernels);
    else if (model->architecture == DR_COMMUNITY_1)
        networks->resnet34 = dr_resnet34_load(&loader, &model->kernels);
    else
        networks->campplus = dr_campplus_load(&loader, &model->kernels);
    free(loader.scratch);
    if (loader.err.status)
        dr_arena_free(&networks->arenas[network]);
    dr_mapped_file_forget(model->bytes, model->num_bytes);
    *err = loader.err;
}

static void *pack_embedding(void *networks) {
    struct dr_networks *of = networks;
    pack_network(of, EMBEDDING, &of->packer_err);
    return NULL;
}

static int has_embedding(const struct dr_networks *networks) {
    return networks->campplus || networks->resnet34;
}

static int start_packer(struct dr_networks *networks, diarist_error *err) {
    if (networks->has_packer || has_embedding(networks))
        return DIARIST_OK;
    if (pthread_create(&networks->packer, NULL, pack_embedding, networks))
        return dr_fail(err, DIARIST_ERROR_MEMORY, "cannot start a thread; try --threads 1");
    networks->has_packer = 1;
    return DIARIST_OK;
}

/* The error is left in packer_err. */
static void join_packer(struct dr_networks *networks) {
    if (networks->has_packer)
        pthread_join(networks->packer, NULL);
    networks->has_packer = 0;
}

static void free_networks(struct dr_networks *networks) {
    join_packer(networks);
    for (size_t i = 0; i < sizeof networks->arenas / sizeof *networks->arenas; i++)
        dr_arena_free(&networks->arenas[i]);
}

int dr_model_segmentation(const struct dr_networks **out, const struct diarist_model *model,
                          enum dr_precision precision, int embedding_beside, diarist_error *err) {
    struct diarist_model *owner = (struct diarist_model *)(uintptr_t)model;
    struct dr_networks *networks = &owner->networks[precision];
    int status = DIARIST_OK;
    *out = NULL;
    pthread_mutex_lock(&owner->networks_lock);
    if (embedding_beside)
        status = start_packer(networks, err);
    if (!status && !networks->pyannet) {
        pack_network(networks, SEGMENTATION, err);
        status = err->status ? name_file(err, model) : DIARIST_OK;
    }
    pthread_mutex_unlock(&owner->networks_lock);
    if (!status)
        *out = networks;
    return status;
}

int dr_model_embedding(const struct diarist_model *model, enum dr_precision precision,
                       diarist_error *err) {
    struct diarist_model *owner = (struct diarist_model *)(uintptr_t)model;
    struct dr_networks *networks = &owner->networks[precision];
    pthread_mutex_lock(&owner->networks_lock);
    if (networks->has_packer)
        join_packer(networks);
    else if (!has_embedding(networks))
        pack_network(networks, EMBEDDING, &networks->packer_err);
    int status = has_embedding(networks) ? DIARIST_OK : networks->packer_err.status;
    if (status) {
        *err = networks->packer_err;
        name_file(err, model);
    }
    pthread_mutex_unlock(&owner->networks_lock);
    return status;
}

int dr_model_networks(const struct dr_networks **out, const struct diarist_model *model,
                      enum dr_precision precision, int num_threads, diarist_error *err) {
    int status = dr_model_segmentation(out, model, precision, num_threads > 1, err);
    if (!status)
        status = dr_model_embedding(model, precision, err);
    if (status)
        *out = NULL;
    return status;
}

/* ---- the set ---- */

static int read_header(struct diarist_model *model, const char *path, diarist_error *err) {
    int status = find_bytes(model, path, err);
    if (status)
        return status;
    if (path && !(model->path = strdup(path)))
        return dr_fail_memory(err);
    status = dr_weights_parse(&model->weights, model->bytes, model->num_bytes, err);
    if (!status)
        status = check_metadata(model, err);
    if (!status && model->architecture == DR_COMMUNITY_1)
        status = load_plda(model, err);
    return status ? name_file(err, model) : DIARIST_OK;
}

static struct dr_fbank *new_fbank(struct diarist_model *model) {
    if (model->architecture == DR_COMMUNITY_1)
        return dr_fbank_new_wespeaker(&model->kernels, &model->arena);
    return dr_fbank_new(&model->kernels, &model->arena);
}

int diarist_model_open(diarist_model **out, const char *path, const diarist_options *options,
                       diarist_error *err) {
    diarist_error local;
    err = err ? err : &local;
    *out = NULL;
    struct diarist_model *model = calloc(1, sizeof *model);
    if (!model)
        return dr_fail_memory(err);
    pthread_mutex_init(&model->hash_lock, NULL);
    pthread_mutex_init(&model->networks_lock, NULL);
    for (size_t i = 0; i < DR_NUM_PRECISIONS; i++) {
        model->networks[i].model = model;
        model->networks[i].precision = (enum dr_precision)i;
    }
    dr_kernels_init(&model->kernels, dr_cpu_flags(options ? options->cpu_mask : DIARIST_CPU_ALL));
    int status = read_header(model, path, err);
    if (!status && !(model->fbank = new_fbank(model)))
        status = dr_fail_memory(err);
    if (status) {
        diarist_model_free(model);
        return status;
    }
    *out = model;
    return DIARIST_OK;
}

int diarist_model_load(diarist_model **out, const char *path, const diarist_options *options,
                       diarist_error *err) {
    const struct dr_networks *networks;
    diarist_error local;
    err = err ? err : &local;
    int status = diarist_model_open(out, path, options, err);
    if (status)
        return status;
    int32_t preset = options ? options->preset : DIARIST_PRESET_BALANCED;
    int num_threads =
        options && options->num_threads > 0 ? options->num_threads : dr_available_threads();
    status = dr_model_networks(&networks, *out, dr_model_precision(*out, preset), num_threads, err);
    if (status) {
        diarist_model_free(*out);
        *out = NULL;
    }
    return status;
}

void diarist_model_free(diarist_model *model) {
    if (!model)
        return;
    for (size_t i = 0; i < DR_NUM_PRECISIONS; i++)
        free_networks(&model->networks[i]);
    dr_weights_free(model->weights);
    free(model->path);
    dr_arena_free(&model->arena);
    dr_mapped_file_close(&model->file);
    pthread_mutex_destroy(&model->hash_lock);
    pthread_mutex_destroy(&model->networks_lock);
    free(model);
}

/* Made when first asked for: loading a model must not wait for it. */
static const char *hash_of(struct diarist_model *model) {
    pthread_mutex_lock(&model->hash_lock);
    if (!model->file.data) {
        memcpy(model->sha256, dr_embedded_model_sha256(), sizeof model->sha256);
    } else if (!model->sha256[0]) {
        struct dr_sha256 *hash = dr_sha256_new();
        if (hash) {
            dr_sha256_update(hash, model->bytes, model->num_bytes);
            dr_sha256_hex(hash, model->sha256);
        }
        dr_sha256_free(hash);
    }
    pthread_mutex_unlock(&model->hash_lock);
    return model->sha256;
}

static const char *metadata(const struct diarist_model *model, const char *key) {
    const char *text = dr_weights_metadata(model->weights, key);
    return text ? text : "";
}

void diarist_model_describe(const diarist_model *model, diarist_model_info *out) {
    out->name = metadata(model, "name");
    out->architecture = metadata(model, "architecture");
    out->license = metadata(model, "license");
    out->source = metadata(model, "source");
    out->sha256 = hash_of((struct diarist_model *)(uintptr_t)model);
    out->instruction_set = model->kernels.instruction_set;
    out->num_bytes = model->num_bytes;
    out->num_tensors = (uint32_t)dr_weights_num_tensors(model->weights);
    out->embedding_dim = (uint32_t)model->embedding_dim;
    out->cluster_threshold = model->cluster_threshold;
    out->verify_threshold = model->verify_threshold;
}
