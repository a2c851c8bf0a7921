/* source.h - the bytes of an input: a file, a pipe or a device.
 * SPDX-License-Identifier: MIT
 *
 * path or "-" -> dr_source -> peek (what is it?) -> read to the end (raw PCM, WAV)
 *                                                or keep, then read_at or fd (everything else)
 *
 * A pipe that yields nothing for stall_s seconds is an error. Memory does not grow with the input.
 */
#ifndef DR_AUDIO_SOURCE_H
#define DR_AUDIO_SOURCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { DR_SOURCE_PEEK = 65536 }; /* bytes that can be looked at before they are read */

struct dr_source;

/* Opens path ("-": standard input). DIARIST_ERROR_INPUT: missing, unreadable, a directory. */
int dr_source_open(struct dr_source **out, const char *path, double stall_s, diarist_error *err);

/* Takes over fd, the reading end of a pipe, whatever comes of it. */
int dr_source_from_pipe(struct dr_source **out, int fd, double stall_s, diarist_error *err);
void dr_source_close(struct dr_source *source); /* NULL allowed */

/* The first min(most, size) bytes, most being DR_SOURCE_PEEK at most; they will be read again.
 * Owned by the source. Only before the first read. */
int dr_source_peek(struct dr_source *source, size_t most, const uint8_t **head, size_t *num,
                   diarist_error *err);

/* The next bytes, 1 to capacity; *num is 0 at the end only. */
int dr_source_read(struct dr_source *source, void *bytes, size_t capacity, size_t *num,
                   diarist_error *err);

/* Passes over count bytes; *skipped is less at the end only. */
int dr_source_skip(struct dr_source *source, uint64_t count, uint64_t *skipped, diarist_error *err);

/* Makes all bytes reachable by dr_source_read_at and dr_source_fd: a file is left as it is, a pipe
 * is copied to a temporary file without a name, up to max_bytes in all (*complete: its end was
 * reached). May be called again to copy more. Not after dr_source_read. */
int dr_source_keep(struct dr_source *source, uint64_t max_bytes, bool *complete,
                   diarist_error *err);

/* Bytes at offset of a file or kept pipe; *num is less than count at its end only. */
int dr_source_read_at(struct dr_source *source, uint64_t offset, void *bytes, size_t count,
                      size_t *num, diarist_error *err);

int dr_source_fd(const struct dr_source *source);            /* of a file or kept pipe */
bool dr_source_is_file(const struct dr_source *source);      /* its size is known */
uint64_t dr_source_size(const struct dr_source *source);     /* of a file or kept pipe; else 0 */
uint64_t dr_source_position(const struct dr_source *source); /* bytes read and skipped */

/* SHA-256 of all bytes, 64 hex digits owned by the source; NULL when a pipe was not read to its
 * end or a file cannot be read. Reads a whole file once. */
const char *dr_source_sha256(struct dr_source *source);

#endif
