"""Pairs of signal and noisy pixel from calibration frames, and the noise model they give.

Many frames of one still scene: the signal is their mean. Or a noisy file and a clean one of the
same shape, where the clean one may be what another model restored (bootstrapping).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ... import keras_backend
from ...errors import StackError
from ...io.reader import open_stack
from ...stack import Stack
from ...words import setting
from .noise_model import (
    NUMPY,
    Histogram,
    Mixture,
    NoiseModel,
    ShotNoise,
    count_histogram,
    tensorflow,
)

MOST_PAIRS = 2_000_000  # that are drawn from the files
IN_BIN, N_BINS = 20_000, 64  # pairs kept of each bin of brightness, so that few bright ones count
LEAST_PAIRS = 2000
LEAST_FRAMES = 8  # of a still scene
RATE = 0.05  # of Adam, for parameters in units of the noise
BATCH = 20_000
PATIENCE = 100  # steps without gain
GAIN_NATS = 1e-4
LEAST_SHARE = 1e-2  # of the noise's variance: no Gaussian has less, or one pixel could own one
MOST_OUTSIDE_PERCENT = 1.0
MEAN_OFF = 0.05  # of the noise's deviation by which a model's mean may be off the signal


@dataclass(frozen=True)
class Pairs:
    """Signals and noisy pixels, float64 (P,), in counts."""

    signal: np.ndarray
    noisy: np.ndarray

    def __len__(self) -> int:
        return len(self.signal)


@dataclass(frozen=True)
class Checks:
    """How good a noise model is on pairs; see `check_model`."""

    nats: float  # mean of the negative logarithm of its density, per pixel
    gaussian_nats: float  # likewise of one Gaussian whose variance is a line over the signal
    mean_off: float  # largest distance of its mean from the signal, in deviations of the noise
    outside_percent: float  # share of the pairs outside its range

    @property
    def doubts(self) -> list[str]:
        """What is wrong with it."""
        found = []
        if self.nats > self.gaussian_nats + 0.005:
            found.append(
                f"it fits worse ({self.nats:.3f} nats a pixel) than a single Gaussian "
                f"({self.gaussian_nats:.3f})"
            )
        if self.mean_off > MEAN_OFF:
            found.append(f"its mean is {self.mean_off:.2f} deviations off the signal")
        if self.outside_percent > MOST_OUTSIDE_PERCENT:
            found.append(f"{self.outside_percent:.1f} % of the pixels are outside its range")
        return found


def read_pairs(source: str, axes: str | None, seed: int) -> Pairs:
    """Read pairs from ``FRAMES`` or ``NOISY=CLEAN``; `axes` are the files', None: their own.

    StackError if shapes differ, or there are too few frames.
    """
    noisy, _, clean = source.partition("=")
    rng = np.random.default_rng([seed, 7])
    if clean and not Path(source).exists():
        return _of_pair(open_stack(noisy, axes), open_stack(clean, axes), rng)
    return _of_frames(open_stack(source, axes), rng)


def _of_pair(noisy: Stack, clean: Stack, rng: np.random.Generator) -> Pairs:
    n = {axis: size for axis, size in noisy.sizes.items() if size > 1}
    c = {axis: size for axis, size in clean.sizes.items() if size > 1}
    once = {axis: size for axis, size in n.items() if axis in "YX"}
    if c not in (n, once):
        raise StackError(
            f"{clean.name}: has axes and sizes {_sizes(clean)}, but {noisy.name} has "
            f"{_sizes(noisy)}. {setting('noise_from', 'NOISY=CLEAN')} takes two files of the same "
            "shape, or one clean plane for many noisy frames of it."
        )

    def both() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for place in noisy.places():
            there = {axis: at for axis, at in place.items() if clean.sizes.get(axis, 0) > at}
            there = {axis: there.get(axis, 0) for axis in clean.sizes if axis not in "YX"}
            yield clean.plane(there), noisy.plane(place)

    return _drawn(both(), math.prod(noisy.array.shape), rng, noisy.name)


def _sizes(stack: Stack) -> str:
    return " x ".join(f"{axis} {size}" for axis, size in stack.sizes.items())


def _of_frames(stack: Stack, rng: np.random.Generator) -> Pairs:
    places = list(stack.places())
    if len(places) < LEAST_FRAMES:
        raise StackError(
            f"{stack.name}: has {len(places)} frames, but a noise model is made from "
            f"{LEAST_FRAMES} or more of one still scene. Take more, or pass "
            f"{setting('noise_from', 'NOISY=CLEAN')}."
        )
    total = np.zeros([stack.sizes[axis] for axis in "YX"])
    for place in places:
        total += stack.plane(place)
    mean = total / len(places)
    # The mean holds a part of each frame's own noise, so that too little of it is left beside it.
    stretch = math.sqrt(len(places) / (len(places) - 1))
    both = ((mean, mean + (stack.plane(place) - mean) * stretch) for place in places)
    return _drawn(both, math.prod(stack.array.shape), rng, stack.name)


def _drawn(
    both: Iterator[tuple[np.ndarray, np.ndarray]], n_px: int, rng: np.random.Generator, name: str
) -> Pairs:
    """Draw pixels evenly over the planes, then equally many of each brightness."""
    share = min(1.0, MOST_PAIRS / max(n_px, 1))
    signals, observed = [], []
    for signal, noisy in both:
        keep = rng.random(signal.shape) < share
        keep &= np.isfinite(signal) & np.isfinite(noisy)
        signals.append(signal[keep].astype(np.float64))
        observed.append(noisy[keep].astype(np.float64))
    signal, noisy = np.concatenate(signals), np.concatenate(observed)
    if len(signal) < LEAST_PAIRS:
        raise StackError(
            f"{name}: {len(signal)} pixels are too few for a noise model; {LEAST_PAIRS} or more "
            "are needed."
        )
    return Pairs(signal, noisy)


def within(pairs: Pairs, percentiles: Sequence[float], rng: np.random.Generator) -> Pairs:
    """Pairs whose signal lies between two percentiles, in either order; few of each brightness."""
    low, high = np.percentile(pairs.signal, sorted(percentiles))
    if not low < high:
        low, high = pairs.signal.min(), pairs.signal.max()
    inside = np.flatnonzero((pairs.signal >= low) & (pairs.signal <= high))
    inside = inside[rng.permutation(len(inside))]
    if high > low:
        bins = ((pairs.signal[inside] - low) / (high - low) * N_BINS).astype(int)
        order = np.argsort(bins, kind="stable")
        starts = np.searchsorted(bins[order], bins[order])
        inside = inside[order[np.arange(len(order)) - starts < IN_BIN]]
    return Pairs(pairs.signal[inside], pairs.noisy[inside])


def fit_line(pairs: Pairs) -> ShotNoise:
    """Fit one Gaussian whose variance is a line over the signal."""
    order = np.argsort(pairs.signal, kind="stable")
    groups = np.array_split(order, min(N_BINS, max(1, len(order) // 200)))
    signal = np.array([pairs.signal[one].mean() for one in groups])
    squares = (pairs.noisy - pairs.signal) ** 2
    variance = np.array([squares[one].mean() for one in groups])
    middle = max(float(variance.mean()), 1e-12)
    low, high = float(pairs.signal.min()), float(pairs.signal.max())
    gain = floor = 0.0
    if high > low:
        # Each variance is known to a share of itself.
        gain, floor = np.polyfit(signal, variance, 1, w=1 / np.maximum(variance, 0.01 * middle))
    if gain <= 0:
        gain, floor = 0.0, middle
    return ShotNoise(
        float(gain), float(floor), LEAST_SHARE * middle, low, high + 1e-6 * (high == low)
    )


def fit_histogram(pairs: Pairs, n_bins: int) -> Histogram:
    """Count pairs in a table, from the lowest to the highest value of either."""
    low = float(min(pairs.signal.min(), pairs.noisy.min()))
    high = float(max(pairs.signal.max(), pairs.noisy.max()))
    high += (high - low + 1e-6) * 1e-6  # so that the highest is within
    return count_histogram(pairs.signal, pairs.noisy[np.newaxis], n_bins, low, high)


def fit_mixture(
    pairs: Pairs,
    n_gaussian: int,
    n_coeff: int,
    rng: np.random.Generator,
    *,
    steps: int = 1000,
    least_variance: float | None = None,
    tail: bool = True,
) -> Mixture:
    """Fit a mixture by its likelihood.

    Everything is fitted in units of the noise's deviation and taken back to counts, so that
    neither the rate nor the least variance depends on the units of the file.

    Parameters
    ----------
    pairs : Pairs
    n_gaussian, n_coeff : int
        Gaussians, and coefficients of their polynomials.
    rng : numpy.random.Generator
        Of where it starts, and of the batches.
    steps : int
        At most; it ends when nothing is gained.
    least_variance : float, optional
        Counts squared; default a hundredth of the noise's variance, which is also the most.
    tail : bool
        Let any pixel be anything with a small probability, instead of the original's floor.
    """
    tf = keras_backend.load()
    line = fit_line(pairs)
    noise = float(np.mean((pairs.noisy - pairs.signal) ** 2)) or 1e-12
    scale = math.sqrt(noise)
    least = min(least_variance or LEAST_SHARE * noise, 0.25 * noise)
    start = _first_weights(line, n_gaussian, n_coeff, noise, rng)
    weights = tf.Variable(start, dtype=tf.float32)
    optimizer = tf.keras.optimizers.Adam(RATE)
    optimizer.build([weights])
    ends = line.low / scale, line.high / scale
    by = tensorflow()

    @tf.function(autograph=False)
    def step(x: Any, s: Any) -> Any:
        with tf.GradientTape() as tape:
            model = _Symbolic(weights, *ends, least / noise, n_gaussian)
            loss = -tf.reduce_mean(model.log_density(x, s, by))
        gradient = tape.gradient(loss, weights)
        optimizer.apply_gradients([(tf.clip_by_norm(gradient, 10.0), weights)])
        return loss

    best, best_nats, since = start, math.inf, 0
    smooth = math.nan
    for _ in range(steps):
        at = rng.integers(len(pairs), size=min(BATCH, len(pairs)))
        before = weights.numpy()
        nats = float(
            step(
                tf.constant(pairs.noisy[at] / scale, tf.float32),
                tf.constant(pairs.signal[at] / scale, tf.float32),
            )
        )
        if not math.isfinite(nats):
            break
        smooth = nats if math.isnan(smooth) else 0.9 * smooth + 0.1 * nats
        if smooth < best_nats - GAIN_NATS:
            best, best_nats, since = before, smooth, 0
        since += 1
        if since > PATIENCE:
            break
    fitted = np.array(best, np.float64)
    k = n_gaussian
    fitted[:k] *= scale
    fitted[k : 2 * k] += math.log(noise)
    high = line.high if line.high > line.low else line.low + scale
    return Mixture(fitted, line.low, high, least, (high - line.low) + 5 * scale if tail else 0.0)


def _first_weights(
    line: ShotNoise, n_gaussian: int, n_coeff: int, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """Gaussians of the measured variance, some narrower and some wider, in units of the noise."""
    weights = np.zeros((3 * n_gaussian, n_coeff))
    weights[:n_gaussian, 0] = 0.3 * rng.normal(size=n_gaussian)
    ends = np.maximum(line.moments(np.array([line.low, line.high]))[1] / noise, 0.02)
    wide = np.linspace(-0.7, 0.7, n_gaussian)[:, np.newaxis] if n_gaussian > 1 else np.zeros((1, 1))
    variances = np.full((n_gaussian, n_coeff), -6.0)
    variances[:, :1] = math.log(ends[0]) + wide
    if n_coeff > 1:
        variances[:, 1:2] = math.log(max(ends[1] - ends[0], 0.01)) + wide
    weights[n_gaussian : 2 * n_gaussian] = variances
    return weights


class _Symbolic(Mixture):
    """A mixture whose weights are a TensorFlow variable."""

    def __init__(self, weights: Any, low: float, high: float, least: float, k: int) -> None:
        for name, value in (
            ("weights", weights), ("low", low), ("high", high), ("least", least), ("k", k),
            ("tail", max(high - low, 1.0)),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    def components(self, s: Any, by: Any = NUMPY) -> tuple[list[Any], list[Any], list[Any]]:
        """As `Mixture.components`, from a tensor."""
        k = self.k  # type: ignore[attr-defined]
        width = (self.high - self.low) or 1.0
        u = by.smaller(by.larger((s - self.low) / width, 0.0), 1.0)
        powers = [u**i for i in range(self.weights.shape[1])]

        def polynomial(row: Any) -> Any:
            return sum(row[i] * power for i, power in enumerate(powers))

        rows = [self.weights[i] for i in range(3 * k)]
        means = [polynomial(row) for row in rows[:k]]
        variances = [by.larger(polynomial(by.exp(row)), self.least) for row in rows[k : 2 * k]]
        logits = [polynomial(row) for row in rows[2 * k :]]
        total = by.add_exp(logits)
        shares = [one - total for one in logits]
        middle = sum(by.exp(a) * m for a, m in zip(shares, means, strict=True))
        return [m - middle for m in means], variances, shares


def check_model(model: NoiseModel, pairs: Pairs) -> Checks:
    """Say how good a noise model is on pairs, beside one Gaussian."""
    line = fit_line(pairs)
    nats, gaussian_nats = (
        -float(np.mean(one.log_density(pairs.noisy, pairs.signal))) for one in (model, line)
    )
    low, high = np.percentile(pairs.signal, [2, 98]).tolist()
    signals = np.linspace(low, high, 16)
    mean, variance = model.moments(signals)
    # Of a table, a bin is as wide as it is: its mean is known no better.
    sure = model.bin_counts if isinstance(model, Histogram) else 0.0
    off = np.maximum(np.abs(mean - signals) - sure, 0) / np.sqrt(np.maximum(variance, 1e-30))
    return Checks(nats, gaussian_nats, float(off.max()), model.percent_outside(pairs.signal))
