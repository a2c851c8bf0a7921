/* c_numbers.h - a decimal point in numbers, whatever the caller's language.
 * SPDX-License-Identifier: MIT */
#ifndef DR_BASE_C_NUMBERS_H
#define DR_BASE_C_NUMBERS_H

#include <locale.h>

#include "diarist/diarist.h"

struct dr_c_numbers {
    locale_t own, callers;
};

/* From here to the end this thread reads and writes numbers as C does. DIARIST_ERROR_MEMORY, and
 * nothing is to be ended. */
int dr_c_numbers_begin(struct dr_c_numbers *numbers, diarist_error *err);
void dr_c_numbers_end(struct dr_c_numbers *numbers);

#endif
