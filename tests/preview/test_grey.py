"""Grey limits."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.preview.grey import find_limits, to_grey


def test_a_hot_pixel_does_not_darken_the_movie():
    values = default_rng(0).normal(500, 10, (100, 100))
    before = find_limits([values], (0.1, 99.9))
    values[3, 4] = 65535
    assert find_limits([values], (0.1, 99.9)) == pytest.approx(before, rel=0.01)


def test_a_few_bright_pixels_in_the_dark_are_still_seen():
    values = np.zeros((100, 100))
    values[5, 5] = 9
    assert find_limits([values], (0.1, 99.9)) == (0, 9)


def test_what_is_not_finite_does_not_count():
    assert find_limits([np.array([np.nan, 1, 2, np.inf])], (0, 100)) == (1, 2)
    assert find_limits([np.full(3, np.nan)], (0, 100)) is None
    assert find_limits([], (0, 100)) is None
    assert find_limits([np.full(9, 7.0)], (0, 100)) == (7, 7)


@pytest.mark.parametrize("limits", [(10, 20), (-1e308, 1e308)])
def test_black_white_and_the_middle(limits):
    low, high = limits
    counts = np.array([low, low / 2 + high / 2, high, np.nan, -np.inf, np.inf, low * 1.01, high])
    grey = to_grey(counts, limits)
    assert grey.dtype == np.uint8
    assert list(grey[:6]) == [0, 128, 255, 0, 0, 255]


def test_grey_values_are_the_share_between_black_and_white():
    counts = np.array([[-5.0, 0, 50, 100, 500, np.nan, np.inf]])
    assert to_grey(counts, (0, 100)).tolist() == [[0, 0, 128, 255, 255, 0, 255]]
