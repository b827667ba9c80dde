"""Averaging by area."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.preview import shrink
from n2v_tools.preview.shrink import AreaMean, area_weights

sizes = pytest.mark.parametrize(
    ("shape", "shown"),
    [((60, 80), (6, 8)), ((61, 83), (7, 19)), ((5, 3), (13, 7)), ((9, 9), (1, 1))],
)


@sizes
def test_the_mean_is_kept_whatever_the_sizes(shape, shown):
    plane = default_rng(0).random(shape)
    assert AreaMean(shape, shown)(plane).mean() == pytest.approx(plane.mean())


@pytest.mark.parametrize(("n", "m"), [(1024, 102), (10, 10), (7, 3), (3, 7), (100, 1)])
def test_every_pixel_weighs_the_same_and_every_mean_is_one(n, m):
    weights = area_weights(n, m).toarray()
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights.sum(axis=0), m / n)
    assert weights.min() >= 0


def test_whole_pixels_are_averaged_as_by_hand():
    plane = default_rng(1).random((6, 8))
    expected = plane.reshape(3, 2, 2, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(AreaMean((6, 8), (3, 2))(plane), expected)


def test_noise_falls_as_the_root_of_the_area():
    noise = default_rng(2).normal(size=(1000, 1000))
    assert AreaMean((1000, 1000), (100, 100))(noise).std() == pytest.approx(0.1, rel=0.03)


def test_pixels_that_do_not_count_change_nothing():
    plane, valid = np.full((20, 20), 7.0), np.ones((20, 20), bool)
    plane[3], valid[3] = np.nan, False
    plane[:, 10:], valid[:, 10:] = 1e9, False
    shown = AreaMean((20, 20), (4, 4))(plane, valid)
    np.testing.assert_allclose(shown[:, :2], 7)
    assert np.isnan(shown[:, 2:]).all()


def test_a_pixel_is_shown_where_at_least_half_of_it_counts():
    plane, valid = np.full((20, 20), 7.0), np.ones((20, 20), bool)
    valid[:, :3] = valid[:, 17:] = False  # 3 of 5 pixels
    valid[:2] = False
    shown = AreaMean((20, 20), (4, 4))(plane, valid)
    assert np.isnan(shown[:, [0, 3]]).all()
    np.testing.assert_allclose(shown[:, 1:3], 7)


def test_some_rows_at_a_time_are_as_good_as_all(monkeypatch):
    plane, valid = default_rng(3).random((50, 40)), default_rng(4).random((50, 40)) > 0.2
    whole = AreaMean((50, 40), (7, 9))(plane, valid)
    monkeypatch.setattr(shrink, "ROWS_AT_ONCE_PX", 120)
    np.testing.assert_allclose(AreaMean((50, 40), (7, 9))(plane, valid), whole)


def test_sums_of_large_counts_do_not_wrap():
    plane = np.full((300, 300), 65535, np.uint16)
    np.testing.assert_allclose(AreaMean((300, 300), (3, 3))(plane), 65535)
