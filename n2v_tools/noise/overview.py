"""Overview of the noise of one channel of a stack: all that is measured of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..stack import Stack
from .blocks import block_means
from .correlation import Correlation, measure_correlation
from .grey_levels import GreyLevels, count_levels, judge_levels
from .hot_pixels import HotPixels, find_hot_pixels
from .mask import MaskChoice, choose_mask
from .photon_transfer import find_light, find_resampling
from .sample import Sample, read_sample
from .strength import Strength, measure_strength

REPELLED = -0.15  # correlation with the next pixel
COARSE_PX = 8  # edge of the means by which planes are compared
LEAST_SIGNAL = 1.25  # their power over that of the noise in them


@dataclass(frozen=True)
class Overview:
    """What a bounded sample of one channel says."""

    mean: float  # counts, of the whole channel
    strength: Strength
    correlation: Correlation
    choice: MaskChoice
    levels: GreyLevels
    hot: HotPixels | None
    # values and how many pixels of the sample have each
    histogram: tuple[np.ndarray, np.ndarray] = field(repr=False)
    resampled: str = ""  # why frames look interpolated; empty if they do not
    # by axis letter: correlation of neighbouring planes along Z and T for what is larger than a few
    # pixels: 1 where they show the same
    neighbours_alike: dict[str, float] = field(default_factory=dict)

    @property
    def sigma(self) -> float | None:
        """Deviation of the noise at the mean intensity, in counts."""
        return self.strength.sigma_at(self.mean)

    @property
    def repelled(self) -> bool:
        """Whether the noise of neighbours is opposed, as sharpening or denoising leaves it."""
        least = min(self.correlation.with_next(axis) for axis in "YX")
        return least < REPELLED and self.choice.confidence != "cannot tell"

    @property
    def correlated(self) -> bool | None:
        """Whether pixels share noise, or oppose it; None where that is unknown."""
        if self.choice.mask or self.choice.warnings or self.repelled:
            return True
        return None if self.choice.confidence == "cannot tell" else False

    @property
    def counts_photons(self) -> bool:
        """Whether one grey level is one photon."""
        return self.strength.counts_photons(self.mean, self.levels.step)

    def between(self, low: float, high: float) -> tuple[float, float]:
        """Grey levels that these shares of the sampled pixels do not exceed, 0 to 1."""
        levels, counts = self.histogram
        first, last = np.searchsorted(np.cumsum(counts) / counts.sum(), (low, high))
        return float(levels[first]), float(levels[min(last, len(levels) - 1)])

    @property
    def warnings(self) -> list[str]:
        """What in the noise spoils a training, each with what to do about it."""
        found = [self.levels.warning(self.counts_photons)]
        found += [*self.strength.warnings, *self.choice.warnings]
        if self.repelled:
            found.append(
                "noise of neighbouring pixels is opposed, as after sharpening, deconvolution or "
                "denoising: train on the raw file"
            )
        if self.resampled:
            found.append(
                f"{self.resampled}, as after interpolation against motion: the noise of such a "
                "movie cannot be learned well; denoise the raw movie and correct the motion "
                "afterwards"
            )
        if self.hot is not None:
            found.append(self.hot.warning)
        return [line for line in found if line]


def look_at_noise(stack: Stack, mean: float, dark: Sample | None = None) -> Overview:
    """Measure all that can be measured of the noise of a stack of one channel.

    A bounded part is read. `mean`: counts, of the whole stack, outside strips. `dark`: of frames
    without light.
    """
    sample = read_sample(stack)
    lit = ""
    if dark is not None and dark.planes:
        lit = find_light(dark.planes, dark.successive, sample.planes)
    dark = None if lit else dark
    correlation = measure_correlation(sample, dark)
    if dark is not None and not correlation.along:  # a small one shows offset and level only
        correlation = measure_correlation(sample)
    strength = measure_strength(sample, correlation, dark)
    if lit:
        strength = replace(strength, warnings=(*strength.warnings, lit))
    histogram = count_levels(sample.planes)
    return Overview(
        mean,
        strength,
        correlation,
        choose_mask(correlation),
        judge_levels(*histogram, strength.sigma_at(mean)),
        find_hot_pixels(stack),
        histogram,
        find_resampling(sample.runs.get("T", ())),
        {axis: _alike(sample, axis, strength.sigma_at(mean) or 0.0) for axis in sample.pairs},
    )


def _alike(sample: Sample, axis: str, sigma: float) -> float:
    """Correlation of neighbouring planes, of means over 8 x 8 px less the noise in them."""
    shared = power = noise = 0.0
    for one, other in sample.pairs[axis]:
        a, b = (_coarse(plane) for plane in (one, other))
        shared += float((a * b).mean())
        power += float(((a * a).mean() + (b * b).mean()) / 2)
        noise += (sigma / COARSE_PX) ** 2
    if power < LEAST_SIGNAL * noise or power <= noise:
        return 0.0
    return float(np.clip(shared / (power - noise), -1, 1))


def _coarse(plane: np.ndarray) -> np.ndarray:
    means = block_means([plane], COARSE_PX)
    return means - means.mean()
