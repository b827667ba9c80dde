"""Resolution of the noisy file: Fourier ring correlation of two halves of it.

Halves are successive frames where there are any, else the pixels of one image taken like the
fields of a checkerboard [1]_. Rings in each plane; volumes are judged plane by plane.

References
----------
.. [1] S. Koho, G. Tortarolo, M. Castello, T. Deguchi, A. Diaspro, G. Vicidomini. Fourier ring
   correlation simplifies image restoration in fluorescence microscopy. Nat. Commun. 2019.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from .tiles import Tiles

TILE_PX = 64
N_RINGS = 16
HALF = 1 / 7  # correlation at which structure counts as resolved
PAIRS = (((0, 0), (1, 1)), ((0, 1), (1, 0)))


class RingSums:
    """Collects pairs of images that show the same under independent noise.

    In tiles `edge` px wide, which is even.
    """

    def __init__(self, edge: int = TILE_PX) -> None:
        self._edge, tiles = edge, Tiles(edge)
        self._window, self._frequency = tiles.window, tiles.frequency
        self._sums = np.zeros((3, edge, edge // 2 + 1))
        self.n = 0

    def add(self, one: np.ndarray, other: np.ndarray, shift: tuple[float, float] = (0, 0)) -> None:
        """Take one pair of planes (Y, X) of counts into account.

        `shift`: by how many pixels `other` was sampled further down and to the right.
        """
        edge, step = self._edge, self._edge // 2
        back = np.exp(
            -2j * np.pi * (fft.fftfreq(edge)[:, None] * shift[0] + fft.rfftfreq(edge) * shift[1])
        )
        for y in range(0, one.shape[0] - edge + 1, step):
            for x in range(0, one.shape[1] - edge + 1, step):
                at = (slice(y, y + edge), slice(x, x + edge))
                a, b = (fft.rfft2((p[at] - p[at].mean()) * self._window) for p in (one, other))
                self._sums += [np.abs(a) ** 2, np.abs(b) ** 2, (a * (b * back).conj()).real]
                self.n += 1

    def add_split(self, plane: np.ndarray) -> None:
        """Take the fields of a checkerboard of one image (Y, X) as pairs."""
        rows, columns = (size // 2 * 2 for size in plane.shape)
        plane = plane[:rows, :columns].astype(np.float64)
        for (y0, x0), (y1, x1) in PAIRS:
            shift = ((y1 - y0) / 2, (x1 - x0) / 2)
            self.add(plane[y0::2, x0::2], plane[y1::2, x1::2], shift)

    def curve(self, *, split: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return frequency in cycles per pixel and correlation of two such images, shape (F,).

        Empty without pairs. With `split`, pairs were fields of a checkerboard: one image has four
        times their light per frequency, which is made up for, and its frequencies end at a quarter.
        """
        if not self.n:
            return np.empty(0), np.empty(0)
        n_rings = min(N_RINGS, self._edge // 4)
        ring = (self._frequency * 2 * n_rings).astype(int)
        inside = (ring >= 1) & (ring < n_rings)
        first, second, shared = (
            np.bincount(ring[inside], values[inside], n_rings)[1:] for values in self._sums
        )
        count = np.bincount(ring[inside], minlength=n_rings)[1:]
        frequency = np.bincount(ring[inside], self._frequency[inside], n_rings)[1:] / count
        found = shared / np.sqrt(np.maximum(first * second, 1e-30))
        if not split:
            return frequency, found
        kept = np.clip(found, -0.99, 0.99)
        strength = 4 * kept / (1 - kept)
        return frequency / 2, strength / (1 + np.abs(strength))


def finest_px(frequency: np.ndarray, correlation: np.ndarray) -> float | None:
    """Period in pixels of the finest structure that stands out of the noise, from shapes (F,).

    None if none does; where all do, that of the highest frequency looked at.
    """
    below = np.flatnonzero(correlation < HALF)
    n = int(below[0]) if len(below) else len(correlation)
    return 1 / float(frequency[n - 1]) if n else None
