/* load.c - a whole text file in memory, as UTF-8.
 * SPDX-License-Identifier: MIT
 *
 * bytes -> byte order mark removed, UTF-16 (Praat's and spreadsheets' habit) turned into UTF-8 */
#define _GNU_SOURCE
#include "input/input.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail_input(diarist_error *err, const char *path, const char *what) {
    return dr_fail(err, DIARIST_ERROR_INPUT, "%.120s: %s", path, what);
}

static int fail_system(diarist_error *err, const char *path) {
    char reason[128];
    return dr_fail(err, DIARIST_ERROR_INPUT, "%.120s: %s; check the path", path,
                   strerror_r(errno, reason, sizeof reason));
}

/* Reads fd to its end; 0, or a status. Pipes have no size, so the buffer grows. */
static int read_all(char **out, size_t *size, int fd, const char *path, diarist_error *err) {
    size_t used = 0, capacity = 1 << 16;
    char *bytes = malloc(capacity + 1);
    if (!bytes)
        return dr_fail_memory(err);
    for (;;) {
        ssize_t num = read(fd, bytes + used, capacity - used);
        if (num < 0 && errno == EINTR)
            continue;
        if (num < 0) {
            int status = fail_system(err, path);
            free(bytes);
            return status;
        }
        used += (size_t)num;
        if (num == 0)
            break;
        if (used > DR_INPUT_MAX_BYTES) {
            free(bytes);
            return fail_input(err, path,
                              "larger than 64 MiB, which no diarization is; check the path");
        }
        if (used < capacity)
            continue;
        capacity *= 2;
        char *grown = realloc(bytes, capacity + 1);
        if (!grown) {
            free(bytes);
            return dr_fail_memory(err);
        }
        bytes = grown;
    }
    bytes[used] = 0;
    *out = bytes;
    *size = used;
    return DIARIST_OK;
}

static size_t put_utf8(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00 >> length & 0xff) | c);
    return length;
}

/* num bytes of UTF-16 -> UTF-8 with a 0 behind; a lone surrogate becomes U+FFFD. NULL: no memory.
 */
static char *from_utf16(const unsigned char *bytes, size_t num, int big_endian, size_t *size) {
    size_t units = num / 2;
    char *text = malloc(units * 3 + 1);
    if (!text)
        return NULL;
    *size = 0;
    for (size_t i = 0; i < units; i++) {
        uint32_t c = (uint32_t)bytes[2 * i + !big_endian] << 8 | bytes[2 * i + big_endian];
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < units) {
            uint32_t low =
                (uint32_t)bytes[2 * i + 2 + !big_endian] << 8 | bytes[2 * i + 2 + big_endian];
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i++;
            }
        }
        *size += put_utf8(text + *size, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }
    text[*size] = 0;
    return text;
}

/* Takes over bytes; on success *text is they or what they became. */
static int decode(char **text, size_t *size, char *bytes, const char *path, diarist_error *err) {
    unsigned char mark[3] = {0};
    memcpy(mark, bytes, *size < 3 ? *size : 3);
    int big_endian = mark[0] == 0xfe && mark[1] == 0xff;
    *text = bytes;
    if (mark[0] == 0xef && mark[1] == 0xbb && mark[2] == 0xbf) {
        *size -= 3;
        memmove(bytes, bytes + 3, *size + 1);
    } else if (big_endian || (mark[0] == 0xff && mark[1] == 0xfe)) {
        *text = from_utf16((unsigned char *)bytes + 2, *size - 2, big_endian, size);
        free(bytes);
        if (!*text)
            return dr_fail_memory(err);
    }
    if (!memchr(*text, 0, *size))
        return DIARIST_OK;
    free(*text);
    *text = NULL;
    return fail_input(err, path, "not a text file; expected a diarization such as RTTM or JSON");
}

int dr_input_load(char **text, size_t *size, const char *path, diarist_error *err) {
    *text = NULL;
    int standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_system(err, path);
    char *bytes = NULL;
    int status = read_all(&bytes, size, fd, standard ? "standard input" : path, err);
    if (!standard)
        close(fd);
    return status ? status : decode(text, size, bytes, standard ? "standard input" : path, err);
}
