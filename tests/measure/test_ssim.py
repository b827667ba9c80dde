"""What SSIM and MicroSSIM promise: the numbers of others, and no strips in them."""

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from n2v_tools.measure.local_moments import compare_windows, measure_local
from n2v_tools.measure.ssim import MicroFit, fit_micro, micro_ssim, ssim

ROWS, COLUMNS = np.mgrid[:16, :16]
CLEAN = ((7 * ROWS + 13 * COLUMNS) % 32).astype(float)
RESTORED = CLEAN + ((5 * ROWS + 3 * COLUMNS) % 7) - 3


def windows(clean, restored, valid=None, gaussian=False):
    return compare_windows(
        measure_local(clean, valid, gaussian=gaussian),
        measure_local(restored, valid, gaussian=gaussian),
        valid,
    )


def fitted(clean, restored, **options):
    return fit_micro(
        [windows(clean, restored)],
        [np.ptp(clean)],
        float(np.percentile(clean, 3)),
        float(np.percentile(restored, 3)),
        **options,
    )


def scene(shape=(80, 90), seed=0):
    clean = gaussian_filter(default_rng(seed).random(shape), 3)
    clean = 100 + 4000 * (clean - clean.min()) / np.ptp(clean)
    return clean, clean + default_rng(seed + 1).normal(0, 300, shape)


def test_the_numbers_of_the_specification():
    both = windows(CLEAN, RESTORED)
    assert ssim(both, 31) == pytest.approx(0.976727, abs=1e-6)
    assert ssim(both, 65535) == pytest.approx(0.999999, abs=1e-6)
    fit = fitted(CLEAN, RESTORED)
    assert fit.clean_offset == pytest.approx(1.0)
    assert fit.restored_offset == pytest.approx(-0.35)
    assert fit.factor == pytest.approx(0.952724, abs=1e-6)
    assert micro_ssim(both, 31, fit) == pytest.approx(0.975126, abs=1e-6)
    plain = MicroFit(fit.clean_offset, fit.restored_offset, 1)
    assert micro_ssim(both, 31, plain) == pytest.approx(0.972853, abs=1e-6)


@pytest.mark.parametrize("gaussian", [False, True], ids=["uniform", "gaussian"])
@pytest.mark.parametrize("shape", [(11, 30), (80, 90)])
def test_ssim_is_that_of_scikit_image(shape, gaussian):
    clean, noisy = scene(shape)
    wanted = structural_similarity(clean, noisy, data_range=4000, gaussian_weights=gaussian)
    assert ssim(windows(clean, noisy, gaussian=gaussian), 4000) == pytest.approx(wanted, abs=1e-12)


def test_legacy_is_the_package_microssim():
    # Written down from microssim 0.0.5: MicroSSIM().fit(CLEAN, RESTORED), then .score of them.
    fit = fitted(CLEAN, RESTORED, legacy=True)
    assert fit.factor == pytest.approx(0.9527241083231686, abs=1e-7)
    scored = micro_ssim(windows(CLEAN, RESTORED, gaussian=True), 31, fit)
    assert scored == pytest.approx(0.9748526271411568, abs=1e-9)


def test_agrees_with_microssim_where_it_is_installed():
    package = pytest.importorskip("microssim", reason="an oracle that brings torch: not installed")
    clean, noisy = scene()
    theirs = package.MicroSSIM().fit(clean, noisy)
    fit = fitted(clean, noisy)
    assert fit.factor == pytest.approx(theirs.get_parameters()["ri_factor"], rel=1e-4)
    wanted = theirs.score(clean, noisy, gaussian_weights=False)
    assert micro_ssim(windows(clean, noisy), np.ptp(clean), fit) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("times", [1e-3, 0.5, 4000])
def test_micro_ssim_forgives_scale_and_offset(times):
    clean, noisy = scene()
    as_it_is = micro_ssim(windows(clean, noisy), np.ptp(clean), fitted(clean, noisy))
    other = times * noisy - 70
    scaled = micro_ssim(windows(clean, other), np.ptp(clean), fitted(clean, other))
    assert scaled == pytest.approx(as_it_is, abs=1e-5)
    assert ssim(windows(clean, other), np.ptp(clean)) < as_it_is


def test_no_other_factor_is_better():
    clean, noisy = scene()
    fit, both = fitted(clean, noisy), windows(clean, noisy)
    best = micro_ssim(both, np.ptp(clean), fit)
    for times in (0.9, 0.99, 1.01, 1.1):
        other = MicroFit(fit.clean_offset, fit.restored_offset, fit.factor * times)
        assert micro_ssim(both, np.ptp(clean), other) < best


def test_planes_share_one_factor_and_keep_their_own_ranges():
    clean, noisy = scene()
    dim, dim_noisy = clean / 20, noisy / 20
    fit = fit_micro(
        [windows(clean, noisy), windows(dim, dim_noisy)], [np.ptp(clean), np.ptp(dim)], 0, 0
    )
    alone = fit_micro([windows(clean, noisy)], [np.ptp(clean)], 0, 0)
    assert fit.factor == pytest.approx(alone.factor, rel=1e-4)
    assert fit.n_planes == 2


def test_a_flat_truth_has_no_similarity():
    flat = np.full((20, 20), 7.0)
    both = windows(flat, flat)
    assert math.isnan(micro_ssim(both, 0.0, MicroFit(0, 0, 1)))
