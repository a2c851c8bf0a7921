/* test_features.c - filter-bank energies against their definition in double precision.
 * SPDX-License-Identifier: MIT
 *
 * The definition, of one frame: subtract the mean, pre-emphasise, multiply by the window, DFT of
 * 512 by its sum, squared magnitudes, triangles on the mel scale, logarithm with a floor. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/cpu.h"
#include "diarist/diarist.h"
#include "features/fbank.h"
#include "segmentation/powerset.h"
#include "types.h"

enum { NUM_SAMPLES = 4000, FFT = 512 };

static double mel(double hz) {
    return 1127.0 * log(1.0 + hz / 700.0);
}

/* What a network takes: its window, the unit of its waveform, and what makes its tables. */
struct kind {
    double offset, cosine, exponent, unit;
    struct dr_fbank *(*make)(const struct dr_kernels *, struct dr_arena *);
};

static const struct kind kinds[] = {{0.5, 0.5, 0.85, 1.0, dr_fbank_new},
                                    {0.54, 0.46, 1.0, 32768.0, dr_fbank_new_wespeaker}};

static void frame_by_definition(double *energies, const struct kind *kind, const float *samples) {
    static double x[FFT], power[FFT / 2 + 1];
    double mean = 0.0, previous;
    for (int i = 0; i < DR_FBANK_LENGTH; i++)
        mean += samples[i] / (double)DR_FBANK_LENGTH;
    previous = samples[0] - mean;
    for (int i = 0; i < FFT; i++) {
        x[i] = 0.0;
        if (i >= DR_FBANK_LENGTH)
            continue;
        double value = samples[i] - mean;
        double turn = cos(2.0 * M_PI * i / (DR_FBANK_LENGTH - 1));
        double window = pow(kind->offset - kind->cosine * turn, kind->exponent);
        x[i] = (value - 0.97 * previous) * window * kind->unit;
        previous = value;
    }
    for (int k = 0; k <= FFT / 2; k++) {
        double re = 0.0, im = 0.0;
        for (int i = 0; i < FFT; i++) {
            re += x[i] * cos(2.0 * M_PI * (i * k % FFT) / FFT);
            im -= x[i] * sin(2.0 * M_PI * (i * k % FFT) / FFT);
        }
        power[k] = re * re + im * im;
    }
    double low = mel(20.0), width = (mel(8000.0) - low) / (DR_MELS + 1);
    for (int m = 0; m < DR_MELS; m++) {
        double sum = 0.0;
        for (int k = 0; k < FFT / 2; k++) {
            double at = (mel(k * 16000.0 / FFT) - low) / width - m;
            double weight = at <= 1.0 ? at : 2.0 - at;
            sum += weight > 0.0 ? weight * power[k] : 0.0;
        }
        energies[m] = log(fmax(sum, 1.1920929e-7));
    }
}

static void check_signal(int flags, const struct kind *kind, const float *samples) {
    struct dr_kernels kernels;
    struct dr_arena arena = {NULL};
    double expected[DR_MELS];
    dr_kernels_init(&kernels, dr_cpu_flags(flags));
    struct dr_fbank *fbank = kind->make(&kernels, &arena);
    float *scratch = dr_arena_alloc(&arena, dr_fbank_scratch(), sizeof *scratch);
    size_t frames = dr_fbank_num_frames(NUM_SAMPLES);
    float *energies = dr_arena_alloc(&arena, frames * DR_MELS, sizeof *energies);
    assert_int_equal(frames, 1 + (NUM_SAMPLES - 400) / 160);
    dr_fbank_run(fbank, energies, samples, frames, scratch);
    for (size_t t = 0; t < frames; t++) {
        frame_by_definition(expected, kind, samples + t * DR_FBANK_STEP);
        for (int m = 0; m < DR_MELS; m++)
            assert_true(fabs(energies[t * DR_MELS + (size_t)m] - expected[m]) < 2e-3);
    }
    dr_arena_free(&arena);
}

static void test_fbank(void **state) {
    (void)state;
    static float tone[NUM_SAMPLES], noise[NUM_SAMPLES], silence[NUM_SAMPLES];
    static float faint[NUM_SAMPLES]; /* below the floor in one unit, above it in the other */
    uint32_t seed = 1;
    for (int i = 0; i < NUM_SAMPLES; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (float)((double)seed / UINT32_MAX - 0.5);
        faint[i] = 1e-6f * noise[i];
        tone[i] = (float)(0.5 * sin(2.0 * M_PI * 440.0 * i / 16000.0) + 0.01 * noise[i] + 0.1);
    }
    const int masks[] = {DIARIST_CPU_GENERIC, DIARIST_CPU_AVX2, DIARIST_CPU_ALL};
    for (int i = 0; i < 6; i++) {
        check_signal(masks[i / 2], &kinds[i % 2], tone);
        check_signal(masks[i / 2], &kinds[i % 2], noise);
        check_signal(masks[i / 2], &kinds[i % 2], silence);
        check_signal(masks[i / 2], &kinds[i % 2], faint);
    }
    assert_int_equal(dr_fbank_num_frames(0), 0);
    assert_int_equal(dr_fbank_num_frames(399), 0);
    assert_int_equal(dr_fbank_num_frames(400), 1);
}

/* Each class alone, a tie, and the sets of the powerset in pyannote's order. */
static void test_powerset(void **state) {
    (void)state;
    const uint8_t sets[DR_CLASSES] = {0, 1, 2, 4, 3, 5, 6};
    float logprob[(DR_CLASSES + 1) * DR_CLASSES];
    uint8_t active[DR_CLASSES + 1];
    for (int f = 0; f < DR_CLASSES; f++)
        for (int c = 0; c < DR_CLASSES; c++)
            logprob[f * DR_CLASSES + c] = f == c ? -0.1f : -3.0f;
    for (int c = 0; c < DR_CLASSES; c++)
        logprob[DR_CLASSES * DR_CLASSES + c] = c == 2 || c == 5 ? -0.5f : -1.0f;
    dr_powerset_decode(active, logprob, DR_CLASSES + 1);
    for (int f = 0; f < DR_CLASSES; f++) {
        assert_int_equal(active[f], sets[f]);
        assert_int_equal(dr_clean(active[f]), f <= 3 ? sets[f] : 0);
    }
    assert_int_equal(active[DR_CLASSES], 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fbank),
                                       cmocka_unit_test(test_powerset)};
    return cmocka_run_group_tests_name("features", tests, NULL, NULL);
}
