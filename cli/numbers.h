/* numbers.h - numbers as users write them.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_NUMBERS_H
#define CLI_NUMBERS_H

#include <stdint.h>

/* A whole number without sign, spaces or anything else around it. -1: it is none, or not from min
 * to max. */
int cli_parse_whole(const char *text, double min, double max, int32_t *out);
/* The same of a decimal number, with sign and exponent. */
int cli_parse_real(const char *text, double min, double max, double *out);

#endif
