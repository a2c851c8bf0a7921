#!/usr/bin/env python3
"""Writes spectrum_tables.c: python3 spectrum_tables.py > spectrum_tables.c"""
# SPDX-License-Identifier: MIT
from math import cos, pi, sin


def table(declaration, values):
    print(f"const float {declaration} = {{")
    for i in range(0, len(values), 6):
        print("    " + " ".join(f"{v:.9e}f," for v in values[i:i + 6]))
    print("};")


print("""/* spectrum_tables.c - sines and cosines for power_spectrum; written by spectrum_tables.py.
 * SPDX-License-Identifier: MIT */
#include "kernels/spectrum_tables.h"

/* clang-format off */""")
twiddle = [2 * pi * k * n / 256 for k in range(16) for n in range(16)]
split = [2 * pi * k / 512 for k in range(256)]
table("dr_twiddle_cos[256]", [cos(a) for a in twiddle])
table("dr_twiddle_sin[256]", [sin(a) for a in twiddle])
table("dr_split_cos[256]", [cos(a) for a in split])
table("dr_split_sin[256]", [sin(a) for a in split])
