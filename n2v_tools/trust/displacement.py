"""Displacement of a restored image in Y and X, read off the phases that it shares with the noisy.

What lies `d` pixels off has its waves turned by ``2 pi f d`` at every frequency `f`, whatever a
method did to their heights. Only frequencies count at which the noisy image holds signal; noise
that was kept lies where it was and hides nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft

from .spectra import SpectraSums

MOST_FREQUENCY = 0.4  # cycles per pixel: finer noise may come out turned round
BY_CHANCE = 4.0  # over the number of tiles: coherence that noise seldom has
MOST_COHERENCE = 0.99  # of which all images of finite size fall short
LEAST_FREQUENCIES = 12  # through fewer, some displacement passes by chance
ALIKE, EXPLAINED = 0.75, 0.9  # shares of the phases; those of noise agree with no displacement
OVERLAP = 2.0  # tiles that overlap by half count so often


@dataclass(frozen=True)
class Displacement:
    """By how much the restored image lies further down and to the right than the noisy one."""

    y: float = math.nan  # px; NaN where nothing shows it
    x: float = math.nan
    # deviations of both by chance, px
    chance_y: float = math.inf
    chance_x: float = math.inf

    def sure(self, deviations: float) -> tuple[float, float]:
        """Return Y and X, px; 0 where that is less than so many deviations of chance."""
        both = ((self.y, self.chance_y), (self.x, self.chance_x))
        y, x = (px if abs(px) > deviations * chance else 0.0 for px, chance in both)
        return y, x


def measure_displacement(sums: SpectraSums) -> Displacement:
    """Measure it from the tiles that were collected; unknown without tiles or signal."""
    if not sums.n_tiles:
        return Displacement()
    noisy, restored, shared, noise, times = sums.means()
    edge = sums.edge
    rows, columns = np.meshgrid(fft.fftfreq(edge), fft.rfftfreq(edge), indexing="ij")
    n_tiles = sums.n_tiles / OVERLAP
    coherence = np.abs(shared) ** 2 / np.maximum(noisy * restored, 1e-30)
    coherence = np.where(coherence > BY_CHANCE / n_tiles, np.minimum(coherence, MOST_COHERENCE), 0)
    signal = np.clip(1 - noise / np.maximum(noisy, 1e-12), 0, 1)
    inside = (np.hypot(rows, columns) < MOST_FREQUENCY) & (rows**2 + columns**2 > 0)
    weight = inside * times * signal * n_tiles * 2 * coherence / (1 - coherence)
    # Near enough at first by whole pixels, then by the slope of the phases that are left.
    phase = shared / np.maximum(np.abs(shared), 1e-30)
    peaks = fft.irfft2(weight / times * phase)
    at = np.unravel_index(int(np.argmax(peaks)), peaks.shape)
    whole = -np.array([(n + edge // 2) % edge - edge // 2 for n in at], float)
    turn = 2 * np.pi * np.stack([rows, columns], axis=-1)
    left = phase * np.exp(-1j * turn @ whole)
    # Fine noise that comes out turned round has the opposite phase, wherever it lies.
    alike = np.where(left.real > 0, weight, 0)
    if np.count_nonzero(alike) < LEAST_FREQUENCIES or alike.sum() < ALIKE * weight.sum():
        return Displacement()
    weight = alike
    curvature = np.einsum("yxi,yxj,yx->ij", turn, turn, weight)
    if np.linalg.cond(curvature) > 1 / np.finfo(float).eps:  # stripes show one direction alone
        return Displacement()
    slope = np.einsum("yxi,yx->i", turn, weight * np.angle(left))
    found = whole + np.linalg.solve(curvature, slope)
    explained = (weight * (phase * np.exp(-1j * turn @ found)).real).sum() / weight.sum()
    if explained < EXPLAINED:
        return Displacement()
    chance = np.sqrt(np.diag(np.linalg.inv(curvature)))
    return Displacement(*map(float, (*found, *chance)))
