/* history.c - one line for each system of each published job.
 * SPDX-License-Identifier: MIT
 *
 * CSV as in RFC 4180, lines end with a line feed. What is not known is empty. */
#include "history.h"

#include "common/fail.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char header[] =
    "created_at,job_id,status,dataset_id,selection_hash,system_id,system_version,n_runs,"
    "cpu_threads,rows_expected,rows_ok,der,der_strict,der_failed_as_missed,jer_strict,rtf,cpu_rtf,"
    "peak_rss_mb,speakers_exact,speakers_within_1,speakers_mae\n";

/* ---- reading ------------------------------------------------------------------------------ */

/* The line that begins at text: its end, and where its second field, job_id, lies. Line feeds in
 * quotes are part of a field; NULL: quotes are left open. */
static const char *line_end(const char *text, const char **job_id, size_t *size) {
    bool quoted = false;
    int field = 0;
    *job_id = text;
    *size = 0;
    for (; *text && (quoted || *text != '\n'); text++) {
        if (*text == '"')
            quoted = !quoted;
        if (*text != ',' || quoted)
            continue;
        if (field == 0)
            *job_id = text + 1;
        else if (field == 1)
            *size = (size_t)(text - *job_id);
        field++;
    }
    return quoted ? NULL : *text ? text + 1 : text;
}

/* ---- writing ------------------------------------------------------------------------------ */

static void put_field(struct bench_text *line, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        bench_text_add(line, "%s,", text);
        return;
    }
    bench_text_add(line, "\"");
    for (; *text; text++)
        bench_text_add(line, *text == '"' ? "\"\"" : "%c", *text);
    bench_text_add(line, "\",");
}

static void put_value(struct bench_text *line, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    char number[64] = "";
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, sizeof number, "%.8g", json_real_value(value));
    put_field(line, json_is_string(value) ? json_string_value(value) : number);
}

/* "1.0 1.1" when a job had more than one. */
static void put_versions(struct bench_text *line, const json_t *versions) {
    struct bench_text all = {0};
    json_t *version;
    size_t i;
    json_array_foreach(versions, i, version)
        bench_text_add(&all, "%s%s", i ? " " : "", json_string_value(version));
    put_field(line, all.bytes ? all.bytes : "");
    line->failed = line->failed || all.failed;
    bench_text_free(&all);
}

static void put_line(struct bench_text *out, const json_t *report, const json_t *system) {
    static const char *const figures[] = {"der", "der_strict", "der_failed_as_missed", "jer_strict",
                                          "rtf", "cpu_rtf",    "peak_rss_mb"};
    static const char *const counts[] = {"exact", "within_1", "mae"};
    const char *id = json_string_value(json_object_get(system, "system_id"));
    const json_t *config = json_object_get(report, "run_config");
    const json_t *metrics = json_object_get(json_object_get(report, "metrics_summary"), id);
    const json_t *table = json_object_get(json_object_get(report, "speaker_count_table"), id);
    const json_t *rows = json_object_get(metrics, "rows");
    put_value(out, report, "created_at");
    put_value(out, report, "job_id");
    put_value(out, report, "status");
    put_value(out, report, "dataset_id");
    put_value(out, json_object_get(report, "dataset_manifest"), "selection_hash");
    put_value(out, system, "system_id");
    put_versions(out, json_object_get(system, "system_versions"));
    put_value(out, config, "n_runs");
    put_value(out, config, "cpu_threads");
    put_value(out, rows, "expected");
    put_value(out, rows, "ok");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        put_value(out, metrics, figures[i]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        put_value(out, table, counts[i]);
    if (!out->failed)
        out->bytes[out->size - 1] = '\n'; /* was a comma */
}

static void put_lines(struct bench_text *out, const json_t *report) {
    size_t i;
    json_t *system;
    json_array_foreach(json_object_get(report, "systems"), i, system) put_line(out, report, system);
}

int bench_history_add(struct bench_text *out, const char *before, const json_t *report,
                      const char *path, diarist_error *err) {
    const char *job = json_string_value(json_object_get(report, "job_id"));
    bool there = false;
    bench_text_add(out, "%s", header);
    if (before && *before) {
        if (strncmp(before, header, sizeof header - 1))
            return common_fail(err, DIARIST_ERROR_INPUT,
                               "%s: does not begin with the columns of this version; move it away",
                               path);
        before += sizeof header - 1;
    }
    while (before && *before) {
        const char *id, *end;
        size_t size;
        end = line_end(before, &id, &size);
        if (!end)
            return common_fail(err, DIARIST_ERROR_INPUT,
                               "%s: its last quote is not closed; repair it", path);
        bool own = size == strlen(job) && !memcmp(id, job, size);
        if (own && !there)
            put_lines(out, report);
        else if (!own)
            bench_text_bytes(out, before, (size_t)(end - before));
        if (!own && end[-1] != '\n')
            bench_text_add(out, "\n");
        there = there || own;
        before = end;
    }
    if (!there)
        put_lines(out, report);
    return out->failed ? common_fail_memory(err) : DIARIST_OK;
}
