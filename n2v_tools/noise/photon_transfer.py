"""Strength of the noise from frames: pairs of one field, or frames without light.

Photon transfer [1]_: in the difference of two frames of one field what does not move
cancels, and half its variance is that of the noise. Taken block by block and put over the
block's brightness it lies on a straight line, whose slope is the gain. Blocks where
something moved stand out and are left out. A frame without light gives what no other can:
the camera's offset and its read noise.

References
----------
.. [1] J. R. Janesick. Photon Transfer. SPIE Press, 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .blocks import block_means, by_brightness, to_blocks
from .level import fit_line
from .robust import deviation

BLOCK_PX = 8
LEAST_BLOCKS = 64
IN_BIN = 64  # blocks of about equal brightness, at least
MOST_BINS = 16
CLIP = 3.0  # robust deviations from the median beyond which a block is left out
ROUNDS = 4
LEAST_UNEVEN = 10.0  # variance of brightness over that by chance
LEAST_FRAMES = 4
DIMMER = 0.5  # deviations of a dark frame by which no block of data may be below it,
MOST_DIMMER = 0.02  # but few
LEAST_LIT = 0.05  # deviations of a dark frame by which data with light are above it
MOST_UNEVEN = 1.0  # the same, by which its brightest places may be above the others
BRIGHTEST = 99.5  # percentile
VARYING = 0.06  # deviation of lag 1 from frame to frame; chance and slow drifts stay below
SHARED = 0.08  # mean of lag 1 from which interpolation may be the cause


@dataclass(frozen=True)
class Transfer:
    """Variance of the noise against brightness."""

    # mean and variance of blocks of about equal brightness, counts and counts squared; empty if
    # there are too few pixels
    points: tuple[tuple[float, float], ...] = ()
    # slope of the straight line ``variance = gain * mean + floor``; None where the image is as
    # bright everywhere, so that there is no slope to see
    gain: float | None = None
    floor: float = 0.0  # where it crosses zero; without a slope, the mean variance
    misfit: float = 0.0  # relative deviation from that line
    kept: float = 0.0  # share of the blocks in which nothing moved


@dataclass(frozen=True)
class Dark:
    """A camera without light."""

    offset: float  # mean, counts
    # deviation, counts: in time where there are several frames, else over the pixels
    read_noise: float


def measure_transfer(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Transfer:
    """Measure variance against mean from pairs of frames (Y, X) of one field, in counts.

    Without points if there are fewer than 64 blocks of 8 x 8 pixels.
    """
    cut = [_blocks(one, other) for one, other in pairs]
    means = np.concatenate([m for m, _ in cut]) if cut else np.empty(0)
    variances = np.concatenate([v for _, v in cut]) if cut else np.empty(0)
    if len(means) < LEAST_BLOCKS:
        return Transfer()
    points = []
    for part in by_brightness(means, IN_BIN, MOST_BINS):
        agreeing = part[_agreeing(variances[part])]
        points.append((means[agreeing].mean(), variances[agreeing].mean(), len(agreeing)))
    mean, variance, n = np.array(points).T
    kept = float(n.sum() / len(means))
    flat = float(np.average(variance, weights=n))
    shown = tuple(zip(mean.tolist(), variance.tolist(), strict=True))
    found = Transfer(shown, None, flat, 0.0, kept)
    if not is_uneven(means, flat / (2 * BLOCK_PX**2)) or not variance.any():
        return found
    gain, floor, misfit = fit_line(mean, np.maximum(variance, 1e-6 * variance.max()), n)
    return replace(found, gain=gain, floor=floor, misfit=misfit)


def is_uneven(means: np.ndarray, chance: float) -> bool:
    """Whether brightness differs enough from block to block for a slope over it to mean anything.

    `means` of the blocks are in counts; `chance` is their variance by noise alone. Poisson noise
    makes blocks that are brighter by chance noisier as well, so that slopes over chance alone are
    far from 0, and wrong.
    """
    return bool(means.var() > LEAST_UNEVEN * chance)


def measure_dark(
    planes: Sequence[np.ndarray], pairs: Sequence[tuple[np.ndarray, np.ndarray]]
) -> Dark:
    """Measure offset and read noise from frames without light.

    At least one plane (Y, X) of counts, and pairs of successive ones, which may be missing.
    """
    offset = float(np.mean([_clipped(plane).mean() for plane in planes]))
    if pairs:
        spread = [_clipped(b - a).var() / 2 for a, b in pairs]
    else:
        spread = [_clipped(plane).var() for plane in planes]
    return Dark(offset, float(np.sqrt(np.mean(spread))))


def find_light(
    dark: Sequence[np.ndarray],
    dark_pairs: Sequence[tuple[np.ndarray, np.ndarray]],
    planes: Sequence[np.ndarray],
) -> str:
    """Say why frames were not taken without light; empty if they may have been.

    Nothing in an image is darker than no light, and a frame without light shows nothing. `dark` is
    at least one plane (Y, X) of counts that is called dark, `dark_pairs` are successive ones of
    these, perhaps none, and `planes` the data.
    """
    known = measure_dark(dark, dark_pairs)
    large = [plane for plane in planes if min(plane.shape) >= BLOCK_PX]
    if not large:
        return ""
    found = _signs_of_light(known, dark, large)
    if not found:
        return ""
    return (
        f"{found}, so it was taken with light, or with other settings. It was not used: pass "
        "frames of the same camera and settings without light"
    )


def _signs_of_light(known: Dark, dark: Sequence[np.ndarray], planes: Sequence[np.ndarray]) -> str:
    """What a dark frame has that none has; empty if there is nothing."""
    below = float((block_means(planes, BLOCK_PX) < known.offset - DIMMER * known.read_noise).mean())
    if below > MOST_DIMMER:
        return (
            f"{100 * below:.0f} % of the image are darker than the dark frame's mean of "
            f"{known.offset:.5g} counts"
        )
    brightness = float(np.mean([plane.mean() for plane in planes]))
    if brightness < known.offset + LEAST_LIT * known.read_noise:
        return (
            f"the image's mean of {brightness:.5g} counts is not above the dark frame's of "
            f"{known.offset:.5g}"
        )
    uneven = _unevenness(dark)
    if uneven > MOST_UNEVEN * known.read_noise:
        return f"the dark frame is {uneven:.3g} counts brighter in some places than in others"
    return ""


def _unevenness(planes: Sequence[np.ndarray]) -> float:
    """How far the brightest places are above the others, counts, whatever single pixels hold."""
    large = [plane for plane in planes if min(plane.shape) >= BLOCK_PX]
    if not large:
        return 0.0
    edges = [min(plane.shape[axis] for plane in large) for axis in (0, 1)]
    still = np.mean([plane[: edges[0], : edges[1]] for plane in large], axis=0)
    levels = np.median(to_blocks(still, BLOCK_PX), axis=1)
    return float(np.percentile(levels, BRIGHTEST) - np.median(levels))


def find_resampling(runs: Sequence[np.ndarray]) -> str:
    """Say whether frames look interpolated by an amount that differs from frame to frame.

    Registration against motion shifts each frame by another fraction of a pixel. Interpolation then
    shares noise between neighbours, more in one frame than in the next, which no detector does.
    `runs` are successive frames, each shape (n, Y, X). Empty if nothing of the kind is seen.
    """
    frames = [frame for run in runs for frame in _without_scene(run)]
    if len(frames) < LEAST_FRAMES:
        return ""
    for axis, name in ((1, "X"), (0, "Y")):
        first = np.array([_lag_1(frame, axis) for frame in frames])
        first = first[np.isfinite(first)]
        if len(first) < LEAST_FRAMES:
            continue
        chance = 2 / np.sqrt(frames[0].size)
        if deviation(first) > max(VARYING, 3 * chance) and first.mean() > SHARED:
            low, high = np.percentile(first, [10, 90])
            return (
                f"neighbours in {name} share {low:.2f} to {high:.2f} of the noise, differently "
                "from frame to frame"
            )
    return ""


def _blocks(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of both frames and half the variance of their difference in each block."""
    a, b = to_blocks(one, BLOCK_PX), to_blocks(other, BLOCK_PX)
    return (a.mean(axis=1) + b.mean(axis=1)) / 2, (b - a).var(axis=1, ddof=1) / 2


def _without_scene(run: np.ndarray) -> np.ndarray:
    """Frames (n, Y, X) without what does not move, be it that it bleaches."""
    frames = run - run.mean(axis=(1, 2), keepdims=True)
    mean = frames.mean(axis=0)
    power = float((mean * mean).mean())
    if power <= 0:
        return frames
    strength = (frames * mean).mean(axis=(1, 2), keepdims=True) / power
    return frames - strength * mean


def _agreeing(variances: np.ndarray) -> np.ndarray:
    """Numbers of the variances that are not outliers, robustly."""
    kept = np.arange(len(variances))
    for _ in range(ROUNDS):
        middle = np.median(variances[kept])
        if middle <= 0:  # few photons: most blocks have none
            break
        spread = deviation(variances[kept], middle)
        inside = np.abs(variances[kept] - middle) <= CLIP * max(spread, 0.2 * middle)
        if inside.all():
            break
        kept = kept[inside]
    return kept


def _clipped(values: np.ndarray) -> np.ndarray:
    """Values without hot pixels and cosmic rays."""
    flat = values.ravel().astype(np.float64)
    for _ in range(ROUNDS):
        middle, spread = flat.mean(), flat.std()
        inside = np.abs(flat - middle) <= 5 * spread
        if inside.all():
            break
        flat = flat[inside]
    return flat


def _lag_1(frame: np.ndarray, axis: int) -> float:
    """Correlation of noise with the next pixel along `axis`; NaN for a flat frame."""
    rough = np.diff(frame, n=2, axis=1 - axis)
    rough = rough if axis else rough.T
    power = float((rough * rough).mean())
    if power <= 0:
        return float("nan")
    return float((rough[:, :-1] * rough[:, 1:]).mean()) / power
