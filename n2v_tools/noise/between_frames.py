"""What in a movie speaks against learning from its frames."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..stack import LazyArray, Stack
from .advice import FRAMES_FOR_TIME, INDEPENDENT, grey_level_warning
from .correlation import measure_correlation
from .grey_levels import count_levels, judge_levels
from .sample import RUN_PLANES, read_sample
from .strength import measure_strength

EDGE_PX = 128  # of the middle of the frames, which is looked at
N_RUNS = 4  # of 16 successive frames, evenly spread over the movie
MOST_PX = 3 * N_RUNS * RUN_PLANES * EDGE_PX**2


def advise_movie_training(
    stack: Stack, method: str, *, seed: int = 0, keep_strips: bool = False
) -> list[str]:
    """Say where a movie is none that a method for movies learns from.

    Such a method takes what frames share for signal, so their noise must be independent; what
    pixels of one frame share is no matter. Reads some 130 frames at most, and of those the
    middle.

    Parameters
    ----------
    stack : Stack
        With an axis T.
    method : str
        As ``--method`` takes it.
    seed : int
        Decides where crops of large planes lie.
    keep_strips : bool
        Take zeros as data.

    Returns
    -------
    warnings : list of str
        One line each, without the stack's name.
    """
    sample = read_sample(_middle(stack), seed, MOST_PX, keep_strips=keep_strips)
    correlation = measure_correlation(sample)
    found = []
    levels, counts = count_levels(sample.planes)
    if len(levels):
        strength = measure_strength(sample, correlation)
        mean = float(levels @ counts / counts.sum())
        grey = judge_levels(levels, counts, strength.sigma_at(mean))
        found.append(grey_level_warning(grey, strength.counts_photons(mean, grey.step)))
    shared = correlation.along.get("T", (0.0,))[0]
    if shared > INDEPENDENT:
        found.append(
            f"successive frames share noise (correlation {shared:.2f}), and --method {method} "
            "keeps what they share: take the raw frames if these were averaged, interpolated or "
            "compressed, else --method n2v"
        )
    if stack.sizes["T"] < FRAMES_FOR_TIME:
        found.append(
            f"{stack.sizes['T']} frames are few to learn from time ({FRAMES_FOR_TIME} or more are "
            "better): see whether --method n2v does as well"
        )
    return [line for line in found if line]


def _middle(stack: Stack) -> Stack:
    """The middle of each plane: long runs of frames tell more than large frames."""
    return dataclasses.replace(stack, array=_Middle(stack.array, stack.axes))


class _Middle:
    """A lazy array of the middle of each plane, read plane by plane."""

    def __init__(self, array: LazyArray, axes: str) -> None:
        self._array = array
        self._middle = tuple(
            slice(max(0, (size - EDGE_PX) // 2), (size + min(size, EDGE_PX)) // 2)
            if axis in "YX"
            else slice(None)
            for axis, size in zip(axes, array.shape, strict=True)
        )
        self.shape = tuple(
            len(range(size)[part]) for size, part in zip(array.shape, self._middle, strict=True)
        )
        self.dtype = array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        parts = zip(key, self._middle, strict=True)
        return self._array[tuple(k if isinstance(k, int) else part for k, part in parts)]
