/* clock.h - elapsed seconds, for reports only.
 * SPDX-License-Identifier: MIT */
#ifndef DR_BASE_CLOCK_H
#define DR_BASE_CLOCK_H

double dr_clock_s(void); /* monotonic; the origin means nothing */

#endif
