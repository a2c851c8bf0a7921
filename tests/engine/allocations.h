/* allocations.h - lets an allocation or the start of a thread fail.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_ENGINE_ALLOCATIONS_H
#define TESTS_ENGINE_ALLOCATIONS_H

/* The allocation or start of a thread after `number` more, on any thread, fails. */
void fail_allocation(long number);

/* No more failures. Negative: there was one; otherwise how many calls were still to come. */
long stop_failing(void);

#endif
