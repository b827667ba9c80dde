"""The Restorer of movies: a 2D net shown the frames around each frame, which it never sees.

Frames are read once and held, as they are on disk, while a sum over a run may need them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ...contracts import Opening, Restorer, Sliding, SlidingRestorer, Where
from ...prepare.symmetry import Symmetry
from ...words import setting
from .bands import Frames
from .images import ImagesOfFrames

CHUNK_BYTES = 2**20  # images are made in pieces that stay in the cache


def open_restorer(opening: Opening) -> Restorer:
    """Make the Restorer of a trained net."""
    return VideoRestorer(opening.net, opening.record, opening.means[0], opening.stds[0])


class VideoRestorer(SlidingRestorer):
    """A Restorer of movies around a 2D net with images of several frames as its channels.

    `inner` takes tiles (N, Y, X, K), normalised, and returns (N, Y, X, 1); `frames` says what the K
    channels are. `mean` and `std` are counts, of the training data.
    """

    axes: str = "TYX"
    n_channels: int = 1

    def __init__(self, inner: Restorer, frames: Frames, mean: float, std: float) -> None:
        self.inner = inner
        self.frames = frames
        self.mean, self.std = mean, std
        self.name = inner.name
        self.engine, self.precision = inner.engine, inner.precision
        # Noise within a frame is never learned: all turns that the net allows are right.
        self.symmetries: tuple[Symmetry, ...] = inner.symmetries
        self.reach_px = (frames.bands.reach, *inner.reach_px)
        self.block_px = (1, *inner.block_px)
        self.carried_bytes_per_px = 4 * frames.bands.n_images + 8  # its channels as they are made

    @property
    def halo_px(self) -> tuple[int, ...]:
        """The reach along time, and the net's halo."""
        return (self.frames.bands.reach, *self.inner.halo_px)

    @property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Of a slab: its frames one after the other, of which there are eight or more."""
        return 16 + self.inner.bytes_per_px // 8

    @property
    def lighter(self) -> str:
        """Fewer frames around each."""
        return f"train with smaller {setting('base')} and {setting('reach')}"

    def around(self, wrap: Callable[[Restorer], Restorer]) -> Restorer:
        """Put `wrap` around the net, which sees single frames."""
        return VideoRestorer(wrap(self.inner), self.frames, self.mean, self.std)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles (N, T, Y, X, 1) of counts as if each were a whole movie."""
        restored = np.empty(tiles.shape, np.float32)
        for movie, out in zip(tiles, restored, strict=True):
            going = self.open(len(movie))
            for t in range(len(movie)):
                going.move_to(t, movie[..., 0])
                out[t] = going.predict()
        return restored

    def open(self, n_planes: int) -> Sliding:
        """Begin a movie."""
        return _Going(self, ImagesOfFrames(self.frames.bands, n_planes))

    def held_bytes(self, plane_px: int, bytes_per_value: int) -> int:
        """Memory for the frames and sums of a movie."""
        bands = self.frames.bands
        n_sums = 1 + 2 * sum(last > first for first, last in bands.runs)
        return plane_px * ((2 * bands.reach + 2) * bytes_per_value + 8 * n_sums)

    def normalised(
        self, images: ImagesOfFrames, places: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Images (Y, X, K) as the net takes them, and the still one (Y, X) in counts."""
        scales, std = self.frames.scales, self.std
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
            part = (base - np.float32(self.mean)) * np.float32(1 / (std * scales[0]))
            shown[rows, :, 0] = part
            for k in range(1, len(sums)):
                np.multiply(sums[k][rows], 1 / images.counts[k], out=part, casting="unsafe")
                part -= base
                np.multiply(part, 1 / (std * scales[k]), out=shown[rows, :, k])
        return shown, still


class _Going(Sliding):
    """A movie on its way through the net."""

    def __init__(self, restorer: VideoRestorer, images: ImagesOfFrames) -> None:
        self.restorer, self.images = restorer, images

    def needs(self, t: int) -> tuple[int, int]:
        """First and last frame that are held at `t`."""
        return self.images.needs(t)

    def move_to(self, t: int, planes: Mapping[int, np.ndarray] | np.ndarray) -> None:
        """Go to frame `t`."""
        self.images.move_to(t, planes)

    def predict(self, at: Where | None = None) -> np.ndarray:
        """Restore the frame or a tile of it: float32 (Y, X, 1), in counts."""
        places = () if at is None else (at.rows, at.columns)
        shown, still = self.restorer.normalised(self.images, places)
        predicted = self.restorer.inner.predict(shown[np.newaxis])[0]
        predicted *= self.restorer.frames.scales[-1] * self.restorer.std
        predicted += still[..., np.newaxis]
        return predicted
