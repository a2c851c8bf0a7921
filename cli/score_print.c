/* score_print.c - scores as a table, JSON or CSV.
 * SPDX-License-Identifier: MIT
 *
 * Tables are for people: seconds and percent, rounded. JSON and CSV hold seconds and fractions;
 * what is not defined (DER without speech) is null, or empty. */
#include "score.h"

#include "text.h"

#include "common/json_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char overall_name[] = "overall";

static const char *status_of(int32_t what) {
    switch (what) {
    case DIARIST_SCORED_NO_HYPOTHESIS:
        return "no hypothesis";
    case DIARIST_SCORED_NO_REFERENCE:
    case DIARIST_UNSCORED_NO_REFERENCE:
        return "no reference";
    case DIARIST_UNSCORED_NOT_IN_UEM:
        return "not in UEM";
    default:
        return "scored";
    }
}

static size_t count_uncounted(const diarist_scores *scores) {
    diarist_scored_file file;
    size_t num = 0;
    for (size_t i = 0; diarist_scores_file(scores, i, &file) == 0; i++)
        num += !file.score.num_files;
    return num;
}

static double mean_over_files(const diarist_score *score, int64_t sum) {
    return score->num_files ? (double)sum / (double)score->num_files : NAN;
}

/* ---- table -------------------------------------------------------------------------------- */

/* Characters, not bytes; control characters are shown as ?. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void put_name(const char *name, int column) {
    for (const char *c = name; *c; c++)
        putchar((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c);
    printf("%*s", column - width_of(name), "");
}

static void put_percent(double fraction) {
    if (isnan(fraction))
        printf("%9s", "-");
    else
        printf("%9.2f", 100 * fraction);
}

static void put_row(const char *name, int column, const diarist_score *score) {
    put_name(name, column);
    printf("%12.2f%11.2f%15.2f%13.2f", score->scored_s, score->missed_s, score->false_alarm_s,
           score->confusion_s);
    put_percent(diarist_score_der(score));
    put_percent(diarist_score_jer(score));
    printf("%7lld%7lld", (long long)score->num_ref_speakers, (long long)score->num_hyp_speakers);
}

static int name_column(const diarist_scores *scores) {
    diarist_scored_file file;
    int column = width_of(overall_name);
    for (size_t i = 0; diarist_scores_file(scores, i, &file) == 0; i++)
        column = width_of(file.id) > column ? width_of(file.id) : column;
    return column < 60 ? column : 60;
}

static void print_table(const struct cli_scoring *scoring) {
    const diarist_scores *scores = scoring->scores;
    diarist_scored_file file;
    diarist_score overall;
    int column = name_column(scores);
    printf("collar %g s, overlap %s\n", scoring->options.collar_s,
           scoring->options.skip_overlap ? "not scored" : "scored");
    printf("%-*s%12s%11s%15s%13s%9s%9s%7s%7s\n", column, "recording", "scored s", "missed s",
           "false alarm s", "confusion s", "DER %", "JER %", "ref", "hyp");
    for (size_t i = 0; diarist_scores_file(scores, i, &file) == 0; i++) {
        if (file.score.num_files)
            put_row(file.id, column, &file.score);
        else
            put_name(file.id, column);
        if (file.what != DIARIST_SCORED)
            printf("  %s%s", status_of(file.what), file.score.num_files ? "" : ", not counted");
        putchar('\n');
    }
    diarist_scores_overall(scores, &overall);
    put_row(overall_name, column, &overall);
    putchar('\n');
    if (overall.num_files)
        printf("number of speakers: exact in %lld of %lld, mean error %.2f\n",
               (long long)overall.count_exact, (long long)overall.num_files,
               mean_over_files(&overall, overall.count_error));
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void put_json_number(const char *name, double value, bool is_known) {
    if (is_known && !isnan(value))
        printf("\"%s\":%.6f,", name, value);
    else
        printf("\"%s\":null,", name);
}

static void put_json_figures(const diarist_score *score, bool counted) {
    put_json_number("scored", score->scored_s, counted);
    put_json_number("missed", score->missed_s, counted);
    put_json_number("false_alarm", score->false_alarm_s, counted);
    put_json_number("confusion", score->confusion_s, counted);
    put_json_number("der", diarist_score_der(score), counted);
    put_json_number("jer", diarist_score_jer(score), counted);
    if (counted)
        printf("\"reference_speakers\":%lld,\"hypothesis_speakers\":%lld,",
               (long long)score->num_ref_speakers, (long long)score->num_hyp_speakers);
    else
        fputs("\"reference_speakers\":null,\"hypothesis_speakers\":null,", stdout);
}

static void put_json_file(const diarist_scored_file *file) {
    const diarist_score *score = &file->score;
    bool counted = score->num_files > 0;
    common_json_string(stdout, file->id);
    fputs(":{", stdout);
    put_json_figures(score, counted);
    if (counted)
        printf("\"speaker_count_error\":%lld,",
               (long long)(score->num_hyp_speakers - score->num_ref_speakers));
    else
        fputs("\"speaker_count_error\":null,", stdout);
    printf("\"status\":\"%s\",\"counted\":%s}", status_of(file->what), counted ? "true" : "false");
}

static void put_json_scoring(const struct cli_scoring *scoring) {
    diarist_scored_file file;
    diarist_score overall;
    diarist_scores_overall(scoring->scores, &overall);
    printf("\"collar\":%g,\"skip_overlap\":%s,\"overall\":{", scoring->options.collar_s,
           scoring->options.skip_overlap ? "true" : "false");
    put_json_figures(&overall, true);
    put_json_number("speaker_count_error", mean_over_files(&overall, overall.count_error), true);
    put_json_number("speaker_count_exact", mean_over_files(&overall, overall.count_exact), true);
    printf("\"files\":%lld,\"files_not_counted\":%zu},\"files\":{", (long long)overall.num_files,
           count_uncounted(scoring->scores));
    for (size_t i = 0; diarist_scores_file(scoring->scores, i, &file) == 0; i++) {
        fputs(i ? ",\n" : "\n", stdout);
        put_json_file(&file);
    }
    putchar('}');
}

static void print_json(const struct cli_scoring *scorings, size_t num) {
    fputs("{\"schema\":\"diarist-score/1\",", stdout);
    put_json_scoring(&scorings[0]);
    for (size_t i = 1; i < num; i++) {
        printf(",\n\"collar_%g_%soverlap\":{", scorings[i].options.collar_s,
               scorings[i].options.skip_overlap ? "no_" : "");
        put_json_scoring(&scorings[i]);
        putchar('}');
    }
    fputs("}\n", stdout);
}

/* ---- CSV ---------------------------------------------------------------------------------- */

static void put_csv_number(double value) {
    if (isnan(value))
        putchar(',');
    else
        printf(",%.6f", value);
}

static void put_csv_figures(const diarist_score *score) {
    put_csv_number(score->scored_s);
    put_csv_number(score->missed_s);
    put_csv_number(score->false_alarm_s);
    put_csv_number(score->confusion_s);
    put_csv_number(diarist_score_der(score));
    put_csv_number(diarist_score_jer(score));
    printf(",%lld,%lld", (long long)score->num_ref_speakers, (long long)score->num_hyp_speakers);
}

static void put_csv_start(const struct cli_scoring *scoring, const char *row) {
    printf("%g,%s,%s,", scoring->options.collar_s, scoring->options.skip_overlap ? "yes" : "no",
           row);
}

static void print_csv(const struct cli_scoring *scoring) {
    diarist_scored_file file;
    diarist_score overall;
    for (size_t i = 0; diarist_scores_file(scoring->scores, i, &file) == 0; i++) {
        put_csv_start(scoring, "file");
        cli_csv_field(stdout, file.id);
        if (file.score.num_files)
            put_csv_figures(&file.score);
        else
            fputs(",,,,,,,,", stdout);
        printf(",%s\n", status_of(file.what));
    }
    diarist_scores_overall(scoring->scores, &overall);
    put_csv_start(scoring, overall_name);
    put_csv_figures(&overall);
    fputs(",\n", stdout);
}

void cli_score_print(const struct cli_scoring *scorings, size_t num, int32_t format) {
    if (format == CLI_SCORE_JSON) {
        print_json(scorings, num);
        return;
    }
    if (format == CLI_SCORE_CSV)
        puts("collar,skip_overlap,row,recording,scored,missed,false_alarm,confusion,der,jer,"
             "reference_speakers,hypothesis_speakers,status");
    for (size_t i = 0; i < num; i++) {
        if (format == CLI_SCORE_CSV) {
            print_csv(&scorings[i]);
            continue;
        }
        if (i)
            putchar('\n');
        print_table(&scorings[i]);
    }
}
