/* test_audio.c - raw samples, channels, start and duration, pipes, the resampler.
 * SPDX-License-Identifier: MIT
 *
 * Expected samples are written out by formula in double; argument 1 is a FLAC file that must come
 * through a pipe as it comes from a file. */
#define _GNU_SOURCE
#include "support.h"

#include "audio/resample.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RATE = 16000 };

static const char *recording;

static void assert_samples(const struct decoded *got, const double *expected, size_t num,
                           double tolerance) {
    assert_int_equal(got->status, DIARIST_OK);
    assert_int_equal(got->num, num);
    for (size_t i = 0; i < num; i++)
        if (!(fabs(got->samples[i] - expected[i]) <= tolerance))
            fail_msg("sample %zu is %g, expected %g", i, (double)got->samples[i], expected[i]);
}

/* ---- samples without a header ---- */

static void test_raw_values(void **state) {
    (void)state;
    static const uint8_t s16[] = {0, 0x80, 0xff, 0x7f, 0, 0, 1, 0, 0xff, 0xff, 0, 0x40};
    static const double s16_values[] = {-1.0, 32767 / 32768.0, 0, 1 / 32768.0, -1 / 32768.0, 0.5};
    /* IEEE 754: 1, -1, 0.5, 0.25 */
    static const uint8_t f32[] = {0, 0, 0x80, 0x3f, 0, 0, 0x80, 0xbf,
                                  0, 0, 0,    0x3f, 0, 0, 0x80, 0x3e};
    static const double f32_values[] = {1, -1, 0.5, 0.25}, f32_mix[] = {0, 0.375};
    diarist_audio_options options = default_options();
    options.raw = "s16le:16000:1";
    struct decoded got = decode_bytes(s16, sizeof s16, &options);
    assert_samples(&got, s16_values, 6, 0);
    assert_string_equal(got.decoder, "raw");
    assert_string_equal(got.warning, "");
    assert_int_equal(got.info.sample_rate, RATE);
    free(got.samples);
    options.raw = "f32le:16000:1";
    got = decode_bytes(f32, sizeof f32, &options);
    assert_samples(&got, f32_values, 4, 0);
    free(got.samples);
    options.raw = "f32le:16000:2";
    got = decode_bytes(f32, sizeof f32, &options);
    assert_samples(&got, f32_mix, 2, 0);
    assert_int_equal(got.info.num_channels, 2);
    free(got.samples);
}

static void test_raw_leftover(void **state) {
    (void)state;
    diarist_audio_options options = default_options();
    options.raw = "s16le:16000:2";
    static const char bytes[4 * 100 + 3];
    struct decoded got = decode_bytes(bytes, sizeof bytes, &options);
    assert_int_equal(got.status, DIARIST_OK);
    assert_int_equal(got.num, 100);
    assert_non_null(strstr(got.warning, "3 bytes"));
    free(got.samples);
}

static void test_raw_specs(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "s16le",
                                        "s16le:16000",
                                        "s16le:16000:",
                                        "s16le::1",
                                        "s16be:16000:1",
                                        "S16LE:16000:1",
                                        "s16le:16000:1x",
                                        "s16le:16000:1:1",
                                        "s16le:-16000:1",
                                        "s16le:+16000:1",
                                        "s16le: 16000:1",
                                        "s16le:16000.0:1",
                                        "s16le:999:1",
                                        "s16le:768001:1",
                                        "s16le:99999999999999999999:1",
                                        "s16le:16000:0",
                                        "s16le:16000:65",
                                        "s16le:16000:-1",
                                        "s16",
                                        "s16le16000:1",
                                        "f32le:0x3e80:1",
                                        "f64le:16000:1"};
    static const char *const right[] = {"s16le:1000:1", "f32le:768000:64", "s16le:016000:01"};
    diarist_audio_options options = default_options();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options.raw = wrong[i];
        struct decoded got = decode_bytes("abcd", 4, &options);
        if (got.status != DIARIST_ERROR_ARGUMENT)
            fail_msg("'%s' gives status %d", wrong[i], got.status);
        free(got.samples);
    }
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        options.raw = right[i];
        struct decoded got = decode_bytes("abcd", 4, &options);
        if (got.status)
            fail_msg("'%s': %s", right[i], got.err.message);
        free(got.samples);
    }
}

/* PCM as it comes, in portions of all sizes, is what a file of the same bytes is. */
static void test_pcm_as_it_comes(void **state) {
    (void)state;
    static const char *const forms[] = {"s16le:16000:1", "s16le:8000:1", "f32le:44100:2",
                                        "s16le:48000:3"};
    static const size_t frame_bytes[] = {2, 2, 8, 6};
    enum { FRAMES = 30000, MOST = 70000 };
    static uint8_t bytes[FRAMES * 8];
    static float samples[MOST];
    uint64_t random = 7;
    for (size_t i = 0; i < sizeof bytes; i++) /* no exponent of floats is large */
        bytes[i] = (uint8_t)(i % 4 == 3 ? 0x3e : 128 + 127 * uniform(&random));
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        diarist_audio_options options = default_options();
        options.raw = forms[f];
        struct decoded whole = decode_bytes(bytes, FRAMES * frame_bytes[f], &options);
        assert_int_equal(whole.status, DIARIST_OK);
        diarist_error err;
        diarist_pcm *pcm;
        size_t at = 0, num = 0, used, made;
        bool ended = false;
        assert_int_equal(diarist_pcm_open(&pcm, forms[f], &err), DIARIST_OK);
        while (!ended) {
            size_t most = (size_t)(1500 + 1500 * uniform(&random)),
                   room = (size_t)(500 + 499 * uniform(&random));
            most = most < FRAMES - at ? most : FRAMES - at;
            room = room < MOST - num ? room : MOST - num;
            const void *part = at < FRAMES ? bytes + at * frame_bytes[f] : NULL;
            assert_int_equal(
                diarist_pcm_convert(pcm, part, most, &used, samples + num, room, &made, &err),
                DIARIST_OK);
            assert_true(used <= most && made <= room);
            ended = !part && !made;
            at += used;
            num += made;
        }
        diarist_pcm_close(pcm);
        assert_int_equal(num, whole.num);
        assert_memory_equal(samples, whole.samples, num * sizeof *samples);
        free(whole.samples);
    }
}

static void test_pcm_arguments(void **state) {
    (void)state;
    static const char *const wrong[] = {"",          "s16le",         "s16le:8000", "mp3:16000:1",
                                        "s16le:1:1", "s16le:16000:65"};
    diarist_error err;
    diarist_pcm *pcm;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(diarist_pcm_open(&pcm, wrong[i], &err), DIARIST_ERROR_ARGUMENT);
        assert_null(pcm);
    }
    assert_int_equal(diarist_pcm_open(NULL, "s16le:8000:1", &err), DIARIST_ERROR_ARGUMENT);
    diarist_pcm_close(NULL);
}

/* ---- channels ---- */

static void test_channels(void **state) {
    (void)state;
    enum { FRAMES = 5000, CHANNELS = 3 };
    static float frames[FRAMES][CHANNELS];
    static double expected[FRAMES];
    uint64_t seed = 1;
    for (int i = 0; i < FRAMES; i++)
        for (int c = 0; c < CHANNELS; c++)
            frames[i][c] = (float)(0.9 * uniform(&seed));
    diarist_audio_options options = default_options();
    options.raw = "f32le:16000:3";
    for (options.channel = 0; options.channel <= CHANNELS; options.channel++) {
        for (int i = 0; i < FRAMES; i++) {
            double mean = ((double)frames[i][0] + frames[i][1] + frames[i][2]) / 3;
            expected[i] = options.channel ? frames[i][options.channel - 1] : mean;
        }
        struct decoded got = decode_bytes(frames, sizeof frames, &options);
        assert_samples(&got, expected, FRAMES, options.channel ? 0 : 1e-7);
        free(got.samples);
    }
    struct decoded got = decode_bytes(frames, sizeof frames, &options);
    assert_int_equal(got.status, DIARIST_ERROR_ARGUMENT);
    assert_non_null(strstr(got.err.message, "has 3"));
}

static void test_not_finite(void **state) {
    (void)state;
    const float values[] = {NAN, INFINITY, -INFINITY, 2.0f, -3e38f, 1e-40f, 0.5f, -0.5f};
    static const double alone[] = {0, 1, -1, 1, -1, 0, 0.5, -0.5};
    diarist_audio_options options = default_options();
    options.raw = "f32le:16000:1";
    struct decoded got = decode_bytes(values, sizeof values, &options);
    assert_samples(&got, alone, 8, 0);
    free(got.samples);
    /* NaN counts as silence, infinities of both signs cancel out. */
    const float pairs[] = {NAN, 0.5f, INFINITY, -INFINITY, NAN, NAN, 3e38f, 3e38f};
    static const double mean[] = {0.25, 0, 0, 1};
    options.raw = "f32le:16000:2";
    got = decode_bytes(pairs, sizeof pairs, &options);
    assert_samples(&got, mean, 4, 0);
    free(got.samples);
    /* Behind the resampler's filter, which reaches over many samples, all stays finite. */
    static float broken[4410];
    for (int i = 0; i < 4410; i++)
        broken[i] = values[i % 8];
    options.raw = "f32le:44100:1";
    got = decode_bytes(broken, sizeof broken, &options);
    assert_int_equal(got.num, 1600);
    free(got.samples);
}

/* ---- start and duration ---- */

static void test_part(void **state) {
    (void)state;
    static int16_t ramp[RATE];
    static double expected[RATE];
    for (int i = 0; i < RATE; i++) {
        ramp[i] = (int16_t)(i - 8000);
        expected[i] = (i - 8000) / 32768.0;
    }
    static const struct {
        double start_s, duration_s;
        size_t first, num;
    } parts[] = {{0, 0, 0, 16000},   {0.5, 0, 8000, 8000},      {0.5, 0.25, 8000, 4000},
                 {0, 0.25, 0, 4000}, {0.75, 1, 12000, 4000},    {0, 1, 0, 16000},
                 {0, 1e9, 0, 16000}, {1, 0, 16000, 0},          {5, 1, 16000, 0},
                 {0, 1e-9, 0, 0},    {1 / 16000., 0, 1, 15999}, {0, 1 / 16000., 0, 1},
                 {1e9, 0, 16000, 0}};
    diarist_audio_options options = default_options();
    options.raw = "s16le:16000:1";
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        options.start_s = parts[i].start_s;
        options.duration_s = parts[i].duration_s;
        struct decoded got = decode_bytes(ramp, sizeof ramp, &options);
        assert_samples(&got, expected + parts[i].first, parts[i].num, 0);
        /* One who asks for what lies behind the end is told so. */
        assert_true((parts[i].first == RATE) == (got.warning[0] != '\0'));
        assert_true(fabs(got.info.duration_s - (double)parts[i].num / RATE) < 1e-12);
        free(got.samples);
    }
}

static void test_part_resampled(void **state) {
    (void)state;
    enum { NUM = 44100 };
    static int16_t noise[NUM];
    static double expected[RATE];
    uint64_t seed = 3;
    for (int i = 0; i < NUM; i++)
        noise[i] = (int16_t)(20000 * uniform(&seed));
    diarist_audio_options options = default_options();
    options.raw = "s16le:44100:1";
    struct decoded whole = decode_bytes(noise, sizeof noise, &options);
    assert_int_equal(whole.num, RATE);
    for (size_t i = 0; i < whole.num; i++)
        expected[i] = whole.samples[i];
    options.start_s = 0.3;
    options.duration_s = 0.4;
    struct decoded part = decode_bytes(noise, sizeof noise, &options);
    assert_samples(&part, expected + 4800, 6400, 0);
    free(whole.samples);
    free(part.samples);
}

static void test_options_out_of_range(void **state) {
    (void)state;
    static const double wrong[] = {-1, 1e10, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (int which = 0; which < 3; which++) {
            diarist_audio_options options = default_options();
            options.raw = "s16le:16000:1";
            *(which == 0   ? &options.start_s
              : which == 1 ? &options.duration_s
                           : &options.stall_s) = wrong[i];
            assert_int_equal(decode_bytes("abcd", 4, &options).status, DIARIST_ERROR_ARGUMENT);
        }
    diarist_audio_options options = default_options();
    options.channel = -1;
    assert_int_equal(decode_bytes("abcd", 4, &options).status, DIARIST_ERROR_ARGUMENT);
    options.channel = 65;
    assert_int_equal(decode_bytes("abcd", 4, &options).status, DIARIST_ERROR_ARGUMENT);
}

/* ---- pipes ---- */

static void assert_same(const struct decoded *a, const struct decoded *b) {
    assert_int_equal(a->status, b->status);
    assert_string_equal(a->err.message, b->err.message);
    assert_int_equal(a->num, b->num);
    if (a->num)
        assert_memory_equal(a->samples, b->samples, a->num * sizeof *a->samples);
    assert_string_equal(a->sha256, b->sha256);
    assert_string_equal(a->decoder, b->decoder);
}

static void test_pipe(void **state) {
    (void)state;
    FILE *file = fopen(recording, "rb");
    assert_non_null(file);
    static uint8_t bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    static const size_t cut_at[] = {0, 1, 100, 65535, 65536, 65537, 200000, SIZE_MAX};
    for (size_t i = 0; i < sizeof cut_at / sizeof *cut_at; i++) {
        size_t part = cut_at[i] < size ? cut_at[i] : size;
        struct decoded from_file = decode_bytes(bytes, part, NULL);
        struct decoded from_pipe = decode_piped(bytes, part, NULL);
        assert_same(&from_file, &from_pipe);
        if (part == size)
            assert_true(from_file.num > RATE && strlen(from_file.sha256) == 64);
        free(from_file.samples);
        free(from_pipe.samples);
    }
    diarist_audio_options options = default_options();
    options.raw = "s16le:48000:2";
    struct decoded from_file = decode_bytes(bytes, size, &options);
    struct decoded from_pipe = decode_piped(bytes, size, &options);
    assert_same(&from_file, &from_pipe);
    free(from_file.samples);
    free(from_pipe.samples);
}

static void test_stalled_pipe(void **state) {
    (void)state;
    diarist_audio_options options = default_options();
    options.stall_s = 0.05;
    char fifo[256];
    snprintf(fifo, sizeof fifo, "%s.fifo", file_path());
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(decode(fifo, &options).status, DIARIST_ERROR_INPUT);
    /* With a writer that says nothing, and one that stops in the middle. */
    int writer = open(fifo, O_RDWR);
    assert_int_equal(decode(fifo, &options).status, DIARIST_ERROR_INPUT);
    options.raw = "s16le:16000:1";
    assert_int_equal(write(writer, "abcd", 4), 4);
    struct decoded got = decode(fifo, &options);
    assert_int_equal(got.status, DIARIST_ERROR_INPUT);
    assert_non_null(strstr(got.err.message, "nothing came"));
    free(got.samples);
    close(writer);
    remove(fifo);
}

/* ---- the resampler ---- */

/* Resamples in[num] in portions of the given size; out has room for capacity. */
static size_t resample(float *out, size_t capacity, const float *in, size_t num, int32_t rate_hz,
                       size_t portion) {
    struct dr_resampler *resampler;
    diarist_error err = {0};
    size_t total = 0, used, made;
    assert_int_equal(dr_resampler_new(&resampler, rate_hz, &err), DIARIST_OK);
    for (size_t at = 0; at < num; at += used) {
        size_t count = num - at < portion ? num - at : portion;
        assert_int_equal(dr_resampler_run(resampler, in + at, count, &used, out + total,
                                          capacity - total, &made, &err),
                         DIARIST_OK);
        assert_true(used <= count && (used || made));
        total += made;
    }
    do {
        assert_int_equal(
            dr_resampler_run(resampler, NULL, 0, &used, out + total, capacity - total, &made, &err),
            DIARIST_OK);
        total += made;
    } while (made);
    dr_resampler_free(resampler);
    return total;
}

static void fill_sine(float *out, size_t num, double rate_hz, double frequency_hz) {
    for (size_t i = 0; i < num; i++)
        out[i] = (float)(0.5 * sin(2 * M_PI * frequency_hz * (double)i / rate_hz));
}

/* Power of out against 0.5 sin at the same times, and of the difference, without the ends. */
static double sine_snr_db(const float *out, size_t num, double frequency_hz) {
    double signal = 0, noise = 0;
    for (size_t i = 1000; i + 1000 < num; i++) {
        double expected = 0.5 * sin(2 * M_PI * frequency_hz * (double)i / RATE);
        signal += expected * expected;
        noise += (out[i] - expected) * (out[i] - expected);
    }
    return 10 * log10(signal / noise);
}

static void test_resample_sine(void **state) {
    (void)state;
    static const int32_t rates[] = {7350, 8000, 11025, 22050, 32000, 44100, 48000, 96000, 192000};
    static const double frequencies[] = {100, 1000, 2500};
    enum { CAPACITY = 40000 };
    static float in[2 * 192000], out[CAPACITY];
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        for (size_t f = 0; f < sizeof frequencies / sizeof *frequencies; f++) {
            size_t num = 2 * (size_t)rates[r];
            fill_sine(in, num, rates[r], frequencies[f]);
            size_t made = resample(out, CAPACITY, in, num, rates[r], 4096);
            assert_in_range(made, 2 * RATE - 1, 2 * RATE + 1);
            double snr = sine_snr_db(out, made, frequencies[f]);
            if (!(snr > 80))
                fail_msg("%g Hz at %d Hz: %g dB", frequencies[f], rates[r], snr);
        }
}

/* What 16 kHz cannot hold must vanish instead of being mirrored into the voice. */
static void test_resample_aliases(void **state) {
    (void)state;
    static float in[48000], out[20000];
    static const double frequencies[] = {8500, 9000, 12000, 15900, 20000};
    for (size_t f = 0; f < sizeof frequencies / sizeof *frequencies; f++) {
        fill_sine(in, 48000, 48000, frequencies[f]);
        size_t num = resample(out, 20000, in, 48000, 48000, 4096);
        double peak = 0;
        for (size_t i = 1000; i + 1000 < num; i++)
            peak = fmax(peak, fabs(out[i]));
        if (!(peak < 5e-5)) /* 80 dB below the sine */
            fail_msg("%g Hz comes through with %g", frequencies[f], peak);
    }
}

static void test_resample_portions(void **state) {
    (void)state;
    enum { NUM = 44100, CAPACITY = 20000 };
    static float in[NUM], once[CAPACITY], often[CAPACITY];
    uint64_t seed = 5;
    for (int i = 0; i < NUM; i++)
        in[i] = (float)uniform(&seed);
    size_t num = resample(once, CAPACITY, in, NUM, NUM, NUM);
    assert_int_equal(num, RATE);
    static const size_t portions[] = {1, 7, 441, 4096};
    for (size_t i = 0; i < sizeof portions / sizeof *portions; i++) {
        assert_int_equal(resample(often, CAPACITY, in, NUM, NUM, portions[i]), num);
        assert_memory_equal(often, once, num * sizeof *once);
    }
    assert_int_equal(resample(once, CAPACITY, in, RATE, RATE, 333), RATE);
    assert_memory_equal(once, in, RATE * sizeof *once);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw_values),
        cmocka_unit_test(test_raw_leftover),
        cmocka_unit_test(test_raw_specs),
        cmocka_unit_test(test_pcm_as_it_comes),
        cmocka_unit_test(test_pcm_arguments),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_part),
        cmocka_unit_test(test_part_resampled),
        cmocka_unit_test(test_options_out_of_range),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_stalled_pipe),
        cmocka_unit_test(test_resample_sine),
        cmocka_unit_test(test_resample_aliases),
        cmocka_unit_test(test_resample_portions),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: test_audio RECORDING.flac\n");
        return 2;
    }
    recording = argv[1];
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
