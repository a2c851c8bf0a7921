/* known.c - the people of --profiles, and who of a recording's speakers they are.
 * SPDX-License-Identifier: MIT
 *
 * pieces of a product -> voices [num][dim] -> diarist_match_voices -> names of each piece */
#include "known.h"

#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int cli_known_read(struct cli_known *known, const struct cli_settings *settings,
                   const diarist_model *model) {
    diarist_model_info info;
    diarist_error err;
    diarist_model_describe(model, &info);
    *known = (struct cli_known){.margin = settings->margin, .embedding_dim = info.embedding_dim};
    known->threshold =
        CLI_GIVEN(settings, threshold) ? settings->threshold : diarist_match_threshold(&info);
    if (isnan(known->threshold)) {
        cli_error("--profiles", "model %s has no known threshold for voices; give --threshold",
                  info.name);
        return CLI_EXIT_USAGE;
    }
    if (diarist_profiles_new(&known->profiles, &info, &err) ||
        diarist_profiles_add(known->profiles, settings->profiles, &err))
        return cli_fail(settings->profiles, &err);
    return 0;
}

void cli_known_free(struct cli_known *known) {
    diarist_profiles_free(known->profiles);
    *known = (struct cli_known){0};
}

static size_t count_speakers(const struct cli_product *product) {
    size_t num = 0;
    for (size_t i = 0; i < product->num_pieces; i++)
        num += diarist_result_num_speakers(product->pieces[i].result);
    return num;
}

/* [num_speakers][dim] of all pieces, zeros where there is none; to be freed. */
static float *gather_voices(const struct cli_product *product, size_t dim) {
    float *voices = calloc(count_speakers(product) * dim + 1, sizeof *voices), *to = voices;
    diarist_speaker speaker;
    for (size_t i = 0; voices && i < product->num_pieces; i++)
        for (size_t s = 0; diarist_result_speaker(product->pieces[i].result, s, &speaker) == 0;
             s++) {
            if (speaker.embedding)
                memcpy(to, speaker.embedding, dim * sizeof *to);
            to += dim;
        }
    return voices;
}

static int name_piece(struct cli_piece *piece, const struct cli_known *known,
                      const diarist_match *matches, diarist_error *err) {
    size_t num = diarist_result_num_speakers(piece->result);
    piece->matches = calloc(num + 1, sizeof *piece->matches);
    piece->names = calloc(num + 1, sizeof *piece->names);
    if (!piece->matches || !piece->names)
        return cli_set_memory_error(err);
    memcpy(piece->matches, matches, num * sizeof *matches);
    for (size_t s = 0; s < num; s++)
        if (matches[s].known >= 0)
            piece->names[s] = diarist_profiles_name(known->profiles, (size_t)matches[s].known);
    piece->source.names = piece->names;
    return DIARIST_OK;
}

int cli_known_name(const struct cli_known *known, struct cli_product *product, diarist_error *err) {
    size_t num = count_speakers(product), done = 0;
    float *voices = gather_voices(product, known->embedding_dim);
    diarist_match *matches = calloc(num + 1, sizeof *matches);
    int rc = voices && matches ? DIARIST_OK : cli_set_memory_error(err);
    if (!rc)
        diarist_match_voices(matches, voices, num, diarist_profiles_embeddings(known->profiles),
                             diarist_profiles_num(known->profiles), known->embedding_dim,
                             known->threshold, known->margin);
    for (size_t i = 0; i < product->num_pieces && !rc; i++) {
        rc = name_piece(&product->pieces[i], known, matches + done, err);
        done += diarist_result_num_speakers(product->pieces[i].result);
    }
    free(matches);
    free(voices);
    return rc;
}

static void put_scores(FILE *to, const struct cli_known *known, const struct cli_piece *piece,
                       size_t first_number, const char *path) {
    diarist_speaker speaker;
    for (size_t s = 0; diarist_result_speaker(piece->result, s, &speaker) == 0; s++) {
        const float *people = diarist_profiles_embeddings(known->profiles);
        cli_csv_field(to, path);
        fprintf(to, ",SPEAKER_%02zu,%.3f,", first_number + s, speaker.seconds);
        cli_csv_field(to, piece->names[s] ? piece->names[s] : "");
        for (size_t k = 0; k < diarist_profiles_num(known->profiles); k++) {
            const float *person = people + k * known->embedding_dim;
            if (speaker.embedding)
                fprintf(to, ",%.3f",
                        diarist_similarity(speaker.embedding, person, known->embedding_dim));
            else
                putc(',', to);
        }
        putc('\n', to);
    }
}

int cli_known_scores(const struct cli_known *known, struct cli_product *product, const char *path,
                     diarist_error *err) {
    FILE *to = open_memstream(&product->text, &product->text_size);
    size_t number = 0;
    for (size_t i = 0; to && i < product->num_pieces; i++) {
        put_scores(to, known, &product->pieces[i], number, path);
        number += diarist_result_num_speakers(product->pieces[i].result);
    }
    if (!to || fclose(to))
        return cli_set_memory_error(err);
    return DIARIST_OK;
}

char *cli_known_header(const struct cli_known *known) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    fputs("file,speaker,seconds,name", to);
    for (size_t k = 0; k < diarist_profiles_num(known->profiles); k++) {
        putc(',', to);
        cli_csv_field(to, diarist_profiles_name(known->profiles, k));
    }
    putc('\n', to);
    if (!fclose(to))
        return text;
    free(text);
    return NULL;
}
