/* bench_report.c - reports of runs, and what lies between two of them.
 * SPDX-License-Identifier: MIT */
#include "bench.h"

#include "commands.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

/* The name of --format as the library takes it; text is Markdown, which reads as text. */
static const char *format_of(const struct cli_settings *settings) {
    static const char *const names[] = {[CLI_TEXT] = "markdown",
                                        [CLI_JSON] = "json",
                                        [CLI_MARKDOWN] = "markdown",
                                        [CLI_HTML] = "html"};
    return names[settings->report_format];
}

int cli_bench_report(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    char *report, *text;
    diarist_error err;
    (void)bench;
    if (settings->num_operands != 2) {
        cli_error("bench report", "takes the folder of a run; see diarist bench --help");
        return CLI_EXIT_USAGE;
    }
    const char *run_dir = settings->operands[1];
    if (!CLI_GIVEN(settings, report_format))
        return diarist_bench_report_write(run_dir, &err) ? cli_fail(run_dir, &err) : 0;
    if (diarist_bench_report(&report, run_dir, &err))
        return cli_fail(run_dir, &err);
    int status = diarist_bench_report_format(&text, report, format_of(settings), &err);
    free(report);
    return status ? cli_fail(run_dir, &err) : cli_bench_print(text);
}

/* A report from its file, or made of the folder of a run. */
static int load_report(char **report, const char *path) {
    diarist_error err;
    int status = diarist_bench_report_load(report, path, &err);
    return status ? cli_fail(path, &err) : 0;
}

int cli_bench_compare(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    size_t num = settings->num_operands - 1;
    char **reports = calloc(num + 1, sizeof *reports), *text = NULL;
    diarist_error err;
    int rc = reports ? 0 : cli_fail_memory();
    (void)bench;
    if (!rc && num < 2) {
        cli_error("bench compare", "takes two reports or more; see diarist bench --help");
        rc = CLI_EXIT_USAGE;
    }
    for (size_t i = 0; i < num && !rc; i++)
        rc = load_report(&reports[i], settings->operands[i + 1]);
    if (!rc &&
        diarist_bench_compare(&text, (const char *const *)reports, num, format_of(settings), &err))
        rc = cli_fail("bench compare", &err);
    if (!rc)
        rc = cli_bench_print(text);
    for (size_t i = 0; reports && i < num; i++)
        free(reports[i]);
    free(reports);
    return rc;
}
