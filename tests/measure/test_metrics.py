"""What PSNR promises."""

import math

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.errors import StackError
from n2v_tools.measure.metrics import data_range_of, fit_affine, psnr


def test_noise_of_a_tenth_of_the_range_is_twenty_db():
    clean = default_rng(0).random((400, 400))
    noisy = clean + default_rng(1).normal(0, 0.1, clean.shape)
    assert psnr(noisy, clean, 1.0) == pytest.approx(20, abs=0.1)


def test_what_lies_in_strips_counts_for_nothing():
    clean = default_rng(0).random((20, 30))
    valid = np.ones(clean.shape, bool)
    valid[:, :5] = False
    noisy = clean + 0.1
    before = psnr(noisy, clean, 1.0, valid)
    noisy[:, :5] = 1e6
    assert psnr(noisy, clean, 1.0, valid) == before
    clean[:, :5] = -1e6
    assert data_range_of(clean, valid) < 1


def test_unsigned_counts_are_subtracted_without_wrapping():
    clean, noisy = np.full((4, 4), 3, np.uint16), np.full((4, 4), 2, np.uint16)
    assert psnr(noisy, clean, 10.0) == pytest.approx(20)


def test_an_equal_image_is_infinitely_good_and_an_empty_one_is_not_measured():
    clean = default_rng(0).random((4, 4))
    assert psnr(clean, clean, 1.0) == math.inf
    assert math.isnan(psnr(clean, clean, 1.0, np.zeros((4, 4), bool)))


@pytest.mark.parametrize("valid", [None, np.zeros((4, 4), bool)], ids=["flat", "empty"])
def test_a_truth_without_structure_is_refused(valid):
    with pytest.raises(StackError):
        data_range_of(np.ones((4, 4)), valid)


def test_unequal_shapes_are_refused():
    with pytest.raises(StackError, match="shape"):
        psnr(np.zeros((4, 4)), np.zeros((4, 5)), 1.0)


def test_an_affine_fit_undoes_any_gain_and_offset():
    clean = default_rng(0).random((30, 40))
    other = 7 - 3 * clean
    np.testing.assert_allclose(fit_affine(other, clean), clean, atol=1e-12)
    valid = np.ones(clean.shape, bool)
    valid[:5] = False
    spoilt = np.where(valid, other, 1e6)
    np.testing.assert_allclose(fit_affine(spoilt, clean, valid)[5:], clean[5:], atol=1e-9)


def test_an_affine_fit_never_makes_it_worse_and_a_constant_stays_one():
    clean = default_rng(0).random((30, 40))
    noisy = clean + default_rng(1).normal(0, 0.3, clean.shape)
    assert psnr(fit_affine(noisy, clean), clean, 1.0) > psnr(noisy, clean, 1.0)
    assert (fit_affine(np.full(clean.shape, 9), clean) == clean.mean()).all()
