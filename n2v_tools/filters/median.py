"""Median of the pixels around each pixel.

The median of a few pixels is selected; that of many is counted. It depends on the order of the grey
levels alone, so they may be numbered first, and a histogram that slides along the rows is then
as fast for 31 x 31 pixels as for 11 x 11, as long as there are not too many different ones.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import ndimage

from ..errors import SettingsError
from ..words import setting
from . import names
from .base import DEPTH, PLANE, Filter, per_axis, require_number, with_axes
from .gaussian import best_sigma
from .pieces import Sample

LEAST_PX = 3  # removes single pixels
MOST_ESTIMATED_PX = {2: 15, 3: 7}  # by the number of axes
SIZE_PER_SIGMA = 4.0  # of the best Gaussian; tried on natural, cell and widefield images
TRIED_PX = (3, 5, 7, 9, 11)
MOST_PX = 255
COUNTED_FROM_PX = 49  # pixels in the window, below which selecting is faster
LEVELS_PER_PX = 15  # different levels for each pixel of the window, above which it is faster, too
MOST_LEVELS = 2**16

# It is as slow as it warns of from 1024 levels on, and still faster than selecting.
warnings.filterwarnings("ignore", message="Bad rank filter performance")


@dataclass(frozen=True)
class Median(Filter):
    """Median filter.

    Parameters
    ----------
    size : tuple of int, pixels, or None
        Odd edges of the window: one for all axes or one for each, depth first. None: the odd
        number nearest to 4 times the width of the best Gaussian, 3 to 15 in Y and X, in a volume
        to 7.
    """

    size: tuple[int, ...] | None = None

    name: ClassVar[str] = names.MEDIAN
    main: ClassVar[str] = "size"
    by_noise: ClassVar[str] = "size"
    bytes_per_px: ClassVar[int] = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("size", self.size, most=MOST_PX, unit="px")
        for edge in self.size or ():
            if edge < 1 or edge % 2 == 0:
                raise SettingsError(
                    f"{setting('size', edge)}: an even window has no centre and would shift the "
                    f"image. Give an odd edge, such as "
                    f"{setting('size', max(1, edge) // 2 * 2 + 1)}."
                )

    def estimated(self, sample: Sample) -> Median:
        """As `Filter.estimated`."""
        if self.size is not None:
            return self
        sigma = best_sigma(sample)
        most = MOST_ESTIMATED_PX[3 if len(sigma) == 3 else 2]
        size = [min(most, _odd(SIZE_PER_SIGMA * one)) for one in sigma]
        size[-2:] = [max(LEAST_PX, edge) for edge in size[-2:]]
        return dataclasses.replace(self, size=tuple(size))

    def candidates(self, sample: Sample) -> tuple[Median, ...]:
        """As `Filter.candidates`: the same edge along Y and X, one pixel along the depth."""
        return dataclasses.replace(self, size=(1,) * sample.pieces[0].ndim).along(PLANE)

    def along(self, axes: slice) -> tuple[Median, ...]:
        """As `Filter.along`."""
        edges = (1, *TRIED_PX) if axes == DEPTH else TRIED_PX
        each = (with_axes(self.size or (), axes, edge) for edge in edges)
        return tuple(dataclasses.replace(self, size=size) for size in each)

    def reach_px(self, n_axes: int) -> tuple[int, ...]:
        """As `Filter.reach_px`."""
        return tuple(edge // 2 for edge in per_axis("size", self.size or (1,), n_axes))

    def apply(self, field: np.ndarray) -> np.ndarray:
        """As `Filter.apply`."""
        size = per_axis("size", self.size or (1,), field.ndim)
        if math.prod(size) >= COUNTED_FROM_PX:
            levels, numbers = _number(field)
            if len(levels) < min(MOST_LEVELS, LEVELS_PER_PX * math.prod(size)):
                return levels[_count(numbers, size)]
        return np.asarray(ndimage.median_filter(field, size=size))


def _odd(size: float) -> int:
    """The odd number nearest to `size`, at least 1."""
    return 2 * max(0, round((size - 1) / 2)) + 1


def _number(field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The grey levels in order, and each pixel's number among them."""
    lowest, highest = float(field.min()), float(field.max())
    if highest - lowest < 2**16:
        above = (field - np.float32(lowest)).astype(np.uint16)
        if np.array_equal(above + np.float32(lowest), field):  # integers need no sorting
            present = np.bincount(above.ravel()) > 0
            levels = (np.flatnonzero(present) + lowest).astype(np.float32)
            return levels, (np.cumsum(present) - 1)[above]
    levels, numbers = np.unique(field, return_inverse=True)
    return levels, numbers.reshape(field.shape)


def _count(numbers: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Median by a sliding histogram, mirrored at the borders as scipy's ``reflect`` does."""
    from skimage.filters import rank  # late: half a second

    kind = np.uint8 if numbers.max(initial=0) < 256 else np.uint16
    margins = [(edge // 2, edge // 2) for edge in size]
    padded = np.pad(numbers.astype(kind), margins, mode="symmetric")
    middle = rank.median(padded, np.ones(size, np.uint8))
    inside = tuple(
        slice(before, before + n) for (before, _), n in zip(margins, numbers.shape, strict=True)
    )
    return np.asarray(middle[inside])
