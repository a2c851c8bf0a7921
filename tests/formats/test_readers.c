/* test_readers.c - what each format's reader takes, and what it refuses.
 * SPDX-License-Identifier: MIT
 *
 * Inputs are written by hand after the formats' descriptions. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Turn i of recording r is start..end of the speaker with that name. */
static void assert_turn(const diarist_document *document, size_t r, size_t i, double start,
                        double end, const char *speaker) {
    diarist_turn turn;
    assert_int_equal(diarist_document_turn(document, r, DIARIST_OVERLAPPING, i, &turn), 0);
    assert_true(fabs(turn.start - start) < 1e-6);
    assert_true(fabs(turn.end - end) < 1e-6);
    assert_string_equal(diarist_document_speaker_name(document, r, (size_t)turn.speaker), speaker);
}

/* The same two turns, in whatever format. */
static void assert_two_turns(const char *name, const char *text, const char *a, const char *b) {
    for (int told = 0; told < 2; told++) {
        const char *dot = strrchr(name, '.');
        char format[32];
        snprintf(format, sizeof format, "%s", dot + 1);
        diarist_document *document = read_text(name, text, told ? format : NULL);
        assert_int_equal(diarist_document_num_recordings(document), 1);
        assert_int_equal(diarist_document_num_turns(document, 0, DIARIST_OVERLAPPING), 2);
        assert_turn(document, 0, 0, 0.5, 2.0, a);
        assert_turn(document, 0, 1, 1.25, 3.0, b);
        diarist_document_free(document);
    }
}

static void test_rttm(void **state) {
    (void)state;
    assert_two_turns("x.rttm",
                     "SPEAKER x 1 0.500 1.500 <NA> <NA> ann <NA> <NA>\n"
                     "SPEAKER x 1 1.25 1.75 <NA> <NA> bob <NA> <NA>\n",
                     "ann", "bob");
    assert_two_turns("x.rttm", /* nine fields, CRLF, comments, blank lines, tabs, unsorted */
                     ";; a comment\r\n\r\n"
                     "SPKR-INFO x 1 <NA> <NA> <NA> unknown ann <NA> <NA>\r\n"
                     "SPEAKER\tx\t1\t1.25\t1.75\t<NA>\t<NA>\tbob\t<NA>\r\n"
                     "SPEAKER x 1   0.5 1.5 <NA> <NA> ann <NA>",
                     "ann", "bob");
}

static void test_rttm_recordings(void **state) {
    (void)state;
    diarist_document *document = read_text("many.rttm",
                                           "SPEAKER b 1 0 1 <NA> <NA> s1 <NA> <NA>\n"
                                           "SPEAKER a 1 0 2 <NA> <NA> s1 <NA> <NA>\n"
                                           "SPEAKER b 1 5 1 <NA> <NA> s2 <NA> <NA>\n",
                                           "rttm");
    assert_int_equal(diarist_document_num_recordings(document), 2);
    for (size_t r = 0; r < 2; r++) {
        int is_b = strcmp(diarist_document_recording_id(document, r), "b") == 0;
        assert_int_equal(diarist_document_num_turns(document, r, DIARIST_OVERLAPPING), 1 + is_b);
        assert_int_equal(diarist_document_num_speakers(document, r), 1 + is_b);
    }
    diarist_document_free(document);
}

static void test_rttm_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"SPEAKER x 1 zero 1 <NA> <NA> a <NA> <NA>\n", "line 1"},
        {"\nSPEAKER x 1 0 nan <NA> <NA> a <NA> <NA>\n", "line 2"},
        {"SPEAKER x 1 0 inf <NA> <NA> a <NA> <NA>\n", "line 1"},
        {"SPEAKER x 1 -1 2 <NA> <NA> a <NA> <NA>\n", "line 1"},
        {"SPEAKER x 1 0 -2 <NA> <NA> a <NA> <NA>\n", "line 1"},
        {"SPEAKER x 1 0 1e300 <NA> <NA> a <NA> <NA>\n", "line 1"},
        {"SPEAKER x 1 0\n", "line 1"},
        {"SPEAKER x 1 0 0x10 <NA> <NA> a <NA> <NA>\n", "line 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *message = read_error("bad.rttm", cases[i].text, strlen(cases[i].text), "rttm");
        assert_non_null(strstr(message, cases[i].message));
        assert_null(strchr(message, '\n'));
    }
}

static void test_tables(void **state) {
    (void)state;
    assert_two_turns("x.csv",
                     "file,start,end,speaker,confidence,overlap\n"
                     "x,0.500,2.000,\"Ann \"\"A\"\", Ms\",0.9,true\n"
                     "x,1.250,3.000,bob,,false\n",
                     "Ann \"A\", Ms", "bob");
    assert_two_turns("x.jsonl",
                     "{\"file\":\"x\",\"start\":0.5,\"end\":2,\"speaker\":\"\\u00e9va\"}\n"
                     "{\"speaker\":\"bob\",\"end\":3.0,\"start\":1.25,\"file\":\"x\"}\n",
                     "\xc3\xa9va", "bob");
}

static void test_cues(void **state) {
    (void)state;
    assert_two_turns("x.srt",
                     "1\r\n00:00:00,500 --> 00:00:02,000\r\nann\r\n\r\n"
                     "2\r\n00:00:01,250 --> 00:00:03,000\r\nbob\r\n",
                     "ann", "bob");
    assert_two_turns("x.vtt",
                     "WEBVTT\n\nNOTE nothing\n\n00:00.500 --> 00:02.000\n<v ann>ann\n\n"
                     "00:00:01.250 --> 00:00:03.000 align:start\n<v bob>bob</v>\n",
                     "ann", "bob");
}

static void test_labels(void **state) {
    (void)state;
    diarist_document *document = read_text("x.txt", "0.5\t2.0\tann\n1.25\t3\tbob b\n", "audacity");
    assert_turn(document, 0, 0, 0.5, 2.0, "ann");
    assert_turn(document, 0, 1, 1.25, 3.0, "bob b");
    diarist_document_free(document);
}

static void test_textgrid(void **state) {
    (void)state;
    static const char text[] =
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = 4\n"
        "tiers? <exists>\nsize = 2\nitem []:\n"
        "    item [1]:\n        class = \"IntervalTier\"\n        name = \"ann\"\n"
        "        xmin = 0\n        xmax = 4\n        intervals: size = 3\n"
        "        intervals [1]:\n            xmin = 0\n            xmax = 0.5\n"
        "            text = \"\"\n"
        "        intervals [2]:\n            xmin = 0.5\n            xmax = 2\n"
        "            text = \"ann\"\n"
        "        intervals [3]:\n            xmin = 2\n            xmax = 4\n"
        "            text = \"\"\n"
        "    item [2]:\n        class = \"IntervalTier\"\n        name = \"bo\"\"b\"\n"
        "        xmin = 0\n        xmax = 4\n        intervals: size = 1\n"
        "        intervals [1]:\n            xmin = 1.25\n            xmax = 3\n"
        "            text = \"x\"\n";
    diarist_document *document = read_text("x.TextGrid", text, NULL);
    assert_turn(document, 0, 0, 0.5, 2.0, "ann");
    assert_turn(document, 0, 1, 1.25, 3.0, "bo\"b");
    diarist_document_free(document);
}

static void test_styles(void **state) {
    (void)state;
    assert_two_turns("x.senko",
                     "[{\"start\":0.5,\"end\":2.0,\"speaker\":\"SPEAKER_01\"},"
                     "{\"start\":1.25,\"end\":3.0,\"speaker\":\"SPEAKER_02\"}]",
                     "SPEAKER_01", "SPEAKER_02");
    assert_two_turns("x.pyannoteai",
                     "{\"jobId\":\"x\",\"status\":\"succeeded\",\"output\":{\"diarization\":["
                     "{\"speaker\":\"S0\",\"start\":0.5,\"end\":2.0},"
                     "{\"speaker\":\"S1\",\"start\":1.25,\"end\":3.0}]}}",
                     "S0", "S1");
    assert_two_turns("x.whisperx",
                     "{\"segments\":[{\"start\":0.5,\"end\":2.0,\"text\":\"hi\",\"speaker\":\"a\"},"
                     "{\"start\":1.25,\"end\":3.0,\"text\":\"ho\",\"speaker\":\"b\"}],"
                     "\"word_segments\":[]}",
                     "a", "b");
    assert_two_turns("x.assemblyai",
                     "{\"id\":\"x\",\"utterances\":[{\"speaker\":\"A\",\"start\":500,\"end\":2000},"
                     "{\"speaker\":\"B\",\"start\":1250,\"end\":3000}]}",
                     "A", "B");
    assert_two_turns("x.json",
                     "{\"schema\":\"diarist/1\",\"audio\":{\"file\":\"x.wav\",\"duration\":4.0},"
                     "\"speakers\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"diarization\":["
                     "{\"start\":0.5,\"end\":2.0,\"speaker\":\"a\"},"
                     "{\"start\":1.25,\"end\":3.0,\"speaker\":\"b\"}],"
                     "\"exclusive_diarization\":[]}",
                     "a", "b");
}

/* No reader may crash, hang or accept these; every message is one line. */
static void test_hostile(void **state) {
    (void)state;
    static char deep[200001];
    memset(deep, '[', sizeof deep - 1);
    const char *texts[] = {"\x7f"
                           "ELF\x02\x01",
                           "{\"schema\":\"diarist/1\"",
                           "{\"schema\":\"diarist/2\",\"diarization\":[]}",
                           "{\"schema\":\"diarist/1\",\"audio\":3,\"diarization\":7}",
                           "{\"schema\":\"diarist/1\",\"diarization\":[{\"start\":\"x\"}]}",
                           "{\"utterances\":[{\"speaker\":1,\"start\":-5,\"end\":0}]}",
                           "file,start,end\nx,1,2\n",
                           "file,start,end,speaker\nx,1,\"2,a\n",
                           "WEBVTT\n\n00:xx --> 00:01\n<v a>a\n",
                           "1\n00:00:02,000 --> 00:00:01,000\na\n",
                           "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\nxmin = q\n",
                           "<html><body>404</body></html>",
                           deep};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *message = read_error("bad", texts[i], strlen(texts[i]), NULL);
        assert_true(strlen(message) > 10);
        assert_null(strchr(message, '\n'));
    }
}

/* Programs that do not indent put a whole transcript on one line. */
static void test_long_line(void **state) {
    (void)state;
    enum { WORDS = 3 << 20 };
    static const char head[] =
        "{\"segments\":[{\"start\":1,\"end\":2,\"speaker\":\"a\",\"text\":\"";
    char *text = malloc(sizeof head + WORDS + 8);
    assert_non_null(text);
    memcpy(text, head, sizeof head);
    memset(text + sizeof head - 1, 'x', WORDS);
    memcpy(text + sizeof head - 1 + WORDS, "\"}]}", 5);
    diarist_document *document = read_text("x.json", text, NULL);
    assert_turn(document, 0, 0, 1, 2, "a");
    diarist_document_free(document);
    free(text);
}

static void test_files(void **state) {
    (void)state;
    diarist_document *document = NULL;
    diarist_error err;
    assert_int_equal(diarist_document_read(&document, path_of("absent"), NULL, &err),
                     DIARIST_ERROR_INPUT);
    assert_null(document);
    assert_int_equal(diarist_document_read(&document, "/", NULL, &err), DIARIST_ERROR_INPUT);
    assert_int_equal(diarist_document_read(&document, path_of("absent"), "word", &err),
                     DIARIST_ERROR_ARGUMENT);
}

/* The view derived from overlapping turns: one speaker at a time, covering what they cover. */
static void test_exclusive(void **state) {
    (void)state;
    diarist_document *document = read_text("x.rttm",
                                           "SPEAKER x 1 0 4 <NA> <NA> a <NA> <NA>\n"
                                           "SPEAKER x 1 1 1 <NA> <NA> b <NA> <NA>\n"
                                           "SPEAKER x 1 3 3 <NA> <NA> b <NA> <NA>\n"
                                           "SPEAKER x 1 9 1 <NA> <NA> c <NA> <NA>\n",
                                           "rttm");
    double covered = 0.0, end = 0.0;
    size_t n = diarist_document_num_turns(document, 0, DIARIST_EXCLUSIVE);
    for (size_t i = 0; i < n; i++) {
        diarist_turn t;
        assert_int_equal(diarist_document_turn(document, 0, DIARIST_EXCLUSIVE, i, &t), 0);
        assert_true(t.start >= end - 1e-9 && t.end > t.start);
        covered += t.end - t.start;
        end = t.end;
    }
    assert_true(fabs(covered - 7.0) < 1e-6);
    assert_true(fabs(end - 10.0) < 1e-6);
    diarist_document_free(document);
}

/* A failed write leaves nothing; a good one replaces the old file at once. */
static void test_writing_is_atomic(void **state) {
    (void)state;
    diarist_error err;
    diarist_document *document =
        read_text("t.rttm", "SPEAKER x 1 0 4 <NA> <NA> a <NA> <NA>\n", "rttm");
    size_t before = num_files();
    assert_int_equal(
        diarist_document_write(document, path_of("no/such/folder.rttm"), "rttm", NULL, &err),
        DIARIST_ERROR_OUTPUT);
    assert_int_equal(diarist_document_write(document, "/dev/full", "rttm", NULL, &err),
                     DIARIST_ERROR_OUTPUT);
    assert_int_equal(diarist_document_write(document, path_of(""), "rttm", NULL, &err),
                     DIARIST_ERROR_OUTPUT);
    assert_int_equal(num_files(), before);
    write_file("old.rttm", "old", 3);
    assert_int_equal(diarist_document_write(document, path_of("old.rttm"), "rttm", NULL, &err), 0);
    assert_int_equal(num_files(), before + 1);
    char *text = read_file("old.rttm");
    assert_string_equal(text, "SPEAKER x 1 0.000 4.000 <NA> <NA> a <NA> <NA>\n");
    free(text);
    diarist_document_free(document);
}

/* Every format that is written and read keeps who spoke when, to the millisecond. */
static void test_round_trips(void **state) {
    (void)state;
    const diarist_format *format;
    for (size_t f = 0; (format = diarist_document_format(f)); f++) {
        if (!format->can_read || !format->can_write || !strcmp(format->name, "senko"))
            continue; /* Senko's style joins turns on purpose */
        diarist_document *document = read_text("x.rttm",
                                               "SPEAKER x 1 0.001 1.5 <NA> <NA> A <NA> <NA>\n"
                                               "SPEAKER x 1 2.25 3.75 <NA> <NA> B <NA> <NA>\n"
                                               "SPEAKER x 1 7.125 0.25 <NA> <NA> A <NA> <NA>\n",
                                               "rttm");
        char *text = write_text(document, format->name, NULL);
        diarist_document_free(document);
        document = read_text("again", text, format->name);
        assert_int_equal(diarist_document_num_turns(document, 0, DIARIST_OVERLAPPING), 3);
        assert_turn(document, 0, 0, 0.001, 1.501, "A");
        assert_turn(document, 0, 1, 2.25, 6.0, "B");
        assert_turn(document, 0, 2, 7.125, 7.375, "A");
        diarist_document_free(document);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rttm),
        cmocka_unit_test(test_rttm_recordings),
        cmocka_unit_test(test_rttm_refused),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_cues),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_textgrid),
        cmocka_unit_test(test_styles),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_exclusive),
        cmocka_unit_test(test_writing_is_atomic),
        cmocka_unit_test(test_round_trips),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
