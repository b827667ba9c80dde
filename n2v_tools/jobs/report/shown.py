"""Windows that a report shows: some planes of a stack, and a part of each that is large.

Pictures are never made smaller: averaged pixels would hide the noise that the page is
about. A plane that is too large is shown by the window with most structure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import StackError
from ...measure.scaling import Scaling
from ...prepare.gaps import find_data
from ...prepare.strips import find_strips
from ...preview.before_after import find_detail
from ...stack import Stack
from ...words import option
from .sources import Sources

PICTURES_BYTES = 3_000_000  # of all pictures; a page holds them a third larger
LARGEST_EDGE_PX = 512
SEARCHED_PX = 2048  # edge of the middle of a plane in which the window is looked for
MAP_EDGE_PX = 160
PLANES = 3
MOST_VIEWS = 4
TRIES = 16

Place = Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Window:
    """A window of one plane in all files."""

    place: Place  # by axis letter
    rows: slice
    columns: slice
    # by role, float64, shape (Y, X), in counts: "noisy", "restored" and, if there are any,
    # "clean", "uncertainty"; NaN in strips
    planes: Mapping[str, np.ndarray]
    data: np.ndarray  # bool, shape (Y, X): where the noisy plane has data, as grey levels need it
    whole: np.ndarray  # shape (Y, X): the restored plane, thinned out to at most `MAP_EDGE_PX`
    shape: tuple[int, int]  # of the plane

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the plane is left out."""
        return self.planes["noisy"].shape == self.shape


def read_windows(sources: Sources, scalings: Sequence[Scaling] = ()) -> list[Window]:
    """Choose planes that are not empty, and in each the window that is shown.

    `scalings` of each channel go from restored to clean counts: the clean planes are scaled back.
    """
    stacks = sources.stacks
    places = choose_places(sources.restored)
    n_pictures = len(places) * (len(stacks) + 1)
    edge = min(LARGEST_EDGE_PX, math.isqrt(PICTURES_BYTES // n_pictures))
    windows: list[Window] = []
    for place in places:
        found = _first_with_image(sources.restored, place)
        if found is not None and all(found[0] != window.place for window in windows):
            window = _cut(stacks, *found, edge)
            if scalings:
                scaling = scalings[window.place.get("C", 0)]
                clean = window.planes["clean"]
                clean[:] = (clean - scaling.offset) / (scaling.gain or 1.0)
            windows.append(window)
    if not windows:
        raise StackError(
            f"{sources.restored.name}: every plane looked at is empty, so there is nothing to "
            f"report on. Was it restored with the right {option('axes')}?"
        )
    return windows


def choose_places(stack: Stack) -> list[dict[str, int]]:
    """Choose planes spread evenly over channels, T and Z, at most `MOST_VIEWS`.

    Where both T and Z are long, depth changes with time, so that both are seen.
    """
    n_channels = min(MOST_VIEWS, stack.sizes.get("C", 1))
    n_each = min(PLANES, max(1, MOST_VIEWS // n_channels))
    times = _spread(stack.sizes.get("T", 1), n_each)
    depths = _spread(stack.sizes.get("Z", 1), n_each)
    n = max(len(times), len(depths))
    outer = [axis for axis in stack.axes if axis not in "YX"]
    return [
        {axis: {"C": c, "T": times[k % len(times)], "Z": depths[k % len(depths)]}[axis]
         for axis in outer}
        for c in range(n_channels)
        for k in range(n)
    ]  # fmt: skip


def _spread(size: int, n: int) -> list[int]:
    """Middles of `n` equal parts of an axis."""
    n = min(n, size)
    return [(2 * k + 1) * size // (2 * n) for k in range(n)]


def _first_with_image(
    stack: Stack, place: dict[str, int]
) -> tuple[dict[str, int], np.ndarray] | None:
    """Return the place, or one soon after it along Z or T, with its plane."""
    axis = next((a for a in "ZT" if stack.sizes.get(a, 1) > 1), None)
    for step in range(1 if axis is None else min(TRIES, stack.sizes[axis])):
        there = dict(place)
        if axis is not None:
            there[axis] = (place[axis] + step) % stack.sizes[axis]
        plane = stack.plane(there)
        if not find_strips(plane).empty:
            return there, plane
    return None


def _cut(
    stacks: Mapping[str, Stack], place: dict[str, int], restored: np.ndarray, edge: int
) -> Window:
    height, width = restored.shape
    rows, columns = slice(0, height), slice(0, width)
    planes = {
        role: restored if role == "restored" else stack.plane(place)
        for role, stack in stacks.items()
    }
    empty = find_strips(planes["noisy"]) | find_strips(restored)
    data = find_data(planes["noisy"]) & np.outer(~empty.rows, ~empty.columns)
    if height * width > edge**2:
        size = _window_size(height, width, edge)
        middle = tuple(
            slice(max(0, (n - SEARCHED_PX) // 2), (n + SEARCHED_PX + 1) // 2)
            for n in (height, width)
        )
        part = restored[middle].astype(np.float64)
        valid = data[middle] & np.isfinite(part)
        found = find_detail(np.where(valid, part, 0), valid, size)
        rows, columns = (
            slice(one.start + own.start, one.stop + own.start)
            for one, own in zip(found, middle, strict=True)
        )
    planes = {role: plane[rows, columns].astype(np.float64) for role, plane in planes.items()}
    for plane in planes.values():  # strips hold no image: neither grey levels nor lines
        plane[empty.rows[rows]] = np.nan
        plane[:, empty.columns[columns]] = np.nan
    every = max(1, -(-max(height, width) // MAP_EDGE_PX))
    whole = restored[::every, ::every].astype(np.float64)
    return Window(place, rows, columns, planes, data[rows, columns], whole, (height, width))


def _window_size(height: int, width: int, edge: int) -> tuple[int, int]:
    """Return a window of at most ``edge**2`` pixels inside the plane, square if possible."""
    short = min(height, width, edge)
    long = min(max(height, width), SEARCHED_PX, edge**2 // short)
    return (short, long) if height <= width else (long, short)
