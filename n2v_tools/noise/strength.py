"""Strength of the noise, by the best of what there is to measure it from.

Pairs of frames show most (see `photon_transfer`), then one image (see `level`),
whose result is corrected where the noise is correlated. A frame without light adds what
neither can know: the camera's offset and its read noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .blocks import block_means, by_brightness, to_blocks
from .correlation import INDEPENDENT, Correlation
from .level import BLOCK_PX, MISFIT, Noise, fit_line, measure_noise, misfit_text
from .photon_transfer import Dark, Transfer, is_uneven, measure_dark, measure_transfer
from .robust import Confidence
from .sample import Sample

TILE_PX = 64
MOST_SHARED = 0.9
CHANCE = 0.05  # correlation that is taken for none
QUIET = 0.35  # quantile of the power of blocks of equal brightness that is the noise's
IN_BIN, MOST_BINS = 24, 8  # blocks of about equal brightness
OFFSETS = 0.3  # correlation at all lags that only offsets of whole rows or columns have
LEAST_KEPT_BY_DIFFERENCE = 0.1  # below, errors of the profile rule
NEGLIGIBLE = 0.02  # change of the variance from dark to bright
FEW_PHOTONS = 1.75
LEAST_KEPT = 0.6  # share of still blocks


@dataclass(frozen=True)
class Strength:
    """Noise of one channel; its variance at a mean of `m` counts is ``gain * m + floor``."""

    # counts per photoelectron; 0 where noise is equally strong everywhere. None where it cannot be
    # determined, as when the image is as bright everywhere.
    gain: float | None = None
    # counts squared: read noise squared, less gain times offset; where the gain is None, all of the
    # variance. None where nothing is known.
    floor: float | None = None
    # offset, read_noise: counts; only a dark frame shows them, except that of noise without gain
    # the read noise is all there is
    offset: float | None = None
    read_noise: float | None = None
    method: str = ""  # such as ``"differences of frames"``, for people
    confidence: Confidence = "cannot tell"
    reason: str = ""  # why it is not high; may be empty
    points: tuple[tuple[float, float], ...] = ()  # mean and variance of what the line was fitted to
    warnings: tuple[str, ...] = ()

    def sigma_at(self, mean: float) -> float | None:
        """Deviation of the noise where the mean is `mean` counts; None if unknown."""
        if self.floor is None:
            return None
        return math.sqrt(max((self.gain or 0.0) * mean + self.floor, 0))

    def counts_photons(self, mean: float, step: float) -> bool:
        """Whether one grey level is one photon, so that few levels only mean few photons."""
        if self.floor is None or step <= 0:
            return False
        if self.gain is None:  # as bright everywhere: of counts, variance and mean are equal
            if self.points:  # of the part that was measured, which may be brighter than the rest
                mean = float(np.mean(self.points, axis=0)[0])
            few = mean < FEW_PHOTONS * step  # of more, the counts would take more levels
            return few and 0.7 < self.floor / max(step * mean, 1e-30) < 1.4
        return 0.7 < self.gain / step < 1.4 and abs(self.floor) < 0.3 * self.gain * mean


def measure_strength(
    sample: Sample, correlation: Correlation, dark: Sample | None = None
) -> Strength:
    """Measure the noise of a sample of one channel; `dark` is of frames without light."""
    pairs = sample.pairs.get("T", [])
    found = _from_frames(measure_transfer(pairs), correlation) if pairs else None
    if found is None or found.floor is None:
        of_frames = found
        found = _from_one_image(sample.planes, correlation)
        if of_frames is not None:
            found = replace(found, warnings=of_frames.warnings)
    found = _without_chance(found)
    if dark is not None and dark.planes:
        found = _with_dark(found, measure_dark(dark.planes, dark.successive), sample)
    elif found.gain == 0 and found.floor is not None:
        found = replace(found, read_noise=math.sqrt(max(found.floor, 0)))
    return found


def _without_chance(found: Strength) -> Strength:
    """The same with gain 0 if from dark to bright the variance changes next to nothing."""
    if not found.gain or not found.points:
        return found
    means, variances = np.array(found.points).T
    middle = float(variances.mean())
    if found.gain * float(np.ptp(means)) >= NEGLIGIBLE * middle:
        return found
    return replace(found, gain=0.0, floor=middle)


def _from_frames(transfer: Transfer, correlation: Correlation) -> Strength:
    if not transfer.points:
        return Strength(reason="there are too few pixels")
    if not any(variance for _, variance in transfer.points):
        warning = "successive frames are equal: the movie repeats frames, or shows nothing"
        return Strength(reason="frames do not differ", warnings=(warning,))
    shared = correlation.with_next("T")
    shared = shared if shared > INDEPENDENT else 0.0
    left = (1 - min(shared, MOST_SHARED)) * _share_inside_blocks(correlation)
    found = Strength(
        None if transfer.gain is None else transfer.gain / left,
        transfer.floor / left,
        method="differences of frames",
        confidence="high",
        points=tuple((mean, variance / left) for mean, variance in transfer.points),
    )
    if shared:
        warning = (
            f"successive frames share noise (correlation {shared:.2f}), as after averaging or "
            "interpolation in time: use the raw movie if there is one"
        )
        reason = "frames share noise, which was corrected for"
        return replace(found, confidence="low", reason=reason, warnings=(warning,))
    if transfer.kept < LEAST_KEPT:
        return replace(found, confidence="low", reason="much of the scene changes")
    if transfer.misfit > MISFIT:
        return replace(found, confidence="low", reason=misfit_text(transfer.misfit))
    return found


def _share_inside_blocks(correlation: Correlation) -> float:
    """Share of the variance that blocks keep when each is freed of its mean.

    Of white noise it is all, by division by n - 1; what neighbours share goes with the mean.
    Taken to be separable.
    """
    if not correlation.along:
        return 1.0
    together = 1.0
    apart = np.abs(np.subtract.outer(np.arange(BLOCK_PX), np.arange(BLOCK_PX)))
    for axis in "YX":
        lags = np.zeros(BLOCK_PX)
        known = np.array(correlation.along[axis][: BLOCK_PX - 1])
        lags[0], lags[1 : len(known) + 1] = 1, np.where(known > CHANCE, known, 0)
        together *= float(lags[apart].mean())
    n = BLOCK_PX**2
    return max(0.1, (1 - together) * n / (n - 1))


def _from_one_image(planes: Sequence[np.ndarray], correlation: Correlation) -> Strength:
    tiles = _tiles(planes)
    if not len(tiles):
        return Strength(reason="there are too few pixels")
    (noise,) = measure_noise(tiles)
    if not noise.gain and not noise.floor:
        return Strength(reason=noise.doubt)
    gain, floor = noise.gain, noise.floor
    if noise.doubt and correlation.along and correlation.confidence != "cannot tell":
        gain, floor = _of_correlated(planes, correlation)
    means = block_means(planes, BLOCK_PX)
    middle = float(gain * means.mean() + floor)
    sure: Confidence = "low" if noise.doubt else "high"
    flat = Strength(None, middle, method="one image", confidence=sure, reason=noise.doubt)
    if not is_uneven(means, middle / BLOCK_PX**2):
        return replace(flat, points=((float(means.mean()), middle),))
    at = np.unique(np.percentile(means, [5, 25, 50, 75, 95]))
    variances = Noise(gain, floor).variance(at)
    points = tuple(zip(at.tolist(), variances.tolist(), strict=True))
    return replace(flat, gain=gain, floor=floor, points=points)


def _of_correlated(planes: Sequence[np.ndarray], correlation: Correlation) -> tuple[float, float]:
    """Gain and floor of correlated noise, of which high frequencies show but a part.

    A second difference along an axis leaves ``6 - 8 r(1) + 2 r(2)`` of the variance, r being the
    correlation along it; the axis that leaves more is taken, and its quiet blocks.
    """
    along = correlation.along
    kept = {axis: _kept(along[axis], across=along[other]) for axis, other in ("YX", "XY")}
    axis = max(kept, key=lambda letter: kept[letter])
    means, powers = [], []
    for plane in planes:
        upright = plane if axis == "Y" else plane.T
        rough = to_blocks(np.diff(upright, n=2, axis=0), 2 * BLOCK_PX)
        powers.append((rough * rough).mean(axis=1) / kept[axis])
        means.append(block_means([upright[1:-1]], 2 * BLOCK_PX))
    mean, power = np.concatenate(means), np.concatenate(powers)
    bins = by_brightness(mean, IN_BIN, MOST_BINS)
    brightness = np.array([mean[part].mean() for part in bins])
    variance = np.array([np.quantile(power[part], QUIET) for part in bins])
    gain, floor, _ = fit_line(brightness, np.maximum(variance, 1e-30), np.ones(len(bins)))
    return gain, floor


def _kept(along: Sequence[float], across: Sequence[float]) -> float:
    """Share of the variance in second differences along an axis, 6 for white noise."""
    if min(across) > OFFSETS:  # of whole lines: along the other axis they are independent
        return 6.0
    first, second = (*along, 0.0, 0.0)[:2]
    return max(LEAST_KEPT_BY_DIFFERENCE, 6 - 8 * first + 2 * second)


def _tiles(planes: Sequence[np.ndarray]) -> np.ndarray:
    """Patches (N, e, e, 1) of all planes, e as large as the smallest plane allows."""
    if not planes:
        return np.empty((0, TILE_PX, TILE_PX, 1), np.float32)
    edge = min(TILE_PX, *(min(plane.shape) for plane in planes)) // BLOCK_PX * BLOCK_PX
    cut = [to_blocks(plane, edge).reshape(-1, edge, edge, 1) for plane in planes]
    return np.concatenate(cut)


def _with_dark(found: Strength, dark: Dark, sample: Sample) -> Strength:
    """Offset and read noise from the dark frame; the line is made to pass through them."""
    floor = dark.read_noise**2
    bare, found = found, replace(found, offset=dark.offset, read_noise=dark.read_noise)
    means, variances = np.array(found.points or ((0.0, 0.0),)).T
    lit = means - dark.offset
    bright = lit > max(0.25 * float(lit.max()), 2 * dark.read_noise)
    if found.floor is None or not bright.any():
        brightness = float(np.mean([plane.mean() for plane in sample.planes or (np.zeros(1),)]))
        warning = (
            f"the dark frame's mean of {dark.offset:.5g} counts is not below the data's "
            f"{brightness:.5g}: was it taken without light, with the same camera and settings?"
        )
        if brightness > dark.offset + dark.read_noise:
            return replace(found, reason=found.reason or "only the dark frame shows it")
        return replace(bare, warnings=(*bare.warnings, f"{warning} It was not used"))
    gain = max(0.0, float(np.median((variances[bright] - floor) / lit[bright])))
    return replace(
        found,
        gain=gain,
        floor=floor - gain * dark.offset,
        method=f"dark frame and {found.method}",
    )
