"""Domes as a light-sheet microscope records them: noisy and clean, with black strips.

Planes come one by one, each seeded by its own place, so that the memory does not grow
with the recording and the order of asking changes nothing. The clean plane is what
endless exposures of the noisy one would give: same counts, offset and strips.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .asked import require_shape, require_whole
from .camera import Camera
from .epithelium import Epithelium, TissueSizes
from .optics import HAZE_SHARE, blur_with_haze
from .whole import Planes, collect

BLUR_PX = 0.7  # standard deviation of the point spread in Y and X
AXIAL_BLUR_PX = 2.2  # along Z: about three times as long
CALIBRATION_PX = 3_000_000  # pixels looked at to set the mean signal
STRIP_SHARE = 0.12  # of the width: the widest strip at either edge
N_PER_INNER_STRIP, N_PER_EMPTY_PLANE = 12, 60  # planes

_TISSUE, _STRIPS, _NOISE = 0, 1, 2  # what a stream of chance is for


@dataclass(frozen=True)
class Dome:
    """A recording of a dome, TZYX, plane by plane; SettingsError if a value is out of range."""

    sizes: tuple[int, int, int, int]  # T and Z at least 1, Y and X at least 16
    photons: float = 10.0  # mean of the clean signal outside strips
    seed: int = 0  # equal seeds give equal recordings, to the bit
    strips: bool = True  # leave black strips, as deskewing does
    camera: Camera = field(default_factory=Camera)  # turns photons into counts

    def __post_init__(self) -> None:
        what = "T,Z,Y,X with Y and X of 16 or more"
        require_shape(self.sizes, (1, 1, 16, 16), what, example=(4, 32, 256, 256))
        require_whole("seed", self.seed)
        self.camera.require_photons(self.photons)

    def planes(self) -> Planes:
        """Yield (place, noisy, clean) plane by plane, such as place ``{"T": 0, "Z": 3}``.

        Noisy is uint16 and clean float32, both of shape (Y, X) in counts; strips are
        exactly 0 in both, and nothing else is.
        """
        n_frames, n_planes, *_ = self.sizes
        optics = _Optics(self)
        scale = self.photons / optics.mean_signal()
        for t in range(n_frames):
            for z in range(n_planes):
                photons = scale * optics.image(t, z)
                rng = np.random.default_rng([self.seed, _NOISE, t, z])
                noisy, clean = self.camera.expose(photons, rng), self.camera.expect(photons)
                strip = self.strip_mask(t, z)
                noisy[strip] = 0
                clean[strip] = 0
                yield {"T": t, "Z": z}, noisy, clean

    def strip_mask(self, t: int, z: int) -> np.ndarray:
        """Return where the plane is black: bool, shape (Y, X)."""
        _, n_planes, height, width = self.sizes
        mask = np.zeros((height, width), bool)
        if not self.strips:
            return mask
        number, rng = t * n_planes + z, np.random.default_rng([self.seed, _STRIPS, t, z])
        # Deskewing shears the volume: one edge widens with depth as the other narrows.
        tilt = (z + 0.5) / n_planes
        for share, columns in ((tilt, mask.T), (1 - tilt, mask.T[::-1])):
            columns[: int(STRIP_SHARE * width * (0.15 + 0.7 * share) + rng.uniform(0, 3))] = True
        if self._is_drawn(number, N_PER_INNER_STRIP, stream=1):
            start = int(rng.integers(width // 4, 3 * width // 4))
            mask[:, start : start + 1 + int(rng.integers(max(1, width // 60)))] = True
        if self._is_drawn(number, N_PER_EMPTY_PLANE, stream=2):
            mask[:] = True
        return mask

    def _is_drawn(self, number: int, one_in: int, stream: int) -> bool:
        """True for one plane at random in each run of `one_in` planes; never for the first."""
        run, within = divmod(number, one_in)
        rng = np.random.default_rng([self.seed, _STRIPS, stream, run, 0, 0])
        return number > 0 and within == int(rng.integers(one_in))


def simulate_dome(
    sizes: tuple[int, int, int, int],
    photons: float = 10.0,
    seed: int = 0,
    *,
    strips: bool = True,
    camera: Camera | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return a simulated `Dome` as a whole: noisy uint16 and clean float32, shape TZYX."""
    return collect(Dome(sizes, photons, seed, strips, camera or Camera()).planes(), sizes)


class _Optics:
    """What the microscope makes of the tissue: blur, haze, light lost on the way."""

    def __init__(self, dome: Dome) -> None:
        self.dome = dome
        n_frames, n_planes, height, width = dome.sizes
        layout = TissueSizes(height, width)
        self.tissue = Epithelium(layout, n_frames, dome.seed)
        self.step_px = layout.span_px / n_planes
        sigma = min(max(AXIAL_BLUR_PX / self.step_px, 0.35), 2.0)
        reach = math.ceil(2.5 * sigma)
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        self.weights = weights / weights.sum()
        across = np.linspace(0, 1, width, dtype=np.float32)
        self.light_sheet = np.exp(-0.35 * across)  # dims as it crosses the tissue
        self._near: dict[tuple[int, int], np.ndarray] = {}

    def image(self, t: int, z: int) -> np.ndarray:
        """Return the blurred brightness of one plane, float32 (Y, X)."""
        reach = len(self.weights) // 2
        needed = [(t, k) for k in range(z - reach, z + reach + 1)]
        self._near = {key: self._near[key] for key in needed if key in self._near}
        for key in needed:
            if key not in self._near:
                self._near[key] = self.tissue.plane(t, self._height(key[1]))
        sharp = sum(w * self._near[key] for w, key in zip(self.weights, needed, strict=True))
        return blur_with_haze(sharp, BLUR_PX) * self._transmission(z)

    def mean_signal(self) -> float:
        """Return the mean brightness outside strips, from a coarse look at many planes."""
        n_frames, n_planes, height, width = self.dome.sizes
        total = n_frames * n_planes
        step = 2 if min(height, width) >= 128 else 1
        most = max(24, CALIBRATION_PX * step**2 // (height * width))
        numbers = np.unique(np.linspace(0, total - 1, min(total, most)).round().astype(int))
        signal = n_real = 0.0
        for number in numbers:
            t, z = divmod(int(number), n_planes)
            real = ~self.dome.strip_mask(t, z)[::step, ::step]
            plane = (1 + HAZE_SHARE) * self.tissue.plane(t, self._height(z), step)
            light = self._transmission(z)[::step]
            signal += float((plane * light)[real].sum(dtype=np.float64))
            n_real += int(real.sum())
        return signal / n_real

    def _height(self, z: int) -> float:
        return (z + 0.5) * self.step_px

    def _transmission(self, z: int) -> np.ndarray:
        """Return the share of light that comes back, per column: less from deep planes."""
        depth = 1 - (z + 0.5) / self.dome.sizes[1]
        return self.light_sheet * np.float32(math.exp(-0.5 * depth))
