"""The pair made of one patch has uncorrelated noise, and its targets lead to the truth."""

from __future__ import annotations

import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.blindspot.recorrupt import local_mean, recorrupt

tf = keras_backend.load()
SEED = (3, 4)


def pair(patches: np.ndarray, noise: tuple[float, float, float], strength: float = 0.5):
    noisier, shift = recorrupt(tf.constant(patches, tf.float32), [noise], strength, SEED)
    return noisier.numpy(), patches - shift.numpy()


def test_noise_of_input_and_target_is_uncorrelated_and_of_the_size_that_theory_says():
    noise = np.random.default_rng(0).normal(0, 0.7, (64, 64, 64, 1))
    shown, target = pair(noise, (0.0, 0.49, 0.0))
    assert abs(np.mean(shown * target)) < 0.01
    assert np.var(shown) == pytest.approx(0.49 * 1.25, rel=0.02)
    assert np.var(target) == pytest.approx(0.49 * 5, rel=0.02)


def test_the_third_moment_cancels_for_poisson_noise_only_with_its_skew():
    photons = 4.0
    noisy = np.random.default_rng(1).poisson(photons, (256, 64, 64, 1)).astype(float)

    def third(skew: float) -> float:
        shown, target = pair(noisy, (1.0, 0.0, skew))
        return float(np.mean((target - photons) * (shown - photons) ** 2))

    assert abs(third(1.0)) < 0.25  # of a third moment of 4
    assert third(0.0) > 1.5


def test_noise_follows_brightness():
    bright = np.concatenate([np.zeros((1, 64, 64, 1)), np.full((1, 64, 64, 1), 9.0)])
    shown, _ = pair(bright, (1.0, 1.0, 0.0), strength=1.0)
    assert np.var(shown[0]) == pytest.approx(1, rel=0.1)
    assert np.var(shown[1]) == pytest.approx(10, rel=0.1)


def test_each_channel_gets_its_own_noise():
    patches = tf.zeros((4, 64, 64, 2))
    noisier, _ = recorrupt(patches, [(0.0, 1.0, 0.0), (0.0, 4.0, 0.0)], 1.0, SEED)
    np.testing.assert_allclose(np.var(noisier.numpy(), axis=(0, 1, 2)), [1, 4], rtol=0.05)


def test_equal_seeds_give_equal_noise_and_others_other():
    patches = tf.zeros((2, 16, 16, 1))
    once, again = (recorrupt(patches, [(0.0, 1.0, 0.0)], 0.5, SEED)[0] for _ in range(2))
    other = recorrupt(patches, [(0.0, 1.0, 0.0)], 0.5, (3, 5))[0]
    np.testing.assert_array_equal(once, again)
    assert np.abs(once - other).max() > 0


@pytest.mark.parametrize("shape", [(2, 8, 8, 1), (1, 8, 8, 8, 2)])
def test_local_mean_leaves_constant_patches_as_they_are(shape):
    np.testing.assert_allclose(local_mean(tf.fill(shape, 3.0)), np.full(shape, 3.0), rtol=1e-6)


def test_negative_variance_is_none():
    dark = np.full((1, 16, 16, 1), -5.0)
    shown, target = pair(dark, (1.0, 0.0, 1.0))
    np.testing.assert_array_equal(shown, target)
