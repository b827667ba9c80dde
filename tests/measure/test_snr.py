"""What stSNR promises."""

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import uniform_filter1d

from n2v_tools.measure.snr import TemporalSums, combine_snr, spatial_snr


def movie(n_frames=20, shape=(12, 15), seed=0):
    clean = 10 + default_rng(seed).random((n_frames, *shape))
    return clean, clean + default_rng(seed + 1).normal(0, 0.5, clean.shape)


def temporal(noisy, clean, valid=None):
    sums = TemporalSums(clean.shape[1:])
    for t in range(len(clean)):
        sums.add(noisy[t], clean[t], np.ones(clean.shape[1:], bool) if valid is None else valid[t])
    return sums.snr()


def decibels(clean, noisy, axis):
    return 10 * np.log10((clean**2).sum(axis=axis) / ((clean - noisy) ** 2).sum(axis=axis))


def test_both_parts_are_the_challenge_s():
    clean, noisy = movie()
    frames = [spatial_snr(n, c) for n, c in zip(noisy, clean, strict=True)]
    assert frames == pytest.approx(list(decibels(clean, noisy, (1, 2))))
    assert temporal(noisy, clean) == pytest.approx(decibels(clean, noisy, 0).mean())
    assert combine_snr(20.0, 10.0) == 15.0


def test_blurring_a_flash_over_time_is_seen_by_the_temporal_part():
    clean, _ = movie(40)
    clean[20, 3:6, 3:6] += 200
    blurred = uniform_filter1d(clean, 9, axis=0)
    steady = clean.copy()
    steady[20] = blurred[20]
    assert temporal(blurred, clean) < temporal(steady, clean)


def test_strips_count_for_nothing_and_a_pixel_needs_two_frames():
    clean, noisy = movie()
    valid = np.ones(clean.shape, bool)
    valid[:, :, :4] = False
    valid[1:, 0, :] = False
    spoilt = np.where(valid, noisy, 1e6)
    wanted = decibels(clean[:, 1:, 4:], noisy[:, 1:, 4:], 0).mean()
    assert temporal(spoilt, clean, valid) == pytest.approx(wanted)
    assert spatial_snr(spoilt[0], clean[0], valid[0]) == pytest.approx(
        spatial_snr(noisy[0, :, 4:], clean[0, :, 4:])
    )


def test_equal_is_infinite_and_nothing_is_nan():
    clean, _ = movie()
    assert temporal(clean, clean) == math.inf
    assert spatial_snr(clean[0], clean[0]) == math.inf
    assert math.isnan(spatial_snr(clean[0], np.zeros_like(clean[0])))
    assert math.isnan(temporal(clean, clean, np.zeros(clean.shape, bool)))


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_counts_are_squared_in_double_precision(dtype):
    clean, noisy = (movie_.astype(dtype) for movie_ in movie())
    times = 1e30 if dtype == np.float32 else 5000
    clean, noisy = clean * dtype(times), noisy * dtype(times)
    wanted = temporal(noisy.astype(np.float64), clean.astype(np.float64))
    assert temporal(noisy, clean) == wanted
    assert np.isfinite(wanted)
    assert spatial_snr(noisy[0], clean[0]) == spatial_snr(
        noisy[0].astype(np.float64), clean[0].astype(np.float64)
    )
