/* stream_stats.h - how well a live stream kept up.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_STREAM_STATS_H
#define CLI_STREAM_STATS_H

#include "diarist/stream.h"

/* Seconds from the end of a turn to its final event, counted in buckets: memory is constant. */
enum { CLI_DELAYS = 400 };
#define CLI_DELAY_S 0.05

struct cli_stream_stats {
    size_t delays[CLI_DELAYS]; /* the last one: that or more */
    size_t num;
    double sum_s, most_s;
};

void cli_stream_stats_add(struct cli_stream_stats *stats, const diarist_event *event);

/* Prints a line on standard error. work_s: wall time that the library took. */
void cli_stream_stats_print(const struct cli_stream_stats *stats, double duration_s, double work_s);

#endif
