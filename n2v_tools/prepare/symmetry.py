"""The symmetries of a patch that leave its noise as it is.

Turning and mirroring patches multiplies the data, and averaging a net's answers over
them improves it. Noise that is correlated along rows must stay along rows, though: with
a struct mask only the operations that map the mask onto itself are allowed. Rotations
take place in YX, in a volume too, since depth has another pixel size and another blur.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from .struct_mask import StructMask


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

    def keeps(self, mask: StructMask) -> bool:
        """True if a mask is the same after the operation."""
        # An image's mask hides in its own plane only: there is no depth to flip.
        pixels = np.array(mask.pixels, ndmin=3)
        return np.array_equal(self._turn(pixels, y_axis=1), pixels)

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
    mask: StructMask | None = None, *, square: bool = True, flip_z: bool = False
) -> tuple[Symmetry, ...]:
    """List the allowed operations; the first changes nothing.

    Parameters
    ----------
    mask : StructMask or None
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
    ways = product((False, True), repeat=4)
    listed = (Symmetry(y, x, transposed, z) for z, transposed, y, x in ways)
    return tuple(
        one
        for one in listed
        if (square or not one.transpose)
        and (flip_z or not one.flip_z)
        and (mask is None or one.keeps(mask))
    )
