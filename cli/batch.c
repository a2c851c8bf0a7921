/* batch.c - many inputs, some at a time, results in order.
 * SPDX-License-Identifier: MIT
 *
 * Workers take the next input under the lock, work without it, and hand the product back. Files are
 * written by the worker; standard output gets products in the order of the inputs. csv has one
 * header for all, so its turns are gathered in one document and written at the end. */
#include "batch.h"

#include "timing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_JOBS = 256 };

struct run {
    const struct cli_batch *batch;
    pthread_mutex_t lock;
    size_t next;                  /* input that the next free worker takes */
    size_t emitted;               /* inputs whose product has gone to standard output */
    struct cli_product *products; /* [num]; waiting for those before them */
    bool *finished;               /* [num] */
    diarist_document *gathered;   /* NULL: products are written one by one */
    bool stopped;                 /* no further input is taken */
    bool reader_gone;
    size_t num_done, num_failed, num_skipped;
    int exit_code; /* of the failures: theirs when all have the same, else CLI_EXIT_SOME_FAILED */
    double audio_s, started_s;
    size_t num_speakers, num_turns; /* of the last one done: the summary of a single input */
    int32_t threads_each;
};

static void note_failure(struct run *run, int code) {
    run->exit_code = run->num_failed++ && run->exit_code != code ? CLI_EXIT_SOME_FAILED : code;
}

/* With the lock held: sends what is next in order. Broken standard output ends the run. */
static void emit_in_order(struct run *run) {
    const struct cli_batch *batch = run->batch;
    while (run->emitted < batch->inputs->num && run->finished[run->emitted] && !run->stopped) {
        struct cli_product *product = &run->products[run->emitted++];
        diarist_error err;
        int rc = DIARIST_OK;
        if (run->gathered)
            rc = cli_product_add(run->gathered, batch, product, &err);
        else if (product->text || product->num_pieces)
            rc = cli_product_write(batch, product, "-", 0, &err);
        cli_product_free(product);
        if (!rc)
            continue;
        run->stopped = true;
        run->reader_gone = cli_reader_has_gone();
        if (!run->reader_gone)
            note_failure(run, cli_fail("standard output", &err));
    }
}

static int write_files(const struct run *run, size_t index, const struct cli_product *product,
                       diarist_error *err, const char **subject) {
    const struct cli_plan *plan = run->batch->plan;
    char **paths = plan->paths + index * plan->num_paths;
    int rc = DIARIST_OK;
    for (size_t f = 0; f < plan->num_paths && !rc; f++) {
        *subject = paths[f];
        if (plan->has_stages && f == plan->num_paths - 1)
            rc = diarist_stages_write(product->pieces[0].result, paths[f], err);
        else
            rc = cli_product_write(run->batch, product, paths[f], f, err);
    }
    return rc;
}

static void finish(struct run *run, size_t index, struct cli_job *job, int rc, const char *subject,
                   const diarist_error *err) {
    cli_progress_end(&job->progress, rc == DIARIST_OK);
    pthread_mutex_lock(&run->lock);
    if (rc == DIARIST_OK) {
        run->num_done++;
        run->audio_s += job->duration_s;
        run->num_speakers = job->num_speakers;
        run->num_turns = job->num_turns;
    } else if (rc == DIARIST_ERROR_CANCELED) {
        run->stopped = true;
    } else {
        /* What is said of a model has its name. */
        note_failure(run, cli_fail(rc == DIARIST_ERROR_MODEL ? NULL : subject, err));
    }
    run->finished[index] = true;
    if (run->batch->plan->to_stdout) {
        run->products[index] = job->product;
        job->product = (struct cli_product){0};
        emit_in_order(run);
    }
    pthread_mutex_unlock(&run->lock);
    cli_product_free(&job->product);
}

/* "2 speakers, 34 turns" */
static const char *describe_turns(char out[64], size_t num_speakers, size_t num_turns) {
    snprintf(out, 64, "%zu speaker%s, %zu turn%s", num_speakers, num_speakers == 1 ? "" : "s",
             num_turns, num_turns == 1 ? "" : "s");
    return out;
}

/* A clustering cannot tell apart more voices than it has samples of. */
static void warn_of_number(const struct cli_job *job) {
    const struct cli_settings *settings = job->batch->settings;
    size_t wanted =
        (size_t)(settings->num_speakers ? settings->num_speakers : settings->min_speakers);
    if (job->num_speakers && job->num_speakers < wanted)
        cli_warning(job->path, "%zu speaker%s instead of %zu: no more can be told apart",
                    job->num_speakers, job->num_speakers == 1 ? "" : "s", wanted);
}

/* Silence names nobody; so does speech that is too little to tell whose it is. */
static void warn_of_nobody(const struct cli_job *job) {
    if (job->batch->stages != CLI_WORK_DIARIZE || job->num_speakers || job->speech_s <= 0 ||
        job->batch->settings->min_duration_on_s > 0)
        return;
    cli_warning(job->path,
                "%.1f s sound like speech, but of no speaker that can be told: nobody is named; "
                "see diarist vad",
                job->speech_s);
}

static void do_input(struct run *run, size_t index) {
    const struct cli_batch *batch = run->batch;
    struct cli_job job = {.batch = batch, .path = batch->inputs->paths[index]};
    job.progress = (struct cli_progress){.file = job.path,
                                         .index = index,
                                         .total = batch->inputs->num,
                                         .work = batch->stages,
                                         .num_parts = 1,
                                         .started_s = cli_now()};
    cli_engine_options(&job.options, batch->settings, &job.progress);
    job.options.num_threads = run->threads_each;
    char turns[64];
    diarist_error err;
    const char *subject = job.path;
    int rc = batch->work(&job, &err);
    if (rc)
        cli_product_free(&job.product);
    else
        rc = write_files(run, index, &job.product, &err, &subject);
    if (!rc)
        warn_of_number(&job);
    if (!rc)
        warn_of_nobody(&job);
    if (!rc)
        cli_info(job.path, "%s in %.1f s of audio; took %.2f s",
                 batch->stages == CLI_WORK_EMBED
                     ? "embeddings"
                     : describe_turns(turns, job.num_speakers, job.num_turns),
                 job.duration_s, cli_now() - job.progress.started_s);
    if (!rc && cli_wants_timing_line(batch->settings, batch->plan))
        cli_print_timing(job.path, &job.product);
    finish(run, index, &job, rc, subject, &err);
}

/* The next input to work on, or the count of inputs when there is none. */
static size_t take_input(struct run *run) {
    size_t num = run->batch->inputs->num, taken = num;
    pthread_mutex_lock(&run->lock);
    while (taken == num && run->next < num && !run->stopped && !cli_interrupted()) {
        size_t index = run->next++;
        if (run->batch->plan->skip[index]) {
            cli_info(run->batch->inputs->paths[index], "left out: its outputs are there");
            run->num_skipped++;
        } else {
            taken = index;
        }
    }
    pthread_mutex_unlock(&run->lock);
    return taken;
}

static void *worker(void *data) {
    struct run *run = data;
    for (size_t i; (i = take_input(run)) < run->batch->inputs->num;)
        do_input(run, i);
    return NULL;
}

/* The calling thread is the first worker. */
static void run_workers(struct run *run, size_t num_workers) {
    pthread_t threads[MAX_JOBS];
    size_t started = 0;
    for (size_t i = 1; i < num_workers; i++) {
        if (pthread_create(&threads[started], NULL, worker, run)) {
            pthread_mutex_lock(&run->lock);
            run->stopped = true;
            cli_error("--jobs", "no more threads could be started; give a smaller number");
            note_failure(run, CLI_EXIT_LIMIT);
            pthread_mutex_unlock(&run->lock);
            break;
        }
        started++;
    }
    worker(run);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

static void write_gathered(struct run *run) {
    diarist_write_options options;
    diarist_error err;
    cli_document_options(&options, run->batch->settings);
    if (!diarist_document_write(run->gathered, "-", run->batch->plan->formats[0].name, &options,
                                &err))
        return;
    run->reader_gone = cli_reader_has_gone();
    if (!run->reader_gone)
        note_failure(run, cli_fail("standard output", &err));
}

static void summarize(const struct run *run) {
    char clock[32], counts[96], state[96] = "";
    double took = cli_now() - run->started_s;
    diarist_model_info info;
    if (!cli_report_wants_summary() || run->num_done == 0)
        return;
    diarist_model_describe(run->batch->model, &info);
    if (run->batch->inputs->num == 1 && run->batch->stages == CLI_WORK_DIARIZE)
        describe_turns(counts, run->num_speakers, run->num_turns);
    else
        snprintf(counts, sizeof counts, "%zu recording%s", run->num_done,
                 run->num_done == 1 ? "" : "s");
    if (run->num_failed || run->num_skipped)
        snprintf(state, sizeof state, " (%zu failed, %zu left out)", run->num_failed,
                 run->num_skipped);
    cli_summary("%s%s in %s of audio; %.1f s, %.0f x realtime; model %s, %s", counts, state,
                cli_clock(clock, run->audio_s), took, took > 0 ? run->audio_s / took : 0.0,
                info.name, info.instruction_set);
}

static int prepare(struct run *run, const struct cli_batch *batch) {
    diarist_error err;
    const struct cli_plan *plan = batch->plan;
    int32_t jobs = batch->settings->jobs;
    int32_t threads = batch->settings->threads;
    if (threads == 0 && jobs > 1)
        threads = diarist_available_threads();
    run->threads_each = threads == 0 ? 0 : threads / jobs > 0 ? threads / jobs : 1;
    run->products = calloc(batch->inputs->num + 1, sizeof *run->products);
    run->finished = calloc(batch->inputs->num + 1, sizeof *run->finished);
    if (!run->products || !run->finished)
        return cli_fail_memory();
    bool one_header = !batch->header && plan->num_formats && !strcmp(plan->formats[0].name, "csv");
    if (plan->to_stdout && batch->inputs->several && one_header &&
        diarist_document_new(&run->gathered, &err))
        return cli_fail(NULL, &err);
    if (plan->to_stdout && batch->header &&
        cli_write_stdout(batch->header, strlen(batch->header), &err))
        return cli_reader_has_gone() ? CLI_EXIT_DONE : cli_fail("standard output", &err);
    return -1;
}

/* An exit code from what happened. */
static int conclude(const struct run *run) {
    if (run->reader_gone)
        return CLI_EXIT_DONE;
    if (cli_interrupted())
        return CLI_EXIT_INTERRUPTED;
    if (run->num_failed == 0)
        return CLI_EXIT_DONE;
    return run->num_done + run->num_skipped ? CLI_EXIT_SOME_FAILED : run->exit_code;
}

int cli_batch_run(const struct cli_batch *batch) {
    struct run run = {.batch = batch, .lock = PTHREAD_MUTEX_INITIALIZER, .started_s = cli_now()};
    size_t num_workers = (size_t)batch->settings->jobs;
    int code = prepare(&run, batch);
    if (code < 0) {
        run_workers(&run, num_workers < batch->inputs->num ? num_workers : batch->inputs->num);
        if (run.gathered && !cli_interrupted() && !run.stopped)
            write_gathered(&run);
        summarize(&run);
        code = conclude(&run);
    }
    for (size_t i = 0; run.products && i < batch->inputs->num; i++)
        cli_product_free(&run.products[i]);
    free(run.products);
    free(run.finished);
    diarist_document_free(run.gathered);
    return code;
}
