/* cmd_bench.c - the benchmark protocol: which sub-command, and where its things are.
 * SPDX-License-Identifier: MIT */
#include "commands.h"

#include "bench.h"
#include "report.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    cli_bench_fn *run;
} sub_commands[] = {
    {"datasets", cli_bench_datasets}, {"systems", cli_bench_systems},
    {"spec", cli_bench_spec},         {"run", cli_bench_run},
    {"report", cli_bench_report},     {"compare", cli_bench_compare},
    {"publish", cli_bench_publish},   {"scan", cli_bench_scan},
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

static void fill(diarist_bench_settings *bench, const struct cli_settings *settings,
                 const char *program) {
    diarist_bench_settings_init(bench);
    bench->datasets_file = settings->datasets_file;
    if (settings->datasets_root)
        bench->datasets_root = settings->datasets_root;
    if (settings->environments)
        bench->environments = settings->environments;
    bench->program = program;
    bench->default_cpu_threads = settings->default_cpu_threads;
    bench->systems_file = settings->systems_file;
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

int cli_run_bench(const struct cli_settings *settings) {
    const char *name = settings->num_operands ? settings->operands[0] : "";
    static char program[PATH_MAX]; /* frames hold 4096 bytes */
    diarist_bench_settings bench;
    fill(&bench, settings, own_path(program));
    for (int i = 0; i < NUM_SUB_COMMANDS; i++)
        if (!strcmp(name, sub_commands[i].name))
            return sub_commands[i].run(settings, &bench);
    return usage(name);
}
