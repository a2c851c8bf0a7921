/* test_wav.c - the WAV reader against libsndfile, and headers that are cut, odd or lie.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support.h"

#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 3001, MAX_CHANNELS = 5 };

/* ---- every way to store samples, written and read by libsndfile ---- */

/* Writes noise in a format; frames[FRAMES][channels]: what libsndfile reads back. */
static void write_noise(float *frames, int format, int channels) {
    SF_INFO info = {.samplerate = 16000, .channels = channels, .format = format};
    uint64_t seed = 7;
    for (int i = 0; i < FRAMES * channels; i++)
        frames[i] = (float)(0.95 * uniform(&seed));
    SNDFILE *file = sf_open(file_path(), SFM_WRITE, &info);
    assert_non_null(file);
    assert_int_equal(sf_writef_float(file, frames, FRAMES), FRAMES);
    sf_close(file);
    file = sf_open(file_path(), SFM_READ, &info);
    assert_non_null(file);
    assert_int_equal(sf_readf_float(file, frames, FRAMES), FRAMES);
    sf_close(file);
}

static void check_format(int format, int channels) {
    static float frames[FRAMES * MAX_CHANNELS];
    diarist_audio_options options = default_options();
    write_noise(frames, format, channels);
    for (int c = 0; c < channels; c++) {
        options.channel = c + 1;
        struct decoded got = decode(file_path(), &options);
        if (got.status || got.warning[0] || strcmp(got.decoder, "wav"))
            fail_msg("format %x: %s%s%s", (unsigned)format, got.err.message, got.warning,
                     got.decoder);
        assert_int_equal(got.num, FRAMES);
        assert_int_equal(got.info.num_channels, channels);
        assert_true(got.info.declared_s == FRAMES / 16000.0);
        for (int i = 0; i < FRAMES; i++)
            if (!(fabsf(got.samples[i] - frames[i * channels + c]) <= 1e-7f))
                fail_msg("format %x, %d channels: sample %d is %g, libsndfile says %g",
                         (unsigned)format, channels, i, (double)got.samples[i],
                         (double)frames[i * channels + c]);
        free(got.samples);
    }
}

static void test_against_libsndfile(void **state) {
    (void)state;
    static const int containers[] = {SF_FORMAT_WAV, SF_FORMAT_WAVEX, SF_FORMAT_RF64,
                                     SF_FORMAT_WAV | SF_ENDIAN_BIG};
    static const int codecs[] = {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24,
                                 SF_FORMAT_PCM_32, SF_FORMAT_FLOAT,  SF_FORMAT_DOUBLE,
                                 SF_FORMAT_ULAW,   SF_FORMAT_ALAW};
    static const int channels[] = {1, 2, MAX_CHANNELS};
    int num_checked = 0;
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
        for (size_t j = 0; j < sizeof codecs / sizeof *codecs; j++)
            for (size_t k = 0; k < sizeof channels / sizeof *channels; k++) {
                int format = containers[i] | codecs[j];
                SF_INFO info = {.samplerate = 16000, .channels = channels[k], .format = format};
                if (!sf_format_check(&info))
                    continue;
                check_format(format, channels[k]);
                num_checked++;
            }
    assert_true(num_checked >= 90); /* all 96, unless a libsndfile lacks a combination */
}

/* ---- files made byte by byte ---- */

struct bytes {
    uint8_t data[512];
    size_t size;
};

static void put(struct bytes *b, const void *data, size_t size) {
    assert_true(size <= sizeof b->data - b->size);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void put_number(struct bytes *b, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        put(b, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

static void put_chunk(struct bytes *b, const char *id, uint32_t size) {
    put(b, id, 4);
    put_number(b, size, 4);
}

static void put_riff(struct bytes *b, const char *id, uint32_t size) {
    b->size = 0;
    put_chunk(b, id, size);
    put(b, "WAVE", 4);
}

static void put_format(struct bytes *b, uint32_t tag, uint32_t channels, uint32_t rate,
                       uint32_t bits) {
    uint32_t align = channels * ((bits + 7) / 8);
    put_chunk(b, "fmt ", 16);
    put_number(b, tag, 2);
    put_number(b, channels, 2);
    put_number(b, rate, 4);
    put_number(b, (uint64_t)rate * align, 4);
    put_number(b, align, 2);
    put_number(b, bits, 2);
}

/* num 16-bit samples that rise by 1 from first. */
static void put_ramp(struct bytes *b, int first, int num) {
    for (int i = 0; i < num; i++)
        put_number(b, (uint64_t)(first + i), 2);
}

static void assert_ramp(const struct decoded *got, int num) {
    if (got->status)
        fail_msg("%s", got->err.message);
    assert_int_equal(got->num, num);
    for (int i = 0; i < num; i++)
        assert_true(got->samples[i] == (float)i / 32768.0f);
}

/* Decodes as file and as pipe: both give `num` samples of the ramp; warning: a part of the file's,
 * "" for none, NULL for any. */
static void expect_ramp(const struct bytes *b, int num, const char *warning) {
    struct decoded from_file = decode_bytes(b->data, b->size, NULL);
    struct decoded from_pipe = decode_piped(b->data, b->size, NULL);
    assert_ramp(&from_file, num);
    assert_ramp(&from_pipe, num);
    assert_string_equal(from_file.sha256, from_pipe.sha256);
    if (warning && (!strstr(from_file.warning, warning) || !from_file.warning[0] != !warning[0]))
        fail_msg("warning is '%s', expected '%s'", from_file.warning, warning);
    free(from_file.samples);
    free(from_pipe.samples);
}

static void expect_error(const struct bytes *b, const char *message) {
    for (int piped = 0; piped < 2; piped++) {
        struct decoded got = (piped ? decode_piped : decode_bytes)(b->data, b->size, NULL);
        if (got.status != DIARIST_ERROR_INPUT || !strstr(got.err.message, message))
            fail_msg("status %d, '%s', expected '%s'", got.status, got.err.message, message);
        free(got.samples);
    }
}

/* Every prefix of a good file is an error or the whole samples that it holds. */
static void test_every_cut(void **state) {
    (void)state;
    enum { SAMPLES = 20, HEADER = 12 + 24 + 8 };
    struct bytes whole;
    put_riff(&whole, "RIFF", HEADER - 8 + 2 * SAMPLES);
    put_format(&whole, 1, 1, 16000, 16);
    put_chunk(&whole, "data", 2 * SAMPLES);
    put_ramp(&whole, 0, SAMPLES);
    for (size_t size = 0; size <= whole.size; size++) {
        struct bytes part = whole;
        part.size = size;
        if (size < HEADER)
            expect_error(&part, "");
        else
            expect_ramp(&part, (int)(size - HEADER) / 2, size < whole.size ? "declared" : "");
    }
}

static void test_sizes_that_lie(void **state) {
    (void)state;
    static const uint32_t sizes[] = {41,         0x7ffff000, 0x7fffffff,
                                     0x80000000, 0xfffffffe, 0xffffffff};
    struct bytes b;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            put_riff(&b, "RIFF", sizes[j]);
            put_format(&b, 1, 1, 16000, 16);
            put_chunk(&b, "data", sizes[i]);
            put_ramp(&b, 0, 20);
            expect_ramp(&b, 20, sizes[i] == 41 ? "" : "used");
        }
    /* A size that was never filled in, before samples and before another chunk. */
    put_riff(&b, "RIFF", 0);
    put_format(&b, 1, 1, 16000, 16);
    put_chunk(&b, "data", 0);
    put_ramp(&b, 0, 20);
    expect_ramp(&b, 20, "no length");
    put_riff(&b, "RIFF", 48);
    put_format(&b, 1, 1, 16000, 16);
    put_chunk(&b, "data", 0);
    put_chunk(&b, "LIST", 4);
    put(&b, "abcd", 4);
    expect_ramp(&b, 0, "");
}

static void test_chunks(void **state) {
    (void)state;
    struct bytes b;
    /* Odd chunks with their pad byte, unknown ones, a fmt chunk longer than known. */
    put_riff(&b, "RIFF", 1000);
    put_chunk(&b, "bext", 3);
    put(&b, "abc", 4);
    put_chunk(&b, "JUNK", 0);
    put_format(&b, 1, 1, 16000, 16);
    b.data[b.size - 16 - 4] = 46;
    for (int i = 0; i < 30; i++)
        put(&b, "x", 1);
    put_chunk(&b, "data", 2 * 20);
    put_ramp(&b, 0, 20);
    put_chunk(&b, "LIST", 100); /* cut: behind the samples that does not matter */
    expect_ramp(&b, 20, "");
    /* Two data chunks are one recording. */
    put_riff(&b, "RIFF", 1000);
    put_format(&b, 1, 1, 16000, 16);
    put_chunk(&b, "data", 2 * 20);
    put_ramp(&b, 0, 20);
    put_chunk(&b, "LIST", 4);
    put(&b, "abcd", 4);
    put_chunk(&b, "data", 2 * 10);
    put_ramp(&b, 20, 10);
    expect_ramp(&b, 30, "2 data chunks");
    /* The second fmt chunk of a file is not believed. */
    put_riff(&b, "RIFF", 1000);
    put_format(&b, 1, 1, 16000, 16);
    put_format(&b, 1, 2, 48000, 24);
    put_chunk(&b, "data", 2 * 20);
    put_ramp(&b, 0, 20);
    expect_ramp(&b, 20, "");
}

static void test_long_sizes(void **state) {
    (void)state;
    static const char *const ids[] = {"RF64", "BW64"};
    struct bytes b;
    for (size_t i = 0; i < 2; i++)
        for (int lies = 0; lies < 2; lies++) {
            put_riff(&b, ids[i], UINT32_MAX);
            put_chunk(&b, "ds64", 28);
            put_number(&b, 1000, 8);
            put_number(&b, lies ? UINT64_MAX / 2 : 2 * 20, 8);
            put_number(&b, 20, 8);
            put_number(&b, 0, 4);
            put_format(&b, 1, 1, 16000, 16);
            put_chunk(&b, "data", UINT32_MAX);
            put_ramp(&b, 0, 20);
            if (!lies)
                put_chunk(&b, "LIST", 0);
            expect_ramp(&b, 20, lies ? "used" : "");
        }
}

static void put_extensible(struct bytes *b, uint32_t tag, uint32_t bits, uint32_t valid_bits) {
    put_format(b, 0xfffe, 1, 16000, bits);
    b->data[b->size - 16 - 4] = 40;
    put_number(b, 22, 2);
    put_number(b, valid_bits, 2);
    put_number(b, 4, 4); /* front centre */
    put_number(b, tag, 2);
    put(b, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);
}

static void test_extensible(void **state) {
    (void)state;
    struct bytes b;
    put_riff(&b, "RIFF", 1000);
    put_extensible(&b, 1, 16, 12);
    put_chunk(&b, "data", 2 * 20);
    put_ramp(&b, 0, 20);
    expect_ramp(&b, 20, "");
    put_riff(&b, "RIFF", 1000);
    put_extensible(&b, 1, 0, 0);
    put_chunk(&b, "data", 2 * 20);
    put_ramp(&b, 0, 20);
    expect_error(&b, "0 bits");
}

static void test_broken_formats(void **state) {
    (void)state;
    static const struct {
        uint32_t tag, channels, rate, bits;
        const char *message;
    } wrong[] = {{1, 0, 16000, 16, "0 channels"}, {1, 65, 16000, 16, "65 channels"},
                 {1, 65535, 16000, 16, "65535"},  {1, 1, 0, 16, "0 Hz"},
                 {1, 1, 999, 16, "999 Hz"},       {1, 1, 768001, 16, "768001 Hz"},
                 {1, 1, UINT32_MAX, 16, "Hz"},    {1, 1, 16000, 0, "0 bits"},
                 {1, 1, 16000, 7, "7 bits"},      {1, 1, 16000, 33, "33 bits"},
                 {3, 1, 16000, 16, "16 bits"},    {3, 1, 16000, 24, "24 bits"},
                 {6, 1, 16000, 16, "16 bits"},    {7, 1, 16000, 65535, "65535 bits"},
                 {0xfffe, 1, 16000, 16, ""}};
    struct bytes b;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put_riff(&b, "RIFF", 1000);
        put_format(&b, wrong[i].tag, wrong[i].channels, wrong[i].rate, wrong[i].bits);
        put_chunk(&b, "data", 40);
        put_ramp(&b, 0, 20);
        expect_error(&b, wrong[i].message);
    }
    put_riff(&b, "RIFF", 1000);
    put_chunk(&b, "data", 40);
    put_ramp(&b, 0, 20);
    put_format(&b, 1, 1, 16000, 16);
    expect_error(&b, "before the fmt chunk");
    put_riff(&b, "RIFF", 1000);
    put_format(&b, 1, 1, 16000, 16);
    put_chunk(&b, "JUNK", UINT32_MAX);
    put_ramp(&b, 0, 20);
    expect_error(&b, "broken WAV file");
    put_riff(&b, "RIFF", 1000);
    put_chunk(&b, "fmt ", 14);
    put(&b, "\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0", 14);
    expect_error(&b, "cut short");
}

/* 12 bits lie in the upper bits of 16, 20 in those of 24. */
static void test_odd_bits(void **state) {
    (void)state;
    struct bytes b;
    put_riff(&b, "RIFF", 1000);
    put_format(&b, 1, 1, 16000, 12);
    put_chunk(&b, "data", 40);
    put_ramp(&b, 0, 20);
    expect_ramp(&b, 20, "");
    put_riff(&b, "RIFF", 1000);
    put_format(&b, 1, 1, 16000, 20);
    put_chunk(&b, "data", 3 * 20);
    for (uint64_t i = 0; i < 20; i++)
        put_number(&b, i << 8, 3);
    expect_ramp(&b, 20, "");
}

static void test_not_finite(void **state) {
    (void)state;
    const float f32[] = {NAN, INFINITY, -INFINITY, 1e30f, -7.0f, 0.25f};
    const double f64[] = {NAN, INFINITY, -INFINITY, 1e300, -7.0, 0.25};
    static const float expected[] = {0, 1, -1, 1, -1, 0.25f};
    struct bytes b;
    for (int is_double = 0; is_double < 2; is_double++) {
        put_riff(&b, "RIFF", 1000);
        put_format(&b, 3, 1, 16000, is_double ? 64 : 32);
        put_chunk(&b, "data", is_double ? sizeof f64 : sizeof f32);
        put(&b, is_double ? (const void *)f64 : f32, is_double ? sizeof f64 : sizeof f32);
        struct decoded got = decode_bytes(b.data, b.size, NULL);
        assert_int_equal(got.num, 6);
        assert_memory_equal(got.samples, expected, sizeof expected);
        free(got.samples);
    }
}

/* What is no sound at all: an error that says so, however long it is. */
static void test_no_sound(void **state) {
    (void)state;
    static uint8_t many[200000];
    static const size_t sizes[] = {1, 2, 3, 4, 11, 12, 13, 1000, 65535, 65536, 65537, 200000};
    struct decoded got = decode_bytes("", 0, NULL);
    assert_non_null(strstr(got.err.message, "is empty"));
    uint64_t seed = 11;
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < sizeof many; i++)
            many[i] = kind == 0 ? 0 : kind == 1 ? 'a' : (uint8_t)(128 + 127 * uniform(&seed));
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            got = decode_bytes(many, sizes[i], NULL);
            if (got.status != DIARIST_ERROR_INPUT)
                fail_msg("kind %d, %zu bytes: status %d", kind, sizes[i], got.status);
            free(got.samples);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_libsndfile), cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_sizes_that_lie),     cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_long_sizes),         cmocka_unit_test(test_extensible),
        cmocka_unit_test(test_broken_formats),     cmocka_unit_test(test_odd_bits),
        cmocka_unit_test(test_not_finite),         cmocka_unit_test(test_no_sound),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
