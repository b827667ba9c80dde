"""What a residual tells: its strength, its correlation, the signal in it."""

import warnings

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.measure.residual import LAGS, ResidualSums

SHAPE = (300, 320)
EVERYWHERE = np.ones(SHAPE, bool)


@pytest.fixture
def image():
    return 100 + 500 * gaussian_filter(default_rng(0).random(SHAPE), 3)


def box_noise(width, deviation=1.0, seed=1):
    """Averaged over `width` pixels along X: correlated by 1 - lag / width."""
    white = default_rng(seed).normal(size=(SHAPE[0], SHAPE[1] + width - 1))
    lines = sum(white[:, k : k + SHAPE[1]] for k in range(width))
    return deviation * lines / np.sqrt(width)


def scores(*planes):
    sums = ResidualSums()
    for noisy, restored, valid in planes:
        sums.add(noisy, restored, valid)
    return sums.scores()


def test_after_a_perfect_restoration_the_noise_is_left(image):
    found = scores((image + box_noise(3, 5.0), image, EVERYWHERE))
    assert found.deviation == pytest.approx(5, rel=0.02)
    assert found.along["X"][:3] == pytest.approx((2 / 3, 1 / 3, 0), abs=0.02)
    np.testing.assert_allclose(found.along["Y"], 0, atol=0.02)
    assert found.signal == pytest.approx(0, abs=0.02)
    assert found.bias == pytest.approx(0, abs=0.1)


def test_signal_that_was_taken_away_shows(image):
    noisy = image + box_noise(1, 5.0)
    flattened = image.mean() + 0.7 * (image - image.mean())
    lost, sharpened = (
        scores((noisy, image.mean() + f * (image - image.mean()), EVERYWHERE)).signal
        for f in (0.7, 1.3)
    )
    assert lost > 0.3 and sharpened < -0.3
    assert scores((noisy, flattened + 7, EVERYWHERE)).signal == pytest.approx(lost)
    assert scores((noisy, flattened + 7, EVERYWHERE)).bias == pytest.approx(-7, abs=0.1)


def test_counts_of_any_type_do_not_wrap(image):
    restored = image.round().astype(np.uint16)
    noisy = np.maximum(restored.astype(int) + box_noise(1, 20.0), 0).round().astype(np.uint16)
    assert scores((noisy, restored, EVERYWHERE)).deviation == pytest.approx(20, rel=0.02)


def test_masked_pixels_count_for_nothing(image):
    noisy, valid = image + box_noise(3), EVERYWHERE.copy()
    valid[:40] = valid[:, 250:] = False
    cropped = scores((noisy[40:, :250], image[40:, :250], np.ones((260, 250), bool)))
    spoilt = np.where(valid, noisy, np.nan)
    spoilt[:20] = 1e6
    masked = scores((spoilt, image, valid))
    assert masked.deviation == pytest.approx(cropped.deviation)
    assert masked.signal == pytest.approx(cropped.signal)
    for axis in "YX":
        np.testing.assert_allclose(masked.along[axis], cropped.along[axis])


def test_planes_of_other_brightness_are_no_residual_of_their_own(image):
    one, other = ((image + box_noise(1, 5.0, seed), image - seed, EVERYWHERE) for seed in (1, 90))
    both = scores(one, other)
    assert both.deviation == pytest.approx(5, rel=0.02)
    assert both.along["X"][0] == pytest.approx(0, abs=0.02)


def test_what_cannot_be_told_is_nan_and_no_complaint(image):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = scores((image, image, EVERYWHERE))
        nothing = scores((image, image, ~EVERYWHERE))
        tiny = scores((np.eye(3), np.zeros((3, 3)), np.ones((3, 3), bool)))
    assert same.deviation == 0 and np.isnan(same.signal) and np.isnan(same.along["Y"]).all()
    assert np.isnan([nothing.deviation, *nothing.along["X"]]).all()
    assert len(tiny.along["Y"]) == LAGS and np.isnan(tiny.along["Y"][2:]).all()
