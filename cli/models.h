/* models.h - model sets by name or file.
 * SPDX-License-Identifier: MIT
 *
 * A value with a '/' or ending in .safetensors is a file. Any other is a name: `default` is the set
 * inside the program when one was built in; else NAME.safetensors in the models directory. */
#ifndef CLI_MODELS_H
#define CLI_MODELS_H

#include "diarist/diarist.h"
#include "options.h"

/* Where a model lies: *path is to be freed, and NULL when it is inside the program. 0, or an exit
 * code after the error was printed. */
int cli_model_find(char **path, const struct cli_settings *settings, const char *value);

/* Loads the model that settings.model means. networks: all of it; without, its first recording
 * loads them, and hears of what is wrong with them. Returns as cli_model_find. */
int cli_model_load(diarist_model **model, const struct cli_settings *settings, bool networks);

/* Opens one found model; path NULL: the one inside. networks: loads them too, which checks their
 * tensors; without, it can be described. Prints no error: a diarist_status. */
int cli_model_open(diarist_model **model, const struct cli_settings *settings, const char *path,
                   bool networks, diarist_error *err);

/* The models that are there: paths, of which NULL is the one inside, sorted by name. To be freed
 * with cli_models_free. Returns as cli_model_find. */
struct cli_models {
    char **paths;
    size_t num;
};
int cli_models_scan(struct cli_models *models, const struct cli_settings *settings);
void cli_models_free(struct cli_models *models);

/* The models directory, to be freed; NULL when there is no home. 0, or an exit code after the error
 * was printed. */
int cli_models_directory(char **directory, const struct cli_settings *settings);

#endif
