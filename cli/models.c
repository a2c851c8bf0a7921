/* models.c - model sets by name or file.
 * SPDX-License-Identifier: MIT */
#include "models.h"

#include "diarist/io.h"

#include "data_folder.h"
#include "feed.h"
#include "report.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char extension[] = ".safetensors";

static bool has_extension(const char *name) {
    size_t n = strlen(name), e = sizeof extension - 1;
    return n > e && !strcmp(name + n - e, extension);
}

int cli_models_directory(char **directory, const struct cli_settings *settings) {
    return cli_data_folder(directory, settings->models_dir, "models");
}

static int refuse_model(const char *value, const char *path) {
    const char *way = !strcmp(value, "default") ? "make it with models/import.py"
                      : diarist_model_original(value, 0)
                          ? "get it with diarist models pull, make it with diarist models import,"
                          : "diarist models list tells which there are; give one of them";
    if (path)
        cli_error(value,
                  "no such model: it is not built in and %s is not there; %s or give --model FILE",
                  path, way);
    else
        cli_error(value, "no such model: it is not built in, and without HOME there are no others; "
                         "give --model FILE");
    return CLI_EXIT_MODEL;
}

int cli_model_find(char **path, const struct cli_settings *settings, const char *value) {
    struct stat st;
    char *directory;
    *path = NULL;
    if (strchr(value, '/') || has_extension(value)) {
        *path = cli_text("%s", value);
        return *path ? 0 : cli_fail_memory();
    }
    if (CLI_MODEL_EMBEDDED && !strcmp(value, "default"))
        return 0;
    int rc = cli_models_directory(&directory, settings);
    if (directory && !(*path = cli_text("%s/%s%s", directory, value, extension)))
        rc = cli_fail_memory();
    free(directory);
    if (rc || (*path && !stat(*path, &st)))
        return rc;
    if (!stat(value, &st) && S_ISREG(st.st_mode)) { /* a file's name without a folder */
        free(*path);
        *path = cli_text("%s", value);
        return *path ? 0 : cli_fail_memory();
    }
    rc = refuse_model(value, *path);
    free(*path);
    *path = NULL;
    return rc;
}

int cli_model_open(diarist_model **model, const struct cli_settings *settings, const char *path,
                   bool networks, diarist_error *err) {
    diarist_options options;
    cli_engine_options(&options, settings, NULL);
    return networks ? diarist_model_load(model, path, &options, err)
                    : diarist_model_open(model, path, &options, err);
}

int cli_model_load(diarist_model **model, const struct cli_settings *settings, bool networks) {
    char *path;
    diarist_error err;
    *model = NULL;
    int rc = cli_model_find(&path, settings, settings->model);
    if (!rc && cli_model_open(model, settings, path, networks, &err))
        rc = cli_fail(path ? path : settings->model, &err);
    free(path);
    return rc;
}

static int compare_paths(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static int add_path(struct cli_models *models, char *path) {
    char **grown = realloc(models->paths, sizeof *grown * (models->num + 1));
    if (!grown) {
        free(path);
        return -1;
    }
    models->paths = grown;
    models->paths[models->num++] = path;
    return 0;
}

static int add_directory(struct cli_models *models, const char *directory) {
    DIR *entries = opendir(directory);
    if (!entries && errno == EACCES) { /* such as below another user's home */
        cli_warning(directory, "is not looked into: %s; set DIARIST_MODELS_DIR", strerror(errno));
    } else if (!entries && errno != ENOENT && errno != ENOTDIR) {
        cli_error(directory, "cannot be read: %s; set DIARIST_MODELS_DIR", strerror(errno));
        return CLI_EXIT_MODEL;
    }
    int rc = 0;
    for (struct dirent *entry; !rc && entries && (entry = readdir(entries));) {
        if (!has_extension(entry->d_name) || entry->d_name[0] == '.')
            continue;
        char *path = cli_text("%s/%s", directory, entry->d_name);
        if (!path || add_path(models, path))
            rc = cli_fail_memory();
    }
    if (entries)
        closedir(entries);
    return rc;
}

int cli_models_scan(struct cli_models *models, const struct cli_settings *settings) {
    *models = (struct cli_models){0};
    if (CLI_MODEL_EMBEDDED && add_path(models, NULL))
        return cli_fail_memory();
    char *directory;
    int rc = cli_models_directory(&directory, settings);
    if (directory)
        rc = add_directory(models, directory);
    free(directory);
    if (models->num > CLI_MODEL_EMBEDDED)
        qsort(models->paths + CLI_MODEL_EMBEDDED, models->num - CLI_MODEL_EMBEDDED,
              sizeof *models->paths, compare_paths);
    return rc;
}

void cli_models_free(struct cli_models *models) {
    for (size_t i = 0; i < models->num; i++)
        free(models->paths[i]);
    free(models->paths);
    *models = (struct cli_models){0};
}
