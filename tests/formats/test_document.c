/* test_document.c - results become documents, views keep their promise, files appear whole.
 * SPDX-License-Identifier: MIT */
#include "support.h"

#include "pipeline/result.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct dr_turn both[] = {{0.5, 2.5, 0, 0.875f, 1}, {2.0, 3.25, 1, 0.5f, 1}};
static const struct dr_turn one_at_a_time[] = {{0.5, 2.0, 0, 0.875f, 0}, {2.0, 3.25, 1, 0.5f, 1}};

static void *copy(struct diarist_result *result, const void *from, size_t num, size_t size) {
    void *to = dr_arena_alloc(&result->arena, num, size);
    assert_non_null(to);
    return memcpy(to, from, num * size);
}

/* Two voices in 4 s; the second one has the floor where both talk, as the engine may decide. */
static diarist_result *two_voices(void) {
    struct diarist_result *result = dr_result_new();
    assert_non_null(result);
    result->turns.num_turns = result->turns.num_exclusive = result->turns.num_speakers = 2;
    result->turns.turn = copy(result, both, 2, sizeof *both);
    result->turns.exclusive = copy(result, one_at_a_time, 2, sizeof *both);
    result->embedding_dim = DR_EMBEDDING_DIM;
    result->embedding = dr_arena_zalloc(&result->arena, 2 * DR_EMBEDDING_DIM, sizeof(float));
    assert_non_null(result->embedding);
    result->embedding[0] = 1;
    result->embedding[DR_EMBEDDING_DIM + 1] = -0.1f;
    result->duration_s = 4.0;
    result->step_s = 5.0;
    result->num_threads = 2;
    result->precision = DR_INT16;
    result->trunk = "recording";
    result->timing = (diarist_timing){0.1, 0.2, 0.3, 0.04, 0.05, 0.5};
    return result;
}

static diarist_document *new_document(void) {
    diarist_document *document;
    assert_int_equal(diarist_document_new(&document, NULL), DIARIST_OK);
    return document;
}

static void add(diarist_document *document, const diarist_result *result,
                const diarist_source *source) {
    diarist_error err = {0};
    if (diarist_document_add(document, result, source, NULL, &err))
        fail_msg("%s", err.message);
}

static void assert_contains(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void test_add(void **state) {
    (void)state;
    diarist_document *document = new_document();
    diarist_result *result = two_voices();
    diarist_source source = {.file = "d/my talk.tar.gz",
                             .duration_s = 4.0,
                             .sample_rate = 44100,
                             .num_channels = 2,
                             .preset = "balanced",
                             .decode_s = 0.25,
                             .total_s = 1.0};
    add(document, result, &source);
    diarist_result_free(result);
    assert_string_equal(diarist_document_recording_id(document, 0), "my_talk.tar");
    char *text = write_text(document, "json", NULL);
    assert_contains(text, "\"audio\": {\n    \"file\": \"d/my talk.tar.gz\",\n"
                          "    \"duration\": 4.000,\n    \"sample_rate\": 44100,\n"
                          "    \"channels\": 2,\n    \"sha256\": null\n  }");
    assert_contains(text, "\"instruction_set\": null,\n    \"precision\": \"int16\",\n"
                          "    \"threads\": 2,\n    \"models\": [],\n    \"preset\": "
                          "\"balanced\",\n    \"step\": 5.000,\n    \"trunk\": \"recording\"\n  }");
    assert_contains(text, "{\"id\": \"SPEAKER_00\", \"seconds\": 2.000, \"turns\": 1},\n");
    assert_contains(text, "{\"id\": \"SPEAKER_01\", \"seconds\": 1.250, \"turns\": 1}\n");
    assert_contains(text, "{\"start\": 0.500, \"end\": 2.500, \"speaker\": \"SPEAKER_00\", "
                          "\"confidence\": 0.875, \"overlap\": true},\n");
    assert_contains(text, "\"exclusive_diarization\": [\n"
                          "    {\"start\": 0.500, \"end\": 2.000, \"speaker\": \"SPEAKER_00\", "
                          "\"overlap\": false},\n"
                          "    {\"start\": 2.000, \"end\": 3.250, \"speaker\": \"SPEAKER_01\", "
                          "\"overlap\": true}\n");
    assert_null(strstr(text, "embedding"));
    assert_null(strstr(text, "timing"));
    assert_null(strstr(text, "color"));
    assert_null(strstr(text, "channel\""));
    free(text);
    diarist_document_free(document);
}

/* The real-time factor is the run's time by the recording's. */
static void test_extras(void **state) {
    (void)state;
    diarist_document *document = new_document();
    diarist_result *result = two_voices();
    add(document, result,
        &(diarist_source){.file = "x.wav", .load_s = 0.05, .decode_s = 0.25, .total_s = 1.0});
    diarist_result_free(result);
    diarist_write_options options;
    diarist_write_options_init(&options);
    options.embeddings = options.timing = options.colors = 1;
    char *text = write_text(document, "json", &options);
    assert_contains(text, "\"turns\": 1, \"embedding\": [1, 0, ");
    assert_contains(text, "\"embedding\": [0, -0.100000001, 0, ");
    assert_contains(
        text,
        "\"timing\": {\n    \"load\": 0.050,\n    \"decode\": 0.250,\n    \"features\": 0.100,\n"
        "    \"segmentation\": 0.200,\n    \"embedding\": 0.300,\n"
        "    \"clustering\": 0.040,\n    \"reconstruct\": 0.050,\n"
        "    \"other\": 0.060,\n    \"total\": 1.050,\n"
        "    \"realtime_factor\": 0.262500\n  }\n}\n");
    char *first = strstr(text, "\"color\": \"#");
    assert_non_null(first);
    char *second = strstr(first + 1, "\"color\": \"#");
    assert_non_null(second);
    assert_int_not_equal(strncmp(first, second, strlen("\"color\": \"#rrggbb")), 0);
    /* Embeddings survive a way through the file. */
    diarist_document *again = read_text("again.json", text, "json");
    char *text_again = write_text(again, "json", &options);
    assert_string_equal(text, text_again);
    free(text_again);
    free(text);
    diarist_document_free(again);
    diarist_document_free(document);
}

/* Options of a caller who knew the first fields only. */
static void test_older_options(void **state) {
    (void)state;
    diarist_write_options options;
    memset(&options, 0xff, sizeof options);
    options.view = DIARIST_EXCLUSIVE;
    options.struct_size = offsetof(diarist_write_options, embeddings);
    diarist_document *document = read_text("t", "0\t2\ta\n1\t3\tb\n", "audacity");
    char *text = write_text(document, "audacity", &options);
    assert_string_equal(text, "0.000\t2.000\ta\n2.000\t3.000\tb\n");
    free(text);
    options.struct_size = 0;
    assert_int_equal(diarist_document_write(document, path_of("x"), "rttm", &options, NULL),
                     DIARIST_ERROR_ARGUMENT);
    diarist_document_free(document);
}

static void test_speech(void **state) {
    (void)state;
    diarist_document *document = new_document();
    struct diarist_result *result = two_voices();
    result->turns.num_turns = result->turns.num_exclusive = result->turns.num_speakers = 1;
    result->embedding = NULL;
    result->is_vad = 1;
    for (int channel = 1; channel <= 2; channel++)
        add(document, result, &(diarist_source){.file = "x.wav", .channel = channel});
    diarist_result_free(result);
    char *text = write_text(document, "rttm", NULL);
    assert_string_equal(text, "SPEAKER x 1 0.500 2.000 <NA> <NA> SPEECH <NA> <NA>\n"
                              "SPEAKER x 2 0.500 2.000 <NA> <NA> SPEECH <NA> <NA>\n");
    free(text);
    diarist_document_free(document);
}

/* Channels of one file are one recording whose speakers are numbered on; of its exclusive view,
 * still only one talks at a time. */
static void test_channels(void **state) {
    (void)state;
    diarist_document *document = new_document();
    diarist_result *result = two_voices();
    for (int channel = 1; channel <= 2; channel++)
        add(document, result, &(diarist_source){.file = "x.wav", .channel = channel});
    diarist_result_free(result);
    assert_int_equal(diarist_document_num_recordings(document), 1);
    char *text = write_text(document, "rttm", NULL);
    assert_string_equal(text, "SPEAKER x 1 0.500 2.000 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
                              "SPEAKER x 2 0.500 2.000 <NA> <NA> SPEAKER_02 <NA> <NA>\n"
                              "SPEAKER x 1 2.000 1.250 <NA> <NA> SPEAKER_01 <NA> <NA>\n"
                              "SPEAKER x 2 2.000 1.250 <NA> <NA> SPEAKER_03 <NA> <NA>\n");
    free(text);
    text = write_text(document, "json", NULL);
    assert_contains(text, "\"exclusive_diarization\": [\n"
                          "    {\"start\": 0.500, \"end\": 2.000, \"speaker\": \"SPEAKER_00\", "
                          "\"overlap\": true, \"channel\": 1},\n"
                          "    {\"start\": 2.000, \"end\": 3.250, \"speaker\": \"SPEAKER_01\", "
                          "\"overlap\": true, \"channel\": 1}\n  ]");
    free(text);
    diarist_document_free(document);
}

static void test_ids(void **state) {
    (void)state;
    static const struct {
        const char *file, *id;
    } cases[] = {{"a/x.wav", "x"},   {"b/x.mp3", "x_2"},     {"x.ogg", "x_3"},
                 {"-", "stdin"},     {".hidden", ".hidden"}, {"no extension", "no_extension"},
                 {NULL, "recording"}};
    diarist_document *document = new_document();
    diarist_result *result = two_voices();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        add(document, result, &(diarist_source){.file = cases[i].file});
        assert_string_equal(diarist_document_recording_id(document, i), cases[i].id);
    }
    add(document, result, &(diarist_source){.file = "y.wav", .id = "my own"});
    assert_string_equal(diarist_document_recording_id(document, 7), "my own");
    diarist_result_free(result);
    assert_null(diarist_document_recording_id(document, 8));
    diarist_document_free(document);
}

/* Turn i of a view is start-end, by that speaker, with or without somebody else. */
static void assert_turn(const diarist_document *document, diarist_view view, size_t i, double start,
                        double end, const char *speaker, uint32_t flags) {
    diarist_turn turn;
    assert_int_equal(diarist_document_turn(document, 0, view, i, &turn), 0);
    assert_true(turn.start == start && turn.end == end);
    assert_string_equal(diarist_document_speaker_name(document, 0, (size_t)turn.speaker), speaker);
    assert_int_equal(turn.flags, flags);
}

/* Who began first keeps the floor. Touching is no overlap, nor is one speaker's own second turn. */
static void test_views(void **state) {
    (void)state;
    diarist_document *document = read_text("t",
                                           "0\t4\ta\n1\t2\tb\n3\t6\tb\n6\t8\tc\n7\t9\tc\n"
                                           "10\t11\td\n",
                                           "audacity");
    assert_turn(document, DIARIST_OVERLAPPING, 0, 0, 4, "a", DIARIST_TURN_OVERLAP);
    assert_turn(document, DIARIST_OVERLAPPING, 1, 1, 2, "b", DIARIST_TURN_OVERLAP);
    assert_turn(document, DIARIST_OVERLAPPING, 2, 3, 6, "b", DIARIST_TURN_OVERLAP);
    assert_turn(document, DIARIST_OVERLAPPING, 3, 6, 8, "c", 0);
    assert_turn(document, DIARIST_OVERLAPPING, 4, 7, 9, "c", 0);
    assert_turn(document, DIARIST_OVERLAPPING, 5, 10, 11, "d", 0);
    assert_turn(document, DIARIST_EXCLUSIVE, 0, 0, 4, "a", DIARIST_TURN_OVERLAP);
    assert_turn(document, DIARIST_EXCLUSIVE, 1, 4, 6, "b", 0);
    assert_turn(document, DIARIST_EXCLUSIVE, 2, 6, 8, "c", 0);
    assert_turn(document, DIARIST_EXCLUSIVE, 3, 8, 9, "c", 0);
    assert_turn(document, DIARIST_EXCLUSIVE, 4, 10, 11, "d", 0);
    diarist_turn turn;
    assert_int_equal(diarist_document_turn(document, 0, DIARIST_EXCLUSIVE, 5, &turn), -1);
    assert_int_equal(diarist_document_turn(document, 1, DIARIST_EXCLUSIVE, 0, &turn), -1);
    diarist_document_free(document);
}

/* A name that a person was given takes the place of the id where there is room for one only. */
static void test_given_names(void **state) {
    (void)state;
    static const char text[] = "{\"speakers\":[{\"id\":\"SPEAKER_00\",\"name\":\"Ann\"}],"
                               "\"diarization\":[{\"start\":0,\"end\":1,\"speaker\":"
                               "\"SPEAKER_00\"}]}";
    assert_written(text, "audacity", NULL, "0.000\t1.000\tAnn\n");
    diarist_document *document = read_text("t", text, NULL);
    char *json = write_text(document, "json", NULL);
    assert_contains(json, "{\"id\": \"SPEAKER_00\", \"seconds\": 1.000, \"turns\": 1, "
                          "\"name\": \"Ann\"}");
    assert_contains(json, "\"speaker\": \"SPEAKER_00\"");
    free(json);
    diarist_document_free(document);
}

/* A link stays a link, permissions stay as they were, and a name may be as long as names go. */
static void test_replacing(void **state) {
    (void)state;
    struct stat st;
    char long_name[256] = {0};
    diarist_document *document = read_text("t", "0\t1\ta\n", "audacity");
    write_file("target", "old", 3);
    assert_int_equal(chmod(path_of("target"), 0640), 0);
    assert_int_equal(symlink("target", path_of("link")), 0);
    assert_int_equal(diarist_document_write(document, path_of("link"), "audacity", NULL, NULL), 0);
    assert_int_equal(lstat(path_of("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(path_of("target"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    char *text = read_file("target");
    assert_string_equal(text, "0.000\t1.000\ta\n");
    free(text);
    memset(long_name, 'x', 255);
    assert_int_equal(diarist_document_write(document, path_of(long_name), "rttm", NULL, NULL), 0);
    remove(path_of(long_name));
    remove(path_of("link"));
    remove(path_of("target"));
    assert_int_equal(num_files(), 0);
    diarist_document_free(document);
}

/* When the disk is full, the old file stays and nothing else is left. The limit on file sizes
 * stands in for the disk: 64 KiB fit, the text does not. */
static void test_full_disk(void **state) {
    (void)state;
    enum { NUM_TURNS = 10000, LINE_BYTES = 16 };
    char *input = calloc(NUM_TURNS, LINE_BYTES), *end = input;
    assert_non_null(input);
    for (int i = 0; i < NUM_TURNS; i++)
        end += snprintf(end, LINE_BYTES, "%d\t%d.5\ta\n", i, i);
    diarist_document *document = read_text("t", input, "audacity");
    free(input);
    write_file("full", "old", 3);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){1 << 16, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    diarist_error err = {0};
    int status = diarist_document_write(document, path_of("full"), "rttm", NULL, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, DIARIST_ERROR_OUTPUT);
    assert_contains(err.message, "full: cannot be written: ");
    assert_int_equal(num_files(), 1);
    char *text = read_file("full");
    assert_string_equal(text, "old");
    free(text);
    remove(path_of("full"));
    diarist_document_free(document);
}

/* Devices are written, not replaced. */
static void test_device(void **state) {
    (void)state;
    struct stat st;
    diarist_document *document = read_text("t", "0\t1\ta\n", "audacity");
    assert_int_equal(diarist_document_write(document, "/dev/null", "rttm", NULL, NULL), 0);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    diarist_document_free(document);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),           cmocka_unit_test(test_extras),
        cmocka_unit_test(test_older_options), cmocka_unit_test(test_speech),
        cmocka_unit_test(test_channels),      cmocka_unit_test(test_ids),
        cmocka_unit_test(test_views),         cmocka_unit_test(test_given_names),
        cmocka_unit_test(test_replacing),     cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_device),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
