/* bench.h - the sub-commands of `diarist bench`, each in its own file.
 * SPDX-License-Identifier: MIT
 *
 * settings.operands[0] is the sub-command's own name; what follows is its own. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "diarist/bench.h"
#include "options.h"

#include <jansson.h>

/* Where things are, as the settings say; strings are borrowed. Not from two threads. */
void cli_bench_settings(diarist_bench_settings *bench, const struct cli_settings *settings);
/* Prints a text of the library's and frees it; an exit code. */
int cli_bench_print(char *text);
/* The text under a key, "" where there is none. */
const char *cli_bench_text_of(const json_t *object, const char *key);

/* An exit code after errors were printed. */
typedef int cli_bench_fn(const struct cli_settings *settings, const diarist_bench_settings *bench);

cli_bench_fn cli_bench_compare;
cli_bench_fn cli_bench_datasets;
cli_bench_fn cli_bench_publish;
cli_bench_fn cli_bench_report;
cli_bench_fn cli_bench_run;
cli_bench_fn cli_bench_scan;
cli_bench_fn cli_bench_spec;
cli_bench_fn cli_bench_systems;

#endif
