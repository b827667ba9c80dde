"""A noisy and a restored stack side by side, read plane by plane, without strips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import StackError
from ..measure.side_by_side import LARGEST, are_equal_in_size, describe_misfit
from ..noise.sample import evenly, largest_part
from ..prepare.strips import find_strips
from ..stack import Stack
from ..words import option

MOST_EDGE_PX = 1024  # of a plane that is looked at
MOST_BROKEN = 0.01  # share of pixels that are not finite above which a plane is left out


@dataclass(frozen=True, eq=False)
class Pair:
    """One place in both files."""

    place: Mapping[str, int]  # by axis letter
    # noisy, restored: float64, shape (Y, X): finite counts, the same box of both
    noisy: np.ndarray
    restored: np.ndarray
    corner: tuple[int, int]  # of the box in the plane
    later: np.ndarray | None = None  # float64, shape (Y, X): the same box of a later noisy frame


@dataclass(frozen=True)
class Pairs:
    """Noisy and restored planes that belong together; `lay_beside` makes it."""

    noisy: Stack
    restored: Stack
    # gain and offset that bring restored counts to the noisy file's
    scale: tuple[float, float] = (1.0, 0.0)
    seed: int = 0  # decides which part of large planes is looked at

    def read(self, place: Mapping[str, int], later: int = 0) -> Pair | None:
        """Read one place, and the noisy frame `later` frames on, unless that is 0.

        None if there is nothing real in it.
        """
        noisy = self.noisy.plane(place)
        box = self._box(noisy, sum(place.values()))
        if box is None:
            return None
        restored = self.restored.plane(place)
        parts = [noisy[box], restored[box]]
        self._require_numbers(place, *parts)
        if later and place["T"] + later < self.noisy.sizes["T"]:
            parts.append(self.noisy.plane({**place, "T": place["T"] + later})[box])
        finite = [_finite(part) for part in parts]
        if any(part is None for part in finite):
            return None
        first, second, *third = (part for part in finite if part is not None)
        gain, offset = self.scale
        corner = (box[0].start, box[1].start)
        return Pair(place, first, gain * second + offset, corner, third[0] if third else None)

    def _require_numbers(
        self, place: Mapping[str, int], noisy: np.ndarray, restored: np.ndarray
    ) -> None:
        """Raise StackError where a restored part of a plane lost much that the noisy one has."""
        if restored.dtype.kind != "f":
            return
        lost = int(np.count_nonzero(~np.isfinite(restored) & np.isfinite(noisy)))
        if lost > MOST_BROKEN * restored.size:
            where = "".join(f" at {axis} {number}" for axis, number in place.items())
            raise StackError(
                f"{self.restored.name}: {lost} pixels of the plane{where} are NaN or infinite, "
                f"which {self.noisy.name} has numbers for. Restore it anew, or name another file."
            )

    def next_frame(self, pair: Pair) -> np.ndarray | None:
        """Return the same box of the next noisy frame; None if there is none."""
        following = pair.place.get("T", 0) + 1
        if following >= self.noisy.sizes.get("T", 1):
            return None
        (y, x), (height, width) = pair.corner, pair.noisy.shape
        plane = self.noisy.plane({**pair.place, "T": following})
        return _finite(plane[y : y + height, x : x + width])

    def chosen(self, most: int) -> list[dict[str, int]]:
        """Return places of planes, evenly spread."""
        return evenly(list(self.noisy.places()), most)

    def field(self, most_frames: int, edge: int) -> Iterator[Pair]:
        """Yield successive frames of one field in the middle; nothing without T."""
        n = self.noisy.sizes.get("T", 1)
        if n < 2:
            return
        others = {axis: size // 2 for axis, size in self.noisy.sizes.items() if axis in "CZ"}
        start = max(0, (n - most_frames) // 2)
        box: tuple[slice, slice] | None = None
        for t in range(start, min(n, start + most_frames)):
            place = {axis: others.get(axis, t) for axis in self.noisy.axes if axis not in "YX"}
            noisy = self.noisy.plane(place)
            if box is None:
                box = self._box(noisy, 0, edge, middle=True)
                if box is None:
                    return
            both = [_finite(plane[box]) for plane in (noisy, self.restored.plane(place))]
            if both[0] is None or both[1] is None:
                continue
            gain, offset = self.scale
            yield Pair(place, both[0], gain * both[1] + offset, (box[0].start, box[1].start))

    def _box(
        self, plane: np.ndarray, number: int, edge: int = MOST_EDGE_PX, *, middle: bool = False
    ) -> tuple[slice, slice] | None:
        """The largest box without strips, a part of it if it is very large."""
        rng = None if middle else np.random.default_rng([self.seed, number])
        return largest_part(find_strips(plane).boxes(), edge, rng)


def lay_beside(noisy: Stack, restored: Stack, seed: int = 0) -> Pairs:
    """Check that both have equal sizes; axes of length 1 may be missing.

    Raises
    ------
    StackError
        If sizes differ.
    """
    if not are_equal_in_size(noisy, restored):
        raise StackError(
            f"{describe_misfit(restored, 'restored', noisy, 'noisy')} Give the file that was "
            f"restored, or the right {option('axes')}."
        )
    return Pairs(noisy, restored, seed=seed)


def _finite(part: np.ndarray) -> np.ndarray | None:
    """The part in float64, broken pixels replaced by the median; None if there are many."""
    values = part.astype(np.float64)
    broken = ~(np.abs(values) <= LARGEST)  # true for NaN
    if broken.any():
        if broken.mean() > MOST_BROKEN:
            return None
        values[broken] = np.median(values[~broken])
    return values
