"""A sheet of cells under noise of a chosen kind and strength, with its truth.

For methods that are to find out what noise there is: nothing but the noise differs
from kind to kind. Every plane shows another depth of the same sheet, every frame the
same scene again; noise is drawn anew for each. See `kinds` for the noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..errors import SettingsError
from ..words import option
from .asked import require_between, require_shape, require_whole
from .camera import MAX_COUNT, Camera
from .epithelium import Epithelium, TissueSizes
from .kinds import parse_kind, structured_noise
from .optics import blur_with_haze
from .whole import Planes, collect

BLUR_PX = 1.2  # standard deviation of the point spread
DEPTHS = (0.3, 0.7)  # of the height of the cells: first and last plane
DEVIATION_COUNTS = 1000.0  # of the clean signal, if it fits
REACH = 8.0  # deviations of the noise that must fit into the range of counts
LEAST_RATIO, MOST_RATIO = 0.01, 20.0


def cell_image(shape_yx: tuple[int, int], seed: int = 0, depth: float = 0.5) -> np.ndarray:
    """Return a sheet of cells with bright borders as a microscope images it, without noise.

    It is cut at `depth`: 0 at its bottom, 1 at its top. Y and X must be at least 16; equal seeds
    give equal cells. The image, float32 (Y, X), is positive; about 0.15 between cells' borders and
    1 on them.
    """
    return _image(Epithelium(TissueSizes(*shape_yx), 1, seed), depth)


@dataclass(frozen=True)
class Structured:
    """A recording to be simulated; SettingsError if values are out of range or contradict."""

    sizes: tuple[int, int, int, int]  # T, Z, Y, X; Y and X at least 16
    kind: str  # of noise; see `kinds`
    noise_to_signal: float = 1.0  # deviation of both over all planes
    # Mean of the clean signal. None: what the ratio asks for where there is shot noise, else a
    # signal whose deviation is `DEVIATION_COUNTS`.
    photons: float | None = None
    seed: int = 0  # equal seeds give equal recordings, to the bit

    def __post_init__(self) -> None:
        shot_noise = "poisson" in parse_kind(self.kind)
        what = "T,Z,Y,X with Y and X of 16 or more"
        require_shape(self.sizes, (1, 1, 16, 16), what, example=(1, 1, 512, 512))
        require_whole("seed", self.seed)
        hint = "; at 1 the noise is as strong as the signal"
        require_between("noise_to_signal", self.noise_to_signal, LEAST_RATIO, MOST_RATIO, hint=hint)
        if self.photons is not None and shot_noise:
            raise SettingsError(
                f"{option('photons')} and {option('noise_to_signal')} both set the strength of "
                f"poisson noise; leave {option('photons')} out."
            )
        if self.photons is not None and not (math.isfinite(self.photons) and self.photons > 0):
            asked = option("photons", f"{self.photons:g}")
            raise SettingsError(f"{asked}: give a mean signal above 0.")


class Recording:
    """The planes of a `Structured`, computed one by one.

    `photons` is the mean of the clean signal, in photons; `gain` the counts per photon, and
    `offset` those that no light gives: high enough for noise to stay above 0. `noise_counts` is the
    deviation of the noise.
    """

    def __init__(self, wanted: Structured) -> None:
        self.wanted = wanted
        self._tissue = Epithelium(TissueSizes(*wanted.sizes[2:]), 1, wanted.seed)
        self._plane = lru_cache(maxsize=1)(self._compute)  # most often there is one depth
        contrast, brightest = self._statistics()
        ratio, parts = wanted.noise_to_signal, parse_kind(wanted.kind)
        shot_noise = "poisson" in parts
        self.gain = Camera.gain if shot_noise or wanted.photons else 1.0
        if shot_noise:
            # Signal: deviation contrast * photons; each part of the noise: sqrt(photons).
            self.photons = len(parts) / (ratio * contrast) ** 2
        else:
            self.photons = wanted.photons or DEVIATION_COUNTS / contrast
        noise = ratio * contrast * self.photons
        top = brightest * self.photons
        reach = REACH * noise
        if shot_noise:  # where it is brightest the noise is strongest, and skewed
            reach = REACH * max(noise, noise * math.sqrt(brightest)) + REACH**2
        self.gain = min(self.gain, (MAX_COUNT - 2) / (top + 2 * reach))
        self.offset = 1 + math.ceil(self.gain * reach)
        self.noise_counts = self.gain * noise

    def planes(self) -> Planes:
        """Yield (place, noisy, clean) plane by plane, such as place ``{"T": 0, "Z": 3}``.

        Noisy is uint16 and clean float32, both of shape (Y, X) in counts; nothing is 0.
        """
        n_frames, n_planes, height, width = self.wanted.sizes
        for t in range(n_frames):
            for z in range(n_planes):
                photons = self.photons * self._plane(z)
                clean = self.offset + self.gain * photons
                rng = np.random.default_rng([self.wanted.seed, 1, t, z])
                noise = structured_noise((height, width), self.wanted.kind, rng, photons)
                noisy = np.rint(clean + self.noise_counts * noise).clip(1, MAX_COUNT)
                yield {"T": t, "Z": z}, noisy.astype(np.uint16), clean.astype(np.float32)

    def _statistics(self) -> tuple[float, float]:
        """Return the deviation and the largest value of the brightness over all planes."""
        variance = brightest = 0.0
        n_planes = self.wanted.sizes[1]
        for z in range(n_planes):
            plane = self._plane(z)
            variance += float(plane.var()) / n_planes  # all have the mean 1
            brightest = max(brightest, float(plane.max()))
        return math.sqrt(variance), brightest

    def _compute(self, z: int) -> np.ndarray:
        """Return the brightness of one plane, float64 (Y, X), with a mean of 1."""
        low, high = DEPTHS
        depth = low + (high - low) * (z + 0.5) / self.wanted.sizes[1]
        image = _image(self._tissue, depth).astype(np.float64)
        return image / image.mean()


def simulate_structured(
    sizes: tuple[int, int, int, int],
    kind: str,
    noise_to_signal: float = 1.0,
    seed: int = 0,
    photons: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return a `Structured` recording as a whole: noisy uint16 and clean float32, shape TZYX."""
    wanted = Structured(sizes, kind, noise_to_signal, photons, seed)
    return collect(Recording(wanted).planes(), sizes)


def _image(tissue: Epithelium, depth: float) -> np.ndarray:
    return blur_with_haze(tissue.floor(depth * tissue.layout.thickness_px), BLUR_PX)
