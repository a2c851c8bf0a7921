/* bench_run.c - runs a specification, tells how far it has come; what can be asked for.
 * SPDX-License-Identifier: MIT */
#include "bench.h"

#include "commands.h"
#include "report.h"
#include "report_line.h"
#include "text.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SPEC_LIMIT = 1 << 20 };

/* ---- progress ----------------------------------------------------------------------------- */

struct telling {
    double last_s;    /* when the line was drawn, or a line of JSON printed */
    size_t num_wrong; /* rows that are not ok, of this call */
    bool is_paced;    /* by standard input, */
    bool is_over;     /* which has ended */
};

/* After a row the next one begins when a byte comes: whoever sends them may compute in between. */
static void keep_pace(struct telling *telling, bool is_row) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    int ready;
    do
        ready = poll(&input, 1, is_row ? 200 : 0);
    while (is_row && ready <= 0 && !cli_interrupted());
    if (ready > 0 && (is_row ? read(STDIN_FILENO, &byte, 1) != 1 : !(input.revents & POLLIN)))
        telling->is_over = true;
}

static void print_json(const diarist_bench_progress *p) {
    json_t *event = json_pack(
        "{s:s,s:s,s:s?,s:s?,s:i,s:s?,s:s?,s:I,s:I,s:f,s:o}", "event",
        p->status ? "row" : "progress", "phase", p->phase, "system_id", p->system_id, "file_id",
        p->file_id, "run_index", (int)p->run_index, "status", p->status, "message", p->message,
        "done", (json_int_t)p->num_done, "total", (json_int_t)p->num_total, "elapsed_s",
        p->elapsed_s, "eta_s", p->eta_s < 0 ? json_null() : json_real(p->eta_s));
    char *line = event ? json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    cli_report_lock();
    if (line)
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    cli_report_unlock();
    free(line);
    json_decref(event);
}

static void draw(const diarist_bench_progress *p) {
    char line[512], clock[32] = "";
    int n = snprintf(line, sizeof line, "[%zu/%zu] %.60s  %s", p->num_done, p->num_total,
                     p->system_id ? p->system_id : "", p->phase);
    if (p->file_id)
        n += snprintf(line + n, sizeof line - (size_t)n, "  %.100s", p->file_id);
    if (p->run_index > 0)
        n += snprintf(line + n, sizeof line - (size_t)n, "  run %d", p->run_index + 1);
    if (p->eta_s >= 0)
        snprintf(line + n, sizeof line - (size_t)n, "  %s left", cli_clock(clock, p->eta_s));
    cli_report_lock();
    cli_progress_draw(line);
    cli_report_unlock();
}

/* Rows that went wrong are told as they come, unless a program reads along. */
static int tell(void *data, const diarist_bench_progress *p) {
    struct telling *telling = data;
    double now = cli_now();
    bool is_event = p->status || p->message;
    bool is_wrong = p->status && strcmp(p->status, "ok");
    telling->num_wrong += is_wrong;
    if (cli_progress_mode() == CLI_PROGRESS_JSON) {
        if (is_event || now - telling->last_s >= 1) {
            telling->last_s = now;
            print_json(p);
        }
    } else {
        if (is_wrong)
            cli_warning(p->file_id, "%s, %s: %s", p->system_id, p->status,
                        p->message ? p->message : "no reason given");
        else if (p->message && !p->status)
            cli_summary("%s", p->message);
        if (cli_progress_mode() == CLI_PROGRESS_TTY && now - telling->last_s >= 0.1) {
            telling->last_s = now;
            draw(p);
        }
    }
    if (telling->is_paced)
        keep_pace(telling, p->status);
    return cli_interrupted() || telling->is_over;
}

/* ---- files -------------------------------------------------------------------------------- */

/* The text of a specification ("-": standard input), to be freed; NULL after the error. */
static char *read_spec(const char *path) {
    FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
    char *text = malloc(SPEC_LIMIT + 1);
    size_t size = file && text ? fread(text, 1, SPEC_LIMIT + 1, file) : 0;
    bool good = file && text && !ferror(file) && size <= SPEC_LIMIT;
    if (!text)
        cli_fail_memory();
    else if (!good)
        cli_error(path, "cannot be read: %s; give a specification",
                  size > SPEC_LIMIT ? "it is larger than 1 MiB" : strerror(errno));
    else
        text[size] = 0;
    if (file && file != stdin)
        fclose(file);
    if (!good) {
        free(text);
        return NULL;
    }
    return text;
}

/* data/runs/DATASET-20261121-164530, to be freed. */
static char *default_run_dir(const char *spec) {
    char stamp[32] = "now";
    time_t now = time(NULL);
    struct tm tm;
    if (gmtime_r(&now, &tm))
        strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    json_t *document = json_loads(spec, 0, NULL);
    const char *id = json_string_value(json_object_get(document, "dataset_id"));
    char *path = cli_text("data/runs/%s-%s", id ? id : "run", stamp);
    json_decref(document);
    return path;
}

/* ---- run ---------------------------------------------------------------------------------- */

static int finish(const char *run_dir, int status, const struct telling *telling,
                  diarist_error *err) {
    cli_report_lock();
    cli_report_clear();
    cli_report_unlock();
    if (status == DIARIST_ERROR_CANCELED) {
        cli_error(run_dir, "was stopped; the same command with --run-dir goes on");
        return CLI_EXIT_INTERRUPTED;
    }
    if (status || diarist_bench_report_write(run_dir, err))
        return cli_fail("bench run", err);
    printf("%s/report.md\n", run_dir);
    int rc = cli_finish_stdout();
    return rc ? rc : telling->num_wrong ? CLI_EXIT_SOME_FAILED : 0;
}

int cli_bench_run(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    struct telling telling = {0};
    diarist_bench_run_options options;
    diarist_error err;
    if (settings->num_operands != 2) {
        cli_error("bench run", "takes one specification; see diarist bench --help");
        return CLI_EXIT_USAGE;
    }
    char *spec = read_spec(settings->operands[1]);
    if (!spec)
        return CLI_EXIT_INPUT;
    char *run_dir = settings->run_dir ? cli_text("%s", settings->run_dir) : default_run_dir(spec);
    diarist_bench_run_options_init(&options);
    options.retry_failed = settings->retry_failed;
    options.job_id = settings->job_id;
    telling.is_paced = settings->paced;
    options.progress = tell;
    options.progress_data = &telling;
    int rc = CLI_EXIT_LIMIT;
    if (run_dir) {
        int status = diarist_bench_run(bench, spec, run_dir, &options, &err);
        rc = finish(run_dir, status, &telling, &err);
    } else {
        cli_fail_memory();
    }
    free(run_dir);
    free(spec);
    return rc;
}

/* ---- what can be asked for ---------------------------------------------------------------- */

int cli_bench_spec(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    diarist_error err;
    char *resolved;
    if (settings->num_operands != 2) {
        cli_error("bench spec", "takes one specification; see diarist bench --help");
        return CLI_EXIT_USAGE;
    }
    char *spec = read_spec(settings->operands[1]);
    if (!spec)
        return CLI_EXIT_INPUT;
    int status = diarist_bench_spec_check(&resolved, bench, spec, &err);
    free(spec);
    if (status)
        return cli_fail(settings->operands[1], &err);
    return cli_bench_print(resolved);
}

int cli_bench_systems(const struct cli_settings *settings, const diarist_bench_settings *bench) {
    diarist_error err;
    char *text;
    size_t i, k;
    if (settings->num_operands != 1) {
        cli_error("bench systems", "takes no more words, not %s; see diarist bench --help",
                  settings->operands[1]);
        return CLI_EXIT_USAGE;
    }
    if (diarist_bench_systems(&text, bench, &err))
        return cli_fail(bench->systems_file, &err);
    if (settings->report_format == CLI_JSON)
        return cli_bench_print(text);
    json_t *systems = json_loads(text, 0, NULL), *system, *param;
    free(text);
    json_array_foreach(systems, i, system) {
        printf("%-18s %-8s %s\n", cli_bench_text_of(system, "system_id"),
               cli_bench_text_of(system, "version"), cli_bench_text_of(system, "summary"));
        if (*cli_bench_text_of(system, "needs"))
            printf("  needs: %s\n", cli_bench_text_of(system, "needs"));
        printf("%s", json_array_size(json_object_get(system, "params")) ? "  params:" : "");
        json_array_foreach(json_object_get(system, "params"), k, param)
            printf(" %s", json_string_value(param));
        printf("%s", json_array_size(json_object_get(system, "params")) ? "\n" : "");
    }
    json_decref(systems);
    return cli_finish_stdout();
}
