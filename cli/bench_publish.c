/* bench_publish.c - reports where others can see them, without secrets.
 * SPDX-License-Identifier: MIT */
#include "bench.h"

#include "commands.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

/* data: how many there are. */
static void print_secret(void *data, const char *path, size_t line, const char *kind) {
    printf("%s:%zu: %s\n", path, line, kind);
    ++*(size_t *)data;
}

int cli_bench_scan(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    size_t num = 0;
    diarist_error err;
    (void)bench;
    if (settings->num_operands != 2) {
        cli_error("bench scan", "takes a folder; see diarist bench --help");
        return CLI_EXIT_USAGE;
    }
    const char *folder = settings->operands[1];
    int status = diarist_bench_scan(folder, print_secret, &num, &err);
    int flushed = cli_finish_stdout();
    if (status)
        return cli_fail(folder, &err);
    if (num) {
        cli_error(folder, "holds %zu possible secret%s; remove them before publishing", num,
                  num == 1 ? "" : "s");
        return CLI_EXIT_SOME_FAILED;
    }
    return flushed;
}

int cli_bench_publish(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    diarist_bench_publication publication;
    diarist_error err;
    size_t num = 0;
    char *report;
    (void)bench;
    if (settings->num_operands != 2 || !settings->publish_to) {
        cli_error("bench publish",
                  "takes a report or the folder of a run, and --to DIRECTORY; see diarist bench "
                  "--help");
        return CLI_EXIT_USAGE;
    }
    const char *path = settings->operands[1];
    if (diarist_bench_report_load(&report, path, &err))
        return cli_fail(path, &err);
    diarist_bench_publication_init(&publication);
    publication.to = settings->publish_to;
    publication.base_url = settings->base_url;
    publication.internal_fields = settings->internal_fields;
    publication.found = print_secret;
    publication.found_data = &num;
    int status = diarist_bench_publish(report, &publication, &err);
    free(report);
    int flushed = cli_finish_stdout();
    if (!status)
        return flushed;
    int rc = cli_fail(path, &err);
    return num ? CLI_EXIT_SOME_FAILED : rc;
}
