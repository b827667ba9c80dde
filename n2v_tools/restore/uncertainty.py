"""How wrong a restored image may be, pixel by pixel: the standard deviation of its error.

Where: the error goes with what noise leaves behind (see `probing`), with fine structure, which
may be smoothed or invented, and with the noise itself; their mixture is the shape of the map.
How much: the noisy image says how large the error is as a whole (see `own_error`), and where
it says little, what was seen on generated data does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SettingsError
from ..methods.base import Restorer
from ..noise.local import LocalNoise, measure_local_noise
from ..prepare.part import take_channel
from ..prepare.symmetry import Symmetry
from ..stack import Stack
from .cover import padding
from .match import match_axes
from .own_error import ErrorSums, Guess
from .planes import Place
from .probing import DRAWS, Probe, Seen, draw_marks
from .sample import read_pieces, read_sample
from .test_time import WithSymmetries

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
    """The variance of the error of one channel as a sum of what it goes with.

    Parameters
    ----------
    spread, detail, noise : float
        Factors of what is in `probing.Seen`.
    typical : float
        Root mean squared error that is expected, in counts.
    """

    spread: float
    detail: float
    noise: float
    typical: float

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
class WithUncertainty:
    """A Restorer of tiles whose channels are followed by marks, and whose answer by deviations.

    Parameters
    ----------
    probe : Probe
    mixtures : tuple of Mixture
        One per channel of the Restorer inside.
    """

    probe: Probe
    mixtures: tuple[Mixture, ...]

    @property
    def name(self) -> str:
        """Name of the inner Restorer."""
        return self.probe.inner.name

    @property
    def axes(self) -> str:
        """Axes of the inner Restorer."""
        return self.probe.inner.axes

    @property
    def n_channels(self) -> int:
        """Twice those of the inner Restorer."""
        return 2 * self.probe.inner.n_channels

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Those of the inner Restorer."""
        return self.probe.inner.symmetries

    @property
    def reach_px(self) -> tuple[int, ...]:
        """As the inner Restorer's, and the margin of the probes."""
        return self._further(self.probe.inner.reach_px)

    @property
    def halo_px(self) -> tuple[int, ...]:
        """As the inner Restorer's, and the margin of the probes."""
        return self._further(getattr(self.probe.inner, "halo_px", self.probe.inner.reach_px))

    @property
    def block_px(self) -> tuple[int, ...]:
        """Those of the inner Restorer."""
        return self.probe.inner.block_px

    @property
    def margin_px(self) -> tuple[int, ...]:
        """Those of the inner Restorer."""
        return getattr(self.probe.inner, "margin_px", ())

    @property
    def tiles_at_once(self) -> int:
        """Those of the inner Restorer."""
        return getattr(self.probe.inner, "tiles_at_once", 1)

    @property
    def bytes_per_px(self) -> int:
        """Those of the inner Restorer, and of what is kept between its answers."""
        inner = self.probe.inner
        return inner.bytes_per_px + BYTES_PER_VALUE * inner.n_channels

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, 2 C).

        Counts and marks go in; counts and the standard deviations of their error come out.
        """
        n_channels = self.probe.inner.n_channels
        values = np.ascontiguousarray(tiles[..., :n_channels])
        seen = self.probe.look(values, tiles[..., n_channels:].astype(np.uint8))
        answer = np.empty(tiles.shape, np.float32)
        answer[..., :n_channels] = seen.restored
        for c, mixture in enumerate(self.mixtures):
            answer[..., n_channels + c] = mixture.deviation(seen, c)
        return answer

    def fit_intensity(self, planes: Iterable[np.ndarray]) -> WithUncertainty:
        """Return itself: what is inside was fitted before."""
        return self

    def _further(self, inner: Sequence[int]) -> tuple[int, ...]:
        return tuple(a + b for a, b in zip(inner, self.probe.margin_px, strict=True))


@dataclass(frozen=True)
class Part:
    """Channels that are restored together, and what restores them.

    Parameters
    ----------
    stack : Stack
    place : mapping
        What to add to a place in `stack` to have it in the whole.
    restorer : WithUncertainty
    """

    stack: Stack
    place: Place
    restorer: WithUncertainty


@dataclass(frozen=True)
class Uncertainty:
    """What restores a stack and says how wrong that may be.

    Parameters
    ----------
    parts : tuple of Part
        Together they make up the stack.
    seed : int
        Of the noise that is added.
    typical : float
        Root mean squared error that is expected of the stack, in counts.
    facts : list of dict
        What was measured, one object per channel, for the record.
    warnings : tuple of str
    """

    parts: tuple[Part, ...]
    seed: int
    typical: float
    facts: list[dict[str, Any]]
    warnings: tuple[str, ...]

    @property
    def record(self) -> dict[str, Any]:
        """What is kept in the file: what its values are, and what they were found from."""
        return {
            "values": "standard deviation of the error of the restored value, counts",
            "typical": self.typical,
            "draws": DRAWS,
            "seed": self.seed,
            "channels": self.facts,
        }


def fit_uncertainty(
    stack: Stack, restorer: Restorer, *, keep_strips: bool = False, tta: bool = False, seed: int = 0
) -> Uncertainty:
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
    if getattr(inner, "subtracts_still", False):
        raise SettingsError(
            f"--uncertainty: the model {inner.name} takes frames counted from what stands still, "
            "which noise cannot be added to yet. Train with --set subtract_still=false, or take "
            "--method video."
        )
    if tta:
        inner = WithSymmetries(inner)
    together = inner.n_channels > 1 or "C" not in stack.axes
    parts: list[Part] = []
    facts: list[dict[str, Any]] = []
    for place in [{}] if together else [{"C": c} for c in range(stack.sizes["C"])]:
        part = stack if together else take_channel(stack, place["C"])
        noise = tuple(
            measure_local_noise(take_channel(part, c), inner.axes, keep_strips=keep_strips)
            for c in range(inner.n_channels)
        )
        probe = Probe(inner, noise)
        tried = _try(part, probe, seed, keep_strips=keep_strips)
        fitted = [_mix(sums, one) for sums, one in zip(tried, noise, strict=True)]
        parts.append(Part(part, place, WithUncertainty(probe, tuple(one for one, _ in fitted))))
        facts += [fact for _, fact in fitted]
    typical = math.sqrt(float(np.mean([fact["typical"] ** 2 for fact in facts])))
    return Uncertainty(tuple(parts), seed, typical, facts, tuple(_doubts(parts)))


def _try(stack: Stack, probe: Probe, seed: int, *, keep_strips: bool) -> list[ErrorSums]:
    """Restore pieces of a stack and collect what they say, per channel."""
    inner = probe.inner
    collected = [ErrorSums() for _ in range(inner.n_channels)]
    layout = match_axes(stack, inner)
    margin = getattr(inner, "margin_px", ()) or (0,) * len(inner.axes)
    for number, (piece, real) in enumerate(read_pieces(stack, layout, keep_strips=keep_strips)):
        pads = [padding(*axis) for axis in zip(real.shape, inner.block_px, margin, strict=True)]
        values = np.pad(piece, [*pads, (0, 0)], mode="reflect")[np.newaxis]
        valid = np.pad(real, pads)
        marks = draw_marks(values.shape, seed, {"P": number})
        probes: list[tuple[np.ndarray, np.ndarray]] = []
        seen = probe.look(values, marks, probes)
        for c, sums in enumerate(collected):
            features = (seen.spread, seen.detail, seen.noise)
            sums.add(
                values[0, ..., c],
                seen.restored[0, ..., c],
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
    """Return the mean squared error that agrees best with all that is known of it.

    Parameters
    ----------
    by_spread : float
        Counts squared: what is typical, its logarithm sure to `TYPICAL_LOG_ERROR`; at most 0
        if that says nothing.
    guesses : sequence of (Guess, float)
        What the image says, and the relative error besides.
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


def _doubts(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        for c, noise in enumerate(part.restorer.probe.noise):
            number = part.place.get("C", c)
            several = len(parts) > 1 or len(part.restorer.probe.noise) > 1
            where = f" of channel {number}" if several else ""
            if noise.doubt:
                yield (
                    f"the noise{where} that the uncertainty is found from is not sure: "
                    f"{noise.doubt}"
                )
