"""Windows that count: whole, inside the plane, and real."""

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from n2v_tools.measure.local_moments import compare_windows, measure_local
from n2v_tools.measure.ssim import fit_micro, ssim


def windows(clean, restored, valid=None, gaussian=False):
    return compare_windows(
        measure_local(clean, valid, gaussian=gaussian),
        measure_local(restored, valid, gaussian=gaussian),
        valid,
    )


def scene(shape=(80, 90), seed=0):
    clean = gaussian_filter(default_rng(seed).random(shape), 3)
    clean = 100 + 4000 * (clean - clean.min()) / np.ptp(clean)
    return clean, clean + default_rng(seed + 1).normal(0, 300, shape)


def test_windows_that_touch_a_strip_or_nan_count_for_nothing():
    clean, noisy = scene()
    valid = np.ones(clean.shape, bool)
    valid[:, :10] = False
    valid[40, 50] = False
    before = ssim(windows(clean, noisy, valid), 4000)
    spoilt = np.where(valid, noisy, np.nan)
    spoilt[:, :10] = 1e30
    assert ssim(windows(clean, spoilt, valid), 4000) == before
    side_by_side = np.ones_like(valid)
    side_by_side[:, :10] = False
    cut = structural_similarity(clean[:, 10:], noisy[:, 10:], data_range=4000)
    assert ssim(windows(clean, noisy, side_by_side), 4000) == pytest.approx(cut, abs=1e-12)


@pytest.mark.parametrize("shape", [(6, 40), (3, 3), (1, 1)])
def test_a_plane_smaller_than_a_window_is_not_measured(shape):
    plane = default_rng(0).random(shape)
    both = windows(plane, plane)
    assert both.n == 0
    assert math.isnan(ssim(both, 1.0))
    assert math.isnan(fit_micro([both], [1.0], 0, 0).factor)
