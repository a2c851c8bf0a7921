/* support.h - what the tests of formats share: files in a folder of their own.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_FORMATS_SUPPORT_H
#define TESTS_FORMATS_SUPPORT_H

#include "diarist/io.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/* A new folder for this program; removed with its files by remove_folder. */
int make_folder(void **state);
int remove_folder(void **state);

/* Path of a file in the folder; overwritten by the call after the next. */
const char *path_of(const char *name);
void write_file(const char *name, const char *text, size_t size);
/* The whole file, malloc'ed, with a 0 behind. */
char *read_file(const char *name);
size_t num_files(void); /* in the folder */

/* Reads text as a file called name; NULL format: told from the content. Fails the test on an error.
 */
diarist_document *read_text(const char *name, const char *text, const char *format);
/* The message that reading gives; static storage. Fails the test when there is no error. */
const char *read_error(const char *name, const char *text, size_t size, const char *format);
/* What writing gives, malloc'ed. Fails the test on an error. */
char *write_text(const diarist_document *document, const char *format,
                 const diarist_write_options *options);
/* Reads input, writes it in a format and compares. */
void assert_written(const char *input, const char *format, const diarist_write_options *options,
                    const char *expected);

#endif
