"""A displacement is measured in pixels, whatever else was done to the image."""

import numpy as np
import pytest
from faults import changing_scene
from scipy.ndimage import gaussian_filter, shift

from n2v_tools.trust.displacement import Displacement, measure_displacement
from n2v_tools.trust.reference import Reference
from n2v_tools.trust.spectra import SpectraSums


def measure(noisy, restored, edge=64):
    acf = np.zeros((31, 31))
    acf[15, 15] = 1
    sums = SpectraSums(Reference(3.0, -146.0, acf), edge)  # noise of `changing_scene`
    for one, other in zip(noisy, restored, strict=True):
        sums.add(one, other)
    return measure_displacement(sums)


@pytest.mark.parametrize("moved", [(0, 0), (1, 0), (0, -2), (0.5, 0.5), (-1.3, 2.4)], ids=str)
@pytest.mark.parametrize("blur_px", [0, 1.5])
def test_it_is_what_was_done(moved, blur_px):
    noisy, restored = changing_scene((2, 150, 170), 11)
    result = gaussian_filter(shift(restored, (0, *moved), mode="nearest"), (0, blur_px, blur_px))
    found = measure(noisy, result)
    assert (found.y, found.x) == pytest.approx(moved, abs=0.2)
    assert max(found.chance_y, found.chance_x) < 0.1


def test_noise_that_was_kept_hides_nothing():
    noisy, restored = changing_scene((2, 150, 170), 12)
    both = 0.7 * np.roll(restored, 2, axis=2) + 0.3 * np.roll(noisy, 2, axis=2)
    assert measure(noisy, both).x == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("seed", range(6))
def test_another_image_shows_none(seed):
    noisy, _ = changing_scene((1, 150, 120), seed)
    _, other = changing_scene((1, 150, 120), seed + 100)
    assert measure(noisy, other).sure(4) == (0, 0)


def test_nothing_shows_none():
    noise = np.random.default_rng(0).normal(200, 20, (1, 96, 96))
    assert measure(noise, np.full_like(noise, 200)).sure(4) == (0, 0)
    assert Displacement().sure(4) == (0, 0)
