/* sinc_filters.c - the filters of SincNet's first layer from their parameters.
 * SPDX-License-Identifier: MIT
 *
 * The same operations in the same order as models/importer/default_set.py. */
#include "import/sinc_filters.h"

#include <math.h>

static const float min_low_hz = 50.0f, min_band_hz = 50.0f, nyquist_hz = 8000.0f;

/* Correctly rounded but for arguments that no filter bank has. */
static float sine(float x) {
    return (float)sin((double)x);
}

static float cosine(float x) {
    return (float)cos((double)x);
}

void dr_sinc_filters(float out[2 * DR_SINC_BANDS][DR_SINC_LENGTH],
                     const float low_hz[DR_SINC_BANDS], const float band_hz[DR_SINC_BANDS],
                     const float window[DR_SINC_HALF], const float n[DR_SINC_HALF]) {
    for (int f = 0; f < DR_SINC_BANDS; f++) {
        float *even = out[f], *odd = out[DR_SINC_BANDS + f];
        const float low = min_low_hz + fabsf(low_hz[f]);
        const float sum = low + min_band_hz + fabsf(band_hz[f]);
        const float high = fminf(fmaxf(sum, min_low_hz), nyquist_hz);
        const float twice_band = 2.0f * (high - low);
        for (int k = 0; k < DR_SINC_HALF; k++) {
            const float half_n = n[k] / 2.0f;
            const float difference = sine(high * n[k]) - sine(low * n[k]);
            even[k] = difference / half_n * window[k] / twice_band;
            const float quadrature = cosine(low * n[k]) - cosine(high * n[k]);
            odd[k] = quadrature / half_n * window[k] / twice_band;
            even[DR_SINC_LENGTH - 1 - k] = even[k];
            odd[DR_SINC_LENGTH - 1 - k] = -odd[k];
        }
        even[DR_SINC_HALF] = 1.0f;
        odd[DR_SINC_HALF] = 0.0f;
    }
}
