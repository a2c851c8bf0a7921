/* manifest.h - what a selection is made of, for the report.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_MANIFEST_H
#define BENCH_MANIFEST_H

#include "match.h"
#include "selection.h"
#include "uems.h"

/* Sets selection->manifest. facts: of each selected file. DIARIST_ERROR_MEMORY. */
int bench_manifest_make(struct bench_selection *selection, const struct bench_dataset *dataset,
                        size_t limit_files, const struct bench_recordings *recordings,
                        const struct bench_references *references, const struct bench_uems *uems,
                        const struct bench_reference_facts *facts, diarist_error *err);

/* Whether everything in the folders belongs together and can be read. */
bool bench_manifest_is_complete(const json_t *manifest);

#endif
