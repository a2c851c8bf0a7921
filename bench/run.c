/* run.c - the order of things: systems, runs, recordings, a row for each.
 * SPDX-License-Identifier: MIT
 *
 * specification -> selection -> folder -> for each system: open, warm up, for each run and file:
 * run -> turns -> scores -> row */
#include "definition.h"
#include "common/fail.h"
#include "json_out.h"
#include "machine.h"
#include "rows.h"
#include "run_folder.h"
#include "spec.h"
#include "system.h"
#include "text.h"
#include "threads.h"
#include "turns.h"
#include "wav.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct run {
    const diarist_bench_settings *settings;
    diarist_bench_run_options options;
    json_t *spec;
    struct bench_catalogue *catalogue;
    struct bench_selection *selection;
    struct bench_run_folder *folder;
    struct bench_bounds bounds;
    json_t *machine;
    char *wav; /* the recording that is being measured, for those that need it so */
    diarist_bench_progress progress;
    double started_s;
    double done_s, left_s;    /* seconds of audio that this call has measured, and has to */
    double measuring_since_s; /* when it began to, for what is left */
    bool stopped;
};

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- progress ----------------------------------------------------------------------------- */

/* Says what is new; message and status belong to this event alone. */
static void tell(struct run *run, const char *phase, const char *message, const char *status) {
    diarist_bench_progress *p = &run->progress;
    double now = now_s();
    p->phase = phase;
    p->message = message;
    p->status = status;
    p->elapsed_s = now - run->started_s;
    p->eta_s = run->done_s > 0 ? (now - run->measuring_since_s) * run->left_s / run->done_s : -1;
    if (run->options.progress && run->options.progress(run->options.progress_data, p))
        run->stopped = true;
}

static bool wants_to_stop(void *data) {
    struct run *run = data;
    tell(run, run->progress.phase, NULL, NULL);
    return run->stopped;
}

static void say_setup(void *data, const char *text) {
    tell(data, "setup", text, NULL);
}

static int canceled(diarist_error *err) {
    return common_fail(err, DIARIST_ERROR_CANCELED, "was stopped; the same command goes on");
}

/* ---- rows --------------------------------------------------------------------------------- */

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

/* Text of others, which need not be UTF-8. */
static json_t *text_json(const char *text) {
    json_t *value = text && *text ? json_string(text) : json_null();
    if (value)
        return value;
    struct bench_text plain = {0};
    for (const char *c = text; *c; c++)
        bench_text_add(&plain, "%c", (unsigned char)*c < 128 ? *c : '?');
    value = plain.bytes ? json_string(plain.bytes) : NULL;
    bench_text_free(&plain);
    return value ? value : json_null();
}

static const char *id_of(const json_t *entry) {
    return json_string_value(json_object_get(entry, "system_id"));
}

static json_t *new_row(const json_t *entry, const char *version, json_int_t index,
                       const struct bench_file *file, const struct bench_measured *measured,
                       enum bench_status status) {
    double rtf = file->duration_s > 0 ? measured->wall_s / file->duration_s : (double)NAN;
    return json_pack("{s:s,s:o,s:I,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:n,s:n,s:n}", "system_id",
                     id_of(entry), "system_version", text_json(version), "run_index", index,
                     "file_id", file->file_id, "status", bench_status_names[status], "error",
                     text_json(measured->error), "duration",
                     number(file->duration_s > 0 ? file->duration_s : (double)NAN), "wall_s",
                     number(measured->wall_s), "cpu_s", number(measured->cpu_s), "peak_rss_mb",
                     number(measured->peak_rss_mb), "rtf", number(rtf), "reference_speakers",
                     "predicted_speakers", "scores");
}

/* Writes the row of a recording and says so. rttm: its turns; NULL: none. */
static int add_row(struct run *run, const json_t *entry, const char *version, json_int_t index,
                   const struct bench_file *file, struct bench_measured *measured,
                   enum bench_status row_status, const char *rttm, diarist_error *err) {
    diarist_error wrong;
    json_t *row = new_row(entry, version, index, file, measured, row_status);
    if (!row)
        return common_fail_memory(err);
    /* Of one that failed all is missed, so that a report knows how much that is. */
    if (file->rttm && row_status != BENCH_UNREADABLE &&
        bench_turns_score(row, file, rttm, &wrong)) {
        json_object_set_new(row, "status", json_string("unreadable"));
        json_object_set_new(row, "error", text_json(wrong.message));
    } else if (row_status == BENCH_OK &&
               !json_integer_value(json_object_get(row, "reference_speakers"))) {
        json_object_set_new(row, "error",
                            json_string("the reference has no turns: there is no DER, every turn "
                                        "is a false alarm"));
    }
    int status = bench_run_folder_add(run->folder, row, err);
    run->progress.num_done++;
    run->progress.run_index = (int32_t)index;
    run->progress.file_id = file->file_id;
    tell(run, "run", json_string_value(json_object_get(row, "error")),
         json_string_value(json_object_get(row, "status")));
    json_decref(row);
    return status;
}

/* ---- one recording ------------------------------------------------------------------------ */

static void fail_measured(struct bench_measured *measured, const diarist_error *wrong) {
    measured->status = DIARIST_ERROR_INPUT;
    memcpy(measured->error, wrong->message, sizeof measured->error - 1);
    measured->error[sizeof measured->error - 1] = 0;
}

/* Runs the system on a recording and keeps its turns at rttm. *row_status is that of its row. */
static int measure(struct run *run, struct bench_system *system, const struct bench_file *file,
                   const char *rttm, const char *log, struct bench_measured *measured,
                   enum bench_status *row_status, diarist_error *err) {
    diarist_error wrong;
    char *said = bench_text_of("%s.said", rttm);
    int status = said ? DIARIST_OK : common_fail_memory(err);
    *measured = (struct bench_measured){
        .wall_s = (double)NAN, .cpu_s = (double)NAN, .peak_rss_mb = (double)NAN};
    *row_status = BENCH_UNREADABLE;
    if (!status && bench_system_needs_wav(system)) {
        status = bench_wav_make(run->wav, file->audio, NULL, &wrong);
        if (status == DIARIST_ERROR_INPUT)
            fail_measured(measured, &wrong);
        else if (status)
            *err = wrong;
    }
    if (!status) {
        bench_system_run(measured, system, file, run->wav, said, log);
        char note[240];
        if (!measured->status && bench_turns_take(note, rttm, said, file, run->wav, &wrong))
            fail_measured(measured, &wrong);
        else if (!measured->status)
            memcpy(measured->error, note, sizeof note);
        *row_status = !measured->status                         ? BENCH_OK
                      : measured->status == DIARIST_ERROR_LIMIT ? BENCH_TIMEOUT
                                                                : BENCH_FAILED;
        /* Was it the recording's fault? */
        if (*row_status == BENCH_FAILED && bench_wav_make(NULL, file->audio, NULL, &wrong)) {
            fail_measured(measured, &wrong);
            *row_status = BENCH_UNREADABLE;
        }
    }
    if (said)
        unlink(said);
    unlink(run->wav);
    free(said);
    if (run->stopped)
        return canceled(err);
    if (measured->status == DIARIST_ERROR_MEMORY)
        return common_fail_memory(err);
    return status == DIARIST_ERROR_INPUT ? DIARIST_OK : status;
}

/* system NULL: it could not be opened, for the reason why. */
static int do_file(struct run *run, const json_t *entry, struct bench_system *system,
                   const char *why, json_int_t index, const struct bench_file *file,
                   diarist_error *err) {
    struct bench_measured measured = {
        .wall_s = (double)NAN, .cpu_s = (double)NAN, .peak_rss_mb = (double)NAN};
    enum bench_status row_status = BENCH_UNREADABLE;
    const char *id = id_of(entry);
    char *rttm =
        bench_run_folder_place(run->folder, "turns", id, index, file->file_id, "rttm", err);
    char *log =
        rttm ? bench_run_folder_place(run->folder, "log", id, index, file->file_id, "txt", err)
             : NULL;
    int status = log ? DIARIST_OK : DIARIST_ERROR_OUTPUT;
    if (file->problem) {
        common_fail(err, DIARIST_ERROR_INPUT, "%.239s", file->problem);
        fail_measured(&measured, err);
    } else if (!system) {
        snprintf(measured.error, sizeof measured.error, "%.239s", why);
        row_status = BENCH_FAILED;
    } else if (!status) {
        run->progress.run_index = (int32_t)index;
        run->progress.file_id = file->file_id;
        tell(run, "run", NULL, NULL);
        status = run->stopped ? canceled(err)
                              : measure(run, system, file, rttm, log, &measured, &row_status, err);
    }
    run->left_s -= file->duration_s;
    run->done_s += system && !file->problem ? file->duration_s : 0;
    if (!status)
        status = add_row(run, entry, system ? bench_system_version(system) : NULL, index, file,
                         &measured, row_status, row_status == BENCH_OK ? rttm : NULL, err);
    free(rttm);
    free(log);
    return status;
}

/* ---- one system --------------------------------------------------------------------------- */

static json_int_t whole(const json_t *spec, const char *key) {
    return json_integer_value(json_object_get(spec, key));
}

static bool has_row(const struct run *run, const json_t *entry, json_int_t index, size_t file) {
    return bench_run_folder_has(run->folder, id_of(entry), index,
                                run->selection->files[file].file_id);
}

static size_t rows_left(const struct run *run, const json_t *entry) {
    size_t left = 0;
    for (json_int_t index = 0; index < whole(run->spec, "n_runs"); index++)
        for (size_t f = 0; f < run->selection->num_files; f++)
            left += !has_row(run, entry, index, f);
    return left;
}

/* Runs it on the first recordings without a row, so that what is slow only once is not measured. */
static int warm_up(struct run *run, struct bench_system *system, const json_t *entry,
                   diarist_error *err) {
    size_t num = (size_t)whole(run->spec, "warmup_files");
    int status = DIARIST_OK;
    char *rttm =
        bench_run_folder_place(run->folder, "turns", id_of(entry), 0, "warmup", "tmp", err);
    char *log = bench_run_folder_place(run->folder, "log", id_of(entry), 0, "warmup", "txt", err);
    if (!rttm || !log)
        status = DIARIST_ERROR_OUTPUT;
    for (size_t f = 0; f < run->selection->num_files && num > 0 && !status; f++) {
        const struct bench_file *file = &run->selection->files[f];
        struct bench_measured measured;
        enum bench_status row_status;
        if (file->problem)
            continue;
        run->progress.file_id = file->file_id;
        tell(run, "warmup", NULL, NULL);
        status = measure(run, system, file, rttm, log, &measured, &row_status, err);
        num--;
    }
    if (rttm)
        unlink(rttm);
    free(rttm);
    free(log);
    return status;
}

/* Puts what became known of a system into machine.json. */
static int note_system(struct run *run, const struct bench_system *system, const json_t *entry,
                       diarist_error *err) {
    json_t *systems = json_object_get(json_object_get(run->machine, "versions"), "systems");
    json_object_set_new(systems, id_of(entry), bench_system_about(system));
    return bench_run_folder_write(run->folder, "machine.json", run->machine, err);
}

/* Opens a system; one that cannot run leaves *system NULL and says why. */
static int open_system(struct run *run, struct bench_system **system, const json_t *entry,
                       char why[252], diarist_error *err) {
    diarist_error wrong;
    char *log = bench_run_folder_place(run->folder, "log", id_of(entry), 0, "loading", "log", err);
    if (!log)
        return DIARIST_ERROR_OUTPUT;
    run->progress.file_id = NULL;
    tell(run, "setup", NULL, NULL);
    int status = bench_system_open(system, &run->bounds, entry, log, &wrong);
    free(log);
    if (run->stopped)
        return canceled(err);
    if (status == DIARIST_ERROR_MEMORY)
        return common_fail_memory(err);
    if (status) {
        memcpy(why, wrong.message, sizeof wrong.message);
        return DIARIST_OK;
    }
    status = note_system(run, *system, entry, err);
    return status ? status : warm_up(run, *system, entry, err);
}

static int do_system(struct run *run, const json_t *entry, diarist_error *err) {
    struct bench_system *system = NULL;
    char why[252] = "";
    run->progress.system_id = id_of(entry);
    run->progress.run_index = 0;
    if (!rows_left(run, entry))
        return DIARIST_OK;
    int status = open_system(run, &system, entry, why, err);
    run->measuring_since_s += run->measuring_since_s > 0 ? 0 : now_s();
    for (json_int_t index = 0; index < whole(run->spec, "n_runs"); index++)
        for (size_t f = 0; f < run->selection->num_files && !status; f++)
            if (!has_row(run, entry, index, f))
                status = do_file(run, entry, system, why, index, &run->selection->files[f], err);
    bench_system_close(system);
    return status;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* Rows of two machines, or of other processors, say nothing beside each other. */
static int check_machine(const struct run *run, const json_t *before, diarist_error *err) {
    static const char *const keys[] = {"cpu_model", "thread_pinning"};
    for (int i = 0; i < 2 && before && json_object_size(run->folder->done); i++)
        if (!json_equal(json_object_get(before, keys[i]), json_object_get(run->machine, keys[i])))
            return common_fail(err, DIARIST_ERROR_ARGUMENT,
                               "%.160s holds a run on another %s; give another folder",
                               run->folder->path, i == 0 ? "processor" : "choice of processors");
    return DIARIST_OK;
}

/* What the last call has written of systems that are complete is kept. */
static int describe_machine(struct run *run, diarist_error *err) {
    int32_t num = (int32_t)whole(run->spec, "cpu_threads");
    int *processors = calloc((size_t)num, sizeof *processors);
    json_t *before = bench_run_folder_read(run->folder, "machine.json");
    if (processors) {
        bench_threads_choose(&run->bounds.processors, processors, num);
        run->machine = bench_machine(processors, num);
    }
    free(processors);
    if (run->machine)
        json_object_update(json_object_get(json_object_get(run->machine, "versions"), "systems"),
                           json_object_get(json_object_get(before, "versions"), "systems"));
    int status = run->machine ? check_machine(run, before, err) : common_fail_memory(err);
    json_decref(before);
    return status ? status : bench_run_folder_write(run->folder, "machine.json", run->machine, err);
}

static void count_work(struct run *run) {
    json_t *systems = json_object_get(run->spec, "systems"), *entry;
    json_int_t runs = whole(run->spec, "n_runs");
    size_t i;
    run->progress.num_total = json_array_size(systems) * (size_t)runs * run->selection->num_files;
    run->progress.num_done = run->progress.num_total;
    json_array_foreach(systems, i, entry) {
        run->progress.num_done -= rows_left(run, entry);
        for (json_int_t index = 0; index < runs; index++)
            for (size_t f = 0; f < run->selection->num_files; f++)
                if (!has_row(run, entry, index, f))
                    run->left_s += run->selection->files[f].duration_s;
    }
}

static int prepare(struct run *run, const char *spec, const char *run_dir, diarist_error *err) {
    const struct bench_dataset *dataset;
    int status =
        bench_spec_resolve(&run->spec, &run->catalogue, &dataset, run->settings, spec, err);
    if (!status)
        status =
            bench_select(&run->selection, dataset, (size_t)whole(run->spec, "limit_files"), err);
    if (!status)
        status = bench_run_folder_open(&run->folder, run_dir, run->spec, run->selection->manifest,
                                       run->options.job_id, run->options.retry_failed, err);
    if (!status && !(run->wav = bench_text_of("%s/recording.wav", run_dir)))
        status = common_fail_memory(err);
    if (!status)
        status = describe_machine(run, err);
    run->bounds.settings = run->settings;
    run->bounds.num_threads = (int32_t)whole(run->spec, "cpu_threads");
    run->bounds.setup = (struct bench_setup){.folder = run->settings->environments,
                                             .stop = {.wanted = wants_to_stop, .data = run},
                                             .say = say_setup,
                                             .data = run};
    return status;
}

void diarist_bench_run_options_init(diarist_bench_run_options *options) {
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

int diarist_bench_run(const diarist_bench_settings *settings, const char *spec, const char *run_dir,
                      const diarist_bench_run_options *options, diarist_error *err) {
    struct run run = {.settings = settings, .started_s = now_s()};
    size_t i;
    json_t *entry;
    if (options)
        run.options = *options;
    int status = prepare(&run, spec, run_dir, err);
    if (!status)
        count_work(&run);
    json_array_foreach(json_object_get(run.spec, "systems"), i, entry) if (!status) status =
        do_system(&run, entry, err);
    if (!status) {
        run.progress.system_id = run.progress.file_id = NULL;
        tell(&run, "done", NULL, NULL);
    }
    free(run.wav);
    json_decref(run.machine);
    bench_run_folder_close(run.folder);
    bench_selection_free(run.selection);
    bench_catalogue_free(run.catalogue);
    json_decref(run.spec);
    return status;
}

/* ---- what can be asked for ---------------------------------------------------------------- */

int diarist_bench_spec_check(char **json, const diarist_bench_settings *settings, const char *spec,
                             diarist_error *err) {
    struct bench_catalogue *catalogue;
    const struct bench_dataset *dataset;
    json_t *resolved;
    *json = NULL;
    int status = bench_spec_resolve(&resolved, &catalogue, &dataset, settings, spec, err);
    if (status)
        return status;
    bench_catalogue_free(catalogue);
    return bench_json_out(json, resolved, err);
}
