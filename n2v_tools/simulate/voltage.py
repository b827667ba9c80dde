"""Movies of a voltage indicator: spiking cells at some hundred frames a second, noisy and clean.

As in a wide-field microscope, most light comes from the membranes of all that is labelled and
hardly changes; cells flicker with their voltage. Blood that flows through vessels, the heartbeat
and breathing disturb them. Each frame is computed from its number alone, so that the memory does
not grow with the movie.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import gaussian_filter

from .asked import require_between, require_shape, require_whole
from .camera import Camera
from .membrane import Membrane
from .motion import TAPS, shifted
from .neurons import Soma, draw_factors, light_left, populate
from .vessels import vessel_light
from .whole import collect

SMALLEST_PX = 32
UNEVENNESS_PX, UNEVENNESS = 12.0, 0.25  # of the ground: scale, and deviation of the logarithm
RATE_SPREAD, HEIGHT_SPREAD = 0.4, 0.2  # between cells, of the logarithm
GROUND = 0.6  # light of the ground, relative to cells
BEAT_HZ, BREATH_HZ = 9.0, 1.7  # of a mouse
CLOTS_PX, FLOW_PX_S = 3.0, 400.0  # size of what flows in vessels, and its speed
MOST_MOTION_PX = 3.0

_VESSELS, _PLACES, _GROUND, _TRAITS, _SPIKES, _BODY, _NOISE = range(7)  # streams of chance


@dataclass(frozen=True)
class Voltage:
    """A movie of cells that spike, TYX; SettingsError if a value is out of range."""

    sizes: tuple[int, int, int]  # T at least 2, Y and X at least 32
    photons: float = 3.0  # mean of the clean movie, per pixel and frame
    seed: int = 0  # equal seeds give equal movies, to the bit
    neurons: int | None = None  # None: one for each 1200 square pixels
    frame_rate_hz: float = 500.0
    rate_hz: float = 6.0  # mean spikes per second of a cell
    height: float = 0.3  # mean dF/F of a spike at its highest, before an exposure averages it
    waves: float = 0.06  # deviation of dF/F below threshold
    bleaching: float = 0.2  # share of the light lost from the first frame to the last
    motion_px: float = 0.3  # how far heartbeat and breathing move the field
    blood: float = 0.3  # by how much what flows changes the light of a vessel
    camera: Camera = field(default_factory=lambda: Camera(gain=10, offset=100, read_noise=0.4))

    def __post_init__(self) -> None:
        what = f"T,Y,X with T of 2 or more, Y and X of {SMALLEST_PX} or more"
        require_shape(self.sizes, (2, SMALLEST_PX, SMALLEST_PX), what, example=(2000, 128, 128))
        require_whole("seed", self.seed)
        require_whole("neurons", self.neurons or 0)
        self.camera.require_photons(self.photons)
        for key, value, low, high, what in (
            ("frames_per_second", self.frame_rate_hz, 50, 5000, ""),
            ("rate", self.rate_hz, 0, 100, "spikes per second"),
            ("amplitude", self.height, 0, 5, "dF/F of a spike"),
            ("waves", self.waves, 0, 1, "the deviation of dF/F below threshold"),
            ("bleaching", self.bleaching, 0, 0.95, "the share of the light lost by the last frame"),
            ("motion", self.motion_px, 0, MOST_MOTION_PX, "pixels"),
            ("blood", self.blood, 0, 0.9, "the share of a vessel's light that changes"),
        ):
            require_between(key, value, low, high, what=f"{what}, " if what else "")


class VoltageMovie:
    """The frames and the truth of a `Voltage`, computed on demand."""

    def __init__(self, wanted: Voltage) -> None:
        self.wanted = wanted
        self._margin = math.ceil(wanted.motion_px) + TAPS if wanted.motion_px else 0
        height, width = (size + 2 * self._margin for size in wanted.sizes[1:])
        self._shape = (height, width)
        self._vessels = vessel_light(self._shape, self._rng(_VESSELS))
        population = populate(
            self._shape, wanted.neurons, self._vessels > 0.8, self._rng(_PLACES), self._margin
        )
        self._light = population.light.multiply(self._vessels.reshape(-1, 1)).tocsr()
        self._ground = GROUND * self._uneven() * self._vessels
        self._n = len(population.kinds)
        self.somata = tuple(
            Soma(one.y - self._margin, one.x - self._margin, one.radius, one.ring, one.light)
            for one in population.somata
        )
        self._membrane = self._activity(population.kinds)
        rng = self._rng(_BODY)
        self._phases = rng.uniform(0, 2 * math.pi, 6)
        rest = self._ground + self._cells(np.zeros(self._n))
        inner = slice(self._margin, -self._margin or None)
        numbers = np.arange(wanted.sizes[0])
        bleached = float(np.mean([self._bleached(number) for number in numbers]))
        self._scale = wanted.photons / (float(rest[inner, inner].mean()) * bleached)

    def frames(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (noisy, clean) frame by frame: see `frame`."""
        for number in range(self.wanted.sizes[0]):
            yield self.frame(number)

    def frame(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one frame: noisy uint16 and clean float32, both (Y, X) in counts."""
        photons = self.photons(number)
        rng = np.random.default_rng([self.wanted.seed, _NOISE, number])
        return self.wanted.camera.expose(photons, rng), self.wanted.camera.expect(photons)

    def photons(self, number: int) -> np.ndarray:
        """Return the mean photons of one frame: float32, shape (Y, X)."""
        light = self._ground * self._flow(number) + self._cells(self._membrane.at(number))
        light *= np.float32(self._scale * self._bleached(number))
        if not self._margin:
            return np.maximum(light, 0)
        return np.maximum(shifted(light, self.motion(number), self._margin), 0)

    def dff(self, number: int) -> np.ndarray:
        """Return dF/F of each cell in focus in one frame: float64, shape (N,)."""
        return self._membrane.at(number)[: len(self.somata)]

    def spikes(self) -> list[np.ndarray]:
        """Return when each cell in focus spiked during the movie, seconds since frame 0."""
        seconds = self.wanted.sizes[0] / self.wanted.frame_rate_hz
        return self._membrane.spikes(seconds)[: len(self.somata)]

    def motion(self, number: int) -> tuple[float, float]:
        """Return how far the field is shifted in a frame, along Y and X in pixels."""
        seconds = number / self.wanted.frame_rate_hz
        reach = self.wanted.motion_px / 2
        y, x = (
            reach * math.sin(2 * math.pi * BEAT_HZ * seconds + self._phases[2 * axis])
            + reach * math.sin(2 * math.pi * BREATH_HZ * seconds + self._phases[2 * axis + 1])
            for axis in (0, 1)
        )
        return y, x

    def _cells(self, dff: np.ndarray) -> np.ndarray:
        light = self._light @ (1 + dff).astype(np.float32)
        return np.asarray(light).reshape(self._shape)

    def _flow(self, number: int) -> np.ndarray:
        """Light of the ground under what flows: 1 away from vessels, float32 (Y, X)."""
        seconds = number / self.wanted.frame_rate_hz
        pulse = 1 + 0.3 * math.sin(2 * math.pi * BEAT_HZ * seconds + self._phases[4])
        along = np.arange(self._shape[0] + self._shape[1])
        path = FLOW_PX_S * seconds
        clots = np.sin((along - path) / CLOTS_PX) * np.sin((along - 0.7 * path) / (2.3 * CLOTS_PX))
        rows, columns = np.ogrid[: self._shape[0], : self._shape[1]]
        change = (self.wanted.blood * pulse * clots).astype(np.float32)[rows + columns]
        return 1 + (1 - self._vessels) * change

    def _uneven(self) -> np.ndarray:
        """Brightness of the ground, mean about 1: float32 (Y, X)."""
        rng = self._rng(_GROUND)
        smooth = gaussian_filter(rng.normal(size=self._shape), UNEVENNESS_PX, mode="wrap")
        smooth *= UNEVENNESS / max(float(smooth.std()), 1e-9)
        return np.exp(smooth).astype(np.float32)

    def _activity(self, kinds: np.ndarray) -> Membrane:
        """Voltage of all that shines; what is out of focus is dimmer and spikes too."""
        rng, wanted = self._rng(_TRAITS), self.wanted
        rates = wanted.rate_hz * draw_factors(RATE_SPREAD, len(kinds), rng)
        heights = wanted.height * draw_factors(HEIGHT_SPREAD, len(kinds), rng)
        key = (wanted.seed, _SPIKES)
        return Membrane(rates, heights, wanted.waves, wanted.frame_rate_hz, key)

    def _bleached(self, number: int) -> float:
        return light_left(self.wanted.bleaching, number, self.wanted.sizes[0])

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.wanted.seed, stream])


def simulate_voltage(wanted: Voltage) -> tuple[np.ndarray, np.ndarray]:
    """Return a movie as a whole: noisy uint16 and clean float32, shape TYX."""
    planes = (({"T": number}, *pair) for number, pair in enumerate(VoltageMovie(wanted).frames()))
    return collect(planes, wanted.sizes)
