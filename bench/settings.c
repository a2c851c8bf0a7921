/* settings.c - where things are, unless told otherwise.
 * SPDX-License-Identifier: MIT */
#include <diarist/bench.h>

#include <string.h>

void diarist_bench_settings_init(diarist_bench_settings *settings) {
    memset(settings, 0, sizeof *settings);
    settings->struct_size = sizeof *settings;
    settings->datasets_root = "data/datasets";
    settings->environments = "data/venvs";
}
