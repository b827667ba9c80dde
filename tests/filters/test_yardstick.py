"""The best filters: chosen with the truth, and not spoilt by strips."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.errors import StackError
from n2v_tools.filters import yardstick
from n2v_tools.filters.yardstick import best_gaussian, best_gaussian_3d, best_median, know_truth


@pytest.fixture
def pair():
    clean = 100 + 400 * gaussian_filter(default_rng(0).random((1, 3, 48, 48)), (0, 1, 3, 3))
    clean = clean.astype(np.float32)
    return clean + default_rng(1).normal(0, 10, clean.shape).astype(np.float32), clean


@pytest.mark.parametrize("find", [best_gaussian, best_median, best_gaussian_3d])
def test_a_filter_gains_and_no_other_size_would_gain_more(find, pair, monkeypatch):
    noisy, clean = pair
    truth = know_truth(noisy, clean)
    best = find(noisy, truth)
    assert best.psnr > truth.psnr(noisy) + 3
    monkeypatch.setattr(yardstick, "SIGMAS_PX", yardstick.SIGMAS_PX[:2])
    monkeypatch.setattr(yardstick, "MEDIAN_WIDTHS_PX", yardstick.MEDIAN_WIDTHS_PX[:1])
    assert find(noisy, truth).psnr < best.psnr


def test_the_zeros_of_strips_are_not_smeared_into_the_image(pair):
    noisy, clean = (stack.copy() for stack in pair)
    for stack in (noisy, clean):
        stack[..., :6] = 0
    truth = know_truth(noisy, clean)
    assert not truth.valid[..., :6].any() and truth.valid[..., 6:].all()
    smeared = gaussian_filter(noisy, (0, 0, 2, 2))
    assert best_gaussian(noisy, truth).psnr > truth.psnr(smeared) + 3


def test_a_burned_in_bar_is_not_smeared_into_the_image_either(pair):
    noisy, clean = pair
    spoilt = noisy.copy()
    spoilt[..., -9:-4, 6:40] = 4000
    truth = know_truth(spoilt, clean)
    np.testing.assert_array_equal(truth.valid, spoilt == noisy)
    whole = best_gaussian(noisy, know_truth(noisy, clean))
    assert best_gaussian(spoilt, truth).psnr == pytest.approx(whole.psnr, abs=0.5)
    assert whole.psnr > truth.psnr(gaussian_filter(spoilt, (0, 0, 2, 2))) + 3


def test_an_empty_plane_is_not_measured(pair):
    noisy, clean = (stack.copy() for stack in pair)
    others = know_truth(noisy[:, 1:], clean[:, 1:])
    noisy[:, 0] = clean[:, 0] = 0
    assert know_truth(noisy, clean).psnr(noisy) == pytest.approx(others.psnr(noisy[:, 1:]))


def test_stacks_of_other_shapes_are_refused(pair):
    with pytest.raises(StackError, match="equal shape"):
        know_truth(pair[0], pair[1][:, :2])
