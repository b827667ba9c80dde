"""Changes of a restored movie over time: traces, their delay, what changes and how much.

One field in the middle is followed frame by frame. Means of 4 x 4 pixels show changes that
single pixels hide in noise; signal and noise are weighed along time as `spectra` does in
space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from .reference import Reference
from .spectra import Powers
from .tiles import block_means

BIN_PX = 4
LEAST_FRAMES = 16
SEGMENT = 64
MOST_LAG = 8
SURE = 5.0  # deviations of chance
N_RINGS = 16


@dataclass(frozen=True, eq=False)
class Times:
    """What a field does over time."""

    # noisy, restored: shape (T,): mean of the field, counts
    noisy: np.ndarray
    restored: np.ndarray
    # std_noisy, std_restored, std_expected: float32, shape (Y, X): deviation of each pixel over
    # time, and that of noise alone; counts
    std_noisy: np.ndarray
    std_restored: np.ndarray
    std_expected: np.ndarray
    powers: Powers | None  # along time, of means of 4 x 4 pixels; None if the field is too small
    # frames by which the restored movie is late (below 0: early); None where nothing changes enough
    lag: int | None
    # -1 to 1: above 0 where the restored movie follows what the noisy one did before more than what
    # it does after
    lean: float
    first: int = 0  # number of the first frame


class TimeSums:
    """Collects successive frames of one field."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._means: list[tuple[float, float]] = []
        self._bins: list[tuple[np.ndarray, np.ndarray]] = []
        self._moments: np.ndarray | None = None
        self._base: np.ndarray | None = None
        self._first = 0

    def add(self, noisy: np.ndarray, restored: np.ndarray, number: int = 0) -> None:
        """Take the next frame (Y, X) of finite counts into account, and its number."""
        if not self._means:
            self._first = number
        both = np.stack([noisy, restored]).astype(np.float64)
        if self._base is None or self._moments is None:
            self._base = both.copy()  # squares of what is left keep their digits
            self._moments = np.zeros((2, *both.shape))
        left = both - self._base
        self._moments[0] += left
        self._moments[1] += left * left
        self._means.append((float(both[0].mean()), float(both[1].mean())))
        first, second = (block_means(plane, BIN_PX) for plane in both)
        self._bins.append((first, second))

    def times(self) -> Times | None:
        """Return what all frames say; None if there are fewer than 16."""
        if len(self._means) < LEAST_FRAMES or self._moments is None or self._base is None:
            return None
        n = len(self._means)
        first, second = self._moments / n
        std = np.sqrt(np.maximum(second - first**2, 0)).astype(np.float32)
        expected = np.sqrt(self._reference.variance(self._base[0] + first[0])).astype(np.float32)
        traces = np.array(self._means)
        noisy, restored = (np.stack(each) for each in zip(*self._bins, strict=True))
        return Times(
            traces[:, 0],
            traces[:, 1],
            std[0],
            std[1],
            expected,
            self._powers(noisy, restored),
            *_find_lag(noisy, restored),
            self._first,
        )

    def _powers(self, noisy: np.ndarray, restored: np.ndarray) -> Powers | None:
        n = min(SEGMENT, len(noisy) // 2 * 2)
        if not noisy[0].size:
            return None
        share = self._reference.share_in_mean(BIN_PX)
        weight = 1 / np.sqrt(self._reference.variance(noisy.mean(axis=0)) * share)
        window = np.hanning(n + 2)[1:-1][:, None, None]
        sums, n_pieces = np.zeros((3, n // 2 + 1)), 0
        for start in range(0, len(noisy) - n + 1, n // 2):
            a, b = (
                fft.rfft(_level(movie[start : start + n] * weight) * window, axis=0)
                for movie in (noisy, restored)
            )
            sums += [
                (np.abs(a) ** 2).mean(axis=(1, 2)),
                (np.abs(b) ** 2).mean(axis=(1, 2)),
                (a * b.conj()).real.mean(axis=(1, 2)),
            ]
            n_pieces += 1
        mean = sums / n_pieces / (window**2).sum()
        frequency = fft.rfftfreq(n)
        noise = 1 + 2 * self._reference.in_time * np.cos(2 * np.pi * frequency)
        inside = slice(2, -1)  # the level is gone, and the last frequency counts half
        count = np.ones(len(frequency))[inside]
        return Powers(
            frequency[inside],
            count / count.sum(),
            mean[0][inside],
            mean[1][inside],
            mean[2][inside],
            np.maximum(noise, 0.05)[inside],
            n_pieces * noisy[0].size,
        )


def _level(movie: np.ndarray) -> np.ndarray:
    """Without mean and straight drift."""
    n = len(movie)
    time = np.arange(n) - (n - 1) / 2
    flat = movie - movie.mean(axis=0)
    slope = np.tensordot(time, flat, 1) / (time @ time)
    return np.asarray(flat - time[:, None, None] * slope)


def _find_lag(noisy: np.ndarray, restored: np.ndarray) -> tuple[int | None, float]:
    """Shift at which the traces of all bins agree best, and how much later ones agree better."""
    a, b = (_level(movie) for movie in (noisy, restored))
    n, most = len(a), min(MOST_LAG, len(a) // 4)
    lags = np.arange(-most, most + 1)
    shared = np.zeros(len(lags))
    for i, lag in enumerate(lags):
        early, late = max(0, -lag), max(0, lag)
        shared[i] = (a[early : n - late] * b[late : n - early]).mean()
    chance = float(np.sqrt((a**2).mean() * (b**2).mean()) / np.sqrt(a.size))
    if chance <= 0 or shared.max() < SURE * chance:
        return None, 0.0
    after, before = shared[most + 1 :].sum(), shared[:most].sum()
    beside = abs(after) + abs(before)
    lean = (after - before) / beside if beside > SURE * chance * np.sqrt(2 * most) else 0.0
    best = int(lags[np.argmax(shared)])
    # A frame that was predicted from its neighbours alone lacks its own noise and holds theirs: the
    # traces then agree less at 0 than on both sides, and alike there. What is late agrees on one.
    if shared[most + best] - shared[most - best] < SURE * chance:
        best = 0
    return best, float(lean)
