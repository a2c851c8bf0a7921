/* match.h - which recording belongs to which reference.
 * SPDX-License-Identifier: MIT
 *
 * A recording's id is its file's name without extension, white space as _. It belongs to the
 * reference that
 *   1. has that id in its lines,
 *   2. or is alone in a file of that name, and its own id is that of no recording,
 *   3., 4. the same without the name of a channel or microphone at the end of the recording's id.
 * Of several references that fit, that of the file named like the recording goes first, then by
 * name. A second recording of the same id or, in 3. and 4., of the same reference, is left over. */
#ifndef BENCH_MATCH_H
#define BENCH_MATCH_H

#include "references.h"

struct bench_recording {
    char *id;
    char *name;       /* of the file */
    size_t reference; /* of the references; SIZE_MAX: none */
    bool duplicate;   /* another recording stands for it */
};

struct bench_recordings {
    struct bench_recording *items; /* in order of their ids, then names */
    size_t num;
    struct bench_names bad_names; /* that are no UTF-8 */
};

/* The recordings of a folder, by the extensions of their names, without references.
 * DIARIST_ERROR_INPUT: the folder cannot be read. */
int bench_recordings_list(struct bench_recordings **out, const char *folder, diarist_error *err);
void bench_recordings_free(struct bench_recordings *recordings);

/* Fills `reference` and `duplicate`, and `taken` of the references. */
int bench_match(struct bench_recordings *recordings, struct bench_references *references,
                diarist_error *err);

/* The first of that id, or SIZE_MAX. */
size_t bench_recordings_find(const struct bench_recordings *recordings, const char *id);

/* How many bytes of an id are left without the name of a channel or microphone at its end:
 * "EN2002a.Mix-Headset", "ES2004a.Array1-01", "R8001_M8004_MS801", "S02_U06.CH1", "talk_ch2". */
size_t bench_id_without_channel(const char *id);

#endif
