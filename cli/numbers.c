/* numbers.c - numbers as users write them.
 * SPDX-License-Identifier: MIT */
#include "numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int cli_parse_whole(const char *text, double min, double max, int32_t *out) {
    if (!*text || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
        return -1;
    long value = strtol(text, NULL, 10);
    if ((double)value < min || (double)value > max)
        return -1;
    *out = (int32_t)value;
    return 0;
}

int cli_parse_real(const char *text, double min, double max, double *out) {
    char *end;
    /* strtod would also take spaces, "inf", "nan" and hexadecimal. */
    if (!*text || strspn(text, "0123456789.+-eE") != strlen(text))
        return -1;
    double value = strtod(text, &end);
    if (*end || !isfinite(value) || value < min || value > max)
        return -1;
    *out = value;
    return 0;
}
