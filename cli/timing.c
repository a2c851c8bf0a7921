/* timing.c - how long the stages took, as a line on standard error.
 * SPDX-License-Identifier: MIT */
#include "timing.h"

#include "report.h"

#include <string.h>

bool cli_wants_timing_line(const struct cli_settings *settings, const struct cli_plan *plan) {
    for (size_t f = 0; f < plan->num_formats; f++)
        if (!strcmp(plan->formats[f].name, "json"))
            return false;
    return settings->timing;
}

void cli_print_timing(const char *path, const struct cli_product *product) {
    diarist_timing sum = {0};
    double load_s = 0, decode_s = 0, duration_s = 0;
    for (size_t i = 0; i < product->num_pieces; i++) {
        const struct cli_piece *piece = &product->pieces[i];
        diarist_timing timing;
        diarist_result_timing(piece->result, &timing);
        sum.features += timing.features;
        sum.segmentation += timing.segmentation;
        sum.embedding += timing.embedding;
        sum.clustering += timing.clustering;
        sum.reconstruct += timing.reconstruct;
        sum.total += piece->source.total_s;
        decode_s += piece->source.decode_s;
        /* The first one made the networks ready for all. */
        load_s = load_s > piece->source.load_s ? load_s : piece->source.load_s;
        duration_s = piece->source.duration_s;
    }
    double known_s = decode_s + sum.features + sum.segmentation + sum.embedding + sum.clustering +
                     sum.reconstruct;
    double other_s = sum.total > known_s ? sum.total - known_s : 0,
           total_s = load_s + known_s + other_s;
    cli_summary("%s: load %.3f, decode %.3f, features %.3f, segmentation %.3f, embedding %.3f, "
                "clustering %.3f, reconstruct %.3f, other %.3f, total %.3f s, %.0f x realtime",
                strcmp(path, "-") ? path : "standard input", load_s, decode_s, sum.features,
                sum.segmentation, sum.embedding, sum.clustering, sum.reconstruct, other_s, total_s,
                total_s > 0 ? duration_s / total_s : 0);
}
