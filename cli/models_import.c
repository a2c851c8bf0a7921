/* models_import.c - a model file from the files that its authors publish.
 * SPDX-License-Identifier: MIT */
#include "commands.h"
#include "models_get.h"

#include "diarist/io.h"
#include "models.h"
#include "outputs.h"
#include "report.h"
#include "text.h"

#include "common/json_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The files that were used, as text or as items of a JSON list. */
struct listing {
    bool json;
    size_t num;
};

static void list_file(void *data, const diarist_original *original, const char *path,
                      const char *sha256) {
    struct listing *listing = data;
    const bool is_known = !strcmp(sha256, original->sha256);
    if (!listing->json) {
        printf("%-14s  %s  sha256 %s (%s)\n", original->part, path, sha256,
               is_known ? "the known version" : "another version than the known one");
        return;
    }
    fputs(listing->num++ ? "," : "{\"sources\":[", stdout);
    fputs("\n {\"part\":", stdout);
    common_json_string(stdout, original->part);
    fputs(",\"path\":", stdout);
    common_json_string(stdout, path);
    fputs(",\"license\":", stdout);
    common_json_string(stdout, original->license);
    printf(",\"sha256\":\"%s\",\"known\":%s}", sha256, is_known ? "true" : "false");
}

static void list_target(const struct listing *listing, const char *set, const char *target) {
    struct stat st;
    const double bytes = stat(target, &st) ? 0.0 : (double)st.st_size;
    if (!listing->json) {
        printf("%-14s  %s  %.1f MB\n", set, target, bytes / 1e6);
        return;
    }
    fputs("],\n\"name\":", stdout);
    common_json_string(stdout, set);
    fputs(",\"path\":", stdout);
    common_json_string(stdout, target);
    printf(",\"bytes\":%.0f}\n", bytes);
}

int cli_models_make(const struct cli_settings *settings, const char *set, const char *folder,
                    const char *target) {
    struct listing listing = {.json = settings->report_format == CLI_JSON};
    diarist_error err;
    const bool is_silent = !strcmp(target, "-"); /* the model file itself is the output */
    if (diarist_model_import(set, folder, target, is_silent ? NULL : list_file, &listing, &err)) {
        const bool is_output = err.status == DIARIST_ERROR_OUTPUT;
        return cli_fail(is_output ? target : folder, &err);
    }
    if (!is_silent)
        list_target(&listing, set, target);
    return cli_finish_stdout();
}

char *cli_models_target(int *rc, const struct cli_settings *settings, const char *set) {
    *rc = 0;
    if (settings->output) {
        char *target = cli_text("%s", settings->output);
        *rc = target ? 0 : cli_fail_memory();
        return target;
    }
    char *directory;
    *rc = cli_models_directory(&directory, settings);
    if (!*rc && !directory) {
        cli_error("--output", "without HOME there is no place for models; give it");
        *rc = CLI_EXIT_USAGE;
    }
    char *target = directory ? cli_text("%s/%s.safetensors", directory, set) : NULL;
    if (directory)
        *rc = target ? cli_make_directory(directory, "--output") : cli_fail_memory();
    free(directory);
    if (!*rc)
        return target;
    free(target);
    return NULL;
}

int cli_models_import(const struct cli_settings *settings) {
    const char *set = settings->set;
    int rc;
    if (!set || settings->num_operands != 2) {
        cli_error("models", "import takes --set SET and one folder; see diarist models --help");
        return CLI_EXIT_USAGE;
    }
    if (!diarist_model_original(set, 0)) {
        cli_error(set, "there is no such set to import; there is community-1");
        return CLI_EXIT_USAGE;
    }
    char *target = cli_models_target(&rc, settings, set);
    if (!rc)
        rc = cli_models_make(settings, set, settings->operands[1], target);
    free(target);
    return rc;
}
