/* winograd.c - Winograd's F(3, 5) along rows and F(5x5, 3x3): the portable bodies.
 * SPDX-License-Identifier: MIT
 * Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), section 4.3: points 0,
 * 1, -1, 2, -2, 1/2 and infinity. */
#include <math.h>

#include "kernels/bodies.h"
#include "kernels/half.h"

enum { SIDE = 7 };

static const float to_points[SIDE][SIDE] = {
    {-2, 4, 2.5f, -5, -0.5f, 1, 0}, {0, 2, -2, -4.5f, 0.5f, 1, 0}, {0, -2, 6, -3.5f, -1.5f, 1, 0},
    {0, 1, -1.5f, -2, 1.5f, 1, 0},  {0, -1, 2.5f, 0, -2.5f, 1, 0}, {0, 4, 0, -5, 0, 1, 0},
    {0, -2, 4, 2.5f, -5, -0.5f, 1}};

enum { POOL = 3 };

static const float to_pooled[POOL][SIDE] = {
    {1, 1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 1.0f / 2, 0}, {0, 1, 1, 4, 4, 1.0f / 4, 1}};

/* (B' y)_p of column j of the tile at x */
static float point5(const float *x, const struct dr_instance_norm *norm, size_t p, size_t j,
                    size_t n) {
    float v = 0.0f;
    for (size_t r = 0; r < SIDE; r++)
        v += to_points[p][r] * dr_normalised(norm, j, x[r * n + j]);
    return v;
}

void dr_winograd5_input_c(float *v, size_t ldv, const float *x, const struct dr_instance_norm *norm,
                          size_t tiles, size_t n) {
    for (size_t p = 0; p < SIDE; p++)
        for (size_t t = 0; t < tiles; t++)
            for (size_t j = 0; j < n; j++)
                v[p * ldv + t * n + j] = point5(x + t * POOL * n, norm, p, j, n);
}

void dr_winograd5_output_pool3_c(float *y, const float *products, size_t ldp, const float *bias,
                                 size_t tiles, size_t n) {
    for (size_t i = 0; i < tiles * n; i++) {
        float largest = -INFINITY;
        for (size_t q = 0; q < POOL; q++) {
            float v = 0.0f;
            for (size_t p = 0; p < SIDE; p++)
                v += to_pooled[q][p] * products[p * ldp + i];
            largest = fmaxf(largest, v);
        }
        y[i] = largest + bias[i % n];
    }
}

/* ---- two dimensions ---- */

enum { OUT_SIDE = 5 };

static const float to_outputs[OUT_SIDE][SIDE] = {{1, 1, 1, 1, 1, 1, 0},
                                                 {0, 1, -1, 2, -2, 1.0f / 2, 0},
                                                 {0, 1, 1, 4, 4, 1.0f / 4, 0},
                                                 {0, 1, -1, 8, -8, 1.0f / 8, 0},
                                                 {0, 1, 1, 16, 16, 1.0f / 16, 1}};

/* v[p][q] = (B' d B)_pq */
static void transform_square(float v[SIDE][SIDE], float d[SIDE][SIDE]) {
    float rows[SIDE][SIDE] = {{0}};
    for (size_t r = 0; r < SIDE; r++)
        for (size_t q = 0; q < SIDE; q++)
            for (size_t c = 0; c < SIDE; c++)
                rows[r][q] += to_points[q][c] * d[r][c];
    for (size_t p = 0; p < SIDE; p++)
        for (size_t q = 0; q < SIDE; q++) {
            v[p][q] = 0.0f;
            for (size_t r = 0; r < SIDE; r++)
                v[p][q] += to_points[p][r] * rows[r][q];
        }
}

void dr_winograd2_input_c(float *v, size_t ldv, const float *x, size_t ldx, size_t tiles,
                          size_t n) {
    for (size_t t = 0; t < tiles; t++)
        for (size_t j = 0; j < n; j++) {
            float d[SIDE][SIDE], to[SIDE][SIDE];
            for (size_t r = 0; r < SIDE; r++)
                for (size_t c = 0; c < SIDE; c++)
                    d[r][c] = x[r * ldx + (t * OUT_SIDE + c) * n + j];
            transform_square(to, d);
            for (size_t p = 0; p < SIDE * SIDE; p++)
                v[p * ldv + t * n + j] = to[p / SIDE][p % SIDE];
        }
}

static int16_t rounded(float v) {
    return (int16_t)rintf(fmaxf(fminf(v, INT16_MAX), -INT16_MAX));
}

void dr_winograd2_input16_c(int16_t *v, size_t ldv, const dr_half *x, size_t ldx, float factor,
                            size_t tiles, size_t n) {
    for (size_t t = 0; t < tiles; t++)
        for (size_t j = 0; j < n; j++) {
            float d[SIDE][SIDE], to[SIDE][SIDE];
            for (size_t r = 0; r < SIDE; r++)
                for (size_t c = 0; c < SIDE; c++)
                    d[r][c] = dr_float_of(x[r * ldx + (t * OUT_SIDE + c) * n + j]);
            transform_square(to, d);
            for (size_t p = 0; p < SIDE; p++)
                for (size_t q = 0; q < SIDE; q++) {
                    const float unit = dr_winograd2_unit(p) * dr_winograd2_unit(q);
                    v[(p * SIDE + q) * ldv + t * n + j] = rounded(to[p][q] * (factor / unit));
                }
        }
}

/* (A' products A)_rc of one column of a tile */
static float gather_square(const float *products, size_t ldp, size_t r, size_t c) {
    float v = 0.0f;
    for (size_t p = 0; p < SIDE; p++) {
        float row = 0.0f;
        for (size_t q = 0; q < SIDE; q++)
            row += to_outputs[c][q] * products[(p * SIDE + q) * ldp];
        v += to_outputs[r][p] * row;
    }
    return v;
}

void dr_winograd2_output_relu_c(float *y, size_t ldy, float *max, const float *products, size_t ldp,
                                const float *bias, const float *residual, size_t num_rows,
                                size_t step, size_t m, size_t n) {
    for (size_t r = 0; r < num_rows; r++)
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++) {
                const size_t at = r * ldy + i * n + j, tile = i / OUT_SIDE * n + j;
                float v = gather_square(products + tile, ldp, r * step, i % OUT_SIDE) + bias[j];
                if (residual)
                    v += residual[at];
                y[at] = v > 0.0f ? v : 0.0f;
                *max = v > *max ? v : *max;
            }
}

void dr_winograd2_output_relu16_c(const struct dr_winograd2_output16 *o) {
    for (size_t r = 0; r < o->num_rows; r++)
        for (size_t i = 0; i < o->m; i++)
            for (size_t j = 0; j < o->n; j++) {
                const size_t at = r * o->ldy + i * o->n + j, tile = i / OUT_SIDE * o->n + j;
                float v = gather_square(o->products + tile, o->ldp, r * o->step, i % OUT_SIDE) +
                          o->bias[j];
                if (o->residual)
                    v += dr_float_of(o->residual[at]) * o->residual_unit;
                v *= o->per_unit;
                o->y[at] = dr_half_of(v > 0.0f ? v : 0.0f);
                *o->max = fmaxf(*o->max, dr_float_of(o->y[at]));
            }
}
