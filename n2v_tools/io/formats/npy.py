"""NumPy's .npy files: one array each, without metadata."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import StackError
from ...stack import LazyArray, Stack
from ..address import Address
from ..arrays import ContiguousArray, TransposedArray, in_runs
from .unlabelled import require_image, require_letters

MOST_HEADER = 2**14  # bytes; NumPy takes 10,000
MOST_AXES = 32  # that NumPy can have
MOST_SHOWN = 200  # letters of what NumPy says
# What NumPy raises where a header is damaged; which of them, depends on where.
_FAULTS = (
    ValueError, SyntaxError, EOFError, TypeError, LookupError, MemoryError, RecursionError,
    OverflowError, tokenize.TokenError,
)  # fmt: skip


class _Header(NamedTuple):
    offset: int  # of the values, in bytes
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype


def open_npy(address: Address, axes: str | None, name: str) -> Stack:
    """Open a `.npy` file; only its header is read, and nothing is ever unpickled.

    StackError if the file is damaged, truncated, or holds Python objects; AxesError if `axes` are
    missing or do not fit.
    """
    header = _read_header(address.file, name)
    require_image(header.dtype, header.shape, name)
    letters = require_letters(axes, header.shape, name)
    stored = letters[::-1] if header.fortran else letters
    array = in_runs(_open_array(address.file, header), letters, stored)
    return Stack(array, letters, name=name, metadata={"format": "npy"}, files=(address.file,))


def read_numbers(path: Path) -> np.ndarray:
    """Read a small array of numbers or truth values as a whole; StackError if it is none."""
    header = _read_header(path, str(path))
    if header.dtype.kind not in "biuf" or not header.shape:
        sizes = " x ".join(map(str, header.shape)) or "a single value"
        raise StackError(f"{path}: cannot be read as numbers: it holds {header.dtype} of {sizes}.")
    return _open_array(path, header)[(slice(None),) * len(header.shape)]


def _read_header(path: Path, name: str) -> _Header:
    try:
        with open(path, "rb") as file:
            head = io.BytesIO(file.read(MOST_HEADER))
        version = np.lib.format.read_magic(head)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(head)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(head)
        if len(shape) > MOST_AXES or not all(0 <= size < 2**63 for size in shape):
            raise ValueError(f"no array has the sizes {shape}")
        return _Header(head.tell(), shape, fortran, dtype)
    except _FAULTS as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise StackError(
            f"{name}: cannot be read as .npy ({said[:MOST_SHOWN]}). Save it anew with numpy.save."
        ) from None


def _open_array(path: Path, header: _Header) -> LazyArray:
    offset, shape, fortran, dtype = header
    if fortran and len(shape) > 1:
        return TransposedArray(ContiguousArray(path, offset, shape[::-1], dtype))
    return ContiguousArray(path, offset, shape, dtype)
