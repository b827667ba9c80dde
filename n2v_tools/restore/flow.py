"""Planes on their way through a Restorer, at its own pace between reader and writer.

A 2D Restorer takes planes, several at once if they are small; a 3D one takes a volume in
slabs, and a sliding one goes through it plane by plane. Each plane is read once and held
exactly as long as it is needed.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..contracts import Place, Restorer, SlidingRestorer, Where
from ..errors import StackError
from ..stack import Stack
from .cover import TilePlan, Window
from .match import AxesMatch
from .planes import Plane, read_depth, read_plane

Restored = Iterator[tuple[Plane, np.ndarray | None]]


@dataclass(frozen=True)
class Flow:
    """The steps between reading and writing, for 2D and 3D Restorers alike."""

    stack: Stack
    restorer: Restorer
    plan: TilePlan
    layout: AxesMatch
    keep_strips: bool

    def read(self) -> Iterator[Plane]:
        """Yield the planes of one field after the other."""
        for field in self.layout.fields:
            yield from self._read_field(field)

    def restore(self, planes: Iterator[Plane]) -> Restored:
        """Yield each plane with what became of it, all outputs in a row; None if it is empty."""
        if self.layout.depth is None and not self.restorer.looks_through:
            yield from self._in_groups(planes)
            return
        n_planes = 1 if self.layout.depth is None else self.layout.sizes[0]
        for field in self.layout.fields:
            mine = itertools.islice(planes, n_planes)
            restorer = self.restorer.for_channel(field["C"]) if "C" in field else self.restorer
            for _ in range(restorer.looks_through):  # its planes are read once more for each look
                seen = (plane.values for plane in self._read_field(field))
                restorer = restorer.for_field(seen)
            if self.layout.depth is None:
                yield from self._in_groups(mine, restorer)
            elif isinstance(restorer, SlidingRestorer):
                yield from self._sliding(mine, restorer, n_planes)
            else:
                yield from self._in_slabs(mine, restorer)

    def _read_field(self, field: Place) -> Iterator[Plane]:
        places = self.layout.planes(field)
        if self.layout.depth is None:
            planes = iter([read_plane(self.stack, places[0], keep_strips=self.keep_strips)])
        else:
            planes = read_depth(self.stack, places, keep_strips=self.keep_strips)
        keeps_mean = self.restorer.keeps_mean(field)
        yield from (one.with_mean() for one in planes) if keeps_mean else planes

    def _in_groups(self, planes: Iterator[Plane], restorer: Restorer | None = None) -> Restored:
        """Restore planes, as many at once as the plan says."""
        restorer = restorer or self.restorer
        group: list[Plane] = []
        for plane in itertools.chain(planes, [None]):
            if plane is not None and plane.values is not None:
                group.append(plane)
            if group and (plane is None or len(group) == self.plan.batch):
                held = [one.values for one in group if one.values is not None]
                at = tuple(one.places[0] for one in group)
                yield from zip(
                    group, self._predict(restorer, held, at, range(len(group))), strict=True
                )
                group = []
            if plane is not None and plane.values is None:
                yield plane, None

    def _in_slabs(self, planes: Iterator[Plane], restorer: Restorer) -> Restored:
        """Restore a volume in slabs; each plane is read once and kept while a slab needs it."""
        sources = self.plan.sources(0)
        slabs = self.plan.windows(slice(0, 1))
        held = _Held(planes)
        for window, following in itertools.zip_longest(slabs, slabs[1:]):
            needed = sources[window.read[0]].tolist()
            held.read_to(max(needed))
            slab = [values for i in needed if (values := held.values[i]) is not None]
            places = tuple(held.places[i] for i in needed)
            good = range(*window.write[0].indices(self.plan.sizes[0]))
            held.keep(set() if following is None else set(sources[following.read[0]].tolist()))
            if len(slab) < len(needed):  # then the whole volume is empty
                yield from ((held.waiting.pop(i), None) for i in good)
                continue
            depths = range(*window.keep[0].indices(len(slab)))
            restored = self._predict(restorer, slab, places, depths)
            del slab
            restored.reverse()
            for i in good:
                yield held.waiting.pop(i), restored.pop()

    def _sliding(
        self, planes: Iterator[Plane], restorer: SlidingRestorer, n_planes: int
    ) -> Restored:
        """Restore a movie or volume plane by plane, from what is carried along."""
        going = restorer.open(n_planes)
        held = _Held(planes, channel=0)
        for t in range(n_planes):
            first, last = going.needs(t)
            held.read_to(last)
            planes_held = {i: values for i, values in held.values.items() if values is not None}
            if len(planes_held) < len(held.values):  # then all are empty
                yield from ((held.waiting.pop(i), None) for i in sorted(held.waiting))
                yield from ((plane, None) for plane in planes)
                return
            going.move_to(t, planes_held)
            (restored,) = self._tiled((held.places[t],), len(restorer.outputs), [0], going.predict)
            yield held.waiting.pop(t), restored
            held.keep({number for number in held.values if number >= first})

    def _predict(
        self,
        restorer: Restorer,
        planes: Sequence[np.ndarray],
        places: tuple[Place, ...],
        kept: Iterable[int],
    ) -> list[np.ndarray]:
        """Predict planes (Y, X, C), a batch or one slab; return those kept."""
        deep = self.layout.depth is not None

        def predict(at: Where) -> np.ndarray:
            tiles = np.stack([at.cut(plane) for plane in planes]).astype(np.float32, copy=False)
            predicted = restorer.predict(tiles[np.newaxis] if deep else tiles, at)
            return predicted[0] if deep else predicted

        n_channels = planes[0].shape[-1] * len(restorer.outputs)
        return self._tiled(places, n_channels, list(kept), predict)

    def _tiled(
        self,
        places: tuple[Place, ...],
        n_channels: int,
        kept: Sequence[int],
        predict: Callable[[Where], np.ndarray],
    ) -> list[np.ndarray]:
        """Put planes (Y, X, C) together from tiles in Y and X; return those kept."""
        rows, columns = self.plan.sizes[-2:]
        restored = [np.empty((rows, columns, n_channels), np.float32) for _ in kept]
        sources = [self.plan.sources(axis) for axis in (-2, -1)]
        for window in self.plan.windows(slice(-2, None)):
            cut = [one[read] for one, read in zip(sources, window.read, strict=True)]
            predicted = predict(Where(places, cut[0], cut[1], (rows, columns)))
            predicted = predicted.reshape(-1, *predicted.shape[-3:])
            _require_finite_prediction(predicted, window, self.restorer.name, self.stack.name)
            for plane, i in zip(restored, kept, strict=True):
                plane[window.write] = predicted[i][window.keep]
        return restored


class _Held:
    """Planes of one field, read in order and held as long as they are needed.

    `channel` is the only channel that is held; None: all of them. By the number of a plane:
    `values` and `places` are its pixels and place, and `waiting` is what is to be put back.
    """

    def __init__(self, planes: Iterator[Plane], channel: int | None = None) -> None:
        self._planes, self._channel = planes, channel
        self._n_read = 0
        self.values: dict[int, np.ndarray | None] = {}
        self.places: dict[int, Place] = {}
        self.waiting: dict[int, Plane] = {}

    def read_to(self, last: int) -> None:
        """Read on until plane `last` was read."""
        while self._n_read <= last:
            plane = next(self._planes)
            values = plane.values
            if values is not None and self._channel is not None:
                values = values[..., self._channel]
            self.values[self._n_read] = values
            self.places[self._n_read] = plane.places[0]
            self.waiting[self._n_read] = dataclasses.replace(plane, values=None)
            self._n_read += 1

    def keep(self, numbers: set[int]) -> None:
        """Give back the memory of all planes but these."""
        for number in set(self.values) - numbers:
            del self.values[number], self.places[number]


def _require_finite_prediction(
    predicted: np.ndarray, window: Window, model: str, stack: str
) -> None:
    n_broken = predicted.size - int(np.count_nonzero(np.isfinite(predicted)))
    if n_broken:
        raise StackError(
            f"{stack}: {n_broken} of {predicted.size} pixels that the model {model} restored "
            f"near Y {window.write[0].start}, X {window.write[1].start} are NaN or infinite. If "
            "the file holds counts of usual size, its training has probably diverged: see "
            "training.csv in the model folder and train with a lower learning rate. Else divide "
            "the file by a constant."
        )
