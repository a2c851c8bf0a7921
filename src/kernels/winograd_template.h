/* winograd_template.h - Winograd's F(4, 3) along rows, for any vector width.
 * SPDX-License-Identifier: MIT
 * Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), section 4.3; points 0,
 * 1, -1, 2, -2 and infinity. Included once by each instruction set's file, which defines DR_ISA and
 *   vec, LANES                the vector, its lanes: 4, 8 or 16
 *   vec_set, vec_load, vec_store, vec_add, vec_sub, vec_mul, vec_max, vec_fma (a * b + c)
 *   store_int16(p, v)         LANES floats, rounded, as int16 from -32767 to 32767
 * No include guard: one file includes this once. */
#include "kernels/bodies.h"
#include "kernels/unroll.h"

enum { POINTS = 6, OUTPUTS = 4 };

/* v = B' d of the columns at x, whose rows are n apart. */
INLINE void transform(vec v[POINTS], const float *x, size_t n) {
    const vec d1 = vec_load(x + n), d2 = vec_load(x + 2 * n), d3 = vec_load(x + 3 * n);
    const vec d4 = vec_load(x + 4 * n), four = vec_set(4.0f);
    const vec even = vec_fma(vec_set(-4.0f), d2, d4), odd = vec_fma(vec_set(-4.0f), d1, d3);
    const vec even_2 = vec_sub(d4, d2), odd_2 = vec_mul(vec_set(2.0f), vec_sub(d3, d1));
    v[0] = vec_fma(four, vec_load(x), vec_fma(vec_set(-5.0f), d2, d4));
    v[1] = vec_add(even, odd);
    v[2] = vec_sub(even, odd);
    v[3] = vec_add(even_2, odd_2);
    v[4] = vec_sub(even_2, odd_2);
    v[5] = vec_fma(four, d1, vec_fma(vec_set(-5.0f), d3, vec_load(x + 5 * n)));
}

void DR_BODY(winograd_input, DR_ISA)(float *v, const float *x, size_t tiles, size_t n) {
    const size_t point = tiles * n;
    for (size_t t = 0; t < tiles; t++, x += OUTPUTS * n, v += n)
        for (size_t j = 0; j < n; j += LANES) {
            vec to[POINTS];
            transform(to, x + j, n);
            UNROLL
            for (size_t p = 0; p < POINTS; p++)
                vec_store(v + p * point + j, to[p]);
        }
}

void DR_BODY(winograd_input16, DR_ISA)(int16_t *v, const float *x, float factor, size_t tiles,
                                       size_t n) {
    const size_t point = tiles * n;
    for (size_t t = 0; t < tiles; t++, x += OUTPUTS * n, v += n)
        for (size_t j = 0; j < n; j += LANES) {
            vec to[POINTS];
            transform(to, x + j, n);
            UNROLL
            for (size_t p = 0; p < POINTS; p++)
                store_int16(v + p * point + j, vec_mul(to[p], vec_set(factor)));
        }
}

/* y = A' p + bias of the columns at p, whose points are `point` apart. */
INLINE void gather(vec y[OUTPUTS], const float *p, size_t point, vec bias) {
    const vec p1 = vec_load(p + point), p2 = vec_load(p + 2 * point);
    const vec p3 = vec_load(p + 3 * point), p4 = vec_load(p + 4 * point);
    const vec sum = vec_add(p1, p2), difference = vec_sub(p1, p2);
    const vec sum_2 = vec_add(p3, p4), difference_2 = vec_sub(p3, p4);
    y[0] = vec_add(vec_add(vec_load(p), sum), vec_add(sum_2, bias));
    y[1] = vec_add(difference, vec_fma(vec_set(2.0f), difference_2, bias));
    y[2] = vec_add(sum, vec_fma(vec_set(4.0f), sum_2, bias));
    y[3] = vec_add(vec_add(difference, vec_load(p + 5 * point)),
                   vec_fma(vec_set(8.0f), difference_2, bias));
}

/* rows <= 4 outputs of a tile, LANES columns. */
INLINE void finish_tile(const int rows, float *y, const float *products, const float *bias,
                        const float *residual, size_t point, size_t n) {
    vec out[OUTPUTS];
    gather(out, products, point, vec_load(bias));
    UNROLL
    for (int r = 0; r < rows; r++) {
        const vec v = residual ? vec_add(out[r], vec_load(residual + (size_t)r * n)) : out[r];
        vec_store(y + (size_t)r * n, vec_max(v, vec_set(0.0f)));
    }
}

void DR_BODY(winograd_output_relu, DR_ISA)(float *y, const float *products, const float *bias,
                                           const float *residual, size_t m, size_t n) {
    const size_t point = (m + OUTPUTS - 1) / OUTPUTS * n;
    for (size_t i = 0; i < m; i += OUTPUTS, products += n, y += OUTPUTS * n) {
        const float *r = residual ? residual + i * n : NULL;
        for (size_t j = 0; j < n; j += LANES) {
            const float *rest = r ? r + j : NULL;
            switch (m - i) {
            default:
                finish_tile(OUTPUTS, y + j, products + j, bias + j, rest, point, n);
                break;
            case 3:
                finish_tile(3, y + j, products + j, bias + j, rest, point, n);
                break;
            case 2:
                finish_tile(2, y + j, products + j, bias + j, rest, point, n);
                break;
            case 1:
                finish_tile(1, y + j, products + j, bias + j, rest, point, n);
                break;
            }
        }
    }
}
