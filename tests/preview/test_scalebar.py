"""The scale bar."""

import re

import pytest

from n2v_tools.preview.scalebar import UNITS, choose_bar


@pytest.mark.parametrize("panel_px", [64, 102, 512])
@pytest.mark.parametrize("pixel_um", [0.0004, 0.065, 0.325, 1, 3.25, 40, 900])
def test_the_bar_is_as_long_as_it_says_and_round(panel_px, pixel_um):
    bar = choose_bar(panel_px, pixel_um)
    number, unit = bar.label.split()
    assert bar.length_px * pixel_um == pytest.approx(float(number) * dict(UNITS)[unit], rel=0.05)
    assert re.fullmatch(r"[125]0{0,2}", number)
    assert 0.15 * panel_px < bar.length_px <= 0.41 * panel_px


@pytest.mark.parametrize("pixel_um", [None, 0, float("nan"), float("inf"), -1])
def test_without_a_pixel_size_there_is_no_bar(pixel_um):
    assert choose_bar(100, pixel_um) is None
