/* parse.c - argv into settings.
 * SPDX-License-Identifier: MIT
 *
 * Long options are matched whole, '-' and '_' alike; `--name value` and `--name=value`; short ones
 * as getopt does (-t4, -t 4, -qt4); `--` ends options. The first operand names the command. */
#include "parse.h"

#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ALL_COMMANDS ((1u << CLI_NUM_COMMANDS) - 1)

static size_t smallest(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein distance; names longer than the row are cut. */
static size_t distance(const char *a, const char *b, size_t b_length) {
    size_t row[48];
    size_t n = b_length < 47 ? b_length : 47;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j];
            char given = b[j - 1] == '_' ? '-' : b[j - 1];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, corner + (a[i - 1] != given));
            corner = above;
        }
    }
    return row[n];
}

static bool is_near(size_t edits, size_t length) {
    return edits <= (length < 6 ? 1 : length / 3);
}

static const char *nearest_option(const char *name, size_t n, unsigned mask) {
    const char *best = NULL;
    size_t best_distance = (size_t)-1;
    for (size_t i = 0; i < cli_num_options; i++) {
        if (!(cli_options[i].commands & mask) || !cli_options[i].group)
            continue;
        size_t d = distance(cli_options[i].name, name, n);
        if (d < best_distance) {
            best_distance = d;
            best = cli_options[i].name;
        }
    }
    return is_near(best_distance, n) ? best : NULL;
}

static const char *nearest_command(const char *name) {
    const char *best = NULL;
    size_t best_distance = (size_t)-1;
    for (int i = 0; i < CLI_NUM_COMMANDS; i++) {
        size_t d = distance(cli_commands[i].name, name, strlen(name));
        if (d < best_distance) {
            best_distance = d;
            best = cli_commands[i].name;
        }
    }
    return is_near(best_distance, strlen(name)) ? best : NULL;
}

static const struct cli_option *find_letter(char letter, unsigned mask) {
    for (size_t i = 0; i < cli_num_options; i++)
        if (cli_options[i].letter == letter && (cli_options[i].commands & mask))
            return &cli_options[i];
    return NULL;
}

static bool is_operand(const char *arg) {
    return arg[0] != '-' || !arg[1];
}

/* How many arguments the option at argv[i] takes up: 2 when its value stands apart. Options of the
 * same name take a value in every command or in none. */
static int option_width(const char *arg) {
    if (arg[1] == '-') {
        size_t n = strcspn(arg + 2, "=");
        const struct cli_option *option = cli_option_find(arg + 2, n, ALL_COMMANDS);
        return option && option->kind != CLI_FLAG && !arg[2 + n] ? 2 : 1;
    }
    for (const char *c = arg + 1; *c; c++) {
        const struct cli_option *option = find_letter(*c, ALL_COMMANDS);
        if (option && option->kind != CLI_FLAG)
            return c[1] ? 1 : 2;
    }
    return 1;
}

/* The index of the first operand, or argc. */
static int first_operand(int argc, char **argv) {
    for (int i = 1; i < argc; i += option_width(argv[i])) {
        if (!strcmp(argv[i], "--"))
            return argc;
        if (is_operand(argv[i]))
            return i;
    }
    return argc;
}

static int unknown_option(const char *arg, size_t n, enum cli_command command, bool named) {
    const char *of = named ? cli_commands[command].name : "";
    const char *space = named ? " " : "";
    bool is_long = arg[1] == '-';
    const char *near = is_long ? nearest_option(arg + 2, n - 2, 1u << command) : NULL;
    char shown[64];
    snprintf(shown, sizeof shown, "%.*s", (int)(n < 60 ? n : 60), arg);
    bool elsewhere = is_long && cli_option_find(arg + 2, n - 2, ALL_COMMANDS);
    const char *what = elsewhere ? "not an option of this command" : "unknown option";
    if (near)
        cli_error(shown, "%s; did you mean --%s?", what, near);
    else
        cli_error(shown, "%s; see diarist%s%s --help", what, space, of);
    return CLI_EXIT_USAGE;
}

struct parser {
    struct cli_settings *settings;
    enum cli_command command;
    bool named;
    int argc, at; /* argv[at] is next */
    char **argv;
};

static int set_option(struct parser *p, const struct cli_option *option, const char *shown,
                      const char *value) {
    char why[400];
    if (option->kind != CLI_FLAG && p->settings->origin[option - cli_options] == CLI_FROM_FLAG) {
        cli_error(shown, "given twice; give it once");
        return CLI_EXIT_USAGE;
    }
    if (cli_option_set(p->settings, option, value, CLI_FROM_FLAG, why, sizeof why)) {
        cli_error(shown, "%s", why);
        return CLI_EXIT_USAGE;
    }
    return 0;
}

static int missing_value(const struct cli_option *option, const char *shown) {
    cli_error(shown, "its value is missing; give %s",
              option->value ? option->value : option->choices);
    return CLI_EXIT_USAGE;
}

static int parse_long(struct parser *p, const char *arg) {
    size_t n = strcspn(arg + 2, "=");
    const struct cli_option *option = cli_option_find(arg + 2, n, 1u << p->command);
    if (!option)
        return unknown_option(arg, n + 2, p->command, p->named);
    char shown[64];
    snprintf(shown, sizeof shown, "--%s", option->name);
    const char *value = arg[2 + n] ? arg + 2 + n + 1 : NULL;
    if (option->kind == CLI_FLAG) {
        if (value) {
            cli_error(shown, "takes no value; leave out '=%s'", value);
            return CLI_EXIT_USAGE;
        }
        return set_option(p, option, shown, "");
    }
    if (!value && p->at < p->argc)
        value = p->argv[p->at++];
    return value ? set_option(p, option, shown, value) : missing_value(option, shown);
}

static int parse_short(struct parser *p, const char *arg) {
    for (const char *c = arg + 1; *c; c++) {
        const struct cli_option *option = find_letter(*c, 1u << p->command);
        const char shown[3] = {'-', *c, 0};
        if (!option)
            return unknown_option(shown, 2, p->command, p->named);
        if (option->kind == CLI_FLAG) {
            int rc = set_option(p, option, shown, "");
            if (rc)
                return rc;
            continue;
        }
        const char *value = c[1] ? c + 1 : p->at < p->argc ? p->argv[p->at++] : NULL;
        return value ? set_option(p, option, shown, value) : missing_value(option, shown);
    }
    return 0;
}

/* A bare word that names neither a command nor a file was meant as a command. */
static int check_operand_is_file(const char *word) {
    struct stat st;
    if (!strcmp(word, "-") || strpbrk(word, "./") || !lstat(word, &st))
        return 0;
    if (!*word) {
        cli_error(NULL, "an empty argument names no file; is a shell variable unset?");
        return CLI_EXIT_USAGE;
    }
    const char *near = nearest_command(word);
    if (near)
        cli_error(word, "unknown command, and no file of that name; did you mean %s?", near);
    else
        cli_error(word, "unknown command, and no file of that name; see diarist --help");
    return CLI_EXIT_USAGE;
}

static int parse_all(struct parser *p, int command_at) {
    bool options_ended = false;
    while (p->at < p->argc) {
        int at = p->at++;
        char *arg = p->argv[at];
        int rc = 0;
        if (at == command_at)
            continue;
        if (options_ended || is_operand(arg))
            p->settings->operands[p->settings->num_operands++] = arg;
        else if (!strcmp(arg, "--"))
            options_ended = true;
        else
            rc = arg[1] == '-' ? parse_long(p, arg) : parse_short(p, arg);
        if (rc)
            return rc;
    }
    return 0;
}

int cli_parse(struct cli_settings *settings, enum cli_command *command, bool *named, int argc,
              char **argv) {
    int at = first_operand(argc, argv);
    *command = CLI_DIARIZE;
    *named = false;
    for (int i = 0; at < argc && i < CLI_NUM_COMMANDS; i++) {
        if (!strcmp(argv[at], cli_commands[i].name)) {
            *command = (enum cli_command)i;
            *named = true;
        }
    }
    settings->operands = malloc(sizeof(char *) * ((size_t)argc + 1));
    if (!settings->operands)
        return cli_fail_memory();
    struct parser p = {.settings = settings,
                       .command = *command,
                       .named = *named,
                       .argc = at,
                       .at = 1,
                       .argv = argv};
    /* What precedes the word comes first: it may be the value of an unknown option. */
    int rc = parse_all(&p, -1);
    if (!rc && !*named && at < argc)
        rc = check_operand_is_file(argv[at]);
    p.argc = argc;
    return rc ? rc : parse_all(&p, *named ? at : -1);
}
