"""Square tiles of planes that overlap by half, windowed and Fourier transformed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter

from .reference import Reference

SMOOTH_PX = 4.0  # over which brightness is averaged to know the noise


class Tiles:
    """Cuts planes into tiles.

    Parameters
    ----------
    edge : int
        Of a tile, px; even.

    Attributes
    ----------
    window : ndarray, shape (e, e)
        Hann window that every tile is multiplied by.
    frequency : ndarray, shape (e, e // 2 + 1)
        Cycles per pixel, as `numpy.fft.rfft2` orders them.
    times : ndarray, shape (e, e // 2 + 1)
        How often each of them stands in the full transform: 1 or 2.
    """

    def __init__(self, edge: int) -> None:
        self.edge, self.step = edge, edge // 2
        line = np.hanning(edge + 2)[1:-1]
        self.window = np.outer(line, line)
        across = fft.rfftfreq(edge)
        self.frequency = np.hypot(fft.fftfreq(edge)[:, None], across)
        twice = np.where((across > 0) & (across < 0.5), 2.0, 1.0)
        self.times = np.broadcast_to(twice, self.frequency.shape)

    def weighed(
        self, noisy: np.ndarray, restored: np.ndarray, reference: Reference
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Transform two planes, divided by the deviation of their noise place by place.

        Parameters
        ----------
        noisy, restored : ndarray, shape (Y, X)
            Finite counts.

        Yields
        ------
        y : int
            First row of a band of tiles, whose columns are `step` apart.
        noisy, restored : ndarray of complex, shape (n, e, e // 2 + 1)
            Transforms of its tiles.
        """
        noisy, restored = (plane.astype(np.float64) for plane in (noisy, restored))
        weight = 1 / np.sqrt(reference.variance(gaussian_filter(noisy, SMOOTH_PX)))
        base = float(np.median(noisy))
        first, second = ((plane - base) * weight for plane in (noisy, restored))
        for y in range(0, noisy.shape[0] - self.edge + 1, self.step):
            band = slice(y, y + self.edge)
            yield y, self._transform(first[band]), self._transform(second[band])

    def _transform(self, band: np.ndarray) -> np.ndarray:
        starts = range(0, band.shape[1] - self.edge + 1, self.step)
        tiles = np.stack([band[:, x : x + self.edge] for x in starts])
        tiles = tiles - tiles.mean(axis=(1, 2), keepdims=True)
        return np.asarray(fft.rfft2(tiles * self.window))


def block_means(plane: np.ndarray, edge: int) -> np.ndarray:
    """Average blocks of `edge` x `edge` pixels of a plane (Y, X); what is left over is cut off."""
    rows, columns = (size // edge for size in plane.shape)
    cut = plane[: rows * edge, : columns * edge].astype(np.float64)
    bands, sums = np.zeros((rows, cut.shape[1])), np.zeros((rows, columns))
    for start in range(edge):  # five times as fast as a mean over two axes of four
        bands += cut[start::edge]
    for start in range(edge):
        sums += bands[:, start::edge]
    return np.asarray(sums / edge**2)
