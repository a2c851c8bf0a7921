/* uniform.h - numbers for tests that look random.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIFORM_H
#define TESTS_UNIFORM_H

/* From -1 to 1, the same sequence in every run. */
double uniform(void);

#endif
