/* clock.h - what time it is.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_CLOCK_H
#define SERVER_CLOCK_H

enum { SERVER_TIME_SIZE = 32 };

/* Seconds since 1970. */
double server_clock(void);
/* Seconds of a clock that only goes forward. */
double server_ticks(void);
/* "2026-01-02T03:04:05.678Z" */
const char *server_time_text(char out[SERVER_TIME_SIZE], double time);

#endif
