/* fbank.h - log mel filter-bank energies, as Kaldi computes them.
 * SPDX-License-Identifier: MIT
 *
 * 80 mels from 20 to 8000 Hz, 25-ms frames every 10 ms, povey window, pre-emphasis 0.97, DC
 * removed, no dither, snip edges, power spectrum of 512 points, ln(max(energy, 1.1920929e-7)). The
 * waveform is not scaled to 16 bits: that only adds a constant, which mean normalisation removes.
 * Source: Kaldi's feature-window.cc, mel-computations.cc; options as 3D-Speaker's CAM++ was
 * trained. */
#ifndef DR_FEATURES_FBANK_H
#define DR_FEATURES_FBANK_H

#include "base/arena.h"
#include "kernels/kernels.h"

struct dr_fbank;

/* Tables, read-only afterwards; they live in arena. NULL when there is no memory. */
struct dr_fbank *dr_fbank_new(const struct dr_kernels *kernels, struct dr_arena *arena);

/* Frames that n samples hold: 1 + (n - 400) / 160, or 0. */
size_t dr_fbank_num_frames(size_t num_samples);

/* Floats of scratch that dr_fbank_run needs. */
size_t dr_fbank_scratch(void);

/* energies[num_frames][80]; frame t is made of samples[160 t .. 160 t + 399]. */
void dr_fbank_run(const struct dr_fbank *fbank, float *energies, const float *samples,
                  size_t num_frames, float *scratch);

#endif
