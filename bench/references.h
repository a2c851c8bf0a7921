/* references.h - the references of a folder: who really spoke when, by recording.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_REFERENCES_H
#define BENCH_REFERENCES_H

#include "folder.h"

#include "diarist/io.h"

struct bench_reference_file {
    char *path;
    diarist_document *document; /* NULL: unreadable */
    char *problem;              /* why */
};

/* One recording's reference. Pointers into the file's document and path. */
struct bench_reference {
    size_t file;
    size_t recording; /* of the document; SIZE_MAX: the file has no turns, or is unreadable */
    const char *id;   /* of its lines; where there are none, the stem */
    char *stem;       /* of the file's name; NULL where the file holds several recordings */
    bool taken;       /* a recording has it */
};

struct bench_references {
    struct bench_reference_file *files; /* in order of their names */
    size_t num_files;
    struct bench_reference *items;
    size_t num;
    struct bench_names variants; /* names that were left out: a.phrases.rttm beside a.rttm */
};

/* Reads every NAME.rttm of a folder. NAME.VARIANT.rttm beside NAME.rttm is another version of the
 * same reference and left out, unless audio_ids (sorted) has NAME.VARIANT.
 * A file that cannot be read is a reference with a problem.
 * DIARIST_ERROR_INPUT: the folder cannot be read. */
int bench_references_read(struct bench_references **out, const char *folder,
                          const struct bench_names *audio_ids, diarist_error *err);
void bench_references_free(struct bench_references *references);

/* What a reference says. */
struct bench_reference_facts {
    size_t num_turns, num_speakers;
    double end_s;     /* of the last turn */
    double speech_s;  /* somebody talks */
    double overlap_s; /* two or more talk */
};
int bench_reference_facts(struct bench_reference_facts *out,
                          const struct bench_references *references,
                          const struct bench_reference *reference, diarist_error *err);

#endif
