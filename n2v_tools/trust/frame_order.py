"""Order of the frames of a movie, or of the planes of a volume, in a restored file.

Whatever a method does, what changes between two frames changes the same way in what it made of
them. Where the two were exchanged it changes the other way round. Frames that were predicted from
their neighbours share their noise, which looks like that between frames close together, but then
between all of them: so two frames are held against others as far apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..noise.robust import deviation
from .tiles import block_means

BIN_PX = 4
LEAST_FRAMES = {"T": 16, "Z": 2}
SURE = 6.0  # deviations of pairs as far apart
BELOW_CHANCE = 3.0  # deviations of the agreement of noise
MOST_RANGES = 8  # of distances: 1, 2, 3 and 4, 5 to 8 frames, and so on
MENDED = 0.5  # share of the distance beyond noise that exchanging two back must mend
EXPLAINED = 0.8  # share of the pairs that disagree
NOISE_ALONE = 0.1  # quantile of the distances of frames that noise alone is taken to make
ENDS = 4  # frames at each end, among which that cannot be told from being exchanged
LEAST_PAIRS = 12  # in a range of distances


@dataclass(frozen=True)
class Order:
    """Which frames were exchanged."""

    axis: str = ""  # along which the frames or planes follow each other; empty if none do
    # numbers of two that were exchanged, each; those that show it most are first
    exchanged: tuple[tuple[int, int], ...] = ()
    # frames apart from which on enough changes that it would show; None if it never would
    shows_from: int | None = None


class OrderSums:
    """Collects successive frames along T, or planes along Z, of one field."""

    def __init__(self, axis: str) -> None:
        self._axis = axis
        self._numbers: list[int] = []
        self._bins: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, noisy: np.ndarray, restored: np.ndarray, number: int) -> None:
        """Take the next one (Y, X) of finite counts into account, and its number."""
        first, second = (block_means(plane, BIN_PX).ravel() for plane in (noisy, restored))
        self._numbers.append(number)
        self._bins.append((first, second))

    def order(self) -> Order:
        """Return what all of them say."""
        if len(self._bins) < LEAST_FRAMES.get(self._axis, math.inf):
            return Order(self._axis)
        noisy, restored = (np.stack(each) for each in zip(*self._bins, strict=True))
        pairs = np.stack(np.triu_indices(len(noisy), 1), axis=1)
        agreement = _agreement(noisy, restored)[tuple(pairs.T)]
        chance = 1 / math.sqrt(noisy.shape[1])
        limit, shows_from = np.full(len(pairs), -BELOW_CHANCE * chance), None
        distance = pairs[:, 1] - pairs[:, 0]
        for some in _as_far_apart(distance):
            usual = float(np.median(agreement[some]))
            spread = SURE * max(chance, deviation(agreement[some], usual))
            if self._axis == "T":  # planes of a volume are never predicted from others alone
                limit[some] = np.minimum(limit[some], usual - spread)
            if shows_from is None and abs(usual) > spread:
                shows_from = int(distance[some].min())
        if self._axis == "T":  # the first frames are predicted from each other, and the last
            limit[(pairs[:, 1] < ENDS) | (pairs[:, 0] >= len(noisy) - ENDS)] = -math.inf
        wrong = pairs[agreement < limit]
        found = _exchanged(wrong, _mended(wrong, noisy, restored))
        numbers = self._numbers
        named = tuple((numbers[one], numbers[other]) for one, other in found)
        return Order(self._axis, named, shows_from)


def _exchanged(wrong: np.ndarray, mended: np.ndarray) -> list[tuple[int, int]]:
    """Pairs that explain all that disagree, (N, 2): a frame in a wrong place does so with many.

    None where some disagree besides: there changes were smeared over time, nothing exchanged.
    """
    found: list[tuple[int, int]] = []
    for number in np.argsort(-mended, kind="stable"):
        one, other = map(int, wrong[number])
        if mended[number] > MENDED and not np.isin((one, other), found).any():
            found.append((one, other))
    explained = np.isin(wrong, found).any(axis=1)
    return found if len(wrong) and explained.mean() > EXPLAINED else []


def _mended(pairs: np.ndarray, noisy: np.ndarray, restored: np.ndarray) -> np.ndarray:
    """Share of the distance between both files, beyond noise, that exchanging a pair would mend."""
    first, second = pairs.T
    off = (noisy - restored) - (noisy - restored).mean(axis=0)
    off = (off**2).mean(axis=1)
    changes = (noisy[first] - noisy[second]) * (restored[first] - restored[second])
    beyond = off[first] + off[second] - 2 * np.quantile(off, NOISE_ALONE)
    return np.asarray(-2 * changes.mean(axis=1) / np.maximum(beyond, 1e-9 * off.max()))


def _agreement(noisy: np.ndarray, restored: np.ndarray) -> np.ndarray:
    """Correlation of the changes between each two frames in both files: (T, T), from (T, K)."""
    a, b = (movie - movie.mean(axis=0) for movie in (noisy, restored))
    shared, own_a, own_b = (_changes(one @ other.T) for one, other in ((a, b), (a, a), (b, b)))
    return np.asarray(shared / np.sqrt(np.maximum(own_a * own_b, 1e-30)))


def _changes(products: np.ndarray) -> np.ndarray:
    """Products of the changes between each two frames, from the products of frames."""
    own = np.diag(products)
    return np.asarray(own[:, np.newaxis] + own - products - products.T)


def _as_far_apart(distance: np.ndarray) -> list[np.ndarray]:
    """Numbers of pairs whose distances are of one range, doubling from range to range."""
    ranges = np.minimum(np.ceil(np.log2(distance)).astype(int), MOST_RANGES)
    each = [np.flatnonzero(ranges == number) for number in range(ranges.max() + 1)]
    while len(each) > 1 and len(each[-1]) < LEAST_PAIRS:
        each[-2:] = [np.concatenate(each[-2:])]
    return each
