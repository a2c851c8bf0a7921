/* test_score.c - scores through the library: figures worked out by hand, errors, memory.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "diarist/score.h"

#include "../engine/allocations.h"
#include "../formats/support.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE(id, start, duration, speaker) \
    "SPEAKER " id " 1 " start " " duration " <NA> <NA> " speaker " <NA> <NA>\n"

/* Ten seconds of anna, then bert; the hypothesis hears bert 2 s too early and knows a third. */
static const char reference_text[] = LINE("a", "0", "10", "anna") LINE("a", "10", "6", "bert");
static const char hypothesis_text[] =
    LINE("a", "0", "8", "x") LINE("a", "8", "7", "y") LINE("a", "20", "1", "z");

static void assert_near(double found, double expected) {
    if (!(fabs(found - expected) < 1e-9))
        fail_msg("%.12g instead of %.12g", found, expected);
}

static void assert_score(const diarist_score *score, double scored, double missed,
                         double false_alarm, double confusion) {
    assert_near(score->scored_s, scored);
    assert_near(score->missed_s, missed);
    assert_near(score->false_alarm_s, false_alarm);
    assert_near(score->confusion_s, confusion);
}

static diarist_uem *uem_of(const char *text) {
    diarist_uem *uem;
    diarist_error err = {0};
    write_file("test.uem", text, strlen(text));
    assert_int_equal(diarist_uem_new(&uem, &err), 0);
    if (diarist_uem_read(uem, path_of("test.uem"), &err))
        fail_msg("%s", err.message);
    return uem;
}

static void one_recording(void **state) {
    (void)state;
    diarist_document *reference = read_text("r.rttm", reference_text, NULL);
    diarist_document *hypothesis = read_text("h.rttm", hypothesis_text, NULL);
    diarist_score score;
    int32_t mapping[2];
    assert_int_equal(
        diarist_score_recording(&score, reference, 0, hypothesis, 0, NULL, 0, mapping, NULL, NULL),
        0);
    assert_score(&score, 16, 1, 1, 2);
    assert_near(diarist_score_der(&score), 4.0 / 16);
    /* anna 8 of 10 s; bert 5 s in common, 8 s together. */
    assert_near(diarist_score_jer(&score), (0.2 + 3.0 / 8) / 2);
    assert_int_equal(mapping[0], 0);
    assert_int_equal(mapping[1], 1);
    assert_int_equal(score.num_ref_speakers, 2);
    assert_int_equal(score.num_hyp_speakers, 3);
    assert_int_equal(score.count_error, 1);
    assert_int_equal(score.count_exact, 0);
    diarist_document_free(reference);
    diarist_document_free(hypothesis);
}

static void regions_and_collar(void **state) {
    (void)state;
    diarist_document *reference = read_text("r.rttm", reference_text, NULL);
    diarist_document *hypothesis = read_text("h.rttm", hypothesis_text, NULL);
    /* 2 to 14 s in two parts that overlap, and in the wrong order. */
    const diarist_region regions[] = {{.start = 9, .end = 14}, {.start = 2, .end = 9.5}};
    diarist_score_options options;
    diarist_score score;
    diarist_score_options_init(&options);
    assert_int_equal(diarist_score_recording(&score, reference, 0, hypothesis, 0, regions, 2, NULL,
                                             &options, NULL),
                     0);
    assert_score(&score, 12, 0, 0, 2);
    assert_int_equal(score.num_hyp_speakers, 2);
    options.collar_s = 0.5; /* takes 9.5 to 10.5 s away */
    assert_int_equal(diarist_score_recording(&score, reference, 0, hypothesis, 0, regions, 2, NULL,
                                             &options, NULL),
                     0);
    assert_score(&score, 11, 0, 0, 1.5);
    diarist_document_free(reference);
    diarist_document_free(hypothesis);
}

static void nobody(void **state) {
    (void)state;
    diarist_document *document = read_text("r.rttm", reference_text, NULL);
    diarist_score score;
    int32_t mapping[2] = {7, 7};
    assert_int_equal(
        diarist_score_recording(&score, document, 0, NULL, 0, NULL, 0, mapping, NULL, NULL), 0);
    assert_score(&score, 16, 16, 0, 0);
    assert_near(diarist_score_jer(&score), 1);
    assert_int_equal(mapping[0], -1);
    assert_int_equal(mapping[1], -1);
    assert_int_equal(
        diarist_score_recording(&score, NULL, 0, document, 0, NULL, 0, NULL, NULL, NULL), 0);
    assert_score(&score, 0, 0, 16, 0);
    assert_true(isnan(diarist_score_der(&score)) && isnan(diarist_score_jer(&score)));
    assert_int_equal(diarist_score_recording(&score, NULL, 0, NULL, 0, NULL, 0, NULL, NULL, NULL),
                     0);
    assert_score(&score, 0, 0, 0, 0);
    assert_int_equal(score.count_exact, 1);
    diarist_document_free(document);
}

/* One speaker of each side talks; the time grid is microseconds, so turns that touch leave nothing
 * between them whatever 0.1 + 0.2 is. */
static void sums_are_exact(void **state) {
    (void)state;
    diarist_document *reference =
        read_text("r.rttm", LINE("a", "0.1", "0.2", "x") LINE("a", "0.3", "0.4", "y"), NULL);
    diarist_score_options options;
    diarist_score score;
    diarist_score_options_init(&options);
    options.skip_overlap = 1;
    assert_int_equal(
        diarist_score_recording(&score, reference, 0, reference, 0, NULL, 0, NULL, &options, NULL),
        0);
    assert_true(score.scored_s == 0.6);
    options.collar_s = 0.1; /* leaves nothing of x */
    assert_int_equal(
        diarist_score_recording(&score, reference, 0, reference, 0, NULL, 0, NULL, &options, NULL),
        0);
    assert_true(score.scored_s == 0.2);
    assert_int_equal(score.jaccard_num, 1);
    diarist_document_free(reference);
}

static void wrong_arguments(void **state) {
    (void)state;
    diarist_document *document = read_text("r.rttm", reference_text, NULL);
    const diarist_region backwards = {.start = 3, .end = 2}, never = {.start = 0, .end = NAN};
    diarist_score_options options;
    diarist_score score;
    diarist_error err;
    int status;
    status = diarist_score_recording(&score, document, 1, document, 0, NULL, 0, NULL, NULL, &err);
    assert_int_equal(status, DIARIST_ERROR_ARGUMENT);
    assert_string_equal(err.message, "there is no recording 1; there are 1");
    status =
        diarist_score_recording(&score, document, 0, document, 0, &backwards, 1, NULL, NULL, &err);
    assert_int_equal(status, DIARIST_ERROR_ARGUMENT);
    status = diarist_score_recording(&score, document, 0, document, 0, &never, 1, NULL, NULL, &err);
    assert_int_equal(status, DIARIST_ERROR_ARGUMENT);
    const double collars[] = {-0.1, NAN, INFINITY, 3601};
    for (size_t i = 0; i < 4; i++) {
        diarist_score_options_init(&options);
        options.collar_s = collars[i];
        status = diarist_score_recording(&score, document, 0, document, 0, NULL, 0, NULL, &options,
                                         &err);
        assert_int_equal(status, DIARIST_ERROR_ARGUMENT);
        assert_non_null(strstr(err.message, "collar_s"));
    }
    options = (diarist_score_options){0};
    status =
        diarist_score_recording(&score, document, 0, document, 0, NULL, 0, NULL, &options, NULL);
    assert_int_equal(status, DIARIST_ERROR_ARGUMENT);
    diarist_document_free(document);
}

/* Lines for num recordings of num_turns, all alike but for the last turn of each hypothesis. */
static diarist_document *many(size_t num, size_t num_turns, const char *last) {
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    for (size_t r = 0; r < num; r++)
        for (size_t t = 0; t < num_turns; t++)
            fprintf(file, "SPEAKER r%zu 1 %zu %s <NA> <NA> s%zu <NA> <NA>\n", r, 2 * t,
                    t + 1 == num_turns ? last : "1.5", t % 5);
    fclose(file);
    diarist_document *document = read_text("many.rttm", text, "rttm");
    free(text);
    return document;
}

/* What took time in the square of the number of files would run into the test's limit. */
static void ten_thousand_files(void **state) {
    enum { FILES = 10000, TURNS = 40 };
    (void)state;
    diarist_document *reference = many(FILES, TURNS, "1.5"),
                     *hypothesis = many(FILES, TURNS, "0.5");
    diarist_scores *scores;
    diarist_score overall;
    diarist_scored_file file;
    assert_int_equal(diarist_score_documents(&scores, reference, hypothesis, NULL, NULL, NULL), 0);
    assert_int_equal(diarist_scores_num_files(scores), FILES);
    diarist_scores_overall(scores, &overall);
    assert_score(&overall, 1.5 * TURNS * FILES, FILES, 0, 0);
    assert_int_equal(overall.num_files, FILES);
    assert_int_equal(overall.count_exact, FILES);
    assert_int_equal(overall.num_ref_speakers, 5 * FILES);
    assert_int_equal(diarist_scores_file(scores, FILES - 1, &file), 0);
    assert_string_equal(file.id, "r9999");
    assert_score(&file.score, 1.5 * TURNS, 1, 0, 0);
    assert_int_equal(diarist_scores_file(scores, FILES, &file), -1);
    diarist_scores_free(scores);
    diarist_document_free(reference);
    diarist_document_free(hypothesis);
}

static void too_many_speakers(void **state) {
    (void)state;
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    for (int s = 0; s < 4097; s++)
        fprintf(file, "SPEAKER a 1 %d 1 <NA> <NA> s%d <NA> <NA>\n", s, s);
    fclose(file);
    diarist_document *crowd = read_text("c.rttm", text, NULL);
    free(text);
    diarist_score score;
    diarist_error err;
    int status = diarist_score_recording(&score, crowd, 0, NULL, 0, NULL, 0, NULL, NULL, &err);
    assert_int_equal(status, DIARIST_ERROR_LIMIT);
    assert_string_equal(err.message,
                        "\"a\" has 4097 speakers; at most 4096 of a recording can be scored");
    diarist_document_free(crowd);
}

static void appending_and_renaming(void **state) {
    (void)state;
    diarist_document *document = read_text("r.rttm", reference_text, NULL);
    diarist_document *same =
        read_text("s.rttm", LINE("b", "0", "1", "x") LINE("a", "0", "1", "x"), NULL);
    diarist_error err;
    assert_int_equal(diarist_document_append(document, same, &err), DIARIST_ERROR_INPUT);
    assert_int_equal(diarist_document_num_recordings(document), 1);
    assert_int_equal(diarist_document_num_recordings(same), 2);
    assert_int_equal(diarist_document_rename(same, 1, "b", &err), DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_document_rename(same, 2, "c", &err), DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_document_rename(same, 1, "c", &err), 0);
    assert_int_equal(diarist_document_rename(same, 1, "c", &err), 0);
    assert_int_equal(diarist_document_append(document, same, &err), 0);
    assert_int_equal(diarist_document_append(document, document, &err), DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_document_num_recordings(same), 0);
    diarist_document_free(same);
    assert_int_equal(diarist_document_num_recordings(document), 3);
    assert_string_equal(diarist_document_recording_id(document, 2), "c");
    assert_int_equal(diarist_document_num_turns(document, 2, DIARIST_OVERLAPPING), 1);
    /* A name that is free again may be taken. */
    assert_int_equal(diarist_document_rename(document, 0, "d", &err), 0);
    assert_int_equal(diarist_document_rename(document, 1, "a", &err), 0);
    diarist_document_free(document);
}

static void uem_by_hand(void **state) {
    (void)state;
    diarist_uem *uem = uem_of("# a map\n  a 1 0 2.5\r\n\nb 2 1e1 20\na 2 4 5\n");
    size_t num;
    diarist_error err;
    assert_int_equal(diarist_uem_num_recordings(uem), 2);
    assert_string_equal(diarist_uem_recording_id(uem, 1), "b");
    assert_null(diarist_uem_recording_id(uem, 2));
    const diarist_region *regions = diarist_uem_regions(uem, "a", &num);
    assert_int_equal(num, 2);
    assert_near(regions[1].start, 4);
    assert_null(diarist_uem_regions(uem, "c", &num));
    assert_int_equal(num, 0);
    assert_int_equal(diarist_uem_add(uem, "c", 1, 1, &err), DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_uem_add(uem, "c", -1, 1, &err), DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_uem_add(uem, "c", 0, NAN, &err), DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_uem_add(uem, "c", 0, 2e9, &err), DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_uem_num_recordings(uem), 2);
    assert_int_equal(diarist_uem_add(uem, "c", 0, 1, &err), 0);
    assert_non_null(diarist_uem_regions(uem, "c", &num));
    diarist_uem_free(uem);
    diarist_uem_free(NULL);
}

/* Every allocation fails once: an error each time, nothing leaks (sanitizers), and in the end the
 * same figures. */
static int score_once(diarist_score *overall) {
    diarist_document *reference = NULL, *more = NULL, *hypothesis = NULL;
    diarist_uem *uem = NULL;
    diarist_scores *scores = NULL;
    diarist_error err = {0};
    int status = diarist_document_read(&reference, path_of("r.rttm"), NULL, &err);
    if (!status)
        status = diarist_document_read(&more, path_of("m.rttm"), NULL, &err);
    if (!status)
        status = diarist_document_append(reference, more, &err);
    if (!status)
        status = diarist_document_rename(reference, 1, "b", &err);
    if (!status)
        status = diarist_document_read(&hypothesis, path_of("h.rttm"), NULL, &err);
    if (!status)
        status = diarist_uem_new(&uem, &err);
    if (!status)
        status = diarist_uem_read(uem, path_of("test.uem"), &err);
    if (!status)
        status = diarist_score_documents(&scores, reference, hypothesis, uem, NULL, &err);
    if (!status)
        diarist_scores_overall(scores, overall);
    assert_int_equal(status, err.status);
    diarist_scores_free(scores);
    diarist_uem_free(uem);
    diarist_document_free(hypothesis);
    diarist_document_free(more);
    diarist_document_free(reference);
    return status;
}

static void failing_allocations(void **state) {
    (void)state;
    diarist_score overall = {0};
    write_file("r.rttm", reference_text, strlen(reference_text));
    write_file("h.rttm", hypothesis_text, strlen(hypothesis_text));
    write_file("m.rttm", LINE("m", "0", "4", "anna"), strlen(LINE("m", "0", "4", "anna")));
    write_file("test.uem", "a 1 0 30\nb 1 0 2\n", 17);
    long number = 0, left;
    do {
        fail_allocation(number++);
        int status = score_once(&overall);
        left = stop_failing();
        if (left < 0)
            assert_int_equal(status, DIARIST_ERROR_MEMORY);
        else
            assert_int_equal(status, 0);
    } while (left < 0);
    assert_true(number > 30);
    assert_score(&overall, 18, 3, 1, 2);
}

int main(void) {
    /* Numbers in files have a point whatever the language, where there is one with a comma. */
    setlocale(LC_ALL, "de_DE.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_recording),
        cmocka_unit_test(regions_and_collar),
        cmocka_unit_test(nobody),
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(wrong_arguments),
        cmocka_unit_test(ten_thousand_files),
        cmocka_unit_test(too_many_speakers),
        cmocka_unit_test(appending_and_renaming),
        cmocka_unit_test(uem_by_hand),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
