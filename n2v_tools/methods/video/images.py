"""Images of a frame: sums over runs of the frames around it, for learning and for restoring.

From one frame to the next a run loses a frame and gains one. So sums are carried on, and each
costs two additions a frame, however long it is; a frame out of turn is summed anew.

Tests: ``tests/methods/video/test_restorer.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from .bands import Bands

Frames = Mapping[int, np.ndarray] | np.ndarray  # frames (Y, X) by their number


class ImagesOfFrames:
    """Sums over the runs of frames around one frame after another; `counts` are the frames in each.

    `total`, of shape (Y, X), is the sum of all frames, if it is known and the still image is made
    of all of them.
    """

    def __init__(self, bands: Bands, n_frames: int, total: np.ndarray | None = None) -> None:
        self.bands, self.n_frames = bands, n_frames
        self.counts: list[int] = []
        self._total = total
        self._frames: list[np.ndarray] = []
        self._sums: list[np.ndarray] = []

    def needs(self, t: int) -> tuple[int, int]:
        """First and last frame that `move_to` may touch at `t` and, of those before it, later."""
        found = self.bands.frames(t, self.n_frames)
        first = min(int(one.min()) for one in (*found, *self._frames))
        last = max(int(one.max()) for one in found)
        return max(0, min(first, t - self.bands.reach)), max(last, t)

    def move_to(self, t: int, frames: Frames) -> None:
        """Go to frame `t`; `frames` holds those that `needs` names."""
        found = self.bands.frames(t, self.n_frames)
        before = self._frames or [one[:0] for one in found]
        sums: list[np.ndarray | None] = list(self._sums) or [None] * len(found)
        if self._total is not None:
            sums[0], before[0] = self._total - frames[t].astype(self._total.dtype), found[0]
        self._sums = [
            _carried(total, old, new, frames)
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

    def means(self) -> np.ndarray:
        """All images as means: float32, shape (Y, X, K)."""
        means = np.empty((*self._sums[0].shape, len(self._sums)), np.float32)
        for k, (total, count) in enumerate(zip(self._sums, self.counts, strict=True)):
            np.multiply(total, 1 / count, out=means[..., k], casting="unsafe")
        return means


def _carried(
    total: np.ndarray | None, before: np.ndarray, after: np.ndarray, frames: Frames
) -> np.ndarray:
    """The sum of the frames `after`, from that of the frames `before`."""
    if len(after) == 1:
        return frames[int(after[0])]
    added, removed = Counter(after.tolist()), Counter(before.tolist())
    added, removed = added - removed, removed - added
    if total is None or added.total() + removed.total() > len(after):
        wide = np.int64 if frames[int(after[0])].dtype.kind in "biu" else np.float64
        if isinstance(frames, np.ndarray):
            return frames[after].sum(axis=0, dtype=wide)
        total = np.zeros(frames[int(after[0])].shape, wide)
        added, removed = Counter(after.tolist()), Counter()
    for numbers, change in ((added, np.add), (removed, np.subtract)):
        for frame, times in numbers.items():
            for _ in range(times):
                change(total, frames[frame], out=total)
    return total
