"""The Restorer of a movie: what the U-Net finds in each frame is kept while a context needs it."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ... import keras_backend
from ...contracts import Opening, Restorer, Where
from ...errors import SettingsError
from ...prepare.symmetry import Symmetry, symmetries
from ...restore.cover import DEFAULT_MARGIN_BYTES, DEFAULT_MEMORY_BYTES, TilePlan, plan_tiles
from ...restore.wrapped import Wrapped
from .looks import MovieFacts
from .net import CellMincerNet
from .one_piece import whole_plan
from .section import Record
from .sizes import EMBEDDING, TIME

AT_ONCE = 8  # a tile's frames are looked at in so many parts
USUAL_FRAMES = 64  # of a tile, for which memory is declared


def open_restorer(opening: Opening) -> Restorer:
    """Make the Restorer of a trained net."""
    record: Record = opening.record
    runs = Runs(opening.net, record)
    return CellMincerRestorer(runs, record, MovieFacts(record.preparing))


@dataclass(frozen=True)
class CellMincerRestorer(Wrapped):
    """A Restorer of movies that looks through each before it restores it.

    Its trend is taken off and it is divided by its deviation; `inner` restores what is left.
    """

    inner: Restorer  # restores runs of frames with features: `Runs`, or what is around it
    record: Record
    movie: MovieFacts  # what was found in the movie that is restored

    n_channels: ClassVar[int] = 1  # type: ignore[misc]
    fits_brightness: ClassVar[bool] = True  # type: ignore[misc]

    @property
    def looks_through(self) -> int:  # type: ignore[override]
        """As often as the preparation needs."""
        return len(self.record.preparing.looks)

    @property
    def no_uncertainty(self) -> str:  # type: ignore[override]
        """Noise cannot be added: features of the movie would know nothing of it."""
        return (
            f"the model {self.name} is told features of the whole movie, which noise cannot be "
            "added to yet. Take another method for a map of the uncertainty"
        )

    def for_field(self, planes: Iterator[np.ndarray | None]) -> Restorer:
        """Return the Restorer that has looked at one movie once more."""
        done = self.movie.n_looks == self.looks_through  # of the movie before
        movie = MovieFacts(self.record.preparing) if done else self.movie
        return dataclasses.replace(self, movie=movie.look(planes))

    def own_cover(self, sizes: tuple[int, ...], memory_bytes: int | None) -> TilePlan | None:
        """Tiles of as many frames as the memory allows; whole planes where corners stay in place.

        SettingsError if `memory_bytes` is too small for the smallest tile.
        """
        net = self.record.net
        if net.corners and not net.padded:
            return whole_plan(sizes, net, self._bytes_per_column, memory_bytes)
        least = min(net.context, sizes[0])
        default = DEFAULT_MARGIN_BYTES if self.margin_px else DEFAULT_MEMORY_BYTES
        n_frames = sizes[0]
        while n_frames > least:  # a tile costs a context more than it restores: long ones cost less
            with suppress(SettingsError):
                plan = self._tiles_of(sizes, n_frames, memory_bytes or default)
                if plan.edges[0] >= n_frames:
                    return plan
            n_frames = max(least, n_frames * 3 // 4)
        return self._tiles_of(sizes, least, memory_bytes)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, T, Y, X, 1), counts, of the movie that was looked through."""
        if at is None or self.movie.features is None:
            raise ValueError("what a movie is told depends on where tiles lie in it")
        numbers = [place.get("T", number) for number, place in enumerate(at.planes)]
        maps = np.moveaxis(at.cut(self.movie.features.maps), -1, 0)[..., np.newaxis]
        restored = np.empty_like(tiles)
        for tile, out in zip(tiles, restored, strict=True):
            frames = self.movie.prepared(tile[..., 0], numbers, at.cut)[..., np.newaxis]
            answer = self.inner.predict(np.concatenate([maps, frames])[np.newaxis])[0]
            out[:] = answer[len(maps) :]
            self._copy_ends(out, numbers)
            self.movie.put_back(out[..., 0], numbers, at.cut)
        return restored

    def _copy_ends(self, frames: np.ndarray, numbers: list[int]) -> None:
        """Replace frames without a whole context by the nearest with one, where so recorded."""
        side, n_frames = self.record.net.context // 2, self.movie.n_frames
        if not self.record.copied_ends or n_frames <= 2 * side or len(frames) <= 2 * side:
            return
        if numbers[0] == 0:
            frames[:side] = frames[side]
        if numbers[-1] == n_frames - 1:
            frames[len(frames) - side :] = frames[-side - 1]

    def _tiles_of(
        self, sizes: tuple[int, ...], n_frames: int, memory_bytes: int | None
    ) -> TilePlan:
        per_px = math.ceil(self._bytes_per_column(n_frames) / n_frames)
        margin = self.margin_px
        return plan_tiles(sizes, self.halo_px, self.block_px, per_px, memory_bytes, margin=margin)

    def _bytes_per_column(self, n_frames: int) -> int:
        """Memory for all frames of a tile at one pixel of the plane."""
        own = bytes_per_column(self.record.net, n_frames)
        return own + n_frames * max(0, self.bytes_per_px - _usual_bytes(self.record.net))


class Runs(Restorer):
    """Restores runs of frames whose trend is taken off, in units of the movie's deviation.

    `net` is the trained network behind its engine. In front of the frames of a tile stand the
    features, as if they were frames: so they are turned as the frames are.
    """

    axes: str = "TYX"
    n_channels: int = 1
    tiles_at_once: int = 1

    def __init__(self, net: Any, record: Record) -> None:
        self.net, self.settings = net, record.net
        self.name, self.engine, self.precision = net.name, net.engine, net.precision
        shape, reach = record.net, record.net.context // 2
        self.reach_px = (reach, *shape.reach_px)
        self._halo = (reach, *shape.halo_px)
        self.block_px = (1, shape.block, shape.block)
        self.margin_px = () if shape.padded else (0, *shape.halo_px)
        self.bytes_per_px = _usual_bytes(shape)
        turned = record.preparing.symmetric
        self.symmetries: tuple[Symmetry, ...] = symmetries() if turned else (Symmetry(),)

    @property
    def halo_px(self) -> tuple[int, ...]:
        """The context along time, and the halo of the U-Net."""
        return self._halo

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, K + T, Y, X, 1), K features first; those come back as 0."""
        k = self.settings.n_features
        restored = np.zeros_like(tiles)
        for tile, out in zip(tiles, restored, strict=True):
            maps = np.moveaxis(tile[:k, ..., 0], 0, -1)
            self._restore(tile[k:], maps, out[k:, ..., 0])
        return restored

    def _restore(self, frames: np.ndarray, maps: np.ndarray, out: np.ndarray) -> None:
        """Restore frames (T, Y, X, 1) with maps (Y, X, K) into `out` (T, Y, X)."""
        crop = tuple(slice(lead, size - lead) for lead, size in self._leads(maps.shape[:2]))
        lost = self.settings.lost
        inner = tuple(
            slice(one.start + lost, one.stop - lost) for one in crop
        )  # of the tile, what comes out
        frames, maps = frames[(slice(None), *crop)], maps[crop][np.newaxis]
        n_frames, side = len(frames), self.settings.context // 2
        found: dict[int, Any] = {}
        done, at_once = 0, max(1, n_frames // AT_ONCE)
        for first in range(0, n_frames, at_once):
            last = min(first + at_once, n_frames)
            pieces = self._embed(frames[np.newaxis, first:last], maps)
            found.update(enumerate(pieces, first))
            ready = last - side if last < n_frames else n_frames
            if ready <= done or (done == 0 and last < min(2 * side, n_frames)):
                continue
            for number, image in self._answers(found, done, ready, n_frames):
                out[(number, *inner)] = image
            done = ready
            keep = n_frames - 2 * side if done >= n_frames - side else done - side
            for number in [one for one in found if one < min(keep, done - side)]:
                del found[number]

    def _answers(
        self, found: dict[int, Any], first: int, last: int, n_frames: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield frames from what was found around them, those of a whole context together."""
        side = self.settings.context // 2
        low, high = max(first, side), min(last, n_frames - side)
        whole = range(low, high) if low < high else range(0)
        if whole:
            run = [found[number] for number in range(low - side, high + side)]
            images = self._join(np.stack(run)[np.newaxis])[0]
            yield from zip(whole, np.moveaxis(images, -1, 0), strict=True)
        for number in range(first, last):
            if number not in whole:
                around = [found[one] for one in mirrored(number, side, n_frames)]
                yield number, self._join(np.stack(around)[np.newaxis])[0, ..., 0]

    def _leads(self, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
        net = self.settings
        return [(0 if net.takes(size) else net.lead, size) for size in sizes]

    @functools.cached_property
    def _embed(self) -> Any:
        """Function of frames (1, T, Y, X, 1) and maps (1, Y, X, K): (T, Y', X', C)."""
        return self._traced(EMBEDDING, lambda layer, x, f: layer([x, f], training=False)[0])

    @functools.cached_property
    def _join(self) -> Any:
        """Function of what was found (1, T, Y, X, C): (1, Y, X, T')."""
        return self._traced(TIME, lambda layer, x: layer(x))

    def _traced(self, name: str, call: Any) -> Any:
        tf = keras_backend.load()
        layer = self.net.net.get_layer(name)
        traced = tf.function(lambda *x: call(layer, *x), autograph=False, reduce_retracing=True)
        return lambda *arrays: traced(*map(tf.constant, arrays)).numpy()


def mirrored(number: int, side: int, n_frames: int) -> list[int]:
    """Frames around one; of those that there are not, the ones as far on its other side.

    So a frame never stands among its own neighbours, and with it its noise.
    """
    around = []
    for far in range(-side, side + 1):
        one = number + far
        one = one if 0 <= one < n_frames else number - far
        if not 0 <= one < n_frames:  # a movie shorter than its context
            one = 0 if far < 0 else n_frames - 1
            one = (1 if number == 0 else number - 1) if one == number and n_frames > 1 else one
        around.append(one)
    return around


def bytes_per_column(net: CellMincerNet, n_frames: int) -> int:
    """Memory for all frames of a tile at one pixel of the plane, at its peak."""
    at_once = max(1, n_frames // AT_ONCE)
    width, held = net.first_filters, net.context - 1
    of_frame = 4 * (7 * width + 2 * net.n_features // max(at_once, 1))
    found = 4 * (width + 2 * net.from_smooth) * (held + at_once)
    return n_frames * 20 + 12 * net.n_features + at_once * of_frame + 4 * found


def _usual_bytes(net: CellMincerNet) -> int:
    return math.ceil(bytes_per_column(net, USUAL_FRAMES) / USUAL_FRAMES)
