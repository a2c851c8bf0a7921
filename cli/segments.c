/* segments.c - which turns of --segments are of a file.
 * SPDX-License-Identifier: MIT */
#include "segments.h"

#include "report.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

int cli_segments_find(size_t *recording, const diarist_document *segments, const char *path,
                      bool only_input, diarist_error *err) {
    size_t num = diarist_document_num_recordings(segments);
    char *stem = cli_stem(path);
    if (!stem)
        return cli_set_memory_error(err);
    for (char *c = stem; *c; c++)
        if (*c == ' ')
            *c = '_';
    for (*recording = 0; *recording < num; ++*recording)
        if (!strcmp(diarist_document_recording_id(segments, *recording), stem))
            break;
    free(stem);
    if (*recording < num)
        return DIARIST_OK;
    *recording = 0;
    if (only_input && num == 1) {
        cli_warning(path, "--segments is of %s; taken as this recording's",
                    diarist_document_recording_id(segments, 0));
        return DIARIST_OK;
    }
    return cli_set_error(
        err, DIARIST_ERROR_INPUT,
        "--segments has no turns of this recording; its file id must be the file's name "
        "without extension");
}
