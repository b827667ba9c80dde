"""Sums over frames are exact, whatever the type of the counts."""

import numpy as np
import pytest

from n2v_tools.methods.windows import sum_frames


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "float32"])
def test_sums_neither_wrap_nor_round(dtype):
    top = 2**24 + 1 if dtype == "uint32" else 100 if dtype == "uint8" else 30_000
    windows = np.full((2, 300, 3, 4, 1), top, dtype)
    windows[0, 0] = 1
    found = sum_frames(windows)
    assert found.shape == (2, 3, 4, 1)
    assert (found[1] == 300 * top).all() and (found[0] == 299 * top + 1).all()
    assert found.dtype == (np.float64 if dtype == "float32" else np.int64)
