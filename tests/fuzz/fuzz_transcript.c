/* fuzz_transcript.c - any bytes as a transcript, whose speakers a diarization says.
 * SPDX-License-Identifier: MIT */
#include "server/transcript.h"

#include "fuzz.h"

#include <string.h>
#include <unistd.h>

static diarist_document *document;

/* Three turns of two speakers, two of which overlap. */
static void read_document(void) {
    static const char rttm[] = "SPEAKER f 1 0.5 2.0 <NA> <NA> a <NA> <NA>\n"
                               "SPEAKER f 1 2.0 1.0 <NA> <NA> b <NA> <NA>\n"
                               "SPEAKER f 1 6.0 1e3 <NA> <NA> a <NA> <NA>\n";
    diarist_error err;
    int fd = fuzz_file((const uint8_t *)rttm, sizeof rttm - 1);
    FUZZ_CHECK(fd >= 0 && !diarist_document_read(&document, fuzz_path(fd), "rttm", &err));
    close(fd);
}

static void check(struct server_transcript *transcript) {
    static const char *const ids[] = {"SPEAKER_00", "SPEAKER_01"}, *const names[] = {"A", NULL};
    diarist_error err = {0};
    FUZZ_CHECK(!server_transcript_overlap(transcript, document, &err));
    FUZZ_CHECK(!server_transcript_label(transcript, ids, names));
    for (size_t i = 0; i < transcript->num; i++) {
        json_t *speaker = json_object_get(transcript->segments[i].object, "speaker");
        FUZZ_CHECK(transcript->segments[i].speaker < 0
                       ? json_is_null(speaker)
                       : !strcmp(json_string_value(speaker), ids[transcript->segments[i].speaker]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct server_transcript transcript;
    diarist_error err = {0};
    if (!document)
        read_document();
    json_t *root = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (!root)
        return 0;
    int status = server_transcript_read(&transcript, root, &err);
    FUZZ_CHECK(status == err.status);
    FUZZ_CHECK(!status || fuzz_is_line(err.message));
    if (!status)
        check(&transcript);
    server_transcript_clear(&transcript);
    return 0;
}
