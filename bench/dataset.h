/* dataset.h - the catalogue: which datasets there are, and where their folders lie.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_DATASET_H
#define BENCH_DATASET_H

#include <diarist/bench.h>

#include <stdbool.h>

struct bench_dataset {
    char *id, *name;
    char *description;          /* NULL: none */
    char *audio_dir, *rttm_dir; /* as the list or layout says; they need not be there */
    char *uem_dir;              /* NULL: none */
    bool allow_empty;           /* recordings in which nobody speaks are meant to be in it */
};

struct bench_catalogue {
    struct bench_dataset *datasets; /* in the order of the list; of folders: by id */
    size_t num;
};

/* The list of settings.datasets_file, or, without one, the folders of settings.datasets_root and
 * the ids of the Open Track. DIARIST_ERROR_INPUT: the list cannot be read or is wrong; the message
 * names file, entry and field. */
int bench_catalogue_load(struct bench_catalogue **out, const diarist_bench_settings *settings,
                         diarist_error *err);
void bench_catalogue_free(struct bench_catalogue *catalogue);

/* The dataset of that id. DIARIST_ERROR_INPUT: there is none; says which there are. */
int bench_catalogue_find(const struct bench_dataset **out, const struct bench_catalogue *catalogue,
                         const char *id, diarist_error *err);

/* The datasets of the Open Track, by id. */
struct bench_known {
    const char *id, *name, *description;
};
extern const struct bench_known bench_open_track[];
extern const size_t bench_num_open_track;

/* Whether it can name a dataset and its folder: no slash, space or the like. */
bool bench_dataset_id_is_good(const char *id);

#endif
