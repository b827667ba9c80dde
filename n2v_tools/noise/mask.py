"""Struct mask for a noise: the neighbours to hide, read off its correlation.

A blind spot's value can be guessed from every pixel that shares its noise, so those are hidden
with it. A mask that is too wide costs detail, one that is too narrow leaves noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..prepare.struct_mask import StructMask
from ..words import option
from .correlation import Correlation
from .robust import Confidence

LEAST = 0.10  # correlation that counts: below tails of 0.2, above what signal leaks
LEAST_SURE = 0.07  # from frames or in the dark, where no signal leaks
LEAST_LINE = 0.06  # along one direction alone, of an image that is mostly smooth: signal leaks both
SMOOTH = 1.4  # evenness of such an image
SIGMAS = 5.0  # of chance, which is 1 / sqrt(pixels)
LEAKAGE = 0.3  # a direction with less than this share of the other's lag 1 is leakage
SQUARE = 0.5  # share of the product of both lags 1 that the diagonal has under a square mask
SIGNAL_AT_5 = 0.05  # at lag 5 in both directions: signal, not noise
FAR = slice(6, 10)  # lags that only offsets of whole rows or columns reach
LEAST_FAR = 0.08
UNEVEN = 1.6  # evenness above which one image may hold texture that looks like noise
LEAST_IN_TEXTURE = 0.3  # of lag 1, there, in one direction
SURELY_NOISE = 0.5  # of lag 1, there, in both


@dataclass(frozen=True)
class MaskChoice:
    """The mask that fits a noise, and why.

    Parameters
    ----------
    mask : StructMask or None
        A line, a cross or a square; None where no neighbour needs to be hidden.
    confidence : {"high", "low", "cannot tell"}
    reason : str
        One sentence.
    warnings : tuple of str
        What no mask can mend, such as offsets of whole rows.
    """

    mask: StructMask | None
    confidence: Confidence
    reason: str
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As ``--struct-mask`` takes it: ``none``, ``horizontal:5``, ``cross:5x7`` ..."""
        return "none" if self.mask is None else self.mask.name


def choose_mask(correlation: Correlation) -> MaskChoice:
    """Choose the mask for a measured correlation.

    Parameters
    ----------
    correlation : Correlation

    Returns
    -------
    choice : MaskChoice
        No mask, with confidence "cannot tell" where the data do not show the noise.
    """
    if not correlation.along:
        return MaskChoice(None, "cannot tell", f"{correlation.reason}; {_ask()}")
    along_y, along_x = (np.array(correlation.along[axis]) for axis in "YX")
    (along_y, offset_y), (along_x, offset_x) = _without_offsets(along_y), _without_offsets(along_x)
    warnings = tuple(
        f"{what} have offsets of their own (correlation {offset:.2f} at every distance): no mask "
        f"hides that; remove it before training by subtracting the median of each {what[:-1]} "
        "of the difference to a smoothed image"
        for what, offset in (("columns", offset_y), ("rows", offset_x))
        if offset
    )
    if offset_y and offset_x:
        return MaskChoice(None, "cannot tell", f"both directions stay correlated; {_ask()}")
    if warnings:
        return MaskChoice(None, "low", "offsets hide the rest of the noise", warnings)
    least = least_that_counts(correlation)
    first_y, first_x = float(along_y[0]), float(along_x[0])
    half_y, half_x = _half_width(along_y, least), _half_width(along_x, least)
    textured = correlation.source == "one image" and correlation.evenness > UNEVEN
    if textured and max(first_y, first_x) < LEAST_IN_TEXTURE:
        half_y = half_x = 0
    if not half_y and not half_x and correlation.source == "one image":
        half_y, half_x = _weak_line(correlation, along_y, along_x)
    half_y = 0 if first_y < LEAKAGE * first_x else half_y
    half_x = 0 if first_x < LEAKAGE * first_y else half_x
    if half_y and half_x and correlation.source == "one image" and _is_signal(correlation):
        return MaskChoice(None, "cannot tell", f"signal hides the noise of this image; {_ask()}")
    if half_y and half_x and correlation.quiet:
        half_y, half_x = _alike(correlation, half_y, half_x, least)
    textured = textured and max(first_y, first_x) > least
    sure = _confidence(least, ((along_y, half_y), (along_x, half_x)), textured)
    mask = _mask(half_y, half_x, correlation.diagonal, first_y * first_x)
    return MaskChoice(mask, sure, _reason(correlation, half_y, half_x, first_y, first_x))


def least_that_counts(correlation: Correlation) -> float:
    """Return the correlation above which a neighbour is hidden."""
    floor = LEAST if correlation.source == "one image" else LEAST_SURE
    return max(floor, SIGMAS / math.sqrt(max(1, correlation.n_px)))


def _ask() -> str:
    """Say what would show the noise."""
    return f"give a dark frame ({option('noise', 'FILE')}) or two frames of one field"


def _without_offsets(along: np.ndarray) -> tuple[np.ndarray, float]:
    """The profile without the part that stays at every distance, and that part, 0 if small."""
    far = along[FAR]
    if len(far) < 2 or far.min() < LEAST_FAR or far.min() < 0.6 * far.max():
        return along, 0.0
    part = float(far.mean())
    return (along - part) / max(1 - part, 1e-6), part


def _half_width(along: np.ndarray, least: float) -> int:
    """Lags from 1 on that are all above `least`."""
    below = np.flatnonzero(along <= least)
    return int(below[0]) if len(below) else len(along)


def _weak_line(
    correlation: Correlation, along_y: np.ndarray, along_x: np.ndarray
) -> tuple[int, int]:
    """Half widths of noise that neighbours share weakly along one direction; else 0 and 0."""
    least = max(LEAST_LINE, SIGMAS / math.sqrt(max(1, correlation.n_px)))
    half_y, half_x = _half_width(along_y, least), _half_width(along_x, least)
    if correlation.evenness > SMOOTH or (half_y and half_x):
        return 0, 0
    return half_y, half_x


def _alike(correlation: Correlation, half_y: int, half_x: int, least: float) -> tuple[int, int]:
    """As far in one direction as in the other, but no farther than quiet places show."""
    widest = max(half_y, half_x)
    along_y, along_x = (np.array(correlation.quiet[axis]) for axis in "YX")
    return min(widest, _half_width(along_y, least)), min(widest, _half_width(along_x, least))


def _is_signal(correlation: Correlation) -> bool:
    """Whether what one image shows in both directions may be its texture."""
    both = [correlation.along[axis] for axis in "YX"]
    if min((values[4] for values in both if len(values) > 4), default=0.0) > SIGNAL_AT_5:
        return True
    return correlation.evenness > UNEVEN and min(values[0] for values in both) < SURELY_NOISE


def _confidence(least: float, both: Sequence[tuple[np.ndarray, int]], textured: bool) -> Confidence:
    """Low where a lag is so near to the limit that chance decided, or signal may be left."""
    near = any(
        abs(along[k] - least) < 0.02
        for along, half in both
        for k in (half - 1, half)
        if 0 <= k < len(along)
    )
    return "low" if near or textured else "high"


def _mask(half_y: int, half_x: int, diagonal: float | None, first: float) -> StructMask | None:
    if not half_y and not half_x:
        return None
    square = diagonal is not None and diagonal > SQUARE * first
    return StructMask.of_kind("square" if square else "cross", 2 * half_y + 1, 2 * half_x + 1)


def _reason(
    correlation: Correlation, half_y: int, half_x: int, first_y: float, first_x: float
) -> str:
    what = f"neighbours in X share {first_x:.2f} of the noise, in Y {first_y:.2f}"
    if not half_y and not half_x:
        what += ": independent from pixel to pixel"
    else:
        reach = " and ".join(
            f"{half} px along {axis}" for half, axis in ((half_x, "X"), (half_y, "Y")) if half
        )
        what += f": correlated over {reach}"
    return f"{what} ({correlation.reason})"
