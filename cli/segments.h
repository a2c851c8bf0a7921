/* segments.h - which turns of --segments are of a file.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_SEGMENTS_H
#define CLI_SEGMENTS_H

#include "diarist/io.h"

#include <stdbool.h>

/* The recording of the segments that belongs to path: by its id, or (of an only input) the only one
 * there is, with a warning. A diarist_status. */
int cli_segments_find(size_t *recording, const diarist_document *segments, const char *path,
                      bool only_input, diarist_error *err);

#endif
