/* spec.h - what is asked for, checked as a whole before anything runs.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_SPEC_H
#define BENCH_SPEC_H

#include <diarist/bench.h>

#include "dataset.h"

#include <jansson.h>

enum { BENCH_MAX_RUNS = 20 };

/* A new reference to the specification with every default filled in, as spec.json holds it, but
 * for job_id and created_at. DIARIST_ERROR_ARGUMENT names the field by its path. catalogue and
 * dataset: where the dataset was found, the former to be freed after use of the latter. */
int bench_spec_resolve(json_t **out, struct bench_catalogue **catalogue,
                       const struct bench_dataset **dataset, const diarist_bench_settings *settings,
                       const char *json, diarist_error *err);

#endif
