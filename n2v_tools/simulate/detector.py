"""Detector of a scanning microscope, with noise that neighbours along a line share.

The light-sensitive part and its read-out are a `Camera`; a scan visits pixels one after
the other, so what is slow in its electronics couples neighbours along X, or shifts a line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .asked import require_between
from .camera import Camera

MOST_CORRELATION = 0.5  # that averaging over two pixels can give


@dataclass(frozen=True)
class Detector:
    """A photomultiplier that scans; SettingsError if a value is out of range."""

    # Gain, offset and read noise. One photon gives many counts, as behind a photomultiplier:
    # grey levels are not scarce.
    camera: Camera = field(default_factory=lambda: Camera(gain=20, offset=200, read_noise=0.5))
    row_noise: float = 0.0  # deviation of a random offset of each row and frame, in photons
    # Correlation of the noise of neighbours along X, 0 to 0.5. Signal and variance stay as they
    # are: only the noise is spread.
    x_correlation: float = 0.0

    def __post_init__(self) -> None:
        most = self.camera.offset / self.camera.gain / 5  # counts must stay above 0
        what = "the deviation of the rows' offsets in photons, "
        require_between("row_noise", self.row_noise, 0, most, what=what)
        what, hint = "the correlation of neighbours along X, ", ", such as 0.4"
        require_between(
            "x_correlation", self.x_correlation, 0, MOST_CORRELATION, what=what, hint=hint
        )

    def expose(self, photons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Record one frame, (Y, X), as `Camera.expose` does."""
        if not (self.row_noise or self.x_correlation):
            return self.camera.expose(photons, rng)
        detected = self.camera.detect(photons, rng)
        if self.x_correlation:
            detected = photons + self._spread(detected - photons)
        if self.row_noise:
            detected = detected + rng.normal(0, self.row_noise, (len(photons), 1))
        return self.camera.count(detected)

    def _spread(self, noise: np.ndarray) -> np.ndarray:
        """Mix each pixel's noise with its left neighbour's; the sum of squares is kept."""
        angle = math.asin(2 * self.x_correlation) / 2
        before = np.concatenate([noise[:, :1], noise[:, :-1]], axis=1)
        mixed = math.cos(angle) * noise + math.sin(angle) * before
        mixed[:, 0] = noise[:, 0]  # has no left neighbour
        return np.asarray(mixed)
