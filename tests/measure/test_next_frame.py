"""The next frame ranks restorations as the truth does."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.measure.next_frame import NextFrame

VALID = np.ones((200, 200), bool)


def distance(restored, following, valid=VALID):
    frames = NextFrame()
    frames.add(restored, following, valid)
    return frames.distance


def test_it_is_the_error_plus_the_noise_of_the_next_frame():
    clean = 100 + 400 * gaussian_filter(default_rng(0).random((200, 200)), 2)
    now, later = (clean + default_rng(seed).normal(0, 10, clean.shape) for seed in (1, 2))
    for sigma in (0.5, 1, 2, 4):
        restored = gaussian_filter(now, sigma)
        error = np.mean((restored - clean) ** 2)
        assert distance(restored, later) ** 2 - 100 == pytest.approx(error, abs=2)


def test_masked_pixels_and_empty_stacks():
    frames, spoilt = np.zeros((200, 200)), np.full((200, 200), 3.0)
    spoilt[:50] = np.nan
    assert distance(frames, spoilt, np.isfinite(spoilt)) == pytest.approx(3)
    assert np.isnan(NextFrame().distance)
