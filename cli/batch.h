/* batch.h - many inputs, some at a time, results in order.
 * SPDX-License-Identifier: MIT
 *
 *   inputs -> [workers: cli_work_fn] -> products -> files at once, or standard output in order */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include "diarist/profile.h"
#include "feed.h"
#include "inputs.h"
#include "outputs.h"

/* What one input has become: results of its channels (diarize, identify, vad), a text (embed,
 * --scores). */
struct cli_piece {
    diarist_result *result;
    diarist_match *matches; /* [num_speakers] with the profiles; NULL: there are none */
    const char **names;     /* [num_speakers] by that; NULL as in diarist_source */
    diarist_source source;
    char sha256[65];
};

struct cli_product {
    struct cli_piece *pieces; /* [num_pieces] */
    size_t num_pieces;
    char *text; /* [text_size] */
    size_t text_size;
};

struct cli_batch;

/* One input. Everything but the product is set. */
struct cli_job {
    const struct cli_batch *batch;
    const char *path;
    diarist_options options;
    struct cli_progress progress;
    struct cli_product product;
    double duration_s; /* of audio, for the summary */
    double speech_s;   /* heard, whoever's */
    size_t num_speakers, num_turns;
};

/* Makes the product of one input. A diarist_status. */
typedef int (*cli_work_fn)(struct cli_job *job, diarist_error *err);

struct cli_batch {
    const struct cli_settings *settings;
    const struct cli_inputs *inputs;
    const struct cli_plan *plan;
    const diarist_model *model;
    double load_s; /* that it took to load the model */
    enum cli_work stages;
    cli_work_fn work;
    const char *header; /* before the first text of a file or of standard output; NULL: none */
    const void *data;   /* of the command */
};

/* Works through all inputs; prints errors and the summary. An exit code. */
int cli_batch_run(const struct cli_batch *batch);

void cli_product_free(struct cli_product *product);

/* Writes a product to path ("-": standard output) in the plan's format f. */
int cli_product_write(const struct cli_batch *batch, const struct cli_product *product,
                      const char *path, size_t f, diarist_error *err);

/* Appends the pieces of a product. */
int cli_product_add(diarist_document *document, const struct cli_batch *batch,
                    const struct cli_product *product, diarist_error *err);
/* The library's write options as the settings say. */
void cli_document_options(diarist_write_options *options, const struct cli_settings *settings);

#endif
