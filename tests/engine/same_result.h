/* same_result.h - two results that must be equal to the bit.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_ENGINE_SAME_RESULT_H
#define TESTS_ENGINE_SAME_RESULT_H

#include "diarist/diarist.h"

/* Fails the test unless turns in both views, speakers and their embeddings are equal. */
void assert_same(const diarist_result *a, const diarist_result *b);

#endif
