"""An overview says whether the noise is shared, and how alike neighbouring planes are."""

import numpy as np
import pytest
from noisy_frames import frames, noise
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.noise.overview import look_at_noise
from n2v_tools.noise.sample import read_sample
from n2v_tools.stack import Stack


def overview(counts, axes, dark=None):
    return look_at_noise(Stack(counts, axes), float(counts.mean()), dark)


@pytest.mark.parametrize(("width", "shared"), [((1, 1), False), ((1, 3), True)])
def test_shared_noise_is_distinguished_from_independent_noise(width, shared):
    seen = overview(frames(width=width), "TYX")
    assert seen.correlated is shared
    assert seen.sigma == pytest.approx(40, rel=0.1)


def test_sharpened_noise_is_repelled():
    sharpened = frames() - 0.9 * ndimage.uniform_filter1d(frames(), 3, axis=2)
    assert overview(sharpened, "ZYX").repelled
    assert not overview(frames(), "ZYX").repelled


def test_planes_that_show_the_same_are_alike_and_others_are_not():
    assert overview(frames(8), "ZYX").neighbours_alike["Z"] > 0.9
    assert overview(noise((8, 256, 256)).astype(np.float32), "ZYX").neighbours_alike["Z"] < 0.3


def test_a_frame_with_light_is_no_dark_frame():
    counts = frames()
    dark = default_rng(0).normal(600, 5, (3, 256, 256)).astype(np.float32)
    seen = overview(counts, "TYX", read_sample(Stack(dark, "TYX"), keep_strips=True))
    assert seen.strength.offset is None and seen.correlation.source == "frames"
    assert any("not used" in warning for warning in seen.warnings)
