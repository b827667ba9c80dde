"""Strength of the noise of some patches, from the patches alone.

Blocks of 8 x 8 pixels are ranked by their power at low spatial frequencies; in the
smoothest of them nearly all power at high frequencies is noise. White noise has equal
power at low and high frequencies, so the rank says nothing about the noise itself [1]_. One
straight line of variance against mean is Poisson noise with read noise.

References
----------
.. [1] N. Ponomarenko, V. Lukin, M. Zriakhov, A. Kaarna, J. Astola. An automatic approach
   to lossy compression of AVIRIS images. IGARSS 2007.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft

from .blocks import by_brightness, quietest, to_blocks

BLOCK_PX = 8
MOST_BLOCKS = 200_000
LEAST_BLOCKS = 256  # fewer say too little
SMOOTHEST = 0.1  # share of the blocks of equal brightness that are believed
LEAST_IN_BIN = 32
MOST_BINS = 16
UNEVEN = 1.3  # ratio of powers at different frequencies that white noise stays below
CORRELATED = 0.1  # of neighbouring planes: where independent noise stays below
MOST_SKEW = 3.0
MISFIT = 0.25  # relative error of the straight line above which it does not hold

_Y, _X = np.mgrid[:BLOCK_PX, :BLOCK_PX]
LOW = (_Y + _X >= 1) & (_Y + _X <= 5)
HIGH = _Y + _X >= 9
_MIDDLE = (_Y + _X >= 6) & (_Y + _X <= 8) & (_Y > 2) & (_X > 2)
_ALONG_Y = (_Y + _X >= 6) & (_X <= 2)  # changes along Y, hardly along X
_ALONG_X = (_Y + _X >= 6) & (_Y <= 2)


@dataclass(frozen=True)
class Noise:
    """Noise of one channel: its variance at a mean of `m` counts is ``gain * m + floor``."""

    # counts per photoelectron where noise is Poisson's, 0 where it is the same everywhere
    gain: float
    floor: float  # counts squared: read noise, less gain times the camera's offset; may be negative
    # third moment over gain and variance: 1 for Poisson noise, about 1.5 after electron
    # multiplication, 0 where the noise is symmetric
    skew: float = 0.0
    doubt: str = ""  # why the numbers should not be relied on; empty if they may be

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Variance, counts squared, where the mean is `mean` counts; never negative."""
        return np.maximum(self.gain * mean + self.floor, 0)

    def photons(self, mean: float) -> float:
        """Photons in a pixel that Poisson noise as strong as it is at `mean` counts would have."""
        variance = self.gain * mean + self.floor
        return variance / self.gain**2 if self.gain > 0 else math.inf

    def describe(self) -> str:
        """In one phrase."""
        if self.doubt:
            return f"cannot be determined: {self.doubt}"
        if self.gain <= 0:
            return f"deviation {math.sqrt(max(self.floor, 0)):.4g} counts everywhere"
        return f"variance {self.gain:.4g} x mean {self.floor:+.4g} counts squared"


def measure_noise(patches: np.ndarray) -> tuple[Noise, ...]:
    """Measure the noise of each channel of float32 counts (N, [Z,] Y, X, C) without strips.

    Exact to a few per cent of the variance where a tenth of the image is smooth over 8 pixels.
    """
    return tuple(_measure(patches[..., c]) for c in range(patches.shape[-1]))


def _measure(patches: np.ndarray) -> Noise:
    blocks, above = _blocks(patches)
    if len(blocks) < LEAST_BLOCKS:
        return Noise(0, 0, doubt="there are too few pixels")
    powers = fft.dctn(blocks, axes=(1, 2), norm="ortho")
    means = blocks.mean(axis=(1, 2))
    rough = (powers[:, LOW] ** 2).mean(axis=1)
    alike = by_brightness(means, LEAST_IN_BIN / SMOOTHEST, MOST_BINS)
    bins = [quietest(part, rough, SMOOTHEST, LEAST_IN_BIN) for part in alike]
    mean = np.array([means[chosen].mean() for chosen in bins])
    variance = np.array([(powers[chosen][:, HIGH] ** 2).mean() for chosen in bins])
    real = variance > 1e-6 * max(float(variance.max()), 1e-30)
    if not real.any():
        return Noise(0, 0, doubt="there is none")
    n = np.array([len(chosen) for chosen in bins])[real]
    bins = [chosen for chosen, is_real in zip(bins, real, strict=True) if is_real]
    gain, floor, misfit = fit_line(mean[real], variance[real], n)
    doubt = _colour(powers, bins, n) or _between_planes(powers, above, bins, n)
    if not doubt and misfit > MISFIT:
        doubt = misfit_text(misfit)
    return Noise(gain, floor, _skew(powers, bins, gain, variance[real], n), doubt)


def _blocks(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Blocks (M, 8, 8), evenly chosen, and the number of the block one plane on, -1 for none."""
    n_z = patches.shape[1] if patches.ndim == 4 else 1
    planes = patches.reshape(-1, n_z, *patches.shape[-2:])
    per_plane = math.prod(n // BLOCK_PX for n in planes.shape[-2:])
    if not per_plane:
        return np.empty((0, BLOCK_PX, BLOCK_PX), np.float32), None
    # Whole patches are left out, not blocks, so that planes keep their neighbours.
    keep = max(1, MOST_BLOCKS // (per_plane * n_z))
    chosen = planes[:: math.ceil(len(patches) / keep)]
    cut = [to_blocks(plane, BLOCK_PX) for volume in chosen for plane in volume]
    blocks = np.concatenate(cut).reshape(-1, BLOCK_PX, BLOCK_PX).astype(np.float32)
    if n_z == 1:
        return blocks, None
    above = np.arange(len(blocks)).reshape(-1, n_z, per_plane) + per_plane
    above[:, -1] = -1
    return blocks, above.ravel()


def fit_line(mean: np.ndarray, variance: np.ndarray, n: np.ndarray) -> tuple[float, float, float]:
    """Fit ``variance = gain * mean + floor``; texture, which only adds variance, pulls little.

    Parameters
    ----------
    mean, variance : ndarray, shape (B,)
        Of bins of about equal brightness, counts and counts squared; variances above 0.
    n : ndarray, shape (B,)
        Weight of each bin.

    Returns
    -------
    gain, floor : float
        Gain is never negative.
    misfit : float
        Relative deviation from the line.
    """
    unit = float(np.average(variance, weights=n))
    spread = float(mean.max() - mean.min())
    if len(mean) < 3 or spread <= 0:
        return 0.0, unit, 0.0
    x, y = (mean - mean.min()) / spread, variance / unit

    def off(line: np.ndarray) -> np.ndarray:
        fitted = np.maximum(line[0] * x + line[1], 1e-3)
        return (np.log(y / fitted)) / 0.05  # 5 %: what the variance of a bin is known to

    start = np.clip(np.polyfit(x, y, 1), [0, 1e-2], None)
    from scipy import optimize  # slow to import, and a strength that is given needs none

    found = optimize.least_squares(
        off, start, bounds=([0, 1e-3], [np.inf, np.inf]), loss="soft_l1"
    ).x
    misfit = float(np.sqrt(np.average((off(found) * 0.05) ** 2, weights=n)))
    gain = float(found[0] * unit / spread)
    return gain, float(found[1] * unit - gain * mean.min()), misfit


def misfit_text(misfit: float) -> str:
    """Say that variance is not a straight line over the mean."""
    return f"its variance is off a straight line over the mean by {100 * misfit:.0f} %"


def _skew(
    powers: np.ndarray, bins: list[np.ndarray], gain: float, variance: np.ndarray, n: np.ndarray
) -> float:
    """Third moment of the noise over gain times variance, 0 to `MOST_SKEW`."""
    smallest = 0.05 * variance.mean()  # of the part of the noise that depends on brightness
    if gain * gain < 1e-6 * smallest:
        return 0.0
    rough = ~LOW & (_Y + _X > 0)  # by low frequencies the blocks were chosen
    each = []
    for chosen, strength in zip(bins, variance, strict=True):
        left = fft.idctn(powers[chosen] * rough, axes=(1, 2), norm="ortho")
        each.append((left**3).mean() / (gain * strength))
    return float(np.clip(np.average(each, weights=n) / _cubes_left(rough), 0, MOST_SKEW))


def _cubes_left(rough: np.ndarray) -> float:
    """Share of independent noise's third moment that is left without some frequencies."""
    one = np.eye(BLOCK_PX**2).reshape(-1, BLOCK_PX, BLOCK_PX)
    kept = fft.idctn(fft.dctn(one, axes=(1, 2), norm="ortho") * rough, axes=(1, 2), norm="ortho")
    return float((kept**3).sum(axis=0).mean())


def _colour(powers: np.ndarray, bins: list[np.ndarray], n: np.ndarray) -> str:
    """Say along which axes the noise is correlated; empty if its spectrum is flat."""

    def power(band: np.ndarray) -> float:
        each = [(powers[b][:, band] ** 2).mean() / (powers[b] ** 2)[:, HIGH].mean() for b in bins]
        return float(np.average(each, weights=n))

    along_y, along_x, middle = power(_ALONG_Y), power(_ALONG_X), power(_MIDDLE)
    if along_y > UNEVEN * along_x:
        return "it is correlated along X"
    if along_x > UNEVEN * along_y:
        return "it is correlated along Y"
    if max(middle, along_x, along_y) > UNEVEN:
        return "it is correlated from pixel to pixel, or nowhere is the image smooth"
    if min(middle, along_x, along_y) < 1 / UNEVEN:
        return "neighbouring pixels repel each other, as after sharpening"
    return ""


def _between_planes(
    powers: np.ndarray, above: np.ndarray | None, bins: list[np.ndarray], n: np.ndarray
) -> str:
    if above is None:
        return ""
    shared = []
    for chosen in bins:
        here = chosen[above[chosen] >= 0]
        fine = powers[here][:, HIGH]
        product = (fine * powers[above[here]][:, HIGH]).mean() if len(here) else 0.0
        shared.append(product / (powers[chosen][:, HIGH] ** 2).mean())
    correlation = float(np.average(shared, weights=n))
    if abs(correlation) > CORRELATED:
        return f"neighbouring planes share it (correlation {correlation:.2f})"
    return ""
