/* product.c - what one input has become, to a file or standard output.
 * SPDX-License-Identifier: MIT */
#include "batch.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_product_free(struct cli_product *product) {
    for (size_t i = 0; i < product->num_pieces; i++) {
        diarist_result_free(product->pieces[i].result);
        free(product->pieces[i].matches);
        free(product->pieces[i].names);
    }
    free(product->pieces);
    free(product->text);
    *product = (struct cli_product){0};
}

int cli_product_add(diarist_document *document, const struct cli_batch *batch,
                    const struct cli_product *product, diarist_error *err) {
    int rc = DIARIST_OK;
    for (size_t i = 0; i < product->num_pieces && !rc; i++) {
        const struct cli_piece *piece = &product->pieces[i];
        rc = diarist_document_add(document, piece->result, &piece->source, batch->model, err);
    }
    return rc;
}

void cli_document_options(diarist_write_options *options, const struct cli_settings *settings) {
    diarist_write_options_init(options);
    options->view = settings->exclusive ? DIARIST_EXCLUSIVE : DIARIST_OVERLAPPING;
    options->embeddings = settings->embeddings;
    options->timing = settings->timing;
    options->colors = settings->colors;
}

static int write_document(const struct cli_batch *batch, const struct cli_product *product,
                          const char *path, const char *format, diarist_error *err) {
    diarist_document *document;
    diarist_write_options options;
    cli_document_options(&options, batch->settings);
    int rc = diarist_document_new(&document, err);
    if (!rc)
        rc = cli_product_add(document, batch, product, err);
    if (!rc)
        rc = diarist_document_write(document, path, format, &options, err);
    diarist_document_free(document);
    return rc;
}

/* The header goes before the text of each file, but only once to standard output: batch.c. */
static int write_text(const struct cli_batch *batch, const struct cli_product *product,
                      const char *path, diarist_error *err) {
    if (!strcmp(path, "-"))
        return cli_write_stdout(product->text, product->text_size, err);
    char *whole = cli_text("%s%s", batch->header ? batch->header : "", product->text);
    if (!whole) {
        err->status = DIARIST_ERROR_MEMORY;
        snprintf(err->message, sizeof err->message, "out of memory; give fewer --jobs");
        return DIARIST_ERROR_MEMORY;
    }
    int rc = cli_write_file(path, whole, strlen(whole), err);
    free(whole);
    return rc;
}

int cli_product_write(const struct cli_batch *batch, const struct cli_product *product,
                      const char *path, size_t f, diarist_error *err) {
    if (product->text)
        return write_text(batch, product, path, err);
    return write_document(batch, product, path, batch->plan->formats[f].name, err);
}
