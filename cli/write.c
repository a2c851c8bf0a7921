/* write.c - texts to files and standard output.
 * SPDX-License-Identifier: MIT */
#include "outputs.h"

#include "common/files.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_write(diarist_error *err, int wrong) {
    err->status = DIARIST_ERROR_OUTPUT;
    snprintf(err->message, sizeof err->message, "cannot be written: %s; give another --output",
             strerror(wrong ? wrong : EIO));
    return DIARIST_ERROR_OUTPUT;
}

int cli_write_file(const char *path, const char *text, size_t size, diarist_error *err) {
    struct stat st;
    if (stat(path, &st) || S_ISREG(st.st_mode)) {
        int failed = common_write_beside(path, text, size);
        return failed ? fail_write(err, failed) : DIARIST_OK;
    }
    /* A device or pipe is written as it is; renaming over it would replace it. */
    FILE *file = fopen(path, "wb");
    if (!file)
        return fail_write(err, errno);
    bool written = fwrite(text, 1, size, file) == size;
    int wrong = errno;
    if (fclose(file) && written) {
        written = false;
        wrong = errno;
    }
    return written ? DIARIST_OK : fail_write(err, wrong);
}

int cli_write_stdout(const char *text, size_t size, diarist_error *err) {
    fflush(stdout);
    int failed = common_write_all(STDOUT_FILENO, text, size);
    return failed ? fail_write(err, failed) : DIARIST_OK;
}

bool cli_reader_has_gone(void) {
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}
