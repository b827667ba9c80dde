"""The symmetries of a patch that leave its noise as it is.

Turning and mirroring patches multiplies the data, and averaging a net's answers over
them improves it. Noise that is correlated along rows must stay along rows, though: with
a struct mask only the operations that map the mask onto itself are allowed. Rotations
take place in YX, in a volume too, since depth has another pixel size and another blur.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Symmetry:
    """One operation on the YX square, and on depth: first the transpose, then the flips.

    Four flips with and without transpose are the eight symmetries of the square:
    ``Symmetry(transpose=True, flip_y=True)`` is ``np.rot90`` in YX, for example.
    """

    flip_y: bool = False  # reverse the rows
    flip_x: bool = False  # reverse the columns
    transpose: bool = False  # swap Y and X before flipping
    flip_z: bool = False  # reverse the depth (Z or T) of a 3D patch

    @property
    def inverse(self) -> Symmetry:
        """The operation that undoes this one."""
        if not self.transpose:
            return self
        return Symmetry(self.flip_x, self.flip_y, True, self.flip_z)

    def apply(self, patches: np.ndarray) -> np.ndarray:
        """Return `patches`, shape (N, [Z,] Y, X, C), turned; a view."""
        return self._turn(patches, y_axis=patches.ndim - 3)

    def keeps(self, mask: np.ndarray) -> bool:
        """True if a mask of shape ([Z,] Y, X) is the same after the operation."""
        turned = self._turn(mask, y_axis=mask.ndim - 2)
        return turned.shape == mask.shape and bool((turned == mask).all())

    def _turn(self, array: np.ndarray, y_axis: int) -> np.ndarray:
        turned = np.swapaxes(array, y_axis, y_axis + 1) if self.transpose else array
        flipped = [
            axis
            for axis, flip in zip(
                (y_axis - 1, y_axis, y_axis + 1),
                (self.flip_z, self.flip_y, self.flip_x),
                strict=True,
            )
            if flip
        ]
        return np.flip(turned, axis=flipped) if flipped else turned


def symmetries(
    mask: Any | None = None, *, square: bool = True, flip_z: bool = False
) -> tuple[Symmetry, ...]:
    """List the allowed operations; the first changes nothing.

    Parameters
    ----------
    mask : array-like of 0 and 1, shape ([Z,] Y, X), or None
        Struct mask, of odd sizes with the blind spot in the centre.
    square : bool
        True if rows and columns are alike: equal edges of the patch, and equal pixel
        sizes as far as they are known. Without it nothing is transposed.
    flip_z : bool
        True for 3D patches whose depth may be reversed (Z; time runs one way only
        where the data say so, which the caller knows).

    Returns
    -------
    allowed : tuple of Symmetry
        8 for a square, 16 with depth, fewer where the mask forbids.
    """
    kept = None if mask is None else np.asarray(mask)
    if kept is not None and kept.ndim == 2:
        kept = kept[np.newaxis]  # hidden in its own plane only
    ways = product((False, True), repeat=4)
    listed = (Symmetry(y, x, transposed, z) for z, transposed, y, x in ways)
    return tuple(
        one
        for one in listed
        if (square or not one.transpose)
        and (flip_z or not one.flip_z)
        and (kept is None or one.keeps(kept))
    )
