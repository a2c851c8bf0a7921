/* job_options.h - what a client may ask of a diarization: fields -> JSON in the store -> options.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_JOB_OPTIONS_H
#define SERVER_JOB_OPTIONS_H

#include "diarist/io.h"
#include "fields.h"

#include <jansson.h>

/* Fields that are options, as an object (to be released); those that are neither options nor
 * the route's other parameters, wrong values and contradictions: NULL and the reason in err. */
json_t *server_job_options(const struct server_fields *fields, const char *route_parameters,
                           const diarist_options *defaults, diarist_error *err);

/* The same of what the store keeps; strings of audio live as long as `options`. */
int server_job_options_apply(const json_t *options, diarist_options *engine,
                             diarist_audio_options *audio, diarist_error *err);

/* The i-th option's name and what is known of it: JSON Schema with a description, to be released.
 * NULL: there are no more. */
const char *server_job_option_name(size_t i);
json_t *server_job_option_schema(size_t i);

#endif
