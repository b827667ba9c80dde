"""The mask of structN2V: which neighbours are hidden together with a blind spot.

Noise that is correlated from pixel to pixel can be read off the neighbours; a struct
mask hides those that know it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import SettingsError


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
