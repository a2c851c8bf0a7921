/* score_inputs.c - reading references, hypotheses and UEMs: files, directories, lists of files.
 * SPDX-License-Identifier: MIT */
#include "score.h"

#include "inputs.h"
#include "report.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- which files a path stands for -------------------------------------------------------- */

/* Paths of one operand, in order. */
struct files {
    char **paths; /* [num] */
    size_t num, capacity;
    bool is_file; /* the operand itself is the one file */
};

static void free_files(struct files *files) {
    for (size_t i = 0; i < files->num; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (struct files){0};
}

/* Takes path over, which may be NULL: no memory. 0 or an exit code. */
static int add_file(struct files *files, char *path) {
    if (path && files->num == files->capacity) {
        size_t capacity = files->capacity ? 2 * files->capacity : 16;
        char **paths = realloc(files->paths, capacity * sizeof *paths);
        if (paths) {
            files->paths = paths;
            files->capacity = capacity;
        }
    }
    if (!path || files->num == files->capacity) {
        free(path);
        return cli_fail_memory();
    }
    files->paths[files->num++] = path;
    return 0;
}

static bool ends_in(const char *name, const char *extension) {
    size_t n = strlen(name), e = strlen(extension);
    return n > e && name[0] != '.' && !strcmp(name + n - e, extension);
}

static bool is_readable_format(const char *name) {
    const diarist_format *format;
    for (size_t i = 0; (format = diarist_document_format(i)); i++)
        if (format->can_read && ends_in(name, format->extension))
            return true;
    return false;
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the directory's files of one extension; NULL: of any format of turns. */
static int list_directory(struct files *files, const char *directory, const char *extension) {
    DIR *entries = opendir(directory);
    if (!entries) {
        cli_error(directory, "cannot be listed: %s; check the path", strerror(errno));
        return CLI_EXIT_INPUT;
    }
    const char *slash = directory[strlen(directory) - 1] == '/' ? "" : "/";
    int rc = 0;
    for (const struct dirent *entry; !rc && (entry = readdir(entries));)
        if (extension ? ends_in(entry->d_name, extension) : is_readable_format(entry->d_name))
            rc = add_file(files, cli_text("%s%s%s", directory, slash, entry->d_name));
    closedir(entries);
    if (files->num)
        qsort(files->paths, files->num, sizeof *files->paths, compare_paths);
    return rc;
}

/* @LIST: one path a line. */
static int list_lines(struct files *files, const char *list) {
    struct cli_inputs inputs;
    int rc = cli_inputs_from_list(&inputs, list);
    if (!rc && !strncmp(inputs.paths[0], "SPEAKER ", 8)) {
        cli_error(list, "holds turns, and @ means a list of paths; leave out the @");
        rc = CLI_EXIT_INPUT;
    }
    for (size_t i = 0; i < inputs.num && !rc; i++)
        rc = add_file(files, cli_text("%s", inputs.paths[i]));
    cli_inputs_free(&inputs);
    return rc;
}

/* otherwise: what to look for in a directory that has none of extension; NULL: any turns. */
static int find_files(struct files *files, const char *path, const char *extension,
                      bool or_any_turns) {
    struct stat st;
    *files = (struct files){0};
    if (path[0] == '@')
        return list_lines(files, path + 1);
    if (!strcmp(path, "-") || stat(path, &st) || !S_ISDIR(st.st_mode)) {
        files->is_file = true;
        return add_file(files, cli_text("%s", path));
    }
    int rc = list_directory(files, path, extension);
    if (!rc && files->num == 0 && or_any_turns)
        rc = list_directory(files, path, NULL);
    if (!rc && files->num == 0) {
        cli_error(path, "holds no %s file%s; check the path", extension,
                  or_any_turns ? " nor turns in another format" : "");
        return CLI_EXIT_INPUT;
    }
    return rc;
}

/* ---- documents and UEM -------------------------------------------------------------------- */

static int read_document(diarist_document **out, const struct files *files, const char *format) {
    diarist_error err;
    if (diarist_document_new(out, &err))
        return cli_fail(NULL, &err);
    for (size_t i = 0; i < files->num; i++) {
        diarist_document *one;
        if (diarist_document_read(&one, files->paths[i], format, &err))
            return cli_fail(files->paths[i], &err);
        int status = diarist_document_append(*out, one, &err);
        diarist_document_free(one);
        if (status == DIARIST_ERROR_INPUT && !files->is_file) {
            cli_error(files->paths[i], "%s, in one format", err.message);
            return CLI_EXIT_INPUT;
        }
        if (status)
            return cli_fail(files->paths[i], &err);
    }
    return 0;
}

static int read_uem(diarist_uem **out, const char *path) {
    struct files files;
    diarist_error err;
    if (diarist_uem_new(out, &err))
        return cli_fail(NULL, &err);
    int rc = find_files(&files, path, ".uem", false);
    for (size_t i = 0; i < files.num && !rc; i++)
        if (diarist_uem_read(*out, files.paths[i], &err))
            rc = cli_fail(files.paths[i], &err);
    free_files(&files);
    return rc;
}

/* ---- two files with a recording each ------------------------------------------------------ */

/* Whether the recording is called after its file, as in formats that have no ids: talk.srt and
 * talk.senko.json are of "talk". */
static bool is_named_by_file(const diarist_document *document, const struct files *files) {
    const char *slash = strrchr(files->paths[0], '/'), *id;
    const char *name = !strcmp(files->paths[0], "-") ? "stdin"
                       : slash                       ? slash + 1
                                                     : files->paths[0];
    for (id = diarist_document_recording_id(document, 0); *id; id++, name++) {
        bool is_blank = *name == ' ' || (*name >= '\t' && *name <= '\r');
        if (*id != (is_blank ? '_' : *name))
            return false;
    }
    const diarist_format *format;
    bool is_extension = !*name || (*name == '.' && !strchr(name + 1, '.'));
    for (size_t i = 0; !is_extension && (format = diarist_document_format(i)); i++)
        is_extension = !strcmp(name, format->extension);
    return is_extension;
}

/* Two files with one recording each, not both of which say what it is called, are about the same
 * recording. */
static int pair(struct cli_score_inputs *inputs, const struct files *ref, const struct files *hyp) {
    if (!ref->is_file || !hyp->is_file || diarist_document_num_recordings(inputs->reference) != 1 ||
        diarist_document_num_recordings(inputs->hypothesis) != 1)
        return 0;
    const char *ref_id = diarist_document_recording_id(inputs->reference, 0);
    const char *hyp_id = diarist_document_recording_id(inputs->hypothesis, 0);
    bool ref_is_free = is_named_by_file(inputs->reference, ref);
    bool hyp_is_free = is_named_by_file(inputs->hypothesis, hyp);
    if (!strcmp(ref_id, hyp_id) || (!ref_is_free && !hyp_is_free))
        return 0;
    if (diarist_document_num_turns(inputs->reference, 0, DIARIST_OVERLAPPING) &&
        diarist_document_num_turns(inputs->hypothesis, 0, DIARIST_OVERLAPPING))
        cli_warning(NULL, "\"%s\" of REF and \"%s\" of HYP are scored as one recording", ref_id,
                    hyp_id);
    diarist_error err;
    if (inputs->uem && ref_is_free && hyp_is_free && diarist_uem_num_recordings(inputs->uem) == 1) {
        const char *id = diarist_uem_recording_id(inputs->uem, 0);
        if (diarist_document_rename(inputs->reference, 0, id, &err) ||
            diarist_document_rename(inputs->hypothesis, 0, id, &err))
            return cli_fail(NULL, &err);
        return 0;
    }
    int status = ref_is_free && !hyp_is_free
                     ? diarist_document_rename(inputs->reference, 0, hyp_id, &err)
                     : diarist_document_rename(inputs->hypothesis, 0, ref_id, &err);
    return status ? cli_fail(NULL, &err) : 0;
}

static int check_format(const char *name) {
    const diarist_format *format;
    for (size_t i = 0; name && (format = diarist_document_format(i)); i++)
        if (format->can_read && !strcmp(format->name, name))
            return 0;
    if (!name)
        return 0;
    cli_error("--from", "'%s' is no format that can be read; see diarist convert --help", name);
    return CLI_EXIT_USAGE;
}

int cli_score_inputs_read(struct cli_score_inputs *inputs, const struct cli_settings *settings) {
    struct files ref = {0}, hyp = {0};
    *inputs = (struct cli_score_inputs){0};
    int rc = check_format(settings->from);
    if (!rc)
        rc = find_files(&ref, settings->operands[0], ".rttm", true);
    if (!rc)
        rc = find_files(&hyp, settings->operands[1], ".rttm", true);
    if (!rc)
        rc = read_document(&inputs->reference, &ref, settings->from);
    if (!rc)
        rc = read_document(&inputs->hypothesis, &hyp, settings->from);
    if (!rc && settings->uem)
        rc = read_uem(&inputs->uem, settings->uem);
    if (!rc)
        rc = pair(inputs, &ref, &hyp);
    free_files(&ref);
    free_files(&hyp);
    return rc;
}

void cli_score_inputs_free(struct cli_score_inputs *inputs) {
    diarist_document_free(inputs->reference);
    diarist_document_free(inputs->hypothesis);
    diarist_uem_free(inputs->uem);
    *inputs = (struct cli_score_inputs){0};
}
