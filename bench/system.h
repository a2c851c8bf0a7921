/* system.h - a system of a specification, ready to be run on one recording after another.
 * SPDX-License-Identifier: MIT
 *
 * open: set up what is missing, find out the version, load models where that is not measured
 * run: recording -> a file of turns, and what that took
 *
 * What is measured: of a process a recording (diarist, commands) all of it, from its start to its
 * end; of a process for all recordings (Python) the work alone, without imports and models. */
#ifndef BENCH_SYSTEM_H
#define BENCH_SYSTEM_H

#include "environment.h"
#include "field.h"
#include "selection.h"

#include <jansson.h>

/* What all systems of a run share. */
struct bench_bounds {
    const diarist_bench_settings *settings;
    struct bench_setup setup;
    cpu_set_t processors;
    int32_t num_threads;
};

struct bench_system; /* NULL where something went wrong */

/* entry: of the specification's systems; it and bounds must outlive the system. log: where what it
 * prints while it loads its models goes, when it prints something. What keeps it from
 * running is DIARIST_ERROR_INPUT, _OUTPUT or _MODEL. DIARIST_ERROR_CANCELED, DIARIST_ERROR_MEMORY.
 */
int bench_system_open(struct bench_system **out, const struct bench_bounds *bounds,
                      const json_t *entry, const char *log, diarist_error *err);
void bench_system_close(struct bench_system *system);

/* Whether an entry that is this program itself can run with its parameters on its model: on a tenth
 * of a second of silence. DIARIST_ERROR_ARGUMENT names place.params and what is said against them;
 * what else keeps it from running is left to the rows. */
int bench_system_try(const json_t *entry, const diarist_bench_settings *settings,
                     const struct bench_place *place);

const char *bench_system_version(const struct bench_system *system); /* NULL: unknown */
/* {"version","python","packages"} as far as known; a new reference. */
json_t *bench_system_about(const struct bench_system *system);
/* Whether it reads a WAV of bench_wav_make instead of the recording as it is. */
bool bench_system_needs_wav(const struct bench_system *system);

struct bench_measured {
    int status; /* DIARIST_OK, or DIARIST_ERROR_INPUT: it failed; DIARIST_ERROR_LIMIT: it ran out of
                   time; DIARIST_ERROR_CANCELED, DIARIST_ERROR_MEMORY */
    char error[240];                   /* one line; empty: none */
    double wall_s, cpu_s, peak_rss_mb; /* NaN: unknown */
};

/* Runs it on one recording. out: where its turns go (in any format that diarist reads); not there
 * afterwards where it said nothing. log: where what it printed goes, when it printed something. */
void bench_system_run(struct bench_measured *measured, struct bench_system *system,
                      const struct bench_file *file, const char *wav, const char *out,
                      const char *log);

#endif
