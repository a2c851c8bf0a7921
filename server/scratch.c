/* scratch.c - documents to and from text.
 * SPDX-License-Identifier: MIT */
#include "scratch.h"

#include "common/fail.h"
#include "common/files.h"
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int server_scratch_path(char out[SERVER_SCRATCH_PATH], const char *folder, diarist_error *err) {
    char id[SERVER_ID_BYTES];
    server_make_id(id);
    return snprintf(out, SERVER_SCRATCH_PATH, "%s/%s", folder, id) < SERVER_SCRATCH_PATH
               ? DIARIST_OK
               : common_fail(err, DIARIST_ERROR_OUTPUT, "the name of the data folder is too long");
}

static int read_all(char **text, size_t *size, const char *path, diarist_error *err) {
    FILE *file = fopen(path, "rb");
    long n = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
    *text = n >= 0 ? malloc((size_t)n + 1) : NULL;
    bool good = *text && !fseek(file, 0, SEEK_SET) && fread(*text, 1, (size_t)n, file) == (size_t)n;
    if (file)
        fclose(file);
    if (!good) {
        free(*text);
        *text = NULL;
        return common_fail(err, DIARIST_ERROR_OUTPUT, "a result cannot be read back");
    }
    (*text)[n] = 0;
    if (size)
        *size = (size_t)n;
    return DIARIST_OK;
}

int server_scratch_write(char **text, size_t *size, const diarist_document *document,
                         const char *format, const diarist_write_options *options,
                         const char *folder, diarist_error *err) {
    char path[SERVER_SCRATCH_PATH];
    *text = NULL;
    int rc = server_scratch_path(path, folder, err);
    if (rc)
        return rc;
    rc = diarist_document_write(document, path, format, options, err);
    if (!rc)
        rc = read_all(text, size, path, err);
    unlink(path);
    return rc;
}

int server_scratch_read(diarist_document **out, const char *json, const char *folder,
                        diarist_error *err) {
    char path[SERVER_SCRATCH_PATH];
    *out = NULL;
    int rc = server_scratch_path(path, folder, err);
    if (!rc && common_write_beside(path, json, strlen(json)))
        rc = common_fail(err, DIARIST_ERROR_OUTPUT, "a result cannot be written");
    if (!rc)
        rc = diarist_document_read(out, path, "json", err);
    unlink(path);
    return rc;
}
