"""One frame of a movie."""

import numpy as np
import pytest

from n2v_tools.errors import AxesError, StackError
from n2v_tools.jobs.desk.frames import take_frame
from n2v_tools.stack import Stack


@pytest.mark.parametrize("axes", ["TZYX", "ZTYX", "YXT", "TYX"])
def test_a_frame_is_the_stack_at_that_time(axes):
    rng = np.random.default_rng(0)
    sizes = dict(zip("TZYX", (3, 2, 5, 4), strict=True))
    pixels = rng.integers(100, size=[sizes[a] for a in axes])
    stack = Stack(pixels, axes, spacing={"T": 2.0, "Y": 0.5})
    frame = take_frame(stack, 1)
    assert frame.axes == axes.replace("T", "")
    assert frame.spacing == {"Y": 0.5}
    np.testing.assert_array_equal(frame.array[:],
                                  np.take(pixels, 1, axes.index("T")))  # fmt: skip
    for place, plane in frame.planes():
        np.testing.assert_array_equal(plane, stack.plane({**place, "T": 1}))


def test_a_frame_that_is_not_there_is_refused():
    stack = Stack(np.zeros((3, 5, 4)), "TYX")
    for frame in (-1, 3):
        with pytest.raises(StackError, match="0 to 2"):
            take_frame(stack, frame)
    with pytest.raises(AxesError, match="have no T"):
        take_frame(Stack(np.zeros((3, 5, 4)), "ZYX"), 0)
