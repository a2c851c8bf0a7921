/* fuzz.h - what the fuzzers share.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A promise that must hold whatever the input is. */
#define FUZZ_CHECK(promise)                                                  \
    do {                                                                     \
        if (!(promise)) {                                                    \
            dprintf(2, "%s:%d: not so: %s\n", __FILE__, __LINE__, #promise); \
            abort();                                                         \
        }                                                                    \
    } while (0)

/* Is it one line that says something? */
static inline bool fuzz_is_line(const char *message) {
    for (const char *c = message; *c; c++)
        if (*c == '\n' || *c == '\r')
            return false;
    return message[0];
}

/* A file or pipe that lives in memory and holds the bytes; -1 when there is none to be had. */
int fuzz_file(const uint8_t *data, size_t size);
int fuzz_pipe(const uint8_t *data, size_t size); /* its reading end; up to 1 MiB */

/* The path under which a descriptor can be opened; overwritten by the next call. */
const char *fuzz_path(int fd);

#endif
