"""Some planes of a stack: enough to measure its noise, never the whole file.

Planes are spread evenly over the stack; runs are neighbours along T or Z, from which
frame differences come. Strips are cut away, and what else is no data is filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TypeVar

import numpy as np

from ..prepare.gaps import fill_gaps, find_gaps
from ..prepare.strips import Strips
from ..stack import Stack

P = TypeVar("P")

MOST_PX = 6_000_000
MOST_EDGE_PX = 512  # of a crop: more planes show more than larger ones
LEAST_EDGE_PX = 16
RUN_PLANES = 16
MOST_BROKEN = 0.01  # share of pixels that are not finite above which a crop is left out


@dataclass(frozen=True)
class Sample:
    """Crops of some planes."""

    # float32, shape (Y, X): counts, without strips; evenly spread over the stack
    planes: tuple[np.ndarray, ...]
    channels: tuple[int, ...]  # channel of each of `planes`
    # by axis letter, float32, shape (n, Y, X): neighbours along T and along Z, n of 2 or more, one
    # crop each
    runs: Mapping[str, tuple[np.ndarray, ...]]
    n_planes: int  # planes of the whole stack

    @property
    def pairs(self) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
        """Each plane of a run with the next, by axis; no plane is in two pairs."""
        return {
            axis: [(run[i], run[i + 1]) for run in runs for i in range(0, len(run) - 1, 2)]
            for axis, runs in self.runs.items()
        }

    @property
    def successive(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Pairs along T, else along Z; may be empty."""
        pairs = self.pairs
        return pairs.get("T") or pairs.get("Z") or []


def read_sample(
    stack: Stack, seed: int = 0, most_px: int = MOST_PX, *, keep_strips: bool = False
) -> Sample:
    """Read some planes of a stack of any axes, about `most_px` pixels: a third for each kind.

    `seed` decides where crops of large planes lie; with `keep_strips` zeros are data. Without
    planes if all are empty, broken, or smaller than 16 px.
    """
    rng = np.random.default_rng(seed)
    places = list(stack.places())
    edges = [min(stack.sizes[axis], MOST_EDGE_PX) for axis in "YX"]
    n_planes = max(1, most_px // 3 // (edges[0] * edges[1]))
    crops = _Crops(stack, rng, keep_strips)
    planes, channels = [], []
    for place in evenly(places, n_planes):
        found = crops.read([place])
        if found is not None:
            planes.append(found[0])
            channels.append(place.get("C", 0))
    runs = {}
    for axis in "TZ":
        if stack.sizes.get(axis, 1) > 1:
            made = [crops.read(run) for run in _runs(places, axis, n_planes)]
            kept = tuple(run for run in made if run is not None)
            if kept:
                runs[axis] = kept
    return Sample(tuple(planes), tuple(channels), runs, len(places))


class _Crops:
    """Reads planes and cuts one box out of them that is real in each."""

    def __init__(self, stack: Stack, rng: np.random.Generator, keep_strips: bool) -> None:
        self.stack, self.rng, self.keep_strips = stack, rng, keep_strips

    def read(self, places: Sequence[Mapping[str, int]]) -> np.ndarray | None:
        """Crops (n, Y, X) of planes at one box; None if there is nothing to crop."""
        planes = [self.stack.plane(place) for place in places]
        found = [find_gaps(plane, keep_strips=self.keep_strips) for plane in planes]
        box = self._box([strips for strips, _ in found])
        if box is None:
            return None
        for i, (strips, gaps) in enumerate(found):
            if gaps is not None:
                planes[i] = fill_gaps(planes[i], gaps.mask, strips)
        crops = np.stack([plane[box] for plane in planes]).astype(np.float32)
        broken = ~np.isfinite(crops)
        if broken.mean() > MOST_BROKEN:
            return None
        if broken.any():
            crops[broken] = np.median(crops[~broken])
        return crops

    def _box(self, found: Sequence[Strips]) -> tuple[slice, slice] | None:
        """The largest box without strips, cut down to the size that is wanted."""
        return largest_part(reduce(or_, found).boxes(), MOST_EDGE_PX, self.rng)


def largest_part(
    boxes: Iterable[tuple[int, int, int, int]], edge: int, rng: np.random.Generator | None
) -> tuple[slice, slice] | None:
    """Cut the largest box, (y0, y1, x0, x1), down to `edge` px: where `rng` says, or its middle.

    None if no box is as wide as 16 px.
    """
    wide = [b for b in boxes if min(b[1] - b[0], b[3] - b[2]) >= LEAST_EDGE_PX]
    if not wide:
        return None
    y0, y1, x0, x1 = max(wide, key=lambda b: (b[1] - b[0]) * (b[3] - b[2]))

    def part(start: int, end: int) -> slice:
        spare = max(0, end - start - edge)
        start += spare // 2 if rng is None else int(rng.integers(spare + 1))
        return slice(start, min(end, start + edge))

    return part(y0, y1), part(x0, x1)


def evenly(places: Sequence[P], n: int) -> list[P]:
    """At most `n` of some places or pieces, evenly spread."""
    chosen = np.unique(np.linspace(0, len(places) - 1, min(n, len(places))).round().astype(int))
    return [places[i] for i in chosen]


def _runs(
    places: Sequence[Mapping[str, int]], axis: str, n_planes: int
) -> Iterator[list[Mapping[str, int]]]:
    """Places of neighbours along `axis`: runs of `RUN_PLANES` or fewer, evenly spread."""
    size = 1 + max(place[axis] for place in places)
    length = min(size, RUN_PLANES, max(2, n_planes))
    starts = [p for p in places if p[axis] % length == 0 and p[axis] + length <= size]
    for start in evenly(starts, max(1, n_planes // length)):
        yield [{**start, axis: start[axis] + i} for i in range(length)]
