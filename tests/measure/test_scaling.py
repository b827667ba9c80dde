"""Gain and offset from many planes are those of all pixels at once."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.measure.scaling import ScalingSums


def test_planes_one_by_one_give_the_line_of_all_pixels_even_far_from_zero():
    x = 1e6 + default_rng(0).normal(0, 1, (5, 300))
    y = 0.5 * x + 7 + default_rng(1).normal(0, 0.1, x.shape)
    sums = ScalingSums()
    for one, other in zip(x, y, strict=True):
        sums.add(one, other)
    gain, offset = np.polyfit(x.ravel() - 1e6, y.ravel(), 1)
    assert sums.scaling.gain == pytest.approx(gain)
    assert sums.scaling.apply(np.array([1e6]))[0] == pytest.approx(offset)
    error = np.mean((y - x) ** 2) / np.mean((y - sums.scaling.apply(x)) ** 2)
    assert sums.improvement == pytest.approx(error, rel=1e-3)


def test_a_constant_file_has_no_line():
    sums = ScalingSums()
    sums.add(np.ones(9), np.arange(9.0))
    assert sums.scaling.gain == 0 and sums.improvement == 1
