"""Quick look at a stack before a training: settings that its noise speaks against.

It costs a second whatever the size of the file: 1.5 million pixels at most are read of a stack,
and some 130 frames of a movie, of those the middle.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..stack import LazyArray, Stack
from ..words import option
from .blocks import middle
from .correlation import INDEPENDENT, Correlation, measure_correlation
from .grey_levels import count_levels, judge_levels
from .mask import MaskChoice, choose_mask
from .sample import RUN_PLANES, read_sample
from .strength import measure_strength

MOST_PX = 1_500_000
EDGE_PX = 128  # of the middle of the frames of a movie
N_RUNS = 4  # of 16 successive frames, evenly spread over the movie
MOST_MOVIE_PX = 3 * N_RUNS * RUN_PLANES * EDGE_PX**2
FEW_FRAMES = 32  # below, learning from time seldom pays


def advise_training(
    stack: Stack,
    *,
    struct_mask: str = "none",
    depth_axis: str | None = None,
    seed: int = 0,
    keep_strips: bool = False,
) -> list[str]:
    """List where the settings of a training contradict the noise of its data.

    Parameters
    ----------
    stack : Stack
        Of one channel, or all of them together.
    struct_mask : str
        ``none``, ``auto``, or any other mask as ``--struct-mask`` takes it.
    depth_axis : {"Z", "T"} or None
        Depth of 3D patches.
    seed : int
        Decides where crops of large planes lie.
    keep_strips : bool
        Take zeros as data.

    Returns
    -------
    warnings : list of str
        One line each, without the stack's name.
    """
    correlation, grey = _look(stack, seed, MOST_PX, keep_strips)
    found = [grey, _mask_warning(choose_mask(correlation), struct_mask)]
    shared = correlation.with_next(depth_axis or "")
    if shared > INDEPENDENT:
        found.append(
            f"neighbouring planes along {depth_axis} share noise (correlation {shared:.2f}), which "
            f"3D patches would keep: train with 2D patches ({option('patch', 64)})"
        )
    return [line for line in found if line]


def advise_movie_training(
    stack: Stack, method: str, alone: str, *, seed: int = 0, keep_strips: bool = False
) -> list[str]:
    """List what in a movie speaks against a method that learns from successive frames.

    Such a method takes what frames share for signal, so their noise must be independent; what
    pixels of one frame share does not matter.

    Parameters
    ----------
    stack : Stack
        With an axis T.
    method, alone : str
        As ``--method`` takes them: the method, and one that looks at single frames.
    seed : int
        Decides where crops of large planes lie.
    keep_strips : bool
        Take zeros as data.

    Returns
    -------
    warnings : list of str
        One line each, without the stack's name.
    """
    inner = dataclasses.replace(stack, array=_Middle(stack.array, stack.axes))
    correlation, grey = _look(inner, seed, MOST_MOVIE_PX, keep_strips)
    found = [grey]
    shared = correlation.with_next("T")
    if shared > INDEPENDENT:
        found.append(
            f"successive frames share noise (correlation {shared:.2f}), and "
            f"{option('method', method)} keeps what they share: take the raw frames if these were "
            f"averaged, interpolated or compressed, else {option('method', alone)}"
        )
    n_frames = stack.sizes["T"]
    if n_frames < FEW_FRAMES:
        found.append(
            f"{n_frames} frames are few to learn from time ({FEW_FRAMES} or more are better): see "
            f"whether {option('method', alone)} does as well"
        )
    return [line for line in found if line]


def _look(stack: Stack, seed: int, most_px: int, keep_strips: bool) -> tuple[Correlation, str]:
    """Correlation of the noise, and the warning that its grey levels deserve."""
    sample = read_sample(stack, seed, most_px, keep_strips=keep_strips)
    levels, counts = count_levels(sample.planes)
    if not len(levels):
        return Correlation(), ""
    correlation = measure_correlation(sample)
    strength = measure_strength(sample, correlation)
    mean = float(levels @ counts / counts.sum())
    grey = judge_levels(levels, counts, strength.sigma_at(mean))
    return correlation, grey.warning(strength.counts_photons(mean, grey.step))


def _mask_warning(choice: MaskChoice, struct_mask: str) -> str:
    """Say that a mask is missing or not wanted; a doubtful measurement says nothing."""
    if choice.confidence == "cannot tell" or struct_mask == "auto":
        return ""
    if struct_mask == "none" and choice.mask:
        return (
            f"the noise is correlated ({choice.reason}), and a training without a mask keeps "
            f"correlated noise: pass {option('struct_mask', 'auto')}, or {choice.mask}"
        )
    if struct_mask != "none" and not choice.mask and not choice.warnings:
        return (
            f"{option('struct_mask', struct_mask)} hides neighbours, but the noise is independent "
            f"({choice.reason}): the mask only costs detail; leave it out"
        )
    return ""


class _Middle:
    """A lazy array of the middle of each plane: long runs show more than large frames."""

    def __init__(self, array: LazyArray, axes: str) -> None:
        self._array = array
        self._middle = tuple(
            middle(size, EDGE_PX if axis in "YX" else size)
            for axis, size in zip(axes, array.shape, strict=True)
        )
        self.shape = tuple(part.stop - part.start for part in self._middle)
        self.dtype = array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        parts = zip(key, self._middle, strict=True)
        return self._array[tuple(k if isinstance(k, int) else part for k, part in parts)]
