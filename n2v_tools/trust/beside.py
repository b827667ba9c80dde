"""A noisy and a restored stack side by side, plane by plane, without strips and gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from ..errors import StackError
from ..measure.side_by_side import are_equal_in_size, describe_misfit
from ..noise.sample import evenly, largest_part
from ..prepare.gaps import Gaps, clear_boxes, find_gaps
from ..prepare.strips import find_strips
from ..stack import LARGEST_COUNT, Stack
from ..words import option

MOST_EDGE_PX = 1024  # of a plane that is looked at
MOST_BROKEN = 0.01  # share of pixels that are not finite above which a plane is left out
MOST_COVERED = 0.05  # share of the pixels, around those that are no data
TRACE_PX = 3  # around a lone pixel, where a restored image may show a trace of it


@dataclass(frozen=True, eq=False)
class Pair:
    """One place in both files."""

    place: Mapping[str, int]  # by axis letter
    # noisy, restored: float64, shape (Y, X): finite counts, the same box of both
    noisy: np.ndarray
    restored: np.ndarray
    corner: tuple[int, int]  # of the box in the plane
    later: np.ndarray | None = None  # float64, shape (Y, X): the same box of a later noisy frame
    # of lone pixels that were covered, float64, shape (N, 2): which share of the rise of each the
    # restored plane shows in that pixel and, on average, in its eight neighbours
    traces: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))


@dataclass(frozen=True)
class Pairs:
    """Noisy and restored planes that belong together; `lay_beside` makes it."""

    noisy: Stack
    restored: Stack
    # gain and offset that bring restored counts to the noisy file's
    scale: tuple[float, float] = (1.0, 0.0)
    seed: int = 0  # decides which part of large planes is looked at
    # places of noisy planes in which no gap was found, so that none is looked for again
    _clean: set[frozenset[tuple[str, int]]] = field(default_factory=set, repr=False)

    def read(self, place: Mapping[str, int], later: int = 0) -> Pair | None:
        """Read one place, and the noisy frame `later` frames on, unless that is 0.

        None if there is nothing real in it.
        """
        noisy = self.noisy.plane(place)
        box = self._box(place, noisy, sum(place.values()))
        if box is None:
            return None
        return self._pair(place, box, noisy, later)

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
        place = {**pair.place, "T": following}
        part = _finite(self.noisy.plane(place)[y : y + height, x : x + width])
        gaps = None if part is None else self._find_gaps(place, part)
        if part is None or gaps is None:
            return part
        return part[cover(np.argwhere(gaps.mask), part.shape, 0)]

    def chosen(self, most: int) -> list[dict[str, int]]:
        """Return places of planes, evenly spread."""
        return evenly(list(self.noisy.places()), most)

    @property
    def axis(self) -> str:
        """Along which planes follow each other: T, else Z, else empty."""
        return next((axis for axis in "TZ" if self.noisy.sizes.get(axis, 1) > 1), "")

    def field(self, most: int, edge: int) -> Iterator[Pair]:
        """Yield successive frames of one field in the middle, along `axis`."""
        axis = self.axis
        if not axis:
            return
        n = self.noisy.sizes[axis]
        middle = {one: size // 2 for one, size in self.noisy.sizes.items() if one not in "YX"}
        start = max(0, (n - most) // 2)
        box: tuple[slice, slice] | None = None
        for number in range(start, min(n, start + most)):
            place = {**middle, axis: number}
            noisy = self.noisy.plane(place)
            if box is None:
                box = self._box(place, noisy, 0, edge, middle=True)
                if box is None:
                    return
            pair = self._pair(place, box, noisy)
            if pair is not None:
                yield pair

    def _pair(
        self, place: Mapping[str, int], box: tuple[slice, slice], noisy: np.ndarray, later: int = 0
    ) -> Pair | None:
        """The box of one place in both files, whose noisy plane was read."""
        parts, at = [noisy[box], self.restored.plane(place)[box]], [place]
        self._require_numbers(place, *parts)
        if later and place["T"] + later < self.noisy.sizes["T"]:
            at.append({**place, "T": place["T"] + later})
            parts.append(self.noisy.plane(at[1])[box])
        finite = [part for part in map(_finite, parts) if part is not None]
        if len(finite) < len(parts):
            return None
        gain, offset = self.scale
        finite[1] = gain * finite[1] + offset
        found = list(map(self._find_gaps, at, (finite[0], *finite[2:])))
        lone = np.empty((0, 2), np.int64) if found[0] is None else np.argwhere(found[0].lone)
        traces = _traces(finite[0], finite[1], lone)
        masks = [gaps.mask for gaps in found if gaps is not None]
        if masks:
            spots = np.argwhere(np.logical_or.reduce(masks))
            source = cover(spots, finite[0].shape, TRACE_PX)
            finite = [part[source] for part in finite]
        first, second, *third = finite
        corner = (box[0].start, box[1].start)
        return Pair(place, first, second, corner, third[0] if third else None, traces)

    def _box(
        self,
        place: Mapping[str, int],
        plane: np.ndarray,
        number: int,
        edge: int = MOST_EDGE_PX,
        *,
        middle: bool = False,
    ) -> tuple[slice, slice] | None:
        """The largest box without strips and regions, a part of it if it is very large."""
        rng = None if middle else np.random.default_rng([self.seed, number])
        key = frozenset(place.items())
        strips, gaps = (find_strips(plane), None) if key in self._clean else find_gaps(plane)
        if gaps is None:
            self._clean.add(key)
        clear = largest_part(clear_boxes(strips, gaps), edge, rng)
        # Where regions leave no room, those in the box are covered.
        return clear if clear is not None else largest_part(strips.boxes(), edge, rng)

    def _find_gaps(self, place: Mapping[str, int], part: np.ndarray) -> Gaps | None:
        """What is no data in a part of the noisy plane at a place, of finite counts."""
        key = frozenset(place.items())
        if key in self._clean:
            return None
        _, gaps = find_gaps(part)
        if gaps is None and part.shape == tuple(self.noisy.sizes[axis] for axis in "YX"):
            self._clean.add(key)
        return gaps


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
    broken = ~(np.abs(values) <= LARGEST_COUNT)  # true for NaN
    if broken.any():
        if broken.mean() > MOST_BROKEN:
            return None
        values[broken] = np.median(values[~broken])
    return values


def _traces(noisy: np.ndarray, restored: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """Shares of the rise of noisy pixels that restored ones and their neighbours show, (N, 2)."""
    rises = []
    for plane in (noisy, restored):
        padded = np.pad(plane, TRACE_PX, mode="reflect")
        edge = 2 * TRACE_PX + 1
        around = np.lib.stride_tricks.sliding_window_view(padded, (edge, edge))[tuple(spots.T)]
        near = around[:, TRACE_PX - 1 : TRACE_PX + 2, TRACE_PX - 1 : TRACE_PX + 2]
        middle, ring = near[:, 1, 1], (near.sum(axis=(1, 2)) - near[:, 1, 1]) / 8
        level = np.median(around.reshape(-1, edge * edge), axis=1)
        rises.append(np.stack([middle - level, ring - level], axis=1))
    return np.asarray(rises[1] / rises[0][:, :1])


def cover(spots: np.ndarray, shape: tuple[int, ...], reach_px: int) -> tuple[np.ndarray, ...]:
    """Say from where each pixel takes its value so that some pixels and those around are covered.

    Indexing planes of `shape` (Y, X) by what is returned copies the nearest pixels that are left,
    the same in each plane, so that what planes have in common stays. `reach_px` is how far around
    `spots`, shape (N, 2); less is covered where that would be more than a twentieth of the plane.
    """
    asked = np.zeros(shape, bool)
    asked[tuple(spots.T)] = True
    for reach in range(reach_px, -1, -1):
        covered = ndimage.maximum_filter(asked, 2 * reach + 1)
        if covered.mean() <= MOST_COVERED:
            break
    return tuple(
        ndimage.distance_transform_edt(covered, return_distances=False, return_indices=True)
    )
