/* presets.h - what the engine's presets are called.
 * SPDX-License-Identifier: MIT */
#ifndef COMMON_PRESETS_H
#define COMMON_PRESETS_H

#include <stdint.h>

/* In the order of diarist_preset: the elements of an array. */
#define COMMON_PRESET_NAMES "balanced", "fast", "accurate"

/* Of a diarist_preset. */
const char *common_preset_name(int32_t preset);

#endif
