/* option_values.h - values of options that are neither numbers nor words of a list.
 * SPDX-License-Identifier: MIT
 *
 * As cli_option.parse: 0 and *field when text is good, else -1. */
#ifndef CLI_OPTION_VALUES_H
#define CLI_OPTION_VALUES_H

/* int32_t: 0 for "mix", or a channel's number. */
int cli_parse_channel_number(void *field, const char *text);
/* The same, or CLI_CHANNELS_SPLIT for "split". */
int cli_parse_channels(void *field, const char *text);
/* int32_t, a diarist_preset: "balanced" or "accurate". */
int cli_parse_live_preset(void *field, const char *text);
/* int32_t[2]: "I/N". */
int cli_parse_shard(void *field, const char *text);
/* const char *: "s16le:16000:1"; the text itself is what the library takes. */
int cli_parse_raw(void *field, const char *text);
/* double, seconds above 0: "90s", "15m", "36h", "30d". */
int cli_parse_time(void *field, const char *text);

#endif
