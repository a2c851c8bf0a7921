/* worker.c - the thread that has jobs computed.
 * SPDX-License-Identifier: MIT
 *
 *   store -> take -> diarist_queue (threads that compute) -> finished -> settle -> store
 *
 * As many jobs as the engine has threads are computed at a time, and share these: one alone has
 * all, of more each has its part. What is finished makes room for the next before it is settled, so
 * that threads do not wait for disks. */
#define _GNU_SOURCE /* SCHED_IDLE */

#include "worker.h"

#include "answer.h"
#include "clock.h"
#include "log.h"
#include "retention.h"
#include "work.h"

#include "common/fail.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TELL_S 0.25  /* between two words about progress */
#define CHECK_S 60.0 /* between two looks for what is too old, at most */
#define RETRY_S 10.0 /* between two attempts to write a result down, at most */

struct slot {
    struct server_worker *worker;
    bool used;                /* under the worker's lock; changed by its thread alone */
    bool begun;               /* not in the queue yet */
    bool finished;            /* and not settled */
    double pause_s, retry_at; /* of one that could not be settled: its next attempt; 0: none yet */
    struct server_work work;  /* set up while the slot is not used */
};

struct server_worker {
    struct server_store *store;
    const struct server_settings *settings;
    const char *folder, *scratch;
    struct server_gate *gate; /* inside while anything is computed */
    server_worker_changed *changed;
    void *data;
    diarist_queue *queue;
    pthread_t thread;
    size_t num_threads, num_computed; /* jobs that may be in the queue, and are */
    size_t num_slots;                 /* twice that: computed, and finished but not settled */
    struct slot *slots;
    double checked_at;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Below: under the lock. */
    bool opened, draining, stopping, woken;
    diarist_error open_error;
    double told_at;
    struct server_worker_totals totals;
};

/* ---- while it is computed, on the queue's threads ---- */

/* Shares of the wall time of the stages, so that progress grows evenly. */
static double overall(diarist_stage stage, double fraction, double seconds, double declared_s) {
    static const double before[] = {0, 0.9, 0.97, 0.98}, share[] = {0.9, 0.07, 0.01, 0.02};
    if (fraction < 0)
        fraction = declared_s > 0 && seconds < declared_s ? seconds / declared_s : 0;
    return before[stage] + share[stage] * fraction;
}

/* A diarist_progress_fn. */
static int progress(void *data, diarist_stage stage, double fraction, double seconds) {
    struct slot *slot = data;
    struct server_worker *worker = slot->worker;
    struct server_work *work = &slot->work;
    double now = server_ticks();
    double done = overall(stage, fraction, seconds, atomic_load(&work->declared_s));
    if (done > atomic_load(&work->done))
        atomic_store(&work->done, done < 1 ? done : 1);
    pthread_mutex_lock(&worker->lock);
    bool tell = now - worker->told_at > TELL_S;
    if (tell)
        worker->told_at = now;
    pthread_mutex_unlock(&worker->lock);
    if (tell)
        worker->changed(worker->data);
    return atomic_load(&work->given_up);
}

/* ---- the end of a job ---- */

/* What a client is told about a job that failed: an HTTP status. */
static int32_t problem_status(int status) {
    switch (status) {
    case DIARIST_ERROR_INPUT:
    case DIARIST_ERROR_ARGUMENT:
        return 422;
    case DIARIST_ERROR_LIMIT:
        return 413;
    default:
        return 500;
    }
}

static void log_end(const struct server_work *work) {
    const diarist_error *err = &work->finished.error;
    const int rc = err->status;
    server_log(rc && rc != DIARIST_ERROR_CANCELED ? "warning" : "info", "job_end",
               "{s:s,s:s,s:f,s:f}", "job", work->job.id, "outcome",
               !rc                            ? "succeeded"
               : rc == DIARIST_ERROR_CANCELED ? "stopped"
                                              : err->message,
               "audio_s", rc ? 0 : diarist_result_duration(work->finished.result), "took_s",
               work->took_s);
}

/* The end goes into the store. false: it could not, and why. Of a job that a client canceled the
 * state is another already, and stays. */
static bool keep_end(struct server_worker *worker, struct server_work *work, diarist_error *why) {
    const char *id = work->job.id;
    const diarist_error *err = &work->finished.error;
    enum server_stored stored;
    char *document = NULL;
    size_t num_bytes = 0;
    if (!err->status) {
        const void *evidence = diarist_result_evidence(work->finished.result, &num_bytes);
        if (server_work_describe(work, worker->scratch, &document, why))
            return false;
        stored =
            server_store_succeed(worker->store, id, diarist_result_duration(work->finished.result),
                                 document, evidence, num_bytes);
        free(document);
    } else if (err->status == DIARIST_ERROR_CANCELED) {
        stored = server_store_put_back(worker->store, id);
    } else {
        const int32_t status = problem_status(err->status);
        char problem[sizeof err->message + 64];
        server_without_flag(problem, sizeof problem, server_without_path(err->message, work->path),
                            "the field raw, s16le:RATE:CHANNELS");
        stored = server_store_fail(worker->store, id, status,
                                   status == 500 ? "it could not be diarized" : problem);
    }
    if (!stored || stored == SERVER_OTHER_STATE)
        return true;
    common_fail(why, DIARIST_ERROR_OUTPUT, "%s",
                stored == SERVER_STORE_FULL ? "there is no room in the store"
                                            : "the store cannot be used");
    return false;
}

/* The next attempt is made after a pause, twice as long each time. */
static void put_off(struct slot *slot, const diarist_error *why) {
    if (slot->pause_s == 0)
        server_log("warning", "job_waits", "{s:s,s:s}", "job", slot->work.job.id, "message",
                   why->message);
    slot->pause_s = slot->pause_s == 0 ? 1 : fmin(2 * slot->pause_s, RETRY_S);
    slot->retry_at = server_ticks() + slot->pause_s;
}

/* One that is finished; its slot is free then. Without room on the disk it stays and is settled
 * later. false: that. */
static bool settle(struct slot *slot) {
    struct server_worker *worker = slot->worker;
    struct server_work *work = &slot->work;
    diarist_error why;
    if (slot->pause_s == 0)
        work->took_s = server_ticks() - work->began_at;
    if (!keep_end(worker, work, &why)) {
        put_off(slot, &why);
        return false;
    }
    log_end(work);
    pthread_mutex_lock(&worker->lock);
    if (!work->finished.error.status)
        worker->totals.audio_s += diarist_result_duration(work->finished.result);
    worker->totals.work_s += work->took_s;
    slot->used = false;
    pthread_mutex_unlock(&worker->lock);
    server_work_clear(work);
    slot->finished = false;
    slot->pause_s = slot->retry_at = 0;
    return true;
}

/* ---- the thread ---- */

static bool is_running(struct server_worker *worker, const char *id) {
    struct server_job job = {0};
    bool is = !server_store_get(worker->store, id, &job) && job.state == SERVER_RUNNING;
    server_job_clear(&job);
    return is;
}

static struct slot *free_slot(struct server_worker *worker) {
    for (size_t i = 0; i < worker->num_slots; i++)
        if (!worker->slots[i].used)
            return &worker->slots[i];
    return NULL;
}

/* The next job of the store is begun in a free slot. false: there is none of the one or the other.
 */
static bool begin_next(struct server_worker *worker) {
    struct server_job job = {0};
    struct slot *slot = free_slot(worker);
    if (!slot || server_store_take(worker->store, &job))
        return false;
    diarist_error err = {0};
    struct server_work *work = &slot->work;
    int rc = server_work_begin(work, worker->settings, worker->folder, &job, &err);
    work->engine.progress = progress;
    work->engine.progress_data = slot;
    pthread_mutex_lock(&worker->lock);
    slot->used = true;
    pthread_mutex_unlock(&worker->lock);
    /* Canceled between taking and saying who is worked on: nobody could tell this thread. */
    if (!rc && !is_running(worker, work->job.id))
        rc = common_fail(&err, DIARIST_ERROR_CANCELED, "canceled");
    work->finished.error = err;
    slot->finished = rc;
    slot->begun = !rc;
    worker->num_computed += !rc;
    return true;
}

static bool is_ending(struct server_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    bool is = worker->draining || worker->stopping;
    pthread_mutex_unlock(&worker->lock);
    return is;
}

/* Takes as many jobs as may be computed, then has them share the threads. */
static void begin_jobs(struct server_worker *worker) {
    bool any = false;
    /* Who waits at the gate has its turn once what is computed has ended. */
    if (worker->num_computed && server_gate_wanted(worker->gate))
        return;
    if (!worker->num_computed)
        server_gate_enter(worker->gate, false);
    while (!is_ending(worker) && worker->num_computed < worker->num_threads && begin_next(worker))
        any = true;
    for (size_t i = 0; i < worker->num_slots; i++) {
        struct slot *slot = &worker->slots[i];
        struct server_work *work = &slot->work;
        if (!slot->begun)
            continue;
        slot->begun = false;
        work->engine.num_threads = (int32_t)(worker->num_threads / worker->num_computed);
        if (diarist_queue_push_options(worker->queue, &work->engine, server_work_read, work,
                                       &work->finished.error)) {
            worker->num_computed--;
            slot->finished = true;
        }
    }
    if (!worker->num_computed)
        server_gate_leave(worker->gate);
    if (any)
        worker->changed(worker->data);
}

/* Makes room in the queue. */
static bool receive(struct server_worker *worker, bool wait) {
    diarist_finished finished;
    if (diarist_queue_receive(&finished, worker->queue, wait))
        return false;
    for (size_t i = 0; i < worker->num_slots; i++)
        if (&worker->slots[i].work == finished.tag)
            worker->slots[i].finished = true;
    ((struct server_work *)finished.tag)->finished = finished;
    if (--worker->num_computed == 0)
        server_gate_leave(worker->gate);
    return true;
}

/* last: no other attempt will be made. */
static void settle_finished(struct server_worker *worker, bool last) {
    const double now = server_ticks();
    bool any = false;
    for (size_t i = 0; i < worker->num_slots; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->finished && (last || now >= slot->retry_at))
            any |= settle(slot);
    }
    if (any)
        worker->changed(worker->data);
}

/* What is too old, now and then. */
static void expire(struct server_worker *worker) {
    double keep_s = worker->settings->keep_s, now = server_ticks();
    if (keep_s <= 0 || now - worker->checked_at < (keep_s < CHECK_S ? keep_s / 2 : CHECK_S))
        return;
    worker->checked_at = now;
    size_t num = server_retention_run(worker->store, worker->folder, keep_s);
    pthread_mutex_lock(&worker->lock);
    worker->totals.expired += num;
    pthread_mutex_unlock(&worker->lock);
    if (num)
        worker->changed(worker->data);
}

/* Until a job is added or finished, or a second is over. */
static void wait_for_news(struct server_worker *worker) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&worker->lock);
    int late = 0;
    while (!worker->woken && !late)
        late = pthread_cond_timedwait(&worker->wake, &worker->lock, &until);
    worker->woken = false;
    pthread_mutex_unlock(&worker->lock);
}

/* All that is worked on. */
static void give_up(struct server_worker *worker) {
    for (size_t i = 0; i < worker->num_slots; i++)
        if (worker->slots[i].used)
            atomic_store(&worker->slots[i].work.given_up, true);
}

/* Live streams cannot wait and recordings can: this thread, and those that it starts, get the time
 * that is left, and a processor that has nothing else to do counts as a free one. Of Linux alone:
 * elsewhere it would be the whole process. */
static void be_patient(void) {
#ifdef __linux__
    const struct sched_param none = {0};
    sched_setscheduler(0, SCHED_IDLE, &none);
#endif
}

static void wake(void *data) {
    server_worker_wake(data);
}

/* The queue and room for what is in it. */
static int open_queue(struct server_worker *worker, diarist_error *err) {
    diarist_options options = worker->settings->engine;
    worker->num_threads =
        (size_t)(options.num_threads ? options.num_threads : diarist_available_threads());
    worker->num_slots = 2 * worker->num_threads;
    worker->slots = calloc(worker->num_slots, sizeof *worker->slots);
    if (!worker->slots)
        return common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < worker->num_slots; i++)
        worker->slots[i].worker = worker;
    int rc = diarist_queue_open(&worker->queue, worker->settings->model, &options,
                                worker->num_threads, err);
    if (!rc)
        diarist_queue_notify(worker->queue, wake, worker);
    return rc;
}

/* On the thread itself, whose threads are to be as patient as it is. */
static int open_here(struct server_worker *worker) {
    diarist_error err = {0};
    be_patient();
    int rc = open_queue(worker, &err);
    pthread_mutex_lock(&worker->lock);
    worker->open_error = err;
    worker->opened = true;
    pthread_cond_broadcast(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    return rc;
}

static void *work_on(void *data) {
    struct server_worker *worker = data;
    if (open_here(worker))
        return NULL;
    for (;;) {
        pthread_mutex_lock(&worker->lock);
        bool stopping = worker->stopping;
        pthread_mutex_unlock(&worker->lock);
        if (stopping)
            give_up(worker);
        while (receive(worker, stopping)) {
        }
        /* Nothing waits for room, but this thread may have to wait at the gate. */
        if (!worker->num_computed)
            settle_finished(worker, false);
        if (!is_ending(worker))
            begin_jobs(worker);
        settle_finished(worker, stopping);
        if (stopping)
            return NULL;
        expire(worker);
        wait_for_news(worker);
    }
}

/* ---- from other threads ---- */

static void destroy(struct server_worker *worker) {
    /* What could not be written down. */
    for (size_t i = 0; worker->slots && i < worker->num_slots; i++)
        if (worker->slots[i].used)
            server_work_clear(&worker->slots[i].work);
    diarist_queue_free(worker->queue);
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    free(worker->slots);
    free(worker);
}

int server_worker_start(struct server_worker **out, struct server_store *store,
                        const struct server_settings *settings, const char *folder,
                        const char *scratch, struct server_gate *gate,
                        server_worker_changed *changed, void *data, diarist_error *err) {
    struct server_worker *worker = calloc(1, sizeof *worker);
    *out = NULL;
    if (!worker)
        return common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    *worker = (struct server_worker){.store = store,
                                     .settings = settings,
                                     .folder = folder,
                                     .scratch = scratch,
                                     .gate = gate,
                                     .changed = changed,
                                     .data = data};
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->wake, NULL);
    if (pthread_create(&worker->thread, NULL, work_on, worker)) {
        destroy(worker);
        return common_fail(err, DIARIST_ERROR_MEMORY, "no thread could be started");
    }
    pthread_mutex_lock(&worker->lock);
    while (!worker->opened)
        pthread_cond_wait(&worker->wake, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
    if (worker->open_error.status) {
        *err = worker->open_error;
        pthread_join(worker->thread, NULL);
        destroy(worker);
        return err->status;
    }
    *out = worker;
    return DIARIST_OK;
}

void server_worker_wake(struct server_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    worker->woken = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

/* The slot of a job, or NULL. Under the lock. */
static struct slot *find(struct server_worker *worker, const char *id) {
    for (size_t i = 0; i < worker->num_slots; i++)
        if (worker->slots[i].used && !strcmp(worker->slots[i].work.job.id, id))
            return &worker->slots[i];
    return NULL;
}

void server_worker_cancel(struct server_worker *worker, const char *id) {
    pthread_mutex_lock(&worker->lock);
    struct slot *slot = find(worker, id);
    if (slot)
        atomic_store(&slot->work.given_up, true);
    pthread_mutex_unlock(&worker->lock);
}

bool server_worker_progress(struct server_worker *worker, const char *id, double *done,
                            double *eta_s) {
    pthread_mutex_lock(&worker->lock);
    struct slot *slot = find(worker, id);
    *done = slot ? atomic_load(&slot->work.done) : 0;
    double took = slot ? server_ticks() - slot->work.began_at : 0;
    *eta_s = *done > 0.01 ? took / *done - took : -1;
    pthread_mutex_unlock(&worker->lock);
    return slot;
}

bool server_worker_drain(struct server_worker *worker) {
    bool busy = false;
    pthread_mutex_lock(&worker->lock);
    worker->draining = true;
    for (size_t i = 0; i < worker->num_slots; i++)
        busy |= worker->slots[i].used;
    pthread_mutex_unlock(&worker->lock);
    return busy;
}

void server_worker_stop(struct server_worker *worker) {
    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->stopping = worker->woken = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    destroy(worker);
}

void server_worker_total(struct server_worker *worker, struct server_worker_totals *out) {
    pthread_mutex_lock(&worker->lock);
    *out = worker->totals;
    pthread_mutex_unlock(&worker->lock);
}
