/* inputs.c - which files a command works on.
 * SPDX-License-Identifier: MIT */
#include "inputs.h"

#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole of a file with a NUL behind it. 0 or an exit code. */
static int read_list(const char *path, char **text, size_t *size) {
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    char *buffer = NULL;
    size_t capacity = 0, n = 0, got = 1;
    while (file && got > 0) {
        if (n + 1 >= capacity) {
            capacity = capacity ? 2 * capacity : 65536;
            char *grown = realloc(buffer, capacity);
            if (!grown) {
                free(buffer);
                if (file != stdin)
                    fclose(file);
                return cli_fail_memory();
            }
            buffer = grown;
        }
        got = fread(buffer + n, 1, capacity - n - 1, file);
        n += got;
    }
    int wrong = !file ? errno : ferror(file) ? (errno ? errno : EIO) : 0;
    if (file && file != stdin)
        fclose(file);
    if (wrong) {
        free(buffer);
        cli_error(path, "cannot be read: %s; give a file with one path a line", strerror(wrong));
        return CLI_EXIT_INPUT;
    }
    buffer[n] = 0;
    *text = buffer;
    *size = n;
    return 0;
}

static size_t count_lines(const char *text, size_t size) {
    size_t n = 1;
    for (size_t i = 0; i < size; i++)
        n += text[i] == '\n';
    return n;
}

/* Cuts the list into lines and appends those that are not blank. */
static void add_lines(struct cli_inputs *inputs, char *text) {
    for (char *line = text; line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        size_t n = strlen(line);
        if (n && line[n - 1] == '\r')
            line[--n] = 0;
        if (strspn(line, " \t") != n)
            inputs->paths[inputs->num++] = line;
        line = next;
    }
}

struct place {
    const char *path;
    size_t index;
};

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* An input named twice is one input, at its first place. */
static int remove_repeats(struct cli_inputs *inputs) {
    struct place *places = malloc(sizeof *places * (inputs->num + 1));
    if (!places)
        return cli_fail_memory();
    for (size_t i = 0; i < inputs->num; i++)
        places[i] = (struct place){inputs->paths[i], i};
    qsort(places, inputs->num, sizeof *places, compare_places);
    for (size_t i = 1; i < inputs->num; i++)
        if (!strcmp(places[i].path, places[i - 1].path)) {
            inputs->paths[places[i].index] = NULL;
            if (i < 2 || strcmp(places[i].path, places[i - 2].path))
                cli_warning(places[i].path, "is named more than once and taken once");
        }
    free(places);
    size_t kept = 0;
    for (size_t i = 0; i < inputs->num; i++)
        if (inputs->paths[i])
            inputs->paths[kept++] = inputs->paths[i];
    inputs->num = kept;
    return 0;
}

static void take_shard(struct cli_inputs *inputs, const int32_t shard[2]) {
    size_t kept = 0;
    for (size_t i = (size_t)shard[0] - 1; i < inputs->num; i += (size_t)shard[1])
        inputs->paths[kept++] = inputs->paths[i];
    inputs->num = kept;
}

static int check(const struct cli_inputs *inputs, const struct cli_settings *settings) {
    if (inputs->num == 0 && settings->files_from) {
        cli_error(settings->files_from, "names no files; give one path a line");
        return CLI_EXIT_USAGE;
    }
    if (inputs->num == 0) {
        cli_error(NULL, "no input; give a file, - for standard input, or see diarist --help");
        return CLI_EXIT_USAGE;
    }
    for (size_t i = 0; i < inputs->num; i++) {
        if (strcmp(inputs->paths[i], "-"))
            continue;
        if (settings->files_from && !strcmp(settings->files_from, "-")) {
            cli_error(NULL, "standard input cannot be both the list and audio; give one as a file");
            return CLI_EXIT_USAGE;
        }
        if (settings->channels == CLI_CHANNELS_SPLIT) {
            cli_error(NULL, "--channels split reads its input once per channel; give a file "
                            "instead of standard input");
            return CLI_EXIT_USAGE;
        }
    }
    return 0;
}

/* Room for num_others paths and those of the list (NULL: none), which is read. */
static int open_inputs(struct cli_inputs *inputs, const char *list, size_t num_others) {
    *inputs = (struct cli_inputs){0};
    size_t size = 0, capacity = num_others + 1;
    if (list) {
        int rc = read_list(list, &inputs->list, &size);
        if (rc)
            return rc;
        if (memchr(inputs->list, 0, size)) {
            cli_error(list, "holds a NUL byte; give one path a line");
            return CLI_EXIT_INPUT;
        }
        capacity += count_lines(inputs->list, size);
    }
    inputs->paths = malloc(sizeof *inputs->paths * capacity);
    return inputs->paths ? 0 : cli_fail_memory();
}

int cli_inputs_from_list(struct cli_inputs *inputs, const char *path) {
    int rc = open_inputs(inputs, path, 0);
    if (rc)
        return rc;
    add_lines(inputs, inputs->list);
    if (inputs->num)
        return 0;
    cli_error(path, "names no files; give one path a line");
    return CLI_EXIT_USAGE;
}

int cli_inputs_collect(struct cli_inputs *inputs, const struct cli_settings *settings) {
    int rc = open_inputs(inputs, settings->files_from, settings->num_operands);
    if (rc)
        return rc;
    for (size_t i = 0; i < settings->num_operands; i++)
        inputs->paths[inputs->num++] = settings->operands[i];
    if (inputs->list)
        add_lines(inputs, inputs->list);
    rc = remove_repeats(inputs);
    if (!rc)
        rc = check(inputs, settings);
    inputs->several = inputs->num > 1 || settings->files_from;
    if (!rc && settings->shard[1])
        take_shard(inputs, settings->shard);
    return rc;
}

void cli_inputs_free(struct cli_inputs *inputs) {
    free(inputs->paths);
    free(inputs->list);
    *inputs = (struct cli_inputs){0};
}
