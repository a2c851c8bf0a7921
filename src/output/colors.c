/* colors.c - a colour per speaker.
 * SPDX-License-Identifier: MIT
 *
 * i -> hue turned by the golden angle, so that any first n hues are spread; lightness in three
 * steps -> OKLCH -> OKLab -> linear sRGB (B. Ottosson, "A perceptual color space for image
 * processing", 2020)
 * -> sRGB. Chroma is lowered until the colour can be shown. */
#include "output/colors.h"

#include <math.h>
#include <stdio.h>

/* lightness, chroma, hue in radians -> rgb, linear; 1 when all three lie in [0, 1]. */
static int oklch_to_rgb(double rgb[3], double lightness, double chroma, double hue) {
    double a = chroma * cos(hue), b = chroma * sin(hue);
    double l = lightness + 0.3963377774 * a + 0.2158037573 * b;
    double m = lightness - 0.1055613458 * a - 0.0638541728 * b;
    double s = lightness - 0.0894841775 * a - 1.2914855480 * b;
    l = l * l * l, m = m * m * m, s = s * s * s;
    rgb[0] = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
    rgb[1] = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
    rgb[2] = -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s;
    for (int c = 0; c < 3; c++)
        if (rgb[c] < 0 || rgb[c] > 1)
            return 0;
    return 1;
}

/* Linear [0, 1] -> the sRGB curve (IEC 61966-2-1) in 8 bits. */
static unsigned encode(double linear) {
    double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    return (unsigned)lround(value * 255);
}

void dr_speaker_color(char out[8], size_t i) {
    static const double lightness[3] = {0.68, 0.56, 0.80};
    const double pi = 3.14159265358979323846;
    double golden_angle = pi * (3 - sqrt(5));
    double hue = fmod(0.45 + (double)(i % 65536) * golden_angle, 2 * pi);
    double rgb[3], chroma = 0.16;
    while (!oklch_to_rgb(rgb, lightness[i % 3], chroma, hue) && chroma > 0)
        chroma -= 0.01;
    for (int c = 0; c < 3; c++)
        rgb[c] = fmin(fmax(rgb[c], 0), 1);
    snprintf(out, 8, "#%02x%02x%02x", encode(rgb[0]) & 255, encode(rgb[1]) & 255,
             encode(rgb[2]) & 255);
}
