/* publish.c - a report where others can see it.
 * SPDX-License-Identifier: MIT
 *
 * report -> without internal fields -> looked through for secrets -> runs/YYYY-MM-DD/JOB.json
 *                                                                    latest.json, latest.md
 *                                                                    history.csv */
#include "report.h"

#include "common/fail.h"
#include "files.h"
#include "history.h"
#include "json_out.h"
#include "sanitize.h"
#include "secrets.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { RUN, HISTORY, LATEST_MD, LATEST_JSON, NUM_FILES };

struct output {
    char *path, *text; /* text NULL: stays as it is */
};

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Both become parts of a path. */
static int check_names(const json_t *report, diarist_error *err) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *job = text_of(report, "job_id"), *created = text_of(report, "created_at");
    size_t n = strlen(job);
    if (!n || n > 128 || !strchr(letters, job[0]) ||
        strspn(job, "._-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != n)
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "job_id '%.64s' cannot name a file (letters, digits, . _ -); rename it",
                           job);
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? created[i] != '-' : !created[i] || !strchr("0123456789", created[i]))
            return common_fail(err, DIARIST_ERROR_INPUT,
                               "created_at '%.32s' is no time (YYYY-MM-DDTHH:MM:SSZ); run it again",
                               created);
    return DIARIST_OK;
}

/* Takes the report over. */
static json_t *make_publication(json_t *report, const diarist_bench_publication *options) {
    json_t *source = json_pack("{s:s,s:s,s:s}", "tool", "diarist", "version", diarist_version(),
                               "job_id", text_of(report, "job_id"));
    if (options->base_url && options->internal_fields)
        json_object_set_new(source, "base_url", json_string(options->base_url));
    return json_pack("{s:s,s:o,s:o}", "schema", BENCH_PUBLICATION_SCHEMA, "source", source,
                     "report", report);
}

/* *text stays NULL when there is no such file. */
static int read_if_there(char **text, const char *path, diarist_error *err) {
    *text = NULL;
    if (access(path, F_OK) && errno == ENOENT)
        return DIARIST_OK;
    return bench_file_read(text, NULL, path, BENCH_JSON_LIMIT, err);
}

/* Is what is there newer? Publishing an old job again does not make it the latest. */
static int is_newer(bool *newer, const char *path, const json_t *report, diarist_error *err) {
    char *text;
    json_t *there = NULL;
    *newer = false;
    int status = read_if_there(&text, path, err);
    if (!status && text && bench_report_parse(&there, text, NULL))
        status =
            common_fail(err, DIARIST_ERROR_INPUT, "%s: is no publication; give another --to", path);
    if (!status && there)
        *newer = strcmp(text_of(there, "created_at"), text_of(report, "created_at")) > 0;
    json_decref(there);
    free(text);
    return status;
}

static int make_latest(struct output outputs[NUM_FILES], const json_t *report, diarist_error *err) {
    bool newer;
    int status = is_newer(&newer, outputs[LATEST_JSON].path, report, err);
    if (status || newer)
        return status;
    outputs[LATEST_JSON].text = bench_text_of("%s", outputs[RUN].text);
    if (!outputs[LATEST_JSON].text)
        return common_fail_memory(err);
    return bench_report_markdown(&outputs[LATEST_MD].text, report, err);
}

static int make_history(struct output *output, const json_t *report, diarist_error *err) {
    struct bench_text text = {0};
    char *before;
    int status = read_if_there(&before, output->path, err);
    if (!status)
        status = bench_history_add(&text, before, report, output->path, err);
    free(before);
    if (!status && !(output->text = bench_text_take(&text)))
        status = common_fail_memory(err);
    bench_text_free(&text);
    return status;
}

static int make_outputs(struct output outputs[NUM_FILES], json_t *report,
                        const diarist_bench_publication *options, diarist_error *err) {
    const char *to = options->to, *job = text_of(report, "job_id");
    outputs[RUN].path =
        bench_text_of("%s/runs/%.10s/%s.json", to, text_of(report, "created_at"), job);
    outputs[HISTORY].path = bench_text_of("%s/history.csv", to);
    outputs[LATEST_MD].path = bench_text_of("%s/latest.md", to);
    outputs[LATEST_JSON].path = bench_text_of("%s/latest.json", to);
    for (int i = 0; i < NUM_FILES; i++)
        if (!outputs[i].path)
            return common_fail_memory(err);
    json_t *publication = make_publication(json_incref(report), options);
    int status = bench_json_out(&outputs[RUN].text, publication, err);
    if (!status)
        status = make_history(&outputs[HISTORY], report, err);
    if (!status)
        status = make_latest(outputs, report, err);
    return status;
}

struct findings {
    const diarist_bench_publication *options;
    const char *path;
    size_t num;
};

static void tell(void *data, size_t line, const char *kind) {
    struct findings *findings = data;
    findings->num++;
    if (findings->options->found)
        findings->options->found(findings->options->found_data, findings->path, line, kind);
}

static int scan_outputs(const struct output outputs[NUM_FILES],
                        const diarist_bench_publication *options, diarist_error *err) {
    struct findings findings = {.options = options};
    for (int i = 0; i < LATEST_JSON; i++) { /* which is a copy of the run's */
        size_t size = outputs[i].text ? strlen(outputs[i].text) : 0;
        findings.path = outputs[i].path;
        if (size)
            bench_scan_text(outputs[i].text, size, 0, size, 1, tell, &findings);
    }
    return findings.num
               ? common_fail(err, DIARIST_ERROR_LIMIT,
                             "would publish %zu possible secret%s; remove them from the run",
                             findings.num, findings.num == 1 ? "" : "s")
               : DIARIST_OK;
}

/* The folder runs/YYYY-MM-DD is the only one that may be lacking. */
static int write_outputs(const struct output outputs[NUM_FILES], diarist_error *err) {
    char *folder = bench_text_of("%s", outputs[RUN].path);
    int status = DIARIST_OK;
    if (!folder)
        return common_fail_memory(err);
    *strrchr(folder, '/') = 0;
    status = bench_make_directories(folder, err);
    free(folder);
    for (int i = 0; i < NUM_FILES && !status; i++)
        if (outputs[i].text)
            status =
                bench_file_write(outputs[i].path, outputs[i].text, strlen(outputs[i].text), err);
    return status;
}

static int publish(json_t *report, const diarist_bench_publication *options, diarist_error *err) {
    struct output outputs[NUM_FILES] = {{0}};
    int status = check_names(report, err);
    if (!status && !options->internal_fields && bench_sanitize(report))
        status = common_fail_memory(err);
    if (!status)
        status = bench_make_directories(options->to, err);
    /* Two at once would each write the history without the other's lines. */
    int lock = status ? -1 : open(options->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!status && (lock < 0 || flock(lock, LOCK_EX)))
        status =
            common_fail(err, DIARIST_ERROR_OUTPUT, "%s: cannot be locked: %s; give another --to",
                        options->to, strerror(errno));
    if (!status)
        status = make_outputs(outputs, report, options, err);
    if (!status)
        status = scan_outputs(outputs, options, err);
    if (!status)
        status = write_outputs(outputs, err);
    if (lock >= 0)
        close(lock);
    for (int i = 0; i < NUM_FILES; i++) {
        free(outputs[i].path);
        free(outputs[i].text);
    }
    return status;
}

void diarist_bench_publication_init(diarist_bench_publication *options) {
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

int diarist_bench_publish(const char *report, const diarist_bench_publication *options,
                          diarist_error *err) {
    json_t *parsed;
    if (!options->to || !*options->to)
        return common_fail(err, DIARIST_ERROR_ARGUMENT, "publishing needs a folder; give one");
    int status = bench_report_parse(&parsed, report, err);
    if (!status)
        status = publish(parsed, options, err);
    json_decref(parsed);
    return status;
}
