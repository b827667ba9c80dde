"""Strips: the rows and columns of a plane that hold nothing.

Deskewing leaves planes with black margins. A *strip* is a row or a column of a plane
that is zero throughout, wherever it stands; an *empty* plane is zero throughout. A
dark but real row is none: one pixel that is not zero (NaN counts as not zero) saves it,
and where zeros are common beside it, as where photons are few or a background was
clipped, a row may be empty by chance. Only what is too wide for that is a strip.
This module finds strips in a plane, fills them for a net that needs whole planes, and
puts the exact zeros back. It knows neither files nor patches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CHANCE = 1e-6  # of a strip's pixels to be zero all of them, above which it is none
BESIDE = 16  # rows or columns on either side that say how common zeros are
SURE = 2.0  # deviations by which their number may be more by chance
ITERATIONS = 60

Box = tuple[int, int, int, int]  # y0, y1, x0, x1, ends excluded


@dataclass(frozen=True, eq=False)
class Strips:
    """Which rows and columns of one plane are strips."""

    rows: np.ndarray  # bool, shape (Y,); True where the row is zero throughout
    columns: np.ndarray  # bool, shape (X,); True where the column is zero throughout
    holes: tuple[Box, ...] = ()  # around what else is no data, which patches avoid if they can

    @classmethod
    def none(cls, shape: Sequence[int]) -> Strips:
        """Return the strips of a plane of `shape` (Y, X) that has none."""
        return cls(np.zeros(shape[0], bool), np.zeros(shape[1], bool))

    @property
    def any(self) -> bool:
        """True if there is at least one strip."""
        return bool(self.rows.any() or self.columns.any())

    @property
    def empty(self) -> bool:
        """True if nothing of the plane is real: all of it is zero."""
        return bool(self.rows.all() or self.columns.all())

    def __or__(self, other: Strips) -> Strips:
        """Return what is a strip in either: the union over channels or planes."""
        holes = tuple(dict.fromkeys(self.holes + other.holes))
        return Strips(self.rows | other.rows, self.columns | other.columns, holes)

    def fill(self, plane: np.ndarray) -> np.ndarray:
        """Return the plane (Y, X), any dtype, its strips filled by reflection of what is real.

        A strip at an edge mirrors the pixels beside it; each half of a strip inside mirrors its own
        side. Pixels are copied, not blended, so that the noise in a filled strip is as strong as
        elsewhere and a net meets nothing it never saw. `plane` is left as it is, and returned
        itself if it has no strips, or is empty and has nothing to copy: `fill_volume` takes an
        empty plane from its neighbours.
        """
        if not self.any or self.empty:
            return plane
        return plane[np.ix_(reflected_sources(self.rows), reflected_sources(self.columns))]

    def blank(self, plane: np.ndarray) -> np.ndarray:
        """Put the exact zeros of the strips into `plane`, in place, and return it."""
        plane[self.rows] = 0
        plane[:, self.columns] = 0
        return plane

    def boxes(self) -> list[Box]:
        """Return the largest rectangles without strips, as (y0, y1, x0, x1), end excluded."""
        return [(y0, y1, x0, x1) for y0, y1 in runs(~self.rows) for x0, x1 in runs(~self.columns)]


def find_strips(plane: np.ndarray) -> Strips:
    """Find the all-zero rows and columns of a plane (Y, X) of counts; NaN counts as not zero.

    Those that may be zero by chance are left out, judged by how common zeros are beside them.
    """
    rows, columns = ~plane.any(axis=1), ~plane.any(axis=0)
    if not (rows.any() or columns.any()) or rows.all():
        return Strips(rows, columns)
    return Strips(
        _improbable(plane[:, ~columns], rows) if rows.any() else rows,
        _improbable(plane[~rows].T, columns) if columns.any() else columns,
    )


def _improbable(plane: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """Those runs of empty rows of a plane (Y, X) that chance does not leave: bool (Y,)."""
    real = np.flatnonzero(~empty)
    kept = np.zeros_like(empty)
    for start, end in runs(empty):
        before = int(np.searchsorted(real, start))
        beside = plane[real[max(0, before - BESIDE) : before + BESIDE]]
        kept[start:end] = (end - start) * _log_chance(beside) < math.log(CHANCE)
    return kept


def _log_chance(rows: np.ndarray) -> float:
    """Logarithm of the probability that a row is empty, judged by rows (n, X) that are not.

    Of rows that are hardly ever filled only the filled ones are seen: their mean number of pixels
    that are not zero is m / (1 - exp(-m)) where that of all rows is m.
    """
    n_rows, n_columns = rows.shape
    filled = np.count_nonzero(rows)
    if filled == rows.size:
        return -math.inf
    seen = (filled - SURE * math.sqrt(filled - n_rows)) / n_rows  # at least
    mean = seen
    for _ in range(ITERATIONS):
        mean = max(0.0, -seen * math.expm1(-mean))
    return n_columns * math.log1p(-mean / n_columns)


def outside_strips(plane: np.ndarray) -> np.ndarray:
    """Return where a plane (Y, X) holds an image: True outside its strips."""
    strips = find_strips(plane)
    return np.outer(~strips.rows, ~strips.columns)


def fill_volume(volume: np.ndarray, strips: Sequence[Strips]) -> np.ndarray:
    """Fill the strips of every plane, and empty planes by reflection along the depth.

    The volume, (Z, Y, X) of any dtype, is left as it is; the first axis may be T as well, and
    `strips` has those of each plane. The result has no strips and is all zero only if every plane
    is empty.
    """
    empty = np.array([one.empty for one in strips], bool)
    if empty.all():
        return volume.copy()
    sources = reflected_sources(empty)
    return np.stack([strips[z].fill(volume[z]) for z in sources])


def runs(real: np.ndarray) -> list[tuple[int, int]]:
    """Return the runs of True as (start, end), end excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], real, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def reflected_sources(missing: np.ndarray) -> np.ndarray:
    """Say from which real position each position takes its value: int64 (N,).

    `missing`, bool (N,), is True where there is nothing to take; not everywhere. A real position
    takes its own, any other the mirror image in the nearer edge of the run. Real positions are
    counted without the gaps between them, and the count is reflected again at its ends when a run
    is wider than what is real beside it.
    """
    real = np.flatnonzero(~missing)
    sources = np.arange(len(missing))
    for start, end in runs(missing):
        before = int(np.searchsorted(real, start))  # how many real positions lie before
        distance = np.arange(end - start)
        from_left = before - 1 - distance
        from_right = before + distance[::-1]
        if start == 0:
            order = from_right
        elif end == len(missing):
            order = from_left
        else:
            order = np.where(distance < (end - start + 1) // 2, from_left, from_right)
        sources[start:end] = real[_reflect(order, len(real))]
    return sources


def _reflect(order: np.ndarray, length: int) -> np.ndarray:
    """Fold any integers into 0..length-1 by reflection that repeats the end."""
    folded = np.mod(order, 2 * length)
    return np.where(folded < length, folded, 2 * length - 1 - folded)
