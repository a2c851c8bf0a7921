#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_statistics.py DUMP_STATISTICS: against numpy, and against what is known of small cases.

The bootstrap is drawn here once more from its description in bench/statistics.h, and compared with
the normal approximation too. Exit status 77 (skipped) without numpy.
"""

import math
import subprocess
import sys
import unittest

try:
    import numpy
except ImportError:
    print("skipped: the Python module numpy is not installed")
    sys.exit(77)

PROGRAM = sys.argv.pop(1)
SEED, RESAMPLES, MASK = 20240917, 10000, (1 << 64) - 1


def say(what, rows):
    numbers = numpy.asarray(rows, dtype=float)
    text = " ".join(map(repr, numbers.ravel().tolist()))
    done = subprocess.run([PROGRAM], input=f"{what} {len(rows)} {text}\n", text=True, check=True,
                          capture_output=True)
    return [float(word) for word in done.stdout.split()]


def splitmix64(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def resampled(rows):
    """The 10,000 sums of a, b and scored."""
    draws, num, sums = splitmix64(SEED), len(rows), []
    while len(sums) < RESAMPLES:
        chosen = [((next(draws) >> 32) * num) >> 32 for _ in range(num)]
        total = numpy.asarray(rows)[chosen].sum(axis=0)
        if total[2] > 0:
            sums.append(total)
    return numpy.asarray(sums)


class Summary(unittest.TestCase):
    def test_numpy(self):
        random = numpy.random.default_rng(1)
        for num in (2, 3, 4, 19, 20, 21, 100, 1001):
            values = random.lognormal(size=num)
            expected = [num, values.mean(), numpy.median(values), numpy.percentile(values, 95),
                        values.std(ddof=1)]
            numpy.testing.assert_allclose(say("summary", values), expected, rtol=1e-13)

    def test_one_and_none(self):
        self.assertEqual(say("summary", [0.25])[:4], [1, 0.25, 0.25, 0.25])
        self.assertTrue(math.isnan(say("summary", [0.25])[4]))
        self.assertTrue(all(map(math.isnan, say("summary", [])[1:])))

    def test_unknown_is_left_out(self):
        self.assertEqual(say("summary", [1, math.nan, 3])[:3], [2, 2, 2])

    def test_equal_values(self):
        self.assertEqual(say("summary", [0.5] * 7), [7, 0.5, 0.5, 0.5, 0])


class Bootstrap(unittest.TestCase):
    def test_as_described(self):
        random = numpy.random.default_rng(2)
        for num in (2, 5, 17):
            rows = random.uniform(0, 10, size=(num, 3)) + [0, 0, 50]
            sums = resampled(rows)
            differences = (sums[:, 0] - sums[:, 1]) / sums[:, 2]
            a, b, scored = rows.sum(axis=0)
            expected = [num, (a - b) / scored, *numpy.percentile(differences, [2.5, 97.5]),
                        (sums[:, 0] < sums[:, 1]).mean(), (sums[:, 0] == sums[:, 1]).mean()]
            numpy.testing.assert_allclose(say("bootstrap", rows), expected, rtol=1e-11, atol=1e-12)

    def test_normal_approximation(self):
        """Equally long files: the mean of n differences, whose deviation is std / sqrt(n)."""
        random = numpy.random.default_rng(3)
        rows = numpy.column_stack([random.normal(5, 1, 400), random.normal(5.1, 1, 400),
                                   numpy.full(400, 50.0)])
        differences = (rows[:, 0] - rows[:, 1]) / 50
        deviation = differences.std() / 20
        _, difference, low, high, better, equal = say("bootstrap", rows)
        self.assertAlmostEqual(difference, differences.mean(), 12)
        self.assertAlmostEqual(low, difference - 1.96 * deviation, delta=0.1 * deviation)
        self.assertAlmostEqual(high, difference + 1.96 * deviation, delta=0.1 * deviation)
        normal = 0.5 * math.erfc(difference / deviation / math.sqrt(2))
        self.assertAlmostEqual(better, normal, delta=0.02)
        self.assertEqual(equal, 0)

    def test_the_same(self):
        self.assertEqual(say("bootstrap", [[1, 1, 10]] * 5), [5, 0, 0, 0, 0, 1])

    def test_always_better(self):
        self.assertEqual(say("bootstrap", [[1, 2, 10], [2, 3, 10]]), [2, -0.1, -0.1, -0.1, 1, 0])

    def test_too_few(self):
        num, difference, *rest = say("bootstrap", [[1, 2, 10]])
        self.assertEqual((num, difference), (1, -0.1))
        self.assertTrue(all(map(math.isnan, rest)))
        self.assertTrue(all(map(math.isnan, say("bootstrap", [[1, 2, 0], [0, 1, 0]])[1:])))

    def test_a_file_without_speech(self):
        """Its false alarms count; a resample of it alone cannot be, and is drawn again."""
        _, difference, low, high, *_ = say("bootstrap", [[0, 1, 0], [1, 1, 10]])
        self.assertAlmostEqual(difference, -0.1)
        self.assertAlmostEqual(high, 0)
        self.assertAlmostEqual(low, -0.1)


if __name__ == "__main__":
    unittest.main()
