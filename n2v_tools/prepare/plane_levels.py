"""Grey levels of a plane, robustly: the cheap look before any closer one.

They come from some thousand pixels and the plane's two extremes, so that a plane on which
nothing stands out costs next to nothing.

Tests: ``tests/prepare/test_gaps.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SAMPLE_EDGE = 64  # rows and columns of a plane that are looked at
LEAST_PX = 64  # with fewer pixels nothing can be said
FEW_UNITS = 8  # grey levels: data differ by as many where hardly any photons are
SHARES = (0.001, 0.5, 0.999)  # of the sample below the darkest, the middle and the brightest


@dataclass(frozen=True)
class PlaneLevels:
    """How the values of a plane are spread, in counts."""

    low: float  # the extremes
    high: float
    middle: float  # the median of what lies between the extremes
    below: float  # from the middle down to the darkest thousandth, and up to the brightest
    above: float
    unit: float  # the smallest difference of two values

    def reach(self, sign: int) -> float:
        """How far the data lie above (`sign` 1) or below (-1) the middle."""
        return self.above if sign > 0 else self.below

    def rise(self, sign: int) -> float:
        """How far the highest (`sign` 1) or lowest (-1) value lies from the middle."""
        return self.high - self.middle if sign > 0 else self.middle - self.low


def look_at_levels(plane: np.ndarray) -> PlaneLevels | None:
    """Look at a plane (Y, X) of finite values; None if they are too few, or too much alike.

    The two extreme values are left out of the spread: a fill value may be most of a plane.
    """
    if plane.size < LEAST_PX:
        return None
    low, high = plane.min(), plane.max()
    ordered = np.sort(sampled(plane)).astype(np.float64)
    start, end = np.searchsorted(ordered, low, side="right"), np.searchsorted(ordered, high)
    if end - start < LEAST_PX // 2:
        return None
    steps = np.diff(ordered)
    unit = float(steps[steps > 0].min())
    darkest, middle, brightest = (
        float(ordered[start + int(share * (end - 1 - start))]) for share in SHARES
    )
    least = FEW_UNITS * unit
    reach = max(middle - darkest, least), max(brightest - middle, least)
    return PlaneLevels(float(low), float(high), middle, *reach, unit)


def sampled(plane: np.ndarray) -> np.ndarray:
    """Some thousand pixels of a plane, evenly spread: shape (N,)."""
    rows, columns = sample_steps(plane)
    return plane[::rows, ::columns].ravel()


def sample_steps(plane: np.ndarray) -> tuple[int, int]:
    """Every how many rows and columns a plane is looked at."""
    rows, columns = (max(1, size // SAMPLE_EDGE) for size in plane.shape)
    return rows, columns
