/* completions.c - bash, zsh and fish completions, from the option table.
 * SPDX-License-Identifier: MIT */
#include "help.h"

#include <string.h>

static void put_choices(FILE *to, const char *choices) {
    for (; *choices; choices++)
        putc(*choices == '|' ? ' ' : *choices, to);
}

/* Text in single quotes; none of the table's texts may end them. */
static void put_quoted(FILE *to, const char *text) {
    putc('\'', to);
    for (; *text; text++)
        fputs(*text == '\'' ? "'\\''" : (const char[2]){*text, 0}, to);
    putc('\'', to);
}

static void put_bash_options(FILE *to, unsigned commands) {
    for (size_t i = 0; i < cli_num_options; i++)
        if (cli_option_is_shown(&cli_options[i], commands))
            fprintf(to, " --%s", cli_options[i].name);
}

static void put_bash_values(FILE *to, const struct cli_option *option) {
    fputs("    ", to);
    if (option->letter)
        fprintf(to, "-%c|", option->letter);
    fprintf(to, "--%s) ", option->name);
    if (option->kind == CLI_CHOICE) {
        fputs("COMPREPLY=($(compgen -W '", to);
        put_choices(to, option->choices);
        fputs("' -- \"$word\"))", to);
    } else if (cli_option_takes_file(option)) {
        fputs("compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$word\"))", to);
    } else {
        putc(':', to);
    }
    fputs("; return ;;\n", to);
}

static void put_bash(FILE *to) {
    const unsigned all = (1u << CLI_NUM_COMMANDS) - 1;
    fputs("# bash completion of diarist\n_diarist() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options\n"
          "    COMPREPLY=()\n    case $before in\n",
          to);
    for (size_t i = 0; i < cli_num_options; i++)
        if (cli_option_is_shown(&cli_options[i], all) && cli_options[i].kind != CLI_FLAG)
            put_bash_values(to, &cli_options[i]);
    fputs("    esac\n    case ${COMP_WORDS[1]} in\n", to);
    for (int i = 0; i < CLI_NUM_COMMANDS; i++) {
        fprintf(to, "    %s) options='", cli_commands[i].name);
        put_bash_options(to, 1u << i);
        fputs("' ;;\n", to);
    }
    fputs("    *) options='", to);
    put_bash_options(to, 1u << CLI_DIARIZE);
    fputs("' ;;\n    esac\n    compopt -o filenames 2>/dev/null\n"
          "    if [[ $word == -* ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
          "    elif [[ $COMP_CWORD == 1 ]]; then\n        COMPREPLY=($(compgen -W '",
          to);
    for (int i = 0; i < CLI_NUM_COMMANDS; i++)
        fprintf(to, "%s%s", i ? " " : "", cli_commands[i].name);
    fputs("' -- \"$word\") $(compgen -f -- \"$word\"))\n    else\n"
          "        COMPREPLY=($(compgen -f -- \"$word\"))\n    fi\n}\n"
          "complete -F _diarist diarist\n",
          to);
}

/* zsh reads ':' and brackets inside a specification: they are escaped. */
static void put_zsh_text(FILE *to, const char *text) {
    for (; *text; text++) {
        if (strchr(":[]\\", *text))
            putc('\\', to);
        if (*text == '\'')
            fputs("'\\'", to);
        putc(*text, to);
    }
}

static void put_zsh_option(FILE *to, const struct cli_option *option) {
    const char *value = cli_option_value(option);
    fputs("            ", to);
    if (option->letter)
        fprintf(to, "{-%c,--%s}'[", option->letter, option->name);
    else
        fprintf(to, "'--%s[", option->name);
    put_zsh_text(to, option->help);
    putc(']', to);
    if (value) {
        putc(':', to);
        put_zsh_text(to, option->value ? option->value : option->name);
        putc(':', to);
        if (option->kind == CLI_CHOICE) {
            putc('(', to);
            put_choices(to, option->choices);
            putc(')', to);
        } else if (cli_option_takes_file(option)) {
            fputs("_files", to);
        }
    }
    fputs("' \\\n", to);
}

static void put_zsh(FILE *to) {
    fputs("#compdef diarist\n# zsh completion of diarist\n_diarist() {\n"
          "    local -a commands=(\n",
          to);
    for (int i = 0; i < CLI_NUM_COMMANDS; i++)
        fprintf(to, "        '%s:%s'\n", cli_commands[i].name, cli_commands[i].summary);
    fputs("    )\n    (( CURRENT == 2 )) && _describe command commands\n    case $words[2] in\n",
          to);
    for (int pass = 1; pass <= CLI_NUM_COMMANDS; pass++) {
        int i = pass % CLI_NUM_COMMANDS; /* diarize last: it stands for every other word */
        fprintf(to, "        %s) _arguments \\\n", i == CLI_DIARIZE ? "*" : cli_commands[i].name);
        for (size_t o = 0; o < cli_num_options; o++)
            if (cli_option_is_shown(&cli_options[o], 1u << i))
                put_zsh_option(to, &cli_options[o]);
        fputs("            '*:file:_files' ;;\n", to);
    }
    fputs("    esac\n}\n_diarist \"$@\"\n", to);
}

/* What diarize takes is taken before any command is named, too. */
static void put_fish_condition(FILE *to, unsigned commands) {
    bool by_default = commands & (1u << CLI_DIARIZE);
    if (commands == (1u << CLI_NUM_COMMANDS) - 1)
        return;
    fprintf(to, " -n '%s__fish_seen_subcommand_from", by_default ? "not " : "");
    for (int i = 0; i < CLI_NUM_COMMANDS; i++)
        if (!(commands & (1u << i)) == by_default)
            fprintf(to, " %s", cli_commands[i].name);
    putc('\'', to);
}

static void put_fish_option(FILE *to, const struct cli_option *option) {
    fprintf(to, "complete -c diarist -l %s", option->name);
    if (option->letter)
        fprintf(to, " -s %c", option->letter);
    put_fish_condition(to, option->commands);
    if (option->kind == CLI_CHOICE) {
        fputs(" -x -a '", to);
        put_choices(to, option->choices);
        putc('\'', to);
    } else if (option->kind != CLI_FLAG) {
        fputs(cli_option_takes_file(option) ? " -r -F" : " -x", to);
    }
    fputs(" -d ", to);
    put_quoted(to, option->help);
    putc('\n', to);
}

static void put_fish(FILE *to) {
    fputs("# fish completion of diarist\n", to);
    for (int i = 0; i < CLI_NUM_COMMANDS; i++)
        fprintf(to, "complete -c diarist -n __fish_use_subcommand -a %s -d '%s'\n",
                cli_commands[i].name, cli_commands[i].summary);
    for (size_t i = 0; i < cli_num_options; i++)
        if (cli_options[i].commands && cli_options[i].group)
            put_fish_option(to, &cli_options[i]);
}

int cli_print_completions(FILE *to, const char *shell) {
    if (!strcmp(shell, "bash"))
        put_bash(to);
    else if (!strcmp(shell, "zsh"))
        put_zsh(to);
    else if (!strcmp(shell, "fish"))
        put_fish(to);
    else
        return -1;
    return 0;
}
