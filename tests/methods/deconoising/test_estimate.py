"""Blur found from noisy images alone: near the truth where they tell, a guess where they do not."""

import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.methods.deconoising.estimate import GUESS_PX, estimate_psf, fit_width, ring_power


def spots(sigma, photons=50.0, n=16, seed=0):
    """Points and discs through a blur, counts (N, 64, 64)."""
    rng = default_rng(seed)
    scene = (rng.random((n, 64, 64)) < 0.02) * rng.exponential(1, (n, 64, 64))
    scene += gaussian_filter(rng.random((n, 64, 64)) < 0.002, (0, 4, 4)) * 5
    blurred = gaussian_filter(scene, (0, sigma, sigma), mode="wrap")
    return rng.poisson(photons * blurred / blurred.mean()) * 3.0 + 100


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_the_width_is_near_the_truth(sigma):
    found, error = fit_width(*ring_power(spots(sigma)))
    assert found == pytest.approx(sigma, rel=0.15)
    assert 0 < error < 0.3 * sigma


def test_it_is_said_how_it_was_found_and_never_with_high_confidence():
    psf = estimate_psf(spots(1.5), "YX")
    assert psf.confidence == "low" and "cut-off" in psf.origin


def test_noise_alone_gives_a_guess_that_says_so():
    noise = default_rng(0).normal(100, 10, (8, 64, 64))
    psf = estimate_psf(noise, "YX")
    assert psf.confidence == "a guess"
    assert psf.widths_px[0] == pytest.approx(2.355 * GUESS_PX, rel=0.05)


def test_depth_is_longer_and_time_is_no_axis_of_a_blur():
    counts = spots(1.5).reshape(2, 8, 64, 64)
    deep, movie = estimate_psf(counts, "ZYX"), estimate_psf(counts, "TYX")
    assert deep.widths_px[0] > 2 * deep.widths_px[1]
    assert movie.reach_px[0] == 0
