"""Calcium movies as a two-photon microscope records them: noisy and clean, with true traces.

Each frame is computed from its number alone, so that the memory does not grow with the
movie and any frame can be asked for first. The clean frame is what endless exposures of
the noisy one would give: same counts, same offset.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

from .asked import require_between, require_shape, require_whole
from .detector import Detector
from .motion import Drift, shifted
from .neurons import BLUR_PX, Soma, draw_factors, light_left, populate
from .neuropil import Neuropil
from .transients import Indicator, Transients
from .vessels import vessel_light
from .whole import collect

SMALLEST_PX = 32
BURST = 3.0  # mean spikes of a burst
RATE_SPREAD, SIZE_SPREAD = 0.5, 0.25  # between neurons, of the logarithm
NEUROPIL_ACTIVITY = 0.06  # deviation in time, relative to the mean
NEUROPIL_IN_BODY = 0.4  # light from above and below the focus
EVENNESS_PX = 15  # what is bright or dim over wider than this is so for neurons too
MOST_DRIFT_PX = 20
MOST_RATE_HZ = 50.0

_VESSELS, _PLACES, _NEUROPIL, _TRAITS, _SPIKES, _DRIFT, _NOISE = range(7)  # streams of chance


@dataclass(frozen=True)
class Calcium:
    """A movie of neurons at work, TYX, 30 frames a second.

    The default signal is a hard, ordinary case: low laser power, where a single frame
    shows some bodies and hardly anything of what changes. SettingsError if a value is out of
    range.
    """

    sizes: tuple[int, int, int]  # T at least 2, Y and X at least 32
    photons: float = 2.0  # mean of the clean movie, per pixel
    seed: int = 0  # equal seeds give equal movies, to the bit
    # In focus; None: one for each 1200 square pixels, 0: neuropil and vessels only.
    neurons: int | None = None
    rate_hz: float = 1.0  # mean spikes per second of a neuron, most of them in bursts
    indicator: Indicator = field(default_factory=Indicator)  # rise, decay and dF/F
    bleaching: float = 0.1  # share of the light lost from the first frame to the last
    # Farthest that the field wanders along Y or X, in pixels; 0: as after motion correction.
    drift_px: float = 0.0
    neuropil: float = NEUROPIL_ACTIVITY  # deviation in time, relative to its mean
    detector: Detector = field(default_factory=Detector)  # turns photons into counts

    def __post_init__(self) -> None:
        what = f"T,Y,X with T of 2 or more, Y and X of {SMALLEST_PX} or more"
        least = (2, SMALLEST_PX, SMALLEST_PX)
        require_shape(self.sizes, least, what, example=(300, 256, 256))
        require_whole("seed", self.seed)
        require_whole("neurons", self.neurons or 0)
        self.detector.camera.require_photons(self.photons)
        for key, value, most, what in (
            ("rate", self.rate_hz, MOST_RATE_HZ, "spikes per second"),
            ("bleaching", self.bleaching, 0.95, "the share of the light lost by the last frame"),
            ("drift", self.drift_px, MOST_DRIFT_PX, "pixels"),
            ("neuropil", self.neuropil, 0.3, "the deviation in time relative to the mean"),
        ):
            require_between(key, value, 0, most, what=f"{what}, ")


class Movie:
    """The frames and the truth of a `Calcium`, computed on demand."""

    def __init__(self, wanted: Calcium) -> None:
        self.wanted = wanted
        self._drift = Drift(wanted.drift_px, wanted.sizes[0], (wanted.seed, _DRIFT))
        self._margin = self._drift.margin_px
        height, width = (size + 2 * self._margin for size in wanted.sizes[1:])
        self._shape = (height, width)
        vessels = vessel_light(self._shape, self._rng(_VESSELS))
        self._population = populate(
            self._shape, wanted.neurons, vessels > 0.8, self._rng(_PLACES), self._margin
        )
        self._neuropil = Neuropil(
            self._shape, wanted.neuropil, wanted.indicator, (wanted.seed, _NEUROPIL)
        )
        reach = vessels * gaussian_filter(self._neuropil.rest, EVENNESS_PX)
        self._light = self._population.light.multiply(reach.reshape(-1, 1)).tocsr()
        inside = np.asarray(self._population.inside.sum(axis=1)).reshape(self._shape)
        body = gaussian_filter(inside.clip(0, 1).astype(np.float32), BLUR_PX)
        self._rest = self._neuropil.rest * vessels * (1 - (1 - NEUROPIL_IN_BODY) * body)
        self._transients = self._activity()
        # The neurons in focus: places in frame coordinates, without drift.
        self.somata = tuple(
            Soma(soma.y - self._margin, soma.x - self._margin, soma.radius, soma.ring, soma.light)
            for soma in self._population.somata
        )

    def frames(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (noisy, clean) frame by frame: see `frame`."""
        for number in range(self.wanted.sizes[0]):
            yield self.frame(number)

    def frame(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one frame: noisy uint16 and clean float32, both (Y, X) in counts."""
        photons = self.photons(number)
        rng = np.random.default_rng([self.wanted.seed, _NOISE, number])
        noisy = self.wanted.detector.expose(photons, rng)
        return noisy, self.wanted.detector.camera.expect(photons)

    def photons(self, number: int) -> np.ndarray:
        """Return the mean photons of one frame: float32, shape (Y, X)."""
        image = self.background(number) + self.active(number)
        place = self.drift(number)
        return np.maximum(shifted(image, place, self._margin), 0)

    def background(self, number: int) -> np.ndarray:
        """Return the neuropil's part of a frame in photons, before drift: float32."""
        return np.float32(self._brightness(number)) * self._rest * self._neuropil.gain(number)

    def active(self, number: int) -> np.ndarray:
        """Return the part of neurons, fibres and haze in photons, before drift: float32."""
        light = self._light @ (1 + self._transients.at(number))
        return np.float32(self._brightness(number)) * light.reshape(self._shape)

    def drift(self, number: int) -> tuple[float, float]:
        """Return how far the field is shifted in a frame, along Y and X in pixels."""
        return self._drift.at(number)

    def dff(self, number: int) -> np.ndarray:
        """Return dF/F of each neuron in focus in one frame: float32, shape (N,)."""
        return self._transients.at(number)[: len(self.somata)]

    def fluorescence(self, number: int) -> np.ndarray:
        """Return the mean light of each neuron over its body: float64, shape (N,).

        In counts above the offset; its own light alone, bleaching included.
        """
        brightness = self._brightness(number) * self.wanted.detector.camera.gain
        return brightness * self._rest_light * (1.0 + self.dff(number))

    def bodies(self) -> np.ndarray:
        """Return which pixels are a neuron's: int32, shape (Y, X), 0 none, 1 the first."""
        inside = self._population.inside
        labels = (inside @ np.arange(1, inside.shape[1] + 1)).reshape(self._shape)
        crop = slice(self._margin, -self._margin or None)
        return labels[crop, crop].astype(np.int32)

    def spikes(self, first: int, last: int) -> list[np.ndarray]:
        """Return when each neuron spiked, in seconds since frame 0, one array for each.

        Those that frames `first` to `last` - 1 are the first to show.
        """
        seconds, sources, _ = self._transients.spikes_before(first, last)
        return [seconds[sources == index] for index in range(len(self.somata))]

    @cached_property
    def _rest_light(self) -> np.ndarray:
        """Mean of each neuron's light at rest over its body, before `_brightness`."""
        number = len(self.somata)
        inside = self._population.inside
        own = self._light[:, :number].multiply(inside).sum(axis=0)
        return np.asarray(own / np.maximum(inside.sum(axis=0), 1)).ravel()

    @cached_property
    def _scale(self) -> float:
        """Photons per unit of light that bring the mean of the movie to what is asked for."""
        n_frames = self.wanted.sizes[0]
        crop = np.zeros(self._shape, np.float32)
        inner = slice(self._margin, -self._margin or None)
        crop[inner, inner] = 1
        weights = self._neuropil.weigh(self._rest * crop)
        sources = self._light.T @ crop.ravel()
        total = 0.0
        for number in range(n_frames):
            light = self._neuropil.mean_gain(number, weights)
            light += float(sources @ (1 + self._transients.at(number)))
            total += self._bleached(number) * light
        n_pixels = math.prod(self.wanted.sizes[1:])
        return self.wanted.photons * n_frames * n_pixels / total

    def _brightness(self, number: int) -> float:
        return self._scale * self._bleached(number)

    def _bleached(self, number: int) -> float:
        return light_left(self.wanted.bleaching, number, self.wanted.sizes[0])

    def _activity(self) -> Transients:
        """Return what all sources do; neurons that fire often are few."""
        rng = self._rng(_TRAITS)
        number = len(self._population.kinds)
        rates = self.wanted.rate_hz * draw_factors(RATE_SPREAD, number, rng)
        sizes = self.wanted.indicator.amplitude * draw_factors(SIZE_SPREAD, number, rng)
        key = (self.wanted.seed, _SPIKES)
        return Transients(self.wanted.indicator, rates, sizes, BURST, key)

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.wanted.seed, stream])


def simulate_calcium(wanted: Calcium) -> tuple[np.ndarray, np.ndarray]:
    """Return a movie as a whole: noisy uint16 and clean float32, shape TYX."""
    planes = (({"T": number}, *pair) for number, pair in enumerate(Movie(wanted).frames()))
    return collect(planes, wanted.sizes)
