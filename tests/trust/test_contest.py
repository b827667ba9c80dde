"""Plain filters against what was restored, on an image that is known."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.noise.sample import read_sample
from n2v_tools.stack import Stack
from n2v_tools.trust.contest import SIGMAS_PX, PlainFilters
from n2v_tools.trust.reference import know_noise


def blobs(edge, px, seed=0):
    field = gaussian_filter(default_rng(seed).normal(size=(edge, edge)), px)
    return 1000 + 300 * field / field.std()


def test_steins_estimate_is_the_error_a_gaussian_has():
    clean = blobs(256, 3)
    noise = default_rng(2).normal(0, 150, clean.shape)
    noisy = clean + noise
    plain = PlainFilters(know_noise(read_sample(Stack(noisy.astype(np.float32), "YX"))))
    plain.add(noisy, clean, None)
    errors = [((gaussian_filter(noisy, px) - clean) ** 2).mean() / 150**2 for px in SIGMAS_PX]
    found = plain.contest()
    assert found.error == pytest.approx(min(errors), abs=0.03)
    assert f"{SIGMAS_PX[int(np.argmin(errors))]:g} px" in found.best
