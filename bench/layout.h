/* layout.h - folders of a dataset that are made: ROOT/ID/audio, ROOT/ID/rttm, ROOT/ID/uem.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_LAYOUT_H
#define BENCH_LAYOUT_H

#include "diarist/bench.h"

/* ROOT/ID, made where it is not there; *folder is absolute and to be freed. DIARIST_ERROR_INPUT:
 * the id cannot name a folder, DIARIST_ERROR_OUTPUT. */
int bench_layout_folder(char **folder, const diarist_bench_settings *settings, const char *id,
                        diarist_error *err);

/* FOLDER/part must not be there, or be an empty folder, which is removed. DIARIST_ERROR_INPUT. */
int bench_layout_make_room(const char *folder, const char *part, diarist_error *err);

#endif
