/* option_values.c - values of options that are neither numbers nor words of a list.
 * SPDX-License-Identifier: MIT */
#include "option_values.h"

#include "diarist/diarist.h"
#include "numbers.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

int cli_parse_channel_number(void *field, const char *text) {
    if (!strcmp(text, "mix")) {
        *(int32_t *)field = 0;
        return 0;
    }
    return cli_parse_whole(text, 1, 1024, field);
}

int cli_parse_channels(void *field, const char *text) {
    if (!strcmp(text, "split")) {
        *(int32_t *)field = CLI_CHANNELS_SPLIT;
        return 0;
    }
    return cli_parse_channel_number(field, text);
}

int cli_parse_live_preset(void *field, const char *text) {
    const bool balanced = !strcmp(text, "balanced");
    if (!balanced && strcmp(text, "accurate"))
        return -1;
    *(int32_t *)field = balanced ? DIARIST_PRESET_BALANCED : DIARIST_PRESET_ACCURATE;
    return 0;
}

int cli_parse_shard(void *field, const char *text) {
    int32_t *shard = field;
    const char *slash = strchr(text, '/');
    char first[16];
    if (!slash || (size_t)(slash - text) >= sizeof first)
        return -1;
    memcpy(first, text, (size_t)(slash - text));
    first[slash - text] = 0;
    if (cli_parse_whole(slash + 1, 1, 999999999, &shard[1]))
        return -1;
    return cli_parse_whole(first, 1, shard[1], &shard[0]);
}

int cli_parse_raw(void *field, const char *text) {
    char rate[16], channels[16];
    int32_t value;
    int used = 0;
    if (strncmp(text, "s16le:", 6) && strncmp(text, "f32le:", 6))
        return -1;
    if (sscanf(text + 6, "%15[0-9]:%15[0-9]%n", rate, channels, &used) != 2 || text[6 + used])
        return -1;
    if (cli_parse_whole(rate, 1, 999999999, &value) || cli_parse_whole(channels, 1, 1024, &value))
        return -1;
    *(const char **)field = text;
    return 0;
}

int cli_parse_time(void *field, const char *text) {
    static const struct {
        char unit;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char digits[12];
    int32_t number;
    const size_t n = strlen(text);
    if (n < 2 || n > sizeof digits)
        return -1;
    memcpy(digits, text, n - 1);
    digits[n - 1] = 0;
    if (cli_parse_whole(digits, 1, 999999999, &number))
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text[n - 1] == units[i].unit) {
            *(double *)field = number * units[i].seconds;
            return 0;
        }
    return -1;
}
