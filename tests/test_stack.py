"""A stack gives its planes rows first, in whatever order the file holds its axes."""

import itertools

import numpy as np
import pytest

from n2v_tools.errors import AxesError, StackError
from n2v_tools.stack import Stack

SIZES = {"T": 2, "Z": 3, "Y": 4, "X": 5}


@pytest.mark.parametrize("axes", ["".join(axes) for axes in itertools.permutations("TZYX")])
def test_planes_are_the_same_in_every_order_of_axes(axes):
    values = np.arange(120).reshape(tuple(SIZES.values()))
    stack = Stack(values.transpose(["TZYX".index(axis) for axis in axes]), axes)
    assert stack.sizes == {axis: SIZES[axis] for axis in axes}
    places = list(stack.places())
    assert len(places) == 6
    for place, plane in stack.planes():
        np.testing.assert_array_equal(plane, values[place["T"], place["Z"]])
    np.testing.assert_array_equal(np.asarray(stack), stack.array)


def test_an_array_in_memory_has_no_files_and_an_unknown_spacing():
    stack = Stack(np.zeros((4, 5)), "YX")
    assert stack.files == ()
    assert stack.pixel_size is None and stack.spacing_um("X") is None


@pytest.mark.parametrize(("unit", "um"), [("nm", 0.5), ("µm", 500), ("mm", 5e5), ("parsec", None)])
def test_a_spacing_is_known_in_micrometres_where_its_unit_is(unit, um):
    stack = Stack(np.zeros((4, 5)), "YX", spacing={"X": 500.0}, unit=unit)
    assert stack.spacing_um("X") == (um if um is None else pytest.approx(um))
    assert stack.spacing_um("Y") is None
    assert stack.pixel_size == {"Y": None, "X": 500.0, "Z": None, "unit": unit}


@pytest.mark.parametrize("shape", [(0, 4, 5), (3, 0, 5), (3, 4, 0), (0, 0, 0)])
def test_a_stack_without_pixels_is_refused_with_its_sizes(shape):
    with pytest.raises(StackError, match=f"^a: holds no pixels.*{' x '.join(map(str, shape))}"):
        Stack(np.zeros(shape), "ZYX", name="a")


def test_letters_that_do_not_fit_are_refused():
    with pytest.raises(AxesError, match=r"^a\.tif: "):
        Stack(np.zeros((4, 5)), "ZYX", name="a.tif")
