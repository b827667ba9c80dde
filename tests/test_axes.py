"""Axes are letters of TCZYX, each once, with Y and X among them."""

import itertools

import pytest

from n2v_tools.axes import outer_axes, parse_axes, require_axes
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
