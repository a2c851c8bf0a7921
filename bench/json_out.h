/* json_out.h - documents as texts for whoever called.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_JSON_OUT_H
#define BENCH_JSON_OUT_H

#include "diarist/diarist.h"

#include <jansson.h>

/* The text of a document, with a line feed at its end, to be freed; takes the document, which may
 * be NULL: no memory. */
int bench_json_out(char **text, json_t *document, diarist_error *err);

/* text, or null; in what is not UTF-8 question marks stand for all but ASCII. NULL: no memory. */
json_t *bench_json_text(const char *text);

#endif
