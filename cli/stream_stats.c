/* stream_stats.c - how well a live stream kept up.
 * SPDX-License-Identifier: MIT */
#include "stream_stats.h"

#include "report.h"

void cli_stream_stats_add(struct cli_stream_stats *stats, const diarist_event *event) {
    if (event->type != DIARIST_TURN_FINAL)
        return;
    double delay = event->at > event->end ? event->at - event->end : 0;
    double bucket = delay / CLI_DELAY_S;
    stats->delays[bucket < CLI_DELAYS - 1 ? (size_t)bucket : CLI_DELAYS - 1]++;
    stats->num++;
    stats->sum_s += delay;
    stats->most_s = delay > stats->most_s ? delay : stats->most_s;
}

/* The middle of the bucket in which the share of all lies. */
static double quantile(const struct cli_stream_stats *stats, double share) {
    size_t rank = (size_t)(share * (double)stats->num), before = 0, i = 0;
    for (; i < CLI_DELAYS - 1 && before + stats->delays[i] <= rank; i++)
        before += stats->delays[i];
    return ((double)i + 0.5) * CLI_DELAY_S;
}

void cli_stream_stats_print(const struct cli_stream_stats *stats, double duration_s,
                            double work_s) {
    char clock[32];
    cli_summary("%s of audio in %.2f s of work, %.0f x realtime", cli_clock(clock, duration_s),
                work_s, work_s > 0 ? duration_s / work_s : 0.0);
    if (stats->num)
        cli_summary("from the end of a turn to its final event, %zu turns: mean %.2f s, median "
                    "%.2f, 95 %% within %.2f, most %.2f",
                    stats->num, stats->sum_s / (double)stats->num, quantile(stats, 0.5),
                    quantile(stats, 0.95), stats->most_s);
}
