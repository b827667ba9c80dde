"""How strong the noise is, by the best of what there is to measure it from.

Pairs of frames tell most (photon transfer, see `frames`), then one image (see `level`),
whose answer is put right where the noise is correlated. A frame without light adds what
neither can know: the camera's offset and its read noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import fft

from .correlation import Correlation
from .frames import Dark, Transfer, block_means, is_uneven, measure_dark, measure_transfer
from .level import BLOCK_PX, MISFIT, Noise, measure_noise
from .sample import Sample

TILE_PX = 64
SHARED_IN_T = 0.1  # correlation of successive frames that independent noise stays below
MOST_SHARED = 0.9
MOST_CORRECTION = 10.0  # of the variance of one image; beyond, errors of the profile rule
NEGLIGIBLE = 0.02  # change of the variance from dark to bright
LEAST_KEPT = 0.6  # share of still blocks

Confidence = Literal["high", "low", "cannot tell"]


@dataclass(frozen=True)
class Strength:
    """Noise of one channel; its variance at a mean of `m` counts is ``gain * m + floor``.

    Parameters
    ----------
    gain : float or None
        Counts per photoelectron; 0 where noise is equally strong everywhere. None where it
        cannot be told, as when the image is as bright everywhere.
    floor : float or None
        Counts squared: read noise squared, less gain times offset; where the gain is None,
        all of the variance. None where nothing can be told.
    offset, read_noise : float or None
        Counts; only a dark frame tells them, except that of noise without gain the read
        noise is all there is.
    method : str
        Such as ``"differences of frames"``, for people.
    confidence : {"high", "low", "cannot tell"}
    reason : str
        Why it is not high; may be empty.
    points : tuple of (float, float)
        Mean and variance of what the line was fitted to.
    warnings : tuple of str
    """

    gain: float | None = None
    floor: float | None = None
    offset: float | None = None
    read_noise: float | None = None
    method: str = ""
    confidence: Confidence = "cannot tell"
    reason: str = ""
    points: tuple[tuple[float, float], ...] = ()
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
            return 0.7 < self.floor / max(step * mean, 1e-30) < 1.4
        return 0.7 < self.gain / step < 1.4 and abs(self.floor) < 0.3 * self.gain * mean


def measure_strength(
    sample: Sample, correlation: Correlation, dark: Sample | None = None
) -> Strength:
    """Measure the noise of a sample of one channel.

    Parameters
    ----------
    sample : Sample
        Of the stack, one channel.
    correlation : Correlation
        Of its noise.
    dark : Sample, optional
        Of frames without light.
    """
    pairs = sample.pairs.get("T", [])
    found = _from_frames(measure_transfer(pairs), correlation) if pairs else None
    if found is None or found.floor is None:
        of_frames = found
        found = _from_one_image(sample.planes, correlation)
        if of_frames is not None:
            found = replace(found, warnings=of_frames.warnings)
    found = _without_chance(found)
    if dark is not None and dark.planes:
        in_dark = next((dark.pairs[axis] for axis in "TZ" if dark.pairs.get(axis)), [])
        found = _with_dark(found, measure_dark(dark.planes, in_dark), sample)
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


def high_frequency_share(along_y: Sequence[float], along_x: Sequence[float]) -> float:
    """Power of correlated noise at the frequencies `level` looks at, over that of white noise.

    Parameters
    ----------
    along_y, along_x : sequence of float
        Correlation at lags 1, 2, ...; the noise is taken to be separable.
    """
    along = [_power_by_frequency(profile) for profile in (along_y, along_x)]
    y, x = np.mgrid[:BLOCK_PX, :BLOCK_PX]
    return float(np.outer(*along)[y + x >= BLOCK_PX + 1].mean())


def _power_by_frequency(along: Sequence[float]) -> np.ndarray:
    """Expected power of each frequency of a cosine transform, 1 for white noise."""
    lags = np.zeros(BLOCK_PX)
    known = min(BLOCK_PX - 1, len(along))
    lags[0], lags[1 : known + 1] = 1, np.asarray(along[:known])
    lags[np.abs(lags) < 0.05] = 0  # chance
    number = np.arange(BLOCK_PX)
    matrix = lags[np.abs(number[:, None] - number)]
    cosines = fft.dct(np.eye(BLOCK_PX), axis=0, norm="ortho")
    return np.maximum(np.einsum("ki,ij,kj->k", cosines, matrix, cosines), 0.01)


def _from_frames(transfer: Transfer, correlation: Correlation) -> Strength:
    if not transfer.means:
        return Strength(reason="there are too few pixels")
    if not any(transfer.variances):
        heard = "successive frames are equal: the movie repeats frames, or shows nothing"
        return Strength(reason="frames do not differ", warnings=(heard,))
    along = correlation.along.get("T", ())
    shared = along[0] if along else 0.0
    points = tuple(zip(transfer.means, transfer.variances, strict=True))
    found = Strength(
        transfer.gain,
        transfer.floor,
        method="differences of frames",
        confidence="high",
        points=points,
    )
    if shared > SHARED_IN_T:
        left = 1 - min(shared, MOST_SHARED)
        heard = (
            f"successive frames share noise (correlation {shared:.2f}), as after averaging or "
            "interpolation in time: use the raw movie if there is one"
        )
        return replace(
            found,
            gain=None if found.gain is None else found.gain / left,
            floor=transfer.floor / left,
            points=tuple((mean, variance / left) for mean, variance in points),
            confidence="low",
            reason="frames share noise, which was made up for",
            warnings=(heard,),
        )
    if transfer.kept < LEAST_KEPT:
        return replace(found, confidence="low", reason="much of the scene changes")
    if transfer.misfit > MISFIT:
        return replace(found, confidence="low", reason=_misfit(transfer.misfit))
    return found


def _from_one_image(planes: Sequence[np.ndarray], correlation: Correlation) -> Strength:
    tiles = _tiles(planes)
    if not len(tiles):
        return Strength(reason="there are too few pixels")
    (noise,) = measure_noise(tiles)
    if not noise.gain and not noise.floor:
        return Strength(reason=noise.doubt)
    factor = 1.0
    if noise.doubt and correlation.along and correlation.confidence != "cannot tell":
        share = high_frequency_share(correlation.along["Y"], correlation.along["X"])
        factor = min(1 / share, MOST_CORRECTION)
    gain, floor = noise.gain * factor, noise.floor * factor
    means = block_means(planes)
    middle = float(gain * means.mean() + floor)
    sure: Confidence = "low" if noise.doubt else "high"
    flat = Strength(None, middle, method="one image", confidence=sure, reason=noise.doubt)
    if not is_uneven(means, middle / BLOCK_PX**2):
        return replace(flat, points=((float(means.mean()), middle),))
    at = np.unique(np.percentile(means, [5, 25, 50, 75, 95]))
    variances = Noise(gain, floor).variance(at)
    points = tuple(zip(at.tolist(), variances.tolist(), strict=True))
    return replace(flat, gain=gain, floor=floor, points=points)


def _tiles(planes: Sequence[np.ndarray]) -> np.ndarray:
    """Patches (N, e, e, 1) of all planes, e as large as the smallest plane allows."""
    if not planes:
        return np.empty((0, TILE_PX, TILE_PX, 1), np.float32)
    edge = min(TILE_PX, *(min(plane.shape) for plane in planes)) // BLOCK_PX * BLOCK_PX
    cut = []
    for plane in planes:
        rows, columns = plane.shape[0] // edge, plane.shape[1] // edge
        part = plane[: rows * edge, : columns * edge].reshape(rows, edge, columns, edge)
        cut.append(part.swapaxes(1, 2).reshape(-1, edge, edge, 1))
    return np.concatenate(cut)


def _with_dark(found: Strength, dark: Dark, sample: Sample) -> Strength:
    """Offset and read noise from the dark frame; the line is made to pass through them."""
    floor = dark.read_noise**2
    found = replace(found, offset=dark.offset, read_noise=dark.read_noise)
    means, variances = np.array(found.points or ((0.0, 0.0),)).T
    lit = means - dark.offset
    bright = lit > max(0.25 * float(lit.max()), 2 * dark.read_noise)
    if found.floor is None or not bright.any():
        brightness = float(np.mean([plane.mean() for plane in sample.planes or (np.zeros(1),)]))
        heard = (
            f"the dark frame's mean of {dark.offset:.5g} counts is not below the data's "
            f"{brightness:.5g}: was it taken without light, with the same camera and settings?"
        )
        if brightness > dark.offset + dark.read_noise:
            return replace(found, reason=found.reason or "only the dark frame tells")
        return replace(found, confidence="low", warnings=(*found.warnings, heard))
    gain = max(0.0, float(np.median((variances[bright] - floor) / lit[bright])))
    return replace(
        found,
        gain=gain,
        floor=floor - gain * dark.offset,
        method=f"dark frame and {found.method}",
    )


def _misfit(misfit: float) -> str:
    return f"its variance is off a straight line over the mean by {100 * misfit:.0f} %"
