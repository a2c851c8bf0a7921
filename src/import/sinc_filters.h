/* sinc_filters.h - the filters of SincNet's first layer from their parameters.
 * SPDX-License-Identifier: MIT */
#ifndef DR_IMPORT_SINC_FILTERS_H
#define DR_IMPORT_SINC_FILTERS_H

enum { DR_SINC_BANDS = 40, DR_SINC_HALF = 125, DR_SINC_LENGTH = 2 * DR_SINC_HALF + 1 };

/* low_hz, band_hz: the learnt parameters. window: half of a Hamming window; n: 2 pi times half of
 * the time axis in seconds (negative). out: 40 even filters, then 40 odd ones.
 * As ParamSincFB.filters() of asteroid_filterbanks in single precision, rounding by rounding: the
 * network was trained with these very filters, and those of exact arithmetic, 1e-6 away, move its
 * log-probabilities by up to 0.02 on faint recordings. */
void dr_sinc_filters(float out[2 * DR_SINC_BANDS][DR_SINC_LENGTH],
                     const float low_hz[DR_SINC_BANDS], const float band_hz[DR_SINC_BANDS],
                     const float window[DR_SINC_HALF], const float n[DR_SINC_HALF]);

#endif
