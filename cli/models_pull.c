/* models_pull.c - a model set over the network: its files, checked by hash, then imported.
 * SPDX-License-Identifier: MIT
 *
 * per file: PATH.part (kept when the connection breaks) -> size and SHA-256 -> PATH; then the model
 * file, and the files are deleted. */
#include "commands.h"
#include "models_get.h"

#include "common/libcurl.h"
#include "diarist/io.h"
#include "download.h"
#include "outputs.h"
#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_UNKNOWN_BYTES = 1 << 30 }; /* of a file whose version may be any */

struct pull {
    const struct cli_settings *settings;
    const char *set;
    char *folder;      /* for what has come */
    char problem[400]; /* of the last place that was tried */
};

static int set_problem(struct pull *pull, const char *problem) {
    snprintf(pull->problem, sizeof pull->problem, "%s", problem);
    return -1;
}

/* 1 when the file is the known one or any is welcome, 0 when not, -1 when it cannot be read. */
static int is_welcome(struct pull *pull, const diarist_original *original, const char *path,
                      const char *url) {
    char hex[65];
    diarist_error err;
    if (diarist_file_sha256(path, hex, &err))
        return set_problem(pull, err.message);
    if (pull->settings->any_hash || !strcmp(hex, original->sha256))
        return 1;
    snprintf(pull->problem, sizeof pull->problem, "%.200s: its SHA-256 is %s, not %s", url, hex,
             original->sha256);
    return 0;
}

/* One place: 0 when the file lies at path. Bytes of an earlier try may be of another version, so
 * that a wrong hash is followed by one try from the start. */
static int get_from(struct pull *pull, const diarist_original *original, const char *url,
                    const char *part, const char *path) {
    struct cli_download download = {.url = url, .path = part, .max_bytes = original->num_bytes};
    if (pull->settings->any_hash)
        download.max_bytes = MAX_UNKNOWN_BYTES;
    int welcome = 0;
    do {
        if (!cli_download(&download))
            welcome = is_welcome(pull, original, part, url);
        else if (set_problem(pull, download.problem) && !download.is_too_long)
            return -1;
        if (!welcome && unlink(part))
            return set_problem(pull, strerror(errno));
    } while (!welcome && download.was_resumed);
    if (welcome != 1)
        return -1;
    return rename(part, path) ? set_problem(pull, strerror(errno)) : 0;
}

/* The places in turn. */
static int get_from_any(struct pull *pull, const diarist_original *original, const char *part,
                        const char *path) {
    int rc = -1;
    for (size_t i = 0; rc && !cli_interrupted(); i++) {
        const char *given = pull->settings->mirror;
        const char *mirror = given && i ? NULL : given ? given : diarist_model_mirror(pull->set, i);
        if (!mirror)
            break;
        int n = (int)strlen(mirror);
        n -= n && mirror[n - 1] == '/';
        char *url = cli_text("%.*s/%s", n, mirror, original->path);
        if (!url)
            return cli_fail_memory();
        if (cli_report_wants_summary())
            cli_summary("%s (%.1f MB)", url, (double)original->num_bytes / 1e6);
        rc = get_from(pull, original, url, part, path);
        free(url);
    }
    if (!rc)
        return 0;
    if (cli_interrupted()) {
        cli_error(pull->set, "interrupted; run it again to go on");
        return CLI_EXIT_INTERRUPTED;
    }
    cli_error(pull->set,
              "%s; check the network or give --mirror URL, or get the files by hand and use "
              "diarist models import",
              pull->problem);
    return CLI_EXIT_MODEL;
}

static int make_folder_of(const char *path) {
    char *folder = cli_text("%s", path);
    char *end = folder ? strrchr(folder, '/') : NULL;
    if (end)
        *end = 0;
    int rc = folder ? cli_make_directory(folder, "--output") : cli_fail_memory();
    free(folder);
    return rc;
}

static int get_file(struct pull *pull, const diarist_original *original) {
    char *path = cli_text("%s/%s", pull->folder, original->path);
    char *part = path ? cli_text("%s.part", path) : NULL;
    int rc = part ? make_folder_of(path) : cli_fail_memory();
    if (!rc && (access(path, F_OK) || is_welcome(pull, original, path, path) != 1))
        rc = get_from_any(pull, original, part, path);
    free(part);
    free(path);
    return rc;
}

/* What has become a model file is not needed any more. */
static void remove_files(const struct pull *pull) {
    const diarist_original *original;
    for (size_t i = 0; (original = diarist_model_original(pull->set, i)); i++) {
        char *path = cli_text("%s/%s", pull->folder, original->path);
        if (!path)
            return;
        unlink(path);
        *strrchr(path, '/') = 0;
        rmdir(path); /* succeeds for the last file of a folder */
        free(path);
    }
    rmdir(pull->folder);
}

static int pull_set(struct pull *pull, const char *target) {
    const diarist_original *original;
    int rc = 0;
    for (size_t i = 0; !rc && (original = diarist_model_original(pull->set, i)); i++)
        rc = get_file(pull, original);
    if (!rc)
        rc = cli_models_make(pull->settings, pull->set, pull->folder, target);
    if (!rc)
        remove_files(pull);
    return rc;
}

int cli_models_pull(const struct cli_settings *settings) {
    struct pull pull = {.settings = settings};
    diarist_error err;
    int rc;
    if (settings->num_operands != 2) {
        cli_error("models", "pull takes the name of a set; see diarist models --help");
        return CLI_EXIT_USAGE;
    }
    pull.set = settings->operands[1];
    if (!diarist_model_original(pull.set, 0)) {
        cli_error(pull.set, "there is no such set to pull; there is community-1");
        return CLI_EXIT_USAGE;
    }
    if (settings->output && !strcmp(settings->output, "-")) {
        cli_error("models", "pull needs a file to write to; give -o FILE");
        return CLI_EXIT_USAGE;
    }
    char *target = cli_models_target(&rc, settings, pull.set);
    if (rc)
        return rc;
    if (!access(target, F_OK)) {
        printf("%s: %s is there already; remove it to get it anew\n", pull.set, target);
        free(target);
        return cli_finish_stdout();
    }
    pull.folder = cli_text("%s.originals", target);
    rc = pull.folder ? 0 : cli_fail_memory();
    if (!rc && !common_curl(&err))
        rc = cli_fail(NULL, &err);
    if (!rc)
        rc = pull_set(&pull, target);
    free(pull.folder);
    free(target);
    return rc;
}
