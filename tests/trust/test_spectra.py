"""Signal and noise that were kept, on images whose truth is known."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.noise.sample import read_sample
from n2v_tools.stack import Stack
from n2v_tools.trust.reference import know_noise
from n2v_tools.trust.spectra import SpectraSums, weigh


def blobs(edge, px, seed=0):
    field = gaussian_filter(default_rng(seed).normal(size=(edge, edge)), px)
    return 1000 + 300 * field / field.std()


def balance(noisy, restored):
    reference = know_noise(read_sample(Stack(noisy.astype(np.float32), "YX")))
    sums = SpectraSums(reference)
    sums.add(noisy, restored)
    return weigh(sums.powers()), sums


def test_truth_loses_keeps_and_invents_nothing():
    clean = blobs(256, 2)
    found, _ = balance(clean + default_rng(1).normal(0, 150, clean.shape), clean)
    assert found.lost < 0.05
    assert found.noise_kept < 0.05
    assert found.invented < 0.08
    assert found.residual == pytest.approx(1, abs=0.06)


def test_each_failing_shows_in_its_own_measure():
    clean = blobs(256, 2)
    noise = default_rng(1).normal(0, 150, clean.shape)
    noisy = clean + noise
    assert balance(noisy, gaussian_filter(clean, 4))[0].lost > 0.5
    assert balance(noisy, clean + 0.5 * noise)[0].noise_kept == pytest.approx(0.45, abs=0.06)
    assert balance(noisy, clean + 0.3 * (blobs(256, 2, 7) - 1000))[0].invented > 0.3


def test_a_filter_without_the_pixel_itself_invents_nothing():
    clean = blobs(256, 4)
    noisy = clean + default_rng(1).normal(0, 150, clean.shape)
    ring = np.ones((5, 5)) / 24
    ring[2, 2] = 0
    from scipy.ndimage import convolve

    assert balance(noisy, convolve(noisy, ring))[0].invented < 0.1
