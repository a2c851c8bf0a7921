/* stream_view.h - what is shown of a live stream: lines, or lanes on a terminal.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_STREAM_VIEW_H
#define CLI_STREAM_VIEW_H

#include <stdbool.h>

#include "common/stream_events.h"

/* Lines of JSON, or RTTM: final turns, and a comment
 * where two speakers turn out to be one. */
void cli_stream_print_json(const diarist_event *event, const diarist_profiles *known);
void cli_stream_print_done(const struct common_stream_end *end);
void cli_stream_print_rttm(const diarist_event *event, const diarist_profiles *known);

/* Lanes: the last minute of each speaker, redrawn in place. */
struct cli_lanes;
struct cli_lanes *cli_lanes_new(const diarist_profiles *known); /* NULL: no memory */
void cli_lanes_event(struct cli_lanes *lanes, const diarist_event *event);
/* The last moment that was heard; draws if that was not done just now. */
void cli_lanes_time(struct cli_lanes *lanes, double heard_s);
void cli_lanes_end(struct cli_lanes *lanes, const struct common_stream_end *end);
void cli_lanes_free(struct cli_lanes *lanes);

#endif
