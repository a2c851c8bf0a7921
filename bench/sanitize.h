/* sanitize.h - a report without what is nobody else's business.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_SANITIZE_H
#define BENCH_SANITIZE_H

#include <jansson.h>

/* Takes artifact_paths.run_dir and every hostname in machine_fingerprint out of a report, and of
 * absolute paths in any of its texts all but the last part; paths below the run's folder become
 * relative to it. 0, or -1 when there is no memory. */
int bench_sanitize(json_t *report);

/* The same of the paths of one text, to be freed; run_dir may be NULL. NULL: no memory. */
char *bench_sanitize_text(const char *text, const char *run_dir);

#endif
