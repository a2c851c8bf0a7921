/* corpora.c - which files of a corpus are recordings and references.
 * SPDX-License-Identifier: MIT */
#include "corpora.h"

#include "folder.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool is_sound(const char *name) {
    return bench_has_extension(name, "wav") || bench_has_extension(name, "flac");
}

/* test/wav/L_R003S01C02.flac (8 channels), test/TextGrid/L_R003S01C02.TextGrid and .rttm */
static enum bench_corpus_kind aishell4(const char *path) {
    return is_sound(path) ? BENCH_CORPUS_AUDIO
           : bench_has_extension(path, "TextGrid") || bench_has_extension(path, "rttm")
               ? BENCH_CORPUS_REFERENCE
               : BENCH_CORPUS_NOTHING;
}

/* Whether a folder of the path ends with that text. */
static bool has_folder(const char *path, const char *end) {
    size_t length = strlen(end);
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
        if ((size_t)(slash - path) >= length && !strncasecmp(slash - length, end, length))
            return true;
    return false;
}

/* Eval_Ali_far/audio_dir/R8001_M8004_MS801.wav (8 channels),
 * Eval_Ali_far/textgrid_dir/R8001_M8004.TextGrid; beside it Eval_Ali_near, a headset a speaker:
 * R8001_M8004_N_SPK8013.wav and .TextGrid */
static enum bench_corpus_kind alimeeting(const char *path) {
    if (has_folder(path, "_near") || strstr(bench_path_name(path), "_N_SPK"))
        return BENCH_CORPUS_NOTHING;
    return is_sound(path)                          ? BENCH_CORPUS_AUDIO
           : bench_has_extension(path, "TextGrid") ? BENCH_CORPUS_REFERENCE
                                                   : BENCH_CORPUS_NOTHING;
}

/* audio/abjxc.wav or voxconverse_test_wav/aepyx.wav, and dev/abjxc.rttm */
static enum bench_corpus_kind voxconverse(const char *path) {
    return is_sound(path)                      ? BENCH_CORPUS_AUDIO
           : bench_has_extension(path, "rttm") ? BENCH_CORPUS_REFERENCE
                                               : BENCH_CORPUS_NOTHING;
}

static const struct bench_corpus corpora[] = {
    {"aishell4", "aishell4", "the folder or archive of its test part (wav, TextGrid)", true,
     aishell4},
    {"alimeeting", "alimeeting_ch1", "the folder or archive of its eval part (Eval_Ali)", true,
     alimeeting},
    {"voxconverse", "voxconverse", "folders or archives with its .wav and .rttm files", false,
     voxconverse},
};

const struct bench_corpus *bench_corpus_find(const char *name) {
    for (size_t i = 0; i < sizeof corpora / sizeof corpora[0]; i++)
        if (!strcmp(corpora[i].name, name))
            return &corpora[i];
    return NULL;
}
