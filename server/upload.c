/* upload.c - the body of a request to a file.
 * SPDX-License-Identifier: MIT
 *
 * body -> [multipart] -+-> file, SHA-256
 *                      +-> document (JSON)
 *                      +-> fields */
#include "upload.h"

#include "answer.h"

#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int refuse(struct server_upload *upload, int status, const char *why) {
    snprintf(upload->problem, sizeof upload->problem, "%s", why);
    return status;
}

static int write_to(struct server_upload *upload, int fd, const char *bytes, size_t n) {
    int wrong = common_write_all(fd, bytes, n);
    if (wrong == ENOSPC || wrong == EDQUOT || wrong == EFBIG)
        return refuse(upload, 507, "there is no room for the file; try again later");
    return wrong ? refuse(upload, 500, "the file could not be kept") : 0;
}

static int write_file(struct server_upload *upload, const char *bytes, size_t n) {
    upload->num_bytes += n;
    if (upload->num_bytes > upload->max_bytes) {
        snprintf(upload->problem, sizeof upload->problem,
                 "the file is larger than the %llu bytes that this service takes",
                 (unsigned long long)upload->max_bytes);
        return 413;
    }
    if (EVP_DigestUpdate(upload->hash, bytes, n) != 1)
        return refuse(upload, 500, "the file could not be kept");
    return write_to(upload, upload->fd, bytes, n);
}

static int write_document(struct server_upload *upload, const char *bytes, size_t n) {
    upload->document_bytes += n;
    if (upload->document_bytes > SERVER_MAX_DOCUMENT_BYTES)
        return refuse(upload, 413, "the JSON is larger than 8 MiB");
    return write_to(upload, upload->document_fd, bytes, n);
}

/* Makes a new file; path becomes empty when it fails. */
static int make_file(struct server_upload *upload, int *fd, char *path) {
    *fd = *path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (*fd >= 0)
        return 0;
    int wrong = *path ? errno : ENAMETOOLONG;
    *path = 0;
    return wrong == ENOSPC || wrong == EDQUOT
               ? refuse(upload, 507, "there is no room for the file; try again later")
               : refuse(upload, 500, "the file could not be kept");
}

static int begin_document(struct server_upload *upload) {
    if (upload->document_fd >= 0)
        return refuse(upload, 400, "there are two parts called segments; send one");
    if (snprintf(upload->document_path, SERVER_MAX_PATH, "%.*s.json", SERVER_MAX_PATH - 8,
                 upload->path) >= SERVER_MAX_PATH)
        upload->document_path[0] = 0;
    upload->in_document = true;
    return make_file(upload, &upload->document_fd, upload->document_path);
}

/* The last component of what a client calls its file: no folders, no control characters. */
static void set_name(struct server_upload *upload, const char *given) {
    for (const char *c = given; *c; c++)
        if (*c == '/' || *c == '\\')
            given = c + 1;
    size_t used = 0;
    for (; *given && used + 1 < sizeof upload->name; given++)
        upload->name[used++] = (unsigned char)*given < ' ' || *given == 0x7f ? '_' : *given;
    /* Not half of a character. */
    while (*given && used && ((unsigned char)*given & 0xc0) == 0x80) {
        given--;
        used--;
    }
    upload->name[used] = 0;
    if (!server_is_text(upload->name, used))
        for (char *c = upload->name; *c; c++)
            *c = (unsigned char)*c < 0x80 ? *c : '_';
    if (!*upload->name || !strcmp(upload->name, ".") || !strcmp(upload->name, ".."))
        snprintf(upload->name, sizeof upload->name, "audio");
}

static int begin_part(void *data, const char *name, const char *filename) {
    struct server_upload *upload = data;
    if (!strcmp(name, "file")) {
        if (upload->has_file)
            return refuse(upload, 400, "there are two parts called file; send one recording");
        upload->has_file = true;
        set_name(upload, filename ? filename : "");
        return 0;
    }
    if (upload->body == SERVER_BODY_TRANSCRIPT && !strcmp(name, "segments"))
        return begin_document(upload);
    if (filename)
        return refuse(upload, 400,
                      "a part with a file name is not called file; send the recording "
                      "as the part file");
    if (strlen(name) >= sizeof upload->field_name)
        return refuse(upload, 400, "the name of a field is too long");
    snprintf(upload->field_name, sizeof upload->field_name, "%s", name);
    upload->field_bytes = 0;
    upload->field = malloc(SERVER_MAX_FIELD_BYTES);
    return upload->field ? 0 : refuse(upload, 500, "out of memory");
}

static int part_content(void *data, const char *bytes, size_t n) {
    struct server_upload *upload = data;
    if (upload->in_document)
        return write_document(upload, bytes, n);
    if (!upload->field)
        return write_file(upload, bytes, n);
    if (n > SERVER_MAX_FIELD_BYTES - upload->field_bytes)
        return refuse(upload, 413, "the value of a field is longer than 2048 bytes");
    memcpy(upload->field + upload->field_bytes, bytes, n);
    upload->field_bytes += n;
    return 0;
}

static int refuse_name(struct server_upload *upload) {
    return refuse(upload, 422,
                  "filename names a body that is no form; the part file has its name with it");
}

static int end_part(void *data) {
    struct server_upload *upload = data;
    upload->in_document = false;
    if (!upload->field)
        return 0;
    if (upload->body == SERVER_BODY_UPLOAD && !strcmp(upload->field_name, "filename")) {
        free(upload->field);
        upload->field = NULL;
        return refuse_name(upload);
    }
    int rc = server_fields_add(upload->fields, upload->field_name, strlen(upload->field_name),
                               upload->field, upload->field_bytes);
    free(upload->field);
    upload->field = NULL;
    return rc ? refuse(upload, 400,
                       "a field is no UTF-8 or has a zero byte in it, or there are too many fields")
              : 0;
}

static int open_file(struct server_upload *upload, const char *folder, const char *id) {
    if (snprintf(upload->path, sizeof upload->path, "%s/%s", folder, id) >=
        (int)sizeof upload->path)
        upload->path[0] = 0;
    int status = make_file(upload, &upload->fd, upload->path);
    if (status)
        return status;
    upload->hash = EVP_MD_CTX_new();
    return upload->hash && EVP_DigestInit_ex(upload->hash, EVP_sha256(), NULL) == 1
               ? 0
               : refuse(upload, 500, "out of memory");
}

static bool is_audio(const char *type) {
    return !strncasecmp(type, "audio/", 6) || !strncasecmp(type, "video/", 6) ||
           !strncasecmp(type, "application/octet-stream", 24) ||
           !strncasecmp(type, "application/ogg", 15);
}

static bool is_json(const char *type) {
    size_t n = strlen("application/json");
    return !strncasecmp(type, "application/json", n) && (!type[n] || strchr("; \t", type[n]));
}

/* How the body is to be read. */
static int choose_form(struct server_upload *upload, const char *type) {
    if (upload->body == SERVER_BODY_TRANSCRIPT && is_json(type))
        return begin_document(upload);
    if (upload->body == SERVER_BODY_UPLOAD && is_audio(type)) {
        upload->has_file = true;
        const char *name = server_fields_get(upload->fields, "filename");
        set_name(upload, name ? name : "");
        return 0;
    }
    if (strncasecmp(type, "multipart/form-data", 19))
        return refuse(upload, 415,
                      upload->body == SERVER_BODY_TRANSCRIPT
                          ? "send multipart/form-data with a part called segments, or "
                            "application/json"
                          : "send multipart/form-data with a part called file, or the recording "
                            "itself as audio/..., video/... or application/octet-stream");
    if (upload->body == SERVER_BODY_UPLOAD && server_fields_get(upload->fields, "filename"))
        return refuse_name(upload);
    const struct server_multipart_sink sink = {begin_part, part_content, end_part, upload};
    upload->parser = malloc(sizeof *upload->parser);
    if (!upload->parser)
        return refuse(upload, 500, "out of memory");
    return server_multipart_init(upload->parser, type, &sink)
               ? refuse(upload, 400, "the content type has no usable boundary")
               : 0;
}

/* Passes a refusal on as the exchange's answer. */
static int settle(struct server_exchange *exchange, int status) {
    if (status)
        server_answer_problem(exchange, status, "%s", exchange->upload->problem);
    return status;
}

int server_upload_begin(struct server_exchange *exchange, const char *folder, uint64_t max_bytes) {
    struct server_upload *upload = calloc(1, sizeof *upload);
    if (!upload) {
        server_answer_problem(exchange, 500, "out of memory");
        return 500;
    }
    exchange->upload = upload;
    upload->fd = upload->document_fd = -1;
    upload->body = exchange->route->body;
    upload->max_bytes = max_bytes;
    upload->fields = &exchange->fields;
    int status = open_file(upload, folder, exchange->id);
    if (!status)
        status = choose_form(upload, exchange->content_type);
    return settle(exchange, status);
}

int server_upload_feed(struct server_exchange *exchange, const char *bytes, size_t n) {
    struct server_upload *upload = exchange->upload;
    int status = upload->parser        ? server_multipart_feed(upload->parser, bytes, n)
                 : upload->in_document ? write_document(upload, bytes, n)
                                       : write_file(upload, bytes, n);
    if (status < 0)
        status = refuse(upload, 400, "the body is not multipart/form-data as it should be");
    return settle(exchange, status);
}

int server_upload_end(struct server_exchange *exchange) {
    struct server_upload *upload = exchange->upload;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int status = 0;
    if (upload->parser && !server_multipart_complete(upload->parser))
        status = refuse(upload, 400, "the body ends before its closing boundary");
    else if (upload->body == SERVER_BODY_UPLOAD && !upload->has_file)
        status = refuse(upload, 400, "there is no part called file");
    else if (upload->body == SERVER_BODY_TRANSCRIPT && upload->document_fd < 0)
        status = refuse(upload, 400, "there is no part called segments");
    else if (upload->has_file && !upload->num_bytes)
        status = refuse(upload, 400, "the file is empty");
    else if (EVP_DigestFinal_ex(upload->hash, digest, &size) != 1)
        status = refuse(upload, 500, "the file could not be kept");
    for (unsigned i = 0; i < size && i < 32; i++)
        snprintf(upload->sha256 + 2 * (size_t)i, 3, "%02x", digest[i]);
    return settle(exchange, status);
}

void server_upload_free(struct server_upload *upload) {
    if (!upload)
        return;
    if (upload->fd >= 0)
        close(upload->fd);
    if (*upload->path)
        unlink(upload->path);
    if (upload->document_fd >= 0)
        close(upload->document_fd);
    if (*upload->document_path)
        unlink(upload->document_path);
    EVP_MD_CTX_free(upload->hash);
    free(upload->parser);
    free(upload->field);
    free(upload);
}
