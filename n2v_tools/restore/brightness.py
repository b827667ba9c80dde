"""Grey levels fitted to those that a model learned, so that the brightness of a stack survives.

A net knows the grey levels it was trained on. Far from them it answers with what it knows: the mean
of its own training data, whatever is there. Where a stack lies outside, the model is tried on
pieces of it. If their brightness does not survive, the stack is shown to the net with the contrast
or the noise of the training data, by a gain and an offset that are undone afterwards, and each
restored plane gets its mean again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..contracts import Place, Restorer, Where
from ..noise.blocks import to_blocks
from ..noise.fingerprint import OUTSIDE_PERCENT, outside_percent
from ..prepare.part import take_channel
from ..stack import Stack
from .cover import padding
from .match import match_axes
from .sampling import read_pieces
from .training_data import Seen, is_apart
from .wrapped import Wrapped, of_inner

NEAR_STDS, NEAR_RATIO = 0.5, 1.5  # of mean and deviation, within which a stack need not be tried
MEAN_LOST = 0.02  # of the deviation of the pixels by which their mean may change
MUCH_LOST = 0.5  # of the deviation between blocks: it is no longer the same image
BLOCK_PX = 16
# Variance of a block's mean is that of its pixels over 256; four times that where they share noise.
SHARED_NOISE = 4.0


@dataclass(frozen=True)
class Levels:
    """How the net is shown one channel, and what it returns is taken back."""

    gain: float = 1.0
    here: float = 0.0  # counts of the stack that become
    there: float = 0.0  # these counts of the training data


@dataclass(frozen=True)
class Regraded(Wrapped):
    """A Restorer that is shown other counts than the stack's; its own answers are in these again.

    Outputs that are no images are differences and deviations, which have a gain only.
    """

    # one for each channel of the stack where they are restored one by one, else of each together
    levels: tuple[Levels, ...]
    apart: bool = False  # channels are restored one by one

    looks_through = of_inner("looks_through")
    tells_spread = of_inner("tells_spread")

    @property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Of the inner Restorer, and the counts it is shown."""
        return self.inner.bytes_per_px + 8 * self.n_channels

    def keeps_mean(self, field: Place) -> bool:
        """Whether the levels of the field were changed."""
        one = self.levels[field["C"]] if self.apart else self.levels[0]
        return one != Levels()

    def for_channel(self, channel: int) -> Restorer:
        """Return the Restorer with the levels of one channel."""
        if not self.apart:
            return self
        return dataclasses.replace(self, levels=(self.levels[channel],), apart=False)

    def for_field(self, planes: Iterator[np.ndarray | None]) -> Restorer:
        """Show the inner Restorer the planes of a field as it is shown their tiles."""
        gain, here, there = _columns(self.levels)
        shown = (None if one is None else (one - here) * gain + there for one in planes)
        return dataclasses.replace(self, inner=self.inner.for_field(shown))

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C) counts of the stack."""
        gain, here, there = self._at(tiles, at)
        restored = self.inner.predict((tiles - here) * gain + there, at)
        return self._back(restored, gain, here, there)

    def predict_with_spread(
        self, tiles: np.ndarray, at: Where | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Restore tiles, and the variance of equally good answers, in counts of the stack."""
        gain, here, there = self._at(tiles, at)
        shown = (tiles - here) * gain + there
        restored, variance = self.inner.predict_with_spread(shown, at)
        return self._back(restored, gain, here, there), variance / gain**2

    def _back(
        self, restored: np.ndarray, gain: np.ndarray, here: np.ndarray, there: np.ndarray
    ) -> np.ndarray:
        """Outputs of the inner Restorer in counts of the stack."""
        parts = np.split(restored, len(self.outputs), axis=-1)
        return np.concatenate(
            [
                (part - there) / gain + here if output.is_image else part / gain
                for part, output in zip(parts, self.outputs, strict=True)
            ],
            axis=-1,
        )

    def _at(self, tiles: np.ndarray, at: Where | None) -> list[np.ndarray]:
        """Gain, here and there, as they are combined with the tiles."""
        if not self.apart:
            return _columns(self.levels)
        if at is None:
            raise ValueError("the grey levels depend on the channel that tiles are of")
        planes = at.planes[:1] if len(self.axes) == 3 else at.planes
        columns = _columns([self.levels[place["C"]] for place in planes])
        return [column.reshape(-1, *(1,) * (tiles.ndim - 1)) for column in columns]


def _columns(levels: Sequence[Levels]) -> list[np.ndarray]:
    """Gain, here and there: float32, shape (C,) each."""
    return list(np.array([dataclasses.astuple(one) for one in levels], np.float32).T)


@dataclass(frozen=True)
class Fitted:
    """A Restorer whose answers are as bright as a stack, and what became of the stack's levels."""

    restorer: Restorer
    seen: list[Seen]  # what the net is shown, one per channel of the stack
    levels: tuple[Levels, ...] = ()  # likewise; empty if nothing was changed
    lost: float = 0.0  # share of the deviation between blocks that does not survive all the same

    @property
    def much_is_lost(self) -> bool:
        """Whether the net does something else than restore."""
        return self.lost > MUCH_LOST


def are_outside(seen: Sequence[Seen], learned: Sequence[Seen]) -> list[bool]:
    """Say of each channel whether its grey levels may be others than a model learned."""
    alone = len(seen) == 1  # among others, a channel of one value holds nothing to be spoilt
    return [
        bool(alone or here.std) and _is_outside(here, there)
        for here, there in zip(seen, learned, strict=False)
    ]


def _is_outside(here: Seen, there: Seen) -> bool:
    if there.std and is_apart(here, there, NEAR_STDS, NEAR_RATIO):
        return True
    if here.print is None or there.print is None:
        return False
    return outside_percent(here.print, there.print) > OUTSIDE_PERCENT


def fit_grey_levels(
    stack: Stack,
    restorer: Restorer,
    seen: Sequence[Seen],
    learned: Sequence[Seen],
    *,
    keep_strips: bool = False,
) -> Fitted:
    """Fit a Restorer to the grey levels of a stack where they are others than its model learned.

    Parameters
    ----------
    stack : Stack
        Must hold the restorer's axes; about a million pixels of it are restored for a trial, and
        none if its grey levels are those of the training data.
    restorer : Restorer
        Of the model.
    seen, learned : sequence of Seen
        Of the stack and of the model's training data, one for each channel of the stack.
    keep_strips : bool
        Take zeros as data.
    """
    same = Fitted(restorer, list(seen))
    outside = are_outside(seen, learned)
    if restorer.fits_brightness or not any(outside):
        return same
    together = restorer.n_channels > 1 or "C" not in stack.axes
    levels, lost = [Levels()] * len(seen), 0.0
    for group in [range(len(seen))] if together else [[c] for c in range(len(seen))]:
        if not any(outside[c] for c in group):
            continue
        part = stack if together else take_channel(stack, group[0])
        both = [(seen[c], learned[c]) for c in group]
        found, left = _fit(part, restorer, both, keep_strips=keep_strips)
        lost = max(lost, left)
        for c, one in zip(group, found, strict=True):
            levels[c] = one
    if all(one == Levels() for one in levels):
        return dataclasses.replace(same, lost=lost)
    shown = [
        one.mapped(level.gain, level.here, level.there)
        for one, level in zip(seen, levels, strict=True)
    ]
    regraded = Regraded(restorer, tuple(levels), apart=not together)
    return Fitted(regraded, shown, tuple(levels), lost)


def _fit(
    stack: Stack,
    restorer: Restorer,
    channels: Sequence[tuple[Seen, Seen]],
    *,
    keep_strips: bool,
) -> tuple[list[Levels], float]:
    """Find the levels of channels that are restored together, and what is lost with them."""
    pieces = list(read_pieces(stack, match_axes(stack, restorer), keep_strips=keep_strips))
    as_it_is = [Levels()] * len(channels)
    trial = _try(restorer, pieces)
    if trial.survives:
        return as_it_is, 0.0
    each = [_candidates(*both) for both in channels]
    tried = [
        (levels, _try(Regraded(restorer, levels), pieces))
        for levels in dict.fromkeys(zip(*each, strict=True))
    ]
    best, trial = min(tried, key=lambda one: one[1].lost)
    return list(best), trial.lost


def _candidates(here: Seen, there: Seen) -> list[Levels]:
    """Levels that give the stack the noise of the training data, and those that give its contrast.

    Never more contrast than the training data have between their outermost percentiles.
    """
    contrast = there.std / here.std if there.std and here.std else 1.0
    noise = contrast
    most = np.inf
    if here.print is not None and there.print is not None:
        own, known = here.print.variance_at(here.mean), there.print.variance_at(there.mean)
        noise = float(np.sqrt(known / own)) if own > 0 and known > 0 else contrast
        ends = zip(here.print.percentiles[::8], there.print.percentiles[::8], strict=False)
        for mine, known_end in ends:
            ratio = (known_end - there.mean) / (mine - here.mean) if mine != here.mean else 0.0
            most = min(most, ratio) if ratio > 0 else most
    return [Levels(min(gain, most), here.mean, there.mean) for gain in (noise, contrast)]


@dataclass(frozen=True)
class _Trial:
    """What a Restorer does to the brightness of pieces of a stack."""

    lost: float  # share of the deviation between blocks that does not survive, of the worst channel
    survives: bool  # the mean and the blocks


def _try(restorer: Restorer, pieces: Sequence[tuple[np.ndarray, np.ndarray]]) -> _Trial:
    """Restore pieces and compare, channel by channel, what came out with what went in.

    Noise has no mean: the mean of many pixels, and that of a block as far as its noise is small,
    are those of the image without noise.
    """
    before, after, blocks = [], [], []
    for values, real in pieces:
        padded, valid = _padded(values, real, restorer)
        restored = _restore(restorer, padded)
        before.append(padded[valid])
        after.append(restored[valid])
        blocks.append(_blocks(padded, restored, valid))
    if not sum(map(len, before)):
        return _Trial(0.0, survives=True)
    counts, found = (np.concatenate(one).astype(np.float64) for one in (before, after))
    changed = abs((found - counts).mean(axis=0))
    lost = max(_lost(np.concatenate(one, axis=-1)) for one in zip(*blocks, strict=True))
    kept = bool((changed <= MEAN_LOST * counts.std(axis=0)).all())
    return _Trial(lost, survives=kept and lost <= MUCH_LOST)


def _padded(
    values: np.ndarray, real: np.ndarray, restorer: Restorer
) -> tuple[np.ndarray, np.ndarray]:
    """Pad a piece to whole blocks of the net; what is padded is not real."""
    margin = restorer.margin_px or (0,) * len(restorer.axes)
    pads = [padding(*one) for one in zip(real.shape, restorer.block_px, margin, strict=True)]
    return np.pad(values, [*pads, (0, 0)], mode="reflect"), np.pad(real, pads)


def _restore(restorer: Restorer, piece: np.ndarray) -> np.ndarray:
    """Restore a piece ([Z,] Y, X, C) as if it were a whole field; the image alone."""
    planes = piece if piece.ndim == 4 else piece[np.newaxis]
    rows, columns = planes.shape[1:3]
    at = Where(({},) * len(planes), np.arange(rows), np.arange(columns), (rows, columns))
    for _ in range(restorer.looks_through):
        restorer = restorer.for_field(iter(planes))
    return restorer.predict(piece[np.newaxis], at)[0][..., : restorer.n_channels]


def _blocks(before: np.ndarray, after: np.ndarray, real: np.ndarray) -> list[np.ndarray]:
    """For each channel: mean before, mean after and variance before of each block, (3, M)."""
    shape = (-1, *real.shape[-2:])
    inside = np.concatenate([to_blocks(one, BLOCK_PX) for one in real.reshape(shape)]).all(axis=1)
    found = []
    for c in range(before.shape[-1]):
        both = [
            np.concatenate([to_blocks(plane, BLOCK_PX) for plane in one[..., c].reshape(shape)])
            for one in (before, after)
        ]
        own, new = (one[inside].astype(np.float64) for one in both)
        found.append(np.stack([own.mean(axis=1), new.mean(axis=1), own.var(axis=1)]))
    return found


def _lost(blocks: np.ndarray) -> float:
    """Share of the deviation between blocks that does not survive; 0 where there is but noise."""
    if blocks.shape[1] < 2:
        return 0.0
    own, new, inside = blocks
    noise = SHARED_NOISE * float(inside.mean()) / BLOCK_PX**2
    between = float(own.var())
    if between <= 2 * noise:
        return 0.0
    return float(np.sqrt(max(float((new - own).var()) - noise, 0.0) / between))
