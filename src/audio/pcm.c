/* pcm.c - encoded samples -> float.
 * SPDX-License-Identifier: MIT */
#include "audio/pcm.h"

#include <math.h>
#include <string.h>

size_t dr_pcm_bytes(enum dr_pcm pcm) {
    static const size_t bytes[] = {
        [DR_PCM_U8] = 1,  [DR_PCM_S16] = 2, [DR_PCM_S24] = 3,  [DR_PCM_S32] = 4,
        [DR_PCM_F32] = 4, [DR_PCM_F64] = 8, [DR_PCM_ALAW] = 1, [DR_PCM_MULAW] = 1};
    return bytes[pcm];
}

static uint64_t load(const uint8_t *bytes, size_t count, bool big_endian) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << 8 * (big_endian ? count - 1 - i : i);
    return value;
}

/* Magnitude m in segment s: A-law has a linear segment 0, mu-law a bias of 33 (4 * 33 = 132). */
static int expand_alaw(uint8_t code) {
    code ^= 0x55;
    int segment = code >> 4 & 7, magnitude = (code & 15) << 4;
    magnitude = segment ? (magnitude + 0x108) << (segment - 1) : magnitude + 8;
    return code & 0x80 ? magnitude : -magnitude;
}

static int expand_mulaw(uint8_t code) {
    code = (uint8_t)~code;
    int magnitude = ((((code & 15) << 3) + 132) << (code >> 4 & 7)) - 132;
    return code & 0x80 ? -magnitude : magnitude;
}

static float decode_float(uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

static float decode_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    /* Beyond float's range the conversion would be undefined. */
    return value > 3e38 ? 3e38f : value < -3e38 ? -3e38f : (float)value;
}

void dr_pcm_decode(float *samples, const uint8_t *bytes, size_t num, enum dr_pcm pcm,
                   bool big_endian) {
    for (size_t i = 0; i < num; i++) {
        switch (pcm) {
        case DR_PCM_U8:
            samples[i] = (float)(bytes[i] - 128) / 128.0f;
            break;
        case DR_PCM_S16:
            samples[i] = (float)(int16_t)load(bytes + 2 * i, 2, big_endian) / 32768.0f;
            break;
        case DR_PCM_S24:
            samples[i] =
                (float)(int32_t)((uint32_t)load(bytes + 3 * i, 3, big_endian) << 8) / 2147483648.0f;
            break;
        case DR_PCM_S32:
            samples[i] = (float)(int32_t)load(bytes + 4 * i, 4, big_endian) / 2147483648.0f;
            break;
        case DR_PCM_F32:
            samples[i] = decode_float(load(bytes + 4 * i, 4, big_endian));
            break;
        case DR_PCM_F64:
            samples[i] = decode_double(load(bytes + 8 * i, 8, big_endian));
            break;
        case DR_PCM_ALAW:
            samples[i] = (float)expand_alaw(bytes[i]) / 32768.0f;
            break;
        case DR_PCM_MULAW:
            samples[i] = (float)expand_mulaw(bytes[i]) / 32768.0f;
            break;
        }
    }
}

/* NaN becomes 0 and a value that no recording has is bounded, so that sums stay finite; what is
 * far below hearing becomes 0, as denormal numbers are slow to reckon with. */
static float sanitize(float x) {
    if (!(fabsf(x) > 1e-15f))
        return 0.0f;
    return x > 1e6f ? 1e6f : x < -1e6f ? -1e6f : x;
}

static float clamp(float x) {
    return x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x;
}

void dr_pcm_mix(float *mono, const float *frames, size_t num, size_t num_channels,
                int32_t channel) {
    for (size_t i = 0; i < num; i++) {
        const float *frame = frames + i * num_channels;
        float sum = 0.0f;
        if (channel > 0) {
            mono[i] = clamp(sanitize(frame[channel - 1]));
            continue;
        }
        for (size_t c = 0; c < num_channels; c++)
            sum += sanitize(frame[c]);
        mono[i] = clamp(sum / (float)num_channels);
    }
}

void dr_pcm_clamp(float *samples, size_t num) {
    for (size_t i = 0; i < num; i++)
        samples[i] = clamp(samples[i]);
}
