/* live_params.c - what a live stream is opened with.
 * SPDX-License-Identifier: MIT */
#include "live_params.h"

#include "common/choice.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { WHOLE, REAL, CHOICE }; /* int32_t, double, index into the choices */
#define FIELD(name) offsetof(struct server_live_params, name)

static const struct param {
    const char *name;
    enum kind kind;
    size_t field;
    double min, max;
    const char *choices;
} table[] = {
    {"rate", WHOLE, FIELD(rate_hz), 4000, 192000, NULL},
    {"latency", REAL, FIELD(engine.latency_s), 0.5, 5, NULL},
    {"max_speakers", WHOLE, FIELD(engine.max_speakers), 1, 32, NULL},
    {"cluster_threshold", REAL, FIELD(engine.cluster_threshold), -1, 2, NULL},
    {"stats", REAL, FIELD(stats_s), 0, 3600, NULL},
    {"format", CHOICE, 0, 0, 0, "s16le|f32le"},
    {"preset", CHOICE, 0, 0, 0, "balanced|accurate"},
};

void server_live_params_init(struct server_live_params *params,
                             const struct server_settings *settings) {
    *params = (struct server_live_params){.rate_hz = DIARIST_SAMPLE_RATE, .stats_s = 10};
    diarist_stream_options_init(&params->engine);
    params->engine.cluster_threshold = settings->engine.cluster_threshold;
    /* fast is for recordings */
    if (settings->engine.preset == DIARIST_PRESET_ACCURATE)
        params->engine.preset = DIARIST_PRESET_ACCURATE;
}

static int set_choice(struct server_live_params *params, const struct param *param,
                      const char *value, char *why, size_t room) {
    int index = common_choice(param->choices, value);
    if (index < 0) {
        snprintf(why, room, "%s is one of %s", param->name, param->choices);
        return -1;
    }
    if (!strcmp(param->name, "format"))
        params->is_float = index == 1;
    else
        params->engine.preset = index ? DIARIST_PRESET_ACCURATE : DIARIST_PRESET_BALANCED;
    return 0;
}

static int set_number(struct server_live_params *params, const struct param *param,
                      const char *value, char *why, size_t room) {
    char *end;
    bool plain = *value && strspn(value, "+-0123456789.eE") == strlen(value);
    double number = plain ? strtod(value, &end) : 0;
    if (!plain || *end || !(number >= param->min && number <= param->max) ||
        (param->kind == WHOLE && number != floor(number))) {
        snprintf(why, room, "%s is %s from %g to %g", param->name,
                 param->kind == WHOLE ? "a whole number" : "a number", param->min, param->max);
        return -1;
    }
    char *field = (char *)params + param->field;
    if (param->kind == WHOLE)
        *(int32_t *)(void *)field = (int32_t)number;
    else
        *(double *)(void *)field = number;
    return 0;
}

int server_live_params_set(struct server_live_params *params, const char *name, const char *value,
                           char *why, size_t room) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name))
            return table[i].kind == CHOICE ? set_choice(params, &table[i], value, why, room)
                                           : set_number(params, &table[i], value, why, room);
    snprintf(why, room, "there is no parameter %.60s", name);
    return -1;
}

void server_live_params_raw(const struct server_live_params *params, char out[32]) {
    snprintf(out, 32, "%s:%d:1", params->is_float ? "f32le" : "s16le", params->rate_hz);
}
