/* main.c - the program diarist.
 * SPDX-License-Identifier: MIT
 *
 * argv, environment, config.toml -> settings -> one command -> exit code */
#include "commands.h"
#include "feed.h"
#include "help.h"
#include "parse.h"
#include "report.h"

#include "server/server.h"

#include <fcntl.h>
#include <stdio.h>

static int print_text(const struct cli_settings *settings, enum cli_command command, bool named) {
    if (settings->completions && cli_print_completions(stdout, settings->completions)) {
        cli_error("--completions", "'%s' is none of bash|zsh|fish", settings->completions);
        return CLI_EXIT_USAGE;
    }
    if (settings->man)
        cli_print_man(stdout);
    else if (settings->help)
        cli_print_help(stdout, command, !named);
    return cli_finish_stdout();
}

static int run(struct cli_settings *settings, int argc, char **argv) {
    enum cli_command command;
    bool named;
    int rc = cli_parse(settings, &command, &named, argc, argv);
    if (rc)
        return rc;
    if (settings->help || settings->man || settings->completions)
        return print_text(settings, command, named);
    rc = cli_parse_environment(settings, command);
    if (!rc)
        rc = cli_parse_config(settings, command);
    if (!rc)
        rc = cli_check_settings(settings);
    if (rc)
        return rc;
    cli_report_setup(settings);
    return settings->version ? cli_run_version(settings) : cli_commands[command].run(settings);
}

/* Closed standard streams are opened so that using them fails: else the next file would take their
 * place, and results would go into it. */
static int occupy_streams(void) {
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            return -1;
    return 0;
}

int main(int argc, char **argv) {
    struct cli_settings settings;
    if (occupy_streams())
        return CLI_EXIT_LIMIT;
    int decoded = server_decoder_process(argc, argv);
    if (decoded >= 0)
        return decoded;
    cli_settings_init(&settings);
    cli_interrupt_setup();
    int rc = run(&settings, argc, argv);
    cli_settings_free(&settings);
    return rc;
}
