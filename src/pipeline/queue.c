/* queue.c - many recordings: each on one thread, several at a time, received as they are done.
 * SPDX-License-Identifier: MIT
 *
 *            push                    work                     receive
 *   unused ---------> waiting ---------------> finished ---------------> unused
 *
 * Jobs lie in an array that is made when the queue is opened: there are never more recordings in
 * the queue, and pushing cannot fail for lack of memory. A thread does a recording alone unless its
 * own options give it more, so nobody waits for anybody inside of one. Why nothing is shared
 * between recordings: docs/decisions/005-queue.md. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "pipeline/model.h"
#include "pipeline/offline.h"
#include "pipeline/plan.h"

enum {
    BLOCK = DR_SAMPLE_RATE, /* samples that a reader is asked for at a time */
    DEFAULT_PER_THREAD = 4, /* recordings: one that is worked on, others before and after it */
    MAX_CAPACITY = 1 << 20
};

struct job {
    struct job *next;     /* in its list */
    const float *samples; /* [num_samples], when there is no reader */
    size_t num_samples;
    diarist_read_fn read;
    diarist_options options;
    atomic_bool canceled;
    diarist_finished outcome;
};

/* First in, first out. */
struct jobs {
    struct job *first, *last;
};

struct worker {
    struct diarist_queue *queue;
    pthread_t thread;
    float block[BLOCK]; /* what a reader has given */
};

struct diarist_queue {
    const struct diarist_model *model;
    diarist_options options; /* of recordings without their own */
    diarist_notify_fn notify;
    void *notify_data;
    size_t capacity;
    struct job *jobs; /* [capacity] */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t pushed, done;
    struct jobs unused, waiting, finished;
    size_t num_inside; /* pushed and not received */
    bool closing;

    int num_threads, num_started;
    struct worker *workers; /* [num_threads] */
};

static void put(struct jobs *jobs, struct job *job) {
    job->next = NULL;
    if (jobs->last)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
}

/* The first one, or NULL. */
static struct job *take(struct jobs *jobs) {
    struct job *job = jobs->first;
    if (job)
        jobs->first = job->next;
    if (!jobs->first)
        jobs->last = NULL;
    return job;
}

/* ---- a recording, on a worker ---- */

static int check_canceled(const struct job *job, diarist_error *err) {
    if (atomic_load_explicit(&job->canceled, memory_order_relaxed))
        return dr_fail(err, DIARIST_ERROR_CANCELED, "canceled");
    return DIARIST_OK;
}

static int go_on(void *data, diarist_stage stage, double fraction, double seconds) {
    const struct job *job = data;
    if (check_canceled(job, NULL))
        return DIARIST_ERROR_CANCELED;
    return job->options.progress
               ? job->options.progress(job->options.progress_data, stage, fraction, seconds)
               : DIARIST_OK;
}

/* Samples that the reader has, until it has no more. */
static int feed_from_reader(diarist_recording *recording, struct job *job, float block[BLOCK],
                            diarist_error *err) {
    for (size_t num = 1; num;) {
        num = 0;
        int status = job->read(job->outcome.tag, block, BLOCK, &num, err);
        if (!status)
            status = diarist_recording_feed(recording, block, num, err);
        /* A slow reader is asked no further. */
        if (!status)
            status = check_canceled(job, err);
        if (status)
            return status;
    }
    return DIARIST_OK;
}

static int do_job(const struct diarist_queue *queue, struct job *job, float block[BLOCK],
                  diarist_error *err) {
    diarist_recording *recording;
    diarist_options options = job->options;
    options.progress = go_on;
    options.progress_data = job;
    int status = check_canceled(job, err);
    if (!status)
        status = diarist_recording_open(&recording, queue->model, &options, err);
    if (status)
        return status;
    if (job->read)
        status = feed_from_reader(recording, job, block, err);
    else
        status = diarist_recording_feed(recording, job->samples, job->num_samples, err);
    if (!status && options.task == DIARIST_TASK_VAD)
        status = dr_vad(&job->outcome.result, recording, err);
    else if (!status)
        status = dr_diarize(&job->outcome.result, recording, err);
    diarist_recording_free(recording);
    return status;
}

static void *worker_main(void *arg) {
    struct worker *worker = arg;
    struct diarist_queue *queue = worker->queue;
    pthread_mutex_lock(&queue->lock);
    while (!queue->closing) {
        struct job *job = take(&queue->waiting);
        if (!job) {
            pthread_cond_wait(&queue->pushed, &queue->lock);
            continue;
        }
        pthread_mutex_unlock(&queue->lock);
        diarist_error *err = &job->outcome.error;
        err->status = do_job(queue, job, worker->block, err);
        pthread_mutex_lock(&queue->lock);
        put(&queue->finished, job);
        pthread_cond_signal(&queue->done);
        diarist_notify_fn notify = queue->notify;
        void *data = queue->notify_data;
        if (notify) {
            pthread_mutex_unlock(&queue->lock);
            notify(data);
            pthread_mutex_lock(&queue->lock);
        }
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

/* ---- the queue, on its owner's thread ---- */

/* Options of a queue, or of a recording in it. */
static int plan(struct dr_plan *plan, const struct diarist_queue *queue,
                const diarist_options *options, diarist_error *err) {
    int status = dr_plan_make(plan, options, queue->model, err);
    if (!status && plan->task == DIARIST_TASK_EMBED)
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT,
                         "a queue diarizes or finds speech; embed with diarist_embed");
    return status;
}

/* What would be wrong with every recording. */
static int plan_queue(struct diarist_queue *queue, const diarist_options *options, size_t capacity,
                      diarist_error *err) {
    const struct dr_networks *networks;
    struct dr_plan planned;
    int status = plan(&planned, queue, options, err);
    if (status)
        return status;
    if (planned.progress)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "a queue has no progress of one recording; leave progress NULL, or push it "
                       "with options of its own");
    if (capacity > MAX_CAPACITY)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "capacity %zu is above %d", capacity,
                       MAX_CAPACITY);
    if (options)
        queue->options = *options;
    else
        diarist_options_init(&queue->options);
    queue->options.num_threads = 1;
    queue->num_threads = planned.num_threads;
    queue->capacity = capacity ? capacity : (size_t)planned.num_threads * DEFAULT_PER_THREAD;
    return dr_model_networks(&networks, queue->model,
                             dr_model_precision(queue->model, planned.preset), planned.num_threads,
                             err);
}

static int start_workers(struct diarist_queue *queue, diarist_error *err) {
    for (int i = 0; i < queue->num_threads; i++) {
        struct worker *worker = &queue->workers[i];
        worker->queue = queue;
        if (pthread_create(&worker->thread, NULL, worker_main, worker))
            return dr_fail(err, DIARIST_ERROR_MEMORY,
                           "cannot start %d threads; set a smaller num_threads",
                           queue->num_threads);
        queue->num_started++;
    }
    return DIARIST_OK;
}

int diarist_queue_open(diarist_queue **out, const diarist_model *model,
                       const diarist_options *options, size_t capacity, diarist_error *err) {
    *out = NULL;
    struct diarist_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return dr_fail_memory(err);
    queue->model = model;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->pushed, NULL);
    pthread_cond_init(&queue->done, NULL);
    int status = plan_queue(queue, options, capacity, err);
    if (!status) {
        queue->jobs = calloc(queue->capacity, sizeof *queue->jobs);
        queue->workers = calloc((size_t)queue->num_threads, sizeof *queue->workers);
        if (!queue->jobs || !queue->workers)
            status = dr_fail_memory(err);
    }
    for (size_t i = 0; !status && i < queue->capacity; i++)
        put(&queue->unused, &queue->jobs[i]);
    if (!status)
        status = start_workers(queue, err);
    if (status) {
        diarist_queue_free(queue);
        return status;
    }
    *out = queue;
    return DIARIST_OK;
}

static int push(struct diarist_queue *queue, const struct job *pushed, diarist_error *err) {
    pthread_mutex_lock(&queue->lock);
    struct job *job = take(&queue->unused);
    if (job) {
        *job = *pushed;
        put(&queue->waiting, job);
        queue->num_inside++;
        pthread_cond_signal(&queue->pushed);
    }
    pthread_mutex_unlock(&queue->lock);
    if (!job)
        return dr_fail(err, DIARIST_ERROR_LIMIT,
                       "the queue is full with %zu recordings; receive one first", queue->capacity);
    return DIARIST_OK;
}

int diarist_queue_push(diarist_queue *queue, const float *samples, size_t n, void *tag,
                       diarist_error *err) {
    struct job job = {
        .samples = samples, .num_samples = n, .options = queue->options, .outcome.tag = tag};
    if (!samples && n)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "samples is NULL");
    return push(queue, &job, err);
}

int diarist_queue_push_reader(diarist_queue *queue, diarist_read_fn read, void *tag,
                              diarist_error *err) {
    return diarist_queue_push_options(queue, &queue->options, read, tag, err);
}

int diarist_queue_push_options(diarist_queue *queue, const diarist_options *options,
                               diarist_read_fn read, void *tag, diarist_error *err) {
    struct job job = {.read = read, .outcome.tag = tag};
    struct dr_plan planned;
    if (!read)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "read is NULL");
    int status = plan(&planned, queue, options, err);
    if (status)
        return status;
    if (options)
        job.options = *options;
    else
        diarist_options_init(&job.options);
    job.options.num_threads = planned.num_threads;
    return push(queue, &job, err);
}

void diarist_queue_notify(diarist_queue *queue, diarist_notify_fn notify, void *data) {
    pthread_mutex_lock(&queue->lock);
    queue->notify = notify;
    queue->notify_data = data;
    pthread_mutex_unlock(&queue->lock);
}

int diarist_queue_receive(diarist_finished *out, diarist_queue *queue, int wait) {
    *out = (diarist_finished){0};
    pthread_mutex_lock(&queue->lock);
    while (wait && queue->num_inside && !queue->finished.first)
        pthread_cond_wait(&queue->done, &queue->lock);
    struct job *job = take(&queue->finished);
    if (job) {
        *out = job->outcome;
        job->outcome.result = NULL;
        put(&queue->unused, job);
        queue->num_inside--;
    }
    pthread_mutex_unlock(&queue->lock);
    return job ? 0 : -1;
}

void diarist_queue_cancel(diarist_queue *queue) {
    pthread_mutex_lock(&queue->lock);
    for (size_t i = 0; i < queue->capacity; i++)
        atomic_store_explicit(&queue->jobs[i].canceled, true, memory_order_relaxed);
    pthread_mutex_unlock(&queue->lock);
}

void diarist_queue_free(diarist_queue *queue) {
    if (!queue)
        return;
    if (queue->num_started) {
        diarist_queue_cancel(queue);
        pthread_mutex_lock(&queue->lock);
        queue->closing = true;
        pthread_cond_broadcast(&queue->pushed);
        pthread_mutex_unlock(&queue->lock);
    }
    for (int i = 0; i < queue->num_started; i++)
        pthread_join(queue->workers[i].thread, NULL);
    for (size_t i = 0; queue->jobs && i < queue->capacity; i++)
        diarist_result_free(queue->jobs[i].outcome.result);
    pthread_cond_destroy(&queue->done);
    pthread_cond_destroy(&queue->pushed);
    pthread_mutex_destroy(&queue->lock);
    free(queue->workers);
    free(queue->jobs);
    free(queue);
}
