"""A part of a stack is what slicing its pixels would give, and reads no more."""

import numpy as np

from n2v_tools.prepare.part import take_channel, take_index
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
