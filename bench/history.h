/* history.h - one line for each system of each published job (history.csv).
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_HISTORY_H
#define BENCH_HISTORY_H

#include "text.h"

#include "diarist/diarist.h"

#include <jansson.h>

/* The history before (NULL or "": none yet) with the lines of a report: at the end, or in the place
 * of those that its job has already. `path` is for messages. DIARIST_ERROR_INPUT: before is no
 * such history. */
int bench_history_add(struct bench_text *out, const char *before, const json_t *report,
                      const char *path, diarist_error *err);

#endif
