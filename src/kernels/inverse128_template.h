/* inverse128_template.h - an inverse DFT of 128 points in every lane of a vector.
 * SPDX-License-Identifier: MIT
 * Included by filter_bank_template.h, once for each kind of number, after it has defined
 *   NUMBER, ROTATION          float or double, and a table's cosines and sines of them
 *   VEC, VEC_LANES            the vector, its lanes
 *   VEC_FMA(a, b, c)          a * b + c
 *   NAMED(name)               the name that goes with the kind
 * No include guard. */

enum { NAMED(POINT) = 2 * VEC_LANES }; /* numbers of a point: real parts, then imaginary ones */

/* A complex number in every lane. */
struct NAMED(point) {
    VEC re, im;
};

INLINE VEC NAMED(load_lanes)(const NUMBER *p) {
    VEC v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void NAMED(store_lanes)(NUMBER *p, VEC v) {
    memcpy(p, &v, sizeof v);
}

INLINE struct NAMED(point) NAMED(load)(const NUMBER *p) {
    return (struct NAMED(point)){NAMED(load_lanes)(p), NAMED(load_lanes)(p + VEC_LANES)};
}

INLINE void NAMED(store)(NUMBER *p, struct NAMED(point) x) {
    NAMED(store_lanes)(p, x.re);
    NAMED(store_lanes)(p + VEC_LANES, x.im);
}

INLINE struct NAMED(point) NAMED(add)(struct NAMED(point) a, struct NAMED(point) b) {
    return (struct NAMED(point)){a.re + b.re, a.im + b.im};
}

INLINE struct NAMED(point) NAMED(subtract)(struct NAMED(point) a, struct NAMED(point) b) {
    return (struct NAMED(point)){a.re - b.re, a.im - b.im};
}

/* x times a table's number */
INLINE struct NAMED(point) NAMED(turn)(struct NAMED(point) x, const ROTATION *by) {
    const VEC zero = {0}, cosine = zero + by->cosine, sine = zero + by->sine;
    return (struct NAMED(point)){VEC_FMA(-x.im, sine, x.re * cosine),
                                 VEC_FMA(x.re, sine, x.im * cosine)};
}

/* x[c] = sum over a of x[a] exp(2 pi i a c / 4) */
INLINE void NAMED(inverse4)(struct NAMED(point) x[4]) {
    const struct NAMED(point) a = NAMED(add)(x[0], x[2]), b = NAMED(subtract)(x[0], x[2]);
    const struct NAMED(point) c = NAMED(add)(x[1], x[3]), d = NAMED(subtract)(x[1], x[3]);
    x[0] = NAMED(add)(a, c);
    x[1] = (struct NAMED(point)){b.re - d.im, b.im + d.re};
    x[2] = NAMED(subtract)(a, c);
    x[3] = (struct NAMED(point)){b.re + d.im, b.im - d.re};
}

/* From one inverse of 4 num points to four of num: number m of them gives outputs 4 k + m. */
INLINE void NAMED(split4)(NUMBER *points, size_t num, const ROTATION (*by)[3]) {
    for (size_t i = 0; i < num; i++, points += NAMED(POINT)) {
        struct NAMED(point) x[4];
        UNROLL
        for (size_t m = 0; m < 4; m++)
            x[m] = NAMED(load)(points + m * num * NAMED(POINT));
        NAMED(inverse4)(x);
        NAMED(store)(points, x[0]);
        UNROLL
        for (size_t m = 1; m < 4; m++)
            NAMED(store)(points + m * num * NAMED(POINT), NAMED(turn)(x[m], &by[i][m - 1]));
    }
}

/* Rows of an output whose number is below num. */
struct NAMED(rows) {
    NUMBER *re, *im;
    size_t ld, num;
};

INLINE void NAMED(store_row)(const struct NAMED(rows) * to, size_t i, struct NAMED(point) x) {
    if (i < to->num) {
        NAMED(store_lanes)(to->re + i * to->ld, x.re);
        NAMED(store_lanes)(to->im + i * to->ld, x.im);
    }
}

/* An inverse of 8 points, whose outputs are rows first, first + 16, ..: the even ones, then the odd
 * ones, as registers are few. */
INLINE void NAMED(inverse8)(const struct NAMED(rows) * to, size_t first, const NUMBER *points) {
    const NUMBER root = (NUMBER)0.70710678118654752;
    const NUMBER *half = points + 4 * NAMED(POINT);
    struct NAMED(point) x[4];
    UNROLL
    for (size_t i = 0; i < 4; i++)
        x[i] = NAMED(add)(NAMED(load)(points + i * NAMED(POINT)),
                          NAMED(load)(half + i * NAMED(POINT)));
    NAMED(inverse4)(x);
    UNROLL
    for (size_t c = 0; c < 4; c++)
        NAMED(store_row)(to, first + 32 * c, x[c]);
    UNROLL
    for (size_t i = 0; i < 4; i++)
        x[i] = NAMED(subtract)(NAMED(load)(points + i * NAMED(POINT)),
                               NAMED(load)(half + i * NAMED(POINT)));
    x[1] = (struct NAMED(point)){root * (x[1].re - x[1].im), root * (x[1].re + x[1].im)};
    x[2] = (struct NAMED(point)){-x[2].im, x[2].re};
    x[3] = (struct NAMED(point)){-root * (x[3].re + x[3].im), root * (x[3].re - x[3].im)};
    NAMED(inverse4)(x);
    UNROLL
    for (size_t c = 0; c < 4; c++)
        NAMED(store_row)(to, first + 16 + 32 * c, x[c]);
}

/* y[n] = sum over q of points[q] exp(2 pi i n q / 128); points are lost. Not inlined: arrays of
 * points live in registers only where the compiler has nothing else to think of. */
static __attribute__((noinline)) void NAMED(inverse128)(const struct NAMED(rows) * to,
                                                        NUMBER *points, const ROTATION (*of_128)[3],
                                                        const ROTATION (*of_32)[3]) {
    NAMED(split4)(points, 32, of_128);
    for (size_t m = 0; m < 4; m++)
        NAMED(split4)(points + m * 32 * NAMED(POINT), 8, of_32);
    for (size_t m = 0; m < 4; m++)
        for (size_t c = 0; c < 4; c++)
            NAMED(inverse8)(to, 4 * c + m, points + (32 * m + 8 * c) * NAMED(POINT));
}
