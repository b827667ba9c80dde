"""NumPy's .npy files: one array each, without metadata."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import StackError
from ...stack import Stack
from ..address import Address
from ..arrays import ContiguousArray, TransposedArray, in_runs
from .unlabelled import require_image, require_letters


def open_npy(address: Address, axes: str | None, name: str) -> Stack:
    """Open a `.npy` file; only its header is read, and nothing is ever unpickled.

    Raises
    ------
    StackError
        If the file is damaged, truncated, or holds Python objects.
    AxesError
        If `axes` are missing or do not fit.
    """
    try:
        with open(address.file, "rb") as file:
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            else:
                shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
            offset = file.tell()
    except (ValueError, SyntaxError, EOFError) as error:
        raise StackError(
            f"{name}: cannot be read as .npy ({error}). Save it anew with numpy.save."
        ) from error
    require_image(dtype, shape, name)
    letters = require_letters(axes, shape, name)
    if fortran and len(shape) > 1:
        array: Any = TransposedArray(ContiguousArray(address.file, offset, shape[::-1], dtype))
    else:
        array = ContiguousArray(address.file, offset, shape, dtype)
    array = in_runs(array, letters, letters[::-1] if fortran else letters)
    return Stack(array, letters, name=name, metadata={"format": "npy"}, files=(address.file,))
