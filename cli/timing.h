/* timing.h - how long the stages took, as a line on standard error.
 * SPDX-License-Identifier: MIT
 *
 * JSON carries the times itself; to any other format --timing adds this line. */
#ifndef CLI_TIMING_H
#define CLI_TIMING_H

#include "batch.h"

/* Whether the line is wanted: with --timing, when no JSON is written. */
bool cli_wants_timing_line(const struct cli_settings *settings, const struct cli_plan *plan);

/* "FILE: load 0.100, ..., other 0.010, total 1.500 s, 13 x realtime": the times of JSON's timing.
 */
void cli_print_timing(const char *path, const struct cli_product *product);

#endif
