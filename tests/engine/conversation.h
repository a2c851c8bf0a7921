/* conversation.h - the conversation in examples/, for the tests that run the engine on it.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_ENGINE_CONVERSATION_H
#define TESTS_ENGINE_CONVERSATION_H

#include <stddef.h>

/* The first `seconds` of the file at path, to be freed; *num receives how many samples. NULL, and
 * the reason on standard error, when it cannot be read. */
float *read_conversation(const char *path, size_t seconds, size_t *num);

#endif
