/* winograd_template.h - Winograd's F(3, 5) along rows and F(5x5, 3x3), for any vector width.
 * SPDX-License-Identifier: MIT
 * Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), section 4.3: points 0,
 * 1, -1, 2, -2, 1/2 and infinity. Included once by each instruction set's file, which defines
 * DR_ISA and
 *   vec, LANES                the vector, its lanes: 4, 8 or 16
 *   vec_set, vec_load, vec_store, vec_add, vec_sub, vec_mul, vec_max, vec_fma (a * b + c),
 *   vec_largest               the largest lane
 *   store_int16_line(p, v)    DR_PANEL floats that fit
 *   load_half(p), store_half(p, v)       LANES halves
 * No include guard: one file includes this once. */
#include "kernels/bodies.h"
#include "kernels/half.h"
#include "kernels/unroll.h"

enum { SIDE = 7 };

/* v = B' d; v may be d. With q = x (x^2 - 4) (x - 1/2) and r = x (x^2 - 1) (x - 1/2), the rows of 1
 * and -1 are (x + 1) q and (x - 1) q, those of 2 and -2 (x + 2) r and (x - 2) r. */
INLINE void transform7(vec v[SIDE], const vec d[SIDE]) {
    const vec half = vec_set(-0.5f), two = vec_set(2.0f), minus_2 = vec_set(-2.0f);
    const vec four = vec_set(4.0f), minus_4 = vec_set(-4.0f), minus_5 = vec_set(-5.0f);
    const vec a = vec_sub(d[3], d[1]), b = vec_sub(d[4], d[2]), c = vec_sub(d[5], d[3]);
    const vec r = vec_fma(half, a, b), xr = vec_fma(half, b, c);
    const vec e = vec_fma(minus_4, d[1], d[3]), f = vec_fma(minus_4, d[2], d[4]);
    const vec q = vec_fma(half, e, f), xq = vec_fma(half, f, vec_fma(minus_4, d[3], d[5]));
    const vec odd = vec_fma(four, d[1], vec_fma(minus_5, d[3], d[5]));
    const vec even = vec_fma(four, d[0], vec_fma(minus_5, d[2], d[4]));
    const vec even_2 = vec_fma(four, d[2], vec_fma(minus_5, d[4], d[6]));
    v[0] = vec_fma(half, even, odd);
    v[1] = vec_add(xq, q);
    v[2] = vec_sub(xq, q);
    v[3] = vec_fma(two, r, xr);
    v[4] = vec_fma(minus_2, r, xr);
    v[5] = odd;
    v[6] = vec_fma(half, odd, even_2);
}

/* norm_leaky of the columns from j on */
INLINE vec normalised(const float *x, const struct dr_instance_norm *norm, size_t j) {
    const vec centred = vec_sub(vec_load(x + j), vec_load(norm->mean + j));
    const vec v = vec_fma(centred, vec_load(norm->factor + j), vec_load(norm->shift + j));
    return vec_max(v, vec_mul(v, vec_set(0.01f)));
}

/* The 7 points of the tile at x, columns from j on. */
INLINE void transform_tile5(vec v[SIDE], const float *x, const struct dr_instance_norm *norm,
                            size_t j, size_t n) {
    UNROLL
    for (size_t r = 0; r < SIDE; r++)
        v[r] = normalised(x + r * n, norm, j);
    transform7(v, v);
}

enum { POOL = 3 };

void DR_BODY(winograd5_input, DR_ISA)(float *v, size_t ldv, const float *x,
                                      const struct dr_instance_norm *norm, size_t tiles, size_t n) {
    for (size_t t = 0; t < tiles; t++, x += POOL * n, v += n)
        for (size_t j = 0; j < n; j += LANES) {
            vec to[SIDE];
            transform_tile5(to, x, norm, j, n);
            UNROLL
            for (size_t p = 0; p < SIDE; p++)
                vec_store(v + p * ldv + j, to[p]);
        }
}

void DR_BODY(winograd5_output_pool3, DR_ISA)(float *y, const float *products, size_t ldp,
                                             const float *bias, size_t tiles, size_t n) {
    for (size_t t = 0; t < tiles; t++, products += n, y += n)
        for (size_t j = 0; j < n; j += LANES) {
            vec p[SIDE];
            UNROLL
            for (size_t i = 0; i < SIDE; i++)
                p[i] = vec_load(products + i * ldp + j);
            const vec sum = vec_add(p[1], p[2]), difference = vec_sub(p[1], p[2]);
            const vec sum_2 = vec_add(p[3], p[4]), difference_2 = vec_sub(p[3], p[4]);
            const vec first = vec_add(vec_add(p[0], p[5]), vec_add(sum, sum_2));
            const vec second =
                vec_fma(vec_set(2.0f), difference_2, vec_fma(vec_set(1.0f / 2), p[5], difference));
            const vec third =
                vec_fma(vec_set(4.0f), sum_2, vec_fma(vec_set(1.0f / 4), p[5], vec_add(sum, p[6])));
            const vec largest = vec_max(first, vec_max(second, third));
            vec_store(y + j, vec_add(largest, vec_load(bias + j)));
        }
}

/* ---- two dimensions ----
 * A line of the cache at a time, of 16 channels: 49 of them may not find a place in it together
 * twice. What the first dimension gives lies in memory, as it takes 49 registers or more. */

enum { OUT_SIDE = 5, LINE = DR_PANEL / LANES /* vectors */ };

/* y = A' p + bias */
INLINE void gather5(vec y[OUT_SIDE], const vec p[SIDE], vec bias) {
    const vec sum = vec_add(p[1], p[2]), difference = vec_sub(p[1], p[2]);
    const vec sum_2 = vec_add(p[3], p[4]), difference_2 = vec_sub(p[3], p[4]);
    const vec even = vec_add(sum, bias), odd = vec_add(difference, bias);
    y[0] = vec_add(vec_add(even, sum_2), vec_add(p[0], p[5]));
    y[1] = vec_fma(vec_set(2.0f), difference_2, vec_fma(vec_set(1.0f / 2), p[5], odd));
    y[2] = vec_fma(vec_set(4.0f), sum_2, vec_fma(vec_set(1.0f / 4), p[5], even));
    y[3] = vec_fma(vec_set(8.0f), difference_2, vec_fma(vec_set(1.0f / 8), p[5], odd));
    y[4] = vec_fma(vec_set(16.0f), sum_2, vec_fma(vec_set(1.0f / 16), p[5], vec_add(even, p[6])));
}

/* What a map holds. */
enum element { FLOAT, HALF };

INLINE const void *element_at(const enum element of, const void *x, size_t i) {
    return (const char *)x + i * (of == HALF ? sizeof(dr_half) : sizeof(float));
}

INLINE vec load_element(const enum element of, const void *x, size_t i) {
    return of == HALF ? load_half((const dr_half *)x + i) : vec_load((const float *)x + i);
}

INLINE void store_element(const enum element of, void *y, size_t i, vec v) {
    if (of == HALF)
        store_half((dr_half *)y + i, v);
    else
        vec_store((float *)y + i, v);
}

/* The line at x of so many rows and of the OUT_SIDE columns of a tile: processors fetch along rows,
 * but not over the end of a page, which a few columns fill. */
INLINE void fetch_tile(const enum element of, const size_t rows, const void *x, size_t ldx,
                       size_t n) {
    ROLLED
    for (size_t r = 0; r < rows; r++)
        UNROLL
    for (size_t c = 0; c < OUT_SIDE; c++)
        __builtin_prefetch(element_at(of, x, r * ldx + c * n));
}

/* Columns from a tile to what is fetched meanwhile, 2 tiles further. */
enum { AHEAD = 2 * OUT_SIDE };

/* half[l][q][r] = (d B)_rq of vector l of the tile at x, whose rows are ldx apart. */
INLINE void transform_rows(const enum element of, vec half[LINE][SIDE][SIDE], const void *x,
                           size_t ldx, size_t n) {
    ROLLED
    for (size_t r = 0; r < SIDE; r++)
        ROLLED
    for (size_t l = 0; l < LINE; l++) {
        vec row[SIDE];
        UNROLL
        for (size_t c = 0; c < SIDE; c++)
            row[c] = load_element(of, x, r * ldx + c * n + l * LANES);
        transform7(row, row);
        UNROLL
        for (size_t q = 0; q < SIDE; q++)
            half[l][q][r] = row[q];
    }
}

void DR_BODY(winograd2_input, DR_ISA)(float *v, size_t ldv, const float *x, size_t ldx,
                                      size_t tiles, size_t n) {
    for (size_t t = 0; t < tiles; t++, x += OUT_SIDE * n, v += n)
        for (size_t j = 0; j < n; j += DR_PANEL) {
            vec half[LINE][SIDE][SIDE];
            float *to = v + j;
            fetch_tile(FLOAT, SIDE, x + (AHEAD + 2) * n + j, ldx, n);
            transform_rows(FLOAT, half, x + j, ldx, n);
            ROLLED
            for (size_t q = 0; q < SIDE; q++, to += ldv)
                ROLLED
            for (size_t l = 0; l < LINE; l++) {
                vec column[SIDE];
                transform7(column, half[l][q]);
                UNROLL
                for (size_t p = 0; p < SIDE; p++)
                    vec_store(to + p * SIDE * ldv + l * LANES, column[p]);
            }
        }
}

/* A line of a point times factor, in 16 bits. */
INLINE void store_point(int16_t *v, const vec line[LINE], float factor) {
    vec scaled[LINE];
    UNROLL
    for (size_t l = 0; l < LINE; l++)
        scaled[l] = vec_mul(line[l], vec_set(factor));
    store_int16_line(v, scaled);
}

void DR_BODY(winograd2_input16, DR_ISA)(int16_t *v, size_t ldv, const dr_half *x, size_t ldx,
                                        float factor, size_t tiles, size_t n) {
    float per_unit[SIDE];
    for (size_t p = 0; p < SIDE; p++)
        per_unit[p] = 1.0f / dr_winograd2_unit(p);
    for (size_t t = 0; t < tiles; t++, x += OUT_SIDE * n, v += n)
        for (size_t j = 0; j < n; j += DR_PANEL) {
            vec half[LINE][SIDE][SIDE];
            int16_t *to = v + j;
            if (j % (2 * DR_PANEL) == 0) /* a line of the cache holds two of halves */
                fetch_tile(HALF, SIDE, x + (AHEAD + 2) * n + j, ldx, n);
            transform_rows(HALF, half, x + j, ldx, n);
            ROLLED
            for (size_t q = 0; q < SIDE; q++, to += ldv) {
                const float by = factor * per_unit[q];
                vec line[SIDE][LINE];
                UNROLL
                for (size_t l = 0; l < LINE; l++) {
                    vec column[SIDE];
                    transform7(column, half[l][q]);
                    UNROLL
                    for (size_t p = 0; p < SIDE; p++)
                        line[p][l] = column[p];
                }
                UNROLL
                for (size_t p = 0; p < SIDE; p++)
                    store_point(to + p * SIDE * ldv, line[p], by * per_unit[p]);
            }
        }
}

/* half[l][r][q] = (A' products)_rq of vector l of a tile */
INLINE void gather_rows(vec half[LINE][OUT_SIDE][SIDE], const float *products, size_t ldp) {
    ROLLED
    for (size_t q = 0; q < SIDE; q++, products += ldp)
        ROLLED
    for (size_t l = 0; l < LINE; l++) {
        vec column[SIDE], out[OUT_SIDE];
        UNROLL
        for (size_t p = 0; p < SIDE; p++)
            column[p] = vec_load(products + l * LANES + p * SIDE * ldp);
        gather5(out, column, vec_set(0.0f));
        UNROLL
        for (size_t r = 0; r < OUT_SIDE; r++)
            half[l][r][q] = out[r];
    }
}

/* A call of either output kernel. */
struct output {
    void *y;
    const void *residual; /* or NULL */
    float per_unit, residual_unit;
    size_t ldy;
    const float *products;
    size_t ldp;
    const float *bias;
    size_t num_rows, step, m, n;
};

/* The first `columns` outputs of a row of a tile, from element `at` on; returns the largest in each
 * lane. */
INLINE vec finish_row(const enum element of, const size_t columns, const struct output *o,
                      size_t at, const vec half[SIDE], vec bias, vec largest) {
    vec out[OUT_SIDE];
    gather5(out, half, bias);
    UNROLL
    for (size_t c = 0; c < columns; c++, at += o->n) {
        vec v = out[c];
        if (o->residual && of == HALF)
            v = vec_fma(load_element(of, o->residual, at), vec_set(o->residual_unit), v);
        else if (o->residual)
            v = vec_add(v, load_element(of, o->residual, at));
        v = vec_max(of == HALF ? vec_mul(v, vec_set(o->per_unit)) : v, vec_set(0.0f));
        store_element(of, o->y, at, v);
        largest = vec_max(v, largest);
    }
    return largest;
}

/* Returns the largest output before it is rounded, 0 at least. */
INLINE float finish_tiles(const enum element of, const struct output *o) {
    const float *products = o->products;
    vec top = vec_set(0.0f);
    for (size_t i = 0; i < o->m; i += OUT_SIDE, products += o->n)
        for (size_t j = 0; j < o->n; j += DR_PANEL) {
            vec half[LINE][OUT_SIDE][SIDE];
            if (of == FLOAT || j % (2 * DR_PANEL) == 0)
                fetch_tile(of, OUT_SIDE, element_at(of, o->y, (i + AHEAD) * o->n + j), o->ldy,
                           o->n);
            gather_rows(half, products + j, o->ldp);
            ROLLED
            for (size_t r = 0; r < o->num_rows; r++)
                ROLLED
            for (size_t l = 0; l < LINE; l++) {
                const size_t at = r * o->ldy + i * o->n + j + l * LANES;
                const vec bias = vec_load(o->bias + j + l * LANES);
                switch (o->m - i) {
                default:
                    top = finish_row(of, OUT_SIDE, o, at, half[l][r * o->step], bias, top);
                    break;
                case 4:
                    top = finish_row(of, 4, o, at, half[l][r * o->step], bias, top);
                    break;
                case 3:
                    top = finish_row(of, 3, o, at, half[l][r * o->step], bias, top);
                    break;
                case 2:
                    top = finish_row(of, 2, o, at, half[l][r * o->step], bias, top);
                    break;
                case 1:
                    top = finish_row(of, 1, o, at, half[l][r * o->step], bias, top);
                    break;
                }
            }
        }
    return vec_largest(top);
}

void DR_BODY(winograd2_output_relu, DR_ISA)(float *y, size_t ldy, float *max, const float *products,
                                            size_t ldp, const float *bias, const float *residual,
                                            size_t num_rows, size_t step, size_t m, size_t n) {
    const struct output o = {y,   residual, 1.0f,     1.0f, ldy, products,
                             ldp, bias,     num_rows, step, m,   n};
    const float top = finish_tiles(FLOAT, &o);
    *max = top > *max ? top : *max;
}

void DR_BODY(winograd2_output_relu16, DR_ISA)(const struct dr_winograd2_output16 *of) {
    const struct output o = {of->y,        of->residual, of->per_unit, of->residual_unit,
                             of->ldy,      of->products, of->ldp,      of->bias,
                             of->num_rows, of->step,     of->m,        of->n};
    const float top = dr_float_of(dr_half_of(finish_tiles(HALF, &o)));
    *of->max = top > *of->max ? top : *of->max;
}
