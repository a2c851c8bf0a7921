/* fuzz_score.c - any bytes as a UEM, and any turns scored in it.
 * SPDX-License-Identifier: MIT
 *
 * UEM, reference and hypothesis, divided by the byte 0x1e; the last byte chooses collar and
 * overlap. */
#include "diarist/score.h"

#include "fuzz.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* The bytes up to the next 0x1e, as a file; *data and *size become what is behind. */
static int next_file(const uint8_t **data, size_t *size) {
    const uint8_t *end = *size ? memchr(*data, 0x1e, *size) : NULL;
    size_t n = end ? (size_t)(end - *data) : *size;
    int fd = fuzz_file(*data, n);
    *data += end ? n + 1 : n;
    *size -= end ? n + 1 : n;
    return fd;
}

static diarist_uem *read_uem(int fd) {
    diarist_uem *uem;
    diarist_error err = {0};
    if (diarist_uem_new(&uem, &err))
        return NULL;
    int status = diarist_uem_read(uem, fuzz_path(fd), &err);
    FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
    for (size_t i = 0; i < diarist_uem_num_recordings(uem); i++) {
        size_t num;
        const diarist_region *regions =
            diarist_uem_regions(uem, diarist_uem_recording_id(uem, i), &num);
        FUZZ_CHECK(regions && num);
        for (size_t r = 0; r < num; r++)
            FUZZ_CHECK(regions[r].start >= 0 && regions[r].end > regions[r].start &&
                       regions[r].end <= 1e9);
    }
    return uem;
}

static diarist_document *read_turns(int fd) {
    diarist_document *document;
    return diarist_document_read(&document, fuzz_path(fd), "rttm", NULL) ? NULL : document;
}

static void check(const diarist_score *score) {
    const double slack = 1e-6 * (1 + score->scored_s);
    FUZZ_CHECK(score->scored_s >= 0 && score->missed_s >= 0 && score->false_alarm_s >= 0);
    FUZZ_CHECK(score->confusion_s >= -slack);
    FUZZ_CHECK(score->missed_s + score->confusion_s <= score->scored_s + slack);
    FUZZ_CHECK(score->count_error >= 0 && score->count_exact <= score->num_files);
    double jer = diarist_score_jer(score), der = diarist_score_der(score);
    FUZZ_CHECK(isnan(jer) || (jer > -1e-9 && jer < 1 + 1e-9));
    FUZZ_CHECK(isnan(der) == (score->scored_s == 0));
}

static void score(const diarist_document *reference, const diarist_document *hypothesis,
                  const diarist_uem *uem, const diarist_score_options *options) {
    diarist_scores *scores;
    diarist_scored_file file;
    diarist_score overall;
    diarist_error err = {0};
    int status = diarist_score_documents(&scores, reference, hypothesis, uem, options, &err);
    FUZZ_CHECK(status == err.status && !status == (scores != NULL));
    for (size_t i = 0; !status && diarist_scores_file(scores, i, &file) == 0; i++)
        check(&file.score);
    if (!status) {
        diarist_scores_overall(scores, &overall);
        check(&overall);
    }
    diarist_scores_free(scores);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const double collars[] = {0, 0.25, 1e-7, 3600};
    diarist_score_options options;
    diarist_score_options_init(&options);
    uint8_t choice = size ? data[--size] : 0;
    options.collar_s = collars[choice & 3];
    options.skip_overlap = choice >> 2 & 1;
    int uem_fd = next_file(&data, &size);
    int ref_fd = next_file(&data, &size);
    int hyp_fd = next_file(&data, &size);
    diarist_uem *uem = uem_fd < 0 ? NULL : read_uem(uem_fd);
    diarist_document *reference = ref_fd < 0 ? NULL : read_turns(ref_fd);
    diarist_document *hypothesis = hyp_fd < 0 ? NULL : read_turns(hyp_fd);
    if (reference && hypothesis) {
        score(reference, hypothesis, uem, &options);
        score(reference, hypothesis, NULL, &options);
        score(reference, reference, uem, &options);
    }
    diarist_document_free(reference);
    diarist_document_free(hypothesis);
    diarist_uem_free(uem);
    const int fds[] = {uem_fd, ref_fd, hyp_fd};
    for (size_t i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return 0;
}
