"""Fingerprint of training data: a few numbers by which another stack is compared with them.

A net has learned one kind of noise. The fingerprint keeps how bright the data were, how
strong their noise was at each brightness and how far it was correlated; the same few
numbers of another stack are compared with it. They are quick and made alike on both sides,
so that they compare well; `strength` and `correlation` measure better. NumPy alone, since
`n2v-denoise` starts with this.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard

import numpy as np

from ..stack import Stack
from .blocks import block_means, by_brightness, quietest, to_blocks
from .sample import Sample, read_sample

PERCENTILES = (0.1, 1, 5, 25, 50, 75, 95, 99, 99.9)
AXES = ("T", "Z", "Y", "X")
N_LAGS = 3
BLOCK_PX = 16
MOST_BINS = 8
IN_BIN = 24  # blocks, at least
QUIETEST = 0.3  # share of the blocks of equal brightness that hold little but noise
LEAST_BLOCKS = 8
MOST_STACKS = 8
TRAINING_PX = 3_000_000
FILE_PX = 750_000

NOISE_RATIO = 1.6  # of deviations: what nets bear, and what images of one kind differ by
CORRELATION_APART = 0.25  # at one of the first three lags
OUTSIDE_PERCENT = 10.0  # of the pixels beyond what 99.8 % of the training data were
ROUNDED = 1e-5  # relative: the percentiles of training data are kept with six digits
LARGEST = 1e30  # of any number in a file


@dataclass(frozen=True)
class Print:
    """One channel."""

    percentiles: tuple[float, ...]  # counts at `PERCENTILES`
    # mean and variance of quiet blocks, by brightness: counts, counts squared
    noise: tuple[tuple[float, float], ...]
    # by axis letter: lags 1 to 3 along Y and X, and along T and Z where there are such neighbours
    correlation: Mapping[str, tuple[float, ...]]

    def mapped(self, gain: float, here: float, there: float) -> Print:
        """The print of the same data with every value `x` at ``there + gain * (x - here)``."""
        return Print(
            tuple(there + gain * (value - here) for value in self.percentiles),
            tuple((there + gain * (m - here), gain**2 * variance) for m, variance in self.noise),
            self.correlation,
        )

    def variance_at(self, mean: float) -> float:
        """Variance of the noise where the mean is `mean`, counts squared; 0 if unknown."""
        if not self.noise:
            return 0.0
        means, variances = np.array(self.noise).T
        return float(np.interp(mean, means, variances))


def take_fingerprint(
    stacks: Sequence[Stack], *, keep_strips: bool = False, left_channels: Sequence[int] = ()
) -> dict[str, Any]:
    """Take the fingerprint of training data, as JSON values.

    All stacks have the same channels; at most eight are read, a bounded part of each. With
    `keep_strips` zeros are data. `left_channels` are the numbers, in order, of those that the
    stacks lack and files have: nothing is known of them.
    """
    even = np.linspace(0, len(stacks) - 1, min(MOST_STACKS, len(stacks))).astype(int)
    chosen = [stacks[i] for i in even]
    samples = [
        read_sample(stack, most_px=TRAINING_PX // len(chosen), keep_strips=keep_strips)
        for stack in chosen
    ]
    n_channels = chosen[0].sizes.get("C", 1)
    prints = [_print(samples, c) for c in range(n_channels)]
    for channel in left_channels:
        prints.insert(channel, Print((), (), {}))
    return {"format": 1, "channels": [_as_json(one) for one in prints]}


def read_fingerprint(value: Any) -> list[Print] | None:
    """Read from JSON what anybody may have written; None unless every number is one."""
    if not isinstance(value, Mapping) or value.get("format") != 1:
        return None
    channels = value.get("channels")
    if not isinstance(channels, list) or not 0 < len(channels) <= 1000:
        return None
    prints = [_from_json(one) for one in channels]
    return None if None in prints else [one for one in prints if one is not None]


def prints_of(stack: Stack, *, keep_strips: bool = False) -> list[Print]:
    """Take the prints of a stack's channels, from a bounded part; they are empty if it is."""
    sample = read_sample(stack, most_px=FILE_PX, keep_strips=keep_strips)
    return [_print([sample], c) for c in range(stack.sizes.get("C", 1))]


def compare(found: Sequence[Print], prints: Sequence[Print], axes: str) -> list[str]:
    """Say in what the channels of a stack differ from the training data.

    There is one of `prints` for all channels, or one for each. `axes` are those of the model:
    correlation along its depth is compared, too. Gives one phrase each, such as "the noise is 2.3
    times as strong as in the training data".
    """
    if len(prints) not in (1, len(found)):
        return []  # channels do not fit: that is reported elsewhere
    phrases = []
    for c, here in enumerate(found):
        there = prints[c] if len(prints) > 1 else prints[0]
        if len(found) > 1 and len(set(here.percentiles)) == 1:
            continue  # nothing is in it that could be spoilt
        which = f" in channel {c}" if len(found) > 1 else ""
        phrases += [line.format(which) for line in _differences(here, there, axes)]
    return phrases


def _differences(here: Print, there: Print, axes: str) -> list[str]:
    """Phrases with a place for the channel."""
    found = []
    outside = outside_percent(here, there)
    if outside > OUTSIDE_PERCENT:
        found.append(
            f"{outside:.0f} % of the pixels{{}} are darker or brighter than nearly all of the "
            "training data"
        )
    shared = _correlation_apart(here, there, axes)
    ratio = _noise_ratio(here.noise, there.noise)
    # Power at high frequencies says nothing of the strength where correlation differs.
    if not shared and ratio is not None and not 1 / NOISE_RATIO <= ratio <= NOISE_RATIO:
        found.append(
            f"the noise{{}} is {ratio:.2g} times as strong as in the training data at equal "
            "brightness"
        )
    return found + shared


def _correlation_apart(here: Print, there: Print, axes: str) -> list[str]:
    found = []
    for axis in (letter for letter in "XYZT" if letter in axes):
        profiles = here.correlation.get(axis, ()), there.correlation.get(axis, ())
        pairs = list(zip(*profiles, strict=False))  # short stacks have fewer lags
        apart = [abs(a - b) for a, b in pairs]
        if apart and max(apart) > CORRELATION_APART:
            lag = int(np.argmax(apart))
            what = {"Z": "plane", "T": "frame"}.get(axis, "pixel")
            found.append(
                f"noise{{}} shares {pairs[lag][0]:.2f} with the {what} {lag + 1} further along "
                f"{axis}, in the training data {pairs[lag][1]:.2f}"
            )
    return found


def _print(samples: Sequence[Sample], channel: int) -> Print:
    planes = [
        plane
        for sample in samples
        for plane, c in zip(sample.planes, sample.channels, strict=True)
        if c == channel
    ]
    if not planes:
        return Print((), (), {})
    values = np.concatenate([plane[::3, ::3].ravel() for plane in planes])
    correlation = {axis: _along(planes, axis) for axis in "YX"}
    for axis in "ZT":
        runs = [run for sample in samples for run in sample.runs.get(axis, ())]
        correlation[axis] = _between(runs)
    return Print(
        tuple(np.percentile(values, PERCENTILES).tolist()),
        _noise_by_brightness(planes),
        {axis: lags for axis, lags in correlation.items() if lags},
    )


def _noise_by_brightness(planes: Sequence[np.ndarray]) -> tuple[tuple[float, float], ...]:
    """Mean of blocks, and the variance of what two second differences leave of the quietest."""
    means, variances = [], []
    for plane in planes:
        rough = _second(_second(plane, 0), 1) / 6  # of white noise it keeps the deviation
        blocks = to_blocks(rough, BLOCK_PX)
        means.append(block_means([plane[1:-1, 1:-1]], BLOCK_PX))
        variances.append((blocks * blocks).mean(axis=1, dtype=np.float64))
    mean, variance = np.concatenate(means), np.concatenate(variances)
    if len(mean) < LEAST_BLOCKS:
        return ()
    points = []
    for part in by_brightness(mean, IN_BIN, MOST_BINS):
        quiet = quietest(part, variance, QUIETEST, LEAST_BLOCKS)
        points.append((float(mean[quiet].mean()), float(variance[quiet].mean())))
    return tuple(points)


def _along(planes: Sequence[np.ndarray], axis: str) -> tuple[float, ...]:
    """Lags 1 to 3 of what a second difference across `axis` leaves, in the quietest blocks."""
    cut = []
    for plane in planes:
        upright = plane.T if axis == "Y" else plane  # the lags run along columns
        cut.append(to_blocks(_second(upright, 0), BLOCK_PX))
    blocks = np.concatenate(cut)
    power = blocks.var(axis=1)
    real = np.flatnonzero(power > 0)
    if len(real) < LEAST_BLOCKS:
        return ()
    quiet = quietest(real, power, QUIETEST, LEAST_BLOCKS)
    chosen = blocks[quiet] - blocks[quiet].mean(axis=1, keepdims=True)
    chosen = (chosen / chosen.std(axis=1, keepdims=True)).reshape(-1, BLOCK_PX, BLOCK_PX)
    return tuple(float((chosen[..., :-k] * chosen[..., k:]).mean()) for k in range(1, N_LAGS + 1))


def _between(runs: Sequence[np.ndarray]) -> tuple[float, ...]:
    """Lags 1 to 3 between planes of a run, of what second differences in Y and X leave."""
    total, n = np.zeros(N_LAGS + 1), np.zeros(N_LAGS + 1)
    for run in runs:
        rough = _second(_second(run, 1), 2)
        for k in range(min(N_LAGS + 1, len(run))):
            product = rough[: len(run) - k] * rough[k:]
            total[k] += float(np.median(product.mean(axis=(1, 2))))
            n[k] += 1
    known = int((n > 0).sum())
    if known < 2 or total[0] <= 0:
        return ()
    each = total[:known] / n[:known]
    return tuple((each[1:] / each[0]).tolist())


def outside_percent(here: Print, there: Print) -> float:
    """Share of the pixels below and above the outermost percentiles of the training data.

    Many pixels may have one value: a background that is clipped, counts of few photons, saturated
    cells. Where that is the outermost value of the training data, they are not outside of it.
    """
    if not here.percentiles or not there.percentiles:
        return 0.0
    low, high = there.percentiles[0], there.percentiles[-1]
    slack = ROUNDED * max(abs(low), abs(high))
    upside_down = [-value for value in here.percentiles[::-1]]
    return _percent_below(here.percentiles, low, slack) + _percent_below(upside_down, -high, slack)


def _percent_below(percentiles: Sequence[float], value: float, slack: float) -> float:
    """Share of the pixels below a value: at least, where a percentile equals it within `slack`.

    `percentiles` are those at `PERCENTILES`, which lie as far from 0 as from 100.
    """
    after = int(np.searchsorted(percentiles, value - slack))
    if after in (0, len(percentiles)):
        return 100.0 if after else 0.0
    if percentiles[after] <= value + slack:
        return PERCENTILES[after - 1]
    return float(np.interp(value, percentiles, PERCENTILES))


def _noise_ratio(
    here: Sequence[tuple[float, float]], there: Sequence[tuple[float, float]]
) -> float | None:
    """Ratio of deviations at equal brightness; None where brightnesses do not meet."""
    if not here or not there:
        return None
    mean, variance = np.array(here).T
    known_mean, known_variance = np.array(there).T
    low, high = known_mean.min(), known_mean.max()
    margin = 0.1 * (high - low) + 2 * math.sqrt(max(float(known_variance.mean()), 0))
    meet = (mean >= low - margin) & (mean <= high + margin)
    expected = np.interp(mean[meet], known_mean, known_variance)
    if not meet.any() or (expected <= 0).any():
        return None
    return float(np.sqrt(np.median(variance[meet] / expected)))


def _second(values: np.ndarray, axis: int) -> np.ndarray:
    """(1, -2, 1) along an axis, which gets shorter by 2."""
    return np.diff(values, n=2, axis=axis)


def _as_json(one: Print) -> dict[str, Any]:
    """Six digits are enough, and a file that a person can read."""

    def rounded(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: rounded(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [rounded(item) for item in value]
        return float(f"{value:.6g}")

    plain: dict[str, Any] = rounded(asdict(one))
    return plain


def _from_json(value: Any) -> Print | None:
    """Check one channel; None for anything that `take_fingerprint` would not have written."""
    if not isinstance(value, Mapping):
        return None
    percentiles, points, along = (value.get(key) for key in ("percentiles", "noise", "correlation"))
    if not isinstance(points, list) or not isinstance(along, Mapping):
        return None
    if not _are_numbers(percentiles, (0, len(PERCENTILES))) or len(points) > MOST_BINS:
        return None
    if not all(_are_numbers(point, (2,)) and point[1] >= 0 for point in points):
        return None
    if not all(
        axis in AXES and _are_numbers(lags, range(N_LAGS + 1)) for axis, lags in along.items()
    ):
        return None
    return Print(
        tuple(sorted(map(float, percentiles))),
        tuple(sorted((float(mean), float(variance)) for mean, variance in points)),
        {axis: tuple(map(float, lags)) for axis, lags in along.items()},
    )


def _are_numbers(value: Any, lengths: Container[int]) -> TypeGuard[list[float]]:
    """Whether it is a list of finite numbers of no absurd size."""
    return (
        isinstance(value, list)
        and len(value) in lengths
        and all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in value)
        and all(abs(one) < LARGEST for one in value)
    )
