"""Struct masks by name, as users write them."""

import numpy as np
import pytest

from n2v_tools.blindspot.struct_mask import read_struct_mask
from n2v_tools.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("horizontal:5", [[1, 1, 1, 1, 1]]),
        ("vertical:3", [[1], [1], [1]]),
        ("cross:3", [[0, 1, 0], [1, 1, 1], [0, 1, 0]]),
        ("cross:3x5", [[0, 0, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]]),
        ("square:3x1", [[1], [1], [1]]),
        ("square:3", [[1, 1, 1]] * 3),
        ("[[0, 1, 1, 1, 0]]", [[0, 1, 1, 1, 0]]),
    ],
)
def test_a_name_means_its_full_widths(text, expected):
    np.testing.assert_array_equal(read_struct_mask(text, 2), expected)
    np.testing.assert_array_equal(read_struct_mask(text, 3), [expected])  # its own plane only


@pytest.mark.parametrize("text", ["none", "horizontal:1", "square:1", "[[1]]", "[[0,0,0]]"])
def test_what_hides_nothing_but_the_spot_is_no_mask(text):
    assert read_struct_mask(text, 2) is None


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("horizontal:4", "take 5"),
        ("cross:3x4", "take 5"),
        ("horizontal", "horizontal:5"),
        ("vertical:3x5", "vertical:5"),
        ("square:999", "at most 63"),
        ("cros:5", "Did you mean 'cross'"),
        ("[[0,1,1,1,0]", "nested list"),
        ("[[0,1,2]]", "other values"),
        ("[[0,1],[1,0]]", "must be odd"),
        ("[0,1,1,1,0]", "2 levels"),
        ("[[[0,1,0]]]", "2 levels"),
        ("[" * 5000, "nested list"),
        ("[[NaN,1,NaN]]", "other values"),
        (f"[[{'1,' * 64}1]]", "at most 63"),
    ],
)
def test_what_cannot_be_a_mask_is_refused_with_what_can(text, right):
    with pytest.raises(SettingsError, match=right) as error:
        read_struct_mask(text, 2)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
