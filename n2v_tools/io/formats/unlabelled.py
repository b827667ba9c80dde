"""Arrays that come without metadata: their axes must be given, and they must hold an image."""

from __future__ import annotations

import numpy as np

from ...axes import parse_axes, require_axes
from ...errors import AxesError, StackError
from ...stack import require_pixels
from ...words import option


def require_letters(axes: str | None, shape: tuple[int, ...], name: str) -> str:
    """Return the letters that a user gave for an array; AxesError if none, or unfit."""
    if axes is None:
        example = {2: "YX", 3: "TYX", 4: "TZYX"}.get(len(shape), "TCZYX")
        sizes = " x ".join(map(str, shape))
        raise AxesError(
            f"{name}: holds {sizes} values and says nothing about its axes. Pass {option('axes')}, "
            f"such as {option('axes', example)}."
        )
    letters = parse_axes(axes)
    require_axes(letters, shape, where=name)
    return letters


def require_image(dtype: np.dtype, shape: tuple[int, ...], name: str) -> None:
    """Raise StackError unless an array holds real numbers, some along each of two axes or more."""
    if np.dtype(dtype).kind not in "uif":
        kind = "text or Python objects" if np.dtype(dtype).kind in "OSUV" else str(dtype)
        raise StackError(
            f"{name}: holds {kind}, not grey values. Save an array of real numbers instead."
        )
    if len(shape) < 2:
        what = f"a row of {shape[0]} numbers" if shape else "a single number"
        raise StackError(f"{name}: holds {what}, which is no image. Name an array of Y and X.")
    require_pixels(shape, name)
