/* machine.c - where a run took place.
 * SPDX-License-Identifier: MIT */
#include "machine.h"

#include "files.h"
#include "text.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Those that speech software makes use of, in the kernel's words. */
static const char *const instruction_sets[] = {
    "sse4_2",      "avx",      "f16c",     "fma",      "avx2",        "avx_vnni",
    "avx512f",     "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16",
    "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "asimd",       "asimdhp",
    "asimddp",     "bf16",     "i8mm",     "sve",      "sve2"};

static char *read_all(const char *path) {
    char *text;
    diarist_error ignored;
    return bench_file_read(&text, NULL, path, 1 << 24, &ignored) ? NULL : text;
}

/* The value of the first line "KEY<separator> VALUE", without quotes; null where there is none. */
static json_t *value_of(const char *text, const char *key, char separator) {
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t size = strlen(key);
        if (strncmp(line, key, size))
            continue;
        const char *at = line + size + strspn(line + size, " \t");
        if (*at++ != separator)
            continue;
        at += strspn(at, " \t\"");
        json_t *value = json_stringn(at, strcspn(at, "\"\n"));
        return value ? value : json_null();
    }
    return json_null();
}

static json_t *or_null(json_t *value) {
    return value ? value : json_null();
}

/* ---- processors --------------------------------------------------------------------------- */

static bool has_word(const char *words, const char *word) {
    size_t size = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += size)
        if ((at == words || at[-1] == ' ') && (at[size] == ' ' || !at[size]))
            return true;
    return false;
}

static json_t *get_instruction_sets(const char *cpuinfo) {
    json_t *flags = value_of(cpuinfo, "flags", ':'), *out = json_array();
    if (json_is_null(flags)) {
        json_decref(flags);
        flags = value_of(cpuinfo, "Features", ':');
    }
    const char *words = json_string_value(flags);
    for (size_t i = 0; words && i < sizeof instruction_sets / sizeof *instruction_sets; i++)
        if (has_word(words, instruction_sets[i]))
            json_array_append_new(out, json_string(instruction_sets[i]));
    json_decref(flags);
    return out;
}

/* Processors that are the first of their core, as the kernel lists them. */
static json_t *count_cores(void) {
    long num = sysconf(_SC_NPROCESSORS_CONF), cores = 0;
    for (long cpu = 0; cpu < num; cpu++) {
        char path[96];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%ld/topology/thread_siblings_list",
                 cpu);
        char *list = read_all(path);
        cores += list && strtol(list, NULL, 10) == cpu;
        free(list);
    }
    return cores > 0 ? json_integer(cores) : json_null();
}

static json_t *first_line(const char *path) {
    char *text = read_all(path);
    json_t *line = text ? json_stringn(text, strcspn(text, "\n")) : NULL;
    free(text);
    return or_null(line);
}

static void put_processors(json_t *out) {
    char *cpuinfo = read_all("/proc/cpuinfo");
    json_object_set_new(out, "cpu_model", value_of(cpuinfo, "model name", ':'));
    json_object_set_new(out, "instruction_sets", get_instruction_sets(cpuinfo));
    json_object_set_new(out, "logical_cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(out, "physical_cores", count_cores());
    json_object_set_new(out, "available_cpus", json_integer(bench_threads_available()));
    json_object_set_new(out, "governor",
                        first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    free(cpuinfo);
}

/* ---- the rest ----------------------------------------------------------------------------- */

static void put_system(json_t *out) {
    struct utsname name;
    char *release = read_all("/etc/os-release"), *memory = read_all("/proc/meminfo");
    json_t *total = value_of(memory, "MemTotal", ':');
    double load[3];
    if (!uname(&name)) {
        json_object_set_new(out, "hostname", or_null(json_string(name.nodename)));
        json_object_set_new(out, "kernel", json_sprintf("%s %s", name.sysname, name.release));
        json_object_set_new(out, "architecture", json_string(name.machine));
    }
    json_object_set_new(out, "os", value_of(release, "PRETTY_NAME", '='));
    json_object_set_new(out, "ram_mb",
                        json_is_string(total)
                            ? json_integer(strtoll(json_string_value(total), NULL, 10) / 1024)
                            : json_null());
    json_object_set_new(out, "load_average",
                        getloadavg(load, 3) == 3 ? json_pack("[f,f,f]", load[0], load[1], load[2])
                                                 : json_null());
    json_decref(total);
    free(release);
    free(memory);
}

static json_t *pinning(const int *processors, int32_t num_threads) {
    json_t *list = json_array(), *variables = json_object();
    for (int32_t i = 0; i < num_threads; i++)
        json_array_append_new(list, json_integer(processors[i]));
    for (size_t i = 0; bench_thread_variables[i]; i++)
        json_object_set_new(variables, bench_thread_variables[i], json_sprintf("%d", num_threads));
    return json_pack("{s:i,s:s,s:o,s:o}", "cpu_threads", (int)num_threads, "method",
                     "sched_setaffinity", "processors", list, "variables", variables);
}

json_t *bench_machine(const int *processors, int32_t num_threads) {
    json_t *out = json_object();
    if (!out)
        return NULL;
    put_system(out);
    put_processors(out);
    json_object_set_new(out, "thread_pinning", pinning(processors, num_threads));
    json_object_set_new(out, "versions",
                        json_pack("{s:s,s:{}}", "diarist", diarist_version(), "systems"));
    return out;
}
