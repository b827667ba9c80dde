"""A filter as a Restorer: any number of channels, tiles in bands over all cores.

Each channel has its own parameters, found from a sample of the stack when `fit_intensity` is
called, or filled in from the start. What was chosen, why, and what speaks against it can be read
afterwards.

Tests: ``tests/filters/test_filter_contract.py``.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..contracts import Restorer, Where
from ..errors import StackError
from ..noise.sample import evenly
from ..prepare.symmetry import Symmetry, symmetries
from ..words import flag, option, setting
from .anscombe import Anscombe
from .base import DEPTH, PLANE, Filter
from .invariance import choose_without_truth
from .pieces import Sample

BAND_PX = 2**18  # pixels filtered at once by one core: fits its cache
SAMPLE_PX = {2: (256, 256), 3: (16, 128, 128)}
LEAST_PX_FOR_GAIN = 2**16  # fewer are not divided by brightness when noise is measured
MEAN_LOST = 0.02  # of the deviation, by which a filter may change the mean
TRIED_PIECES = 8  # on which parameters are tried
TRIED_PX = {2: 128, 3: 48}  # edge in Y and X of these


@dataclass(frozen=True)
class Channel:
    """One channel's filter."""

    settings: Filter  # filled in once `reason` is not empty
    stabiliser: Anscombe | None = None  # applied before the filter and undone after it
    reason: str = ""  # how the main parameter was found; empty before that
    doubts: tuple[str, ...] = ()  # what speaks against it

    def apply(self, field: np.ndarray) -> np.ndarray:
        """Filter float32 counts ([Z,] Y, X)."""
        if self.stabiliser is None:
            return self.settings.apply(field)
        return self.stabiliser.inverse(self.settings.apply(self.stabiliser.forward(field)))

    @property
    def parameters(self) -> dict[str, Any]:
        """What repeats it, for the record."""
        found = self.settings.parameters
        if self.stabiliser is not None:
            found = found | dataclasses.asdict(self.stabiliser)
        return found


@dataclass(frozen=True)
class FilterRestorer(Restorer):
    """A filter that keeps the contract `contracts.Restorer`."""

    axes: str  # ``YX``, ``ZYX`` or ``TYX``
    channels: tuple[Channel, ...]  # one per channel of the stack
    stabilise: bool = False  # make the noise equally strong before the filter
    seed: int = 0  # for the choice without truth

    @property
    def name(self) -> str:  # type: ignore[override]
        """The filter's name."""
        return self.channels[0].settings.name

    @property
    def n_channels(self) -> int:  # type: ignore[override]
        """Channels of a tile."""
        return len(self.channels)

    @property
    def reach_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """The longest reach of all channels."""
        each = [channel.settings.reach_px(len(self.axes)) for channel in self.channels]
        return tuple(max(along) for along in zip(*each, strict=True))

    @property
    def block_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """Tiles may start anywhere."""
        return (1,) * len(self.axes)

    @property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Of the tile, the output, and the filter, one channel at a time."""
        extra = 24 if self.stabilise else 0
        return 8 * self.n_channels + self.channels[0].settings.bytes_per_px + extra

    @property
    def tiles_at_once(self) -> int:  # type: ignore[override]
        """As many as there are cores."""
        return _n_cores()

    @property
    def sample_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """Size of the pieces by which it wants to be fitted."""
        return SAMPLE_PX[len(self.axes)]

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:  # type: ignore[override]
        """All: a filter does to a turned image what it does to the image."""
        return symmetries()

    @property
    def fitted(self) -> bool:
        """True once every parameter is known."""
        return all(channel.reason for channel in self.channels)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Filter tiles, float32 (N, [Z,] Y, X, C) counts, in bands of rows."""
        restored = np.empty(tiles.shape, np.float32)
        work = [
            (n, c, band)
            for n in range(len(tiles))
            for c in range(self.n_channels)
            for band in self._bands(tiles.shape[1:-1])
        ]

        def filter_band(item: tuple[int, int, _Band]) -> None:
            n, c, (read, keep, write) = item
            field = np.ascontiguousarray(tiles[n, ..., c][..., read, :])
            restored[n, ..., c][..., write, :] = self.channels[c].apply(field)[..., keep, :]

        _share_out(filter_band, work)
        return restored

    def fit_intensity(self, planes: Iterable[np.ndarray]) -> FilterRestorer:
        """Return the filter with all parameters known.

        `planes` are pieces of the stack of `sample_px` or less: float32 counts ([Z,] Y, X, C) of
        equal shape.

        Raises
        ------
        StackError
            If the noise is to be stabilised and cannot be measured.
        """
        if self.fitted:
            return self
        held = list(planes)
        fitted = []
        for c, channel in enumerate(self.channels):
            pieces = [np.ascontiguousarray(piece[..., c]) for piece in held]
            fitted.append(self._fit(channel.settings, pieces, np.random.default_rng(self.seed)))
        return dataclasses.replace(self, channels=tuple(fitted))

    def _fit(self, settings: Filter, pieces: list[np.ndarray], rng: np.random.Generator) -> Channel:
        """Find the parameters for one channel; the random numbers are the same for each."""
        doubts: list[str] = []
        stabiliser, sample = None, Sample.of(pieces)
        if self.stabilise:
            stabiliser, doubts = _stabiliser(settings, sample)
        if stabiliser is not None:
            sample = Sample.of([stabiliser.forward(piece) for piece in pieces])
        if settings.auto == "j-invariant" and sample.sigma:
            filled, reason = _without_truth(settings, sample, rng)
            if sample.noise.doubt:
                doubts.append(
                    f"auto=j-invariant is right for noise that is independent from pixel to pixel, "
                    f"which cannot be determined here: {sample.noise.doubt}. Compare with "
                    f"{setting(settings.main, '...')}"
                )
        else:
            filled = settings.estimated(sample)
            reason = "as given" if filled == settings else "estimated"
            by_noise = settings.by_noise
            if getattr(settings, by_noise) is None and sample.sigma and sample.doubt:
                doubts.append(
                    f"the noise by which {by_noise} is estimated cannot be determined: "
                    f"{sample.doubt}. What a wide blur leaves was taken for it; look at the "
                    f"result, or give {setting(by_noise, '...')}"
                )
            if getattr(settings, by_noise) is None and not sample.sigma and sample.varies:
                doubts.append(
                    f"no noise was found by which {by_noise} could be estimated, so little or "
                    f"nothing is filtered: give {setting(by_noise, '...')}"
                )
        if sample.sparse:
            doubts += _brightness_doubts(filled, sample)
        return Channel(filled, stabiliser, reason, tuple(dict.fromkeys(doubts)))

    def _bands(self, shape: tuple[int, ...]) -> Iterator[_Band]:
        """Cut a field ([Z,] Y, X) into bands of rows that carry a halo."""
        rows, reach = shape[-2], self.reach_px[-2]
        row_px = max(1, int(np.prod(shape)) // rows)
        # A band's halo is filtered twice: it should be the smaller part.
        height = max(BAND_PX // row_px - 2 * reach, 2 * reach, 16)
        n = max(1, rows // height)
        edges = [rows * i // n for i in range(n + 1)]
        for start, end in itertools.pairwise(edges):
            first, last = max(0, start - reach), min(rows, end + reach)
            yield slice(first, last), slice(start - first, end - first), slice(start, end)


_Band = tuple[slice, slice, slice]  # rows read, kept of these, written


def _stabiliser(settings: Filter, sample: Sample) -> tuple[Anscombe | None, list[str]]:
    """The transform for this noise, given or measured, and what speaks against it."""
    if settings.gain is not None:
        return Anscombe(settings.gain, settings.floor or 0.0), []
    if not sample.pieces:
        return None, []
    (gain, floor), doubt = sample.noise_counts, sample.noise.doubt
    if gain > 0:
        doubts = [f"the noise to be stabilised cannot be determined: {doubt}"] if doubt else []
        return Anscombe(gain, floor), doubts
    if not doubt and sum(piece.size for piece in sample.pieces) < LEAST_PX_FOR_GAIN:
        doubt = "there are too few pixels"
    if doubt:
        raise StackError(
            f"{flag('variance_stabilise')}: how noise grows with brightness cannot be measured: "
            f"{doubt}. Give it: {setting('gain', '...')} (counts per photoelectron) and "
            f"{setting('floor', '...')} (counts squared), or leave the option out."
        )
    changes = f"{flag('variance_stabilise')} changes nothing"
    return None, [f"the noise is equally strong everywhere: {changes}"]


def _brightness_doubts(settings: Filter, sample: Sample) -> list[str]:
    """Say where a filter changes the mean of counts most of which are equal."""
    counted = [sample.in_counts(piece) for piece in evenly(sample.pieces, TRIED_PIECES)]
    before = float(np.mean(counted))
    after = float(np.mean([settings.apply(piece) for piece in counted]))
    if abs(after - before) <= MEAN_LOST * sample.unit:
        return []
    return [
        f"most pixels are equal, and {settings.name} makes a mean of {after:.3g} out of "
        f"{before:.3g} counts: take another filter ({option('method')})"
    ]


def _without_truth(
    settings: Filter, sample: Sample, rng: np.random.Generator
) -> tuple[Filter, str]:
    """Choose among the filter's candidates by the error on hidden pixels."""
    edge, unit = TRIED_PX[sample.pieces[0].ndim], np.float32(sample.unit)
    chosen = evenly(sample.pieces, TRIED_PIECES)  # what is tried many times must be small
    counted = [piece[..., :edge, :edge] * unit for piece in chosen]
    candidates = [one.estimated(sample) for one in settings.candidates(sample)]
    best, error = _best(candidates, counted, rng)
    if counted[0].ndim == 3:  # planes may have little in common: how little, is seen by itself
        for axes in (DEPTH, PLANE):
            best, error = _best(best.along(axes) or (best,), counted, rng)
    return best, f"j-invariant, error on hidden pixels {error:.4g} counts"


def _best(
    candidates: Sequence[Filter], pieces: Sequence[np.ndarray], rng: np.random.Generator
) -> tuple[Filter, float]:
    """The one that errs least on hidden pixels, and its error in counts."""
    best, errors = choose_without_truth([one.apply for one in candidates], pieces, rng)
    return candidates[best], float(np.sqrt(errors[best]))


def _share_out(function: Callable[[Any], None], work: Sequence[Any]) -> None:
    """Call `function` for each item of work, on all cores."""
    if len(work) == 1:
        function(work[0])
        return
    with ThreadPoolExecutor(min(_n_cores(), len(work))) as pool:
        for _ in pool.map(function, work):
            continue


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
