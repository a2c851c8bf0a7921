/* config.c - the environment and config.toml into settings.
 * SPDX-License-Identifier: MIT
 *
 * config.toml is a strict part of TOML: `key = value` lines, where a value is a whole number, a
 * decimal number, true, false, or a "basic string" without escapes; blank lines and # comments.
 * Keys are names of long options. */
#include "parse.h"

#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CONFIG_BYTES = 64 * 1024 };

int cli_parse_environment(struct cli_settings *settings) {
    for (size_t i = 0; i < cli_num_options; i++) {
        const struct cli_option *option = &cli_options[i];
        const char *text = option->environment ? getenv(option->environment) : NULL;
        char why[400];
        if (!text || !*text || settings->origin[i] >= CLI_FROM_ENVIRONMENT)
            continue;
        if (cli_option_set(settings, option, text, CLI_FROM_ENVIRONMENT, why, sizeof why)) {
            cli_error(option->environment, "%s", why);
            return CLI_EXIT_USAGE;
        }
    }
    return 0;
}

/* Where config.toml would be, to be freed; *path stays NULL when there is no home. */
static int config_path(char **path) {
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    bool has_base = base && *base;
    if (!has_base && !(home && *home))
        return 0;
    *path = has_base ? cli_text("%s/diarist/config.toml", base)
                     : cli_text("%s/.config/diarist/config.toml", home);
    return *path ? 0 : cli_fail_memory();
}

/* The file's text with a NUL behind it; *text stays NULL when there is no such file. */
static int read_config(const char *path, char **text) {
    FILE *file = fopen(path, "rb");
    if (!file && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    char *buffer = malloc(MAX_CONFIG_BYTES + 1);
    if (!buffer) {
        if (file)
            fclose(file);
        return cli_fail_memory();
    }
    size_t n = file ? fread(buffer, 1, MAX_CONFIG_BYTES + 1, file) : 0;
    const char *wrong = !file || ferror(file)  ? "cannot be read; check its permissions"
                        : n > MAX_CONFIG_BYTES ? "is larger than 64 KiB; is it a config file?"
                        : memchr(buffer, 0, n) ? "holds a NUL byte; is it a config file?"
                                               : NULL;
    if (file)
        fclose(file);
    if (wrong) {
        free(buffer);
        cli_error(path, "%s", wrong);
        return CLI_EXIT_USAGE;
    }
    buffer[n] = 0;
    *text = buffer;
    return 0;
}

static char *skip_spaces(char *at) {
    return at + strspn(at, " \t\r");
}

/* Cuts the value at `at` out of its line. is_string: it stood in quotes. NULL when malformed. */
static char *take_value(char *at, bool *is_string) {
    char *end;
    *is_string = *at == '"';
    if (*is_string) {
        at++;
        end = at + strcspn(at, "\"\\");
        if (*end != '"')
            return NULL;
    } else {
        end = at + strcspn(at, " \t\r#");
        if (end == at)
            return NULL;
    }
    char *rest = skip_spaces(end + *is_string);
    if (*rest && *rest != '#')
        return NULL;
    *end = 0;
    return at;
}

/* The row that a key sets for this command. *known: it sets something for some command. */
static const struct cli_option *find_key(const char *key, enum cli_command command, bool *known) {
    const struct cli_option *found = NULL;
    *known = false;
    for (size_t i = 0; i < cli_num_options; i++) {
        const struct cli_option *option = &cli_options[i];
        size_t k = 0;
        while (key[k] && option->name[k] == (key[k] == '_' ? '-' : key[k]))
            k++;
        if (key[k] || option->name[k] || !option->configures)
            continue;
        *known = true;
        if (option->configures & (1u << command))
            found = option;
    }
    return found;
}

/* Why the pair cannot be, in why; 0 when it was set or is of no concern to the command. */
static int set_pair(struct cli_settings *settings, enum cli_command command, const char *key,
                    const char *value, bool is_string, char *why, size_t size) {
    bool known;
    const struct cli_option *option = find_key(key, command, &known);
    if (!known)
        return snprintf(why, size,
                        "unknown key '%s'; those that may be set are in the manual, FILES", key);
    if (!option)
        return 0;
    bool wants_string = option->kind == CLI_STRING || option->kind == CLI_CHOICE;
    if (wants_string != is_string)
        return snprintf(why, size, "%s takes a %s", key,
                        wants_string               ? "string; put it in quotes"
                        : option->kind == CLI_FLAG ? "truth value; write true or false"
                                                   : "number; write it without quotes");
    if (option->kind == CLI_FLAG && strcmp(value, "true") && strcmp(value, "false"))
        return snprintf(why, size, "%s takes a truth value; write true or false", key);
    if (settings->origin[option - cli_options] == CLI_FROM_CONFIG)
        return snprintf(why, size, "%s is set twice; remove one", key);
    if (settings->origin[option - cli_options] > CLI_FROM_CONFIG ||
        (option->kind == CLI_FLAG && !strcmp(value, "false")))
        return 0;
    return cli_option_set(settings, option, value, CLI_FROM_CONFIG, why, size);
}

static int parse_line(struct cli_settings *settings, enum cli_command command, char *line,
                      char *why, size_t size) {
    char *key = skip_spaces(line);
    if (!*key || *key == '#')
        return 0;
    char *end = key + strspn(key, "abcdefghijklmnopqrstuvwxyz-_");
    char *equals = skip_spaces(end);
    if (end == key || *equals != '=')
        return snprintf(why, size, "is not `key = value`; remove it or correct it");
    *end = 0;
    bool is_string;
    char *value = take_value(skip_spaces(equals + 1), &is_string);
    if (!value)
        return snprintf(why, size,
                        "%s: the value is malformed; write a number, true, false or "
                        "a \"string\"",
                        key);
    return set_pair(settings, command, key, value, is_string, why, size);
}

static int fail_line(const char *path, int number, const char *why) {
    char *subject = cli_text("%s:%d", path, number);
    cli_error(subject, "%s", why);
    free(subject);
    return CLI_EXIT_USAGE;
}

int cli_parse_config(struct cli_settings *settings, enum cli_command command) {
    char *path = NULL;
    int rc = settings->no_config ? 0 : config_path(&path);
    if (!rc && path)
        rc = read_config(path, &settings->config_text);
    char *line = settings->config_text;
    for (int number = 1; !rc && line; number++) {
        char *next = strchr(line, '\n');
        char why[400];
        if (next)
            *next++ = 0;
        if (parse_line(settings, command, line, why, sizeof why))
            rc = fail_line(path, number, why);
        line = next;
    }
    free(path);
    return rc;
}
