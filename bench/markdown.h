/* markdown.h - tables of texts in Markdown.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_MARKDOWN_H
#define BENCH_MARKDOWN_H

#include "text.h"

#include <jansson.h>

/* Text as it reads: nothing in it is markup, and it stays on its line. */
void bench_markdown_text(struct bench_text *page, const char *text);

/* Tables of tables.h, each below a heading; columns of figures lie to the right, and all are
 * padded, so that the source can be read as well. */
void bench_markdown_tables(struct bench_text *page, const json_t *tables);

#endif
