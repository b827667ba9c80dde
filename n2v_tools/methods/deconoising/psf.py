"""Point spread function of one channel, as a sum of products of lines.

Every image of a point is a few such products: exactly one for a Gaussian, a handful for a
measured spot, found by singular values. So a convolution is a row of passes along single axes,
whatever the number of axes, in training and in restoring alike.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy.ndimage import convolve1d

from ...errors import SettingsError
from ...prepare.symmetry import Symmetry, symmetries

TRUNCATE = 4.0  # deviations at which a Gaussian ends
LEFT_OUT = 0.005  # of the light, about, that products of lines may lack together
MOST_TERMS = 32  # more cost more time in training than the net
MOST_EDGE = 255  # px, of what a model folder may hold
ALIKE = 0.02  # share of the light by which a turned one may differ: noise of a measured spot

T = TypeVar("T")  # images, as arrays or tensors
Line = tuple[float, ...]
Term = tuple[Line, ...]  # one line per axis, of odd length


@dataclass(frozen=True)
class Psf:
    """What a point becomes, normalised to a sum of 1, with where it comes from.

    Lines of all terms along one axis are equally long.
    """

    terms: tuple[Term, ...]
    origin: str  # a phrase, such as ``a Gaussian of 1.2 px``
    confidence: str = "given"  # given, high, low or a guess

    @property
    def n_dim(self) -> int:
        """Number of axes: 2 (YX) or 3 (ZYX)."""
        return len(self.terms[0])

    @property
    def reach_px(self) -> tuple[int, ...]:
        """How far it spreads a point, per axis."""
        return tuple(len(line) // 2 for line in self.terms[0])

    @functools.cached_property
    def kernel(self) -> np.ndarray:
        """Its pixels, float64, of odd sizes ([Z,] Y, X)."""
        letters = "zyx"[-self.n_dim :]
        product = f"{','.join(letters)}->{letters}"
        total: np.ndarray = np.sum([np.einsum(product, *term) for term in self.terms], axis=0)
        return total

    def blur(self, image: np.ndarray) -> np.ndarray:
        """Convolve counts ([Z,] Y, X), mirrored at the border: float32, as large."""
        total = np.zeros(image.shape, np.float32)
        for term in self.terms:
            part = image.astype(np.float32, copy=False)
            for axis, line in enumerate(term):
                if len(line) > 1 or line[0] != 1:
                    part = convolve1d(part, np.asarray(line), axis, mode="mirror")
            total += part
        return total

    @functools.cached_property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Turns and flips that leave it as it is, but for what a measured spot has of noise."""
        kernel = self.kernel
        reach = max(self.reach_px[-2:])
        pads = [(reach - n // 2,) * 2 for n in kernel.shape[-2:]]
        square = np.pad(kernel, [(0, 0)] * (kernel.ndim - 2) + pads)
        one = square[np.newaxis, ..., np.newaxis]
        return tuple(s for s in symmetries() if float(np.abs(s.apply(one) - one).sum()) <= ALIKE)

    @property
    def widths_px(self) -> tuple[float, ...]:
        """Full width at half of its height along each axis, through its middle."""
        lines = []
        for axis, kept in enumerate(self.kernel.shape):
            moved = np.moveaxis(self.kernel, axis, -1).reshape(-1, kept)
            lines.append(moved[len(moved) // 2])  # sizes are odd: the middle is the middle
        return tuple(_half_width(line) for line in lines)

    def within(self, reach_px: Sequence[int]) -> Psf:
        """The same with no more reach than this along each axis: what lies beyond is cut off."""
        cut = [min(has, may) for has, may in zip(self.reach_px, reach_px, strict=True)]
        if tuple(cut) == self.reach_px:
            return self
        middle = tuple(
            slice(has - may, has + may + 1) for has, may in zip(self.reach_px, cut, strict=True)
        )
        return from_pixels(self.kernel[middle], self.origin, self.confidence)

    def describe(self) -> str:
        """In one phrase, with its width."""
        widths = " x ".join(f"{one:.2f}" for one in self.widths_px)
        return f"{self.origin}, {widths} px wide at half height (confidence: {self.confidence})"

    def record(self) -> dict[str, Any]:
        """JSON values for the model folder."""
        return {
            "terms": [[list(line) for line in term] for term in self.terms],
            "origin": self.origin,
            "confidence": self.confidence,
            "width_at_half_height_px": list(self.widths_px),
        }


def _half_width(line: np.ndarray) -> float:
    """Width at half height of a line of odd length around its middle, px."""
    middle = len(line) // 2
    total = 0.0
    for side in (line[middle:], line[middle::-1]):
        below = np.flatnonzero(side < side[0] / 2)
        if not len(below):
            total += len(side) - 0.5
            continue
        high, low = side[below[0] - 1], side[below[0]]
        total += below[0] - 1 + (high - side[0] / 2) / (high - low)
    return float(total)


def read_psf(record: Any, n_dim: int) -> Psf:
    """Read what `Psf.record` wrote, which may come from anybody.

    SettingsError if it is no point spread function of `n_dim` axes.
    """
    if not isinstance(record, Mapping):
        raise SettingsError(f"psf is {record!r:.40}; it must be an object with its terms.")
    listed = record.get("terms")
    words = [str(record.get(key, "not recorded"))[:200] for key in ("origin", "confidence")]
    if isinstance(listed, list) and 1 <= len(listed) <= MOST_TERMS:
        terms = [_read_term(term, n_dim) for term in listed]
        lengths = {tuple(map(len, term)) for term in terms if term}
        if all(terms) and len(lengths) == 1:
            psf = Psf(tuple(term for term in terms if term), *words)
            if abs(float(psf.kernel.sum()) - 1) < 1e-3:
                return psf
    raise SettingsError(
        f"psf must be a sum of 1 to {MOST_TERMS} products of {n_dim} lines of odd length up to "
        f"{MOST_EDGE}, with a total of 1."
    )


def _read_term(term: Any, n_dim: int) -> Term | None:
    """One product of lines; None if it is none."""
    if not isinstance(term, list) or len(term) != n_dim:
        return None
    for line in term:
        numbers = isinstance(line, list) and all(
            isinstance(one, (int, float)) and not isinstance(one, bool) and abs(one) < 1e6
            for one in line
        )
        if not numbers or len(line) % 2 == 0 or len(line) > MOST_EDGE:
            return None
    return tuple(tuple(map(float, line)) for line in term)


def gaussian(sigmas_px: Sequence[float], origin: str = "", confidence: str = "given") -> Psf:
    """A Gaussian of these standard deviations, one per axis; 0: a point stays one along it."""
    lines = []
    for sigma in sigmas_px:
        at = np.arange(-math.ceil(TRUNCATE * sigma), math.ceil(TRUNCATE * sigma) + 1)
        line = np.exp(-0.5 * (at / max(sigma, 1e-9)) ** 2)
        lines.append(tuple((line / line.sum()).tolist()))
    words = " x ".join(f"{sigma:.3g}" for sigma in dict.fromkeys(sigmas_px))
    return Psf((tuple(lines),), origin or f"a Gaussian of {words} px", confidence)


def sharpened(image: T, blur: Callable[[T], T], passes: int) -> T:
    """Sharpen an image towards the one that `blur` made it of, by so many passes.

    Each adds what is still missing, as far as one blur tells [1]_: after p passes a frequency that
    the blur passes to a share g stands in the blurred result to ``1 - (1 - g)**(p + 1)``.

    References
    ----------
    .. [1] P. H. van Cittert. Zum Einfluss der Spaltbreite auf die Intensitaetsverteilung in
       Spektrallinien II. Z. Phys. 69, 1931.
    """
    missing = total = image
    for _ in range(passes):
        missing = missing - blur(missing)  # type: ignore[operator]
        total = total + missing
    return total


def from_pixels(pixels: np.ndarray, origin: str, confidence: str = "given") -> Psf:
    """Make one of pixels of odd sizes, not negative, the point in their middle."""
    pixels = np.asarray(pixels, np.float64) / np.sum(pixels)
    terms = sorted(_products(pixels, LEFT_OUT), key=_strength, reverse=True)[:MOST_TERMS]
    total = sum(math.prod(sum(line) for line in term) for term in terms)
    first = [[value / total for value in term[0]] for term in terms]
    return Psf(
        tuple((tuple(one), *term[1:]) for one, term in zip(first, terms, strict=True)),
        origin,
        confidence,
    )


def _strength(term: Term) -> float:
    """Root of the sum of squares of all pixels of a product."""
    return math.prod(math.hypot(*line) for line in term)


def _products(pixels: np.ndarray, left_out: float) -> list[Term]:
    """Products of lines that add up to an array, the strongest first.

    What is left out adds up to at most `left_out` over all pixels.
    """
    if pixels.ndim == 1:
        return [(tuple(pixels.tolist()),)]
    columns, strengths, rows = np.linalg.svd(pixels.reshape(len(pixels), -1), full_matrices=False)
    terms: list[Term] = []
    rest = pixels.reshape(len(pixels), -1).copy()
    for column, strength, row in zip(columns.T, strengths, rows, strict=True):
        if np.abs(rest).sum() <= left_out / 2:
            break
        rest -= strength * np.outer(column, row)
        line = tuple((strength * column).tolist())
        others = _products(row.reshape(pixels.shape[1:]), left_out / (4 * strength))
        terms += [(line, *other) for other in others]
    return terms
