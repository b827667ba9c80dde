"""A part of a stack is what slicing its pixels would give, and reads no more."""

import numpy as np
import pytest

from n2v_tools.prepare.part import idle_channels, take_channel, take_channels, take_index
from n2v_tools.stack import Stack

VALUES = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)


def test_a_part_is_a_slice():
    stack = Stack(VALUES, "TCYX", spacing={"T": 2.0, "Y": 0.5})
    for axis, index in (("T", 1), ("C", 2)):
        part = take_index(stack, axis, index)
        expected = VALUES.take(index, stack.axes.index(axis))
        assert part.axes == stack.axes.replace(axis, "")
        np.testing.assert_array_equal(np.asarray(part), expected)
        np.testing.assert_array_equal(part.array[1, 1:3], expected[1, 1:3])
        np.testing.assert_array_equal(part.array[1], expected[1])
    assert take_index(stack, "T", 0).spacing == {"Y": 0.5}


def test_a_stack_without_channels_is_its_own_only_one():
    stack = Stack(VALUES[0], "TYX")
    assert take_channel(stack, 0) is stack
    assert take_channel(Stack(VALUES, "TCYX"), 1).axes == "TYX"


def test_some_channels_are_those_in_their_order_and_nothing_else_of_the_others():
    for axes in ("TCYX", "CTYX"):
        axis = axes.index("C")
        some = take_channels(Stack(VALUES, axes), (0, VALUES.shape[axis] - 1))
        expected = VALUES.take([0, VALUES.shape[axis] - 1], axis)
        np.testing.assert_array_equal(np.asarray(some), expected)
        np.testing.assert_array_equal(some.array[0, 1, 1:3], expected[0, 1, 1:3])
        np.testing.assert_array_equal(some.array[:, 1, :, 2], expected[:, 1, :, 2])
        np.testing.assert_array_equal(some.plane({"C": 1, "T": 1}), expected[1, 1])


@pytest.mark.parametrize("value", [0, 300, -4.5])
def test_channels_of_one_value_hold_no_image(value):
    pixels = VALUES.astype(np.float32) + 1
    pixels[:, 1] = value
    assert idle_channels(Stack(pixels, "TCYX")) == {1: value}
    assert idle_channels(Stack(pixels.swapaxes(0, 1), "CTYX")) == {1: value}


def test_a_channel_that_changes_once_or_has_no_number_is_not_idle():
    pixels = np.ones((3, 3, 4, 5), np.float32)
    pixels[2, 0, 3, 4] = 2
    pixels[0, 1, 0, 0] = np.nan
    assert idle_channels(Stack(pixels, "TCYX")) == {2: 1.0}


def test_where_nothing_holds_an_image_or_there_is_one_channel_none_is_idle():
    assert idle_channels(Stack(np.zeros((2, 4, 5)), "CYX")) == {}
    assert idle_channels(Stack(np.zeros((2, 4, 5)), "TYX")) == {}
