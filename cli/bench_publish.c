/* bench_publish.c - reports where others can see them, without secrets.
 * SPDX-License-Identifier: MIT */
#include "bench.h"

#include "commands.h"
#include "fetch.h"
#include "report.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REPORT = 1 << 30 }; /* bytes */

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

/* The report of a job of a service, in the envelope that it comes in. */
static int fetch_report(char **report, const struct cli_settings *settings) {
    const char *base = settings->base_url, *job = settings->job_id;
    size_t n = strlen(base);
    char *url =
        cli_text("%.*s/v1/jobs/%s/report", (int)(n && base[n - 1] == '/' ? n - 1 : n), base, job);
    char *header =
        settings->api_key ? cli_text("%s: %s", settings->api_key_header, settings->api_key) : NULL;
    struct cli_fetch fetch = {.url = url, .header = header, .max_bytes = MAX_REPORT};
    int rc = 0;
    if (!url || (settings->api_key && !header)) {
        rc = cli_fail_memory();
    } else if (cli_fetch(&fetch)) {
        cli_error(url, "%s; is it the right --base-url, --job-id and --api-key?", fetch.problem);
        rc = CLI_EXIT_INPUT;
    }
    *report = fetch.text;
    free(header);
    free(url);
    return rc;
}

static int get_report(char **report, const struct cli_settings *settings) {
    diarist_error err;
    if (settings->job_id)
        return fetch_report(report, settings);
    const char *path = settings->operands[1];
    return diarist_bench_report_load(report, path, &err) ? cli_fail(path, &err) : 0;
}

static int check_usage(const struct cli_settings *settings) {
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *job = settings->job_id;
    const char *wrong = !settings->publish_to        ? "takes --to DIRECTORY"
                        : job && !settings->base_url ? "takes --job-id with --base-url"
                        : job && strspn(job, good) != strlen(job)
                            ? "takes a job's name after --job-id: letters, digits, . _ -"
                        : settings->num_operands != (job ? 1 : 2)
                            ? "takes a report, the folder of a run, or --base-url and --job-id"
                            : NULL;
    if (!wrong)
        return 0;
    cli_error("bench publish", "%s; see diarist bench --help", wrong);
    return CLI_EXIT_USAGE;
}

int cli_bench_publish(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    diarist_bench_publication publication;
    diarist_error err;
    size_t num = 0;
    char *report;
    (void)bench;
    int rc = check_usage(settings);
    if (!rc)
        rc = get_report(&report, settings);
    if (rc)
        return rc;
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
    rc = cli_fail(settings->job_id ? settings->job_id : settings->operands[1], &err);
    return num ? CLI_EXIT_SOME_FAILED : rc;
}
