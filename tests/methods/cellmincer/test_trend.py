"""Trends: what changes slowly is found, what flares up is not taken for it."""

import numpy as np
import pytest

from n2v_tools.methods.cellmincer.trend import TrendSums, constant

N_FRAMES = 700
RATE = 2.0  # counts of variance per count


def movie(curve, active=True, seed=0):
    """Bleaching pixels of three brightnesses with noise, one of which is active now and then."""
    rng = np.random.default_rng(seed)
    base = np.array([[300.0, 600.0], [900.0, 300.0]])
    clean = base * curve[:, np.newaxis, np.newaxis]
    noisy = clean + rng.normal(0, 1, clean.shape) * np.sqrt(RATE * clean)
    if active:
        for begin in (90, 300, 520):
            noisy[begin : begin + 40, 0, 0] += 200
    return noisy.astype(np.float32), clean


def sums_of(frames):
    sums = TrendSums()
    for frame in frames:
        sums.add(frame)
    return sums


def worst(trend, clean):
    return max(np.abs(trend.at(t) / clean[t] - 1).max() for t in range(0, N_FRAMES, 50))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_polynomials_follow_bleaching_and_leave_activity(order):
    t = np.linspace(0, 1, N_FRAMES)
    frames, clean = movie(1 - 0.3 * t + 0.1 * t**2 if order > 1 else 1 - 0.3 * t)
    trend = sums_of(frames).polynomial(order)
    assert worst(trend, clean) < 0.035
    mean = frames[:, 0, 0].mean() - clean[:, 0, 0].mean()
    left = np.mean([trend.at(k)[0, 0] - clean[k, 0, 0] for k in range(N_FRAMES)])
    assert abs(left) < 0.4 * mean


def test_order_0_is_a_mean_that_activity_hardly_moves():
    frames, clean = movie(np.ones(N_FRAMES))
    found = sums_of(frames).polynomial(0).at(5)
    np.testing.assert_allclose(found, clean[0], rtol=0.02)


def test_a_low_quantile_follows_what_no_polynomial_can():
    curve = 1 + 0.3 * np.sin(np.arange(N_FRAMES) / 60)
    frames, clean = movie(curve, active=False)
    sums = sums_of(frames)
    assert worst(sums.quantile(0.5, 40), clean) < 0.1 < worst(sums.polynomial(3), clean)


def test_variance_goes_with_the_mean_as_it_was_made():
    rng = np.random.default_rng(0)
    mean = rng.uniform(100, 1000, (30, 40))
    sums = sums_of(mean + rng.normal(0, 1, (200, 30, 40)) * np.sqrt(RATE * mean + 50))
    found = sums.variance()
    assert found.slope == pytest.approx(RATE, rel=0.1)
    assert found.at(np.array([500.0]))[0] == pytest.approx(RATE * 500 + 50, rel=0.1)


def test_few_blocks_are_kept_of_any_movie():
    sums = sums_of(np.ones((3000, 2, 2), np.float32) * np.arange(3000)[:, None, None])
    assert len(sums.polynomial(1).middles) <= 64
    assert sums.polynomial(1).at(1234)[0, 0] == pytest.approx(1234, abs=1)


def test_a_constant_is_the_same_in_all_frames_and_can_be_cut():
    image = np.arange(12.0).reshape(3, 4)
    trend = constant(image)
    assert (trend.at(0) == trend.at(99)).all()
    assert (trend.cut(lambda one: one[1:]).at(3) == image[1:]).all()


def test_what_all_pixels_share_is_found_with_the_noise_of_a_mean_only():
    rng = np.random.default_rng(0)
    light = rng.uniform(20, 300, (30, 30))
    curve = 1 - 0.3 * np.linspace(0, 1, N_FRAMES) ** 1.5
    clean = 100 + curve[:, None, None] * light
    sums = sums_of((clean + rng.normal(0, 30, clean.shape)).astype(np.float32))
    shared, own = sums.bleaching(2), sums.polynomial(2)
    errors = [
        np.sqrt(np.mean([(one.at(t) - clean[t]) ** 2 for t in range(0, N_FRAMES, 30)]))
        for one in (shared, own)
    ]
    assert errors[0] < 1.15 * 30 / np.sqrt(N_FRAMES) < 1.5 * 30 / np.sqrt(N_FRAMES) < errors[1]
