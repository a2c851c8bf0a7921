/* settings.c - what the user chose, option by option.
 * SPDX-License-Identifier: MIT */
#include "options.h"

#include "common/choice.h"
#include "diarist/profile.h"
#include "numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_settings_init(struct cli_settings *settings) {
    *settings = (struct cli_settings){.exclude_overlap = 1,
                                      .onset = -1,
                                      .offset = -1,
                                      .margin = DIARIST_MATCH_MARGIN,
                                      .jobs = 1,
                                      .model = "default",
                                      .listen = "127.0.0.1:8080",
                                      .api_key_header = "X-API-Key",
                                      .max_upload_mb = 2048,
                                      .max_audio_s = 86400,
                                      .max_queue = 1000,
                                      .model_retry_s = 60,
                                      .idle_s = 30,
                                      .min_rate = 100,
                                      .drain_s = 30,
                                      .max_streams = 40,
                                      .resume_s = 30,
                                      .log_level = CLI_LOG_WARNING,
                                      .cpu = CLI_CPU_BEST};
}

void cli_settings_free(struct cli_settings *settings) {
    free(settings->operands);
    free(settings->config_text);
    *settings = (struct cli_settings){0};
}

static int same_name(const char *name, const char *given, size_t n) {
    if (strlen(name) != n)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (name[i] != (given[i] == '_' ? '-' : given[i]))
            return 0;
    return 1;
}

const struct cli_option *cli_option_find(const char *name, size_t n, unsigned mask) {
    for (size_t i = 0; i < cli_num_options; i++)
        if ((cli_options[i].commands & mask) && same_name(cli_options[i].name, name, n))
            return &cli_options[i];
    return NULL;
}

/* 0, or -1 where it is none of them. */
static int parse_choice(const char *choices, const char *text, int32_t *out) {
    int index = common_choice(choices, text);
    if (index < 0)
        return -1;
    *out = index;
    return 0;
}

/* "" is true: a flag on the command line has no value. */
static int parse_flag(const char *text, bool *out) {
    *out = !*text || !strcmp(text, "true") || !strcmp(text, "1");
    return *out || !strcmp(text, "false") || !strcmp(text, "0") ? 0 : -1;
}

static void say_expected(const struct cli_option *option, const char *text, char *why,
                         size_t size) {
    switch (option->kind) {
    case CLI_FLAG:
        snprintf(why, size, "'%s' is neither true nor false", text);
        break;
    case CLI_INT:
        snprintf(why, size, "'%s' is not a whole number from %.0f to %.0f", text, option->min,
                 option->max);
        break;
    case CLI_REAL:
        snprintf(why, size, "'%s' is not a number from %.10g to %.10g", text, option->min,
                 option->max);
        break;
    case CLI_CHOICE:
        snprintf(why, size, "'%s' is none of %s", text, option->choices);
        break;
    default:
        snprintf(why, size, "'%s' is not %s", text,
                 option->expected ? option->expected : "a value; give one");
    }
}

int cli_option_set(struct cli_settings *settings, const struct cli_option *option, const char *text,
                   enum cli_origin origin, char *why, size_t why_size) {
    void *field = (char *)settings + option->field;
    int rc = 0;
    switch (option->kind) {
    case CLI_FLAG:
        rc = parse_flag(text, field);
        break;
    case CLI_INT:
        rc = cli_parse_whole(text, option->min, option->max, field);
        break;
    case CLI_REAL:
        rc = cli_parse_real(text, option->min, option->max, field);
        break;
    case CLI_CHOICE:
        rc = parse_choice(option->choices, text, field);
        break;
    case CLI_STRING:
        rc = *text ? 0 : -1;
        *(const char **)field = text;
        break;
    case CLI_CUSTOM:
        rc = option->parse(field, text);
        break;
    }
    if (rc)
        say_expected(option, text, why, why_size);
    settings->origin[option - cli_options] = origin;
    return rc;
}

enum cli_origin cli_option_origin(const struct cli_settings *settings, size_t field) {
    enum cli_origin origin = CLI_FROM_DEFAULT;
    for (size_t i = 0; i < cli_num_options; i++)
        if (cli_options[i].field == field && settings->origin[i] > origin)
            origin = settings->origin[i];
    return origin;
}
