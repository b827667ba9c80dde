"""From planes read to planes restored: a model's own pace between reader and writer.

A 2D model takes planes, several at once if they are small; a 3D model takes a volume in
slabs, and each plane is held exactly as long as a slab needs it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import StackError
from ..methods.base import Restorer
from ..methods.video.restorer import MovieRestorer, restore_movie
from ..stack import Stack
from .cover import TilePlan, Window
from .match import AxesMatch
from .planes import Place, Plane, read_depth, read_plane


@dataclass(frozen=True)
class Flow:
    """The steps between reading and writing, for 2D and 3D models alike."""

    stack: Stack
    restorer: Restorer
    plan: TilePlan
    layout: AxesMatch
    keep_strips: bool

    def read(self) -> Iterator[Plane]:
        """Yield the planes of one field after the other."""
        for field in self.layout.fields:
            places = self.layout.planes(field)
            if self.layout.depth is None:
                yield read_plane(self.stack, places[0], keep_strips=self.keep_strips)
            else:
                yield from read_depth(self.stack, places, keep_strips=self.keep_strips)

    def restore(self, planes: Iterator[Plane]) -> Iterator[tuple[Plane, np.ndarray | None]]:
        """Yield each plane with what the net made of it; None if it is empty."""
        if self.layout.depth is None:
            yield from self._restore_planes(planes)
            return
        n_deep = self.layout.sizes[0]
        for field in self.layout.fields:
            volume = itertools.islice(planes, n_deep)
            if isinstance(self.restorer, MovieRestorer):
                yield from restore_movie(self.restorer, self.plan, volume, n_deep)
            else:
                yield from self._restore_volume(volume, self._still(field))

    def _still(self, field: Place) -> np.ndarray | None:
        """Deviation of the mean over all frames (Y, X, C) from its own mean, in counts.

        For restorers that take frames counted from it; None for any other. The frames are read
        once more for it.
        """
        if not getattr(self.restorer, "subtracts_still", False):
            return None
        places = self.layout.planes(field)
        total, n = None, 0
        for plane in read_depth(self.stack, places, keep_strips=self.keep_strips):
            if plane.values is None:  # then all are
                return None
            total = plane.values.astype(np.float64) if total is None else total + plane.values
            n += 1
        if total is None:
            return None
        still = total / n
        return (still - still.mean(axis=(0, 1))).astype(np.float32)

    def _restore_planes(self, planes: Iterator[Plane]) -> Iterator[tuple[Plane, np.ndarray | None]]:
        group: list[Plane] = []
        for plane in planes:
            if plane.values is None:
                yield plane, None
                continue
            group.append(plane)
            if len(group) == self.plan.batch:
                yield from self._restore_group(group)
                group = []
        if group:
            yield from self._restore_group(group)

    def _restore_group(self, group: Sequence[Plane]) -> Iterator[tuple[Plane, np.ndarray]]:
        restored = self._predict([plane.values for plane in group], range(len(group)))
        yield from zip(group, restored, strict=True)

    def _restore_volume(
        self, planes: Iterator[Plane], still: np.ndarray | None
    ) -> Iterator[tuple[Plane, np.ndarray | None]]:
        """Restore a volume in slabs; each plane is read once and kept while a slab needs it."""
        sources = self.plan.sources(0)
        slabs = self.plan.windows(slice(0, 1))
        held: dict[int, np.ndarray | None] = {}
        waiting: dict[int, Plane] = {}
        n_read = 0
        for window, following in itertools.zip_longest(slabs, slabs[1:]):
            needed = sources[window.read[0]].tolist()
            while n_read <= max(needed):
                plane = next(planes)
                held[n_read] = plane.values
                waiting[n_read] = Plane(None, plane.places, plane.strips, plane.broken)
                n_read += 1
            slab = [held[i] for i in needed]
            good = range(*window.write[0].indices(self.plan.sizes[0]))
            later = set() if following is None else set(sources[following.read[0]].tolist())
            for i in set(held) - later:
                del held[i]
            if any(values is None for values in slab):  # then the whole volume is empty
                yield from ((waiting.pop(i), None) for i in good)
                continue
            depths = range(*window.keep[0].indices(len(slab)))
            restored = self._predict(slab, depths, still)
            del slab
            restored.reverse()
            for i in good:
                yield waiting.pop(i), restored.pop()

    def _predict(
        self, planes: Sequence[np.ndarray], kept: Iterable[int], still: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Predict planes (Y, X, C), a batch or one slab, less `still`; return those kept."""
        deep = self.layout.depth is not None
        kept = list(kept)
        rows, columns = self.plan.sizes[-2:]
        restored = [np.empty((rows, columns, planes[0].shape[-1]), np.float32) for _ in kept]
        sources = [self.plan.sources(axis) for axis in (-2, -1)]
        for window in self.plan.windows(slice(-2, None)):
            places = [one[read] for one, read in zip(sources, window.read, strict=True)]
            tiles = np.stack([_cut(plane, *places) for plane in planes])
            tiles = tiles.astype(np.float32, copy=False)
            if still is not None:
                tiles -= _cut(still, *places)
            predicted = self.restorer.predict(tiles[np.newaxis] if deep else tiles)
            predicted = predicted[0] if deep else predicted
            _require_finite_prediction(predicted, window, self.restorer.name, self.stack.name)
            for plane, i in zip(restored, kept, strict=True):
                plane[window.write] = predicted[i][window.keep]
        if still is not None:
            for plane in restored:
                plane += still
        return restored


def _cut(plane: np.ndarray, *places: np.ndarray) -> np.ndarray:
    """Cut rows and columns at `places` out of a plane (Y, X, C); a view where they are one run."""
    for axis, at in enumerate(places):
        if at[-1] - at[0] == len(at) - 1 and (np.diff(at) == 1).all():
            at = slice(at[0], at[-1] + 1)
            plane = plane[at] if axis == 0 else plane[:, at]
        else:
            plane = plane.take(at, axis=axis)
    return plane


def _require_finite_prediction(
    predicted: np.ndarray, window: Window, model: str, stack: str
) -> None:
    n_broken = predicted.size - int(np.count_nonzero(np.isfinite(predicted)))
    if n_broken:
        raise StackError(
            f"{stack}: {n_broken} of {predicted.size} pixels that the model {model} restored "
            f"near Y {window.write[0].start}, X {window.write[1].start} are NaN or infinite. Its "
            "training has probably diverged: see training.csv in the model folder and train with "
            "a lower learning rate."
        )
