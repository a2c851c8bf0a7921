/* bench_worker.c - the thread that has benchmarks run.
 * SPDX-License-Identifier: MIT
 *
 * store -> job -> `diarist bench run` in FOLDER/ID -> its events, progress -> its report -> store
 *
 * The child measures while this thread is alone inside the gate; between two recordings it waits
 * for a byte, and whoever stood at the gate has had a turn. */
#include "bench_worker.h"

#include "bench_child.h"
#include "clock.h"
#include "log.h"

#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { DONE = 0, SOME_FAILED = 1, NOT_STARTED = 126, INTERRUPTED = 130 }; /* exit codes */
enum { RETRY_S = 10 }; /* between two attempts to write an end down, at most */
enum { WAIT_MS = 200, END_S = 20, MAX_ARGUMENTS = 24, PATH = 640, PROBLEM = 300 };

struct server_bench_worker {
    struct server_store *store;
    const diarist_bench_settings *settings;
    const char *folder;
    struct server_gate *gate;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Below: under the lock. */
    bool is_stopping;
    char id[SERVER_ID_BYTES]; /* being run; empty: none */
    struct server_bench_progress progress;
};

/* Of one job. */
struct work {
    struct server_bench_worker *worker;
    const struct server_bench_job *job;
    struct server_bench_child child;
    char run_dir[PATH], spec[PATH + 8];
    char problem[PROBLEM]; /* the last thing that it said which is no event */
};

static bool is_stopping(struct server_bench_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    bool is = worker->is_stopping;
    pthread_mutex_unlock(&worker->lock);
    return is;
}

/* ---- what the child says ---- */

static void note_progress(struct server_bench_worker *worker, const json_t *event) {
    const json_t *eta = json_object_get(event, "eta_s");
    double total = json_number_value(json_object_get(event, "total"));
    double done = json_number_value(json_object_get(event, "done"));
    const char *file = server_bench_text(event, "file_id"),
               *system = server_bench_text(event, "system_id");
    struct server_bench_progress *progress = &worker->progress;
    pthread_mutex_lock(&worker->lock);
    progress->percent = total > 0 ? 100 * done / total : 0;
    progress->eta_s = json_is_number(eta) ? json_number_value(eta) : -1;
    snprintf(progress->step, sizeof progress->step, "%.16s%s%.64s%s%.160s",
             server_bench_text(event, "phase"), *system ? " " : "", system, *file ? ": " : "",
             file);
    pthread_mutex_unlock(&worker->lock);
}

/* Whether it has ended a recording, and waits. */
static bool take_event(struct work *work, const char *line) {
    json_t *event = *line == '{' ? json_loads(line, 0, NULL) : NULL;
    bool is_row = !strcmp(server_bench_text(event, "event"), "row");
    if (event)
        note_progress(work->worker, event);
    else if (*line)
        snprintf(work->problem, sizeof work->problem, "%s", line);
    json_decref(event);
    return is_row;
}

static void follow(struct work *work) {
    struct server_bench_worker *worker = work->worker;
    const char *line;
    while ((line = server_bench_child_line(&work->child, WAIT_MS))) {
        bool is_row = take_event(work, line);
        if (is_stopping(worker)) {
            server_bench_child_stop(&work->child);
        } else if (is_row) {
            server_gate_leave(worker->gate);
            server_gate_enter(worker->gate, true);
            server_bench_child_go_on(&work->child);
        }
    }
}

/* ---- the child ---- */

/* The specification is the client's own text: what the operator's lists say of its names may have
 * changed since, which a run that goes on finds out. */
static int start(struct work *work, int held) {
    const diarist_bench_settings *bench = work->worker->settings;
    const char *arguments[MAX_ARGUMENTS] = {"diarist",
                                            "bench",
                                            "run",
                                            work->spec,
                                            "--no-config",
                                            "--run-dir",
                                            work->run_dir,
                                            "--job-id",
                                            work->job->id,
                                            "--paced",
                                            "--progress",
                                            "json",
                                            "--environments",
                                            bench->environments};
    size_t n = 0;
    while (arguments[n])
        n++;
    arguments[n++] = bench->datasets_file ? "--datasets-file" : "--datasets-root";
    arguments[n++] = bench->datasets_file ? bench->datasets_file : bench->datasets_root;
    if (bench->systems_file) {
        arguments[n++] = "--systems-file";
        arguments[n++] = bench->systems_file;
    }
    int wrong = common_write_beside(work->spec, work->job->spec, strlen(work->job->spec));
    return wrong
               ? wrong
               : server_bench_child_start(&work->child, (char *const *)(uintptr_t)arguments, held);
}

/* A file that the child holds locked until its end: one of a service that was killed may still be
 * ending, and two runs at a time would time each other. Below 0: stopped meanwhile, or an error. */
static int lock_runs(struct work *work) {
    char path[PATH];
    const struct timespec moment = {.tv_nsec = 50000000};
    snprintf(path, sizeof path, "%s/lock", work->worker->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK || is_stopping(work->worker)) {
            close(fd);
            return -1;
        }
        nanosleep(&moment, NULL);
    }
    return fd;
}

/* Exit code of the child, or minus a signal. */
static int run(struct work *work) {
    struct server_bench_worker *worker = work->worker;
    int code = INTERRUPTED, held = lock_runs(work);
    server_gate_enter(worker->gate, true);
    if (!is_stopping(worker)) {
        int wrong = held < 0 ? EIO : start(work, held);
        if (wrong) {
            snprintf(work->problem, sizeof work->problem, "cannot be started: %s", strerror(wrong));
            code = NOT_STARTED;
        } else {
            follow(work);
            code = server_bench_child_end(&work->child, END_S);
        }
    }
    server_gate_leave(worker->gate);
    if (held >= 0)
        close(held);
    return code;
}

/* ---- jobs ---- */

static void erase(char *text, const char *what) {
    size_t n = strlen(what);
    for (char *at; (at = strstr(text, what));)
        memmove(at, at + n, strlen(at + n) + 1);
}

/* The program's message without its name, the job's folder and what to do at a command line. */
static const char *public_problem(struct work *work, int code) {
    char *text = work->problem;
    erase(text, work->spec);
    erase(text, work->run_dir);
    erase(text, "diarist: ");
    erase(text, "bench run: ");
    text[strcspn(text, ";")] = 0;
    text += strspn(text, ": ");
    if (code >= 0 && *text)
        return text;
    snprintf(work->problem, sizeof work->problem, "it ended with %s %d",
             code < 0 ? "signal" : "exit code", code < 0 ? -code : code);
    return work->problem;
}

static enum server_stored settle(struct work *work, int code) {
    struct server_store *store = work->worker->store;
    char path[PATH + 16], *text = NULL;
    diarist_error err;
    snprintf(path, sizeof path, "%s/report.json", work->run_dir);
    bool has_report = (code == DONE || code == SOME_FAILED) && !access(path, F_OK) &&
                      !diarist_bench_report_load(&text, path, &err);
    json_t *report = has_report ? json_loads(text, 0, NULL) : NULL;
    bool is_put_back = !report && (code == INTERRUPTED || is_stopping(work->worker));
    enum server_stored stored =
        report        ? server_bench_finish(store, work->job->id, report)
        : is_put_back ? server_bench_put_back(store, work->job->id)
                      : server_bench_fail(store, work->job->id, public_problem(work, code));
    json_decref(report);
    free(text);
    return stored;
}

/* Seconds, or until the worker is to stop; whether it is not. */
static bool pause_for(struct server_bench_worker *worker, int seconds) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&worker->lock);
    int late = 0;
    while (!worker->is_stopping && !late)
        late = pthread_cond_timedwait(&worker->wake, &worker->lock, &until);
    bool go_on = !worker->is_stopping;
    pthread_mutex_unlock(&worker->lock);
    return go_on;
}

/* A disk may have room again: attempts follow each other after longer and longer pauses. */
static enum server_stored settle_patiently(struct work *work, int code) {
    enum server_stored stored = settle(work, code);
    if (stored >= SERVER_STORE_FULL)
        server_log("warning", "benchmark_waits", "{s:s}", "job", work->job->id);
    for (int pause = 1; stored >= SERVER_STORE_FULL && pause_for(work->worker, pause);) {
        stored = settle(work, code);
        pause = 2 * pause < RETRY_S ? 2 * pause : RETRY_S;
    }
    return stored;
}

static void announce(struct server_bench_worker *worker, const char *id) {
    pthread_mutex_lock(&worker->lock);
    snprintf(worker->id, sizeof worker->id, "%s", id);
    worker->progress = (struct server_bench_progress){.eta_s = -1};
    pthread_mutex_unlock(&worker->lock);
}

/* Without an end in the store it goes on after the next start: all rows are in its folder. */
static void do_job(struct server_bench_worker *worker, const struct server_bench_job *job) {
    struct work *work = calloc(1, sizeof *work);
    double began_at = server_ticks();
    if (!work) {
        server_bench_put_back(worker->store, job->id);
        return;
    }
    work->worker = worker;
    work->job = job;
    snprintf(work->run_dir, sizeof work->run_dir, "%s/%s", worker->folder, job->id);
    snprintf(work->spec, sizeof work->spec, "%s.json", work->run_dir);
    announce(worker, job->id);
    server_log("info", "benchmark_begin", "{s:s}", "job", job->id);
    int code = run(work);
    enum server_stored stored = settle_patiently(work, code);
    announce(worker, "");
    unlink(work->spec);
    server_log(stored ? "error" : "info", "benchmark_end", "{s:s,s:i,s:s,s:f}", "job", job->id,
               "code", code, "said", work->problem, "took_s", server_ticks() - began_at);
    free(work);
}

static void *work_on(void *data) {
    struct server_bench_worker *worker = data;
    struct server_bench_job job;
    pthread_mutex_lock(&worker->lock);
    while (!worker->is_stopping) {
        pthread_mutex_unlock(&worker->lock);
        bool taken = !server_bench_take(worker->store, &job);
        if (taken) {
            do_job(worker, &job);
            server_bench_job_clear(&job);
        }
        pthread_mutex_lock(&worker->lock);
        if (!taken && !worker->is_stopping) {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += 1;
            pthread_cond_timedwait(&worker->wake, &worker->lock, &until);
        }
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

int server_bench_worker_start(struct server_bench_worker **out, struct server_store *store,
                              const diarist_bench_settings *settings, const char *folder,
                              struct server_gate *gate, diarist_error *err) {
    struct server_bench_worker *worker = calloc(1, sizeof *worker);
    *out = NULL;
    int status = server_bench_store_open(store, err);
    if (worker && !status) {
        *worker = (struct server_bench_worker){
            .store = store, .settings = settings, .folder = folder, .gate = gate};
        pthread_mutex_init(&worker->lock, NULL);
        pthread_cond_init(&worker->wake, NULL);
        if (!pthread_create(&worker->thread, NULL, work_on, worker)) {
            *out = worker;
            return DIARIST_OK;
        }
    }
    free(worker);
    if (!status)
        *err =
            (diarist_error){DIARIST_ERROR_MEMORY, "out of memory, or no thread could be started"};
    return err->status;
}

void server_bench_worker_wake(struct server_bench_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

bool server_bench_worker_progress(struct server_bench_worker *worker, const char *id,
                                  struct server_bench_progress *progress) {
    pthread_mutex_lock(&worker->lock);
    bool is = !strcmp(worker->id, id);
    *progress = is ? worker->progress : (struct server_bench_progress){.eta_s = -1};
    pthread_mutex_unlock(&worker->lock);
    return is;
}

void server_bench_worker_drain(struct server_bench_worker *worker) {
    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->is_stopping = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

void server_bench_worker_stop(struct server_bench_worker *worker) {
    if (!worker)
        return;
    server_bench_worker_drain(worker);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}
