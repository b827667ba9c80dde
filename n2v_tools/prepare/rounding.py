"""Cost of rounding to whole numbers: the signal of a stack in counts, as a few planes show it.

Rounding errs by 0.29 counts. That is nothing beside most images, and all of an image of less than
one photon a pixel. Whether it matters is not seen from the type, nor from the largest value, which
may be one hot pixel's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..stack import Stack
from .strips import find_strips

MOST_PLANES = 8  # of each channel
MOST_CHANNELS = 8
EDGE_PX = 512  # of the middle of a plane
ENDS_PERCENT = (1.0, 99.0)
FAR = 3.0  # times the distance between these beyond them: there are no data
# Deviation of what a quick denoiser leaves of the noise: rounding much below that is not seen.
NOISE_LEFT = 0.5


@dataclass(frozen=True)
class Signal:
    """What was seen of the grey levels; values are counts."""

    # expected of the restored image, of the channel where it is least; None: nothing was seen that
    # is not constant
    deviation: float | None
    span: float  # between the lowest and the highest value that are not far off all others


def look_at_signal(
    stack: Stack,
    *,
    keep_strips: bool = False,
    enough_deviation: float = np.inf,
    enough_span: float = np.inf,
) -> Signal:
    """Look at the grey levels of a few planes, evenly spread; of most stacks at one.

    No more of a channel is read once a plane shows `enough_deviation` and `enough_span`, counts.
    With `keep_strips` zeros are data.
    """
    places = list(stack.places())
    deviations, lows, highs = [], [], []
    for channel in range(min(MOST_CHANNELS, stack.sizes.get("C", 1))):
        own = [place for place in places if place.get("C", 0) == channel]
        seen: list[_Plane] = []
        for place in _middle_first(own):
            one = _look(stack.plane(place), keep_strips)
            if one is None:
                continue
            seen.append(one)
            if one.deviation >= enough_deviation and one.high - one.low >= enough_span:
                break
        lows += [one.low for one in seen]
        highs += [one.high for one in seen]
        if any(one.high > one.low for one in seen):
            deviations.append(_of_all(seen, enough_deviation))
    span = max(highs) - min(lows) if highs else 0.0
    return Signal(min(deviations, default=None), span)


@dataclass(frozen=True)
class _Plane:
    """One plane without what is far off."""

    mean: float
    deviation: float  # expected of the restored plane
    low: float
    high: float


def _middle_first(places: Sequence[Mapping[str, int]]) -> list[Mapping[str, int]]:
    even = np.unique(np.linspace(0, len(places) - 1, min(MOST_PLANES, len(places))).round())
    chosen = [places[int(i)] for i in even]
    middle = len(chosen) // 2
    return [chosen[middle], *chosen[:middle], *chosen[middle + 1 :]]


def _look(plane: np.ndarray, keep_strips: bool) -> _Plane | None:
    """Look at the middle of a plane; None if nothing is there.

    What neighbours have in common is signal, what each has alone is noise: the covariance of
    neighbours needs no measure of the noise, and isolated pixels do not change it.
    """
    part = _middle(plane)
    if not keep_strips:
        strips = find_strips(part)
        part = part[np.ix_(~strips.rows, ~strips.columns)]
    if min(part.shape) < 2:
        return None
    values = part.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        return None
    values = np.where(finite, values, np.median(values[finite]))
    first, last = np.percentile(values, ENDS_PERCENT)
    far = FAR * max(last - first, 1.0)
    values = np.clip(values, first - far, last + far)
    low, high, mean = float(values.min()), float(values.max()), float(values.mean())
    values -= mean
    variance = float(np.mean(values * values))
    shared = max(
        float(np.mean(values[1:] * values[:-1])), float(np.mean(values[:, 1:] * values[:, :-1]))
    )
    shared = min(max(shared, 0.0), variance)
    left = shared + NOISE_LEFT**2 * (variance - shared)
    return _Plane(mean, float(np.sqrt(left)), low, high)


def _middle(plane: np.ndarray) -> np.ndarray:
    """The middle of a plane, no wider than is looked at."""
    starts = [max(0, (size - EDGE_PX) // 2) for size in plane.shape]
    y, x = (slice(start, start + EDGE_PX) for start in starts)
    return plane[y, x]


def _of_all(seen: Sequence[_Plane], enough: float) -> float:
    """Deviation over all planes of a channel, or the largest of one that has enough."""
    most = max(one.deviation for one in seen)
    if most >= enough:
        return most
    within = np.mean([one.deviation**2 for one in seen])
    return float(np.sqrt(within + np.var([one.mean for one in seen])))
