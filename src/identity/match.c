/* match.c - who of the known voices one is, or nobody.
 * SPDX-License-Identifier: MIT
 *
 * voice, known [num_known][dim] -> cosines -> the nearest, if it is near and alone
 *
 * Who is given to whom needs no assignment problem to be solved: a voice can only ever be its
 * nearest, so the sum of scores is greatest when each known one goes to the nearest of those that
 * ask for it. */
#include "diarist/profile.h"

#include <math.h>
#include <string.h>

/* Halfway between the nearest of two people and the farthest of one on the project's recordings:
 * docs/decisions/007-profiles.md. */
static const struct {
    const char *architecture;
    double match, link;
} thresholds[] = {{"diarist/default-1", 0.70, 0.75}};

double diarist_match_threshold(const diarist_model_info *model) {
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++)
        if (!strcmp(model->architecture, thresholds[i].architecture))
            return thresholds[i].match;
    return NAN;
}

double diarist_link_threshold(const diarist_model_info *model) {
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++)
        if (!strcmp(model->architecture, thresholds[i].architecture))
            return thresholds[i].link;
    return NAN;
}

static int has_direction(const float *voice, size_t dim) {
    double squares = 0;
    for (size_t i = 0; i < dim; i++)
        squares += (double)voice[i] * voice[i];
    return squares > 0 && isfinite(squares);
}

void diarist_match_voice(diarist_match *out, const float *voice, const float *known,
                         size_t num_known, size_t dim, double threshold, double margin) {
    *out = (diarist_match){.known = -1, .nearest = -1, .score = -1, .second = -1};
    if (!has_direction(voice, dim))
        return;
    for (size_t k = 0; k < num_known; k++) {
        double score = diarist_similarity(voice, known + k * dim, dim);
        if (out->nearest < 0 || score > out->score) {
            out->second = out->score;
            out->score = score;
            out->nearest = (int32_t)k;
        } else if (score > out->second) {
            out->second = score;
        }
    }
    int is_alone = num_known < 2 || out->score - out->second >= margin;
    if (out->score >= threshold && is_alone)
        out->known = out->nearest;
}

void diarist_match_voices(diarist_match *out, const float *voices, size_t num_voices,
                          const float *known, size_t num_known, size_t dim, double threshold,
                          double margin) {
    for (size_t v = 0; v < num_voices; v++) {
        diarist_match *match = &out[v];
        diarist_match_voice(match, voices + v * dim, known, num_known, dim, threshold, margin);
        for (size_t other = 0; other < v && match->known >= 0; other++) {
            if (out[other].known != match->known)
                continue;
            if (out[other].score >= match->score)
                match->known = -1;
            else
                out[other].known = -1;
        }
    }
}
