/* choice.h - names in a list, "a|b|c".
 * SPDX-License-Identifier: MIT */
#ifndef COMMON_CHOICE_H
#define COMMON_CHOICE_H

/* Which of the list's names it is, from 0; -1: none. */
int common_choice(const char *list, const char *name);

#endif
