/* bench.h - the benchmark protocol: diarization systems on datasets, measured alike, in one report.
 * SPDX-License-Identifier: MIT
 *
 * dataset + specification -> run (a folder) -> report -> page, publication
 *
 * What goes in and comes out is JSON text; docs/decisions/006-benchmark.md and docs/schema say of
 * which form. A text that a function hands out is the caller's to free(). The conventions of
 * diarist.h hold here. */
#ifndef DIARIST_BENCH_H
#define DIARIST_BENCH_H

#include "diarist/diarist.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where things are. Strings are borrowed. */
typedef struct diarist_bench_settings {
    size_t struct_size;          /* set by diarist_bench_settings_init */
    const char *datasets_file;   /* a JSON list of datasets; NULL: the folders of datasets_root */
    const char *datasets_root;   /* default "data/datasets" */
    const char *environments;    /* folder for the environments of systems; default "data/venvs" */
    const char *program;         /* of the system `diarist`; NULL: its rows fail with a reason */
    int32_t default_cpu_threads; /* of specifications that do not say; 0: all of this process */
    const char *systems_file; /* a JSON list of systems that specifications may name; NULL: none */
    /* 1: specifications may not bring commands of their own, nor name files (parameters that are
     * texts): they come from somebody else than who owns this machine. Those of systems_file may.
     */
    int32_t refuse_commands;
} diarist_bench_settings;

/* Sets every field to its default. Never fails. */
DIARIST_API void diarist_bench_settings_init(diarist_bench_settings *settings);

/* ---- datasets ----------------------------------------------------------------------------- */

/* The catalogue: [{"dataset_id","name","description","audio_dir","rttm_dir","uem_dir","configured",
 * "state","available"}]. state: "there", "empty" (its folders are) or "not there"; available: the
 * first. DIARIST_ERROR_INPUT: the list cannot be read or is wrong; the message names file, entry
 * and field. */
DIARIST_API int diarist_bench_datasets(char **json, const diarist_bench_settings *settings,
                                       diarist_error *err);

/* What is in a dataset: {"dataset_id","name","configured","audio_dir","rttm_dir","uem_dir","audio",
 * "rttm","ready","complete","problem","manifest"}. ready: something in it can be measured;
 * complete: everything in it belongs together. DIARIST_ERROR_ARGUMENT: there is no such dataset. */
DIARIST_API int diarist_bench_dataset_check(char **json, const diarist_bench_settings *settings,
                                            const char *dataset_id, diarist_error *err);

/* Makes the folders audio and rttm of every dataset of the Open Track in datasets_root, where they
 * are not there: {"root","made":[ID],"there":[ID]}. */
DIARIST_API int diarist_bench_datasets_init(char **json, const diarist_bench_settings *settings,
                                            diarist_error *err);

/* Links folders into datasets_root as a dataset; uem may be NULL. DIARIST_ERROR_ARGUMENT:
 * dataset_id cannot be a name; DIARIST_ERROR_INPUT: a folder is not there, or the dataset has
 * something in its folders already. */
DIARIST_API int diarist_bench_dataset_bind(const diarist_bench_settings *settings,
                                           const char *dataset_id, const char *audio,
                                           const char *rttm, const char *uem, diarist_error *err);

/* Fills a dataset of datasets_root from a corpus ("aishell4", "alimeeting", "voxconverse") as its
 * authors publish it: folders and archives (tar, tar.gz, zip). Says what it has made:
 * {"dataset_id","folder","audio","references","skipped":[...]}; nothing is left of what failed.
 * DIARIST_ERROR_ARGUMENT: there is no such corpus.
 * DIARIST_ERROR_INPUT: a source is broken, unsafe or holds nothing of the corpus, or the dataset
 * has something in its folders already. */
DIARIST_API int diarist_bench_dataset_prepare(char **json, const diarist_bench_settings *settings,
                                              const char *corpus, const char *const *sources,
                                              size_t num_sources, diarist_error *err);

/* ---- runs --------------------------------------------------------------------------------- */

/* The systems that can be named: [{"system_id","summary","needs","version","params":[NAME]}], those
 * of systems_file last. docs/benchmark.md describes them. */
DIARIST_API int diarist_bench_systems(char **json, const diarist_bench_settings *settings,
                                      diarist_error *err);

/* Checks a specification (docs/schema/spec.schema.json) as a whole, and hands out the same
 * with every default filled in. settings.program is started where it has parameters that depend on
 * its model. DIARIST_ERROR_ARGUMENT names the field by its path
 * ("systems[1].params.min_speakers"); DIARIST_ERROR_INPUT: a list of datasets or systems is wrong.
 */
DIARIST_API int diarist_bench_spec_check(char **json, const diarist_bench_settings *settings,
                                         const char *spec, diarist_error *err);

/* How far a run has come. Strings live during the call. */
typedef struct diarist_bench_progress {
    const char *phase;     /* "setup", "warmup", "run", "done" */
    const char *system_id; /* NULL when done */
    const char *file_id;   /* being measured, or of the row that is new; NULL: none */
    const char *message;   /* NULL, or one line: what is being set up, why a row is not ok */
    const char *status;    /* of a row that is new: "ok", "failed", "timeout", "unreadable"; NULL */
    int32_t run_index;     /* from 0 */
    size_t num_done, num_total; /* rows, those of before included */
    double elapsed_s;           /* since this call began */
    double eta_s;               /* that are left; negative: not known yet */
} diarist_bench_progress;

/* Called at every event and several times a second in between, on the thread that runs. Return 0 to
 * go on; anything else ends the run with DIARIST_ERROR_CANCELED, its children first. */
typedef int (*diarist_bench_progress_fn)(void *data, const diarist_bench_progress *progress);

typedef struct diarist_bench_run_options {
    size_t struct_size;   /* set by diarist_bench_run_options_init */
    int32_t retry_failed; /* 1: rows of the folder that are not ok are measured again; default 0 */
    diarist_bench_progress_fn progress; /* NULL: none */
    void *progress_data;
    const char *job_id; /* what a new run is called in its report: letters, digits, . _ -; NULL: a
                           name is made */
} diarist_bench_run_options;
DIARIST_API void diarist_bench_run_options_init(diarist_bench_run_options *options);

/* Runs a specification in a folder, or goes on with the run that is there. A system or recording
 * that goes wrong is a row and no error. DIARIST_ERROR_ARGUMENT: the specification is wrong, or the
 * folder holds a run of another one or of other data; DIARIST_ERROR_INPUT: the dataset cannot be
 * read; DIARIST_ERROR_OUTPUT: the folder cannot be written or is in use; DIARIST_ERROR_CANCELED:
 * the same call goes on where this one ended. */
DIARIST_API int diarist_bench_run(const diarist_bench_settings *settings, const char *spec,
                                  const char *run_dir, const diarist_bench_run_options *options,
                                  diarist_error *err);

/* ---- reports ------------------------------------------------------------------------------ */

/* Makes the report of a run's folder, finished or not (docs/schema/report.schema.json).
 * DIARIST_ERROR_INPUT: it is none, or a file in it is damaged; the message says which, and where.
 */
DIARIST_API int diarist_bench_report(char **json, const char *run_dir, diarist_error *err);

/* The same of a folder, or reads a report or publication from a file. */
DIARIST_API int diarist_bench_report_load(char **report, const char *path, diarist_error *err);

/* A report, or one inside a publication, as "json", "markdown" or "html": one page that needs no
 * other file. */
DIARIST_API int diarist_bench_report_format(char **text, const char *report, const char *format,
                                            diarist_error *err);

/* Makes the report of a run's folder and puts it there: report.json, report.md, report.html. */
DIARIST_API int diarist_bench_report_write(const char *run_dir, diarist_error *err);

/* Compares each system of two or more reports [num] with those of the others, by paired bootstrap
 * over files; as "json" or "markdown". DIARIST_ERROR_INPUT: they are of different selections, or of
 * one job. */
DIARIST_API int diarist_bench_compare(char **text, const char *const *reports, size_t num,
                                      const char *format, diarist_error *err);

/* ---- publishing --------------------------------------------------------------------------- */

/* Told of what looks like a secret, never of the secret itself: where, and of which kind. */
typedef void diarist_bench_secret_fn(void *data, const char *path, size_t line, const char *kind);

/* Looks through every file below a folder for keys, tokens and passwords. DIARIST_ERROR_INPUT: a
 * file or folder cannot be read. */
DIARIST_API int diarist_bench_scan(const char *folder, diarist_bench_secret_fn *found, void *data,
                                   diarist_error *err);

typedef struct diarist_bench_publication {
    size_t struct_size;      /* set by diarist_bench_publication_init */
    const char *to;          /* folder, made where it is not there */
    const char *base_url;    /* where the report came from; NULL: no server. Internal */
    int32_t internal_fields; /* 1: host name, folders and base_url are published; default 0 */
    diarist_bench_secret_fn *found; /* NULL: only counted */
    void *found_data;
} diarist_bench_publication;
DIARIST_API void diarist_bench_publication_init(diarist_bench_publication *options);

/* Puts a report (or one inside a publication) into a folder: runs/YYYY-MM-DD/JOB_ID.json,
 * latest.json and latest.md unless those are of a later job, and its lines in history.csv. Doing so
 * again changes nothing. DIARIST_ERROR_LIMIT: something looks like a secret; nothing is written.
 * DIARIST_ERROR_INPUT: what is there already was not made by this. */
DIARIST_API int diarist_bench_publish(const char *report, const diarist_bench_publication *options,
                                      diarist_error *err);

#ifdef __cplusplus
}
#endif
#endif
