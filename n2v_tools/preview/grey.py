"""Grey values of counts, and the limits that all panels of a channel share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def find_limits(
    samples: Sequence[np.ndarray], percentiles: tuple[float, float]
) -> tuple[float, float] | None:
    """Return the counts that are shown black and white: percentiles of all panels together.

    Extremes would do for a perfect movie; percentiles are not moved by a hot pixel. Where the
    percentiles are equal, as in a movie that is dark but for a few pixels, the extremes are taken.
    `samples` are counts as they will be shown; NaN does not count. None if no value is finite; two
    equal ones if all values are.
    """
    values = np.concatenate([one[np.isfinite(one)] for one in samples]) if samples else np.empty(0)
    if not values.size:
        return None
    low, high = np.percentile(values, percentiles)
    if not low < high:
        low, high = values.min(), values.max()
    return float(low), float(high)


def to_grey(counts: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return grey values 0 to 255; what lies outside the limits is clipped, NaN is black.

    `counts` are float64; the `limits` are black and white, of which the first is smaller.
    """
    low, high = limits
    share = (counts / 2 - low / 2) / (high / 2 - low / 2)  # halves: differences cannot overflow
    return np.rint(255 * np.clip(np.nan_to_num(share, nan=0.0), 0, 1)).astype(np.uint8)
