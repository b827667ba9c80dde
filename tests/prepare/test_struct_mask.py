"""Struct masks: as users write them, as files hold them, and what they hide."""

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.prepare.struct_mask import StructMask, read_struct_mask, to_struct_mask


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
    np.testing.assert_array_equal(read_struct_mask(text, 2).pixels, expected)
    np.testing.assert_array_equal(read_struct_mask(text, 3).pixels, [expected])  # its own plane


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
        ("[[NaN,1,NaN]]", "no nested list"),
        (f"[[1,{'9' * 400},1]]", "no nested list"),
        (f"[[{'1,' * 64}1]]", "at most 63"),
    ],
)
def test_what_cannot_be_a_mask_is_refused_with_what_can(text, right):
    with pytest.raises(SettingsError, match=right) as error:
        read_struct_mask(text, 2)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    "values, complaint",
    [
        ([[1, 1]], "odd"),
        ([1, 1, 1], "2 levels"),
        ([[0, 2, 0]], "other values"),
        ([[0, 1, 0], [1]], "2 levels"),
        ("row", "2 levels"),
    ],
)
def test_what_is_no_mask_is_refused(values, complaint):
    with pytest.raises(SettingsError, match=complaint):
        to_struct_mask(values, 2)


def test_lists_and_arrays_make_the_same_mask():
    row = [[0, 1, 1, 1, 0]]
    made = to_struct_mask(np.array(row), 2)
    assert made == to_struct_mask(row, 2)
    np.testing.assert_array_equal(made.pixels, row)
    assert made.offsets.tolist() == [[0, -1], [0, 1]]
    assert (made.n_hidden, made.reach_px) == (2, (0, 1))


@pytest.mark.parametrize(
    ("height", "width", "kind", "name"),
    [
        (1, 5, "horizontal", "horizontal:5"),
        (9, 1, "vertical", "vertical:9"),
        (5, 5, "cross", "cross:5"),
        (9, 5, "cross", "cross:9x5"),
        (3, 3, "square", "square:3"),
        (3, 63, "square", "square:3x63"),
    ],
)
def test_a_mask_is_called_what_users_would_write_for_it(height, width, kind, name):
    made = StructMask.of_kind(kind, height, width)
    assert (made.kind, str(made)) == (kind, name)
    of_text = read_struct_mask(name, 2)
    np.testing.assert_array_equal(of_text.pixels, made.pixels)
    of_lists = to_struct_mask([made.pixels.tolist()], 3)  # as n2v keeps it for volumes
    assert {made, of_text, of_lists, read_struct_mask(name, 3)} == {made}


@pytest.mark.parametrize(
    "values", [[[0, 1, 1]], [[0, 1, 1, 1, 0]], [[1, 0, 1], [1, 1, 1], [0, 0, 0]]]
)
def test_a_mask_without_a_name_is_called_by_its_lists(values):
    made = to_struct_mask(values, 2)
    assert made.kind == ""
    assert made == read_struct_mask(str(made), 2)
    assert made != StructMask.of_kind("square", *made.pixels.shape)


def test_layers_of_a_volume_are_no_mask_of_one_plane():
    assert to_struct_mask([[[1, 1, 1]]] * 3, 3) != StructMask.of_kind("horizontal", 1, 3)
