"""Passes over the planes of a noisy and a restored file, and over a run of their frames."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from ..noise.sample import read_sample
from .beside import Pair, Pairs
from .by_brightness import ByBrightness
from .contest import PlainFilters
from .displacement import Displacement, measure_displacement
from .false_places import EDGE_PX, PlaceSums
from .frame_order import OrderSums
from .measured import Fit, Measured, Sharing, fit_plane, measure_sharing
from .over_time import TimeSums
from .reference import Reference, know_noise
from .resolution import RingSums
from .spectra import Powers, SpectraSums, weigh
from .tiles import block_means

TILES_PX = (64, 32, 16)
FIRST_LOOK = 4  # planes from which bins and scale are chosen
MOST_FILTERED, MOST_SPLIT = 12, 8  # planes
FIELD_PX, MOST_FRAMES = 256, 512
LATER = 8  # frames: methods for movies look a few frames ahead
LEAST_FOR_LATER = 24  # frames
N_LAGS = 10
BLOCK_PX = 8  # of which means are compared to find the scale
SCALES = (0.4, 2.5)  # beyond, the restored file has grey levels of its own
OFF = 0.1  # deviations of the noisy pixels; medians of few photons stay below a twentieth
UNCHANGED = 0.01  # deviations of the noise, of which rounding changes less
ALIKE = 0.8  # ratio of gains from which they are taken for one


def measure_pairs(pairs: Pairs, most: int, step: Callable[[int, int], None]) -> Measured:
    """Measure all there is to measure of one channel, in at most `most` planes.

    `step` is called with planes done and planes in all.
    """
    places = pairs.chosen(most)
    first = [pair for pair in map(pairs.read, places[:: -(-len(places) // FIRST_LOOK)]) if pair]
    rescaled = _scale(first)
    if rescaled is not None:
        pairs = dataclasses.replace(pairs, scale=rescaled)
        first = [pair for pair in (pairs.read(pair.place) for pair in first) if pair]
    reference = know_noise(read_sample(pairs.noisy, pairs.seed))
    sums = _Sums(reference, first, _edge(first))
    later = LATER if pairs.noisy.sizes.get("T", 1) >= LEAST_FOR_LATER else 0
    n_steps = len(places) + (1 if pairs.axis else 0)
    for number, place in enumerate(places):
        pair = pairs.read(place, later)
        if pair is not None:
            sums.add(pair, number, len(places))
            if number % max(1, -(-len(places) // MOST_SPLIT)) == 0:
                following = pairs.next_frame(pair)
                if following is not None:
                    sums.frames.add(pair.noisy, following)
                else:
                    sums.split.add_split(pair.noisy)
        step(number + 1, n_steps)
    found = dataclasses.replace(sums.measured(), rescaled=rescaled)
    found = _with_sequence(found, pairs)
    step(n_steps, n_steps)
    return found


class _Sums:
    """All collectors of planes."""

    def __init__(self, reference: Reference, first: Sequence[Pair], edge: int) -> None:
        self.reference = reference
        middle = float(np.median([np.median(p.noisy) for p in first])) if first else 0.0
        self.sigma = math.sqrt(float(reference.variance(np.array([middle]))[0]))
        self.spectra = SpectraSums(reference, edge)
        self.places = PlaceSums(reference, min(edge, EDGE_PX))
        self.plain = PlainFilters(reference)
        self.frames, self.split = RingSums(edge), RingSums(max(16, edge // 2))
        self.curve = ByBrightness([p.restored for p in first] or [np.zeros((1, 1))], reference)
        self.fits: list[Fit] = []
        self._off = 0.0
        self._saturated = self._floored = self._n = 0
        self._top = max((float(p.noisy.max()) for p in first), default=0.0)
        self._bottom = min((float(p.restored.min()) for p in first), default=0.0)
        self._moments = np.zeros(2)
        self._traces = [np.empty((0, 2))]

    def add(self, pair: Pair, number: int, n: int) -> None:
        """Take one plane into account."""
        noisy, restored = pair.noisy, pair.restored
        self._off += float(((noisy - restored) ** 2).sum())
        self.spectra.add(noisy, restored)
        self.places.add(noisy, restored, pair.place, pair.corner)
        self.curve.add(noisy, restored)
        sigma = float(np.sqrt(self.reference.variance(np.array([np.median(noisy)]))[0]))
        self.fits.append(fit_plane(noisy, restored, sigma))
        if number % max(1, -(-n // MOST_FILTERED)) == 0:
            self.plain.add(noisy, restored, pair.later)
        self._n += noisy.size
        self._saturated += int(np.count_nonzero(noisy >= self._top))
        self._floored += int(np.count_nonzero(restored <= self._bottom))
        self._traces.append(pair.traces)
        self._moments += [float(restored.sum()), float((restored * restored).sum())]

    def measured(self) -> Measured:
        """Return what was measured of the planes."""
        powers = self.spectra.powers() or _no_powers()
        mean, square = self._moments / max(self._n, 1)
        acf = self.spectra.residual_acf(min(N_LAGS, self.spectra.edge // 4))
        middle = len(acf) // 2
        with np.errstate(divide="ignore", invalid="ignore"):
            acf = acf / acf[middle, middle]
        known = self.reference.confidence != "cannot tell" and powers.n_tiles > 0
        rings = self.frames if self.frames.n else self.split
        reference = self.reference
        if not known and reference.confidence != "cannot tell":
            reference = dataclasses.replace(
                reference, confidence="cannot tell", reason="the image is too small"
            )
        return Measured(
            reference=reference,
            powers=powers,
            balance=weigh(powers),
            sharing=measure_sharing(self.spectra, reference) if known else Sharing(),
            curve=self.curve.curve(),
            places=self.places,
            contest=self.plain.contest(),
            rings=rings.curve(split=rings is self.split),
            fits=tuple(self.fits),
            sigma=self.sigma,
            signal_std=math.sqrt(max(square - mean * mean, 0.0)),
            acf_residual_y=acf[middle + 1 :, middle],
            acf_residual_x=acf[middle, middle + 1 :],
            identical=self._n > 0 and self._off <= self._n * (UNCHANGED * self.sigma) ** 2,
            displacement=measure_displacement(self.spectra) if known else Displacement(),
            traces=np.concatenate(self._traces),
            saturated=self._saturated / max(self._n, 1),
            floored=self._floored / max(self._n, 1),
        )


def _no_powers() -> Powers:
    """Of an image in which no tile fits."""
    one = np.ones(1)
    return Powers(0.25 * one, one, one, 0 * one, 0 * one, one, 0)


def _edge(first: Sequence[Pair]) -> int:
    """Largest tile of which the planes hold some."""
    least = min((min(pair.noisy.shape) for pair in first), default=0)
    return next((edge for edge in TILES_PX if least >= 1.5 * edge), TILES_PX[-1])


def _scale(first: Sequence[Pair]) -> tuple[float, float] | None:
    """Gain and offset to the noisy file's grey levels, where the restored one has its own."""
    if not first:
        return None
    noisy, restored = (
        np.concatenate([block_means(plane, BLOCK_PX).ravel() for plane in planes])
        for planes in ([p.noisy for p in first], [p.restored for p in first])
    )
    if len(noisy) < 4 or noisy.std() <= 0 or restored.std() <= 1e-9 * abs(restored.mean()) + 1e-12:
        return None
    spread = np.concatenate([pair.noisy.ravel() for pair in first]).std()
    off = abs(noisy.mean() - restored.mean()) / spread
    correlation = float(np.corrcoef(noisy, restored)[0, 1])
    ratio = float(noisy.std() / restored.std())
    if SCALES[0] < ratio < SCALES[1] and off < OFF:
        return None
    if correlation < 0.3:  # another scene, or nothing restored: no scale would mend it
        return None
    gain = correlation * ratio
    through_zero = float(noisy.mean() / restored.mean()) if restored.mean() else math.inf
    # Blur lowers the contrast of blocks: what is nearly one number is taken for that number.
    for simple, offset in ((through_zero, 0.0), (1.0, float(noisy.mean() - restored.mean()))):
        if ALIKE < simple / gain < 1 / ALIKE:
            return simple, offset
    return gain, float(noisy.mean() - gain * restored.mean())


def _with_sequence(found: Measured, pairs: Pairs) -> Measured:
    """The same with what one field shows from frame to frame, or plane to plane."""
    times, order = TimeSums(found.reference), OrderSums(pairs.axis)
    for pair in pairs.field(MOST_FRAMES, FIELD_PX):
        order.add(pair.noisy, pair.restored, pair.place[pairs.axis])
        if pairs.axis == "T":
            times.add(pair.noisy, pair.restored, pair.place["T"])
    found = dataclasses.replace(found, order=order.order())
    over_time = times.times()
    if over_time is None or over_time.powers is None:
        return found
    return dataclasses.replace(found, times=over_time, time_balance=weigh(over_time.powers))
