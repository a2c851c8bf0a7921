/* run_folder.c - where a run keeps what it has found.
 * SPDX-License-Identifier: MIT */
#include "run_folder.h"

#include "common/files.h"
#include "common/fail.h"
#include "files.h"
#include "hash.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { ROWS_LIMIT = 1 << 30, DIGITS = 9 };

/* ---- documents ---------------------------------------------------------------------------- */

int bench_run_folder_write(const struct bench_run_folder *folder, const char *name,
                           const json_t *document, diarist_error *err) {
    char *path = bench_text_of("%s/%s", folder->path, name);
    char *dump =
        document ? json_dumps(document, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS)) : NULL;
    char *text = dump ? bench_text_of("%s\n", dump) : NULL;
    int status =
        path && text ? bench_file_write(path, text, strlen(text), err) : common_fail_memory(err);
    free(path);
    free(dump);
    free(text);
    return status;
}

json_t *bench_run_folder_read(const struct bench_run_folder *folder, const char *name) {
    char *path = bench_text_of("%s/%s", folder->path, name), *text = NULL;
    diarist_error ignored;
    json_t *document = NULL;
    if (path && !bench_file_read(&text, NULL, path, ROWS_LIMIT, &ignored))
        document = json_loads(text, 0, NULL);
    free(text);
    free(path);
    return document;
}

char *bench_run_folder_place(const struct bench_run_folder *folder, const char *kind,
                             const char *system_id, json_int_t run, const char *file_id,
                             const char *extension, diarist_error *err) {
    char *parent = bench_text_of("%s/%s/%s/%lld", folder->path, kind, system_id, (long long)run);
    char *path = parent ? bench_text_of("%s/%s.%s", parent, file_id, extension) : NULL;
    int status = path ? bench_make_directories(parent, err) : common_fail_memory(err);
    free(parent);
    if (status) {
        free(path);
        path = NULL;
    }
    return path;
}

/* ---- the same run? ------------------------------------------------------------------------ */

/* 20261121-164530-1a2b3c */
static json_t *make_job_id(const json_t *spec, const json_t *manifest, time_t now) {
    struct tm tm;
    struct timespec clock;
    char stamp[32], hex[65];
    char *text = json_dumps(spec, JSON_COMPACT | JSON_SORT_KEYS);
    const char *selection = json_string_value(json_object_get(manifest, "selection_hash"));
    struct bench_hash *hash = bench_hash_new();
    clock_gettime(CLOCK_REALTIME, &clock);
    if (hash)
        bench_hash_text(hash, "%s %s %lld %ld %d", text ? text : "", selection ? selection : "",
                        (long long)now, clock.tv_nsec, (int)getpid());
    free(text);
    if (bench_hash_end(hash, hex) || !gmtime_r(&now, &tm))
        return NULL;
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    return json_sprintf("%s-%.6s", stamp, hex);
}

static int write_spec(const struct bench_run_folder *folder, const json_t *spec,
                      const json_t *manifest, const char *job_id, diarist_error *err) {
    time_t now = time(NULL);
    struct tm tm;
    char stamp[32] = "";
    json_t *named = json_object();
    if (gmtime_r(&now, &tm))
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_object_set_new(named, "job_id",
                        job_id ? json_string(job_id) : make_job_id(spec, manifest, now));
    json_object_set_new(named, "created_at", json_string(stamp));
    int status = json_object_update(named, (json_t *)(uintptr_t)spec)
                     ? common_fail_memory(err)
                     : bench_run_folder_write(folder, "spec.json", named, err);
    json_decref(named);
    return status;
}

/* The first key of which two specifications say different things; NULL: they are the same. */
static const char *difference(const json_t *before, const json_t *now) {
    static const char *const keys[] = {"dataset_id",   "n_runs",      "cpu_threads",
                                       "warmup_files", "limit_files", "systems"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_equal(json_object_get(before, keys[i]), json_object_get(now, keys[i])))
            return keys[i];
    return NULL;
}

/* What is there must be of this specification and these data. */
static int check_same(const struct bench_run_folder *folder, const json_t *before,
                      const json_t *spec, const json_t *manifest, diarist_error *err) {
    const char *differs = difference(before, spec);
    if (differs)
        return common_fail(err, DIARIST_ERROR_ARGUMENT,
                           "%.160s holds a run with other %s; give another folder", folder->path,
                           differs);
    json_t *old = bench_run_folder_read(folder, "manifest.json");
    bool same = !old || json_equal(json_object_get(old, "selection_hash"),
                                   json_object_get(manifest, "selection_hash"));
    json_decref(old);
    return same ? DIARIST_OK
                : common_fail(err, DIARIST_ERROR_ARGUMENT,
                              "%.160s holds a run of other data: recordings or references have "
                              "changed since; give another folder",
                              folder->path);
}

static int adopt(const struct bench_run_folder *folder, const json_t *spec, const json_t *manifest,
                 const char *job_id, diarist_error *err) {
    json_t *before = bench_run_folder_read(folder, "spec.json");
    char *path = bench_text_of("%s/spec.json", folder->path);
    int status = path ? DIARIST_OK : common_fail_memory(err);
    if (!status && !before && !access(path, F_OK))
        status =
            common_fail(err, DIARIST_ERROR_INPUT, "%.200s: is no JSON; give another folder", path);
    else if (!status && before)
        status = check_same(folder, before, spec, manifest, err);
    else if (!status)
        status = write_spec(folder, spec, manifest, job_id, err);
    if (!status)
        status = bench_run_folder_write(folder, "manifest.json", manifest, err);
    json_decref(before);
    free(path);
    return status;
}

/* ---- rows --------------------------------------------------------------------------------- */

static char *key_of(const char *system_id, json_int_t run, const char *file_id) {
    return bench_text_of("%s/%lld/%s", system_id, (long long)run, file_id);
}

static int remember(struct bench_run_folder *folder, const json_t *row, diarist_error *err) {
    const char *system = json_string_value(json_object_get(row, "system_id"));
    const char *file = json_string_value(json_object_get(row, "file_id"));
    json_int_t run = json_integer_value(json_object_get(row, "run_index"));
    char *key = key_of(system ? system : "", run, file ? file : "");
    int status = key && !json_object_set_new(folder->done, key, json_true())
                     ? DIARIST_OK
                     : common_fail_memory(err);
    free(key);
    return status;
}

static bool is_ok(const json_t *row) {
    const char *status = json_string_value(json_object_get(row, "status"));
    return status && !strcmp(status, "ok");
}

/* Reads the rows; kept: those that stay. A last line without its end was being written when the run
 * was killed. */
static int read_rows(struct bench_run_folder *folder, struct bench_text *kept, const char *text,
                     bool retry, diarist_error *err) {
    size_t number = 1;
    int status = DIARIST_OK;
    const char *end;
    for (; !status && (end = strchr(text, '\n')); text = end + 1, number++) {
        json_t *row = json_loadb(text, (size_t)(end - text), 0, NULL);
        if (!json_is_object(row))
            status = common_fail(err, DIARIST_ERROR_INPUT,
                                 "%.160s/items.jsonl: line %zu is no row; remove it", folder->path,
                                 number);
        else {
            /* One that is tried again stays until its new row stands behind it. */
            bench_text_bytes(kept, text, (size_t)(end + 1 - text));
            if (is_ok(row) || !retry)
                status = remember(folder, row, err);
        }
        json_decref(row);
    }
    return status;
}

static int fail_items(const struct bench_run_folder *folder, int wrong, diarist_error *err) {
    return common_fail(
        err, DIARIST_ERROR_OUTPUT,
        "%.160s/items.jsonl: cannot be written: %s; give another folder or make room", folder->path,
        strerror(wrong));
}

/* A folder of something else is none for a run. */
static int check_empty(const char *path, diarist_error *err) {
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool other = false, run = false;
    while (folder && (entry = readdir(folder))) {
        run = run || !strcmp(entry->d_name, "spec.json") || !strcmp(entry->d_name, "items.jsonl");
        other = other || (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."));
    }
    if (folder)
        closedir(folder);
    return run || !other ? DIARIST_OK
                         : common_fail(err, DIARIST_ERROR_ARGUMENT,
                                       "%.200s holds something else; give an empty folder or that "
                                       "of a run",
                                       path);
}

/* Locks the rows: two runs in one folder would mix. */
static int open_rows(struct bench_run_folder *folder, diarist_error *err) {
    char *path = bench_text_of("%s/items.jsonl", folder->path);
    if (!path)
        return common_fail_memory(err);
    folder->items = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    free(path);
    if (folder->items < 0)
        return fail_items(folder, errno, err);
    if (flock(folder->items, LOCK_EX | LOCK_NB))
        return common_fail(
            err, DIARIST_ERROR_OUTPUT,
            "%.160s: another process runs in it; wait for it, or give another folder",
            folder->path);
    return DIARIST_OK;
}

/* 0 or an errno. */
static int write_row(struct bench_run_folder *folder, const char *text) {
    int wrong = common_write_all(folder->items, text, strlen(text));
    return wrong ? wrong : fsync(folder->items) ? errno : 0;
}

static int load_rows(struct bench_run_folder *folder, bool retry, diarist_error *err) {
    char *path = bench_text_of("%s/items.jsonl", folder->path), *text = NULL;
    struct bench_text kept = {0};
    size_t size = 0;
    int status =
        path ? bench_file_read(&text, &size, path, ROWS_LIMIT, err) : common_fail_memory(err);
    if (!status)
        status = read_rows(folder, &kept, text, retry, err);
    if (!status && kept.failed)
        status = common_fail_memory(err);
    if (!status && kept.size < size) {
        status = bench_file_write(path, kept.bytes ? kept.bytes : "", kept.size, err);
        close(folder->items);
        folder->items = -1;
        if (!status)
            status = open_rows(folder, err);
    }
    bench_text_free(&kept);
    free(text);
    free(path);
    return status;
}

bool bench_run_folder_has(const struct bench_run_folder *folder, const char *system_id,
                          json_int_t run, const char *file_id) {
    char *key = key_of(system_id, run, file_id);
    bool has = key && json_object_get(folder->done, key);
    free(key);
    return has;
}

int bench_run_folder_add(struct bench_run_folder *folder, const json_t *row, diarist_error *err) {
    char *dump = json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
    char *line = dump ? bench_text_of("%s\n", dump) : NULL;
    int status = line ? DIARIST_OK : common_fail_memory(err);
    int wrong = status ? 0 : write_row(folder, line);
    if (wrong)
        status = fail_items(folder, wrong, err);
    if (!status)
        status = remember(folder, row, err);
    free(dump);
    free(line);
    return status;
}

/* ---- the whole ---------------------------------------------------------------------------- */

int bench_run_folder_open(struct bench_run_folder **out, const char *path, const json_t *spec,
                          const json_t *manifest, const char *job_id, bool retry,
                          diarist_error *err) {
    struct bench_run_folder *folder = calloc(1, sizeof *folder);
    *out = NULL;
    if (!folder)
        return common_fail_memory(err);
    folder->items = -1;
    folder->path = bench_text_of("%s", path);
    folder->done = json_object();
    int status =
        folder->path && folder->done ? bench_make_directories(path, err) : common_fail_memory(err);
    if (!status)
        status = check_empty(path, err);
    if (!status)
        status = open_rows(folder, err);
    if (!status)
        status = adopt(folder, spec, manifest, job_id, err);
    if (!status)
        status = load_rows(folder, retry, err);
    if (status) {
        bench_run_folder_close(folder);
        return status;
    }
    *out = folder;
    return DIARIST_OK;
}

void bench_run_folder_close(struct bench_run_folder *folder) {
    if (!folder)
        return;
    if (folder->items >= 0)
        close(folder->items);
    json_decref(folder->done);
    free(folder->path);
    free(folder);
}
