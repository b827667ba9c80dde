"""Bleaching and flicker: changes of the light over a whole movie, and from frame to frame.

Bleaching dims what is bright in proportion and leaves a camera's offset as it is, so where
the offset is unknown it is read from how the contrast of one part of the movie compares with
that of all. Cells that come and go are left out; what rises and falls again is activity, no
bleaching.

Tests: ``tests/noise/test_changes.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .robust import Confidence, deviation

PARTS = 24
LEAST_PARTS = 8
ROUNDS = 3
OUTLYING = 3.0  # robust deviations from the common course that lively blocks are beyond
MOST_NOISE = 0.5  # share of the contrast of the mean picture that may be noise
FAIR_ERROR = 0.03  # of one part's contrast
LEAST_LOST = 0.05
ALWAYS = 0.6  # Kendall's tau between time and light
CLEARLY = 3.0  # scatter around the curve
LEAST_FLICKER = 0.02  # of the mean
BEYOND_CHANCE = 2.0  # times the deviation that the noise of the pixels makes


@dataclass(frozen=True)
class Bleaching:
    """How much light is lost."""

    percent: float  # lost from the first frame to the last, by the curve; negative if it grew
    half_life_frames: float | None  # of the exponential; None without bleaching
    # whether the loss is steady and more than chance; None if that is unknown
    bleaches: bool | None
    confidence: Confidence
    reason: str
    course: np.ndarray  # float64, shape (P,): light of each part of the movie, about 1
    frames: np.ndarray  # float64, shape (P,): middle of each part


class Light:
    """Sums up what frames show, part by part of the movie, as they come."""

    def __init__(self, n_frames: int) -> None:
        self.n_frames = n_frames
        self._n_parts = min(PARTS, n_frames // 2)
        self._sums: list[np.ndarray] = []
        self._counts = np.zeros(self._n_parts)
        self._before: np.ndarray | None = None
        self._noise: list[float] = []

    def add(self, frame: int, blocks: np.ndarray) -> None:
        """Take the next frame: means of its blocks, shape (M,), in counts."""
        part = min(frame * self._n_parts // self.n_frames, self._n_parts - 1)
        if part == len(self._sums):
            self._sums.append(np.zeros_like(blocks))
        self._sums[part] += blocks
        self._counts[part] += 1
        if self._before is not None:
            difference = blocks - self._before
            self._noise.append(deviation(difference) ** 2 / 2)
        self._before = blocks

    @property
    def noise(self) -> float:
        """Variance of the noise of one block in one frame, counts squared."""
        return float(np.median(self._noise)) if self._noise else 0.0

    def bleaching(self, scene: range, offset: float | None = None) -> Bleaching:
        """Measure it from the parts of one scene; `offset`: counts without light, if known."""
        edges = np.linspace(0, self.n_frames, self._n_parts + 1)
        inside = (edges[:-1] >= scene.start) & (edges[1:] <= scene.stop)
        kept = np.flatnonzero(inside)
        maps = np.stack(self._sums)[kept] / self._counts[kept, None] if len(kept) else None
        if maps is None or len(kept) < LEAST_PARTS:
            return _unknown("the movie is too short", np.empty(0), np.empty(0))
        frames = (edges[:-1] + edges[1:])[kept] / 2
        variances = self.noise / self._counts[kept]
        return measure_bleaching(maps, variances, frames, scene, offset)


def measure_bleaching(
    maps: np.ndarray,
    variances: np.ndarray,
    frames: np.ndarray,
    scene: range,
    offset: float | None = None,
) -> Bleaching:
    """Fit an exponential to the contrast of pictures of one field, or to their brightness.

    Parameters
    ----------
    maps : ndarray of float64, shape (P, M)
        Means of M blocks in each part of the movie, counts.
    variances : ndarray of float64, shape (P,)
        Of the noise in them.
    frames : ndarray of float64, shape (P,)
        Middle of each part.
    scene : range
        Frames over which the loss is counted.
    offset : float or None
        Counts without light; None where they are unknown, so that contrast must do.
    """
    course, error = _contrast(maps, variances)
    if offset is not None and maps.mean() > offset:
        light = np.median(maps, axis=1) - offset
        course = light / light.mean()
        error = (float(variances.mean()) / maps.shape[1]) ** 0.5 / float(light.mean())
    if course is None:
        return _unknown("there is too little contrast in the frames", np.empty(0), frames)
    if course.min() <= 0 or error > FAIR_ERROR:
        return _unknown("the contrast of the frames is too noisy", course, frames)
    slopes = _pair_slopes(frames, np.log(course))
    slope = float(np.median(slopes))
    curve = np.log(course) - slope * frames
    scatter = deviation(curve)
    lost = 1 - np.exp(slope * (len(scene) - 1))
    steady = abs(float(np.sign(slopes).mean()))
    real = abs(lost) > max(LEAST_LOST, CLEARLY * scatter, CLEARLY * error)
    bleaches = bool(lost > 0 and real and steady > ALWAYS)
    reason = ""
    if real and not bleaches:
        reason = "it grows" if lost < 0 and steady > ALWAYS else "it rises and falls: activity"
    return Bleaching(
        100 * float(lost),
        float(-np.log(2) / slope) if bleaches else None,
        bleaches,
        "high" if error < FAIR_ERROR / 3 and scatter < abs(lost) / 5 + LEAST_LOST / 2 else "low",
        reason,
        course,
        frames,
    )


def measure_flicker(means: np.ndarray, breaks: tuple[int, ...], noise: float, dim: float) -> float:
    """Deviation of the light from frame to frame, relative to it; 0 if it is chance.

    `means` of the frames, shape (T,), and `dim`, what is there without light, are in counts. Frames
    at `breaks` do not continue the one before. `noise` is the variance of a frame's mean that the
    noise of its pixels makes.
    """
    bent = means[:-2] - 2 * means[1:-1] + means[2:]
    usable = np.ones(len(bent), bool)
    for t in breaks:
        usable[max(0, t - 2) : t] = False
    light = float(np.median(means)) - dim
    if usable.sum() < LEAST_PARTS or light <= 0:
        return 0.0
    spread = deviation(bent[usable]) / 6**0.5
    if spread < BEYOND_CHANCE * noise**0.5:
        return 0.0
    flicker = (spread**2 - noise) ** 0.5 / light
    return flicker if flicker > LEAST_FLICKER else 0.0


def _contrast(maps: np.ndarray, variances: np.ndarray) -> tuple[np.ndarray | None, float]:
    """Slope of each map over their mean, freed of noise in the mean; and its error."""
    kept = np.ones(maps.shape[1], bool)
    noise = float(variances.mean()) / len(maps)  # in the mean of all maps
    course = np.ones(len(maps))
    for _ in range(ROUNDS):
        middle = maps[:, kept].mean(axis=0)
        middle = middle - middle.mean()
        power = float(middle @ middle) / max(middle.size, 1)
        if middle.size < LEAST_PARTS or power <= 0 or noise > MOST_NOISE * power:
            return None, np.inf
        level = maps - maps[:, kept].mean(axis=1, keepdims=True)
        share = noise / power
        course = (level[:, kept] @ middle / (power * middle.size) - share) / (1 - share)
        whole = maps.mean(axis=0) - maps[:, kept].mean()
        rest = ((level - course[:, None] * whole) ** 2).mean(axis=0)
        quiet = float(np.median(rest))
        kept = rest <= quiet + OUTLYING * max(deviation(rest), 0.1 * quiet)
    error = (float(variances.mean()) / (kept.sum() * power * (1 - share))) ** 0.5
    return course, error


def _pair_slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slopes between all pairs of points, whose median is Theil and Sen's."""
    first, second = np.triu_indices(len(x), 1)
    return np.asarray((y[second] - y[first]) / (x[second] - x[first]))


def _unknown(reason: str, course: np.ndarray, frames: np.ndarray) -> Bleaching:
    return Bleaching(0.0, None, None, "cannot tell", reason, course, frames)
