/* turns.h - what a system said about a recording: kept as RTTM, and scored.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include "selection.h"

/* Reads the one recording that `said` (a file in any format that diarist reads) holds, writes it to
 * rttm under the file's id and removes `said`. note: one line where the turns say that they are of
 * another recording, else empty; wav: the recording as bench_wav_make has written it.
 * DIARIST_ERROR_INPUT: the file is not there, no diarization, or of several recordings. */
int bench_turns_take(char note[240], const char *rttm, const char *said,
                     const struct bench_file *file, const char *wav, diarist_error *err);

/* Scores rttm (NULL: nobody was heard) against the reference of file, in both ways of a row. Sets
 * "scores", "reference_speakers" and, unless rttm is NULL, "predicted_speakers" of row. */
int bench_turns_score(json_t *row, const struct bench_file *file, const char *rttm,
                      diarist_error *err);

#endif
