/* help.c - --help, from the option table.
 * SPDX-License-Identifier: MIT */
#include "help.h"

#include "diarist/io.h"

#include <string.h>

enum { COLUMN = 34, WIDTH = 96 };

const struct cli_exit_meaning cli_exit_meanings[7] = {
    {CLI_EXIT_DONE, "done; that nobody speaks is a result"},
    {CLI_EXIT_SOME_FAILED, "some inputs failed and the others are written, or an output failed"},
    {CLI_EXIT_USAGE, "the command line, environment or config file is wrong"},
    {CLI_EXIT_INPUT, "the input cannot be read or is not what it should be"},
    {CLI_EXIT_MODEL, "the model is missing or broken"},
    {CLI_EXIT_LIMIT, "out of memory or over a limit"},
    {CLI_EXIT_INTERRUPTED, "interrupted"},
};

const char *cli_option_value(const struct cli_option *option) {
    return option->kind == CLI_CHOICE ? option->choices : option->value;
}

bool cli_option_is_shown(const struct cli_option *option, unsigned commands) {
    if (!(option->commands & commands) || !option->group)
        return false;
    for (const struct cli_option *other = cli_options; other < option; other++)
        if (!strcmp(other->name, option->name) && (other->commands & commands))
            return false;
    return true;
}

bool cli_option_takes_file(const struct cli_option *option) {
    const char *value = option->value;
    return value &&
           (strstr(value, "FILE") || !strcmp(value, "PATH") || !strcmp(value, "DIRECTORY"));
}

/* text from `column` on, wrapped at WIDTH. at: where the line stands now. */
static void put_wrapped(FILE *to, const char *text, int at, int column) {
    while (*text) {
        int n = (int)strcspn(text, " \n");
        if (at > column && at + 1 + n > WIDTH) {
            putc('\n', to);
            at = 0;
        }
        if (at < column)
            fprintf(to, "%*s", column - at, "");
        else if (at > column)
            putc(' ', to);
        at = (at < column ? column : at > column ? at + 1 : at) + n;
        fprintf(to, "%.*s", n, text);
        text += n;
        if (*text == '\n') {
            putc('\n', to);
            at = 0;
        }
        text += *text != 0;
    }
    putc('\n', to);
}

static void put_option(FILE *to, const struct cli_option *option) {
    char left[80];
    const char *value = cli_option_value(option);
    char letter[5] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name, value ? " " : "",
                     value ? value : "");
    fputs(left, to);
    if (n >= COLUMN) {
        putc('\n', to);
        n = 0;
    }
    char help[400];
    if (option->environment)
        snprintf(help, sizeof help, "%s [%s]", option->help, option->environment);
    put_wrapped(to, option->environment ? help : option->help, n, COLUMN);
}

/* All rows of these commands under their headings. */
static void put_options(FILE *to, unsigned commands) {
    const char *group = NULL;
    for (size_t i = 0; i < cli_num_options; i++) {
        const struct cli_option *option = &cli_options[i];
        if (!cli_option_is_shown(option, commands))
            continue;
        if (group != option->group)
            fprintf(to, "\n%s\n", option->group);
        group = option->group;
        put_option(to, option);
    }
}

static void put_formats(FILE *to, bool reads) {
    const diarist_format *format;
    fputs("\nFormats\n", to);
    for (size_t i = 0; (format = diarist_document_format(i)); i++) {
        const char *use = format->can_read && format->can_write ? ""
                          : format->can_read                    ? " (read only)"
                                                                : " (written only)";
        if (format->can_write || reads)
            fprintf(to, "  %-12s %s%s\n", format->name, format->description, reads ? use : "");
    }
}

/* What these commands take from the environment alone. */
static void put_environment(FILE *to, unsigned commands) {
    fputs("\nEnvironment (flags > environment > ~/.config/diarist/config.toml > defaults)\n", to);
    for (size_t i = 0; i < cli_num_options; i++) {
        const struct cli_option *option = &cli_options[i];
        if (!option->environment || option->commands ||
            (option->configures && !(option->configures & commands)))
            continue;
        int n = fprintf(to, "  %s", option->environment);
        put_wrapped(to, option->help, n, COLUMN);
    }
}

static void put_exit_codes(FILE *to) {
    fputs("\nExit codes\n", to);
    for (size_t i = 0; i < sizeof cli_exit_meanings / sizeof cli_exit_meanings[0]; i++)
        fprintf(to, "  %3d  %s\n", cli_exit_meanings[i].code, cli_exit_meanings[i].meaning);
}

static void put_program_head(FILE *to) {
    fputs("diarist - who spoke when\n\nUsage: diarist [OPTION]... FILE...\n"
          "       diarist COMMAND [OPTION]... [ARGUMENT]...\n\nCommands\n",
          to);
    for (int i = 0; i < CLI_NUM_COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", cli_commands[i].name, cli_commands[i].summary);
    fputs("\nExamples\n"
          "  diarist talk.mp3                      RTTM on standard output\n"
          "  diarist talk.mp4 -f json -o talk.json\n"
          "  diarist *.wav -f rttm,srt -o out/     two files for each recording\n"
          "  diarist --num-speakers 2 call.wav\n"
          "\nThe options below are those of diarize; diarist COMMAND --help tells the others.\n",
          to);
}

void cli_print_help(FILE *to, enum cli_command command, bool whole_program) {
    const struct cli_command_info *info = &cli_commands[command];
    bool has_formats = command == CLI_DIARIZE || command == CLI_IDENTIFY || command == CLI_VAD ||
                       command == CLI_CONVERT;
    if (whole_program) {
        put_program_head(to);
    } else {
        fprintf(to, "Usage: diarist %s [OPTION]... %s\n\n", info->name, info->operands);
        put_wrapped(to, info->details, 0, 0);
    }
    put_options(to, 1u << command);
    if (has_formats)
        put_formats(to, command == CLI_CONVERT);
    put_environment(to, 1u << command);
    put_exit_codes(to);
}
