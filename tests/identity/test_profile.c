/* test_profile.c - matching by hand-made voices, profiles in files, links, failing allocations.
 * SPDX-License-Identifier: MIT */
#include "diarist/profile.h"

#include "../engine/allocations.h"
#include "../formats/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DIM = 3 };

/* Three people at right angles, and voices between them. */
static const float known[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

static const diarist_model_info model = {
    .name = "made up",
    .architecture = "diarist/made-up-1",
    .sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    .embedding_dim = DIM,
};

/* ---- matching ---- */

static int32_t who(float x, float y, float z, double threshold, double margin) {
    const float voice[] = {x, y, z};
    diarist_match match;
    diarist_match_voice(&match, voice, known, 3, DIM, threshold, margin);
    return match.known;
}

static void one_voice(void **state) {
    (void)state;
    const float voice[] = {3, 4, 0};
    diarist_match match;
    diarist_match_voice(&match, voice, known, 3, DIM, 0.7, 0.05);
    assert_int_equal(match.known, 1);
    assert_int_equal(match.nearest, 1);
    assert_true(fabs(match.score - 0.8) < 1e-12 && fabs(match.second - 0.6) < 1e-12);
    assert_int_equal(who(3, 4, 0, 0.8 - 1e-9, 0.2 - 1e-9), 1);
    assert_int_equal(who(3, 4, 0, 0.81, 0), -1);   /* too far */
    assert_int_equal(who(3, 4, 0, 0.5, 0.21), -1); /* near to two */
    assert_int_equal(who(-1, 0, 0, 0.5, 0), -1);
    assert_int_equal(who(0, 0, 0, -1, 0), -1); /* no voice */
    assert_int_equal(who(1, 1, 0, 0.5, 0), 0); /* the first of equals, when they may be equal */
    assert_int_equal(who(NAN, 0, 0, -1, 0), -1);
}

static void few_known(void **state) {
    (void)state;
    const float voice[] = {3, 4, 0};
    diarist_match match;
    diarist_match_voice(&match, voice, known + DIM, 1, DIM, 0.7, 0.05);
    assert_int_equal(match.known, 0);
    assert_true(match.second == -1);
    diarist_match_voice(&match, voice, known, 0, DIM, -1, 0);
    assert_int_equal(match.known, -1);
    assert_int_equal(match.nearest, -1);
}

static void one_name_one_speaker(void **state) {
    (void)state;
    /* Three like the first person, the second of them most; one like the third; one like none. */
    const float voices[] = {9, 1, 0, 99, 1, 0, 99, 0, 1, 0, 1, 9, 1, 1, 1};
    const int32_t expected[] = {-1, 0, -1, 2, -1};
    diarist_match matches[5];
    diarist_match_voices(matches, voices, 5, known, 3, DIM, 0.7, 0.05);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(matches[i].known, expected[i]);
    assert_int_equal(matches[0].nearest, 0);
    assert_true(matches[1].score == matches[2].score); /* the first of equals */
}

static void thresholds(void **state) {
    (void)state;
    diarist_model_info info = model;
    assert_true(isnan(diarist_match_threshold(&info)) && isnan(diarist_link_threshold(&info)));
    info.architecture = "diarist/default-1";
    assert_true(diarist_match_threshold(&info) > 0.5 && diarist_link_threshold(&info) > 0.5);
}

/* ---- profiles ---- */

static diarist_profile *new_profile(const char *name) {
    diarist_profile *profile;
    diarist_error err = {0};
    if (diarist_profile_new(&profile, name, &model, &err))
        fail_msg("%s", err.message);
    return profile;
}

static void add(diarist_profile *profile, float x, float y, float z) {
    const float embedding[] = {x, y, z};
    const diarist_sample sample = {embedding, 2.5, "a folder/talk.wav", "2026-11-21T19:44:25Z"};
    assert_int_equal(diarist_profile_add(profile, &sample, NULL), 0);
}

static void written_and_read(void **state) {
    (void)state;
    diarist_profile *profile = new_profile("Änne \"A\" Müller"), *read;
    diarist_profile_info about;
    diarist_sample sample;
    add(profile, 3, 0, 0);
    add(profile, 0.6f, 0.8f, 0);
    assert_int_equal(diarist_profile_write(profile, path_of("p.json"), NULL), 0);
    assert_int_equal(num_files(), 1);
    assert_int_equal(diarist_profile_read(&read, path_of("p.json"), NULL), 0);
    diarist_profile_describe(read, &about);
    assert_string_equal(about.name, "Änne \"A\" Müller");
    assert_string_equal(about.model_sha256, model.sha256);
    assert_int_equal(about.num_samples, 2);
    assert_true(about.seconds == 5);
    /* The mean of (1, 0, 0) and (0.6, 0.8, 0) lies halfway: the angle has cosine 0.6. */
    assert_true(fabs((double)about.embedding[0] - sqrt(0.8)) < 1e-6);
    assert_true(fabs((double)about.embedding[1] - sqrt(0.2)) < 1e-6);
    assert_int_equal(diarist_profile_sample(read, 1, &sample), 0);
    assert_string_equal(sample.file, "talk.wav");
    assert_string_equal(sample.enrolled, "2026-11-21T19:44:25Z");
    assert_true(sample.embedding[0] == 0.6f && sample.embedding[1] == 0.8f);
    assert_int_equal(diarist_profile_sample(read, 2, &sample), -1);
    remove(path_of("p.json"));
    diarist_profile_free(profile);
    diarist_profile_free(read);
}

static void names(void **state) {
    (void)state;
    /* Not UTF-8: alone, cut off, too long a form, a surrogate, beyond the last character. */
    static const char *const wrong[] = {
        "",      "  ",       "a\nb",         "a\x7f",        "SPEAKER_00",   "SPEAKER_123",
        "x\xff", "x\xc3",    "\xc0\xaf",     "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\x80x", "\xe6\x97", "\xf0\x80\x80x"};
    static const char *const right[] = {"a",   "SPEAKER_",     "SPEAKER_0a",      "speaker_00",
                                        "a/b", "\xe6\x97\xa5", "\xf0\x9f\x99\x82"};
    diarist_profile *profile;
    diarist_error err;
    char longest[202] = "";
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(diarist_profile_new(&profile, wrong[i], &model, &err),
                         DIARIST_ERROR_ARGUMENT);
        assert_null(profile);
        assert_true(strchr(err.message, ';') != NULL);
    }
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        diarist_profile_free(new_profile(right[i]));
    memset(longest, 'x', 200);
    diarist_profile_free(new_profile(longest));
    longest[200] = 'x';
    assert_int_equal(diarist_profile_new(&profile, longest, &model, NULL), DIARIST_ERROR_ARGUMENT);
}

static void no_direction(void **state) {
    (void)state;
    static const float values[][DIM] = {{0, 0, 0}, {NAN, 1, 0}, {INFINITY, 0, 0}};
    diarist_profile *profile = new_profile("a");
    diarist_profile_info about;
    for (size_t i = 0; i < 3; i++) {
        const diarist_sample sample = {values[i], 2, "a.wav", ""};
        assert_int_equal(diarist_profile_add(profile, &sample, NULL), DIARIST_ERROR_ARGUMENT);
    }
    diarist_profile_describe(profile, &about);
    assert_null(about.embedding);
    assert_int_equal(diarist_profile_write(profile, path_of("p.json"), NULL),
                     DIARIST_ERROR_ARGUMENT);
    assert_int_equal(num_files(), 0);
    diarist_profile_free(profile);
}

#define SHA "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MODEL "\"model\":{\"name\":\"m\",\"sha256\":\"" SHA "\",\"embedding_dim\":3}"
#define SAMPLE(embedding) \
    "{\"file\":\"f\",\"seconds\":2,\"enrolled\":\"now\",\"embedding\":" embedding "}"
#define PROFILE(name, model, samples) \
    "{\"schema\":\"diarist-profile/1\",\"name\":" name "," model ",\"samples\":" samples "}"

static void broken_files(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "not JSON"},
        {"[]", "not a profile"},
        {"{\"schema\":\"diarist/1\"}", "not a profile"},
        {"{\"schema\":\"diarist-profile/2\"}", "not a profile"},
        {PROFILE("7", MODEL, "[]"), "name is not a text"},
        {PROFILE("\"SPEAKER_00\"", MODEL, "[]"), "without a name"},
        {PROFILE("\"a\\u0000b\"", MODEL, "[]"), "not JSON"},
        {PROFILE("\"a\"", "\"model\":7", "[]"), "model: name is not a text"},
        {PROFILE("\"a\"", "\"model\":{\"name\":\"m\",\"sha256\":\"12\",\"embedding_dim\":3}", "[]"),
         "sha256 is not"},
        {PROFILE("\"a\"",
                 "\"model\":{\"name\":\"m\",\"sha256\":\"" SHA "\",\"embedding_dim\":4097}", "[]"),
         "embedding_dim is not 1 to 4096"},
        {PROFILE("\"a\"", MODEL, "[]"), "samples is not an array of 1"},
        {PROFILE("\"a\"", MODEL, "[" SAMPLE("[1,0]") "]"), "array of 3 numbers"},
        {PROFILE("\"a\"", MODEL, "[" SAMPLE("[1,0,\"0\"]") "]"), "array of 3 numbers"},
        {PROFILE("\"a\"", MODEL, "[" SAMPLE("[1,0,1e39]") "]"), "array of 3 numbers"},
        {PROFILE("\"a\"", MODEL, "[" SAMPLE("[1,0,1]") "]"), "unit length"},
        {PROFILE("\"a\"", MODEL, "[" SAMPLE("[1,0,0]") ",{}]"), "samples[1]: file is not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        diarist_profile *profile;
        diarist_error err = {0};
        write_file("p.json", cases[i].text, strlen(cases[i].text));
        assert_int_equal(diarist_profile_read(&profile, path_of("p.json"), &err),
                         DIARIST_ERROR_INPUT);
        assert_null(profile);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s' lacks '%s'", err.message, cases[i].says);
    }
    remove(path_of("p.json"));
}

static void write_profile(const char *file, const char *name) {
    diarist_profile *profile = new_profile(name);
    add(profile, 1, 2, (float)strlen(file));
    assert_int_equal(diarist_profile_write(profile, path_of(file), NULL), 0);
    diarist_profile_free(profile);
}

/* What adding path gives, with the message in err. */
static int add_path(const char *path, const diarist_model_info *of, size_t *num,
                    diarist_error *err) {
    diarist_profiles *profiles;
    assert_int_equal(diarist_profiles_new(&profiles, of, err), 0);
    int status = diarist_profiles_add(profiles, path, err);
    *num = diarist_profiles_num(profiles);
    assert_null(diarist_profiles_name(profiles, *num));
    diarist_profiles_free(profiles);
    return status;
}

static void sets(void **state) {
    (void)state;
    diarist_profiles *profiles;
    diarist_error err = {0};
    size_t num;
    char folder[512];
    snprintf(folder, sizeof folder, "%s", path_of(""));
    assert_int_equal(add_path(folder, &model, &num, &err), DIARIST_ERROR_INPUT);
    assert_non_null(strstr(err.message, "holds no profiles"));
    write_profile("b.json", "Bert B");
    write_profile("a.json", "Anna");
    write_file("notes.txt", "no profile", 10);
    write_file(".hidden.json", "no profile", 10);
    assert_int_equal(diarist_profiles_new(&profiles, &model, NULL), 0);
    assert_int_equal(diarist_profiles_add(profiles, folder, NULL), 0);
    assert_int_equal(diarist_profiles_num(profiles), 2);
    assert_string_equal(diarist_profiles_name(profiles, 0), "Anna");
    const float *embeddings = diarist_profiles_embeddings(profiles);
    for (size_t i = 0; i < 2; i++)
        assert_true(fabs(diarist_similarity(embeddings + i * DIM, embeddings + i * DIM, DIM) - 1) <
                    1e-12);
    assert_true(fabs((double)embeddings[0] * sqrt(1 + 4 + 36) - 1) < 1e-6);
    diarist_profiles_free(profiles);

    diarist_model_info other = model;
    other.sha256 = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    assert_int_equal(add_path(path_of("a.json"), &other, &num, &err), DIARIST_ERROR_MODEL);
    assert_non_null(strstr(err.message, "enrol again"));
    write_profile("c.json", "Bert_B"); /* the same in RTTM */
    assert_int_equal(add_path(folder, &model, &num, &err), DIARIST_ERROR_INPUT);
    assert_non_null(strstr(err.message, "another profile of Bert_B"));
    write_file("c.json", "{}", 2);
    assert_int_equal(add_path(folder, &model, &num, &err), DIARIST_ERROR_INPUT);
    static const char *const files[] = {"a.json", "b.json", "c.json", "notes.txt", ".hidden.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        remove(path_of(files[i]));
}

/* ---- links ---- */

static const float east[] = {1, 0, 0}, near_east[] = {0.96f, 0.28f, 0}, north[] = {0, 1, 0};

static void assert_people(const diarist_voice *voices, size_t num, double threshold,
                          const int32_t *expected, size_t expected_num) {
    int32_t person[8];
    size_t num_people;
    diarist_error err = {0};
    if (diarist_link(person, &num_people, voices, num, DIM, threshold, &err))
        fail_msg("%s", err.message);
    assert_int_equal(num_people, expected_num);
    for (size_t i = 0; i < num; i++)
        assert_int_equal(person[i], expected[i]);
}

static void links(void **state) {
    (void)state;
    /* One person in two recordings, another in two, and one without a voice. */
    const diarist_voice two[] = {
        {north, 0, -1}, {east, 0, -1}, {near_east, 7, -1}, {north, 7, -1}, {NULL, 7, -1}};
    assert_people(two, 5, 0.9, (int32_t[]){0, 1, 1, 0, 2}, 3);
    assert_people(two, 5, 0.97, (int32_t[]){0, 1, 2, 0, 3}, 4);
    /* The same voice twice in a recording is two people; a third is like both: the first is it. */
    const diarist_voice same[] = {{east, 0, -1}, {east, 0, -1}, {near_east, 1, -1}};
    assert_people(same, 3, 0.5, (int32_t[]){0, 1, 0}, 2);
    /* Names: unlike voices that are known to be one, like voices that are known to be two. */
    const diarist_voice named[] = {{east, 0, 1}, {north, 1, 1}, {east, 2, 2}, {near_east, 3, -1}};
    assert_people(named, 4, 0.9, (int32_t[]){0, 0, 1, 1}, 2);
    assert_people(NULL, 0, 0.9, NULL, 0);
}

/* Average linkage: a chain of voices 40 degrees apart becomes two pairs, not one. */
static void links_of_a_chain(void **state) {
    (void)state;
    float chain[4][DIM] = {{0}};
    diarist_voice voices[4];
    for (int i = 0; i < 4; i++) {
        const double angle = (i + 0.001 * i * i) * 40 * 3.14159265358979 / 180;
        chain[i][0] = (float)cos(angle);
        chain[i][1] = (float)sin(angle);
        voices[i] = (diarist_voice){chain[i], i, -1};
    }
    assert_people(voices, 4, 0.7, (int32_t[]){0, 0, 1, 1}, 2);
    assert_people(voices, 4, -1, (int32_t[]){0, 0, 0, 0}, 1);
}

static void wrong_links(void **state) {
    (void)state;
    const diarist_voice twice[] = {{east, 0, 3}, {north, 0, 3}};
    int32_t person[2];
    size_t num_people;
    assert_int_equal(diarist_link(person, &num_people, twice, 2, DIM, 0.5, NULL),
                     DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_link(person, &num_people, twice, 20001, DIM, 0.5, NULL),
                     DIARIST_ERROR_LIMIT);
}

/* ---- memory ---- */

static void failing_allocations(void **state) {
    (void)state;
    write_profile("a.json", "Anna");
    const diarist_voice voices[] = {{east, 0, -1}, {east, 1, -1}};
    int finished = 0;
    for (long number = 0; !finished; number++) {
        diarist_profiles *profiles;
        int32_t person[2];
        size_t num_people;
        fail_allocation(number);
        int status = diarist_profiles_new(&profiles, &model, NULL);
        if (!status)
            status = diarist_profiles_add(profiles, path_of("a.json"), NULL);
        if (!status)
            status = diarist_link(person, &num_people, voices, 2, DIM, 0.5, NULL);
        finished = stop_failing() >= 0;
        assert_int_equal(status, finished ? 0 : DIARIST_ERROR_MEMORY);
        diarist_profiles_free(profiles);
    }
    remove(path_of("a.json"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_voice),
        cmocka_unit_test(few_known),
        cmocka_unit_test(one_name_one_speaker),
        cmocka_unit_test(thresholds),
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(names),
        cmocka_unit_test(no_direction),
        cmocka_unit_test(broken_files),
        cmocka_unit_test(sets),
        cmocka_unit_test(links),
        cmocka_unit_test(links_of_a_chain),
        cmocka_unit_test(wrong_links),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
