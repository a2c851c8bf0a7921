/* sincnet.h - the convolutions of the segmentation network: waveform -> 589 frames of 60 features.
 * SPDX-License-Identifier: MIT
 *
 * Chunks that overlap share the sinc layer: it is linear, so it runs once over the samples as they
 * are, and each chunk's normalisation, x -> g x + b, follows it as s -> g s + b * sum(filter). From
 * there on every chunk is on its own. Its 80 filters are long, 251 samples, and so are applied to
 * the spectra of blocks of 100 frames. */
#ifndef DR_SEGMENTATION_SINCNET_H
#define DR_SEGMENTATION_SINCNET_H

#include "nn/layers.h"

enum {
    DR_SINCNET_FEATURES = 60,
    DR_SINCNET_BATCH = 6,        /* chunks of one call at most */
    DR_SINCNET_ROW_SAMPLES = 30, /* between rows of the first map: filters 10 apart, pooled by 3 */
    DR_SINCNET_SUM_SAMPLES = 160 /* a chunk's mean and deviation are made of sums of so many */
};

struct dr_sincnet;

/* Lives in loader->arena; NULL after a failure (loader->err). */
struct dr_sincnet *dr_sincnet_load(struct dr_loader *loader, const struct dr_kernels *kernels);

/* Floats of scratch that one call with `batch` chunks needs. */
size_t dr_sincnet_scratch(size_t batch);

/* Chunk i is samples[i * step, i * step + 160000). sequence[589][batch][60]: its column i. A
 * chunk's result does not depend on the others in its batch. They share the sinc layer where step
 * is a multiple of 1000. */
void dr_sincnet_run(const struct dr_sincnet *net, float *sequence, const float *samples,
                    size_t step, size_t batch, float *scratch);

/* One chunk, samples [160000], alone: column `index` of sequence[589][batch][60]. Scratch of one
 * chunk. */
void dr_sincnet_run_chunk(const struct dr_sincnet *net, float *sequence, const float *samples,
                          size_t index, size_t batch, float *scratch);

/* ---- chunks of a stream ---- */

struct dr_sample_sums {
    double sum, squares;
};

/* The sinc layer's output for the last 10 s of a stream, from which the first map of a chunk is
 * made whatever its normalisation: of every three frames the largest and the least output of each
 * symmetric filter, as |g s + c| is largest at one of them, and the largest magnitude of each
 * antisymmetric one, as its c is 0. Row r of the stream begins with sample 30 r. */
struct dr_sincnet_past {
    void *row;                   /* [5326][120], row r at r % 5326: floats, or halves in 16 bits */
    struct dr_sample_sums *sums; /* [1000], of samples from 160 b on at b % 1000 */
    size_t num_rows, num_sums;   /* so far */
};

/* Bytes of it. */
size_t dr_sincnet_past_bytes(enum dr_precision precision);

/* Of a stream of which nothing was heard; it lies in memory, which is aligned as a double is. */
void dr_sincnet_past_init(struct dr_sincnet_past *past, void *memory);

/* Hears samples [first, end) of the stream up to its end, all that were not heard before being
 * there; samples below dr_sincnet_past_needs are not needed again. |samples| <= 1. Scratch of one
 * chunk. */
void dr_sincnet_hear(const struct dr_sincnet *net, struct dr_sincnet_past *past,
                     const float *samples, size_t first, size_t end, float *scratch);
size_t dr_sincnet_past_needs(const struct dr_sincnet_past *past);

/* dr_sincnet_run_chunk of the chunk that begins with sample number `first`, a multiple of 60 and of
 * 160; its end is the end of what was heard. In float the same within rounding, whatever parts the
 * stream was heard in; halves are 11 bits. */
void dr_sincnet_run_past(const struct dr_sincnet *net, float *sequence,
                         const struct dr_sincnet_past *past, size_t first, size_t index,
                         size_t batch, float *scratch);

#endif
