"""Features of a whole movie: for each pixel, how it and its neighbours vary in time.

They are those of CellMincer [1]_: deviations and mean of a pixel, and how its noise and its slow
part go with those of its neighbours, at once and a frame later; of the movie as it is, and of the
movie averaged over 2 x 2 pixels. Frames come one after the other and are given up again, so that
the memory does not grow with the movie.

References
----------
.. [1] B. Wang et al. Robust self-supervised denoising of voltage imaging data using CellMincer.
   npj Imaging 2, 2024.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

ORDER = 10  # frames on either side that are averaged to the slow part
EPSILON = 1e-8  # added to a variance before it divides
CHUNK = 8  # frames that are summed at once
REACH_PX = 8  # beyond the field, of what can act on it; even
BEYOND_PX = 2  # further ones, so that the last have neighbours

FeatureSet = Literal["few", "all", "none"]
Shift = tuple[int, int, int]  # in frames, and along both axes of a frame
Box = tuple[slice, slice]

SHIFTS: tuple[Shift, ...] = tuple(
    one for one in itertools.product((0, 1), (-1, 0, 1), (-1, 0, 1)) if any(one)
)
_SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
# The few are means over what turning and mirroring an image exchanges.
GROUPS: dict[str, tuple[Shift, ...]] = {
    "sides": tuple((0, *one) for one in _SIDES),
    "corners": tuple((0, *one) for one in itertools.product((-1, 1), (-1, 1))),
    "next": ((1, 0, 0),),
    "next_sides": tuple((1, *one) for one in _SIDES),
}


def feature_names(chosen: FeatureSet, depth: int) -> tuple[str, ...]:
    """Name the features in their order, such as ``detrended_corr_0_1_-1_0``.

    The first number is the depth; those of a shift are frames and pixels along both axes.
    """
    if chosen == "none":
        return ()
    ends = ["_".join(map(str, one)) for one in SHIFTS] if chosen == "all" else list(GROUPS)
    return tuple(
        name
        for level in range(depth + 1)
        for name in (
            *(f"{one}_{level}" for one in ("detrended_std", "trend_std", "trend_mean")),
            *(f"{part}_corr_{level}_{end}" for end in ends for part in ("detrended", "trend")),
        )
    )


@dataclass(frozen=True, eq=False)
class Features:
    """What was found in one movie."""

    scale: float  # deviation of all pixels in counts: what is without unit is in units of it
    maps: np.ndarray  # float32, shape (Y, X, K), without unit
    noise: np.ndarray  # float32, shape (Y, X, 2): mean and deviation of what may replace a pixel
    mean: np.ndarray  # float32, shape (Y, X), counts: of the frames that were added


class FeatureSums:
    """Sums over the frames of a movie, added one by one, from which the features follow.

    `depth` is how often 2 x 2 pixels are averaged, 0 or 1. With `centred` the mean of each pixel is
    taken off, as if it had been subtracted from all frames.
    """

    def __init__(self, chosen: FeatureSet, depth: int, *, centred: bool = True) -> None:
        self.chosen, self.depth, self.centred = chosen, depth, centred
        shifts = [shift for group in GROUPS.values() for shift in group]
        used = {"all": SHIFTS, "few": tuple(shifts), "none": ()}[chosen]
        self._levels = [_LevelSums(used, BEYOND_PX >> level) for level in range(1 + depth)]
        self._held: dict[int, np.ndarray] = {}  # the latest frames, padded
        self._n = self._summed = 0  # frames added, and those of them that are in the sums
        self._first: np.ndarray = np.zeros((0, 0))
        self._total: np.ndarray = np.zeros((0, 0))
        self._square = 0.0
        # the slow part: its sum, and that over the `ORDER` frames after the first
        self._window: tuple[int, np.ndarray] = -1, np.zeros(())  # a frame, and the sum around it
        self._sum_slow: np.ndarray | float = 0.0
        self._begin: np.ndarray | float = 0.0

    def add(self, frame: np.ndarray) -> None:
        """Add the next frame: (Y, X), counts."""
        values = np.asarray(frame, np.float32)
        if not self._n:  # taken off all frames, against rounding; no feature but means knows it
            self._first, self._total = values.copy(), np.zeros(values.shape)
        values = values - self._first
        self._total += values
        self._square += float(np.vdot(values, values))
        self._held[self._n] = self._padded(values)
        self._n += 1
        while self._n > self._summed + CHUNK + ORDER:
            self._sum(CHUNK)

    def finish(self) -> Features:
        """Return the features of all frames that were added, at least one."""
        while self._summed < self._n:
            self._sum(min(CHUNK, self._n - self._summed))
        mean = self._total / self._n + self._first
        scale = self._scale(mean)
        slow = self._mean_slow()
        slow += self._padded(self._first - mean if self.centred else self._first)
        maps = np.empty((*mean.shape, self.n_features), np.float32)
        noise = np.empty((*mean.shape, 2), np.float32)
        number = 0
        for level, sums in enumerate(self._levels):
            values = itertools.chain(
                (one / scale for one in sums.deviations(self._n)),
                [self._inner(slow, level) / scale],
                sums.correlations(self._n, self.chosen),
            )
            for place, one in enumerate(values):  # one at a time: they are large
                image = self._on_field(one, level)
                if level == 0 and place in (0, 2):
                    noise[..., 1 - place // 2] = image
                if number < self.n_features:
                    maps[..., number] = image
                number += 1
        return Features(scale, maps, noise, mean.astype(np.float32))

    @property
    def n_features(self) -> int:
        """How many maps there will be."""
        return len(feature_names(self.chosen, self.depth))

    def _scale(self, mean: np.ndarray) -> float:
        """Deviation of all pixels of all frames, counts; 1 where nothing varies."""
        n_px = self._n * self._total.size
        if self.centred:
            left = self._square - float((self._total**2).sum()) / self._n
        else:
            first = self._first.astype(np.float64)
            squares = self._square + float(
                (2 * self._total + self._n * first).ravel() @ first.ravel()
            )
            left = squares - n_px * float(mean.mean()) ** 2
        return float(np.sqrt(max(left, 0.0) / n_px)) or 1.0

    def _sum(self, n_frames: int) -> None:
        """Take so many further frames, and the one after them, into the sums."""
        numbers = range(self._summed, self._summed + n_frames + 1)
        frames = np.stack([self._at(number) for number in numbers])
        slow = self._slow(numbers)
        for number, image in zip(numbers[:-1], slow, strict=False):
            if 0 < number <= ORDER:
                self._begin = self._begin + image
        self._sum_slow = self._sum_slow + slow[:-1].sum(axis=0, dtype=np.float64)
        for level, sums in enumerate(self._levels):
            if level:
                frames, slow = _halved(frames), _halved(slow)
            sums.add(frames, slow)
        self._summed += n_frames
        for number in [one for one in self._held if one < self._summed - 2 * ORDER - 2]:
            del self._held[number]

    def _slow(self, numbers: Sequence[int]) -> np.ndarray:
        """The means of the frames around each: float32, shape (len(numbers), Y, X)."""
        at, total = self._window
        if at != numbers[0]:
            first = range(numbers[0] - ORDER, numbers[0] + ORDER + 1)
            total = np.sum([self._at(number) for number in first], axis=0, dtype=np.float64)
        slow = np.empty((len(numbers), *total.shape), np.float32)
        for place, number in enumerate(numbers):
            if place:
                total += self._at(number + ORDER)
                total -= self._at(number - 1 - ORDER)
            np.multiply(total, 1 / (2 * ORDER + 1), out=slow[place], casting="unsafe")
        self._window = numbers[-1], total
        return slow

    def _at(self, number: int) -> np.ndarray:
        """A padded frame; beyond both ends time is reflected."""
        if number >= self._n or number < 0:
            # Before the end is known, no frame is asked for that has not come.
            period = max(2 * (self._n - 1), 1)
            number = abs(number) % period if self._n > 1 else 0
            number = min(number, period - number)
        return self._held[number]

    def _padded(self, frame: np.ndarray) -> np.ndarray:
        pads = [_pads(size) for size in frame.shape]
        inner = np.pad(frame, pads, mode="reflect")
        return np.pad(inner, BEYOND_PX, mode="reflect")

    def _mean_slow(self) -> np.ndarray:
        """Mean of the slow part of all frames and of `ORDER` reflected ones before and after.

        The original takes them in for this feature alone.
        """
        ends = self._slow(range(self._n, self._n + ORDER)).sum(axis=0, dtype=np.float64)
        whole = 0 in self._held  # of a short movie not all of those after the first are in the sums
        begin = self._slow(range(-ORDER, 0)).sum(axis=0) if whole else self._begin
        return np.asarray((self._sum_slow + ends + begin) / (self._n + 2 * ORDER))

    def _inner(self, padded: np.ndarray, level: int) -> np.ndarray:
        """The inner part of a padded image at a level."""
        for _ in range(level):
            padded = _halved(padded[np.newaxis])[0]
        beyond = BEYOND_PX >> level
        return padded[beyond:-beyond, beyond:-beyond]

    def _on_field(self, image: np.ndarray, level: int) -> np.ndarray:
        """Bring an image of a level to the size of the field."""
        for _ in range(level):
            image = _doubled(_doubled(image, 0), 1)
        height, width = self._first.shape
        (top, _), (left, _) = _pads(height), _pads(width)
        return image[top : top + height, left : left + width]


class _LevelSums:
    """Sums at one depth; `beyond` pixels on each side are there for neighbours only."""

    def __init__(self, shifts: Sequence[Shift], beyond: int) -> None:
        self.beyond = beyond
        # At once, the product of a pair is the same from either side.
        self.shifts = [one for one in shifts if one[0] or one > (0, 0, 0)]
        self.parts = [_Part(self.shifts, beyond) for _ in ("fast", "slow")]

    def add(self, frames: np.ndarray, slow: np.ndarray) -> None:
        """Add all frames (T, Y, X) but the last, which is only the next of the one before."""
        for part, values in zip(self.parts, (frames - slow, slow), strict=True):
            part.add(values)

    def deviations(self, n: int) -> list[np.ndarray]:
        """Deviations of the fast and of the slow part, counts: the inner part, (Y, X)."""
        return [np.sqrt(part.variance(n)) for part in self.parts]

    def correlations(self, n: int, chosen: FeatureSet) -> Iterator[np.ndarray]:
        """Yield the correlations with neighbours, in the order of the features."""
        groups = {"all": [(one,) for one in SHIFTS], "few": GROUPS.values(), "none": ()}[chosen]
        for group in groups:
            for part in self.parts:
                yield np.mean([part.correlation(n, one) for one in group], axis=0)


class _Part:
    """Sums of what is fast or slow, and of its products with itself shifted."""

    def __init__(self, shifts: Sequence[Shift], beyond: int) -> None:
        self.beyond = beyond
        self.products: dict[Shift, np.ndarray | float] = dict.fromkeys(shifts, 0.0)
        self.square: np.ndarray | float = 0.0
        self.total = np.zeros(())
        self.first = self.after = np.zeros((0, 0))  # the first value, and that after the last

    def add(self, values: np.ndarray) -> None:
        if not self.total.ndim:
            self.total, self.first = np.zeros(values.shape[1:]), values[0].copy()
        now = values[:-1]
        self.total += now.sum(axis=0, dtype=np.float64)
        inner = now[(slice(None), *self._box((0, 0)))]
        self.square = self.square + np.einsum("tyx,tyx->yx", inner, inner)
        for shift, total in self.products.items():
            here, there = self._pair(shift)
            later = values[1:] if shift[0] else now
            product = np.einsum(
                "tyx,tyx->yx", now[(slice(None), *here)], later[(slice(None), *there)]
            )
            self.products[shift] = total + product.astype(np.float64)
        self.after = values[-1].copy()

    def mean(self, n: int) -> np.ndarray:
        return np.asarray(self.total[self._box((0, 0))] / n)

    def variance(self, n: int) -> np.ndarray:
        return np.maximum(self.square / n - self.mean(n) ** 2, 0)

    def correlation(self, n: int, shift: Shift) -> np.ndarray:
        """Covariance with the shifted value over the variance of the pixel itself."""
        known = shift if shift in self.products else (0, -shift[1], -shift[2])
        here, _ = self._pair(known)
        inner = self._box((0, 0))
        begin = inner if known == shift else self._box(shift[1:])
        rows, columns = (
            slice(one.start - box.start, one.stop - box.start)
            for one, box in zip(begin, here, strict=True)
        )
        product = np.asarray(self.products[known])[rows, columns] / n
        later = self.total - self.first + self.after if shift[0] else self.total
        there = later[self._box(shift[1:])] / n
        return np.asarray((product - self.mean(n) * there) / (EPSILON + self.variance(n)))

    def _box(self, shift: tuple[int, ...]) -> Box:
        """The inner part, shifted."""
        height, width = self.total.shape
        return (
            slice(self.beyond + shift[0], height - self.beyond + shift[0]),
            slice(self.beyond + shift[1], width - self.beyond + shift[1]),
        )

    def _pair(self, shift: Shift) -> tuple[Box, Box]:
        """Boxes of all pixels of a product and of their neighbours.

        Where both are of one frame the pixels reach further: what is a neighbour of the inner part
        there is a pixel here.
        """
        here, there = self._box((0, 0)), self._box(shift[1:])
        if not shift[0]:
            wide = [
                slice(one.start - max(by, 0), one.stop - min(by, 0))
                for one, by in zip(here, shift[1:], strict=True)
            ]
            here = (wide[0], wide[1])
            rows, columns = (
                slice(one.start + by, one.stop + by)
                for one, by in zip(here, shift[1:], strict=True)
            )
            there = (rows, columns)
        return here, there


def _pads(size: int) -> tuple[int, int]:
    """Pixels before and after a field, which is padded to a power of two in truth.

    No more are needed than act on the field; where pairs of pixels begin stays the same.
    """
    missing = (1 << max(size - 1, 0).bit_length()) - size
    before, after = missing // 2, missing - missing // 2
    return tuple(one if one <= REACH_PX else REACH_PX + one % 2 for one in (before, after))  # type: ignore[return-value]


def _halved(frames: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels: (T, Y, X) of even sizes."""
    rows = frames[:, ::2] + frames[:, 1::2]
    return (rows[..., ::2] + rows[..., 1::2]) / np.float32(4)


def _doubled(maps: np.ndarray, axis: int) -> np.ndarray:
    """Twice the size along an axis, by straight lines between pixels' centres."""
    maps = np.moveaxis(maps, axis, 0)
    before = np.concatenate([maps[:1], maps[:-1]])
    after = np.concatenate([maps[1:], maps[-1:]])
    pair = np.stack([0.75 * maps + 0.25 * before, 0.75 * maps + 0.25 * after], axis=1)
    return np.moveaxis(pair.reshape(-1, *maps.shape[1:]), 0, axis)
