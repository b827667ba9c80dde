"""Movies restored frame by frame by a 2D net that is shown the frames around each.

A frame's images are sums over runs of its neighbours (`prepare.bands`). From one frame to the
next such a run loses a frame and gains one, so sums are carried on and each costs two additions
a frame, however long it is. Frames are read once and held, as they are on disk, while a sum may
need them.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import SettingsError
from ...prepare.symmetry import Symmetry
from ...restore.cover import DEFAULT_MEMORY_BYTES, TilePlan, plan_tiles
from ...restore.planes import Plane
from ...restore.test_time import WithSymmetries
from .bands import Bands, Frames

SMALLEST_ROOM = 500 * 10**6  # bytes for a net, where nothing bounds the memory
CHUNK_BYTES = 2**20  # images are made in pieces that stay in the cache


class MovieRestorer:
    """A Restorer of movies around a 2D net with images of several frames as its channels.

    Parameters
    ----------
    inner : TrainedRestorer or WithSymmetries
        Takes tiles (N, Y, X, K), normalised, and returns (N, Y, X, 1).
    frames : Frames
        What the K channels are.
    mean, std : float
        Counts, of the training data.
    """

    axes = "TYX"
    n_channels = 1

    def __init__(self, inner: Any, frames: Frames, mean: float, std: float) -> None:
        self.inner = inner
        self.frames = frames
        self.mean, self.std = mean, std

    @property
    def name(self) -> str:
        """Of the model."""
        return str(self.inner.name)

    @property
    def engine(self) -> str:
        """What runs the net."""
        return str(self.inner.engine)

    @property
    def precision(self) -> str:
        """Arithmetic of the net."""
        return str(self.inner.precision)

    @property
    def reach_px(self) -> tuple[int, ...]:
        """Of frames, rows and columns."""
        return (self.frames.bands.reach, *self.inner.reach_px)

    @property
    def halo_px(self) -> tuple[int, ...]:
        """The same, for tiles cut at multiples of the block."""
        return (self.frames.bands.reach, *self.inner.halo_px)

    @property
    def margin_px(self) -> tuple[int, ...]:
        """None: missing neighbours are replaced by others; see `Bands.frames`."""
        return ()

    @property
    def block_px(self) -> tuple[int, ...]:
        """One frame, and what the net needs of Y and X."""
        return (1, *self.inner.block_px)

    @property
    def bytes_per_px(self) -> int:
        """Of a slab: its frames one after the other, of which there are eight or more."""
        return 16 + self.inner.bytes_per_px // 8

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Those of the net: all eight, since noise within a frame is never learned."""
        return self.inner.symmetries  # type: ignore[no-any-return]

    def with_symmetries(self) -> MovieRestorer:
        """Return a Restorer that averages over turned and mirrored images of each frame."""
        return MovieRestorer(WithSymmetries(self.inner), self.frames, self.mean, self.std)

    def fit_intensity(self, planes: Iterable[np.ndarray]) -> MovieRestorer:
        """Return itself: the model knows its grey levels."""
        return self

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        """Restore tiles (N, T, Y, X, 1) of counts as if each were a whole movie."""
        restored = np.empty(tiles.shape, np.float32)
        for movie, out in zip(tiles, restored, strict=True):
            images = ImagesOfFrames(self.frames.bands, len(movie))
            for t in range(len(movie)):
                images.move_to(t, movie[..., 0])
                out[t] = self.predict_frame(images)
        return restored

    def predict_frame(self, images: ImagesOfFrames, *places: np.ndarray) -> np.ndarray:
        """Restore one frame or a tile of it: float32 (Y, X, 1), in counts.

        Parameters
        ----------
        images : ImagesOfFrames
            Moved to the frame.
        *places : ndarray of int
            Rows and columns of the tile; default: all.
        """
        shown, still = self._normalised(images, places)
        predicted = self.inner.predict(shown[np.newaxis])[0]
        predicted *= self.frames.scales[-1] * self.std
        predicted += still[..., np.newaxis]
        return predicted

    def _normalised(
        self, images: ImagesOfFrames, places: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The images (Y, X, K) as the net takes them, and the still one in counts."""
        sums = [images.cut(k, places) for k in range(len(images.counts))]
        shape = sums[0].shape
        shown = np.empty((*shape, len(sums)), np.float32)
        still = np.empty(shape, np.float32)
        n_rows = max(1, CHUNK_BYTES // (4 * shape[1] * len(sums)))
        for first in range(0, shape[0], n_rows):
            rows = slice(first, first + n_rows)
            base = np.multiply(
                sums[0][rows], 1 / images.counts[0], out=still[rows], casting="unsafe"
            )
            part = (base - np.float32(self.mean)) * np.float32(
                1 / (self.std * self.frames.scales[0])
            )
            shown[rows, :, 0] = part
            for k in range(1, len(sums)):
                np.multiply(sums[k][rows], 1 / images.counts[k], out=part, casting="unsafe")
                part -= base
                np.multiply(part, 1 / (self.std * self.frames.scales[k]), out=shown[rows, :, k])
        return shown, still


class ImagesOfFrames:
    """Sums over the runs of frames around one frame after another.

    Parameters
    ----------
    bands : Bands
    n_frames : int
        Of the movie.

    Attributes
    ----------
    counts : list of int
        Frames in each sum.
    """

    def __init__(self, bands: Bands, n_frames: int) -> None:
        self.bands, self.n_frames = bands, n_frames
        self.counts: list[int] = []
        self._frames: list[np.ndarray] = []
        self._sums: list[np.ndarray] = []

    def needs(self, t: int) -> tuple[int, int]:
        """First and last frame that `move_to` may touch at `t` and, of those before it, later."""
        found = self.bands.frames(t, self.n_frames)
        first = min(int(one.min()) for one in (*found, *self._frames))
        last = max(int(one.max()) for one in found)
        return max(0, min(first, t - self.bands.reach)), max(last, t)

    def move_to(self, t: int, planes: Mapping[int, np.ndarray] | np.ndarray) -> None:
        """Go to frame `t`; `planes` holds frames (Y, X) by their number, as `needs` says."""
        found = self.bands.frames(t, self.n_frames)
        before = self._frames or [one[:0] for one in found]
        sums = self._sums or [None] * len(found)
        self._sums = [
            _carried(total, old, new, planes)
            for total, old, new in zip(sums, before, found, strict=True)
        ]
        self._frames = found
        self.counts = [len(one) for one in found]

    def cut(self, k: int, places: Sequence[np.ndarray]) -> np.ndarray:
        """Sum `k` at some rows and columns."""
        if not places:
            return self._sums[k]
        rows, columns = places
        return self._sums[k][rows[:, np.newaxis], columns]


def _carried(
    total: np.ndarray | None,
    before: np.ndarray,
    after: np.ndarray,
    planes: Mapping[int, np.ndarray] | np.ndarray,
) -> np.ndarray:
    """The sum of the frames `after`, from that of the frames `before`."""
    if len(after) == 1:
        return planes[int(after[0])]
    added, removed = Counter(after.tolist()), Counter(before.tolist())
    added, removed = added - removed, removed - added
    if total is None or added.total() + removed.total() > len(after):
        first = planes[int(after[0])]
        total = np.zeros(first.shape, np.int64 if first.dtype.kind in "biu" else np.float64)
        added, removed = Counter(after.tolist()), Counter()
    for frames, change in ((added, np.add), (removed, np.subtract)):
        for frame, times in frames.items():
            for _ in range(times):
                change(total, planes[frame], out=total)
    return total


def restore_movie(
    restorer: MovieRestorer, plan: TilePlan, planes: Iterator[Plane], n_frames: int
) -> Iterator[tuple[Plane, np.ndarray | None]]:
    """Yield each frame with what the net made of it; None if the whole movie is empty.

    Parameters
    ----------
    restorer : MovieRestorer
    plan : TilePlan
        Of one frame.
    planes : iterator of Plane
        Frames in order.
    n_frames : int
    """
    images = ImagesOfFrames(restorer.frames.bands, n_frames)
    held: dict[int, np.ndarray] = {}
    waiting: dict[int, Plane] = {}
    n_read = 0
    for t in range(n_frames):
        first, last = images.needs(t)
        while n_read <= last:
            plane = next(planes)
            if plane.values is None:  # then all are
                yield plane, None
                yield from ((plane, None) for plane in planes)
                return
            held[n_read] = plane.values[..., 0]
            waiting[n_read] = Plane(None, plane.places, plane.strips, plane.broken)
            n_read += 1
        images.move_to(t, held)
        yield waiting.pop(t), _restore_frame(restorer, plan, images)
        for old in [number for number in held if number < first]:
            del held[old]


def _restore_frame(restorer: MovieRestorer, plan: TilePlan, images: ImagesOfFrames) -> np.ndarray:
    restored = np.empty((*plan.sizes, 1), np.float32)
    sources = [plan.sources(axis) for axis in (0, 1)]
    for window in plan.windows():
        places = [one[read] for one, read in zip(sources, window.read, strict=True)]
        restored[window.write] = restorer.predict_frame(images, *places)[window.keep]
    return restored


def held_bytes(bands: Bands, frame_px: int, bytes_per_value: int) -> int:
    """Memory for the frames and sums of a movie while it is restored.

    Parameters
    ----------
    bands : Bands
    frame_px : int
        Pixels of a frame.
    bytes_per_value : int
        Of a pixel as it is on disk.
    """
    n_held = 2 * bands.reach + 2
    n_sums = 1 + 2 * sum(last > first for first, last in bands.runs)
    return frame_px * (n_held * bytes_per_value + 8 * n_sums)


def plan_frame(
    restorer: MovieRestorer,
    sizes: Sequence[int],
    held: int,
    memory_bytes: int | None,
    queued_planes: int,
) -> TilePlan:
    """Choose the tiles of a frame beside the frames that are held.

    Parameters
    ----------
    restorer : MovieRestorer
    sizes : sequence of int
        T, Y, X.
    held : int
        Bytes; see `held_bytes`.
    memory_bytes : int or None
        Bound on everything above the base process; None: what is needed.
    queued_planes : int
        Frames that wait to be restored or written.

    Raises
    ------
    SettingsError
        If the frames that are held leave no room for a tile.
    """
    if memory_bytes is not None and memory_bytes <= held:
        raise SettingsError(
            f"--memory {memory_bytes / 1e6:.0f}MB: the frames of {sizes[-2]} x {sizes[-1]} px that "
            f"this model looks at together need {held / 1e6:.0f} MB. "
            f"Pass --memory {math.ceil(1.3 * held / 1e8) / 10:.1f}GB or more, or train with a "
            "smaller --set base and reach."
        )
    room = max(DEFAULT_MEMORY_BYTES - held, SMALLEST_ROOM)
    plan = plan_tiles(
        sizes[-2:],
        restorer.inner.halo_px,
        restorer.inner.block_px,
        # Beside the net's own: its channels as they are made.
        restorer.inner.bytes_per_px + 4 * restorer.frames.bands.n_images + 8,
        room if memory_bytes is None else memory_bytes - held,
        queued_planes=queued_planes,
    )
    return dataclasses.replace(plan, memory_bytes=plan.memory_bytes + held)
