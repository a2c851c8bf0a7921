/* fbank.h - log mel filter-bank energies, as Kaldi computes them.
 * SPDX-License-Identifier: MIT
 *
 * 80 mels from 20 to 8000 Hz, 25-ms frames every 10 ms, pre-emphasis 0.97, DC removed, no dither,
 * snip edges, power spectrum of 512 points, ln(max(energy, 1.1920929e-7)). Source: Kaldi's
 * feature-window.cc, mel-computations.cc. Networks were trained with different windows, and with
 * different units of the waveform: that adds a constant, which mean normalisation removes, but
 * moves the floor. */
#ifndef DR_FEATURES_FBANK_H
#define DR_FEATURES_FBANK_H

#include "base/arena.h"
#include "kernels/kernels.h"

struct dr_fbank;

/* As 3D-Speaker's CAM++ was trained: povey window, waveform from -1 to 1. Tables, read-only
 * afterwards; they live in arena. NULL when there is no memory. */
struct dr_fbank *dr_fbank_new(const struct dr_kernels *kernels, struct dr_arena *arena);

/* The same as WeSpeaker's networks take it, in pyannote.audio too: Hamming window, waveform from
 * -32768 to 32768 (samples are given from -1 to 1 all the same). */
struct dr_fbank *dr_fbank_new_wespeaker(const struct dr_kernels *kernels, struct dr_arena *arena);

/* Frames that n samples hold: 1 + (n - 400) / 160, or 0. */
size_t dr_fbank_num_frames(size_t num_samples);

/* Floats of scratch that dr_fbank_run needs. */
size_t dr_fbank_scratch(void);

/* energies[num_frames][80]; frame t is made of samples[160 t .. 160 t + 399]. */
void dr_fbank_run(const struct dr_fbank *fbank, float *energies, const float *samples,
                  size_t num_frames, float *scratch);

#endif
