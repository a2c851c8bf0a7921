/* known.h - the people of --profiles, and who of a recording's speakers they are.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_KNOWN_H
#define CLI_KNOWN_H

#include "batch.h"

struct cli_known {
    diarist_profiles *profiles;
    double threshold, margin;
    size_t embedding_dim;
};

/* Reads what --profiles says, for a model. 0, or an exit code after the error was printed. Free in
 * either case. */
int cli_known_read(struct cli_known *known, const struct cli_settings *settings,
                   const diarist_model *model);
void cli_known_free(struct cli_known *known);

/* Names the speakers of one input, of all its channels at once. A diarist_status. */
int cli_known_name(const struct cli_known *known, struct cli_product *product, diarist_error *err);

/* The scores of a named product as text: a line a speaker, a column for each person. A
 * diarist_status. */
int cli_known_scores(const struct cli_known *known, struct cli_product *product, const char *path,
                     diarist_error *err);
/* The line above, to be freed; NULL without memory. */
char *cli_known_header(const struct cli_known *known);

#endif
