/* clock.c - what time it is.
 * SPDX-License-Identifier: MIT */
#include "clock.h"

#include <stdio.h>
#include <time.h>

static double read_clock(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double server_clock(void) {
    return read_clock(CLOCK_REALTIME);
}

double server_ticks(void) {
    return read_clock(CLOCK_MONOTONIC);
}

const char *server_time_text(char out[SERVER_TIME_SIZE], double time) {
    struct tm parts;
    time_t seconds = (time_t)time;
    int millis = (int)((time - (double)seconds) * 1000);
    gmtime_r(&seconds, &parts);
    size_t n = strftime(out, SERVER_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + n, SERVER_TIME_SIZE - n, ".%03dZ", millis);
    return out;
}
