/* presets.c - what the engine's presets are called.
 * SPDX-License-Identifier: MIT */
#include "presets.h"

const char *common_preset_name(int32_t preset) {
    static const char *const names[] = {COMMON_PRESET_NAMES};
    return names[preset];
}
