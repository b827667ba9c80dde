"""What SI-PSNR promises."""

import math

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.measure.metrics import psnr, si_psnr

ROWS, COLUMNS = np.mgrid[:16, :16]
G = (7 * ROWS + 13 * COLUMNS) % 32
P = G + ((5 * ROWS + 3 * COLUMNS) % 7) - 3
RAMP = np.arange(9.0).reshape(3, 3)
SWAPPED = np.array([[0, 2, 1], [3, 5, 4], [7, 6, 8]])
SPOT = np.array([[1, 1, 1], [1, 2, 1], [1, 1, 1]])


@pytest.mark.parametrize(
    ("restored", "clean", "wanted"),
    [
        (SWAPPED, RAMP, 19.932666),
        (3 * SWAPPED + 100, RAMP, 19.932666),
        (-SWAPPED + 5, RAMP, 19.932666),
        (SPOT, RAMP, 9.822712),
        (P, G, 23.958073),
        (G, P, 25.104331),
    ],
)
def test_the_numbers_of_the_specification(restored, clean, wanted):
    assert si_psnr(restored, clean) == pytest.approx(wanted, abs=1e-6)


def test_psnr_of_the_specification():
    assert psnr(P, G, 255) == pytest.approx(42.105965, abs=1e-6)
    assert psnr(P, G, 31) == pytest.approx(23.802395, abs=1e-6)


def test_it_follows_from_the_correlation_alone():
    clean = default_rng(0).random((40, 50))
    noisy = clean + default_rng(1).normal(0, 0.2, clean.shape)
    rho = np.corrcoef(clean.ravel(), noisy.ravel())[0, 1]
    wanted = 20 * np.log10(np.ptp(clean) / clean.std()) - 10 * np.log10(1 - rho**2)
    assert si_psnr(noisy, clean) == pytest.approx(wanted, abs=1e-9)


def test_pixels_that_are_not_valid_count_for_nothing():
    clean = default_rng(0).random((40, 50))
    noisy = clean + default_rng(1).normal(0, 0.2, clean.shape)
    valid = np.ones(clean.shape, bool)
    valid[:, :7] = False
    assert si_psnr(np.where(valid, noisy, 1e9), clean, valid) == si_psnr(noisy[:, 7:], clean[:, 7:])


def test_a_copy_is_infinitely_good_and_a_constant_is_not_measured():
    clean = default_rng(0).random((40, 50))
    assert si_psnr(7 - 300 * clean, clean) == math.inf
    assert math.isnan(si_psnr(np.ones_like(clean), clean))
    assert math.isnan(si_psnr(clean, np.ones_like(clean)))
    assert math.isnan(si_psnr(clean, clean, np.zeros(clean.shape, bool)))


def test_unsigned_counts_do_not_wrap():
    counts = default_rng(0).integers(0, 60000, (20, 20)).astype(np.uint16)
    other = default_rng(1).integers(0, 60000, (20, 20)).astype(np.uint16)
    assert si_psnr(counts, other) == si_psnr(counts.astype(float), other.astype(float))
