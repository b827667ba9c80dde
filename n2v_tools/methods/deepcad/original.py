"""DeepCAD-RT's own way through a movie, to reproduce what it gave: ``legacy_rescale``.

Tiles of one size that begin anywhere, each brightened by the square root of what it lost, the
mean of each movie in place of the training data's. It shows blocks, and that is the point:
only what is new is left out (brightness that is no number, values that wrap, edges that
nobody wrote). Everyone else is better served by `restorer`.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...contracts import Restorer, RestoringSettings, Where
from ...errors import SettingsError, StackError, UsageError
from ...restore.cover import TilePlan, Window, windows_of
from ...restore.trained import TrainedRestorer
from ...restore.wrapped import Wrapped
from ...words import flag, option, setting

Piece = tuple[int, slice, slice]  # start of a tile, what it keeps of itself, what of the axis


@dataclass(frozen=True)
class OriginalSettings(RestoringSettings):
    """What ``--set`` can change when a DeepCAD model restores."""

    legacy_rescale: bool = False  # reproduce the original program's inference
    # edges T, Y, X of its tiles; an axis that is shorter is one tile long
    patch_px: tuple[int, int, int] = (150, 150, 150)
    overlap: float = 0.6  # share of a tile's edge that it shares with the next

    def __post_init__(self) -> None:
        if min(self.patch_px) < 8:
            raise SettingsError(f"patch_px is {self.patch_px}; every edge must be 8 or more.")
        if not 0 <= self.overlap <= 0.9:
            raise SettingsError(f"overlap is {self.overlap:g}; it must be 0 to 0.9.")

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that take tiles of any size, as the original's are; empty: any will do."""
        return ("tensorflow",) if self.legacy_rescale else ()

    def check(self, name: str, record: Any, given: Mapping[str, object]) -> None:
        """Raise for options that the original does not have, and for counted frames."""
        if not self.legacy_rescale:
            others = {one.name for one in dataclasses.fields(self)} & set(given)
            others -= {"legacy_rescale"}
            if others:
                raise UsageError(
                    f"{setting(min(others))} is about the original's tiles: add "
                    f"{setting('legacy_rescale', 'true')}."
                )
            return
        if record:
            raise UsageError(
                f"{setting('legacy_rescale', 'true')}: {name} takes frames counted from what "
                f"stands still, which the original does not. Train with "
                f"{option('preset', 'deepcad-rt')} or {setting('subtract_still', 'false')}."
            )
        wrong = [flag(key) for key in ("tta", "uncertainty") if given.get(key)]
        if given.get("engine") not in (None, "auto", *self.engines):
            wrong.append(option("engine", given["engine"]))
        if wrong:
            raise UsageError(
                f"{wrong[0]} and {setting('legacy_rescale', 'true')} contradict: give one of them."
            )


@dataclass(frozen=True)
class OriginalRestorer(Wrapped):
    """A DeepCAD net that restores as the original program does, by the mean of each movie."""

    inner: TrainedRestorer  # by an engine that takes tiles of any size: TensorFlow
    settings: OriginalSettings = OriginalSettings()  # its tiles
    # per axis, what a tile that starts there keeps of itself; known once its field is
    kept: tuple[Mapping[int, slice], ...] = ()

    looks_through: ClassVar[int] = 1  # type: ignore[misc]
    fits_brightness: ClassVar[bool] = True  # type: ignore[misc]

    def own_cover(self, sizes: tuple[int, ...], memory_bytes: int | None) -> TilePlan:
        """The original's tiles.

        StackError if an axis is shorter than the net's block; SettingsError if `memory_bytes` is
        too small for one tile and the frames that wait for it.
        """
        for letter, size, block in zip(self.axes, sizes, self.block_px, strict=True):
            if size < block:
                raise StackError(
                    f"{size} px along {letter}, but the original program's net needs {block}. "
                    "Leave legacy_rescale out: short axes are then reflected."
                )
        edges = tuple(map(min, self.settings.patch_px, sizes))
        frames = 8 * edges[0] * math.prod(sizes[1:]) * self.n_channels
        needed = self.bytes_per_px * math.prod(edges) + frames
        if memory_bytes is not None and needed > memory_bytes:
            asked = option("memory", f"{memory_bytes / 1e6:.0f}MB")
            enough = option("memory", f"{math.ceil(needed / 1e8) / 10:.1f}GB")
            raise SettingsError(
                f"{asked}: the original's tiles of {' x '.join(map(str, edges))} px and their "
                f"frames need {needed / 1e6:.0f} MB. Pass {enough} or more, or a smaller "
                f"{setting('patch_px')}."
            )
        nothing = (0,) * len(sizes)
        return _OriginalPlan(
            sizes, edges, nothing, (1,) * len(sizes), 1, needed, overlap=self.settings.overlap
        )

    def for_field(self, planes: Iterator[np.ndarray | None]) -> Restorer:
        """Return the Restorer with the mean of one movie in place of the training data's."""
        total, n_px, n_frames = np.zeros(self.n_channels), 0, 0
        shape: tuple[int, ...] = (0, 0)
        for plane in planes:
            n_frames += 1
            if plane is not None:
                shape = plane.shape[:2]
                total = total + plane.sum(axis=(0, 1), dtype=np.float64)
                n_px += math.prod(shape)
        stds = self.inner.stds
        deviation = np.ones(self.n_channels) if stds is None else stds
        fitted = self.inner.with_intensity(total / max(n_px, 1), deviation)
        sizes = (n_frames, *shape)
        edges = map(min, self.settings.patch_px, sizes)
        pieces = [
            cover_axis(size, edge, self.settings.overlap) if size else []
            for size, edge in zip(sizes, edges, strict=True)
        ]
        kept = tuple({start: keep for start, keep, _ in axis} for axis in pieces)
        return dataclasses.replace(self, inner=fitted, kept=kept)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (1, T, Y, X, C), counts, as bright as what they keep was."""
        restored = self.inner.predict(tiles)
        if at is None:
            raise ValueError("the original's tiles depend on where they lie")
        starts = (at.planes[0]["T"], int(at.rows[0]), int(at.columns[0]))
        core = tuple(kept[start] for kept, start in zip(self.kept, starts, strict=True))
        restored[0] *= np.float32(brightness_factor(tiles[0][core], restored[0][core]))
        return restored

    def around(self, wrap: Callable[[Restorer], Restorer]) -> Restorer:
        """Refuse: the original knows nothing of the kind."""
        raise NotImplementedError("the original program restores each tile once")


@dataclass(frozen=True)
class _OriginalPlan(TilePlan):
    """Tiles that begin where the original's do; where they overlap the later one counts."""

    overlap: float = 0.0

    def windows(self, axes: slice = slice(None)) -> list[Window]:
        """Return the windows over all axes, or over the product of some of them."""
        along = []
        for size, edge in zip(self.sizes[axes], self.edges[axes], strict=True):
            pieces = cover_axis(size, edge, self.overlap)
            ends = [min(one[2].stop, other[2].start) for one, other in itertools.pairwise(pieces)]
            along.append(
                [
                    (
                        slice(start, start + edge),
                        slice(keep.start, keep.start + end - write.start),
                        slice(write.start, end),
                    )
                    for (start, keep, write), end in zip(pieces, [*ends, size], strict=True)
                ]
            )
        return windows_of(along)


def cover_axis(size: int, edge: int, overlap: float) -> list[Piece]:
    """Cut one axis into the original's tiles.

    Where tiles overlap the later one counts. A single tile keeps all of itself (the original drops
    its end). `size` of the axis and `edge` of a tile are in pixels, and the edge is at most the
    size; `overlap` is a share of the edge.
    """
    gap = max(1, int(edge * (1 - overlap)))
    cut = (edge - gap) / 2
    n_tiles = math.ceil((size - edge + gap) / gap)
    pieces = []
    for k in range(n_tiles):
        start = size - edge if k == n_tiles - 1 else k * gap
        first = 0 if k == 0 else int(start + cut)
        last = size if k == n_tiles - 1 else int(start + edge - cut)
        pieces.append((start, slice(first - start, last - start), slice(first, last)))
    return pieces


def brightness_factor(raw: np.ndarray, restored: np.ndarray) -> float:
    """Square root of the share of the light that a tile lost; 1 where that is no number."""
    before, after = raw.sum(dtype=np.float64), restored.sum(dtype=np.float64)
    return math.sqrt(before / after) if before * after > 0 else 1.0
