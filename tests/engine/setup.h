/* setup.h - what the tests of the engine start with: a model, and the conversation in examples/.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_ENGINE_SETUP_H
#define TESTS_ENGINE_SETUP_H

#include <stddef.h>

#include "diarist/diarist.h"

extern diarist_model *model;
extern float *samples;
extern size_t num_samples;

/* The model at model_path (NULL: the embedded one), and the first `seconds` of the file at
 * conversation. Non-zero, and the reason on standard error, when they cannot be had. */
int set_up(const char *conversation, size_t seconds, const char *model_path);

/* Frees both; a group teardown of cmocka. */
int tear_down(void **state);

#endif
