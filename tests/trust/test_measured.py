"""Gain and baseline of one plane, from means of blocks."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.trust.measured import fit_plane

FIELD = gaussian_filter(default_rng(0).normal(size=(256, 256)), 12)
CLEAN = 1000 + 200 * FIELD / FIELD.std()
NOISY = default_rng(1).normal(CLEAN, 50)


def test_a_plane_that_was_scaled_and_shifted_is_found():
    fit = fit_plane(NOISY, (CLEAN - 30) / 1.25, 50.0)
    assert fit.gain == pytest.approx(1.25, abs=5 * fit.chance)
    assert fit.baseline == pytest.approx(np.mean(NOISY - (CLEAN - 30) / 1.25))


def test_a_plane_of_noise_alone_has_no_gain():
    even = default_rng(2).normal(100, 50, (256, 256))
    assert np.isnan(fit_plane(even, 0.9 * even, 50.0).gain)
