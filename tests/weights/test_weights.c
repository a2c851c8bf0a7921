/* test_weights.c - the reader of model files: every way to be broken is refused and named.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "nn/weights.h"

/* A file in memory of exactly its size, so that a sanitizer sees any read beyond it. */
struct file {
    unsigned char *bytes;
    size_t size;
};

/* length + header, padded with spaces to a multiple of `align`, + num_data bytes that make finite
 * floats */
static struct file make_file(const char *header, size_t header_size, size_t num_data,
                             size_t align) {
    size_t padded = header_size + (align - header_size % align) % align;
    struct file file = {malloc(8 + padded + num_data), 8 + padded + num_data};
    assert_non_null(file.bytes);
    for (int i = 0; i < 8; i++)
        file.bytes[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    memset(file.bytes + 8, ' ', padded);
    memcpy(file.bytes + 8, header, header_size);
    for (size_t i = 0; i < num_data; i++)
        file.bytes[8 + padded + i] = i & 63;
    return file;
}

static struct dr_weights *parse_ok(struct file file) {
    struct dr_weights *weights = NULL;
    diarist_error err = {0};
    int status = dr_weights_parse(&weights, file.bytes, file.size, &err);
    if (status)
        fail_msg("refused: %s", err.message);
    assert_non_null(weights);
    return weights;
}

/* Expects DIARIST_ERROR_MODEL and a message with `problem` in it. */
static void parse_broken(struct file file, const char *what, const char *problem) {
    struct dr_weights *weights = (struct dr_weights *)&file;
    diarist_error err = {0};
    int status = dr_weights_parse(&weights, file.bytes, file.size, &err);
    if (status != DIARIST_ERROR_MODEL || err.status != DIARIST_ERROR_MODEL)
        fail_msg("%s: status %d instead of %d", what, status, DIARIST_ERROR_MODEL);
    if (!strstr(err.message, problem))
        fail_msg("%s: \"%s\" does not say \"%s\"", what, err.message, problem);
    if (!strstr(err.message, "; make it again"))
        fail_msg("%s: \"%s\" does not say what to do", what, err.message);
    assert_null(weights);
    assert_int_equal(dr_weights_parse(&weights, file.bytes, file.size, NULL), DIARIST_ERROR_MODEL);
    free(file.bytes);
}

/* ---- whole files --------------------------------------------------------------------------- */

#define A_F32_2 "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define B_F32_1 "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}"

static void reads_tensors_and_metadata(void **state) {
    (void)state;
    static const char header[] =
        " {\t\"__metadata__\" : {\"name\":\"small \\\"set\\\"\", \"author\":\"Zo\\u00eb "
        "\\ud83d\\ude00 \xc3\xa9\\n\"},\n"
        "\"second\": {\"data_offsets\":[8, 20],\"shape\":[3,1],\"dtype\":\"F32\"},\r\n"
        "\"fi\\u0072st\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[20,20]}}  ";
    struct file file = make_file(header, sizeof header - 1, 20, 4);
    struct dr_weights *weights = parse_ok(file);
    assert_int_equal(dr_weights_num_tensors(weights), 3);
    assert_string_equal(dr_weights_metadata(weights, "name"), "small \"set\"");
    assert_string_equal(dr_weights_metadata(weights, "author"),
                        "Zo\xc3\xab \xf0\x9f\x98\x80 \xc3\xa9\n");
    assert_null(dr_weights_metadata(weights, "nam"));
    const struct dr_tensor *first = dr_weights_tensor(weights, 0);
    assert_string_equal(first->name, "first");
    assert_int_equal(first->num_dims, 0);
    assert_int_equal(first->num_elements, 1);
    assert_false(first->is_f32);
    assert_ptr_equal(first->data, file.bytes + file.size - 20);
    assert_string_equal(dr_weights_tensor(weights, 1)->name, "none");
    assert_int_equal(dr_weights_tensor(weights, 1)->num_elements, 0);
    const struct dr_tensor *second = dr_weights_tensor(weights, 2);
    assert_string_equal(second->name, "second");
    assert_true(second->is_f32);
    assert_int_equal(second->num_dims, 2);
    assert_int_equal(second->shape[0], 3);
    assert_int_equal(second->shape[1], 1);
    assert_ptr_equal(second->data, file.bytes + file.size - 12);
    dr_weights_free(weights);
    free(file.bytes);
}

static void reads_every_type(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int size;
    } types[] = {{"F32", 4}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
                 {"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1},  {"BOOL", 1}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        int n = snprintf(header, sizeof header,
                         "{\"t\":{\"dtype\":\"%s\",\"shape\":[4,1],\"data_offsets\":[0,%d]}}",
                         types[i].name, 4 * types[i].size);
        struct file file = make_file(header, (size_t)n, 4 * (size_t)types[i].size, 8);
        struct dr_weights *weights = parse_ok(file);
        assert_int_equal(dr_weights_tensor(weights, 0)->is_f32, i == 0);
        assert_int_equal(dr_weights_tensor(weights, 0)->is_f64, i == 1);
        dr_weights_free(weights);
        free(file.bytes);
    }
}

/* A header of n tensors of one float each, named by number with leading zeros up to `width`. */
static struct file make_many(int n, int width) {
    size_t room = (size_t)n * ((size_t)width + 100) + 2, used = 0;
    char *header = malloc(room);
    assert_non_null(header);
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(
            header + used, room - used,
            "%c\"%0*d\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}", i ? ',' : '{',
            width, i, 4 * (n - 1 - i), 4 * (n - i));
    header[used++] = '}';
    struct file file = make_file(header, used, 4 * (size_t)n, 8);
    free(header);
    return file;
}

static void reads_as_much_as_the_limits_allow(void **state) {
    (void)state;
    struct file file = make_many(4096, 8);
    struct dr_weights *weights = parse_ok(file);
    diarist_error err = {0};
    const unsigned char *end = file.bytes + file.size;
    assert_ptr_equal(dr_weights_get(weights, &err, "00000000", 1, 1u), end - 4);
    assert_ptr_equal(dr_weights_get(weights, &err, "00004095", 1, 1u), end - 4 * 4096);
    dr_weights_free(weights);
    free(file.bytes);
    file = make_many(2, 256);
    dr_weights_free(parse_ok(file));
    free(file.bytes);
    parse_broken(make_many(4097, 8), "4097 tensors", "more than 4096 tensors");
    parse_broken(make_many(1, 257), "a long name", "name of 257 bytes");
}

static void bounds_the_metadata(void **state) {
    (void)state;
    enum { ROOM = 8192 };
    for (int n = 256; n <= 257; n++) {
        char *header = malloc(ROOM);
        assert_non_null(header);
        int used = snprintf(header, ROOM, "{" A_F32_2 ",\"__metadata__\":");
        for (int i = 0; i < n; i++)
            used += snprintf(header + used, ROOM - (size_t)used, "%c\"k%d\":\"v%d\"", i ? ',' : '{',
                             i, i);
        used += snprintf(header + used, ROOM - (size_t)used, "}}");
        struct file file = make_file(header, (size_t)used, 8, 4);
        free(header);
        if (n == 257) {
            parse_broken(file, "257 entries", "more than 256 metadata entries");
            continue;
        }
        struct dr_weights *weights = parse_ok(file);
        assert_string_equal(dr_weights_metadata(weights, "k0"), "v0");
        assert_string_equal(dr_weights_metadata(weights, "k255"), "v255");
        dr_weights_free(weights);
        free(file.bytes);
    }
}

static void refuses_broken_frames(void **state) {
    (void)state;
    struct file file = {malloc(1), 0};
    parse_broken(file, "empty", "only 0 bytes");
    file = (struct file){calloc(1, 7), 7};
    parse_broken(file, "7 bytes", "only 7 bytes");
    file = make_file("{" A_F32_2 "}", sizeof A_F32_2 + 1, 8, 4);
    file.bytes[3] = 2;
    parse_broken(file, "a header of 32 MiB", "not a model file");
    file = make_file("{" A_F32_2 "}", sizeof A_F32_2 + 1, 8, 4);
    memset(file.bytes, 0xff, 8);
    parse_broken(file, "a header of 2^64-1 bytes", "not a model file");
    file = make_file("{" A_F32_2 "}", sizeof A_F32_2 + 1, 0, 4);
    file.bytes[0]++;
    parse_broken(file, "a header longer than the file", "cut inside its header");
    file = (struct file){calloc(1, 8), 8};
    parse_broken(file, "no header", "{ of the header expected at byte 0");
    /* Other formats that a user may pass by mistake. */
    file = (struct file){malloc(64), 64};
    memset(file.bytes, 0, 64);
    memcpy(file.bytes, "PK\3\4\24\0\0\0\10\10", 10);
    parse_broken(file, "a zip", "not a model file");
}

/* ---- broken headers ------------------------------------------------------------------------ */

#define TENSOR(body) "{\"t\":{" body "}}"
#define DTYPE "\"dtype\":\"F32\""
#define SHAPE "\"shape\":[2]"
#define OFFSETS "\"data_offsets\":[0,8]"
#define META(body) "{\"__metadata__\":" body "," A_F32_2 "}"
#define OVERFLOWING "[4294967296,4294967296]"

/* With 8 bytes of data each, unless num_data says otherwise. */
static const struct {
    const char *header, *problem;
    size_t num_data;
} broken_headers[] = {
    /* not JSON, or not an object of tensors */
    {"[]", "{ of the header expected at byte 0", 8},
    {"null", "{ of the header", 8},
    {"\"a\"", "{ of the header", 8},
    {"{", "a tensor's name expected at byte", 8},
    {"{}", "no tensors", 0},
    {"{\"__metadata__\":{}}", "no tensors", 0},
    {"{\"a\"}", ": after a tensor's name", 8},
    {"{a:1}", "a tensor's name", 8},
    {"{'a':1}", "a tensor's name", 8},
    {"{\"a\":1}", "{ of a tensor", 8},
    {"{\"a\":[]}", "{ of a tensor", 8},
    {"{\"a\":{}}", "a key of a tensor", 8},
    {"{\"a\":{\"dtype\"}}", ": after a key of a tensor", 8},
    {"{" A_F32_2, "} of the header", 8},
    {"{" A_F32_2 ",}", "a tensor's name", 8},
    {"{" A_F32_2 "," A_F32_2 "}", "\"a\" overlaps", 8},
    {"{," A_F32_2 "}", "a tensor's name", 8},
    {"{" A_F32_2 "}}", "the end of the header", 8},
    {"{" A_F32_2 "} x", "the end of the header", 8},
    {"{" A_F32_2 "}{}", "the end of the header", 8},
    {"{" A_F32_2 " " B_F32_1 "}", "} of the header", 12},
    {"{\"\":{" DTYPE "," SHAPE "," OFFSETS "}}", "name of 0 bytes", 8},
    /* strings */
    {"{\"a", "a tensor's name", 8},
    {"{\"a\n\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"a\\\":{" DTYPE "," SHAPE "," OFFSETS "}}", ": after a tensor's name", 8},
    {"{\"a\\x\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"a\\u12\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"a\\u12g4\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"a\\u0000\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"a\\ud800\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"a\\ud800\\u0041\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"a\\udc00\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"a\\u", "a tensor's name", 8},
    {"{\"a\\", "a tensor's name", 8},
    {"{\"\x80\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"\xc0\x80\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"\xe0\x80\x80\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"\xed\xa0\x80\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"\xf0\x80\x80\x80\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"\xf4\x90\x80\x80\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"\xf5\x80\x80\x80\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"\xe2\x82\":{" DTYPE "," SHAPE "," OFFSETS "}}", "a tensor's name", 8},
    {"{\"\xe2\x82", "a tensor's name", 8},
    /* metadata */
    {META("[]"), "{ of the metadata", 8},
    {META("{\"a\":1}"), "a metadata string", 8},
    {META("{\"a\":{}}"), "a metadata string", 8},
    {META("{\"a\":null}"), "a metadata string", 8},
    {META("{\"a\"}"), ": of the metadata", 8},
    {META("{\"a\":\"b\",}"), "a metadata key", 8},
    {META("{\"a\":\"b\" \"c\":\"d\"}"), "} of the metadata", 8},
    {META("{\"a\":\"b\",\"\\u0061\":\"c\"}"), "metadata \"a\" twice", 8},
    {"{\"__metadata__\":{},\"__metadata__\":{}," A_F32_2 "}", "__metadata__ twice", 8},
    /* members of a tensor */
    {TENSOR(DTYPE "," SHAPE), "lacks its", 8},
    {TENSOR(DTYPE "," OFFSETS), "lacks its", 8},
    {TENSOR(SHAPE "," OFFSETS), "lacks its", 8},
    {TENSOR(DTYPE "," DTYPE "," SHAPE "," OFFSETS), "\"dtype\" twice", 8},
    {TENSOR(DTYPE "," SHAPE "," SHAPE "," OFFSETS), "\"shape\" twice", 8},
    {TENSOR(DTYPE "," SHAPE "," OFFSETS "," OFFSETS), "\"data_offsets\" twice", 8},
    {TENSOR(DTYPE "," SHAPE "," OFFSETS ",\"strides\":[1]"), "\"strides\" in its description", 8},
    {TENSOR(DTYPE "," SHAPE "," OFFSETS ","), "a key of a tensor", 8},
    {"{\"t\":{" DTYPE "," SHAPE "," OFFSETS, "} of a tensor", 8},
    /* type */
    {TENSOR("\"dtype\":1," SHAPE "," OFFSETS), "a type", 8},
    {TENSOR("\"dtype\":\"F16\"," SHAPE "," OFFSETS), "type \"F16\"", 8},
    {TENSOR("\"dtype\":\"f32\"," SHAPE "," OFFSETS), "type \"f32\"", 8},
    {TENSOR("\"dtype\":\"\"," SHAPE "," OFFSETS), "type \"\"", 8},
    /* shape */
    {TENSOR(DTYPE ",\"shape\":2," OFFSETS), "[ of a shape", 8},
    {TENSOR(DTYPE ",\"shape\":[2,]," OFFSETS), "a dimension", 8},
    {TENSOR(DTYPE ",\"shape\":[\"2\"]," OFFSETS), "a dimension", 8},
    {TENSOR(DTYPE ",\"shape\":[-2]," OFFSETS), "a dimension", 8},
    {TENSOR(DTYPE ",\"shape\":[02]," OFFSETS), "a dimension", 8},
    {TENSOR(DTYPE ",\"shape\":[2.0]," OFFSETS), "] of a shape", 8},
    {TENSOR(DTYPE ",\"shape\":[2e0]," OFFSETS), "] of a shape", 8},
    {TENSOR(DTYPE ",\"shape\":[[2]]," OFFSETS), "a dimension", 8},
    {TENSOR(DTYPE ",\"shape\":[18446744073709551616]," OFFSETS), "a dimension", 8},
    {TENSOR(DTYPE ",\"shape\":[18446744073709551618]," OFFSETS), "a dimension", 8},
    {TENSOR(DTYPE ",\"shape\":[1,1,1,1,1,1,1,1,2]," OFFSETS), "more than 8 dimensions", 8},
    {TENSOR(DTYPE ",\"shape\":" OVERFLOWING "," OFFSETS), "beyond any memory", 8},
    {TENSOR(DTYPE ",\"shape\":[4611686018427387906]," OFFSETS), "8 bytes where its shape", 8},
    {TENSOR(DTYPE ",\"shape\":[3]," OFFSETS), "8 bytes where its shape needs 12", 8},
    {TENSOR(DTYPE ",\"shape\":[1]," OFFSETS), "8 bytes where its shape needs 4", 8},
    {TENSOR(DTYPE ",\"shape\":[]," OFFSETS), "8 bytes where its shape needs 4", 8},
    {TENSOR(DTYPE ",\"shape\":[0]," OFFSETS), "8 bytes where its shape needs 0", 8},
    {TENSOR("\"dtype\":\"I64\"," SHAPE "," OFFSETS), "8 bytes where its shape needs 16", 8},
    /* offsets */
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":8"), "[begin, end]", 8},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[]"), "[begin, end]", 8},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[0]"), "[begin, end]", 8},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[0,8,8]"), "[begin, end]", 8},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[-8,0]"), "[begin, end]", 8},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[8,0]"), "ends before it begins", 8},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[0,8]"), "ends at byte 8 of 7", 7},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[4,12]"), "ends at byte 12 of 8", 8},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[18446744073709551608,18446744073709551615]"),
     "ends at byte 18446744073709551615 of 8", 8},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[1,9]"), "not aligned", 9},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[0,8]"), "4 bytes after its last tensor", 12},
    {TENSOR(DTYPE "," SHAPE ",\"data_offsets\":[4,12]"), "leaves a gap", 12},
    {"{" A_F32_2 ",\"b\":{" DTYPE ",\"shape\":[1],\"data_offsets\":[12,16]}}", "\"b\" leaves a gap",
     16},
    {"{" A_F32_2 ",\"b\":{" DTYPE ",\"shape\":[1],\"data_offsets\":[4,8]}}", "\"b\" overlaps", 8},
    {"{" A_F32_2 ",\"b\":{" DTYPE "," SHAPE "," OFFSETS "}}", "overlaps", 8},
    {"{" A_F32_2 ",\"\\u0061\":{" DTYPE ",\"shape\":[1],\"data_offsets\":[8,12]}}", "\"a\" twice",
     12},
};

static void refuses_broken_headers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof broken_headers / sizeof *broken_headers; i++) {
        const char *header = broken_headers[i].header;
        parse_broken(make_file(header, strlen(header), broken_headers[i].num_data, 4), header,
                     broken_headers[i].problem);
    }
}

static void refuses_a_misaligned_header(void **state) {
    (void)state;
    struct file file = make_file("{" A_F32_2 "} ", sizeof A_F32_2 + 2, 8, 4);
    dr_weights_free(parse_ok(file));
    free(file.bytes);
    static const char header[] = "{" A_F32_2 "}";
    for (size_t extra = 0; extra < 4; extra++) {
        char padded[sizeof header + 4];
        int n = snprintf(padded, sizeof padded, "%s%*s", header, (int)extra, "");
        file = make_file(padded, (size_t)n, 8, 1);
        if ((8 + (size_t)n) % 4) {
            parse_broken(file, "a header that shifts the data", "not aligned to 4 bytes");
        } else {
            dr_weights_free(parse_ok(file));
            free(file.bytes);
        }
    }
}

static void survives_every_cut_and_flip(void **state) {
    (void)state;
    static const char header[] = "{\"__metadata__\":{\"k\":\"\\u00e9\"}," A_F32_2 "," B_F32_1 "}";
    struct file whole = make_file(header, sizeof header - 1, 12, 4);
    for (size_t size = 0; size < whole.size; size++) {
        struct file cut = {malloc(size + !size), size};
        assert_non_null(cut.bytes);
        memcpy(cut.bytes, whole.bytes, size);
        parse_broken(cut, "a cut file", "model file");
    }
    for (size_t i = 0; i < whole.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct dr_weights *weights;
            whole.bytes[i] ^= (unsigned char)(1 << bit);
            if (dr_weights_parse(&weights, whole.bytes, whole.size, NULL) == DIARIST_OK)
                dr_weights_free(weights);
            whole.bytes[i] ^= (unsigned char)(1 << bit);
        }
    free(whole.bytes);
}

/* ---- dr_weights_get ------------------------------------------------------------------------ */

/* A file with floats "x" [n], all of them 1, and integers "i" [1]. */
static struct file make_floats(size_t n, float **values) {
    char header[200];
    int used =
        snprintf(header, sizeof header,
                 "{\"x\":{" DTYPE ",\"shape\":[%zu],\"data_offsets\":[0,%zu]},\"i\":{\"dtype\":"
                 "\"I32\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}}",
                 n, 4 * n, 4 * n, 4 * n + 4);
    struct file file = make_file(header, (size_t)used, 4 * n + 4, 8);
    *values = (float *)(void *)(file.bytes + file.size - 4 * n - 4);
    for (size_t i = 0; i < n; i++)
        (*values)[i] = 1;
    return file;
}

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void gives_finite_floats_only(void **state) {
    (void)state;
    static const uint32_t finite[] = {0,          0x80000000, 1,         0x807fffff,
                                      0x7f7fffff, 0xff7fffff, 0x3f800000};
    static const uint32_t others[] = {0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000,
                                      0x7f800001, 0xffffffff, 0x7fffffff};
    for (unsigned n = 1; n <= 40; n++) {
        float *values;
        struct file file = make_floats(n, &values);
        struct dr_weights *weights = parse_ok(file);
        for (unsigned i = 0; i < n; i++)
            for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
                diarist_error err = {0};
                values[i] = float_of_bits(finite[k]);
                assert_ptr_equal(dr_weights_get(weights, &err, "x", 1, n), values);
                assert_int_equal(err.status, 0);
                values[i] = float_of_bits(others[k]);
                assert_null(dr_weights_get(weights, &err, "x", 1, n));
                assert_int_equal(err.status, DIARIST_ERROR_MODEL);
                assert_non_null(strstr(err.message, "\"x\" holds an infinity or NaN"));
                values[i] = 1;
            }
        dr_weights_free(weights);
        free(file.bytes);
    }
}

static void expect_get_error(const struct dr_weights *weights, const char *name, unsigned num_dims,
                             unsigned size0, unsigned size1, const char *problem) {
    diarist_error err = {0};
    assert_null(dr_weights_get(weights, &err, name, num_dims, size0, size1));
    assert_int_equal(err.status, DIARIST_ERROR_MODEL);
    if (!strstr(err.message, problem))
        fail_msg("\"%s\" does not say \"%s\"", err.message, problem);
    assert_null(dr_weights_get(weights, NULL, name, num_dims, size0, size1));
}

static void gets_doubles(void **state) {
    (void)state;
    static const char header[] =
        "{\"d\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[0,16]},"
        "\"f\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]}}";
    struct file file = make_file(header, sizeof header - 1, 20, 8);
    double *values = (double *)(void *)(file.bytes + file.size - 20);
    struct dr_weights *weights = parse_ok(file);
    diarist_error err = {0};
    values[0] = 1e-300;
    values[1] = -0.1;
    assert_ptr_equal(dr_weights_get_f64(weights, &err, "d", 2, 2u, 1u), values);
    assert_null(dr_weights_get_f64(weights, &err, "f", 1, 1u));
    assert_non_null(strstr(err.message, "\"f\" holds floats instead of doubles"));
    assert_null(dr_weights_get_f64(weights, &err, "d", 2, 2u, 1u)); /* after a failure */
    err = (diarist_error){0};
    assert_null(dr_weights_get(weights, &err, "d", 2, 2u, 1u));
    assert_non_null(strstr(err.message, "\"d\" holds doubles instead of floats"));
    err = (diarist_error){0};
    values[1] = (double)INFINITY;
    assert_null(dr_weights_get_f64(weights, &err, "d", 2, 2u, 1u));
    assert_non_null(strstr(err.message, "\"d\" holds an infinity or NaN"));
    dr_weights_free(weights);
    free(file.bytes);
}

static void refuses_wrong_names_shapes_and_types(void **state) {
    (void)state;
    float *values;
    struct file file = make_floats(6, &values);
    struct dr_weights *weights = parse_ok(file);
    expect_get_error(weights, "y", 1, 6, 0, "no tensor \"y\"");
    expect_get_error(weights, "", 1, 6, 0, "no tensor \"\"");
    expect_get_error(weights, "xx", 1, 6, 0, "no tensor \"xx\"");
    expect_get_error(weights, "x", 1, 5, 0, "shape [6] instead of [5]");
    expect_get_error(weights, "x", 2, 6, 1, "shape [6] instead of [6][1]");
    expect_get_error(weights, "x", 2, 2, 3, "shape [6] instead of [2][3]");
    expect_get_error(weights, "x", 0, 0, 0, "shape [6] instead of []");
    expect_get_error(weights, "i", 1, 1, 0, "\"i\" holds integers");
    assert_ptr_equal(dr_weights_get(weights, NULL, "x", 1, 6u), values);
    dr_weights_free(weights);
    free(file.bytes);
}

static void keeps_the_first_failure(void **state) {
    (void)state;
    float *values;
    struct file file = make_floats(6, &values);
    struct dr_weights *weights = parse_ok(file);
    diarist_error err = {0};
    assert_non_null(dr_weights_get(weights, &err, "x", 1, 6u));
    assert_null(dr_weights_get(weights, &err, "first", 1, 6u));
    assert_null(dr_weights_get(weights, &err, "second", 1, 6u));
    assert_null(dr_weights_get(weights, &err, "x", 1, 6u));
    assert_non_null(strstr(err.message, "\"first\""));
    err = (diarist_error){.status = DIARIST_ERROR_MEMORY, .message = "earlier"};
    assert_null(dr_weights_get(weights, &err, "x", 1, 6u));
    assert_int_equal(err.status, DIARIST_ERROR_MEMORY);
    assert_string_equal(err.message, "earlier");
    dr_weights_free(weights);
    dr_weights_free(NULL);
    free(file.bytes);
}

/* ---- the embedded set ---------------------------------------------------------------------- */

static void embedded_set_is_whole(void **state) {
    (void)state;
    size_t size = 1;
    const void *bytes = dr_embedded_model(&size);
    if (size == 0) {
        assert_null(dr_embedded_model_sha256());
        skip();
    }
    assert_int_equal((uintptr_t)bytes % 64, 0);
    struct dr_sha256 *hash = dr_sha256_new();
    assert_non_null(hash);
    char hex[65];
    dr_sha256_update(hash, bytes, size);
    dr_sha256_hex(hash, hex);
    dr_sha256_free(hash);
    assert_string_equal(hex, dr_embedded_model_sha256());
    struct dr_weights *weights;
    diarist_error err = {0};
    if (dr_weights_parse(&weights, bytes, size, &err))
        fail_msg("%s", err.message);
    assert_non_null(dr_weights_metadata(weights, "architecture"));
    dr_weights_free(weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tensors_and_metadata),
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(reads_as_much_as_the_limits_allow),
        cmocka_unit_test(bounds_the_metadata),
        cmocka_unit_test(refuses_broken_frames),
        cmocka_unit_test(refuses_broken_headers),
        cmocka_unit_test(refuses_a_misaligned_header),
        cmocka_unit_test(survives_every_cut_and_flip),
        cmocka_unit_test(gives_finite_floats_only),
        cmocka_unit_test(gets_doubles),
        cmocka_unit_test(refuses_wrong_names_shapes_and_types),
        cmocka_unit_test(keeps_the_first_failure),
        cmocka_unit_test(embedded_set_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
