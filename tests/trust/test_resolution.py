"""Resolution of one image and of two, beside each other."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.trust.resolution import RingSums, finest_px


def blobs(edge, px, seed=0):
    field = gaussian_filter(default_rng(seed).normal(size=(edge, edge)), px)
    return 1000 + 300 * field / field.std()


def test_pixels_of_one_image_tell_its_resolution_as_two_images_do():
    clean = blobs(512, 2.5)
    one, other = (clean + default_rng(s).normal(0, 100, clean.shape) for s in (1, 2))
    pair, split = RingSums(64), RingSums(32)
    pair.add(one, other)
    split.add_split(one)
    of_pair, of_split = finest_px(*pair.curve(split=False)), finest_px(*split.curve(split=True))
    assert of_split == pytest.approx(of_pair, rel=0.25)


def test_half_a_pixel_of_shift_is_made_up_for():
    y, x = np.mgrid[:256, :256]
    wave = np.sin(2 * np.pi * (0.11 * y + 0.09 * x))
    sums = RingSums(32)
    sums.add_split(wave + default_rng(0).normal(0, 1e-3, wave.shape))
    frequency, correlation = sums.curve(split=True)
    assert correlation[np.argmin(np.abs(frequency - np.hypot(0.11, 0.09)))] > 0.95
