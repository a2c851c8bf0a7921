/* check_spectrum.c - the power spectrum against a DFT in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "checkkern.h"

#define NMSE_BOUND 1e-12
#define SAMPLES 512
#define BINS 256

static double cosine[SAMPLES]; /* of 2 pi i / 512 */

static void make_cosine(void) {
    for (size_t i = 0; i < SAMPLES; i++)
        cosine[i] = cos(2.0 * acos(-1.0) * (double)i / SAMPLES);
}

static void add_error(struct nmse *e, const float *frame, const float *power) {
    for (size_t k = 0; k < BINS; k++) {
        double re = 0.0, im = 0.0;
        for (size_t n = 0; n < SAMPLES; n++) {
            re += frame[n] * cosine[k * n % SAMPLES];
            im += frame[n] * cosine[(k * n + SAMPLES / 4) % SAMPLES];
        }
        const double expected = re * re + im * im;
        e->error += (power[k] - expected) * (power[k] - expected);
        e->power += expected * expected;
    }
}

static void check_frames(const struct check *t, const float *frames, size_t num, const char *what,
                         enum placement place) {
    float *power = guarded_floats(num * BINS, place);
    t->k.power_spectrum(power, frames, num);
    for (size_t i = 0; i < num; i++) {
        struct nmse e = {0, 0};
        add_error(&e, frames + i * SAMPLES, power + i * BINS);
        expect(nmse_below(&e, NMSE_BOUND), "%s, frame %zu of %zu: NMSE %.2g above %.0g", what, i,
               num, e.error / e.power, NMSE_BOUND);
    }
    float *alone = guarded_floats(BINS, AT_END);
    t->k.power_spectrum(alone, frames + (num - 1) * SAMPLES, 1);
    expect(!memcmp(alone, power + (num - 1) * BINS, BINS * sizeof(float)),
           "%s: a frame alone has other bits than among %zu", what, num);
}

void check_power_spectrum(const struct check *t) {
    static const char *const names[] = {"uniform", "zeros", "denormals", "large", "mixed"};
    make_cosine();
    for (size_t num = 1; num <= 17; num += num < 4 ? 1 : 6)
        for (int data = 0; data < NUM_DATA; data++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                float *frames =
                    random_floats(num * SAMPLES, (enum data)data, (enum placement)place);
                check_frames(t, frames, num, names[data], (enum placement)place);
                release_all();
            }
    /* One pure tone per bin: a wrong twiddle shows in one of them. */
    for (size_t k = 0; k < BINS; k += 5) {
        float *frame = guarded_floats(SAMPLES, AT_END);
        for (size_t n = 0; n < SAMPLES; n++)
            frame[n] = (float)cos(2.0 * acos(-1.0) * (double)(k * n % SAMPLES) / SAMPLES + 1.0);
        check_frames(t, frame, 1, "tone", AT_END);
        release_all();
    }
}

struct frames {
    float *power;
    const float *frames;
    size_t num;
};

static void run(void *call) {
    const struct bench_call *b = call;
    const struct frames *f = b->argument;
    b->k->power_spectrum(f->power, f->frames, f->num);
}

void bench_power_spectrum(const struct check *t) {
    struct frames f = {guarded_floats(64 * BINS, AT_START),
                       random_floats(64 * SAMPLES, UNIFORM, AT_START), 64};
    /* The customary count of a real transform: 2.5 n log2 n. */
    bench_row(t, "power_spectrum", "64 frames", 64 * 2.5 * SAMPLES * 9, run, &f);
}
