/* cmd_bench.c - the benchmark protocol: which sub-command, and where its things are.
 * SPDX-License-Identifier: MIT */
#include "commands.h"

#include "bench.h"
#include "common/choice.h"
#include "report.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEMS "environments|systems-file|default-cpu-threads"
#define DATASETS "datasets-file|datasets-root"

static const struct {
    const char *name;
    cli_bench_fn *run;
    const char *options; /* of those that are the command bench's own */
} sub_commands[] = {
    {"datasets", cli_bench_datasets, DATASETS "|audio|rttm|uem|strict|format"},
    {"systems", cli_bench_systems, SYSTEMS "|format"},
    {"spec", cli_bench_spec, DATASETS "|" SYSTEMS},
    {"run", cli_bench_run, DATASETS "|" SYSTEMS "|run-dir|job-id|paced|retry-failed"},
    {"report", cli_bench_report, "format"},
    {"compare", cli_bench_compare, "format"},
    {"publish", cli_bench_publish, "to|include-internal-fields|base-url|job-id|api-key"},
    {"scan", cli_bench_scan, ""},
};
enum { NUM_SUB_COMMANDS = sizeof sub_commands / sizeof sub_commands[0] };

/* The file of the running program, for the system `diarist`; NULL when the kernel does not tell. */
static const char *own_path(char path[PATH_MAX]) {
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0)
        return NULL;
    path[n] = 0;
    return path;
}

void cli_bench_settings(diarist_bench_settings *bench, const struct cli_settings *settings) {
    static char program[PATH_MAX]; /* frames hold 4096 bytes */
    diarist_bench_settings_init(bench);
    bench->datasets_file = settings->datasets_file;
    if (settings->datasets_root)
        bench->datasets_root = settings->datasets_root;
    if (settings->environments)
        bench->environments = settings->environments;
    bench->program = own_path(program);
    bench->default_cpu_threads = settings->default_cpu_threads;
    bench->systems_file = settings->systems_file;
}

int cli_bench_print(char *text) {
    fputs(text, stdout);
    free(text);
    return cli_finish_stdout();
}

const char *cli_bench_text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int usage(const char *given) {
    char names[256] = "";
    for (int i = 0; i < NUM_SUB_COMMANDS; i++) {
        const char *before = i == 0 ? "" : i + 1 == NUM_SUB_COMMANDS ? " or " : ", ";
        strncat(names, before, sizeof names - strlen(names) - 1);
        strncat(names, sub_commands[i].name, sizeof names - strlen(names) - 1);
    }
    cli_error("bench", "takes %s%s%s; see diarist bench --help", names, *given ? ", not " : "",
              given);
    return CLI_EXIT_USAGE;
}

/* Every flag of bench's own is one of the sub-command's. */
static int check_options(const struct cli_settings *settings, const char *name,
                         const char *options) {
    const unsigned own = 1u << CLI_BENCH | 1u << CLI_SERVE; /* serve shares some */
    for (size_t i = 0; i < cli_num_options; i++) {
        const struct cli_option *option = &cli_options[i];
        if (option->commands && !(option->commands & ~own) &&
            settings->origin[i] == CLI_FROM_FLAG && common_choice(options, option->name) < 0) {
            cli_error("bench", "--%s: not an option of bench %s; see diarist bench --help",
                      option->name, name);
            return CLI_EXIT_USAGE;
        }
    }
    return 0;
}

int cli_run_bench(const struct cli_settings *settings) {
    const char *name = settings->num_operands ? settings->operands[0] : "";
    diarist_bench_settings bench;
    cli_bench_settings(&bench, settings);
    for (int i = 0; i < NUM_SUB_COMMANDS; i++)
        if (!strcmp(name, sub_commands[i].name)) {
            int rc = check_options(settings, name, sub_commands[i].options);
            return rc ? rc : sub_commands[i].run(settings, &bench);
        }
    return usage(name);
}
