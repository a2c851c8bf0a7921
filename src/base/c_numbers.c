/* c_numbers.c - a decimal point in numbers, whatever the caller's language.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/c_numbers.h"

#include "base/error.h"

int dr_c_numbers_begin(struct dr_c_numbers *numbers, diarist_error *err) {
    numbers->own = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (!numbers->own)
        return dr_fail_memory(err);
    numbers->callers = uselocale(numbers->own);
    return DIARIST_OK;
}

void dr_c_numbers_end(struct dr_c_numbers *numbers) {
    uselocale(numbers->callers);
    freelocale(numbers->own);
}
