"""Planes on their way into a net and out of it.

In front of a net a plane's strips, gaps and broken pixels are filled, so that the net meets
nothing it never saw; afterwards the strips are exactly zero again, gaps have their values
and NaN is NaN. Both halves of that bargain stand here; tiles and nets do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..contracts import Place
from ..errors import StackError
from ..prepare.gaps import fill_gaps, find_broken, find_gaps, is_filled
from ..prepare.strips import Strips, reflected_sources
from ..prepare.survey import require_float32
from ..stack import Stack
from ..words import option


@dataclass(frozen=True, eq=False)
class Kept:
    """Pixels of one channel that a net is not shown, with what they held."""

    mask: np.ndarray  # bool, shape (Y, X)
    values: np.ndarray  # float32, shape (N,): counts; NaN for what was not finite
    n_nonfinite: int = 0
    n_lone: int = 0  # far off all their neighbours
    n_in_regions: int = 0  # of borders, fills and writing
    lone: np.ndarray | None = None  # bool, shape (N,): which of the values are of lone pixels

    def put_back(self, plane: np.ndarray, hot: str) -> None:
        """Put the values into `plane`, in place; with `hot` "fill" those of lone pixels are not."""
        mask, values = self.mask, self.values
        if hot == "fill" and self.lone is not None:
            mask, values = mask.copy(), values[~self.lone]
            mask[self.mask] = ~self.lone
        plane[mask] = values


@dataclass(frozen=True, eq=False)
class Plane:
    """One plane, all channels that a net sees together, and what must be put back."""

    # `held_dtype`, shape (Y, X, C); counts, filled; None if there is nothing to restore: every
    # pixel is zero
    values: np.ndarray | None
    places: tuple[Place, ...]  # where each channel belongs in the stack
    strips: tuple[Strips, ...]  # of each channel
    kept: tuple[Kept | None, ...]  # of each channel, what else was filled; None if nothing was
    # of `values`, counts, float64, shape (C,), for a Restorer that keeps it; else None
    mean: np.ndarray | None = None

    def with_mean(self) -> Plane:
        """Return the plane with its mean, before it is handed to a Restorer that keeps it."""
        if self.values is None:
            return self
        return replace(self, mean=self.values.mean(axis=(0, 1), dtype=np.float64))

    def as_bright(self, restored: np.ndarray) -> np.ndarray:
        """Restored counts (Y, X, C) with the mean of this plane, if it is known.

        Noise has no mean, so that of a plane is that of the image without noise.
        """
        if self.mean is None:
            return restored
        shift = self.mean - restored.mean(axis=(0, 1), dtype=np.float64)
        return restored + shift.astype(np.float32)

    def put_back(
        self, restored: np.ndarray | None, hot: str = "keep", *, values: bool = True
    ) -> Iterator[tuple[Place, np.ndarray]]:
        """Yield each channel's place and plane, strips exactly zero and gaps as they were.

        Restored counts, float32 (Y, X, C), are changed in place. None stands for a plane that was
        not predicted. With `hot` "fill" lone pixels stay restored. Without `values`, of an image
        that is no restored one, gaps are zero, and NaN where NaN was.
        """
        for c, place in enumerate(self.places):
            strips = self.strips[c]
            if restored is None:
                plane = np.zeros((len(strips.rows), len(strips.columns)), np.float32)
            else:
                plane = strips.blank(np.ascontiguousarray(restored[..., c]))
            kept = self.kept[c]
            if kept is not None:
                kept = kept if values else replace(kept, values=0 * kept.values)
                kept.put_back(plane, hot)
            yield place, plane


def held_dtype(dtype: np.dtype) -> np.dtype:
    """Say in which type a plane waits for the net: as on disk if that is smaller, or float32."""
    narrow = dtype.kind in "biu" and dtype.itemsize <= 2
    return dtype.newbyteorder("=") if narrow else np.dtype(np.float32)


def read_plane(stack: Stack, places: Sequence[Place], *, keep_strips: bool) -> Plane:
    """Read one plane, one place per channel seen together, and fill what is no data by reflection.

    `keep_strips` takes zeros as data.
    """
    read = [_read_channel(stack, place, keep_strips) for place in places]
    hollow = all(strips.empty for _, strips, _ in read)
    return Plane(
        values=None if hollow else np.stack([values for values, _, _ in read], axis=-1),
        places=tuple(places),
        strips=tuple(strips for _, strips, _ in read),
        kept=tuple(kept for _, _, kept in read),
    )


def read_depth(
    stack: Stack, places: Sequence[Sequence[Place]], *, keep_strips: bool
) -> Iterator[Plane]:
    """Read the planes of one volume; an empty one is filled from its neighbours.

    The rule is `prepare.strips.fill_volume`'s, reflection along the depth, but only one plane is
    held at a time: the volume is looked through for empty planes first. `places` has, for each
    plane along the depth, one place per channel; `keep_strips` takes zeros as data. The `values` of
    a plane are None only if the whole volume is empty.
    """
    sources = _sources(stack, places, keep_strips)
    for depth, channels in enumerate(places):
        own = read_plane(stack, channels, keep_strips=keep_strips)
        values = own.values
        for c, source in enumerate(sources):
            if source is None or source[depth] == depth:
                continue
            if values is None:
                values = np.zeros((*_shape(own), len(channels)), held_dtype(stack.dtype))
            values[..., c], _, _ = _read_channel(stack, places[source[depth]][c], keep_strips)
        yield Plane(values, own.places, own.strips, own.kept)


def require_finite(stack: Stack) -> None:
    """Raise if a pixel is NaN or infinite; integers are not even read.

    The StackError says how many there are and where the first is.
    """
    if stack.dtype.kind not in "fc":
        return
    n_broken, first = 0, ""
    for place, plane in stack.planes():
        finite = np.isfinite(plane)
        if finite.all():
            continue
        if not n_broken:
            y, x = (int(i) for i in np.argwhere(~finite)[0])
            first = ", ".join(f"{a} {i}" for a, i in {**place, "Y": y, "X": x}.items())
        n_broken += int(finite.size - np.count_nonzero(finite))
    if n_broken:
        raise StackError(
            f"{stack.name}: {n_broken} pixels are NaN or infinite, the first at {first}. "
            f"Mend the file, or pass {option('nan', 'fill')} to fill them for the net and keep "
            "them as NaN."
        )


def _read_channel(
    stack: Stack, place: Place, keep_strips: bool
) -> tuple[np.ndarray, Strips, Kept | None]:
    """Read (filled plane, its strips, what else was filled or None)."""
    raw = stack.plane(place)
    strips, gaps = find_gaps(raw, keep_strips=keep_strips)
    with np.errstate(over="ignore"):  # of a float64 that is infinite in float32: see below
        values = raw.astype(held_dtype(raw.dtype), copy=False)
    broken = find_broken(values)
    if broken is not None:
        lost = raw[broken]
        require_float32(float(np.abs(lost[np.isfinite(lost)]).max(initial=0)), stack.name)
    if gaps is None and broken is None:
        return strips.fill(values), strips, None
    lone = np.zeros(raw.shape, bool) if gaps is None else gaps.lone
    regions = np.zeros(raw.shape, bool) if gaps is None else gaps.regions
    mask = lone | regions if broken is None else lone | regions | broken
    held = values[mask].astype(np.float32)
    held[~np.isfinite(held)] = np.nan
    n_broken = 0 if broken is None else int(np.count_nonzero(broken))
    counts = n_broken, int(np.count_nonzero(lone)), int(np.count_nonzero(regions))
    kept = Kept(mask, held, *counts, lone[mask] if counts[1] else None)
    return strips.fill(fill_gaps(values, mask, strips)), strips, kept


def _sources(
    stack: Stack, places: Sequence[Sequence[Place]], keep_strips: bool
) -> list[np.ndarray | None]:
    """Say, per channel, from which plane each takes its values; None: each from itself."""
    if keep_strips:
        return [None] * len(places[0])
    sources: list[np.ndarray | None] = []
    for channel in zip(*places, strict=True):
        empty = np.array([not _holds_values(stack.plane(place)) for place in channel])
        sources.append(reflected_sources(empty) if empty.any() and not empty.all() else None)
    return sources


def _holds_values(plane: np.ndarray) -> bool:
    """Tell whether there are finite pixels that are no fill value throughout."""
    if plane.dtype.kind == "f":
        plane = plane[np.isfinite(plane)]
    return bool(plane.size) and not is_filled(plane)


def _shape(plane: Plane) -> tuple[int, int]:
    return len(plane.strips[0].rows), len(plane.strips[0].columns)
