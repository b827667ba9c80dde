"""Slow drift of the whole field."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.simulate.motion import TAPS, Drift, shifted


def test_a_path_starts_at_zero_stays_in_reach_and_is_slow():
    drift = Drift(3.0, 900, (1, 5))
    path = np.array([drift.at(frame) for frame in range(900)])
    assert path[0].tolist() == [0, 0]
    assert np.abs(path).max() == pytest.approx(3)
    assert np.abs(np.diff(path, axis=0)).max() < 0.1
    assert Drift(0, 900, (1, 5)).at(100) == (0, 0) and Drift(0, 9, (1,)).margin_px == 0


def test_different_seeds_take_different_paths():
    assert Drift(3.0, 900, (1,)).at(500) != Drift(3.0, 900, (2,)).at(500)


@pytest.mark.parametrize("shift", [(0, 0), (2, -1), (0.5, 0), (1.3, -2.6), (-2.49, 0.51)])
def test_a_shift_moves_what_it_shows_and_blurs_nothing(shift):
    margin = 3 + TAPS
    y, x = np.mgrid[-margin : 40 + margin, -margin : 50 + margin].astype(float)

    def scene(y, x):
        spots = default_rng(0).uniform(5, 35, (30, 2))
        return sum(np.exp(-((y - a) ** 2 + (x - b) ** 2) / (2 * 1.1**2)) for a, b in spots)

    moved = shifted(scene(y, x), shift, margin)
    inner = np.s_[margin : margin + 40, margin : margin + 50]
    expected = scene(y - shift[0], x - shift[1])[inner]
    assert moved.shape == (40, 50)
    np.testing.assert_allclose(moved, expected, atol=0.015 * expected.max())


def test_a_shift_keeps_the_light():
    image = gaussian_filter(default_rng(0).random((80, 80)), 1).astype(np.float32)
    moved = shifted(image, (0.4, -1.7), 8)
    assert moved.dtype == np.float32
    assert moved.mean() == pytest.approx(image.mean(), rel=0.01)
    assert moved.std() == pytest.approx(image[8:-8, 8:-8].std(), rel=0.03)
