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
LEAST_PAIRS = 12  # in a range of distances


@dataclass(frozen=True)
class Order:
    """Which frames were exchanged."""

    axis: str = ""  # along which the frames or planes follow each other; empty if none do
    # numbers of two that were exchanged, each; those that show it most are first
    exchanged: tuple[tuple[int, int], ...] = ()
    shows: bool = False  # whether enough changes that it would show


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
        first, second = np.triu_indices(len(noisy), 1)
        agreement = _agreement(noisy, restored)[first, second]
        chance = 1 / math.sqrt(noisy.shape[1])
        usual, spread = np.full(len(first), math.inf), np.full(len(first), chance)
        if self._axis == "T":  # planes of a volume are not restored from those beside them alone
            for pairs in _as_far_apart(second - first):
                usual[pairs] = np.median(agreement[pairs])
                spread[pairs] = max(chance, deviation(agreement[pairs]))
        wrong = (agreement < -BELOW_CHANCE * chance) & (agreement < usual - SURE * spread)
        found = np.flatnonzero(wrong)
        found = found[np.argsort(agreement[found], kind="stable")]
        shows = np.abs(agreement) if self._axis == "Z" else usual
        numbers = np.array(self._numbers)
        return Order(
            self._axis,
            tuple((int(numbers[first[i]]), int(numbers[second[i]])) for i in found),
            bool(np.mean(shows > SURE * spread) > 0.5),
        )


def _agreement(noisy: np.ndarray, restored: np.ndarray) -> np.ndarray:
    """Correlation of the changes between each two frames in both files, from bins (T, K): (T, T)."""
    a, b = (movie - movie.mean(axis=0) for movie in (noisy, restored))
    shared, own_a, own_b = (
        _changes(one @ other.T) for one, other in ((a, b), (a, a), (b, b))
    )
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
