/* fuzz_profile.c - any bytes as a profile.
 * SPDX-License-Identifier: MIT */
#include "diarist/profile.h"

#include "fuzz.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* What was read is whole and can be matched. */
static void check(const diarist_profile *profile) {
    diarist_profile_info about;
    diarist_sample sample;
    diarist_match match;
    diarist_profile_describe(profile, &about);
    FUZZ_CHECK(about.num_samples >= 1 && about.embedding_dim >= 1 && about.seconds >= 0);
    FUZZ_CHECK(strlen(about.model_sha256) == 64 && about.name[0]);
    for (size_t i = 0; diarist_profile_sample(profile, i, &sample) == 0; i++) {
        FUZZ_CHECK(sample.file && sample.enrolled && sample.seconds >= 0);
        diarist_match_voice(&match, sample.embedding, about.embedding, 1, about.embedding_dim, -1,
                            0);
        FUZZ_CHECK(fabs(match.score) < 1 + 1e-6);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    diarist_profile *profile;
    diarist_error err = {0};
    int fd = fuzz_file(data, size);
    if (fd < 0)
        return 0;
    int status = diarist_profile_read(&profile, fuzz_path(fd), &err);
    FUZZ_CHECK(status == err.status && !status == (profile != NULL));
    FUZZ_CHECK(!status || fuzz_is_line(err.message));
    if (profile)
        check(profile);
    diarist_profile_free(profile);
    close(fd);
    return 0;
}
