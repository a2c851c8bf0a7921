/* fuzz_options.c - any bytes as a command line and a config.toml.
 * SPDX-License-Identifier: MIT
 *
 * Arguments are lines; what follows an empty line is config.toml. */
#define _GNU_SOURCE
#include "../../cli/feed.h"
#include "../../cli/parse.h"

#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 64 };

static char folder[64], config_folder[80], config_path[96];
static int config;

static void remove_folder(void) {
    unlink(config_path);
    rmdir(config_folder);
    rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    snprintf(folder, sizeof folder, "/tmp/diarist-fuzz-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(config_folder, sizeof config_folder, "%s/diarist", folder);
    snprintf(config_path, sizeof config_path, "%s/config.toml", config_folder);
    FUZZ_CHECK(!mkdir(config_folder, 0700) && !atexit(remove_folder));
    /* A file in memory: this one is written for every input. */
    config = memfd_create("config.toml", 0);
    FUZZ_CHECK(config >= 0 && !symlink(fuzz_path(config), config_path));
    setenv("XDG_CONFIG_HOME", folder, 1);
    /* Drops the program's messages; libFuzzer and the sanitizers write elsewhere. */
    stderr = fopen("/dev/null", "w");
    return !stderr;
}

static void write_config(const char *text, size_t size) {
    FUZZ_CHECK(!ftruncate(config, 0) && pwrite(config, text, size, 0) == (ssize_t)size);
}

/* Every string that settings point to ends, every number lies in its row's range. */
static void check_settings(const struct cli_settings *settings) {
    for (size_t i = 0; i < cli_num_options; i++) {
        const char *field = (const char *)settings + cli_options[i].field;
        if (settings->origin[i] == CLI_FROM_DEFAULT)
            continue;
        if (cli_options[i].kind == CLI_STRING)
            FUZZ_CHECK(strlen(*(const char *const *)field) < SIZE_MAX);
        if (cli_options[i].kind == CLI_REAL)
            FUZZ_CHECK(*(const double *)field >= cli_options[i].min &&
                       *(const double *)field <= cli_options[i].max);
        if (cli_options[i].kind == CLI_INT)
            FUZZ_CHECK(*(const int32_t *)field >= cli_options[i].min &&
                       *(const int32_t *)field <= cli_options[i].max);
    }
    for (size_t i = 0; i < settings->num_operands; i++)
        FUZZ_CHECK(strlen(settings->operands[i]) < SIZE_MAX);
}

/* As main does; 0 or an exit code. */
static int parse(struct cli_settings *settings, int argc, char **argv) {
    enum cli_command command;
    bool named;
    int rc = cli_parse(settings, &command, &named, argc, argv);
    if (!rc)
        rc = cli_parse_environment(settings, command);
    if (!rc)
        rc = cli_parse_config(settings, command);
    if (rc)
        return rc;
    check_settings(settings);
    return cli_check_settings(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1), *argv[MAX_ARGUMENTS + 1] = {"diarist"};
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    char *arguments_end = memmem(text, size, "\n\n", 2);
    const char *rest_of_text = arguments_end ? arguments_end + 2 : text + size;
    write_config(rest_of_text, (size_t)(text + size - rest_of_text));
    if (arguments_end)
        *arguments_end = 0;
    int argc = 1;
    for (char *rest = text; rest && argc < MAX_ARGUMENTS;)
        argv[argc++] = strsep(&rest, "\n");
    struct cli_settings settings;
    cli_settings_init(&settings);
    int rc = parse(&settings, argc, argv);
    FUZZ_CHECK(rc == 0 || rc == CLI_EXIT_USAGE);
    cli_settings_free(&settings);
    free(text);
    return 0;
}
