/* fbank.c - log mel filter-bank energies, as Kaldi computes them.
 * SPDX-License-Identifier: MIT
 *
 * samples -> frames [64][512] (DC removed, pre-emphasised, windowed, zero-padded)
 *         -> power [64][256] -> mel energies [64][80] -> ln */
#include "features/fbank.h"

#include <math.h>
#include <string.h>

#include "types.h"

enum { FFT_LENGTH = 512, BINS = FFT_LENGTH / 2, BLOCK_FRAMES = 64 };

#define PREEMPHASIS 0.97f
#define ENERGY_FLOOR 1.1920929e-07f
#define MEL_LOW_HZ 20.0
#define MEL_HIGH_HZ 8000.0

struct dr_fbank {
    const struct dr_kernels *kernels;
    float window[DR_FBANK_LENGTH];
    float *mel; /* packed [256] -> [80]; the Nyquist bin has no weight */
};

static double mel_of_hz(double hz) {
    return 1127.0 * log(1.0 + hz / 700.0);
}

/* Triangles of equal width on the mel scale, times gain: weights[80][256]. */
static void make_mel_weights(float *weights, double gain) {
    double low = mel_of_hz(MEL_LOW_HZ);
    double width = (mel_of_hz(MEL_HIGH_HZ) - low) / (DR_MELS + 1);
    for (int m = 0; m < DR_MELS; m++)
        for (int k = 0; k < BINS; k++) {
            double mel = mel_of_hz((double)k * DR_SAMPLE_RATE / FFT_LENGTH);
            double rise = (mel - (low + m * width)) / width;
            double fall = (low + (m + 2) * width - mel) / width;
            weights[m * BINS + k] = (float)(gain * fmax(0.0, fmin(rise, fall)));
        }
}

/* Without its window. */
static struct dr_fbank *new_fbank(const struct dr_kernels *kernels, struct dr_arena *arena,
                                  double gain) {
    struct dr_arena scratch = {NULL};
    struct dr_fbank *fbank = dr_arena_alloc(arena, 1, sizeof *fbank);
    float *mel = dr_arena_alloc(arena, DR_PADDED(DR_MELS) * BINS, sizeof *mel);
    float *weights = dr_arena_alloc(&scratch, DR_MELS * BINS, sizeof *weights);
    if (fbank && mel && weights) {
        make_mel_weights(weights, gain);
        dr_pack_panels(mel, weights, 1, BINS, BINS, DR_MELS);
        fbank->kernels = kernels;
        fbank->mel = mel;
    } else {
        fbank = NULL;
    }
    dr_arena_free(&scratch);
    return fbank;
}

static double turn(int i) {
    return cos(2.0 * M_PI * i / (DR_FBANK_LENGTH - 1));
}

struct dr_fbank *dr_fbank_new(const struct dr_kernels *kernels, struct dr_arena *arena) {
    struct dr_fbank *fbank = new_fbank(kernels, arena, 1.0);
    for (int i = 0; fbank && i < DR_FBANK_LENGTH; i++)
        fbank->window[i] = (float)pow(0.5 - 0.5 * turn(i), 0.85);
    return fbank;
}

/* The unit of the waveform, 2^-15, is in the weights of its power, exactly. */
struct dr_fbank *dr_fbank_new_wespeaker(const struct dr_kernels *kernels, struct dr_arena *arena) {
    struct dr_fbank *fbank = new_fbank(kernels, arena, 32768.0 * 32768.0);
    for (int i = 0; fbank && i < DR_FBANK_LENGTH; i++)
        fbank->window[i] = (float)(0.54 - 0.46 * turn(i));
    return fbank;
}

size_t dr_fbank_num_frames(size_t num_samples) {
    return num_samples < DR_FBANK_LENGTH ? 0 : 1 + (num_samples - DR_FBANK_LENGTH) / DR_FBANK_STEP;
}

size_t dr_fbank_scratch(void) {
    return (size_t)BLOCK_FRAMES * (FFT_LENGTH + BINS);
}

static void make_frame(const struct dr_fbank *fbank, float *frame, const float *samples) {
    double sum = 0.0;
    for (int i = 0; i < DR_FBANK_LENGTH; i++)
        sum += samples[i];
    float mean = (float)(sum / DR_FBANK_LENGTH);
    frame[0] = (samples[0] - mean) * (1.0f - PREEMPHASIS) * fbank->window[0];
    for (int i = 1; i < DR_FBANK_LENGTH; i++)
        frame[i] = ((samples[i] - mean) - PREEMPHASIS * (samples[i - 1] - mean)) * fbank->window[i];
    memset(frame + DR_FBANK_LENGTH, 0, (FFT_LENGTH - DR_FBANK_LENGTH) * sizeof *frame);
}

void dr_fbank_run(const struct dr_fbank *fbank, float *energies, const float *samples,
                  size_t num_frames, float *scratch) {
    float *frames = scratch, *power = scratch + BLOCK_FRAMES * FFT_LENGTH;
    for (size_t done = 0; done < num_frames; done += BLOCK_FRAMES) {
        size_t n = num_frames - done < BLOCK_FRAMES ? num_frames - done : BLOCK_FRAMES;
        for (size_t i = 0; i < n; i++)
            make_frame(fbank, frames + i * FFT_LENGTH, samples + (done + i) * DR_FBANK_STEP);
        fbank->kernels->power_spectrum(power, frames, n);
        float *out = energies + done * DR_MELS;
        struct dr_gemm g = {.a = power,
                            .lda = BINS,
                            .taps = 1,
                            .depth = BINS,
                            .b = fbank->mel,
                            .c = out,
                            .ldc = DR_MELS,
                            .m = n,
                            .n = DR_MELS};
        fbank->kernels->gemm(&g);
        for (size_t i = 0; i < n * DR_MELS; i++)
            out[i] = logf(out[i] > ENERGY_FLOOR ? out[i] : ENERGY_FLOOR);
    }
}
