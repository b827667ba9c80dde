"""What rounding would cost is seen from a few planes, whatever stands far off in them."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.io.convert import LEAST_DEVIATION
from n2v_tools.prepare.rounding import look_at_signal
from n2v_tools.stack import Stack


def scene(shape=(180, 210), seed=0):
    """Smooth structures of mean 0 and deviation 1."""
    smooth = ndimage.gaussian_filter(default_rng(seed).normal(size=shape), 7)
    return (smooth - smooth.mean()) / smooth.std()


def photons(mean, contrast=0.5, seed=0):
    signal = mean * (1 + contrast * scene(seed=seed).clip(-1 / contrast))
    return default_rng(seed + 1).poisson(signal)


def seen(counts, axes="YX", **options):
    return look_at_signal(Stack(counts, axes), **options)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.bool_])
@pytest.mark.parametrize("mean", [0.02, 0.2, 1.0])
def test_the_signal_of_a_photon_or_less_is_small_in_any_type(dtype, mean):
    assert 0 < seen(photons(mean).astype(dtype)).deviation < LEAST_DEVIATION


@pytest.mark.parametrize("mean", [20, 150, 3000])
def test_that_of_a_usual_image_is_not(mean):
    found = seen(photons(mean).astype(np.uint16)).deviation
    assert found == pytest.approx(np.hypot(0.5 * mean, 0.5 * mean**0.5), rel=0.15)


@pytest.mark.parametrize("far", [400, 65_535])
@pytest.mark.parametrize("where", [np.s_[90, 100], np.s_[4:7, 20:60], np.s_[70:72, 80:82]])
def test_pixels_far_off_hide_nothing(far, where):
    counts = photons(0.3).astype(np.float64)
    usual = seen(counts)
    counts[where] = far
    found = seen(counts)
    assert found.deviation < LEAST_DEVIATION
    assert found.span < 10 * usual.span


def test_noise_without_an_image_is_what_a_denoiser_leaves_of_it():
    noise = default_rng(3).normal(500, 40, (200, 200))
    assert seen(noise).deviation == pytest.approx(0.5 * 40, rel=0.1)


def test_strips_are_no_image_unless_they_are_kept():
    counts = 100 + photons(0.4).astype(np.uint16)
    counts[:, :50] = 0
    assert seen(counts).deviation < LEAST_DEVIATION < seen(counts, keep_strips=True).deviation


def test_the_channel_with_the_least_signal_decides_and_a_constant_one_does_not():
    two = np.stack([photons(300), photons(0.2, seed=9)]).astype(np.uint16)
    assert seen(two, "CYX").deviation < LEAST_DEVIATION
    empty = np.stack([two[0], np.zeros_like(two[0])])
    assert seen(empty, "CYX").deviation > 100
    assert seen(np.full((40, 50), 7, np.uint8)).deviation is None


def test_what_changes_from_plane_to_plane_is_signal():
    flat = np.stack([default_rng(t).normal(100 * t, 1, (40, 40)) for t in range(6)])
    assert seen(flat, "TYX").deviation > 100


def test_of_a_stack_with_enough_signal_one_plane_is_read():
    class Counted:
        shape, dtype, n_read = (50, 60, 70), np.dtype(np.uint16), 0

        def __getitem__(self, key):
            Counted.n_read += 1
            return (1000 + 300 * scene((60, 70))).astype(np.uint16)

    look_at_signal(Stack(Counted(), "TYX"), enough_deviation=2.0, enough_span=0)
    assert Counted.n_read == 1


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 2), (5, 3)])
@pytest.mark.parametrize("value", [0, np.nan])
def test_small_and_empty_planes_are_no_matter(shape, value):
    look_at_signal(Stack(np.full(shape, value), "YX"))
    look_at_signal(Stack(default_rng(0).random(shape), "YX"))
