"""Stacks: pixels with named axes, the value that all parts of the package exchange.

A `Stack` knows where its pixels are and what they mean, and reads them only where
it is sliced. It neither opens nor writes files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .axes import require_axes
from .errors import StackError

# Nets and filters compute in float32, and squares of squares beyond it overflow.
LARGEST_COUNT = float(np.finfo(np.float32).max)
MICROMETRES = {
    "m": 1e6, "cm": 1e4, "mm": 1e3, "nm": 1e-3, "pm": 1e-6, "inch": 25400.0,
    "um": 1.0, "µm": 1.0, "μm": 1.0, "\\u00B5m": 1.0, "micron": 1.0, "microns": 1.0,
    "micrometer": 1.0, "micrometre": 1.0, "nanometer": 1e-3, "millimeter": 1e3,
    "angstrom": 1e-4, "Å": 1e-4,
}  # fmt: skip


class LazyArray(Protocol):
    """What a Stack needs of its pixels: ndarray, memmap, Zarr array or a lazy reader.

    Only integers and slices of step 1 are ever used as indices.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of all axes."""

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""

    def __getitem__(self, key: Any) -> np.ndarray: ...


@dataclass(frozen=True)
class Stack:
    """Pixels with named axes, read from disk only where they are sliced.

    Parameters
    ----------
    array : LazyArray
        Has ``shape``, ``dtype`` and slicing.
    axes : str
        One letter of ``TCZYX`` per axis of `array`, in its order.
    spacing : mapping of axis letter to float
        Distance between neighbours: Z, Y, X in `unit`, T in seconds. A missing
        letter means unknown; it never means 1.
    unit : str or None
        Unit of the Z, Y, X spacings as the file spells it; None means unknown.
    name : str
        File name or path, for messages.
    metadata : mapping
        What else a writer may carry on, by the writer's own keys
        (``channel_names``: list of str, ``finterval``, ``mode``, ``optics`` of the microscope:
        ``na``, ``index``, ``emission_nm`` of each channel ...).
    notes : tuple of str
        What the reader decided and a user should hear ("S taken as C").
    warnings : tuple of str
        What a user must hear, even with -q ("holds 2 images; the first is used").
    files : tuple of Path
        All files that the pixels are read from; none if they are in memory.
    """

    array: LazyArray
    axes: str
    spacing: Mapping[str, float] = field(default_factory=dict)
    unit: str | None = None
    name: str = "stack"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        require_axes(self.axes, self.array.shape, where=self.name)
        require_pixels(self.array.shape, self.name)

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each axis, in order, such as ``{"T": 9, "Y": 512, "X": 512}``."""
        return dict(zip(self.axes, self.array.shape, strict=True))

    @property
    def dtype(self) -> np.dtype:
        """Data type of the pixels on disk."""
        return np.dtype(self.array.dtype)

    def places(self) -> Iterator[dict[str, int]]:
        """Yield the place of each YX plane in the file's order, such as ``{"T": 3, "Z": 0}``."""
        outer = [axis for axis in self.axes if axis not in "YX"]
        for numbers in np.ndindex(*(self.sizes[axis] for axis in outer)):
            yield dict(zip(outer, numbers, strict=True))

    def plane(self, place: Mapping[str, int]) -> np.ndarray:
        """Read one plane, rows first: an ndarray of shape (Y, X), dtype as on disk.

        `place` may name axes that the stack lacks; an axis that it does not name stands at 0.
        """
        where = {**dict.fromkeys(self.axes, 0), **place, "Y": slice(None), "X": slice(None)}
        plane = np.asarray(self.array[tuple(where[axis] for axis in self.axes)])
        return plane if self.axes.index("Y") < self.axes.index("X") else plane.T

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read every pixel: ``numpy.asarray(stack)``, in the order of `axes`."""
        pixels = np.asarray(self.array[(slice(None),) * len(self.axes)], dtype)
        return pixels.copy() if copy else pixels

    def planes(self) -> Iterator[tuple[dict[str, int], np.ndarray]]:
        """Yield each YX plane with its place, such as ``{"T": 3, "Z": 0}``."""
        for place in self.places():
            yield place, self.plane(place)

    @property
    def pixel_size(self) -> dict[str, Any] | None:
        """Y, X and Z spacing and their unit, None where unknown; None if nothing is known."""
        if not {"Z", "Y", "X"} & set(self.spacing):
            return None
        return {**{axis: self.spacing.get(axis) for axis in "YXZ"}, "unit": self.unit}

    def spacing_um(self, axis: str) -> float | None:
        """Spacing along Z, Y or X in micrometres; None if it or its unit is unknown."""
        factor = MICROMETRES.get(self.unit) if self.unit else None
        value = self.spacing.get(axis)
        return None if factor is None or value is None else value * factor


def require_pixels(shape: Sequence[int], where: str) -> None:
    """Raise StackError, naming `where`, if an array is empty along any axis."""
    if min(shape, default=1) < 1:
        sizes = " x ".join(map(str, shape))
        raise StackError(
            f"{where}: holds no pixels: its sizes are {sizes}. Save it again from its source, or "
            "leave it out."
        )
