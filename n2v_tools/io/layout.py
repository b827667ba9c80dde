"""Layout of an output file: axes, sizes, type, pixel size and format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..axes import parse_axes
from ..stack import Stack
from .formats.table import find_format


@dataclass(frozen=True)
class Layout:
    """All that a writer must know before the first plane.

    Parameters
    ----------
    axes : str
        Axes of the data, one letter of ``TCZYX`` each, in the input's order.
    sizes : mapping of axis letter to int
        Length of each axis.
    dtype : numpy.dtype
        Of the planes that will be written.
    spacing : mapping of axis letter to float
        As in `Stack`: Z, Y, X in `unit`, T in seconds; missing means unknown.
    unit : str or None
        As the input spells it.
    metadata : mapping
        As in `Stack`.
    description : str
        What was done to the pixels; recorded inside the file.
    format : str
        ``tiff`` (ImageJ's, up to its limits) or ``ome-tiff``.
    """

    axes: str
    sizes: Mapping[str, int]
    dtype: np.dtype
    spacing: Mapping[str, float] = field(default_factory=dict)
    unit: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    format: str = "tiff"

    def __post_init__(self) -> None:
        parse_axes(self.axes)
        find_format(self.format)
        object.__setattr__(self, "dtype", np.dtype(self.dtype).newbyteorder("="))
        if set(self.sizes) != set(self.axes) or min(self.sizes.values()) < 1:
            raise ValueError(f"sizes {dict(self.sizes)} do not fit axes {self.axes!r}")

    @property
    def stored_axes(self) -> str:
        """Axes in the order the file holds them."""
        return find_format(self.format).stored_axes(self.axes)


def layout_like(
    stack: Stack, dtype: np.dtype, *, description: str = "", format: str = "tiff", without: str = ""
) -> Layout:
    """Return the layout of an output that looks like `stack`.

    Parameters
    ----------
    stack : Stack
        Gives axes, sizes, calibration and metadata.
    dtype : numpy.dtype
        Of the output.
    description, format : str
        As in `Layout`.
    without : str
        Axes left out, such as ``"T"`` for a single frame.
    """
    axes = "".join(letter for letter in stack.axes if letter not in without)
    return Layout(
        axes=axes,
        sizes={letter: stack.sizes[letter] for letter in axes},
        dtype=dtype,
        spacing=dict(stack.spacing),
        unit=stack.unit,
        metadata=dict(stack.metadata),
        description=description,
        format=format,
    )
