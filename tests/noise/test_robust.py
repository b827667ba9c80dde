"""Robust statistics do not follow outliers."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.noise.robust import deviation


def test_the_deviation_of_a_normal_distribution_comes_back_whatever_lies_outside():
    values = default_rng(0).normal(50, 3, 100_000)
    values[:5_000] += 1e6
    assert deviation(values) == pytest.approx(3, rel=0.1)


def test_it_is_taken_around_the_middle_that_is_given():
    values = np.array([1.0, 3.0])
    assert deviation(values, 0.0) > deviation(values) == pytest.approx(1.4826)
