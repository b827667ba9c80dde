"""Noise models: how probable a noisy pixel is, given its signal.

All are in counts, and know which signals they were made from. One definition serves NumPy and
TensorFlow, which bring their own `Arithmetic`.
"""

from __future__ import annotations

import io
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ... import keras_backend
from ...errors import ModelError
from ...untrusted import read_npz

FLOOR = 1e-10  # density that the original never goes below
TAIL_SHARE = 1e-4  # of pixels that may be anything, in place of that floor
MOST_GAUSSIANS, MOST_COEFFICIENTS, MOST_BINS = 64, 16, 2048
MOST_BYTES = 2**26  # of a file
LARGEST_LOG = 80.0  # of a coefficient of a variance, whose exponential float32 holds
UNITS = "counts"
LOG_2_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Arithmetic:
    """What a noise model computes with, element by element."""

    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    larger: Callable[[Any, Any], Any]
    smaller: Callable[[Any, Any], Any]
    add_exp: Callable[[Sequence[Any]], Any]  # logarithm of the sum of exponentials
    whole: Callable[[Any], Any]  # floor, as an index
    take: Callable[[np.ndarray, Any], Any]  # entries of a flat table
    like: Callable[[Any, Any], Any]  # the first as numbers of the kind of the second


def _numpy() -> Arithmetic:
    return Arithmetic(
        np.exp,
        np.log,
        np.maximum,
        np.minimum,
        lambda terms: np.logaddexp.reduce(np.broadcast_arrays(*terms)),
        lambda x: np.floor(x).astype(np.int64),
        lambda table, at: table[at],
        lambda x, like: np.asarray(x, np.float64),
    )


NUMPY = _numpy()


def tensorflow() -> Arithmetic:
    """Return TensorFlow's arithmetic; loads it."""
    tf = keras_backend.load()

    def add_exp(terms: Sequence[Any]) -> Any:
        total = terms[0]
        for term in terms[1:]:
            total = tf.maximum(total, term) + tf.math.log1p(tf.exp(-tf.abs(total - term)))
        return total

    return Arithmetic(
        tf.exp,
        tf.math.log,
        tf.maximum,
        tf.minimum,
        add_exp,
        lambda x: tf.cast(tf.floor(x), tf.int32),
        lambda table, at: tf.gather(tf.constant(table, tf.float32), at),
        lambda x, like: tf.cast(x, like.dtype),
    )


class NoiseModel(ABC):
    """How probable a noisy pixel is, given its signal; both in counts."""

    kind: ClassVar[str]
    low: float  # counts; lowest signal that it was made from
    high: float  # highest

    @abstractmethod
    def log_density(self, x: Any, s: Any, by: Arithmetic = NUMPY) -> Any:
        """Logarithm of the density, nats per count, of pixels `x` where the signal is `s`.

        Signals outside the range count as its end as far as the shape of the noise goes.
        """

    @abstractmethod
    def moments(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of a pixel, counts and counts squared, where the signal is `s`."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """What it is kept as; a file of the original's where it has such a model."""

    def percent_outside(self, signals: np.ndarray) -> float:
        """Share of signals outside the range, percent."""
        outside = (signals < self.low) | (signals > self.high)
        return 100 * float(np.mean(outside)) if signals.size else 0.0

    def to_bytes(self) -> bytes:
        """Return a NumPy .npz file of it, without pickles."""
        packed = io.BytesIO()
        np.savez(packed, **self.arrays())
        return packed.getvalue()


def _gaussian(x: Any, mean: Any, variance: Any, by: Arithmetic) -> Any:
    return -0.5 * ((x - mean) ** 2 / variance + by.log(variance) + LOG_2_PI)


@dataclass(frozen=True)
class ShotNoise(NoiseModel):
    """Shot noise plus read noise in closed form: normal, its variance a line over the signal."""

    gain: float  # counts per photoelectron
    floor: float  # counts squared; variance at a signal of `s` counts is ``gain * s + floor``
    least: float  # counts squared, above 0: the variance is never below
    low: float
    high: float

    kind: ClassVar[str] = "gaussian"

    def log_density(self, x: Any, s: Any, by: Arithmetic = NUMPY) -> Any:
        """As `NoiseModel.log_density`; its variance goes on beyond the range."""
        variance = by.larger(self.gain * s + self.floor, self.least)
        return _gaussian(x, s, variance, by)

    def moments(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `NoiseModel.moments`."""
        return s, np.maximum(self.gain * s + self.floor, self.least)

    def arrays(self) -> dict[str, np.ndarray]:
        """As `NoiseModel.arrays`."""
        line = np.array([self.gain, self.floor, self.least])
        return {"line": line, "min_signal": np.array(self.low), "max_signal": np.array(self.high)}


@dataclass(frozen=True, eq=False)
class Mixture(NoiseModel):
    """A mixture of Gaussians whose parameters are polynomials of the signal [1]_.

    Rows of `weights` are, for each Gaussian, its mean, then the logarithms of the coefficients of
    its variance, then its share; columns are powers of the signal scaled to 0..1. Means are moved
    so that the mixture's is the signal.

    References
    ----------
    .. [1] M. Prakash, M. Lalit, P. Tomancak, A. Krull, F. Jug. Fully unsupervised probabilistic
       noise2void. ISBI 2020.
    """

    weights: np.ndarray  # float, shape (3K, coefficients)
    low: float
    high: float
    least: float  # counts squared: no Gaussian has less variance
    tail: float = 0.0  # counts; deviation of pixels that may be anything; 0: the original's floor

    kind: ClassVar[str] = "gmm"

    def components(self, s: Any, by: Arithmetic = NUMPY) -> tuple[list[Any], list[Any], list[Any]]:
        """Means less the signal, variances and logarithms of the shares, one each."""
        u = by.smaller(by.larger((s - self.low) / (self.high - self.low), 0.0), 1.0)
        powers = [u**i for i in range(self.weights.shape[1])]
        rows = [[float(w) for w in row] for row in self.weights]
        k = len(rows) // 3
        means = [sum(w * p for w, p in zip(row, powers, strict=True)) for row in rows[:k]]
        variances = [
            by.larger(
                sum(math.exp(w) * p for w, p in zip(row, powers, strict=True)), float(self.least)
            )
            for row in rows[k : 2 * k]
        ]
        logits = [sum(w * p for w, p in zip(row, powers, strict=True)) for row in rows[2 * k :]]
        total = by.add_exp(logits)
        shares = [one - total for one in logits]
        middle = sum(by.exp(a) * m for a, m in zip(shares, means, strict=True))
        return [m - middle for m in means], variances, shares

    def log_density(self, x: Any, s: Any, by: Arithmetic = NUMPY) -> Any:
        """As `NoiseModel.log_density`."""
        means, variances, shares = self.components(s, by)
        terms = [
            a + _gaussian(x - s, m, v, by) for m, v, a in zip(means, variances, shares, strict=True)
        ]
        rest = 0.0 * (x - s)
        if self.tail:
            # A constant has no gradient where it rules: nothing far off would ever come back.
            rest = _gaussian(x - s, 0.0, rest + self.tail**2, by) + math.log(TAIL_SHARE)
        else:
            rest = rest + math.log(FLOOR)
        return by.add_exp([*terms, rest])

    def moments(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `NoiseModel.moments`; the tail does not count."""
        means, variances, shares = self.components(s)
        each = list(zip(means, variances, shares, strict=True))
        mean = sum(np.exp(a) * m for m, _, a in each)
        square = sum(np.exp(a) * (v + m**2) for m, v, a in each)
        return s + mean, square - mean**2

    def arrays(self) -> dict[str, np.ndarray]:
        """As the original names them; ours are left out by it."""
        return {
            "trained_weight": np.asarray(self.weights, np.float32),
            "min_signal": np.array([self.low], np.float32),
            "max_signal": np.array([self.high], np.float32),
            "min_sigma": np.array(self.least, np.float32),
            "tail": np.array(self.tail),
        }


@dataclass(frozen=True, eq=False)
class Histogram(NoiseModel):
    """A table of densities: rows are signals, columns noisy pixels, both of equal bins.

    The original reads it half a bin off and gives the share of a bin, which is left right here:
    a row stands for the middle of its bin, and shares are divided by the width of a bin.
    """

    table: np.ndarray  # float, shape (B, B); rows add up to 1
    low: float  # counts; of both axes
    high: float

    kind: ClassVar[str] = "histogram"

    @property
    def bin_counts(self) -> float:
        """Width of a bin."""
        return (self.high - self.low) / len(self.table)

    def share(self, x: Any, s: Any, by: Arithmetic = NUMPY, shift: float = 0.5) -> Any:
        """Share of a bin, between the two rows nearest to `s`; the original has a shift of 0.

        Pixels beyond the ends have none; those of the original count as the outermost bins.
        """
        n = len(self.table)
        column = by.whole((x - self.low) / self.bin_counts)
        column = by.smaller(by.larger(column, -1), n) + 1
        place = by.smaller(by.larger((s - self.low) / self.bin_counts - shift, 0.0), float(n - 1))
        row = by.smaller(by.whole(place), n - 2)
        within = place - by.like(row, s)
        flat = np.pad(self.table, ((0, 0), (1, 1))).ravel()
        near, far = (by.take(flat, one * (n + 2) + column) for one in (row, row + 1))
        return near * (1 - within) + far * within

    def log_density(self, x: Any, s: Any, by: Arithmetic = NUMPY) -> Any:
        """As `NoiseModel.log_density`, with a tail so that what was never seen has a gradient."""
        tail = self.high - self.low
        seen = by.log(self.share(x, s, by) / self.bin_counts + FLOOR * FLOOR)
        rest = _gaussian(x - s, 0.0, 0.0 * (x - s) + tail**2, by) + math.log(TAIL_SHARE)
        return by.add_exp([seen, rest])

    def moments(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `NoiseModel.moments`."""
        middles = self.low + self.bin_counts * (np.arange(len(self.table)) + 0.5)
        shares = self.share(middles, np.asarray(s, np.float64)[..., np.newaxis])
        total = np.maximum(shares.sum(axis=-1), FLOOR)
        mean = (shares * middles).sum(axis=-1) / total
        square = (shares * middles**2).sum(axis=-1) / total
        return mean, square - mean**2

    def arrays(self) -> dict[str, np.ndarray]:
        """The table and its edges."""
        ends = {"min_signal": np.array(self.low), "max_signal": np.array(self.high)}
        return {"histogram": np.asarray(self.table, np.float32), **ends}


def count_histogram(
    signal: np.ndarray, observations: np.ndarray, n_bins: int, low: float, high: float
) -> Histogram:
    """Count pairs: `signal` (...) and what was observed of it, (K, ...), all in counts.

    Pixels beyond the ends count as the outermost bins. Rows without any pair are as the nearest
    one that has some.
    """
    edges = np.linspace(low, high, n_bins + 1)

    def bins(values: np.ndarray) -> np.ndarray:
        found = np.searchsorted(edges, values, side="right") - 1
        return np.clip(found, 0, n_bins - 1).ravel()

    counts = np.zeros(n_bins * n_bins)
    for observed in observations:
        at = bins(signal) * n_bins + bins(observed)
        counts += np.bincount(at, minlength=n_bins * n_bins)
    table = counts.reshape(n_bins, n_bins)
    known = np.flatnonzero(table.sum(axis=1))
    nearest = np.abs(np.subtract.outer(np.arange(n_bins), known)).argmin(axis=1)
    table = table[known[nearest]]
    return Histogram(table / table.sum(axis=1, keepdims=True), low, high)


def read_noise_model(path: Path) -> NoiseModel:
    """Read a noise model of ours or of the original's, which may come from anybody.

    ModelError if it is none.
    """
    try:
        return _from_arrays(read_npz(path, MOST_BYTES))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path}: is no noise model ({error!s:.120}). It must be a NumPy .npz file that a "
            "training of this method left or the original program wrote."
        ) from None


def _from_arrays(arrays: Mapping[str, np.ndarray]) -> NoiseModel:
    """ValueError for anything but a noise model."""
    found = {name: np.asarray(values, np.float64) for name, values in arrays.items()}
    if not all(np.isfinite(values).all() for values in found.values()):
        raise ValueError("it holds numbers that are not finite")
    if not {"min_signal", "max_signal"} <= set(found):
        raise ValueError("it has no min_signal and max_signal")
    low, high = (_number(found, name) for name in ("min_signal", "max_signal"))
    if not low < high:
        raise ValueError(f"its signals go from {low:g} to {high:g}")
    if "line" in found:
        return _line_from(found["line"], low, high)
    if "histogram" in found:
        return _table_from(found["histogram"], low, high)
    return _mixture_from(found, low, high)


def _line_from(line: np.ndarray, low: float, high: float) -> ShotNoise:
    if line.shape != (3,) or not line[2] > 0:
        raise ValueError("its line is not gain, floor and a least variance above 0")
    gain, floor, least = line.tolist()
    return ShotNoise(gain, floor, least, low, high)


def _table_from(table: np.ndarray, low: float, high: float) -> Histogram:
    right = table.ndim == 2 and table.shape[0] == table.shape[1]
    if not right or not 2 <= len(table) <= MOST_BINS or (table < 0).any():
        raise ValueError(f"its histogram has shape {table.shape}")
    return Histogram(table, low, high)


def _mixture_from(arrays: Mapping[str, np.ndarray], low: float, high: float) -> Mixture:
    weights = arrays.get("trained_weight", np.empty(0))
    right = weights.ndim == 2 and len(weights) % 3 == 0
    right = right and 3 <= len(weights) <= 3 * MOST_GAUSSIANS
    if not right or not 1 <= weights.shape[1] <= MOST_COEFFICIENTS or np.abs(weights).max() > 1e6:
        raise ValueError(f"its trained_weight has shape {weights.shape}")
    k = len(weights) // 3
    if weights[k : 2 * k].max() > LARGEST_LOG:
        raise ValueError("its variances are beyond any image's")
    least = _number(arrays, "min_sigma")
    if not least > 0:
        raise ValueError(f"its min_sigma is {least:g}")
    tail = _number(arrays, "tail") if "tail" in arrays else 0.0
    if tail < 0:
        raise ValueError(f"its tail is {tail:g}")
    return Mixture(weights, low, high, least, tail)


def _number(arrays: Mapping[str, np.ndarray], name: str) -> float:
    if name not in arrays or arrays[name].size != 1:
        raise ValueError(f"its {name} is no single number")
    return float(arrays[name].reshape(()))
