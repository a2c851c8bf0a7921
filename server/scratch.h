/* scratch.h - documents to and from text, by way of files that live as long as a call.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_SCRATCH_H
#define SERVER_SCRATCH_H

#include "diarist/io.h"

enum { SERVER_SCRATCH_PATH = 640 };

/* A path in folder that no file has yet. */
int server_scratch_path(char out[SERVER_SCRATCH_PATH], const char *folder, diarist_error *err);

/* *text: what the writer of a format makes of a document, with a zero behind it, to be freed;
 * *size: its bytes, or NULL. */
int server_scratch_write(char **text, size_t *size, const diarist_document *document,
                         const char *format, const diarist_write_options *options,
                         const char *folder, diarist_error *err);
/* The document that a text of diarist JSON is. */
int server_scratch_read(diarist_document **out, const char *json, const char *folder,
                        diarist_error *err);

#endif
