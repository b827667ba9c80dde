"""Arrays without metadata: axes are asked for, with letters that would fit."""

import numpy as np
import pytest

from n2v_tools.axes import parse_axes
from n2v_tools.errors import AxesError, StackError
from n2v_tools.io.formats.unlabelled import require_image, require_letters


@pytest.mark.parametrize("n_axes", [2, 3, 4, 5])
def test_the_letters_that_are_proposed_would_be_taken(n_axes):
    shape = tuple(range(2, 2 + n_axes))
    with pytest.raises(AxesError, match=r"a\.npy: holds .* says nothing about its axes") as refused:
        require_letters(None, shape, "a.npy")
    proposed = str(refused.value).rstrip(".").split()[-1]
    assert require_letters(proposed, shape, "a.npy") == parse_axes(proposed)
    assert len(proposed) == n_axes


def test_letters_are_held_against_the_shape():
    with pytest.raises(AxesError, match=r"^a\.npy: "):
        require_letters("TYX", (4, 5), "a.npy")
    with pytest.raises(AxesError):
        require_letters("TT", (4, 5), "a.npy")


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", ">f8"])
def test_real_numbers_along_two_axes_are_an_image(dtype):
    require_image(np.dtype(dtype), (2, 3), "a.npy")


@pytest.mark.parametrize(
    ("dtype", "shape", "says"),
    [("O", (2, 3), "text or Python objects"), ("complex64", (2, 3), "complex64"),
     ("f4", (2, 0, 3), "no pixels: its sizes are 2 x 0 x 3"), ("u2", (-1, 3), "no pixels"),
     ("bool", (2, 3), "bool"), ("f4", (3,), "a row of 3 numbers"), ("f4", (), "a single number")],
)  # fmt: skip
def test_all_else_is_refused(dtype, shape, says):
    with pytest.raises(StackError, match=f"^a.npy: holds {says}"):
        require_image(np.dtype(dtype), shape, "a.npy")
