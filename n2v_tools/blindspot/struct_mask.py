"""The mask of structN2V: which neighbours are hidden together with a blind spot.

Noise that is correlated from pixel to pixel can be read off the neighbours; a struct
mask hides those that know it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from ..errors import SettingsError
from ..settings import nearest
from ..words import option

KINDS = ("horizontal", "vertical", "cross", "square")
LARGEST = 63  # px, of a mask: beyond it hardly a neighbour is left to see
_EXAMPLES = "none, auto, horizontal:5, vertical:5, cross:5, cross:9x5, square:3 or square:9x5"


def read_struct_mask(text: str, n_dim: int) -> np.ndarray | None:
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
    mask : ndarray of int64, shape ([Z,] Y, X), or None
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
            values = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            raise SettingsError(f"{where}: {text[:40]!r} is no nested list; {_EXAMPLES}.") from None
        n_own = _n_axes(values)
        mask = to_struct_mask(values, 2 if n_own == 2 else n_dim, where)
    else:
        mask = _named(text, where)
    if max(mask.shape) > LARGEST:
        raise SettingsError(f"{where}: {max(mask.shape)} px is too wide; at most {LARGEST}.")
    mask = mask.reshape((1,) * (n_dim - mask.ndim) + mask.shape)
    if not np.delete(mask.ravel(), mask.size // 2).any():
        return None
    return mask


def require_mask_name(text: str) -> None:
    """Refuse a text that is neither ``none``, ``auto`` nor the name of a mask.

    Raises
    ------
    SettingsError
    """
    if text not in ("none", "auto"):
        _named(text, option("struct_mask"))


def _named(text: str, where: str) -> np.ndarray:
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
    if kind == "horizontal":
        return np.ones((1, width), np.int64)
    if kind == "vertical":
        return np.ones((height, 1), np.int64)
    mask = np.full((height, width), int(kind == "square"), np.int64)
    mask[height // 2], mask[:, width // 2] = 1, 1
    return mask


def _n_axes(values: Any) -> int:
    n = 0
    while isinstance(values, list) and values and n < 4:
        values, n = values[0], n + 1
    return n


def to_struct_mask(values: Any, n_dim: int, where: str = "struct mask") -> np.ndarray:
    """Check a mask given as nested lists or an array.

    Parameters
    ----------
    values : array-like of 0 and 1, shape ([Z,] Y, X)
        1 = hidden with the blind spot, which is the centre.
    n_dim : int
        Axes of the patches, 2 or 3.
    where : str
        Name in messages.

    Returns
    -------
    mask : ndarray of int64

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
    return mask.astype(np.int64)


def hidden_offsets(mask: np.ndarray) -> np.ndarray:
    """Offsets (K, D) from the centre of what `mask` hides, the centre left out."""
    offsets = np.argwhere(mask == 1) - np.array(mask.shape) // 2
    return offsets[np.any(offsets != 0, axis=1)]
