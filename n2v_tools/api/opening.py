"""Open a file or an array as a stack: the front door of all the others.

Tests: ``tests/api/test_api_functions.py``.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..axes import LETTERS, parse_asked_axes, parse_axes, require_axes
from ..errors import AxesError, StackError, UsageError
from ..stack import Stack
from ..words import in_python, option

if TYPE_CHECKING:
    from ..jobs.desk.configuration import Configuration

Source = Any  # str, os.PathLike, numpy array or what can be sliced like one, or Stack


@in_python
def open_stack(
    source: Source,
    axes: str | None = None,
    *,
    spacing: Mapping[str, float] | None = None,
    unit: str | None = None,
    name: str | None = None,
) -> Stack:
    """Open an image, or name the axes of an array; no pixel is read or copied.

    Parameters
    ----------
    source : str, path, array or Stack
        A TIFF, BigTIFF, ImageJ or OME-TIFF file, ``file.tif:2`` for one of several images in it,
        a ``.npy`` file, ``file.h5:/path/in/file``, or a folder or glob of planes that `axes`
        joins; or an array of shape `axes`: NumPy's, or anything with ``shape``, ``dtype`` and
        slices (memory maps, HDF5, Zarr). Integer or float counts.
    axes : str, optional
        One letter of ``TCZYX`` for each axis, in order; needed for arrays, ``.npy`` and HDF5. For
        a file default its own metadata. A number after a letter is the length of an axis that is
        split from the one before it: ``TC2YX`` where frames of two channels stand in one row.
    spacing : mapping of axis letter to float, optional
        Distance between neighbours, Z, Y and X in `unit`, T in seconds: where it is known better
        than from the file. A letter that is missing is unknown, or what the file says.
    unit : str, optional
        Of Z, Y and X; default the file's own, for an array with `spacing` micrometres.
    name : str, optional
        For messages and names of models; default the path, or ``array``.

    Returns
    -------
    stack : Stack
        With ``axes``, ``sizes``, ``dtype`` and ``spacing``; ``stack.plane({"T": 3})`` reads one
        plane, ``numpy.asarray(stack)`` all of it.

    Raises
    ------
    StackError
        If the file is missing, damaged or of a kind not read, or the array holds no grey values.
    AxesError
        If the axes are unknown or do not fit, naming those to pass.
    UsageError
        If `source` names several stacks, or `spacing` an unknown axis.

    Examples
    --------
    >>> import numpy as np
    >>> from n2v_tools import open_stack
    >>> movie = np.random.default_rng(0).poisson(9, (20, 48, 64)).astype(np.uint16)
    >>> stack = open_stack(movie, axes="TYX", spacing={"T": 0.1, "Y": 0.5, "X": 0.5})
    >>> stack.sizes
    {'T': 20, 'Y': 48, 'X': 64}
    >>> stack.plane({"T": 3}).shape
    (48, 64)
    """
    if isinstance(source, Stack):
        stack = _with_axes(partial(_renamed, source), axes)
    elif isinstance(source, (str, os.PathLike)):
        stack = _open_file(find(source), axes)
    else:
        stack = _with_axes(partial(_open_array, source), axes)
        unit = unit or ("µm" if spacing else None)
    changes: dict[str, Any] = {"spacing": {**stack.spacing, **_checked(spacing, stack)}}
    if unit is not None:
        changes["unit"] = unit
    if name is not None:
        changes["name"] = name
    return dataclasses.replace(stack, **changes)


def find(source: str | os.PathLike[str]) -> str:
    """Return a path as text, or its place under DATASET_FOLDER if it is only there."""
    return configuration().find_input(os.fspath(source))


def configuration() -> Configuration:
    """Read DATASET_FOLDER and MODELS_FOLDER from the environment."""
    from ..jobs.desk.configuration import read_configuration

    return read_configuration()


def _open_file(spec: str, axes: str | None) -> Stack:
    from ..jobs.desk.inputs import open_inputs

    opened = list(open_inputs([spec], axes))
    if len(opened) > 1:
        raise UsageError(
            f"{spec}: holds {len(opened)} stacks, but one is opened at a time. Name one, such as "
            f"{opened[0].name}, or pass {option('axes', 'ZYX')} or {option('axes', 'TYX')} to join "
            "equal planes."
        )
    if opened[0].stack is None:
        from ..io.reader import open_stack as open_file

        open_file(spec, axes)  # raises the same message as its own kind of error
        raise StackError(opened[0].error)
    return opened[0].stack


def _with_axes(opening: Callable[[str | None], Stack], axes: str | None) -> Stack:
    from ..io.reshaped import open_with_axes

    return opening(None) if axes is None else open_with_axes(opening, parse_asked_axes(axes))


def _renamed(stack: Stack, letters: str | None) -> Stack:
    return stack if letters is None else dataclasses.replace(stack, axes=letters)


def _open_array(source: Any, axes: str | None) -> Stack:
    if not (hasattr(source, "shape") and hasattr(source, "dtype")):
        if not isinstance(source, (list, tuple)):
            raise UsageError(
                f"a {type(source).__name__} is not an image. Give a path, an array or a Stack."
            )
        source = np.asarray(source)
    dtype, shape = np.dtype(source.dtype), tuple(int(size) for size in source.shape)
    if dtype.kind not in "uif":
        raise StackError(
            f"array: holds {dtype}, not grey values. Give integers or floats, such as "
            "array.astype('float32')."
        )
    if axes is None:
        example = {2: "YX", 3: "TYX", 4: "TZYX"}.get(len(shape), "TCZYX")
        sizes = " x ".join(map(str, shape))
        raise AxesError(
            f"array: {sizes} values, but their axes are unknown. Pass {option('axes', example)}, "
            "or whatever they are."
        )
    letters = parse_axes(axes)
    require_axes(letters, shape, where="array")
    if 0 in shape:
        raise StackError(f"array: has no pixels (sizes {' x '.join(map(str, shape))}).")
    if not dtype.isnative and isinstance(source, np.ndarray):
        source = source.astype(dtype.newbyteorder("="))
    return Stack(array=source, axes=letters, name="array")


def _checked(spacing: Mapping[str, float] | None, stack: Stack) -> Mapping[str, float]:
    for axis, value in (spacing or {}).items():
        if axis not in LETTERS or axis not in stack.axes:
            raise UsageError(
                f"spacing: {stack.name} has no axis {axis!r}; its axes are {stack.axes}."
            )
        if not value > 0 or not np.isfinite(value):
            raise UsageError(f"spacing: {axis} is {value}; give a number above 0.")
    return spacing or {}
