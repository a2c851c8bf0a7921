/* library.c - shared libraries that few commands use: loaded when one first does.
 * SPDX-License-Identifier: MIT */
#include "common/library.h"

#include "common/fail.h"

#include <dlfcn.h>
#include <string.h>

_Static_assert(sizeof(void *) == sizeof(void (*)(void)), "as POSIX has it");

int common_library_load(void *functions, const char *const *names, size_t num, const char *soname,
                        diarist_error *err) {
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return common_fail(err, DIARIST_ERROR_LIMIT, "%s; install the package that has it",
                           dlerror());
    for (size_t i = 0; i < num; i++) {
        void *function = dlsym(library, names[i]);
        if (!function)
            return common_fail(err, DIARIST_ERROR_LIMIT, "%s; install a newer version", dlerror());
        memcpy((char *)functions + i * sizeof function, &function, sizeof function);
    }
    return DIARIST_OK;
}
