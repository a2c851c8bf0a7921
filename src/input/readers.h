/* readers.h - one function per format.
 * SPDX-License-Identifier: MIT */
#ifndef DR_INPUT_READERS_H
#define DR_INPUT_READERS_H

#include "input/input.h"

/* Adds what the file holds to a document, unsettled. On failure the document is only good for
 * freeing. Needs the "C" numeric locale. */
typedef int dr_reader_fn(struct dr_input *in, diarist_document *document);

dr_reader_fn dr_read_rttm, dr_read_json, dr_read_jsonl, dr_read_csv, dr_read_srt, dr_read_vtt,
    dr_read_textgrid, dr_read_audacity, dr_read_senko, dr_read_pyannoteai, dr_read_whisperx,
    dr_read_assemblyai;

/* The name of the format that a text looks like, or NULL. An empty text is "rttm": a recording in
 * which nobody talks. */
const char *dr_input_detect(const char *text, size_t size);

/* Reads, orders speakers by first appearance, settles. *out is NULL on failure. */
int dr_input_parse(diarist_document **out, struct dr_input *in, dr_reader_fn *read);

#endif
