"""Layout of an output file: axes, sizes, type, pixel size and format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..axes import parse_axes
from ..stack import Stack
from .table import find_format


@dataclass(frozen=True)
class Layout:
    """All that a writer must know before the first plane."""

    axes: str  # of the data, one letter of TCZYX each, in the input's order
    sizes: Mapping[str, int]  # length of each axis
    dtype: np.dtype  # of the planes that will be written
    spacing: Mapping[str, float] = field(default_factory=dict)  # as in `Stack`, like the next two
    unit: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""  # of what was done to the pixels; recorded inside the file
    format: str = "tiff"  # ImageJ's, up to its limits; or another that is written

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
    """Return the layout of an output that looks like `stack`, which gives all but the dtype.

    `without` are axes left out, such as ``"T"`` for a single frame.
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
