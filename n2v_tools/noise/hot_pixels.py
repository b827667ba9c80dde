"""Pixels of the detector that shine by themselves.

A hot pixel stands far above all its neighbours at the same place in every plane. A small
real structure does not: the optics spread it over its neighbours as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter

from ..stack import Stack
from .blocks import middle
from .robust import deviation

MOST_PLANES = 9  # of each channel
LEAST_PLANES = 3  # with fewer, noise looks like a hot pixel
MOST_EDGE_PX = 1024  # of the middle of a plane
MOST_CHANNELS = 4
ABOVE_MEAN = 8.0  # deviations above all neighbours, in the mean of the planes
ABOVE_EACH = 3.0  # deviations above the mean of the neighbours, plane by plane
IN_PLANES = 0.9  # share of the planes
SPREAD = 0.25  # rise of the neighbours over the pixel's, which optics would exceed

_RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)


@dataclass(frozen=True)
class HotPixels:
    """How many pixels are hot."""

    count: int  # in the part of the plane that was looked at, of the worst channel
    n_px: int  # pixels of that part
    n_planes: int  # planes that were compared

    @property
    def percent(self) -> float:
        """Share of the pixels, in percent."""
        return 100 * self.count / max(1, self.n_px)

    @property
    def warning(self) -> str:
        """What to do about them; empty if there are none."""
        if not self.count:
            return ""
        are = "pixel is" if self.count == 1 else "pixels are"
        return (
            f"{self.count} {are} hot ({self.percent:.2g} % of those looked at): far above the "
            f"neighbours at the same place in {self.n_planes} planes. A net is not shown those far "
            "off in one plane, but may keep weaker ones as structure: subtract a dark frame, or "
            "replace them by the median of their neighbours"
        )


def find_hot_pixels(stack: Stack) -> HotPixels | None:
    """Count hot pixels in a few planes, evenly spread over each channel.

    At most nine planes of each of four channels are read, and one kept at a time. None if there are
    fewer than three planes to compare.
    """
    places = list(stack.places())
    found = []
    for c in range(min(MOST_CHANNELS, stack.sizes.get("C", 1))):
        same = [place for place in places if place.get("C", 0) == c]
        if len(same) >= LEAST_PLANES:
            even = np.linspace(0, len(same) - 1, min(MOST_PLANES, len(same))).astype(int)
            found.append(_find(stack, [same[i] for i in even]))
    return max(found, key=lambda one: one.count) if found else None


def _find(stack: Stack, places: Sequence[dict[str, int]]) -> HotPixels:
    total: np.ndarray | None = None
    n_above: np.ndarray | None = None
    part = middle(stack.sizes["Y"], MOST_EDGE_PX), middle(stack.sizes["X"], MOST_EDGE_PX)
    for place in places:
        plane = stack.plane(place)[part].astype(np.float32)
        plane[~np.isfinite(plane)] = 0
        rest = plane - _of_neighbours(plane)
        above = rest > ABOVE_EACH * _spread(rest)
        total = plane if total is None else total + plane
        n_above = above.astype(np.int32) if n_above is None else n_above + above
    assert total is not None and n_above is not None  # noqa: S101  there is a plane
    mean = total / len(places)
    level = _of_neighbours(mean)
    highest = maximum_filter(mean, footprint=_RING, mode="reflect")
    often = n_above >= IN_PLANES * len(places)
    far = mean - highest > ABOVE_MEAN * _spread(mean - level)
    alone = highest - level < SPREAD * (mean - level)
    return HotPixels(int(np.count_nonzero(often & far & alone)), mean.size, len(places))


def _of_neighbours(plane: np.ndarray) -> np.ndarray:
    """Mean of the eight neighbours of each pixel."""
    return (9 * uniform_filter(plane, 3) - plane) / 8


def _spread(rest: np.ndarray) -> float:
    """Deviation, robustly; over half of the differences may be 0 where photons are few."""
    robust = deviation(rest, 0.0)
    return robust if robust > 0 else max(float(rest.std()), 1e-12)
