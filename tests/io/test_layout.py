"""A layout says the same of an output whatever the input's order and bytes."""

import numpy as np
import pytest

from n2v_tools.errors import UsageError
from n2v_tools.io.layout import Layout, layout_like
from n2v_tools.io.table import WRITTEN
from n2v_tools.io.writer import output_bytes
from n2v_tools.stack import Stack


def test_the_type_is_the_machines_whatever_order_its_bytes_had():
    assert Layout("YX", {"Y": 2, "X": 3}, np.dtype(">u2")).dtype == np.dtype("uint16")


@pytest.mark.parametrize("sizes", [{"Y": 2}, {"Y": 2, "X": 0}, {"Y": 2, "X": 3, "Z": 1}])
def test_sizes_that_do_not_fit_the_axes_are_a_fault(sizes):
    with pytest.raises(ValueError, match="do not fit axes 'YX'"):
        Layout("YX", sizes, np.dtype("uint8"))


def test_a_format_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="jpg"):
        Layout("YX", {"Y": 2, "X": 3}, np.dtype("uint8"), format="jpg")


@pytest.mark.parametrize("format", WRITTEN)
@pytest.mark.parametrize("axes", ["YX", "TZYX", "CZYX", "TZCYX"])
def test_stored_axes_are_the_same_letters_with_planes_last(format, axes):
    sizes = dict(zip(axes, range(2, 9), strict=False))
    layout = Layout(axes, sizes, np.dtype("uint16"), format=format)
    assert sorted(layout.stored_axes) == sorted(axes) and layout.stored_axes.endswith("YX")
    assert output_bytes(layout) >= 2 * np.prod(list(sizes.values()))


def test_a_layout_like_a_stack_has_all_of_it_but_the_axes_left_out():
    stack = Stack(
        np.zeros((4, 5, 6, 7), "uint8"), "TZYX", spacing={"Z": 2.0, "X": 0.5}, unit="µm",
        metadata={"min": 3},
    )  # fmt: skip
    layout = layout_like(stack, np.dtype("float32"), description="made", without="T")
    assert layout.axes == "ZYX" and layout.sizes == {"Z": 5, "Y": 6, "X": 7}
    assert (layout.spacing, layout.unit) == ({"Z": 2.0, "X": 0.5}, "µm")
    assert layout.metadata == {"min": 3} and layout.description == "made"
    assert layout.dtype == np.dtype("float32")
