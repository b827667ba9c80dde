"""Many values in a few numbers: mean, deviation, and how sure a gain is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

N_RESAMPLES = 2000
LEVEL_PERCENT = 95.0
_VALUES_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Summary:
    """Values in a few numbers."""

    mean: float  # of the finite values; infinite if all are, NaN if there was none
    std: float | None  # of a sample (ddof 1); None for one value, NaN if they are infinite
    n: int  # how many values the mean is of


@dataclass(frozen=True)
class Gain(Summary):
    """Differences of pairs."""

    # low, high: between them the mean lies in 95 of 100 resamples; None for one value
    low: float | None = None
    high: float | None = None


def summarise(values: np.ndarray) -> Summary:
    """Return mean, deviation and number of values, shape (N,).

    NaN counts for nothing, and infinity only if there is nothing else: one plane equal to
    the truth would make the mean of a whole movie say nothing.
    """
    known = _worth(values)
    if not known.size:
        return Summary(math.nan, None, 0)
    with np.errstate(invalid="ignore"):
        std = float(np.std(known, ddof=1)) if known.size > 1 else None
        return Summary(float(np.mean(known)), std, known.size)


def measure_gain(differences: Sequence[np.ndarray], rng: np.random.Generator) -> Gain:
    """Summarise paired differences, with a percentile bootstrap interval of their mean [1]_.

    Values of one file are alike, so files are drawn anew where there are several, whole;
    else the values of the one file.

    Parameters
    ----------
    differences : sequence of ndarray, shape (N,)
        Of each file; as in `summarise`.
    rng : numpy.random.Generator
        Equal states give equal intervals.

    References
    ----------
    .. [1] B. Efron, R. Tibshirani. An Introduction to the Bootstrap, chapter 13. 1993.
    """
    whole = summarise(np.concatenate([*differences, np.empty(0)]))
    files = [found for values in differences if (found := values[np.isfinite(values)]).size]
    units = files if len(files) > 1 else [np.array([v]) for values in files for v in values]
    if len(units) < 2 or not math.isfinite(whole.mean):
        return Gain(whole.mean, whole.std, whole.n)
    sums, sizes = np.array([u.sum() for u in units]), np.array([u.size for u in units])
    at_once = max(1, _VALUES_AT_ONCE // len(units))
    means = []
    for start in range(0, N_RESAMPLES, at_once):
        shape = min(at_once, N_RESAMPLES - start), len(units)
        drawn = rng.integers(len(units), size=shape)
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    tail = (100 - LEVEL_PERCENT) / 2
    low, high = np.percentile(np.concatenate(means), [tail, 100 - tail])
    return Gain(whole.mean, whole.std, whole.n, float(low), float(high))


def _worth(values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    finite = known[np.isfinite(known)]
    return finite if finite.size else known
