/* support.c - what the tests of formats share: files in a folder of their own.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/diarist-formats-XXXXXX";

int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

const char *path_of(const char *name) {
    static char paths[2][512];
    static int turn;
    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
    return paths[turn];
}

/* Number of entries but . and ..; removes them when asked. */
static size_t walk(int and_remove) {
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    size_t num = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        num++;
        if (and_remove)
            remove(path_of(entry->d_name));
    }
    closedir(directory);
    return num;
}

size_t num_files(void) {
    return walk(0);
}

int remove_folder(void **state) {
    (void)state;
    walk(1);
    return rmdir(folder);
}

void write_file(const char *name, const char *text, size_t size) {
    FILE *file = fopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

char *read_file(const char *name) {
    FILE *file = fopen(path_of(name), "rb");
    assert_non_null(file);
    size_t capacity = 1 << 20;
    char *text = calloc(1, capacity);
    assert_non_null(text);
    size_t size = fread(text, 1, capacity, file);
    assert_true(size < capacity);
    fclose(file);
    return text;
}

diarist_document *read_text(const char *name, const char *text, const char *format) {
    diarist_document *document;
    diarist_error err = {0};
    write_file(name, text, strlen(text));
    if (diarist_document_read(&document, path_of(name), format, &err))
        fail_msg("%s: %s", format ? format : "unnamed format", err.message);
    remove(path_of(name));
    return document;
}

const char *read_error(const char *name, const char *text, size_t size, const char *format) {
    static diarist_error err;
    diarist_document *document;
    write_file(name, text, size);
    err = (diarist_error){0};
    int status = diarist_document_read(&document, path_of(name), format, &err);
    if (!status)
        fail_msg("read without an error: %s", text);
    assert_int_equal(status, DIARIST_ERROR_INPUT);
    assert_int_equal(err.status, status);
    assert_null(document);
    remove(path_of(name));
    const char *prefix = path_of(name);
    assert_int_equal(strncmp(err.message, prefix, strlen(prefix)), 0);
    /* What stands behind the path: " line 3: ..." or ": ...". */
    return err.message + strlen(prefix);
}

char *write_text(const diarist_document *document, const char *format,
                 const diarist_write_options *options) {
    diarist_error err = {0};
    if (diarist_document_write(document, path_of("written"), format, options, &err))
        fail_msg("%s: %s", format, err.message);
    char *text = read_file("written");
    remove(path_of("written"));
    return text;
}

void assert_written(const char *input, const char *format, const diarist_write_options *options,
                    const char *expected) {
    diarist_document *document = read_text("talk.in", input, NULL);
    char *text = write_text(document, format, options);
    assert_string_equal(text, expected);
    free(text);
    diarist_document_free(document);
}
