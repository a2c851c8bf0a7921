/* upload.h - the body of a request, as it arrives, to files; never more than a part of it is in
 * memory.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_UPLOAD_H
#define SERVER_UPLOAD_H

#include "exchange.h"
#include "multipart.h"

#include <openssl/evp.h>

enum { SERVER_MAX_PATH = 512, SERVER_MAX_NAME = 200, SERVER_MAX_DOCUMENT_BYTES = 8 << 20 };

struct server_upload {
    char path[SERVER_MAX_PATH]; /* of the file; it is unlinked with the upload unless empty */
    int fd;
    char name[SERVER_MAX_NAME]; /* as the client calls it, without folders; "audio" when it says
                                   nothing */
    char sha256[65];            /* of the file, once ended */
    uint64_t num_bytes, max_bytes;
    EVP_MD_CTX *hash;
    enum server_body body;
    char document_path[SERVER_MAX_PATH]; /* of the JSON that came, likewise */
    int document_fd;                     /* -1: none came */
    uint64_t document_bytes;
    struct server_multipart *parser; /* NULL: the body is the file, or the document */
    struct server_fields *fields;    /* the exchange's */
    char *field;                     /* value of the field that is being read, NULL: the file is */
    char field_name[64];
    size_t field_bytes;
    bool has_file, in_document;
    char problem[160]; /* why it was refused */
};

/* Begins one, the exchange's, in folder. 0, or the HTTP status that says why not; the answer is
 * then set. */
int server_upload_begin(struct server_exchange *exchange, const char *folder, uint64_t max_bytes);
int server_upload_feed(struct server_exchange *exchange, const char *bytes, size_t n);
int server_upload_end(struct server_exchange *exchange);
void server_upload_free(struct server_upload *upload);

#endif
