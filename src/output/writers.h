/* writers.h - one function per format.
 * SPDX-License-Identifier: MIT */
#ifndef DR_OUTPUT_WRITERS_H
#define DR_OUTPUT_WRITERS_H

#include "document.h"
#include "output/sink.h"

/* Puts a document into a sink. Fails for want of memory, or with DIARIST_ERROR_ARGUMENT when the
 * format cannot hold the document; the sink keeps its own errors. */
typedef int dr_writer_fn(struct dr_sink *sink, const diarist_document *document,
                         const diarist_write_options *options, diarist_error *err);

dr_writer_fn dr_write_rttm, dr_write_json, dr_write_jsonl, dr_write_csv, dr_write_srt, dr_write_vtt,
    dr_write_textgrid, dr_write_audacity, dr_write_senko, dr_write_pyannoteai, dr_write_whisperx,
    dr_write_assemblyai;

#endif
