"""Slow drift: the whole field wanders by fractions of a pixel."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import correlate1d

from .transients import FRAME_RATE_HZ

PERIODS_S = (97.0, 41.0, 13.0, 5.0)
TAPS = 5  # samples on either side that a shift looks at
KAISER = 4.0  # shape of the window: errors below 1 % of what an optical image holds


class Drift:
    """Where the field is, frame by frame, along a path that `key` seeds.

    Within the movie, of 2 frames or more, it goes `reach_px` along Y or X at most; 0: it stays.
    """

    def __init__(self, reach_px: float, n_frames: int, key: tuple[int, ...]) -> None:
        self.reach_px = reach_px
        rng = np.random.default_rng(key)
        self._phases = rng.uniform(0, 2 * math.pi, (2, len(PERIODS_S)))
        self._strengths = rng.uniform(0.5, 1, (2, len(PERIODS_S))) * np.sqrt(PERIODS_S)
        farthest = max(float(np.abs(self._path(frame)).max()) for frame in range(n_frames))
        self._strengths *= reach_px / farthest

    @property
    def margin_px(self) -> int:
        """Pixels around the frame that a shift may need."""
        return math.ceil(self.reach_px) + TAPS if self.reach_px else 0

    def at(self, frame: int) -> tuple[float, float]:
        """Return the shift along Y and X, in pixels; frame 0 is not shifted."""
        if not self.reach_px:
            return 0.0, 0.0
        y, x = self._path(frame)
        return float(y), float(x)

    def _path(self, frame: int) -> np.ndarray:
        angles = 2 * math.pi * frame / FRAME_RATE_HZ / np.array(PERIODS_S)
        waves = np.sin(angles + self._phases) - np.sin(self._phases)
        return np.asarray((self._strengths * waves).sum(axis=1))


def shifted(image: np.ndarray, shift_yx: tuple[float, float], margin: int) -> np.ndarray:
    """Return an image moved by a fraction of pixels, without its margins: float32 (Y, X).

    Windowed sinc, which blurs an image that the microscope has blurred by almost nothing, whatever
    the fraction. The image, float32, has a margin on each side; `shift_yx`, towards larger Y and X,
    is smaller than `margin` by `TAPS` or more.
    """
    for axis, shift in enumerate(shift_yx):
        whole = round(shift)
        if shift != whole:
            image = correlate1d(image, _kernel(shift - whole), axis, mode="nearest")
        size = image.shape[axis] - 2 * margin
        image = image.take(range(margin - whole, margin - whole + size), axis)
    return image


def _kernel(fraction: float) -> np.ndarray:
    """Return weights that move by a fraction of -0.5 to 0.5 pixel."""
    at = np.arange(-TAPS, TAPS + 1) + fraction
    window = np.i0(KAISER * np.sqrt(np.maximum(1 - (at / (TAPS + 0.5)) ** 2, 0)))
    weights = np.sinc(at) * window
    return np.asarray(weights / weights.sum())
