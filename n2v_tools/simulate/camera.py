"""Camera model: shot noise, read noise, gain, offset and whole counts.

It knows nothing of the specimen, so every simulation shares it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import SettingsError
from ..words import option

MAX_COUNT = 65_535


@dataclass(frozen=True)
class Camera:
    """A camera of 16 bit whose pixels are independent of each other."""

    gain: float = 2.0  # counts per detected photon
    offset: float = 100.0  # counts that no light gives
    read_noise: float = 1.6  # root mean square in photons (electrons), as of an sCMOS camera

    def __post_init__(self) -> None:
        if not (self.gain > 0 and self.read_noise >= 0 and self.offset >= 1):
            raise SettingsError(
                f"camera: gain {self.gain:g}, offset {self.offset:g}, read noise "
                f"{self.read_noise:g}; gain must be above 0, offset 1 or more, read noise 0 or up."
            )

    def expose(self, photons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Record an image once: photons arrive by chance, and reading adds its own.

        `photons` is the mean number in each pixel, 0 or more, in any shape. Counts are uint16 from
        1 to 65,535: 0 is left to strips, which no real pixel may look like.
        """
        return self.count(self.detect(photons, rng))

    def detect(self, photons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return what is read of each pixel, in photons: float64, below 0 now and then."""
        return np.asarray(rng.poisson(photons) + rng.normal(0, self.read_noise, photons.shape))

    def count(self, detected: np.ndarray) -> np.ndarray:
        """Turn what was read, in photons, into whole counts: uint16, 1 to 65,535."""
        counts = np.rint(self.offset + self.gain * detected)
        return counts.clip(1, MAX_COUNT).astype(np.uint16)

    def expect(self, photons: np.ndarray) -> np.ndarray:
        """Return the mean of endless exposures: float32 counts, saturated like the camera."""
        return (self.offset + self.gain * photons).clip(1, MAX_COUNT).astype(np.float32)

    def require_photons(self, photons: float) -> None:
        """Raise unless the mean signal `photons` is one the camera can record."""
        most = (MAX_COUNT - self.offset) / self.gain / 10  # structures are that much brighter
        if not (math.isfinite(photons) and 0 < photons <= most):
            raise SettingsError(
                f"{option('photons', f'{photons:g}')}: give a mean signal above 0 and up to "
                f"{most:.0f} photons, such as 10 for a noisy image or 200 for a good one."
            )
