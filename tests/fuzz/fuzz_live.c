/* fuzz_live.c - any bytes as a text frame of a live stream: what it sets is in range.
 * SPDX-License-Identifier: MIT */
#include "server/live_message.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct server_settings settings = {0};
    struct server_live_params before;
    struct server_live_message message;
    char why[80] = "", raw[32];
    server_live_params_init(&before, &settings);
    int rc = server_live_message_read(&message, &before, (const char *)data, size, why, sizeof why);
    const struct server_live_params *params = &message.params;
    FUZZ_CHECK(!rc == !*why && strlen(why) < sizeof why);
    FUZZ_CHECK(params->rate_hz >= 4000 && params->rate_hz <= 192000);
    FUZZ_CHECK(params->engine.latency_s >= 0.5 && params->engine.latency_s <= 5);
    FUZZ_CHECK(params->engine.max_speakers >= 0 && params->engine.max_speakers <= 32);
    FUZZ_CHECK(params->stats_s >= 0 && params->stats_s <= 3600);
    FUZZ_CHECK(rc || (message.gap_s >= 0 && message.gap_s <= 3600));
    server_live_params_raw(params, raw);
    FUZZ_CHECK(strlen(raw) < sizeof raw);
    return 0;
}
