/* system.c - a system of a specification, ready to be run on one recording after another.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "system.h"

#include "definition.h"
#include "common/fail.h"
#include "files.h"
#include "placeholder.h"
#include "text.h"
#include "threads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LOADING_S = 1200, VERSION_S = 60 };

struct bench_system {
    const struct bench_bounds *bounds;
    const json_t *entry;
    const struct bench_definition *definition; /* NULL: a command */
    enum bench_kind kind;
    char **environment;
    json_t *argv; /* process a recording: with placeholders; Python: of its process */
    json_t *about;
    char *start;                   /* Python: the first line it is told */
    struct bench_process *process; /* Python: NULL before it is started */
    bool ended;                    /* and this: it has ended or is to be */
};

/* ---- processes ---------------------------------------------------------------------------- */

/* Arguments as execve wants them, with placeholders filled; NULL: no memory. */
static char **fill_arguments(const json_t *argv, const json_t *values) {
    char **out = calloc(json_array_size(argv) + 1, sizeof *out);
    size_t i;
    json_t *argument;
    json_array_foreach(argv, i, argument) {
        if (out && !(out[i] = bench_placeholder_fill(json_string_value(argument), values))) {
            bench_environment_free(out);
            return NULL;
        }
    }
    return out;
}

static int start_process(struct bench_process **out, const struct bench_system *system,
                         const json_t *argv, const json_t *values, bool asked, bool kept,
                         diarist_error *err) {
    char **arguments = fill_arguments(argv, values);
    const struct bench_command command = {.argv = arguments,
                                          .environment = system->environment,
                                          .processors = &system->bounds->processors,
                                          .asked = asked,
                                          .kept = kept};
    int status = arguments ? bench_process_start(out, &command, err) : common_fail_memory(err);
    bench_environment_free(arguments);
    return status;
}

/* 60 s, and ten times as long as the recording, unless the specification says. */
static double limit_s(const struct bench_system *system, const struct bench_file *file) {
    const json_t *given = json_object_get(system->entry, "timeout_s");
    return json_is_number(given) ? json_number_value(given) : 60 + 10 * file->duration_s;
}

static void fail(struct bench_measured *measured, int status, const char *text) {
    diarist_error err;
    common_fail(&err, status, "%.239s", text);
    measured->status = status;
    memcpy(measured->error, err.message, sizeof measured->error - 1);
}

/* What a process ended by itself or others means for the recording. */
static void judge(struct bench_measured *measured, const struct bench_ended *ended, double limit,
                  const struct bench_log *log) {
    char why[240];
    if (ended->how == BENCH_END_EXIT && ended->code == 0)
        return;
    bench_ended_describe(why, ended, limit, log);
    fail(measured,
         ended->how == BENCH_END_TIME       ? DIARIST_ERROR_LIMIT
         : ended->how == BENCH_END_CANCELED ? DIARIST_ERROR_CANCELED
                                            : DIARIST_ERROR_INPUT,
         why);
}

static void write_log(const char *path, struct bench_process *process) {
    diarist_error ignored;
    size_t size;
    char *text = bench_log_text(bench_process_log(process), &size);
    if (text && size > 0)
        bench_file_write(path, text, size, &ignored);
    bench_log_clear(bench_process_log(process));
    free(text);
}

/* ---- a process a recording ---------------------------------------------------------------- */

static bool mentions(const json_t *argv, const char *name) {
    size_t i, size;
    json_t *argument;
    json_array_foreach(argv, i, argument) {
        const char *at = json_string_value(argument);
        for (; (at = bench_placeholder_next(at, &size)); at += size)
            if (size == strlen(name) && !strncmp(at, name, size))
                return true;
    }
    return false;
}

static json_t *values_of(const struct bench_system *system, const struct bench_file *file,
                         const char *wav, const char *out) {
    json_t *values =
        json_pack("{s:s,s:s?,s:s,s:i,s:s}", "audio", file->audio, "wav", wav, "out", out, "threads",
                  (int)system->bounds->num_threads, "file_id", file->file_id);
    if (values)
        json_object_update_missing(values, json_object_get(system->entry, "params"));
    return values;
}

/* Without {out} the turns are what it prints. */
static void run_process(struct bench_measured *measured, struct bench_system *system,
                        const struct bench_file *file, const char *wav, const char *out,
                        const char *log) {
    json_t *values = values_of(system, file, wav, out);
    bool prints = !mentions(system->argv, "out");
    double limit = limit_s(system, file);
    struct bench_process *process = NULL;
    struct bench_ended ended;
    diarist_error err;
    int status = values ? start_process(&process, system, system->argv, values, false, prints, &err)
                        : common_fail_memory(&err);
    json_decref(values);
    if (status) {
        fail(measured, status, err.message);
        return;
    }
    bench_process_wait(&ended, process, limit, &system->bounds->setup.stop);
    if (ended.how != BENCH_END_NONE) {
        measured->wall_s = ended.wall_s;
        measured->cpu_s = ended.cpu_s;
        measured->peak_rss_mb = ended.peak_rss_mb;
    }
    judge(measured, &ended, limit, bench_process_log(process));
    const struct bench_text *output = bench_process_output(process);
    /* Nobody talks is said by an empty file at {out}, or a blank line. */
    if (!measured->status && prints && !output->size)
        fail(measured, DIARIST_ERROR_INPUT,
             "printed nothing; a command without {out} must print the turns, or a blank line where "
             "nobody talks");
    if (!measured->status && prints &&
        bench_file_write(out, output->bytes ? output->bytes : "", output->size, &err))
        fail(measured, err.status, err.message);
    write_log(log, process);
    bench_process_free(process);
}

/* ---- a process for all recordings --------------------------------------------------------- */

/* The field of an answer, NaN when it is missing. */
static double number_of(const json_t *answer, const char *key) {
    const json_t *value = json_object_get(answer, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* Asks and reads the answer: an object without "error", or NULL and what is wrong. */
static json_t *ask(struct bench_measured *measured, struct bench_system *system, const char *line,
                   double limit) {
    char *text = NULL;
    struct bench_ended ended;
    json_t *answer = NULL;
    if (bench_process_ask(&text, &ended, system->process, line, limit,
                          &system->bounds->setup.stop)) {
        answer = text ? json_loads(text, 0, NULL) : NULL;
        const char *error = json_string_value(json_object_get(answer, "error"));
        if (!json_is_object(answer))
            fail(measured, DIARIST_ERROR_INPUT, "answered with something that is no JSON object");
        else if (error)
            fail(measured, DIARIST_ERROR_INPUT, error);
        if (measured->status) {
            json_decref(answer);
            answer = NULL;
        }
    } else {
        judge(measured, &ended, limit, bench_process_log(system->process));
        if (!measured->status)
            fail(measured, DIARIST_ERROR_INPUT, "ended without an answer");
        system->ended = true;
    }
    free(text);
    return answer;
}

/* Writes down what it printed; one that has ended is put away, to be started anew. */
static void settle_worker(struct bench_system *system, const char *log) {
    if (system->process)
        write_log(log, system->process);
    if (system->ended) {
        bench_process_free(system->process);
        system->process = NULL;
    }
    system->ended = false;
}

/* Starts the process and lets it load its models. */
static void start_worker(struct bench_measured *measured, struct bench_system *system) {
    diarist_error err;
    json_t *nothing = json_object();
    int status = start_process(&system->process, system, system->argv, nothing, true, true, &err);
    json_decref(nothing);
    if (status) {
        fail(measured, status, err.message);
        return;
    }
    json_t *answer = ask(measured, system, system->start, LOADING_S);
    if (answer)
        json_object_update(system->about, answer);
    else
        system->ended = true;
    json_decref(answer);
}

static void run_worker(struct bench_measured *measured, struct bench_system *system,
                       const struct bench_file *file, const char *wav, const char *out,
                       const char *log) {
    json_t *request =
        json_pack("{s:s,s:s,s:s}", "file_id", file->file_id, "audio", wav, "out", out);
    char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (!line) {
        fail(measured, DIARIST_ERROR_MEMORY, "out of memory");
        return;
    }
    if (!system->process)
        start_worker(measured, system);
    json_t *answer = measured->status ? NULL : ask(measured, system, line, limit_s(system, file));
    if (answer) {
        measured->wall_s = number_of(answer, "wall_s");
        measured->cpu_s = number_of(answer, "cpu_s");
        measured->peak_rss_mb = number_of(answer, "peak_rss_mb");
    }
    settle_worker(system, log);
    json_decref(answer);
    free(line);
}

/* ---- the reference itself ----------------------------------------------------------------- */

/* The lines of this recording, as they are. */
static void run_oracle(struct bench_measured *measured, const struct bench_file *file,
                       const char *out) {
    char *text = NULL;
    struct bench_text lines = {0};
    diarist_error err;
    int status = bench_file_read(&text, NULL, file->rttm, (size_t)1 << 30, &err);
    for (char *line = text, *next; line && *line; line = next) {
        size_t size = strcspn(line, "\n");
        char type[16] = "", id[512] = "";
        next = line + size + (line[size] == '\n');
        if (sscanf(line, "%15s %511s", type, id) == 2 && !strcmp(id, file->rttm_id))
            bench_text_bytes(&lines, line, (size_t)(next - line));
    }
    if (!status)
        status = bench_file_write(out, lines.bytes ? lines.bytes : "", lines.size, &err);
    if (status)
        fail(measured, status, err.message);
    bench_text_free(&lines);
    free(text);
}

void bench_system_run(struct bench_measured *measured, struct bench_system *system,
                      const struct bench_file *file, const char *wav, const char *out,
                      const char *log) {
    *measured = (struct bench_measured){
        .wall_s = (double)NAN, .cpu_s = (double)NAN, .peak_rss_mb = (double)NAN};
    unlink(out);
    if (system->kind == BENCH_KIND_ORACLE)
        run_oracle(measured, file, out);
    else if (system->kind == BENCH_KIND_PYTHON)
        run_worker(measured, system, file, wav, out, log);
    else
        run_process(measured, system, file, wav, out, log);
}

/* ---- opening ------------------------------------------------------------------------------ */

/* diarist as a command: options in place of parameters. */
static int open_diarist(struct bench_system *system, diarist_error *err) {
    const char *program = system->bounds->settings->program;
    if (!program)
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "the program diarist is not known here; name it in the settings");
    if (access(program, X_OK))
        return common_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be run: %s; name another program",
                           program, strerror(errno));
    /* The user's own defaults would be in no report. */
    system->argv = json_pack("[s,s,s,s,s,s]", program, "diarize", "--quiet", "--no-config",
                             "--threads", "{threads}");
    const struct bench_param *param = system->definition->params;
    for (; param->name; param++) {
        const json_t *value =
            json_object_get(json_object_get(system->entry, "params"), param->name);
        if (!value)
            continue;
        json_array_append_new(system->argv, json_string(param->option));
        json_array_append_new(system->argv, json_is_boolean(value)
                                                ? json_string(json_is_true(value) ? "on" : "off")
                                                : json_sprintf("{%s}", param->name));
    }
    json_t *rest = json_pack("[s,s,s,s,s]", "--format", "rttm", "--output", "{out}", "{audio}");
    json_array_extend(system->argv, rest);
    json_decref(rest);
    json_object_set_new(system->about, "version", json_string(diarist_version()));
    return DIARIST_OK;
}

/* The first line that the version command prints; without one what the specification says. */
static int open_command(struct bench_system *system, diarist_error *err) {
    const json_t *argv = json_object_get(system->entry, "version_command");
    json_t *nothing = json_object();
    struct bench_process *process;
    struct bench_ended ended;
    char why[240] = "";
    system->argv = json_incref(json_object_get(system->entry, "command"));
    json_object_set(system->about, "version", json_object_get(system->entry, "version"));
    int status = DIARIST_OK;
    if (json_is_array(argv)) {
        status = start_process(&process, system, argv, nothing, false, true, err);
        if (!status) {
            bench_process_wait(&ended, process, VERSION_S, &system->bounds->setup.stop);
            const char *output = bench_process_output(process)->bytes;
            size_t size = output ? strcspn(output, "\r\n") : 0;
            if (ended.how == BENCH_END_CANCELED)
                status = common_fail(err, DIARIST_ERROR_CANCELED, "was stopped");
            else if (ended.how != BENCH_END_EXIT || ended.code || size < 1)
                bench_ended_describe(why, &ended, VERSION_S, bench_process_log(process));
            if (!status && why[0])
                status = common_fail(err, DIARIST_ERROR_INPUT,
                                     "version_command does not say a version: %s", why);
            if (!status)
                json_object_set_new(system->about, "version",
                                    json_stringn(output, size < 80 ? size : 80));
            bench_process_free(process);
        }
    }
    json_decref(nothing);
    return status;
}

static int open_python(struct bench_system *system, const char *log, diarist_error *err) {
    const struct bench_setup *setup = &system->bounds->setup;
    const char *name = system->definition->id;
    const json_t *params = json_object_get(system->entry, "params");
    const char *given = json_string_value(json_object_get(system->entry, "version"));
    char *python = NULL, *scripts = NULL, *networks = NULL, *script = NULL;
    char *known = bench_environment_version(name);
    int status = known ? DIARIST_OK : common_fail_memory(err);
    json_object_set_new(system->about, "version", json_string(given ? given : known));
    if (!status)
        status = bench_environment_make(&python, setup, name, given, err);
    if (!status)
        status = bench_scripts_write(&scripts, setup, err);
    if (!status && !strcmp(name, "sherpa-onnx") && !json_object_get(params, "segmentation_model"))
        status = bench_networks_make(&networks, setup, err);
    if (!status) {
        /* "sherpa-onnx" -> sherpa_turns.py */
        script = bench_text_of("%s/%.*s_turns.py", scripts, (int)strcspn(name, "-"), name);
        system->argv = json_pack("[s,s,s]", python, "-B", script ? script : "");
        json_t *start = json_pack("{s:i,s:O,s:s?}", "threads", (int)system->bounds->num_threads,
                                  "params", params, "networks", networks);
        system->start = start ? json_dumps(start, JSON_COMPACT) : NULL;
        json_decref(start);
        if (!script || !system->argv || !system->start)
            status = common_fail_memory(err);
    }
    free(python);
    free(scripts);
    free(networks);
    free(script);
    free(known);
    if (status)
        return status;
    struct bench_measured loaded = {0};
    start_worker(&loaded, system);
    settle_worker(system, log);
    return loaded.status ? common_fail(err, loaded.status, "%s", loaded.error) : DIARIST_OK;
}

int bench_system_open(struct bench_system **out, const struct bench_bounds *bounds,
                      const json_t *entry, const char *log, diarist_error *err) {
    struct bench_system *system = calloc(1, sizeof *system);
    const char *id = json_string_value(json_object_get(entry, "definition"));
    *out = NULL;
    if (!system)
        return common_fail_memory(err);
    system->bounds = bounds;
    system->entry = entry;
    system->definition = id ? bench_definition_find(id) : NULL;
    system->kind = system->definition ? system->definition->kind : BENCH_KIND_COMMAND;
    system->about = json_object();
    system->environment = bench_environment_new(
        bounds->num_threads, system->definition ? system->definition->variables : NULL);
    int status = system->about && system->environment ? DIARIST_OK : common_fail_memory(err);
    if (!status && system->kind == BENCH_KIND_DIARIST)
        status = open_diarist(system, err);
    else if (!status && system->kind == BENCH_KIND_PYTHON)
        status = open_python(system, log, err);
    else if (!status && system->kind == BENCH_KIND_COMMAND)
        status = open_command(system, err);
    if (!status && system->kind != BENCH_KIND_ORACLE && !system->argv)
        status = common_fail_memory(err);
    if (status) {
        bench_system_close(system);
        return status;
    }
    *out = system;
    return DIARIST_OK;
}

/* ---- trying ------------------------------------------------------------------------------- */

/* What the program has said against its parameters, without its name and the recording's. */
static const char *reason_in(const char *line, const char *audio) {
    const char *prefix = "diarist: ", *found = strstr(line, audio);
    if (found && !strncmp(found + strlen(audio), ": ", 2))
        return found + strlen(audio) + 2;
    return strncmp(line, prefix, strlen(prefix)) ? line : line + strlen(prefix);
}

/* Runs it on what a file in memory holds; fails where it says that it was called wrongly. */
static int try_on_silence(struct bench_system *system, const char *audio,
                          const struct bench_place *place) {
    enum { WRONG_USAGE = 2 };
    struct bench_file file = {.file_id = (char[]){"silence"}, .audio = (char *)(uintptr_t)audio};
    struct bench_process *process;
    struct bench_ended ended;
    char line[160];
    json_t *values = values_of(system, &file, audio, "/dev/null");
    json_array_append_new(system->argv, json_string("--raw=s16le:16000:1"));
    int status =
        values ? start_process(&process, system, system->argv, values, false, false, place->err)
               : common_fail_memory(place->err);
    json_decref(values);
    if (status)
        return status;
    bench_process_wait(&ended, process, VERSION_S, NULL);
    bench_log_last_line(line, bench_process_log(process));
    bench_process_free(process);
    if (ended.how == BENCH_END_EXIT && ended.code == WRONG_USAGE)
        return bench_field_wrong(place, "params", "%s", reason_in(line, audio));
    return DIARIST_OK;
}

int bench_system_try(const json_t *entry, const diarist_bench_settings *settings,
                     const struct bench_place *place) {
    enum { SILENCE_BYTES = 3200 };
    struct bench_bounds bounds = {.settings = settings, .num_threads = 1};
    const char *id = json_string_value(json_object_get(entry, "definition"));
    const struct bench_definition *definition = id ? bench_definition_find(id) : NULL;
    struct bench_system *system;
    char audio[64];
    if (!definition || definition->kind != BENCH_KIND_DIARIST || !settings->program)
        return DIARIST_OK;
    int silence = memfd_create("silence", MFD_CLOEXEC);
    int status = silence < 0 || ftruncate(silence, SILENCE_BYTES) ||
                         sched_getaffinity(0, sizeof bounds.processors, &bounds.processors)
                     ? common_fail_memory(place->err)
                     : DIARIST_OK;
    snprintf(audio, sizeof audio, "/proc/%d/fd/%d", (int)getpid(), silence);
    if (!status && !bench_system_open(&system, &bounds, entry, NULL, NULL)) {
        status = try_on_silence(system, audio, place);
        bench_system_close(system);
    }
    if (silence >= 0)
        close(silence);
    return status;
}

void bench_system_close(struct bench_system *system) {
    if (!system)
        return;
    bench_process_free(system->process);
    bench_environment_free(system->environment);
    json_decref(system->argv);
    json_decref(system->about);
    free(system->start);
    free(system);
}

const char *bench_system_version(const struct bench_system *system) {
    return json_string_value(json_object_get(system->about, "version"));
}

json_t *bench_system_about(const struct bench_system *system) {
    return json_deep_copy(system->about);
}

bool bench_system_needs_wav(const struct bench_system *system) {
    return system->kind == BENCH_KIND_PYTHON || (system->argv && mentions(system->argv, "wav"));
}
