"""Simulated recordings as whole arrays, for those who do not take them plane by plane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

Planes = Iterator[tuple[dict[str, int], np.ndarray, np.ndarray]]  # place, noisy, clean


def collect(planes: Planes, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return all planes of a recording: noisy uint16 and clean float32, of shape `sizes`.

    Each comes as (place, noisy, clean); places name the axes outside a plane, in order.
    """
    noisy, clean = np.empty(sizes, np.uint16), np.empty(sizes, np.float32)
    for place, noisy_plane, clean_plane in planes:
        index = tuple(place.values())
        noisy[index], clean[index] = noisy_plane, clean_plane
    return noisy, clean
