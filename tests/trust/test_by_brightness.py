"""Residuals by brightness: a bias that grows, and noise that was left."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.trust.by_brightness import ByBrightness
from n2v_tools.trust.reference import LAGS, Reference

CLEAN = np.tile(np.linspace(100, 300, 400), (400, 1))
NOISY = default_rng(0).normal(CLEAN, 10)
REFERENCE = Reference(0.0, 100.0, np.zeros((2 * LAGS + 1, 2 * LAGS + 1)))


def curve(restored):
    sums = ByBrightness([restored], REFERENCE)
    sums.add(NOISY, restored)
    return sums.curve()


def test_the_truth_leaves_noise_of_no_bias():
    found = curve(CLEAN)
    assert abs(found.worst_bias) < 0.01 and abs(found.slope) < 0.01
    np.testing.assert_allclose(found.variance, found.noise, rtol=0.1)
    assert found.n.sum() == CLEAN.size


def test_a_gain_that_is_lost_shows_as_a_slope():
    assert curve(200 + 0.8 * (CLEAN - 200)).slope == pytest.approx(0.25, abs=0.01)


def test_what_is_equally_bright_everywhere_has_no_slope():
    assert curve(np.full_like(CLEAN, 200.0)).slope == 0
