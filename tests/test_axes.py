"""Axes are letters of TCZYX, each once, with Y and X among them."""

import itertools

import pytest

from n2v_tools.axes import (
    axes_of_line_scans,
    outer_axes,
    parse_asked_axes,
    parse_axes,
    require_axes,
)
from n2v_tools.errors import AxesError


def test_every_order_of_different_letters_with_y_and_x_is_valid_and_no_other_text():
    for length in range(1, 5):
        for letters in itertools.product("TCZYXQ", repeat=length):
            text = "".join(letters)
            if len(set(text)) == length and {"Y", "X"} <= set(text) and "Q" not in text:
                assert parse_axes(f" {text.lower()} ") == text
            else:
                with pytest.raises(AxesError, match=f"^--axes {text}: "):
                    parse_axes(text)


def test_colour_samples_are_channels():
    assert parse_axes("YXS") == "YXC"
    with pytest.raises(AxesError, match="twice"):
        parse_axes("CYXS")


def test_as_many_letters_as_sizes_are_needed():
    require_axes("TYX", (1, 2, 3), "a.tif")
    with pytest.raises(AxesError, match=r"a\.tif: .*with 2 letters, for example --axes YX"):
        require_axes("TYX", (2, 3), "a.tif")


def test_outer_and_inner_axes_make_up_all_of_them():
    assert outer_axes("TCZYX", "ZYX") == "TC"
    assert outer_axes("YXC", "YX") == "C"


def test_lengths_stand_behind_letters_and_are_spelt_as_they_are_read():
    asked = parse_asked_axes(" tz12c2yx ")
    assert (asked.letters, asked.lengths) == ("TZCYX", {"Z": 12, "C": 2})
    assert str(asked) == "TZ12C2YX" and str(parse_asked_axes("yxs")) == "YXC"


@pytest.mark.parametrize("text", ["2TYX", "TC0YX", "TY5X", "TCYX3", "T C2YX", "TQ2YX", "TC-2YX"])
def test_lengths_elsewhere_or_of_nothing_are_refused(text):
    with pytest.raises(AxesError, match=r"^--axes "):
        parse_asked_axes(text)


@pytest.mark.parametrize(
    ("sizes", "axes"),
    [
        ({"T": 400, "Y": 1, "X": 90}, "YX"),
        ({"T": 400, "C": 2, "Y": 1, "X": 90}, "YCX"),
        ({"T": 400, "Y": 5, "X": 90}, "YTX"),
        ({"T": 30, "Y": 90, "X": 2}, "XYT"),
        ({"T": 3, "Z": 60, "Y": 1, "X": 90}, "TYX"),
        ({"T": 400, "Y": 64, "X": 90}, ""),
        ({"T": 9, "Y": 1, "X": 90}, ""),
        ({"T": 400, "Y": 1, "X": 9}, ""),
        ({"Y": 1, "X": 90}, ""),
    ],
)
def test_lines_over_time_make_an_image_where_there_are_enough(sizes, axes):
    assert axes_of_line_scans(sizes) == axes
