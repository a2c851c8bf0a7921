/* text.h - small texts: formatted strings, JSON strings, file names.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdio.h>

/* A string made as printf would, to be freed; NULL when there is no memory. */
char *cli_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* text as a CSV field, in quotes where they are needed (RFC 4180). */
void cli_csv_field(FILE *to, const char *text);

/* The name of a file without folders and last extension, to be freed: "a/talk.wav" -> "talk";
 * "-" -> "stdin". NULL when there is no memory. */
char *cli_stem(const char *path);

#endif
