/* write.c - texts to files and standard output.
 * SPDX-License-Identifier: MIT */
#include "outputs.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_write(diarist_error *err, int wrong) {
    err->status = DIARIST_ERROR_OUTPUT;
    snprintf(err->message, sizeof err->message, "cannot be written: %s; give another --output",
             strerror(wrong ? wrong : EIO));
    return DIARIST_ERROR_OUTPUT;
}

static int write_all(int fd, const char *text, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Through a new file beside path, so that nothing partial is ever seen under its name. */
static int write_renamed(const char *path, const char *text, size_t size, diarist_error *err) {
    char *beside = cli_text("%s.%ld.part", path, (long)getpid());
    int fd = beside ? open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    int wrong = fd < 0 ? errno : 0;
    if (fd >= 0) {
        if (write_all(fd, text, size))
            wrong = errno;
        if (close(fd) && !wrong)
            wrong = errno;
        if (!wrong && rename(beside, path))
            wrong = errno;
        if (wrong)
            unlink(beside);
    }
    free(beside);
    return wrong ? fail_write(err, wrong) : DIARIST_OK;
}

int cli_write_file(const char *path, const char *text, size_t size, diarist_error *err) {
    struct stat st;
    if (stat(path, &st) || S_ISREG(st.st_mode))
        return write_renamed(path, text, size, err);
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
    return write_all(STDOUT_FILENO, text, size) ? fail_write(err, errno) : DIARIST_OK;
}

bool cli_reader_has_gone(void) {
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}
