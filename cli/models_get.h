/* models_get.h - model files that are not there yet: made of files in a folder, or of the network.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_MODELS_GET_H
#define CLI_MODELS_GET_H

#include "options.h"

/* diarist models import --set SET DIR, diarist models pull SET. An exit code after errors were
 * printed. */
int cli_models_import(const struct cli_settings *settings);
int cli_models_pull(const struct cli_settings *settings);

/* The model file of a set that settings ask for, to be freed, its folder made; NULL after the error
 * was printed and *rc set. */
char *cli_models_target(int *rc, const struct cli_settings *settings, const char *set);

/* Makes the model file of a set from a folder and says what of. An exit code. */
int cli_models_make(const struct cli_settings *settings, const char *set, const char *folder,
                    const char *target);

#endif
