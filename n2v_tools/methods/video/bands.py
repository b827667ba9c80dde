"""Bands: the frames around a frame that a network is shown, and how they are combined.

A frame of a movie is told from its neighbours: the nearest one by one, those further away
as means of ever longer runs, and the mean of many more as what stands still. So a few
images carry what a hundred frames know. The frame itself is in none of them: its noise
then cannot be learned, whatever that noise looks like within a frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import SettingsError

MOST_FRAMES = 1024  # on either side: they are held in memory
BLOCK = 32  # frames that share a still image
MOST_BANDS = 100  # on either side
LEAST_FRAMES = 3
LARGEST_SCALE = 1e30  # deviations: more is no contrast, and leaves float32


@dataclass(frozen=True)
class Bands:
    """Runs of frames on either side of a frame, and how far the still image reaches.

    SettingsError if a run is empty, or too many frames are asked for.
    """

    # first and last distance of each run, in frames, 1 being the next frame; alike on both sides
    runs: tuple[tuple[int, int], ...]
    # the still image is the mean of the frames of a block of `BLOCK` frames and of those up to this
    # distance on either side of it; it is the same for the whole block, but for the frame itself
    base: int

    def __post_init__(self) -> None:
        wrong = [run for run in self.runs if not 1 <= run[0] <= run[1] <= MOST_FRAMES]
        if wrong or not 1 <= len(self.runs) <= MOST_BANDS or not 1 <= self.base <= MOST_FRAMES:
            raise SettingsError(
                f"frames around a frame: runs {self.runs!s:.80} and base {self.base}; runs go from "
                f"1 up, up to {MOST_BANDS} of them, and nothing reaches beyond {MOST_FRAMES}."
            )

    @property
    def n_images(self) -> int:
        """Images that a network is shown: the still one, the earlier and the later runs."""
        return 1 + 2 * len(self.runs)

    @property
    def reach(self) -> int:
        """How many frames away the farthest frame may be, in the middle of a movie."""
        return max(self.base + BLOCK - 1, self.runs_reach)

    @property
    def runs_reach(self) -> int:
        """How many frames away the farthest frame of a run is."""
        return max(last for _, last in self.runs)

    def frames(self, t: int, n_frames: int) -> list[np.ndarray]:
        """List the frames whose mean is each image of frame `t`, from 0, of a movie.

        At the ends of a movie, of `LEAST_FRAMES` or more, a missing frame is replaced by the one as
        far away on the other side, or by the first or last one: never by the frame itself. The
        still image takes as many frames everywhere. Listed, int64, are first those of the still
        image, then the earlier runs from the nearest, then the later ones.
        """
        n_base = self.n_base(n_frames)
        first = min(max(t // BLOCK * BLOCK - self.base, 0), n_frames - n_base)
        base = np.arange(first, first + n_base)
        return [base[base != t], *self.runs_of(t, n_frames)]

    def n_base(self, n_frames: int) -> int:
        """Frames that the still image is made of, the frame itself included."""
        return min(2 * self.base + BLOCK, n_frames)

    def runs_of(self, t: int, n_frames: int) -> list[np.ndarray]:
        """List the frames of each run around frame `t`: what `frames` gives after the first."""
        found = []
        for side in (-1, 1):
            for nearest, farthest in self.runs:
                found.append(_inside(t, side * np.arange(nearest, farthest + 1), n_frames))
        return found


@dataclass(frozen=True)
class Frames:
    """What a network of frames is shown, as its model folder keeps it."""

    bands: Bands
    # contrast of each image of `bands` and, last, of the target, in deviations of the training
    # data: each is divided by its own
    scales: tuple[float, ...]

    def record(self) -> dict[str, Any]:
        """JSON values that `read_frames` reads."""
        runs = [list(run) for run in self.bands.runs]
        return {"runs": runs, "base": self.bands.base, "scales": list(self.scales)}


def read_frames(record: Any) -> Frames:
    """Read what `Frames.record` wrote, from anybody; SettingsError if it is anything else."""
    record = record if isinstance(record, Mapping) else {}
    runs, base, scales = (record.get(key) for key in ("runs", "base", "scales"))
    pairs = isinstance(runs, list) and all(
        isinstance(run, list) and len(run) == 2 and all(map(_whole, run)) for run in runs
    )
    numbers = isinstance(scales, list) and all(
        isinstance(one, (int, float)) and 1 / LARGEST_SCALE < one < LARGEST_SCALE for one in scales
    )
    if not (pairs and numbers and _whole(base)):
        raise SettingsError("frames must hold runs (pairs of whole numbers), base and scales.")
    bands = Bands(tuple((run[0], run[1]) for run in runs), base)
    if len(scales) != bands.n_images + 1:
        raise SettingsError(f"frames must hold {bands.n_images + 1} scales, not {len(scales)}.")
    return Frames(bands, tuple(map(float, scales)))


def growing_bands(singles: int, growth: float, reach: int, base: int) -> Bands:
    """Make bands that grow with their distance, up to `reach` frames away; `base` as in `Bands`.

    The `singles` nearest frames stand alone. Of the further runs the first has 2 frames, and each
    is longer than the one before by the factor `growth`.
    """
    runs = [(i, i) for i in range(1, min(singles, reach) + 1)]
    length = 2.0
    while runs[-1][1] < reach:
        first = runs[-1][1] + 1
        runs.append((first, min(first + max(round(length), 1) - 1, reach)))
        length *= growth
    return Bands(tuple(runs), base)


def _inside(t: int, offsets: np.ndarray, n_frames: int) -> np.ndarray:
    """Frames at these distances from `t`, those beyond the movie replaced."""
    frames = t + offsets
    frames = np.where((frames < 0) | (frames >= n_frames), t - offsets, frames)
    outside = (frames < 0) | (frames >= n_frames)
    end = 0 if offsets[0] < 0 else n_frames - 1
    if end == t:
        end = 1 if t == 0 else t - 1
    return np.where(outside, end, frames)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
