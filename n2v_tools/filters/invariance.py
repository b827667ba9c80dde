"""Choice of a parameter without truth: by the error on pixels that the filter cannot see.

Some pixels are hidden, each replaced by the mean of its neighbours in the plane (other planes may
show something else), the image is filtered, and the filtered values at the hidden places are
compared with what was hidden. Where noise is independent from pixel to pixel, no filter can guess
the hidden noise, so the mean square error is the true error plus the noise's variance, and the
parameter that wins is the one that would win with the truth [1]_. Noise that neighbours share
would be guessed, and too weak a filter win; a struct mask hides the neighbours that share it as
well.

References
----------
.. [1] J. Batson, L. Royer. Noise2Self: blind denoising by self-supervision. ICML 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

from ..prepare.struct_mask import StructMask

STRIDE_PX = 4  # between hidden pixels, along each axis
TRIED_GRIDS = 2  # places of the grid of hidden pixels

Apply = Callable[[np.ndarray], np.ndarray]


def choose_without_truth(
    filters: Sequence[Apply],
    pieces: Sequence[np.ndarray],
    rng: np.random.Generator,
    mask: StructMask | None = None,
) -> tuple[int, np.ndarray]:
    """Return which filter errs least on hidden pixels, and the errors.

    Parameters
    ----------
    filters : sequence of callable
        Each takes and returns a float32 array ([Z,] Y, X).
    pieces : sequence of float32 arrays ([Z,] Y, X)
        Parts of the image.
    rng : numpy.random.Generator
        Places the grid of hidden pixels.
    mask : StructMask, optional
        Which neighbours share the noise of the hidden pixel. Default: none, for noise that is
        independent from pixel to pixel.

    Returns
    -------
    best : int
    errors : ndarray of float64, one per filter
        Mean square error on hidden pixels, noise included.
    """
    together = _mask_for(pieces[0].ndim, mask)
    sums, n = np.zeros(len(filters)), 0
    for piece in pieces:
        for _ in range(TRIED_GRIDS):
            grid = _grid(piece.shape, together.shape, rng)
            shown = _without(piece, grid, together)
            hidden = piece[grid]
            n += hidden.size
            for i, apply in enumerate(filters):
                sums[i] += np.sum((apply(shown)[grid].astype(np.float64) - hidden) ** 2)
    errors = sums / max(n, 1)
    return int(np.argmin(errors)), errors


def _mask_for(n_axes: int, mask: StructMask | None) -> np.ndarray:
    """The mask with the centre, as an array of bool with `n_axes` axes."""
    together = np.array(1 if mask is None else mask.pixels, bool, ndmin=n_axes)
    together[tuple(edge // 2 for edge in together.shape)] = True
    return together


def _grid(
    shape: tuple[int, ...], mask_px: tuple[int, ...], rng: np.random.Generator
) -> tuple[slice, ...]:
    """Pixels to hide, so far apart that each has neighbours that are seen."""
    slices = []
    for size, edge in zip(shape, mask_px, strict=True):
        stride = min(size, max(STRIDE_PX, edge + 2))
        slices.append(slice(int(rng.integers(stride)), None, stride))
    return tuple(slices)


def _without(piece: np.ndarray, grid: tuple[slice, ...], together: np.ndarray) -> np.ndarray:
    """The piece with each hidden pixel, and who shares its noise, replaced by seen neighbours."""
    centres = np.zeros(piece.shape, bool)
    centres[grid] = True
    hidden = ndimage.binary_dilation(centres, structure=together)
    seen = (~hidden).astype(np.float32)
    near = np.ones((*together.shape[:-2], *(edge + 2 for edge in together.shape[-2:])), np.float32)
    weights = ndimage.convolve(seen, near, mode="constant")
    sums = ndimage.convolve(piece * seen, near, mode="constant")
    means = sums / np.maximum(weights, 1)
    means[weights == 0] = piece.mean()  # a piece of a few pixels
    return np.where(hidden, means, piece).astype(np.float32)
