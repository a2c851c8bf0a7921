/* json_text.h - a text as a JSON string.
 * SPDX-License-Identifier: MIT */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include <stdio.h>

/* text as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD; NULL: null. */
void common_json_string(FILE *to, const char *text);

#endif
