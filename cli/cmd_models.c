/* cmd_models.c - which models are there, what they are, whether they are whole; --version.
 * SPDX-License-Identifier: MIT */
#include "commands.h"

#include "models.h"
#include "models_get.h"
#include "report.h"
#include "text.h"

#include "common/json_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name that --model takes for a file of the models directory. */
static char *name_of(const char *path) {
    return path ? cli_stem(path) : cli_text("default");
}

static const char *place_of(const char *path) {
    return path ? path : "(built in)";
}

static void print_json(const diarist_model_info *info, const char *name, const char *path) {
    fputs("{\"name\":", stdout);
    common_json_string(stdout, name);
    fputs(",\"path\":", stdout);
    common_json_string(stdout, path);
    fputs(",\"architecture\":", stdout);
    common_json_string(stdout, info->architecture);
    fputs(",\"license\":", stdout);
    common_json_string(stdout, info->license);
    fputs(",\"source\":", stdout);
    common_json_string(stdout, info->source);
    fputs(",\"sha256\":", stdout);
    common_json_string(stdout, info->sha256);
    printf(",\"bytes\":%llu,\"tensors\":%u,\"embedding_dim\":%u,\"cluster_threshold\":%.6g,"
           "\"verify_threshold\":",
           (unsigned long long)info->num_bytes, info->num_tensors, info->embedding_dim,
           info->cluster_threshold);
    if (isnan(info->verify_threshold))
        fputs("null", stdout);
    else
        printf("%.6g", info->verify_threshold);
    fputs(",\"instruction_set\":", stdout);
    common_json_string(stdout, info->instruction_set);
    putchar('}');
}

static void print_details(const diarist_model_info *info, const char *name, const char *path) {
    printf("name               %s\n", name);
    printf("location           %s\n", place_of(path));
    printf("architecture       %s\n", info->architecture);
    printf("size               %.1f MB, %u tensors\n", (double)info->num_bytes / 1e6,
           info->num_tensors);
    printf("sha256             %s\n", info->sha256);
    printf("license            %s\n", info->license);
    printf("source             %s\n", info->source);
    printf("embedding          %u values\n", info->embedding_dim);
    printf("cluster threshold  %.3f\n", info->cluster_threshold);
    if (isnan(info->verify_threshold))
        puts("verify threshold   none");
    else
        printf("verify threshold   %.3f\n", info->verify_threshold);
    printf("instruction set    %s\n", info->instruction_set);
}

static int list_models(const struct cli_settings *settings) {
    struct cli_models models;
    bool json = settings->report_format == CLI_JSON, any = false;
    int rc = cli_models_scan(&models, settings);
    fputs(json ? "[" : "", stdout);
    for (size_t i = 0; i < models.num; i++) {
        const char *path = models.paths[i];
        char *name = name_of(path);
        diarist_model *model;
        diarist_model_info info;
        diarist_error err;
        if (!name || cli_model_open(&model, settings, path, false, &err)) {
            rc = name ? cli_fail(place_of(path), &err) : cli_fail_memory();
            free(name);
            continue;
        }
        diarist_model_describe(model, &info);
        if (json) {
            fputs(any ? ",\n " : "\n ", stdout);
            print_json(&info, name, path);
        } else {
            printf("%-16s %-20s %7.1f MB  %s  %s  %s\n", name, info.architecture,
                   (double)info.num_bytes / 1e6, info.sha256, info.license, place_of(path));
        }
        any = true;
        diarist_model_free(model);
        free(name);
    }
    fputs(json ? "\n]\n" : "", stdout);
    if (!any && !rc && !json) {
        char *directory;
        rc = cli_models_directory(&directory, settings);
        cli_warning(NULL,
                    "no models: none is built in and %s holds none; make one with "
                    "models/import.py",
                    directory ? directory : "the models directory");
        free(directory);
    }
    cli_models_free(&models);
    return rc;
}

/* The hash that PATH.sha256 states (as sha256sum writes it); *stated is empty without such a file.
 * 0, or an exit code after the error was printed. */
static int read_manifest(char stated[65], const char *path) {
    char *manifest = cli_text("%s.sha256", path);
    if (!manifest)
        return cli_fail_memory();
    FILE *file = fopen(manifest, "r");
    int rc = 0;
    stated[0] = 0;
    if (!file && errno != ENOENT) {
        cli_error(manifest, "cannot be read: %s; check its permissions", strerror(errno));
        rc = CLI_EXIT_MODEL;
    } else if (file && (fscanf(file, "%64[0-9a-fA-F]", stated) != 1 || strlen(stated) != 64)) {
        cli_error(manifest, "does not begin with 64 hex digits; make it with sha256sum");
        rc = CLI_EXIT_MODEL;
    }
    for (char *c = stated; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (file)
        fclose(file);
    free(manifest);
    return rc;
}

/* Loading has checked every offset and shape; what is left is the hash. */
static int verify_model(const struct cli_settings *settings, const char *name, const char *path,
                        const diarist_model_info *info) {
    char stated[65] = "";
    int rc = path ? read_manifest(stated, path) : 0;
    if (rc)
        return rc;
    if (stated[0] && strcmp(stated, info->sha256)) {
        cli_error(path, "its SHA-256 is %s, but %s.sha256 says %s; get the file again",
                  info->sha256, path, stated);
        return CLI_EXIT_MODEL;
    }
    const char *how = stated[0] ? "as stated beside it"
                      : path    ? "nothing beside it to compare with"
                                : "built in";
    if (settings->report_format == CLI_JSON) {
        fputs("{\"ok\":true,\"model\":", stdout);
        print_json(info, name, path);
        printf(",\"hash_stated\":%s}\n", stated[0] ? "true" : "false");
    } else {
        printf("%s: whole; sha256 %s (%s)\n", name, info->sha256, how);
    }
    return 0;
}

static int do_model(const struct cli_settings *settings, const char *value, bool verify) {
    char *path, *name = NULL;
    diarist_model *model = NULL;
    diarist_model_info info;
    diarist_error err;
    int rc = cli_model_find(&path, settings, value);
    if (!rc && !(name = name_of(path)))
        rc = cli_fail_memory();
    if (!rc && cli_model_open(&model, settings, path, verify, &err))
        rc = cli_fail(path ? path : value, &err);
    if (!rc) {
        diarist_model_describe(model, &info);
        if (verify) {
            rc = verify_model(settings, name, path, &info);
        } else if (settings->report_format == CLI_JSON) {
            print_json(&info, name, path);
            putchar('\n');
        } else {
            print_details(&info, name, path);
        }
    }
    diarist_model_free(model);
    free(name);
    free(path);
    return rc;
}

int cli_run_models(const struct cli_settings *settings) {
    const char *what = settings->num_operands ? settings->operands[0] : "";
    bool list = !strcmp(what, "list"), verify = !strcmp(what, "verify");
    int rc = 0;
    if (!strcmp(what, "import"))
        return cli_models_import(settings);
    if (!strcmp(what, "pull"))
        return cli_models_pull(settings);
    if (!list && !verify && strcmp(what, "info")) {
        cli_error("models",
                  "takes list, info, verify, import or pull%s%s; see diarist models --help",
                  *what ? ", not " : "", what);
        return CLI_EXIT_USAGE;
    }
    if (list && settings->num_operands > 1) {
        cli_error("models", "list takes no names; use models info %s", settings->operands[1]);
        return CLI_EXIT_USAGE;
    }
    if (list)
        rc = list_models(settings);
    else if (settings->num_operands == 1)
        rc = do_model(settings, settings->model, verify);
    for (size_t i = 1; i < settings->num_operands; i++) {
        int failed = do_model(settings, settings->operands[i], verify);
        rc = failed ? failed : rc;
    }
    int flushed = cli_finish_stdout();
    return rc ? rc : flushed;
}

int cli_run_version(const struct cli_settings *settings) {
    struct cli_models models;
    int rc = cli_models_scan(&models, settings);
    printf("diarist %s\n", diarist_version());
    bool any = false;
    for (size_t i = 0; i < models.num; i++) {
        diarist_model *model;
        diarist_model_info info;
        diarist_error err;
        char *name = name_of(models.paths[i]);
        if (name && !cli_model_open(&model, settings, models.paths[i], false, &err)) {
            diarist_model_describe(model, &info);
            if (!any)
                printf("instruction set: %s\n", info.instruction_set);
            printf("model: %s, %s, sha256 %s %s\n", name, info.architecture, info.sha256,
                   place_of(models.paths[i]));
            any = true;
            diarist_model_free(model);
        } else {
            printf("model: %s, broken: %s\n", place_of(models.paths[i]),
                   name ? err.message : "out of memory");
        }
        free(name);
    }
    if (!any)
        puts("model: none");
    cli_models_free(&models);
    int flushed = cli_finish_stdout();
    return rc ? rc : flushed;
}
