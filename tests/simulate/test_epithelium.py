"""Tissue depends on frame and height alone, and membranes are its brightest part."""

import numpy as np
import pytest

from n2v_tools.simulate.epithelium import BACKGROUND, Epithelium, TissueSizes

LAYOUT = TissueSizes(96, 110)


def test_a_plane_is_the_same_whatever_was_asked_before():
    one, other = (Epithelium(LAYOUT, 3, seed=5) for _ in range(2))
    other.plane(0, 4.0)
    other.floor(2.0)
    np.testing.assert_array_equal(one.plane(2, 9.0), other.plane(2, 9.0))
    assert not np.array_equal(one.plane(2, 9.0), Epithelium(LAYOUT, 3, seed=6).plane(2, 9.0))


def test_every_other_pixel_of_a_plane_is_the_plane_seen_coarsely():
    tissue = Epithelium(LAYOUT, 1, seed=0)
    fine, coarse = tissue.plane(0, 8.0), tissue.plane(0, 8.0, step=2)
    assert coarse.shape == (48, 55)
    assert np.corrcoef(fine[::2, ::2].ravel(), coarse.ravel())[0, 1] > 0.95


def test_the_floor_is_cells_side_by_side_with_bright_borders():
    sheet = Epithelium(LAYOUT, 1, seed=0).floor(LAYOUT.thickness_px / 2)
    low, middle, high = np.percentile(sheet, (5, 50, 99))
    assert high > 1.5 * middle > 1.5 * low > 0
    assert high == pytest.approx(1 + BACKGROUND, abs=0.4)
