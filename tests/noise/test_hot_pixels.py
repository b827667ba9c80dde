"""Hot pixels are counted; beads, noise and strips are not."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.noise.hot_pixels import find_hot_pixels
from n2v_tools.stack import Stack


def movie(rng, n=6, edge=96):
    return rng.poisson(50, (n, edge, edge)).astype(np.float32) + 100


def test_pixels_that_shine_in_all_planes_are_counted():
    frames = movie(default_rng(0))
    for y, x in [(10, 10), (40, 71), (90, 3)]:
        frames[:, y, x] += 200
    found = find_hot_pixels(Stack(frames, "TYX"))
    assert found.count == 3
    assert found.percent == pytest.approx(300 / 96**2)


def test_noise_alone_has_none_and_a_cosmic_ray_is_none():
    frames = movie(default_rng(1))
    frames[2, 30, 30] += 5000
    assert find_hot_pixels(Stack(frames, "TYX")).count == 0


def test_a_bead_as_optics_show_it_is_no_hot_pixel():
    y, x = np.mgrid[:96, :96]
    bead = 400 * np.exp(-((y - 40) ** 2 + (x - 50) ** 2) / 2)
    assert find_hot_pixels(Stack(movie(default_rng(2)) + bead, "TYX")).count == 0


def test_strips_are_no_matter():
    frames = movie(default_rng(3)).astype(np.uint16)
    frames[:, :, :20] = 0
    assert find_hot_pixels(Stack(frames, "ZYX")).count == 0


def test_fewer_than_three_planes_cannot_tell():
    assert find_hot_pixels(Stack(movie(default_rng(4), n=2), "TYX")) is None


def test_each_channel_is_looked_at_on_its_own():
    frames = np.stack([movie(default_rng(5)), movie(default_rng(6))], axis=1)
    frames[:, 1, 20, 20] += 300
    assert find_hot_pixels(Stack(frames, "TCYX")).count == 1
