/* fuzz_rttm.c - any bytes as a diarization: every reader, then every writer of what was read.
 * SPDX-License-Identifier: MIT
 *
 * The last byte chooses the format; 0 and those past the last: told from the content. */
#include "diarist/io.h"

#include "fuzz.h"

#include <unistd.h>

static void check_view(const diarist_document *document, size_t recording, diarist_view view) {
    size_t num_speakers = diarist_document_num_speakers(document, recording);
    diarist_turn turn, before = {0};
    size_t num = diarist_document_num_turns(document, recording, view);
    for (size_t i = 0; i < num; i++) {
        FUZZ_CHECK(!diarist_document_turn(document, recording, view, i, &turn));
        FUZZ_CHECK(turn.start >= 0 && turn.end > turn.start && turn.end <= 1e9);
        FUZZ_CHECK(turn.speaker >= 0 && (size_t)turn.speaker < num_speakers);
        FUZZ_CHECK(i == 0 || turn.start >= before.start);
        FUZZ_CHECK(i == 0 || view == DIARIST_OVERLAPPING || turn.start >= before.end);
        before = turn;
    }
    FUZZ_CHECK(diarist_document_turn(document, recording, view, num, &turn));
}

static void check_document(const diarist_document *document) {
    for (size_t r = 0; r < diarist_document_num_recordings(document); r++) {
        FUZZ_CHECK(diarist_document_recording_id(document, r));
        for (size_t s = 0; s < diarist_document_num_speakers(document, r); s++)
            FUZZ_CHECK(diarist_document_speaker_name(document, r, s));
        check_view(document, r, DIARIST_OVERLAPPING);
        check_view(document, r, DIARIST_EXCLUSIVE);
    }
}

static void write_all(const diarist_document *document) {
    diarist_write_options options;
    diarist_write_options_init(&options);
    options.embeddings = options.timing = options.colors = 1;
    const diarist_format *format;
    for (size_t i = 0; (format = diarist_document_format(i)); i++) {
        diarist_error err = {0};
        int status = format->can_write ? diarist_document_write(document, "/dev/null", format->name,
                                                                &options, &err)
                                       : 0;
        FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const diarist_format *format = NULL;
    if (size && data[size - 1] > 0)
        format = diarist_document_format((size_t)data[size - 1] - 1);
    int fd = fuzz_file(data, size ? size - 1 : 0);
    if (fd < 0)
        return 0;
    diarist_document *document;
    diarist_error err = {0};
    int status =
        diarist_document_read(&document, fuzz_path(fd), format ? format->name : NULL, &err);
    close(fd);
    FUZZ_CHECK(status == err.status && !status == (document != NULL));
    if (status) {
        FUZZ_CHECK(fuzz_is_line(err.message));
        return 0;
    }
    check_document(document);
    write_all(document);
    diarist_document_free(document);
    return 0;
}
