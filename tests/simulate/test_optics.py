"""Blur and haze keep the light they are given, and haze is what reaches far."""

import numpy as np
import pytest

from n2v_tools.simulate.optics import HAZE_SHARE, blur_with_haze


def test_an_even_image_grows_by_the_share_of_haze():
    seen = blur_with_haze(np.full((40, 50), 3.0), 1.2)
    np.testing.assert_allclose(seen, 3 * (1 + HAZE_SHARE), rtol=1e-6)


def test_a_point_is_blurred_near_and_hazy_far():
    point = np.zeros((101, 101))
    point[50, 50] = 1
    seen = blur_with_haze(point, 1.0)
    assert seen.sum() == pytest.approx(1 + HAZE_SHARE, rel=1e-3)
    assert seen[50, 50] == pytest.approx(1 / (2 * np.pi), rel=0.05)
    assert 0 < seen[50, 65] < 1e-3 * seen[50, 50] * 10
