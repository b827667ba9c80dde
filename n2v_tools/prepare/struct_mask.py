"""Struct masks: which neighbours are hidden together with a blind spot.

Noise that is correlated from pixel to pixel can be read off the neighbours; a struct
mask hides those that know it. Users write and read masks as text, and files keep them as
nested lists; everything in between passes a `StructMask`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import SettingsError
from ..settings import nearest
from ..untrusted import parse_json
from ..words import option

KINDS = ("horizontal", "vertical", "cross", "square")
LARGEST = 63  # px, of a mask: beyond it hardly a neighbour is left to see
_EXAMPLES = "none, auto, horizontal:5, vertical:5, cross:5, cross:9x5, square:3 or square:9x5"


@dataclass(frozen=True, eq=False)
class StructMask:
    """What is hidden around a blind spot.

    Masks are equal if users write them alike: the axes of length 1 that a volume's mask has
    more than an image's do not count.

    Parameters
    ----------
    pixels : ndarray of int64, shape ([Z,] Y, X)
        Of odd sizes; 1 = hidden with the blind spot, which is the centre.
    """

    pixels: np.ndarray

    @classmethod
    def of_kind(cls, kind: str, height: int, width: int) -> StructMask:
        """Make the mask of one of `KINDS`, of odd full widths in px."""
        if kind == "horizontal":
            height = 1
        elif kind == "vertical":
            width = 1
        pixels = np.full((height, width), int(kind == "square"), np.int64)
        pixels[height // 2], pixels[:, width // 2] = 1, 1
        return cls(pixels)

    @property
    def kind(self) -> str:
        """One of `KINDS`; empty for any other shape."""
        size = self.pixels.shape[-2:]
        planes = np.array(self.pixels, ndmin=3)
        same = (k for k in KINDS if np.array_equal(planes, [self.of_kind(k, *size).pixels]))
        return next(same, "")

    @cached_property
    def name(self) -> str:
        """As users write it: ``cross:9x5``; nested lists as JSON where it is of no kind."""
        height, width = self.pixels.shape[-2:]
        if not self.kind:
            return json.dumps(self.pixels.tolist())
        plain = height == width or 1 in (height, width)
        return f"{self.kind}:{max(height, width) if plain else f'{height}x{width}'}"

    @cached_property
    def offsets(self) -> np.ndarray:
        """Of what is hidden, the centre left out: ndarray of int64, shape (K, D)."""
        offsets = np.argwhere(self.pixels == 1) - np.array(self.pixels.shape) // 2
        return offsets[np.any(offsets != 0, axis=1)]

    @property
    def n_hidden(self) -> int:
        """Number of neighbours that are hidden with each spot."""
        return len(self.offsets)

    @property
    def reach_px(self) -> tuple[int, ...]:
        """How far from the spot pixels are hidden, along each axis."""
        return tuple(np.abs(self.offsets).max(axis=0, initial=0).tolist())

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StructMask) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


def read_struct_mask(text: str, n_dim: int) -> StructMask | None:
    """Make the mask that a text describes.

    Parameters
    ----------
    text : str
        ``none``; ``horizontal:5``, ``vertical:5``, ``cross:5``, ``cross:9x5``, ``square:3``,
        ``square:9x5``, odd full widths in px, Y x X; or nested lists of 0 and 1 as JSON.
    n_dim : int
        Axes of the patches. In 3D a mask of two axes hides pixels of its own plane only.

    Returns
    -------
    mask : StructMask or None
        None if nothing but the blind spot is hidden.

    Raises
    ------
    SettingsError
        If it is none of these, even, larger than 63 px, or of other axes.
    """
    where = option("struct_mask")
    if text == "none":
        return None
    if text.startswith("["):
        try:
            values = parse_json(text)
        except ValueError:
            raise SettingsError(f"{where}: {text[:40]!r} is no nested list; {_EXAMPLES}.") from None
        of_one_plane = re.match(r"\[\s*\[\s*[^\[\]\s]", text)
        mask = to_struct_mask(values, 2 if of_one_plane else n_dim, where)
    else:
        mask = _named(text, where)
    widest = max(mask.pixels.shape)
    if widest > LARGEST:
        raise SettingsError(f"{where}: {widest} px is too wide; at most {LARGEST}.")
    return StructMask(np.array(mask.pixels, ndmin=n_dim)) if mask.n_hidden else None


def _named(text: str, where: str) -> StructMask:
    kind, _, size = text.partition(":")
    if kind not in KINDS:
        raise SettingsError(
            f"{where}: {text!r} is no mask.{nearest(kind, KINDS)} Write {_EXAMPLES}, or name a "
            ".json or .npy file."
        )
    sizes = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", size)
    line = kind in ("horizontal", "vertical")
    if not sizes or (line and sizes[2]):
        right = f"{kind}:5" if line else f"{kind}:5 or {kind}:9x5"
        raise SettingsError(f"{where}: {text!r} needs an odd width in px; write {right}.")
    height = int(sizes[1])
    width = int(sizes[2] or sizes[1])
    for edge in (height, width):
        if edge % 2 == 0 or edge > LARGEST:
            near = max(3, min(edge + 1, LARGEST))
            raise SettingsError(
                f"{where}: {edge} px is no width of a mask, which is odd, since the blind spot "
                f"is in the middle, and at most {LARGEST}; take {near}."
            )
    return StructMask.of_kind(kind, height, width)


def to_struct_mask(values: Any, n_dim: int, where: str = "struct mask") -> StructMask:
    """Check a mask given as nested lists or an array.

    Parameters
    ----------
    values : array-like of 0 and 1, shape ([Z,] Y, X)
        1 = hidden with the blind spot, which is the centre.
    n_dim : int
        Axes of the patches, 2 or 3.
    where : str
        Name in messages.

    Raises
    ------
    SettingsError
        If it is ragged, of other axes, of even size, or holds something else.
    """
    try:
        mask = np.array(values)
    except ValueError:
        mask = np.empty(0)
    if mask.ndim != n_dim or mask.dtype.kind not in "biuf":
        raise SettingsError(
            f"{where}: must be a nested list of 0 and 1 with {n_dim} levels, one for each axis of "
            f"a patch, such as {[[0, 1, 1, 1, 0]] if n_dim == 2 else [[[0, 1, 1, 1, 0]]]}."
        )
    if any(size % 2 == 0 for size in mask.shape):
        raise SettingsError(
            f"{where}: is of {' x '.join(map(str, mask.shape))} pixels; every size must be odd, "
            "since the centre is the blind spot. Add a 0 on one side."
        )
    if not np.isin(mask, (0, 1)).all():
        raise SettingsError(f"{where}: holds other values than 0 and 1 (1 = hidden).")
    return StructMask(mask.astype(np.int64))
