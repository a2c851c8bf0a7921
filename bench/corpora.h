/* corpora.h - which files of a corpus are recordings and references, as its authors name them.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_CORPORA_H
#define BENCH_CORPORA_H

#include <stdbool.h>

enum bench_corpus_kind { BENCH_CORPUS_NOTHING, BENCH_CORPUS_AUDIO, BENCH_CORPUS_REFERENCE };

struct bench_corpus {
    const char *name, *dataset_id;
    const char *looks_like; /* for people */
    /* Recordings of several channels: the first, as 16-kHz WAV, and no channel's name in the id.
     * Others stay as they are. */
    bool first_channel;
    enum bench_corpus_kind (*kind)(const char *path);
};

/* NULL: there is none of that name. */
const struct bench_corpus *bench_corpus_find(const char *name);

#endif
