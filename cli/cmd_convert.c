/* cmd_convert.c - from one diarization format to another.
 * SPDX-License-Identifier: MIT
 *
 * IN -> document -> OUT, or OUT/<file id>.<extension> for each recording */
#include "commands.h"

#include "batch.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const diarist_format *find_by_name(const char *name) {
    const diarist_format *format;
    for (size_t i = 0; (format = diarist_document_format(i)); i++)
        if (!strcmp(format->name, name))
            return format;
    return NULL;
}

static int choose_format(const diarist_format **out, const struct cli_settings *settings,
                         const char *path) {
    const diarist_format *format =
        settings->format ? find_by_name(settings->format) : cli_format_of_path(path);
    *out = format;
    if (settings->format && (!format || !format->can_write)) {
        cli_error("--format", "'%s' is no format that can be written; see diarist --help",
                  settings->format);
        return CLI_EXIT_USAGE;
    }
    if (!format) {
        cli_error(strcmp(path, "-") ? path : "standard output",
                  "does not tell the format by its extension; give --format");
        return CLI_EXIT_USAGE;
    }
    const diarist_format *from = settings->from ? find_by_name(settings->from) : NULL;
    if (settings->from && (!from || !from->can_read)) {
        cli_error("--from", "'%s' is no format that can be read; see diarist --help",
                  settings->from);
        return CLI_EXIT_USAGE;
    }
    return 0;
}

static int write_one(const diarist_document *document, const char *path, const char *format,
                     const diarist_write_options *options) {
    diarist_error err;
    if (!diarist_document_write(document, path, format, options, &err))
        return 0;
    if (!strcmp(path, "-") && cli_reader_has_gone())
        return 0;
    return cli_fail(strcmp(path, "-") ? path : "standard output", &err);
}

/* A recording's id names its file; a '/' in it must not lead elsewhere. */
static char *path_of_recording(const char *directory, const char *id, const char *extension) {
    char *path = cli_text("%s%s%s", directory, id, extension);
    for (char *c = path ? path + strlen(directory) : NULL; c && *c; c++)
        if (*c == '/')
            *c = '_';
    return path;
}

static int write_each(const diarist_document *document, const char *directory, const char *in,
                      const diarist_format *format, diarist_write_options *options) {
    int rc = cli_make_directory(directory, "--output");
    for (size_t i = 0; i < diarist_document_num_recordings(document) && !rc; i++) {
        const char *id = diarist_document_recording_id(document, i);
        char *path = path_of_recording(directory, id, format->extension);
        options->recording = (int32_t)i + 1;
        if (!path) {
            rc = cli_fail_memory();
        } else if (cli_same_file(in, path)) {
            cli_error(path, "is the input and would be overwritten; give another directory");
            rc = CLI_EXIT_USAGE;
        } else {
            rc = write_one(document, path, format->name, options);
        }
        free(path);
    }
    return rc;
}

int cli_run_convert(const struct cli_settings *settings) {
    const diarist_format *format;
    diarist_document *document;
    diarist_write_options options;
    diarist_error err;
    if (settings->num_operands != 2) {
        cli_error("convert", "takes IN and OUT; see diarist convert --help");
        return CLI_EXIT_USAGE;
    }
    const char *in = settings->operands[0], *out = settings->operands[1];
    int rc = choose_format(&format, settings, out);
    if (rc)
        return rc;
    if (cli_same_file(in, out)) {
        cli_error(out, "is the input and would be overwritten; give another OUT");
        return CLI_EXIT_USAGE;
    }
    if (diarist_document_read(&document, in, settings->from, &err))
        return cli_fail(in, &err);
    cli_document_options(&options, settings);
    if (*out && out[strlen(out) - 1] == '/')
        rc = write_each(document, out, in, format, &options);
    else
        rc = write_one(document, out, format->name, &options);
    diarist_document_free(document);
    return rc;
}
