"""Uncertainty of a restored image, pixel by pixel: the standard deviation of its error.

Where: the error goes with what noise leaves behind (see `probing`), with fine structure, which
may be smoothed or invented, and with the noise itself; their mixture is the shape of the map.
How much: the noisy image says how large the error is as a whole (see `own_error`), and where
it says little, what was seen on generated data does.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..contracts import UNCERTAINTY, Output, Restorer, SlidingRestorer, Where
from ..errors import SettingsError
from ..noise.local import NO_NOISE, LocalNoise, measure_local_noise
from ..prepare.part import idle_channels, take_channel
from ..stack import Stack
from ..words import flag
from .cover import padding
from .match import match_axes
from .own_error import ErrorSums, Guess
from .probing import DRAWS, Probe, Seen, draw_marks, marks_at
from .sampling import read_pieces, read_sample
from .test_time import WithSymmetries
from .wrapped import Wrapped

# Found by `benchmarks/uncertainty.py --fit`; benchmarks/results/uncertainty.md says on which data
# and how sure. Shares that are even do nearly as well on each kind of image; uneven ones fail on
# those they were not found on.
DETAIL_SHARE, NOISE_SHARE = 1.0, 0.4  # in the map, beside a share of 1 for what noise leaves
ERROR_TO_SPREAD = 1.5  # mean squared error over what noise leaves, typical
TYPICAL_LOG_ERROR = 0.5  # deviation of that ratio's logarithm
POWER_RELATIVE = 0.1  # error of the answer by power, besides chance and the noise's
NEIGHBOURS_LACK = 1.15  # what was smoothed away is finer than what noise leaves
NEIGHBOURS_RELATIVE = 0.35  # error of the answer by neighbours, besides chance

LEAST_PX = 2000  # to believe what the image itself says
BYTES_PER_VALUE = (
    4 * 24
)  # float32 arrays of the size of a tile: 14 live at once, and the rest of what was freed


@dataclass(frozen=True)
class Mixture:
    """The variance of the error of one channel as a sum of what it goes with."""

    # spread, detail, noise: factors of what is in `probing.Seen`
    spread: float
    detail: float
    noise: float
    typical: float  # root mean squared error that is expected, in counts

    def deviation(self, seen: Seen, channel: int) -> np.ndarray:
        """Standard deviation of the error, counts, of one channel."""
        each = zip(
            (self.spread, self.detail, self.noise),
            (seen.spread, seen.detail, seen.noise),
            strict=True,
        )
        total = sum(np.float32(factor) * values[..., channel] for factor, values in each)
        return np.sqrt(np.maximum(total, 0))


@dataclass(frozen=True)
class Fitted:
    """One channel, or channels that are restored together, and how wrong they may be."""

    probe: Probe
    mixtures: tuple[Mixture, ...]  # one per channel of the Restorer inside


@dataclass(frozen=True)
class WithUncertainty(Wrapped):
    """A fitted Restorer that also gives the standard deviation of its error, pixel by pixel."""

    # one for each channel of the stack where they are restored one by one, else a single one
    fitted: tuple[Fitted, ...]
    apart: bool  # channels are restored one by one: chance is then the same in each
    seed: int  # of the noise that is added
    typical: float  # root mean squared error that is expected of the stack, in counts
    channels: list[dict[str, Any]]  # what was measured, one object per channel, for the record
    warnings: tuple[str, ...]

    @property
    def outputs(self) -> tuple[Output, ...]:  # type: ignore[override]
        """Those of the inner Restorer, then the deviation."""
        return (*self.inner.outputs, UNCERTAINTY)

    @property
    def reach_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """As the inner Restorer's, and the margin of the probes."""
        return self._further(self.inner.reach_px)

    @property
    def halo_px(self) -> tuple[int, ...]:
        """As the inner Restorer's, and the margin of the probes."""
        return self._further(self.inner.halo_px)

    @property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Those of the inner Restorer, and of what is kept between its answers."""
        return self.inner.bytes_per_px + BYTES_PER_VALUE * self.inner.n_channels

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C): restored counts, then their deviations."""
        if at is None:
            raise ValueError("the noise that is added depends on where tiles lie")
        if not self.apart:
            return self._look(self.fitted[0], tiles, at)
        deep = len(self.axes) == 3
        answers = []
        for number, tile in enumerate(tiles):
            planes = at.planes if deep else (at.planes[number],)
            one = dataclasses.replace(at, planes=planes)
            answers.append(self._look(self.fitted[planes[0]["C"]], tile[np.newaxis], one))
        return np.concatenate(answers)

    def _look(self, fitted: Fitted, tiles: np.ndarray, at: Where) -> np.ndarray:
        """Restore tiles of one channel, or of channels that are restored together."""
        places = at.planes
        if self.apart:
            places = tuple({a: i for a, i in one.items() if a != "C"} for one in places)
        marks = marks_at(dataclasses.replace(at, planes=places), self.seed, tiles.shape[-1])
        seen = fitted.probe.look(tiles, marks.reshape(tiles.shape), at)
        deviations = [one.deviation(seen, c) for c, one in enumerate(fitted.mixtures)]
        return np.concatenate([seen.restored, np.stack(deviations, axis=-1)], axis=-1)

    def record_of(self, output: Output) -> Mapping[str, Any]:
        """Found values of the uncertainty: what it is typically, and what it was found from."""
        if output != UNCERTAINTY:
            return super().record_of(output)
        return {
            "values": output.values,
            "typical": self.typical,
            "draws": DRAWS,
            "seed": self.seed,
            "channels": self.channels,
        }

    def describe(self, output: Output) -> str:
        """Words about one of its outputs."""
        if output != UNCERTAINTY:
            return super().describe(output)
        return f"standard deviation of the error, {self.typical:.3g} counts overall"

    @property
    def facts(self) -> Mapping[str, Any]:
        """Root mean squared error that is expected, in counts."""
        return {"typical_error": self.typical}

    def _further(self, inner: Sequence[int]) -> tuple[int, ...]:
        margins = zip(*(one.probe.margin_px for one in self.fitted), strict=True)
        return tuple(a + max(each) for a, each in zip(inner, margins, strict=True))


def fit_uncertainty(
    stack: Stack, restorer: Restorer, *, keep_strips: bool = False, tta: bool = False, seed: int = 0
) -> WithUncertainty:
    """Measure a stack's noise and try a Restorer on some of it.

    Parameters
    ----------
    stack : Stack
        Must hold the restorer's axes; a bounded part is read.
    restorer : Restorer
        Fitted to the stack here, as `run.restore_stack` does.
    keep_strips, tta : bool
        As there.
    seed : int
        Of the noise that is added; equal seeds give equal maps.

    Raises
    ------
    AxesError
        If the stack lacks an axis of the restorer or has other channels.
    StackError
        If its noise cannot be measured.
    """
    layout = match_axes(stack, restorer)
    inner = restorer.fit_intensity(read_sample(stack, layout, restorer, keep_strips=keep_strips))
    if inner.no_uncertainty:
        raise SettingsError(f"{flag('uncertainty')}: {inner.no_uncertainty}")
    if tta:
        inner = inner.around(WithSymmetries)
    together = inner.n_channels > 1 or "C" not in stack.axes
    idle = idle_channels(stack)  # without noise, and left as they are
    fitted: list[Fitted] = []
    facts: list[dict[str, Any]] = []
    for number in [None] if together else range(stack.sizes["C"]):
        part = stack if number is None else take_channel(stack, number)
        noise = tuple(
            NO_NOISE
            if (c if number is None else number) in idle
            else measure_local_noise(take_channel(part, c), inner.axes, keep_strips=keep_strips)
            for c in range(inner.n_channels)
        )
        probe = Probe(inner if number is None else inner.for_channel(number), noise)
        tried = _try(part, probe, seed, keep_strips=keep_strips)
        mixed = [_mix(sums, one) for sums, one in zip(tried, noise, strict=True)]
        fitted.append(Fitted(probe, tuple(one for one, _ in mixed)))
        facts += [fact for _, fact in mixed]
    typical = math.sqrt(float(np.mean([fact["typical"] ** 2 for fact in facts])))
    doubts = tuple(_doubts(fitted))
    return WithUncertainty(inner, tuple(fitted), not together, seed, typical, facts, doubts)


def _try(stack: Stack, probe: Probe, seed: int, *, keep_strips: bool) -> list[ErrorSums]:
    """Restore pieces of a stack and collect what they say, per channel."""
    inner = probe.inner
    collected = [ErrorSums() for _ in range(inner.n_channels)]
    layout = match_axes(stack, inner)
    margin = inner.margin_px or (0,) * len(inner.axes)
    # With fewer frames than it averages in the whole movie, more noise would be left.
    depth = 2 * inner.reach_px[0] if isinstance(inner, SlidingRestorer) else 1
    pieces = read_pieces(stack, layout, keep_strips=keep_strips, least_depth=depth)
    for number, (piece, real) in enumerate(pieces):
        pads = [padding(*axis) for axis in zip(real.shape, inner.block_px, margin, strict=True)]
        values = np.pad(piece, [*pads, (0, 0)], mode="reflect")[np.newaxis]
        valid = np.pad(real, pads)
        marks = draw_marks(values.shape, seed, {"P": number})
        probes: list[tuple[np.ndarray, np.ndarray]] = []
        seen = probe.look(values, marks, kept=probes)
        for c, sums in enumerate(collected):
            features = (seen.spread, seen.detail, seen.noise)
            sums.add(
                values[0, ..., c],
                seen.restored[0, ..., c],  # of the first output
                tuple(one[0, ..., c] for one in features),  # type: ignore[arg-type]
                [(drawn[0, ..., c], moved[0, ..., c]) for drawn, moved in probes],
                valid,
            )
    return collected


def _mix(sums: ErrorSums, noise: LocalNoise) -> tuple[Mixture, dict[str, Any]]:
    """Find the factors of one channel, and what they were found from."""
    means = sums.features()
    shares = (1.0, DETAIL_SHARE, NOISE_SHARE)
    weights = [w if mean > 0 else 0.0 for w, mean in zip(shares, means, strict=True)]
    guesses = []
    if sums.n >= LEAST_PX:
        guesses.append((sums.by_power(noise.error), POWER_RELATIVE))
        neighbours = sums.by_neighbours() if noise.white else None
        if neighbours is not None:
            lacking = Guess(NEIGHBOURS_LACK * neighbours.value, neighbours.sure_to)
            guesses.append((lacking, NEIGHBOURS_RELATIVE))
    squared = most_likely(ERROR_TO_SPREAD * means[0], guesses)
    spread, detail, own = (
        squared * w / sum(weights) / mean if w else 0.0
        for w, mean in zip(weights, means, strict=True)
    )
    fact = {
        "typical": math.sqrt(squared),
        "by_spread": math.sqrt(ERROR_TO_SPREAD * means[0]),
        "by_image": [{"squared": guess.value, "sure_to": guess.sure_to} for guess, _ in guesses],
        "noise": {"gain": noise.gain, "floor": noise.floor, "white": noise.white},
        "doubt": noise.doubt,
    }
    return Mixture(spread, detail, own, math.sqrt(squared)), fact


def most_likely(by_spread: float, guesses: Sequence[tuple[Guess, float]]) -> float:
    """Return the mean squared error, counts squared, that agrees best with all that is known of it.

    `by_spread` is what is typical, its logarithm sure to `TYPICAL_LOG_ERROR`; at most 0 if that
    says nothing. `guesses` are what the image says, each with the relative error besides.
    """
    known = [by_spread, *(guess.value for guess, _ in guesses), *(g.sure_to for g, _ in guesses)]
    scale = max(known)
    if scale <= 0:
        return 0.0
    logs = np.linspace(math.log(1e-6 * scale), math.log(10 * scale), 4001)
    tried = np.exp(logs)
    cost = np.zeros_like(tried)
    if by_spread > 0:
        apart = (logs - math.log(by_spread)) / TYPICAL_LOG_ERROR
        # Student's t with 3 degrees of freedom: what is far from typical is not unheard of.
        cost += 2 * np.log1p(apart**2 / 3)
    for guess, relative in guesses:
        variance = guess.sure_to**2 + (relative * tried) ** 2
        cost += (guess.value - tried) ** 2 / (2 * variance) + np.log(variance) / 2
    return float(tried[np.argmin(cost)])


def _doubts(fitted: Sequence[Fitted]) -> Iterator[str]:
    noises = [noise for one in fitted for noise in one.probe.noise]
    for number, noise in enumerate(noises):
        where = f" of channel {number}" if len(noises) > 1 else ""
        if noise.doubt:
            yield (
                f"the noise{where} that the uncertainty is found from is not sure: {noise.doubt}"
            )
