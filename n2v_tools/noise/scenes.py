"""Breaks of a movie: scene cuts, jumps of the light, repeated and dark frames.

Successive frames differ by their noise and by a little activity, always about as much.
Where they differ by far more, something else is shown; where they do not differ at all, a
frame was written twice. Both spoil what learns from pairs of frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy import ndimage

from .robust import deviation

LEAST_FRAMES = 8
WINDOW = 51  # frames that say how much successive ones differ here
CLEAR = 8.0  # robust deviations that a cut stands out by,
LEAST_RATIO = 1.5  # and times the usual difference;
FEW, LEAST_RATIO_OF_FEW = 32, 3.0  # of movies with fewer frames
MOST_OF_ONE = 16.0  # times the median that one block counts: single cells may light up
MEDIAN_OF_SQUARES = 0.4549  # of a standard normal variable
LONGEST_PERIOD = 4  # frames after which interleaved channels or depths come again
PERIOD_FRAMES, PERIOD_BLOCKS = 64, 4096  # by which they are found, at most
MORE_ALIKE = 0.75  # change over a period, over that to any frame between
CLEAR_PERIOD = 100.0  # variance of the phases over what is within them: in the means,
LEAST_PERIOD = 0.03  # where their deviation over the mean is so much, too
AROUND = 3  # frames before and after whose means show whether the same is seen
OTHER = 0.5  # times the usual likeness of what is before and after, from which it is
LEAST_LIKENESS = 0.2  # usually, for this to be judged


@dataclass(frozen=True)
class Scenes:
    """Breaks in a movie; frames count from 0."""

    n_frames: int
    # frames that show something else than those before: where a new scene begins
    cuts: tuple[int, ...] = ()
    # frames that differ by far from the one before, though the same is seen: light that was
    # switched, activity everywhere at once
    jumps: tuple[int, ...] = ()
    # single frames that differ from both neighbours, which are alike: flashes, jumps
    odd: tuple[int, ...] = ()
    dark: tuple[int, ...] = ()  # frames that are empty, or darker than their neighbours by far
    repeated: tuple[int, ...] = ()  # frames equal to the one before
    # frames after which they resemble each other more than those between, as where channels or
    # depths were saved as time; 1 where there is nothing of the kind
    period: int = 1
    # float64, shape (T,): of each frame, counts
    means: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def breaks(self) -> tuple[int, ...]:
        """Every t for which frames t - 1 and t are not a pair to learn from."""
        single = {t for frame in (*self.odd, *self.dark) for t in (frame, frame + 1)}
        found = {*self.cuts, *self.jumps, *self.repeated, *single}
        return tuple(sorted(t for t in found if 0 < t < self.n_frames))

    @property
    def longest(self) -> range:
        """Frames of the longest scene."""
        edges = [0, *self.cuts, self.n_frames]
        return max((range(a, b) for a, b in pairwise(edges)), key=len)


class Watch:
    """Compares frames as they come; a few of them are kept."""

    def __init__(self) -> None:
        self._last: list[np.ndarray] = []
        self._first: list[np.ndarray] = []
        self._likeness: list[float] = [1.0]
        self._means: list[float] = []
        self._empty: list[bool] = []
        self._next: list[float] = [0.0]  # difference to the frame before
        self._second: list[float] = [0.0, 0.0]  # to the one before that

    def add(self, blocks: np.ndarray) -> None:
        """Take the next frame: means of its blocks, shape (M,), in counts."""
        self._means.append(float(blocks.mean()))
        self._empty.append(bool((blocks == blocks[0]).all()))
        if self._last:
            self._next.append(_difference(blocks, self._last[-1]))
        if len(self._last) > 1:
            self._second.append(_difference(blocks, self._last[-2]))
        self._last = [*self._last[1 - 2 * AROUND :], blocks]
        if len(self._first) < PERIOD_FRAMES:
            self._first.append(blocks[:: max(1, -(-len(blocks) // PERIOD_BLOCKS))])
        if len(self._last) > AROUND:
            self._likeness.append(self._alike(AROUND))

    def _alike(self, n_after: int) -> float:
        """Correlation of what the last frames show with those before them."""
        before = self._last[-n_after - AROUND : -n_after]
        return _correlation(np.mean(before, axis=0), np.mean(self._last[-n_after:], axis=0))

    def scenes(self) -> Scenes:
        """Judge all frames that were added."""
        n_frames = len(self._means)
        means, empty = np.array(self._means), np.array(self._empty)
        change, second = np.array(self._next), np.array(self._second)
        if n_frames < LEAST_FRAMES:
            return Scenes(n_frames, means=means)
        differ = change > 0
        ratio = _over_usual(change, differ)
        stands_out = _outliers(ratio, differ)
        dark = empty | _dark_runs(means, stands_out)
        # Over a single odd frame the movie goes on as it was.
        across = second / np.maximum(_usual(change, differ), 1e-300)
        odd = np.zeros(n_frames, bool)
        odd[1:-1] = stands_out[1:-1] & stands_out[2:] & (across[2:] < ratio[2:] / 2)
        odd[1:] &= ~odd[:-1]
        odd &= ~dark
        others = stands_out & ~_with_next(odd | dark)
        likeness = np.array([*self._likeness, *(self._alike(n) for n in range(AROUND - 1, 0, -1))])
        usual_likeness = float(np.median(likeness[1:]))
        alike = (likeness > OTHER * usual_likeness) & (usual_likeness > LEAST_LIKENESS)
        repeated = ~differ & ~empty
        repeated[0] = False
        return Scenes(
            n_frames,
            cuts=_numbers(others & ~alike),
            jumps=_numbers(others & alike),
            odd=_numbers(odd),
            dark=_numbers(dark),
            repeated=_numbers(repeated),
            period=_period(self._first, means),
            means=means,
        )


def _period(frames: Sequence[np.ndarray], means: np.ndarray) -> int:
    """Frames after which a movie comes back to what it showed; 1 if it does not, or not soon.

    `frames` are means of blocks, shape (M,), of the first frames, `means` of each whole frame.
    Each frame of a movie that goes on resembles the next at least as much as a later one.
    """
    longest = min(LONGEST_PERIOD, len(frames) // 4)
    shown = [_standard(one) for one in frames]  # the light may flicker
    changes = [
        float(np.median([_difference(a, b) for a, b in zip(shown, shown[lag:], strict=False)]))
        for lag in range(1, longest + 1)
    ]
    for period in range(2, longest + 1):
        between = min(changes[: period - 1])
        if changes[period - 1] < MORE_ALIKE * between or _comes_again(means, period):
            return period
    return 1


def _standard(frame: np.ndarray) -> np.ndarray:
    """The frame with mean 0 and deviation 1, if it is not the same everywhere."""
    return np.asarray((frame - frame.mean()) / (frame.std() or 1.0))


def _comes_again(means: np.ndarray, period: int) -> bool:
    """Whether the brightness of frames depends on their place in a period, beyond chance."""
    trend = np.convolve(means, np.full(period, 1 / period), mode="valid")
    left = means[period // 2 :][: len(trend)] - trend
    left = left[: len(left) // period * period].reshape(-1, period)
    phases = left.mean(axis=0)
    within = (left - phases).var() * period / (period - 1) + 1e-12 * float(np.mean(means)) ** 2
    clear = len(left) * phases.var() > CLEAR_PERIOD * within
    return bool(clear and phases.std() > LEAST_PERIOD * abs(float(np.mean(means))))


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean square of what differs, in which no block counts for more than 16 usual ones."""
    seen = (one != 0) | (other != 0)  # strips say nothing
    squares = (one - other)[seen] ** 2
    if not squares.size:
        return 0.0
    usual = float(np.median(squares)) / MEDIAN_OF_SQUARES
    return float(np.minimum(squares, MOST_OF_ONE * usual).mean() if usual else squares.mean())


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's, of two frames; 1 if one of them is the same everywhere."""
    one, other = one - one.mean(), other - other.mean()
    power = float((one * one).sum() * (other * other).sum())
    return float((one * other).sum()) / power**0.5 if power > 0 else 1.0


def _over_usual(change: np.ndarray, differ: np.ndarray) -> np.ndarray:
    """Changes over what is usual around them; 0 where frames do not differ, 1 for the first."""
    ratio = np.where(differ, change / np.maximum(_usual(change, differ), 1e-300), 0.0)
    ratio[0] = 1.0
    return ratio


def _usual(change: np.ndarray, differ: np.ndarray) -> np.ndarray:
    """Median of the changes around each frame, shape (T,); frames that do not differ apart."""
    places = np.flatnonzero(differ)
    if len(places) < 2:
        return np.ones_like(change)
    known = ndimage.median_filter(change[places], min(WINDOW, len(places)), mode="mirror")
    return np.interp(np.arange(len(change)), places, known)


def _outliers(ratio: np.ndarray, differ: np.ndarray) -> np.ndarray:
    """Which changes stand out, robustly, on a scale of logarithms."""
    logs = np.log(np.maximum(ratio, 1e-12))
    spread = deviation(logs[differ], 0.0) if differ.any() else 0.0
    least = LEAST_RATIO if len(ratio) >= FEW else LEAST_RATIO_OF_FEW
    return np.asarray(differ & (logs > max(CLEAR * spread, np.log(least))))


def _dark_runs(means: np.ndarray, stands_out: np.ndarray) -> np.ndarray:
    """Which frames are dark, if the first of them came at once: dimming makes none dark."""
    off = means - ndimage.median_filter(means, min(WINDOW, len(means)), mode="mirror")
    low = off < -CLEAR * deviation(off, 0.0)
    runs, n_runs = ndimage.label(low)
    at_once = [r for r in range(1, n_runs + 1) if (stands_out & (runs == r)).any()]
    return np.asarray(np.isin(runs, at_once))


def _numbers(frames: np.ndarray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(frames).tolist())


def _with_next(frames: np.ndarray) -> np.ndarray:
    """The frames and those after them."""
    both = frames.copy()
    both[1:] |= frames[:-1]
    return both
