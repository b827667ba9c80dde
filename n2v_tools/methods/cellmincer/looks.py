"""Looks at a whole movie, in training and before it is restored alike: each is one pass over it.

The first finds the jitter of the light, if that is asked for, the second the trend, if it changes
with time, and the last the features of what is left. What a look took away is put back at the end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import SettingsError
from ...settings import settings_from
from .features import Features, FeatureSet, FeatureSums, feature_names
from .jitter import Smoothing, find_gains, log_brightness
from .trend import Cut, Kind, Trend, TrendSums, Variance, constant


@dataclass(frozen=True)
class Preparing:
    """What is taken from a movie before a net is shown it, and what it is told of the movie."""

    trend: Kind = "constant"
    trend_order: int = 1  # of the polynomials, 0 to 3
    trend_quantile: float = 0.2  # of the blocks around, 0 to 1
    trend_frames: int = 1000  # frames around of which the quantile is taken
    dejitter: Smoothing = "none"
    dejitter_frames: int = 21  # of the median or mean; odd
    dejitter_hz: float = 80.0  # what is slower is no jitter, of lowpass
    rate_hz: float = 500.0  # frames a second, of lowpass
    baseline: float = 0.0  # counts that no light gives, for dejitter
    features: FeatureSet = "few"
    feature_depth: int = 1

    def __post_init__(self) -> None:
        ranges = (
            ("trend_order", 0, 3),
            ("trend_quantile", 0, 1),
            ("trend_frames", 1, 10**9),
            ("dejitter_frames", 3, 10**5),
            ("dejitter_hz", 1e-6, 1e6),
            ("rate_hz", 1e-3, 1e6),
            ("baseline", -1e6, 1e6),
            ("feature_depth", 0, 1),
        )
        for name, low, high in ranges:
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsError(f"{name} is {value:g}; it must be {low:g} to {high:g}.")

    @property
    def looks(self) -> tuple[str, ...]:
        """The passes over a movie, in order."""
        moving = self.trend != "constant"
        return (*(["jitter"] * (self.dejitter != "none")), *(["trend"] * moving), "features")

    @property
    def n_features(self) -> int:
        """Maps that the net is told beside the frames."""
        return len(feature_names(self.features, self.feature_depth))

    @property
    def symmetric(self) -> bool:
        """Whether the features stay true when an image is turned or mirrored."""
        return self.features != "all"

    def record(self) -> dict[str, Any]:
        """All of it, JSON values."""
        return {one.name: getattr(self, one.name) for one in dataclasses.fields(Preparing)}


def read_preparing(record: object) -> Preparing:
    """Read what `Preparing.record` wrote, which may come from anybody; SettingsError if not."""
    if not isinstance(record, Mapping):
        raise SettingsError(f"preparing is {record!r:.60}; it must be a JSON object.")
    return settings_from(Preparing, dict(record), "preparing")


@dataclass(frozen=True, eq=False)
class MovieFacts:
    """What the looks at one movie have found so far."""

    preparing: Preparing
    n_looks: int = 0
    n_frames: int = 0
    gains: np.ndarray | None = None  # float64, shape (T,)
    trend: Trend | None = None
    variance: Variance | None = None
    features: Features | None = None  # None: of an empty movie, too

    def look(self, planes: Iterable[np.ndarray | None]) -> MovieFacts:
        """Look once more at all planes (Y, X, 1) of the movie, counts; None: nothing is there."""
        kind = self.preparing.looks[self.n_looks]
        found = {"jitter": self._jitter, "trend": self._trend, "features": self._features}[kind](
            self._steady(planes)
        )
        return dataclasses.replace(found, n_looks=self.n_looks + 1)

    def prepared(self, frames: np.ndarray, numbers: Iterable[int], cut: Cut) -> np.ndarray:
        """Take trend and jitter from frames (T, Y, X) of a part of the field, counts.

        `numbers` are those of the frames, and `cut` takes the part from an image. Returned are
        float32 in units of the movie's deviation.
        """
        if self.features is None or self.trend is None:
            raise ValueError("a movie was not looked through")
        trend = self.trend.cut(cut)
        out = np.empty(frames.shape, np.float32)
        for frame, number, one in zip(frames, numbers, out, strict=True):
            np.subtract(self._without_jitter(frame, number), trend.at(number), out=one)
        out *= np.float32(1 / self.features.scale)
        return out

    def put_back(self, values: np.ndarray, numbers: Iterable[int], cut: Cut) -> None:
        """Turn what `prepared` gave into counts again, in place, trend and jitter included."""
        if self.features is None or self.trend is None:
            raise ValueError("a movie was not looked through")
        trend = self.trend.cut(cut)
        values *= np.float32(self.features.scale)
        base = np.float32(self.preparing.baseline)
        for one, number in zip(values, numbers, strict=True):
            one += trend.at(number)
            if self.gains is not None:
                one -= base
                one *= np.float32(self.gains[number])
                one += base

    def _without_jitter(self, frame: np.ndarray, number: int) -> np.ndarray:
        if self.gains is None:
            return np.asarray(frame, np.float32)
        base = np.float32(self.preparing.baseline)
        return (frame - base) * np.float32(1 / self.gains[number]) + base

    def _steady(self, planes: Iterable[np.ndarray | None]) -> Iterable[np.ndarray]:
        """Frames (Y, X) without jitter, as far as it is known; none of an empty movie."""
        for number, plane in enumerate(planes):
            if plane is None:
                return
            yield self._without_jitter(plane[..., 0], number)

    def _jitter(self, frames: Iterable[np.ndarray]) -> MovieFacts:
        p = self.preparing
        logs = np.array([log_brightness(frame, p.baseline) for frame in frames])
        gains = find_gains(logs, p.dejitter, p.dejitter_frames, p.rate_hz, p.dejitter_hz)
        return dataclasses.replace(self, gains=gains)

    def _trend(self, frames: Iterable[np.ndarray]) -> MovieFacts:
        sums = TrendSums()
        for frame in frames:
            sums.add(frame)
        if not sums.n_frames:
            return self
        p = self.preparing
        if p.trend == "quantile":
            trend = sums.quantile(p.trend_quantile, p.trend_frames)
        else:
            fit = sums.bleaching if p.trend == "bleaching" else sums.polynomial
            trend = fit(p.trend_order)
        return dataclasses.replace(self, trend=trend, variance=sums.variance())

    def _features(self, frames: Iterable[np.ndarray]) -> MovieFacts:
        p = self.preparing
        sums = FeatureSums(p.features, p.feature_depth, centred=self.trend is None)
        n_frames = 0
        for number, frame in enumerate(frames):
            sums.add(frame if self.trend is None else frame - self.trend.at(number))
            n_frames += 1
        if not n_frames:
            return self
        features = sums.finish()
        trend = constant(features.mean) if self.trend is None else self.trend
        return dataclasses.replace(self, features=features, trend=trend, n_frames=n_frames)
