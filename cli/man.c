/* man.c - the man page, from the option table.
 * SPDX-License-Identifier: MIT
 *
 * groff's man(7) macros. '-' is written \- so that options can be copied from the page. */
#include "help.h"

#include "diarist/io.h"

#include <string.h>

/* Roff text: '\' and '-' escaped; a line must not begin with '.' or '\''. */
static void put(FILE *to, const char *text) {
    bool line_start = true;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", to);
        line_start = *text == '\n';
        if (*text == '\\')
            fputs("\\e", to);
        else if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\n')
            fputs("\n.PP\n", to);
        else
            putc(*text, to);
    }
}

static void put_heading(FILE *to, const char *macro, const char *text) {
    fprintf(to, "%s \"", macro);
    put(to, text);
    fputs("\"\n", to);
}

static void put_command_names(FILE *to, unsigned commands) {
    const char *separator = " (";
    for (int i = 0; i < CLI_NUM_COMMANDS; i++) {
        if (!(commands & (1u << i)))
            continue;
        fprintf(to, "%s%s", separator, cli_commands[i].name);
        separator = ", ";
    }
    putc(')', to);
}

static void put_option(FILE *to, const struct cli_option *option) {
    const char *value = cli_option_value(option);
    fputs(".TP\n\\fB", to);
    if (option->letter)
        fprintf(to, "\\-%c\\fR, \\fB", option->letter);
    fputs("\\-\\-", to);
    put(to, option->name);
    fputs("\\fR", to);
    if (value) {
        fputs(" \\fI", to);
        put(to, value);
        fputs("\\fR", to);
    }
    putc('\n', to);
    put(to, option->help);
    if (option->commands != (1u << CLI_NUM_COMMANDS) - 1)
        put_command_names(to, option->commands);
    putc('\n', to);
}

static void put_commands(FILE *to) {
    put_heading(to, ".SH", "COMMANDS");
    for (int i = 0; i < CLI_NUM_COMMANDS; i++) {
        fputs(".TP\n\\fB", to);
        put(to, cli_commands[i].name);
        fputs("\\fR \\fI", to);
        put(to, cli_commands[i].operands);
        fputs("\\fR\n", to);
        for (const char *c = cli_commands[i].details; *c;) {
            size_t n = strcspn(c, "\n");
            char paragraph[512];
            snprintf(paragraph, sizeof paragraph, "%.*s", (int)n, c);
            put(to, paragraph);
            putc('\n', to);
            c += n + (c[n] == '\n');
        }
    }
}

static void put_options(FILE *to) {
    const char *group = NULL;
    put_heading(to, ".SH", "OPTIONS");
    fputs("Long options take \\- and _ between words alike, and their value after = or as the next "
          "argument.\n\\fB\\-\\-\\fR ends the options.\n",
          to);
    for (size_t i = 0; i < cli_num_options; i++) {
        const struct cli_option *option = &cli_options[i];
        if (!option->commands || !option->group)
            continue;
        if (group != option->group)
            put_heading(to, ".SS", option->group);
        group = option->group;
        put_option(to, option);
    }
}

static void put_formats(FILE *to) {
    const diarist_format *format;
    put_heading(to, ".SH", "FORMATS");
    for (size_t i = 0; (format = diarist_document_format(i)); i++) {
        fprintf(to, ".TP\n\\fB%s\\fR (%s)\n", format->name, format->extension);
        put(to, format->description);
        fprintf(to, " (%s)\n",
                format->can_read && format->can_write ? "read and written"
                : format->can_read                    ? "read only"
                                                      : "written only");
    }
}

static void put_environment(FILE *to) {
    put_heading(to, ".SH", "ENVIRONMENT");
    for (size_t i = 0; i < cli_num_options; i++) {
        if (!cli_options[i].environment)
            continue;
        fprintf(to, ".TP\n\\fB%s\\fR\n", cli_options[i].environment);
        put(to, cli_options[i].help);
        putc('\n', to);
    }
    fputs(".PP\nNO_COLOR, TERM=dumb: nothing is coloured ever; a dumb terminal gets no progress "
          "line.\n",
          to);
}

static void put_config(FILE *to) {
    put_heading(to, ".SH", "FILES");
    fputs(".TP\n\\fI$XDG_CONFIG_HOME/diarist/config.toml\\fR "
          "(default \\fI~/.config/diarist/config.toml\\fR)\n"
          "Lines of the form key = value. Flags go before the environment, the environment before "
          "this file. What follows a line like [serve] is for that command alone. Keys:",
          to);
    const char *separator = " ";
    for (size_t i = 0; i < cli_num_options; i++) {
        if (!cli_options[i].configures)
            continue;
        fputs(separator, to);
        put(to, cli_options[i].name);
        separator = ", ";
    }
    fputs(".\n", to);
}

void cli_print_man(FILE *to) {
    fprintf(to, ".TH DIARIST 1 \"\" \"diarist %s\" \"User Commands\"\n", diarist_version());
    put_heading(to, ".SH", "NAME");
    fputs("diarist \\- who spoke when\n", to);
    put_heading(to, ".SH", "SYNOPSIS");
    fputs(".B diarist\n[\\fIOPTION\\fR]... \\fIFILE\\fR...\n.br\n.B diarist\n"
          "\\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n",
          to);
    put_heading(to, ".SH", "DESCRIPTION");
    fputs("Says who spoke when in recordings of any kind, on an ordinary CPU. Standard output "
          "carries the result and nothing else; errors, warnings and progress go to standard "
          "error.\n",
          to);
    put_commands(to);
    put_options(to);
    put_formats(to);
    put_environment(to);
    put_config(to);
    put_heading(to, ".SH", "EXIT STATUS");
    for (size_t i = 0; i < sizeof cli_exit_meanings / sizeof cli_exit_meanings[0]; i++) {
        fprintf(to, ".TP\n%d\n", cli_exit_meanings[i].code);
        put(to, cli_exit_meanings[i].meaning);
        putc('\n', to);
    }
}
