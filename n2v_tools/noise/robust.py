"""Robust statistics, and how sure a measurement is."""

from __future__ import annotations

from typing import Literal

import numpy as np

Confidence = Literal["high", "low", "cannot tell"]

MAD_TO_SIGMA = 1.4826  # of a normal distribution


def deviation(values: np.ndarray, middle: float | None = None) -> float:
    """Deviation of a normal distribution with the median absolute deviation of `values`.

    There is at least one value; they deviate from `middle`, or from their median.
    """
    middle = np.median(values) if middle is None else middle
    return MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))
