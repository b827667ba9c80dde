"""Places where a restored image shows what the data do not hold.

A false cell among a hundred true ones is nothing in the mean over the image. So small tiles
are looked at one by one: what was added to the image was taken from the residual, and the two
share negative power. Noise alone shares some by chance; its deviation is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .reference import Reference
from .tiles import Tiles

EDGE_PX = 32
MOST_FREQUENCY = 0.25  # cycles per pixel: finer noise may come out turned round
SURE = -8.0  # deviations
LARGE = -0.3  # share of the tile's structure
KEPT = 10  # places that are named


@dataclass(frozen=True)
class Place:
    """A tile with structure that the data do not hold."""

    place: Mapping[str, int]  # by axis letter: the plane
    y: int  # middle of the tile, px
    x: int  # middle of the tile, px
    deviations: float  # how far it is from chance
    share: float  # of the tile's structure that is too much


class PlaceSums:
    """Looks at tiles of planes, `edge` px wide, which is even."""

    def __init__(self, reference: Reference, edge: int = EDGE_PX) -> None:
        self._reference, self._tiles = reference, Tiles(edge)
        frequency, window = self._tiles.frequency, self._tiles.window
        inside = (frequency >= 1.5 / edge) & (frequency < MOST_FREQUENCY)
        self._counts = np.where(inside, self._tiles.times, 0)
        self._noise = reference.spectrum(window) * (window**2).sum()
        self.n_tiles = self.n_found = 0
        self.worst: list[Place] = []

    def add(
        self,
        noisy: np.ndarray,
        restored: np.ndarray,
        place: Mapping[str, int],
        corner: tuple[int, int] = (0, 0),
    ) -> None:
        """Take one plane (Y, X) of finite counts into account.

        `corner`: Y and X of its first pixel in the whole plane.
        """
        step = self._tiles.step
        for y, first, second in self._tiles.weighed(noisy, restored, self._reference):
            shared = (((first - second) * second.conj()).real * self._counts).sum(axis=(1, 2))
            power = np.abs(second) ** 2 * self._counts
            total = np.maximum(power.sum(axis=(1, 2)), 1e-12)
            chance = np.sqrt(np.maximum((power * self._noise).sum(axis=(1, 2)), 1e-12))
            self.n_tiles += len(shared)
            found = np.flatnonzero((shared < SURE * chance) & (shared < LARGE * total))
            self.n_found += len(found)
            for i in found:
                at = (corner[0] + y + step, corner[1] + int(i) * step + step)
                self.worst.append(
                    Place(place, *at, float(shared[i] / chance[i]), -shared[i] / total[i])
                )
        self.worst.sort(key=lambda one: one.deviations)
        del self.worst[KEPT:]

    @property
    def share(self) -> float:
        """Share of the tiles in which something was found; 0 without tiles."""
        return self.n_found / self.n_tiles if self.n_tiles else 0.0
