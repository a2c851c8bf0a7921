/* original.h - what models/manifest.json says of the sets that are imported here.
 * SPDX-License-Identifier: MIT */
#ifndef DR_IMPORT_ORIGINAL_H
#define DR_IMPORT_ORIGINAL_H

#include "diarist/io.h"
#include "import/model_tensors.h"

/* The i-th file of a set, the i-th place to get its files from, the i-th entry of its metadata;
 * NULL past the last and for a set that is not known. */
const diarist_original *dr_original(const char *set, size_t i);
const char *dr_original_mirror(const char *set, size_t i);
const struct dr_metadata *dr_original_metadata(const char *set, size_t i);

#endif
