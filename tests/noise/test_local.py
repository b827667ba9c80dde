"""Noise that can be drawn again: as strong and as shared as what was measured."""

import numpy as np
import pytest
from noisy_frames import smooth
from numpy.random import default_rng

from n2v_tools.errors import StackError
from n2v_tools.noise.local import LocalNoise, find_kernel, measure_local_noise
from n2v_tools.stack import Stack


def scene(edge=256):
    return smooth(edge, 100, 500, 12)


@pytest.mark.parametrize("width", [2, 3, 5])
def test_noise_convolved_with_the_kernel_is_correlated_as_given(width):
    given = [max(0.0, 1 - lag / width) for lag in range(1, 11)]  # of a box
    kernel = np.array(find_kernel(given))
    assert len(kernel) % 2 == 1
    together = np.correlate(kernel, kernel, "full")[len(kernel) - 1 :]
    assert together[0] == pytest.approx(1)
    np.testing.assert_allclose(together[1:width], given[: width - 1], atol=0.1)


def test_white_noise_has_no_kernel_and_stays_as_it_is():
    noise = LocalNoise(1.0, 0.0, 0.1)
    drawn = default_rng(0).normal(size=(30, 30)).astype(np.float32)
    assert noise.white
    assert find_kernel([0.01, -0.02, 0.0]) == (1.0,)
    np.testing.assert_array_equal(noise.colour(drawn, "YX"), drawn)


def test_photon_noise_is_measured_where_it_is_bright_and_where_it_is_dark():
    rng = default_rng(1)
    counts = 2.0 * rng.poisson(np.broadcast_to(scene() / 2.0, (4, 256, 256)))
    noise = measure_local_noise(Stack(counts.astype(np.float32), "TYX"), "YX")
    assert noise.white
    for mean in (150.0, 400.0):
        assert float(noise.variance(np.float32(mean))) == pytest.approx(2 * mean, rel=0.1)


def test_noise_that_neighbours_share_is_drawn_so_again():
    rng = default_rng(2)
    white = rng.normal(size=(4, 256, 258))
    shared = sum(white[..., i : i + 256] for i in range(3)) * 10
    noise = measure_local_noise(Stack((scene() + shared).astype(np.float32), "ZYX"), "YX")
    assert not noise.white
    drawn = noise.colour(rng.normal(size=(256, 256)).astype(np.float32), "YX")
    for lag, correlation in ((1, 2 / 3), (2, 1 / 3)):
        assert (drawn[:, lag:] * drawn[:, :-lag]).mean() == pytest.approx(correlation, abs=0.1)
    assert abs((drawn[1:] * drawn[:-1]).mean()) < 0.1
    assert drawn.std() == pytest.approx(1, rel=0.05)
    assert float(noise.variance(np.float32(300))) == pytest.approx(300, rel=0.2)


def test_what_moves_between_frames_is_not_taken_for_noise():
    rng = default_rng(3)
    moving = np.stack([np.roll(scene(), 6 * t, axis=1) for t in range(4)])
    noisy = (moving + rng.normal(0, 5, moving.shape)).astype(np.float32)
    noise = measure_local_noise(Stack(noisy, "TYX"), "YX")
    assert float(noise.variance(np.float32(moving.mean()))) == pytest.approx(25, rel=0.15)


@pytest.mark.parametrize("pixels", [np.full((64, 64), 7.0), default_rng(0).random((20, 20))])
def test_where_there_is_no_noise_or_too_little_image_one_line_says_so(pixels):
    with pytest.raises(StackError, match="cannot be measured") as error:
        measure_local_noise(Stack(pixels.astype(np.float32), "YX", name="a.tif"), "YX")
    assert "\n" not in str(error.value) and "a.tif" in str(error.value)
