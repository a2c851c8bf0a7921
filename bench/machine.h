/* machine.h - where a run took place: the report's machine_fingerprint.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "diarist/diarist.h"

#include <jansson.h>

/* {"hostname","os","kernel","architecture","cpu_model","instruction_sets","logical_cpus",
 * "physical_cores","available_cpus","ram_mb","governor","load_average","thread_pinning",
 * "versions":{"diarist","systems":{}}}; what is not known is null. processors: [num_threads], those
 * that all systems run on. A new reference; NULL: no memory. */
json_t *bench_machine(const int *processors, int32_t num_threads);

#endif
