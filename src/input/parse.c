/* parse.c - from a text to a settled document.
 * SPDX-License-Identifier: MIT */
#include "input/readers.h"

#include "base/c_numbers.h"

/* A file in which nobody talks is a recording all the same. */
static int settle(diarist_document *document, const struct dr_input *in) {
    struct dr_document_recording *recording;
    int status = DIARIST_OK;
    if (document->num_recordings == 0)
        status = dr_input_recording(in, document, &recording);
    for (size_t r = 0; r < document->num_recordings && !status; r++) {
        recording = document->recordings[r];
        status = dr_recording_order_speakers(recording, in->err);
        if (!status)
            status = dr_recording_settle(recording, in->err);
    }
    return status;
}

int dr_input_parse(diarist_document **out, struct dr_input *in, dr_reader_fn *read) {
    *out = NULL;
    diarist_document *document = NULL;
    struct dr_c_numbers numbers;
    int status = dr_c_numbers_begin(&numbers, in->err);
    if (status)
        return status;
    status = diarist_document_new(&document, in->err);
    if (!status)
        status = read(in, document);
    if (!status)
        status = settle(document, in);
    if (status)
        diarist_document_free(document);
    else
        *out = document;
    dr_c_numbers_end(&numbers);
    return status;
}
