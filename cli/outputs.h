/* outputs.h - where results go, settled before any work is done.
 * SPDX-License-Identifier: MIT
 *
 * inputs x formats (and stages) -> one path each, or standard output. A plan that would write two
 * results to one path, or over an input, is refused. */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include "diarist/io.h"
#include "inputs.h"

enum { CLI_MAX_FORMATS = 16 };

struct cli_output_format {
    const char *name, *extension; /* "rttm", ".rttm" */
    bool holds_several;           /* results of several inputs may follow one another */
};

struct cli_plan {
    struct cli_output_format formats[CLI_MAX_FORMATS];
    size_t num_formats;
    bool to_stdout;  /* formats are */
    bool has_stages; /* which go to a file of their own */
    size_t num_inputs;
    size_t num_paths; /* of an input: of its formats, unless to_stdout, then of its stages */
    char **paths;     /* [num_inputs][num_paths] */
    bool *skip;       /* [num_inputs]: --resume found all outputs there */
};

/* The plan's formats are set; fills the rest and makes the output directory. 0, or an exit code
 * after the error was printed. Free in either case. */
int cli_plan_make(struct cli_plan *plan, const struct cli_inputs *inputs,
                  const struct cli_settings *settings);
void cli_plan_free(struct cli_plan *plan);

/* The format with the longest extension that ends the path (x.senko.json is not json), or NULL. */
const diarist_format *cli_format_of_path(const char *path);

/* Whether two names lead to the same existing file. */
bool cli_same_file(const char *a, const char *b);

/* Makes a directory and those above it, as mkdir -p. flag: that asked for it. 0, or an exit code
 * after the error. */
int cli_make_directory(const char *path, const char *flag);

/* Writes text to path, beside it and renamed when it is a regular file. */
int cli_write_file(const char *path, const char *text, size_t size, diarist_error *err);

/* Writes text to standard output. */
int cli_write_stdout(const char *text, size_t size, diarist_error *err);

/* After a failed write to standard output: whether its reader has simply gone (`| head`). */
bool cli_reader_has_gone(void);

#endif
