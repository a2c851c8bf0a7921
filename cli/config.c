/* config.c - the environment and config.toml into settings.
 * SPDX-License-Identifier: MIT
 *
 * config.toml is a strict part of TOML: `key = value` lines, where a value is a whole number, a
 * decimal number, true, false, a "basic string" without escapes or a 'literal string'; blank lines
 * and # comments; a byte order mark may come first.
 * Keys are names of long options. What follows [serve] is for that command alone, and goes before
 * what stands above the first such line. */
#include "parse.h"

#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_CONFIG_BYTES = 64 * 1024 };

int cli_parse_environment(struct cli_settings *settings, enum cli_command command) {
    for (size_t i = 0; i < cli_num_options; i++) {
        const struct cli_option *option = &cli_options[i];
        const char *text = option->environment ? getenv(option->environment) : NULL;
        char why[400];
        bool concerns = !option->configures || (option->configures & (1u << command));
        if (!text || !*text || !concerns || settings->origin[i] >= CLI_FROM_ENVIRONMENT)
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

/* Whether there is none: also where its folder is closed to this user, as another one's home is,
 * which is told. */
static bool is_absent(const char *path, const struct cli_settings *settings) {
    struct stat there;
    if (!stat(path, &there))
        return false;
    int wrong = errno;
    if (wrong == EACCES && !settings->quiet && settings->log_level >= CLI_LOG_WARNING)
        cli_warning(path, "is not looked for: a folder above it may not be entered");
    return wrong == EACCES || wrong == ENOENT || wrong == ENOTDIR;
}

/* The file's text with a NUL behind it into config_text, which stays NULL when there is no such
 * file. */
static int read_config(struct cli_settings *settings, const char *path) {
    if (is_absent(path, settings))
        return 0;
    FILE *file = fopen(path, "rb");
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
    settings->config_text = buffer;
    return 0;
}

static char *skip_spaces(char *at) {
    return at + strspn(at, " \t\r");
}

/* Cuts the value at `at` out of its line. is_string: it stood in quotes. NULL when malformed. */
static char *take_value(char *at, bool *is_string) {
    char *end;
    const char quote = *at;
    *is_string = quote == '"' || quote == '\'';
    if (*is_string) {
        at++;
        end = at + strcspn(at, quote == '"' ? "\"\\" : "'");
        if (*end != quote)
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

/* What is being read. */
struct config {
    struct cli_settings *settings;
    enum cli_command command;
    unsigned sections; /* bit per command whose section has begun */
    int section;       /* the command that lines are for; -1: all */
    char *why;         /* [WHY_BYTES] what is wrong with the line */
};
enum { WHY_BYTES = 400 };

#define WRONG(config, ...) snprintf((config)->why, WHY_BYTES, __VA_ARGS__)

/* The row that a key sets for this command. *known: it sets something here for some command. */
static const struct cli_option *find_key(const struct config *config, const char *key,
                                         bool *known) {
    const struct cli_option *found = NULL;
    unsigned here = config->section < 0 ? ~0u : 1u << config->section;
    *known = false;
    for (size_t i = 0; i < cli_num_options; i++) {
        const struct cli_option *option = &cli_options[i];
        size_t k = 0;
        while (key[k] && option->name[k] == (key[k] == '_' ? '-' : key[k]))
            k++;
        if (key[k] || option->name[k] || !(option->configures & here))
            continue;
        *known = true;
        if (option->configures & here & (1u << config->command))
            found = option;
    }
    return found;
}

/* Not 0: the pair cannot be. It is set unless it is of no concern to the command. */
static int set_pair(struct config *config, const char *key, const char *value, bool is_string) {
    bool known;
    const struct cli_option *option = find_key(config, key, &known);
    if (!known)
        return WRONG(config,
                     "unknown key '%s'; diarist --man | man -l - says in FILES which there are",
                     key);
    if (!option)
        return 0;
    bool wants_string =
        option->kind == CLI_STRING || option->kind == CLI_CHOICE || option->kind == CLI_CUSTOM;
    if (wants_string != is_string)
        return WRONG(config, "%s takes a %s", key,
                     wants_string               ? "string; put it in quotes"
                     : option->kind == CLI_FLAG ? "truth value; write true or false"
                                                : "number; write it without quotes");
    if (option->kind == CLI_FLAG && strcmp(value, "true") && strcmp(value, "false"))
        return WRONG(config, "%s takes a truth value; write true or false", key);
    enum cli_origin here = config->section < 0 ? CLI_FROM_CONFIG : CLI_FROM_SECTION;
    enum cli_origin before = config->settings->origin[option - cli_options];
    if (before == here)
        return WRONG(config, "%s is set twice; remove one", key);
    return before > here
               ? 0
               : cli_option_set(config->settings, option, value, here, config->why, WHY_BYTES);
}

/* "[serve]" */
static int begin_section(struct config *config, char *line) {
    char *name = skip_spaces(line + 1), *end = name + strcspn(name, " \t\r]");
    char *close = skip_spaces(end), *rest = *close ? skip_spaces(close + 1) : close;
    if (*close != ']' || (*rest && *rest != '#'))
        return WRONG(config, "is not `[COMMAND]`; remove it or correct it");
    *end = 0;
    for (int i = 0; i < CLI_NUM_COMMANDS; i++) {
        if (strcmp(cli_commands[i].name, name))
            continue;
        if (config->sections & (1u << i))
            return WRONG(config, "[%s] is there twice; make one of them", name);
        config->sections |= 1u << i;
        config->section = i;
        return 0;
    }
    return WRONG(config, "[%s]: there is no such command; see diarist --help", name);
}

static int parse_line(struct config *config, char *line) {
    char *key = skip_spaces(line);
    if (!*key || *key == '#')
        return 0;
    if (*key == '[')
        return begin_section(config, key);
    char *end = key + strspn(key, "abcdefghijklmnopqrstuvwxyz-_");
    char *equals = skip_spaces(end);
    if (end == key || *equals != '=')
        return WRONG(config, "is not `key = value`; remove it or correct it");
    *end = 0;
    bool is_string;
    char *value = take_value(skip_spaces(equals + 1), &is_string);
    if (!value)
        return WRONG(
            config, "%s: the value is malformed; write a number, true, false or a \"string\"", key);
    return set_pair(config, key, value, is_string);
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
        rc = read_config(settings, path);
    char *line = settings->config_text, why[WHY_BYTES];
    if (line && !strncmp(line, "\xef\xbb\xbf", 3)) /* a byte order mark */
        line += 3;
    struct config config = {settings, command, .section = -1, .why = why};
    for (int number = 1; !rc && line; number++) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (parse_line(&config, line))
            rc = fail_line(path, number, why);
        line = next;
    }
    free(path);
    return rc;
}
