"""The picture of before and after."""

import numpy as np
import pytest
from matplotlib.image import imread

from n2v_tools.preview.before_after import Panel, Picture, draw_picture, find_detail


def test_the_closer_look_is_where_the_structure_is():
    clean, valid = np.zeros((80, 120)), np.ones((80, 120), bool)
    clean[50:60:2, 70:90] = 1
    rows, columns = find_detail(clean, valid)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (20, 30)
    assert rows.start <= 50 and rows.stop >= 59
    assert columns.start <= 70 and columns.stop >= 90


def test_the_closer_look_keeps_out_of_strips():
    clean, valid = np.full((80, 120), 100.0), np.ones((80, 120), bool)
    clean[:, 10:20:2] = 200
    valid[:, :21] = False
    clean[~valid] = 0
    assert find_detail(clean, valid)[1].start >= 21


def test_the_step_into_a_strip_is_no_structure():
    clean, valid = np.full((80, 120), 100.0), np.ones((80, 120), bool)
    clean[30:40:2, 50:70] = 101
    valid[:, :10] = valid[:, -10:] = False
    clean[~valid] = 0
    rows, columns = find_detail(clean, valid)
    assert rows.start <= 30 and rows.stop >= 39
    assert columns.start <= 50 and columns.stop >= 70


def test_every_panel_is_drawn_with_the_same_grey_limits(tmp_path):
    plane = np.tile(np.linspace(100, 200, 64), (64, 1))
    panels = (Panel("darker", plane - 30, 20.0), Panel("clean", plane, None))
    picture = Picture(panels, np.ones((64, 64), bool), pixel_um=0.4)
    path = tmp_path / "before_after.png"
    with path.open("wb") as file:
        draw_picture(picture, file)
    pixels = imread(path)[..., :3]
    half = pixels.shape[1] // 2
    lower = slice(int(pixels.shape[0] * 0.6), int(pixels.shape[0] * 0.8))  # no bar, no frame
    left, right = (np.sort(p[lower].ravel()) for p in (pixels[:, :half], pixels[:, half:]))
    assert np.median(right) - np.median(left) == pytest.approx(0.3, abs=0.05)
