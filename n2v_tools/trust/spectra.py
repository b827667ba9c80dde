"""Signal and noise that a restored image kept, frequency by frequency.

Were the restored image the best estimate that the noisy one allows (least squares), what was
taken away (noisy minus restored) would share with the noisy image exactly the power of the
noise, at every frequency: the error of the best estimate is orthogonal to all data. And it
would share no negative power with the restored image. Both can be tested without the truth,
once the noise is known:

- shared with the noisy image more than noise: signal was taken away (over-smoothed);
- less than noise: noise was kept;
- negative with the restored image: something was added that the data do not hold.

Images are divided by the deviation of their noise, place by place, so that this is 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from .reference import Reference
from .tiles import Tiles

TILE_PX = 64
N_RINGS = 16
SLACK = 0.03  # of what is kept: how well the power of the noise is known


@dataclass(frozen=True, eq=False)
class Powers:
    """Mean powers by frequency, over the power of white noise."""

    frequency: np.ndarray  # shape (F,): cycles per pixel (or per frame), ascending
    weight: np.ndarray  # shape (F,): share of all frequencies, adding to 1
    noisy: np.ndarray  # shape (F,): power of the noisy image
    restored: np.ndarray  # shape (F,): power of the restored image
    shared: np.ndarray  # shape (F,): real part of what they share
    noise: np.ndarray  # shape (F,): power of the noise
    n_tiles: int

    @property
    def kept(self) -> np.ndarray:
        """What is kept of the noisy image, 0 to 1: its transfer."""
        return self.shared / np.maximum(self.noisy, 1e-12)

    @property
    def best(self) -> np.ndarray:
        """What the best estimate keeps: the share of signal in the noisy image."""
        return np.clip(1 - self.noise / np.maximum(self.noisy, 1e-12), 0, 1)


@dataclass(frozen=True)
class Balance:
    """What `weigh` makes of powers."""

    # error by signal that was taken away without need, over that of the best linear filter
    lost: float
    noise_kept: float  # share of the noise that was kept beyond what the best filter keeps
    kept_error: float  # error by that noise, over that of the best linear filter
    invented: float  # power that the data do not hold, over the error of the best linear filter
    residual: float  # variance of the residual over that of the noise
    signal: float  # mean share of signal in the noisy image
    lost_share: float  # power of signal taken away without need, over the signal's power
    invented_share: float  # power that the data do not hold, over the signal's power
    # mean squared error that the restored image has at least, over the variance of the noise
    least_error: float


class SpectraSums:
    """Collects tiles of planes, `edge` px wide, which is even."""

    def __init__(self, reference: Reference, edge: int = TILE_PX) -> None:
        self._reference = reference
        self.edge, self._tiles = edge, Tiles(edge)
        self._sums = np.zeros((4, edge, edge // 2 + 1))
        self.n_tiles = 0

    def add(self, noisy: np.ndarray, restored: np.ndarray) -> None:
        """Take one plane (Y, X) of finite counts into account, in tiles that overlap by half."""
        for _, first, second in self._tiles.weighed(noisy, restored, self._reference):
            self._sums[0] += (np.abs(first) ** 2).sum(axis=0)
            self._sums[1] += (np.abs(second) ** 2).sum(axis=0)
            shared = first * second.conj()
            self._sums[2] += shared.real.sum(axis=0)
            self._sums[3] += shared.imag.sum(axis=0)
            self.n_tiles += len(first)

    def means(self) -> tuple[np.ndarray, ...]:
        """Return mean powers over that of white noise, by frequency; there is at least one tile.

        Of the noisy and the restored image, what they share (complex), the noise, and how often
        each frequency counts: shape (e, e // 2 + 1), as `numpy.fft.rfft2` orders them.
        """
        window = self._tiles.window
        noisy, restored, real, imag = self._sums / self.n_tiles / (window**2).sum()
        noise = self._reference.spectrum(window)
        return noisy, restored, real + 1j * imag, noise, self._tiles.times

    def powers(self) -> Powers | None:
        """Return means over rings of equal frequency; None if no tile fitted."""
        if not self.n_tiles:
            return None
        frequency = self._tiles.frequency
        noisy, restored, shared, noise, times = self.means()
        n_rings = min(N_RINGS, self.edge // 4)
        ring = (frequency * 2 * n_rings).astype(int)
        # The first ring holds shading and the mean, the corners beyond 0.5 few directions.
        inside = (ring >= 1) & (ring < n_rings)
        count = np.bincount(ring[inside], times[inside], n_rings)[1:]
        means = [
            np.bincount(ring[inside], (values * times)[inside], n_rings)[1:] / count
            for values in (frequency, noisy, restored, shared.real, noise)
        ]
        noisy, restored, shared = means[1:4]
        return Powers(
            means[0], count / count.sum(), noisy, restored, shared, means[4], self.n_tiles
        )

    def residual_acf(self, n_lags: int, *, of_best: bool = False) -> np.ndarray:
        """Autocovariance of the residual over the variance of the noise.

        Shape (2 n_lags + 1, 2 n_lags + 1); NaN without tiles. With `of_best`, of what the best
        linear filter would leave instead.
        """
        if not self.n_tiles:
            return np.full((2 * n_lags + 1, 2 * n_lags + 1), np.nan)
        window = self._tiles.window
        noisy, restored, shared, noise, _ = self.means()
        power = noisy - 2 * shared.real + restored
        if of_best:
            power = np.minimum(noise / np.maximum(noisy, 1e-12), 1) ** 2 * noisy
        both = fft.irfft2(np.abs(fft.rfft2(window)) ** 2)
        acf = fft.irfft2(power) / np.maximum(both / both[0, 0], 1e-3)
        lags = np.arange(-n_lags, n_lags + 1)
        return np.asarray(acf[np.ix_(lags, lags)])


def weigh(powers: Powers) -> Balance:
    """Say what was lost, kept and added."""
    w, best, kept, noise = powers.weight, powers.best, powers.kept, powers.noise
    least = max(float(w @ (best * noise)), 1e-3)  # error of the best linear filter
    power = max(float(w @ (best * powers.noisy)), 1e-3)
    too_little = np.maximum(best - kept - SLACK, 0)
    too_much = np.maximum(kept - best - SLACK, 0)
    with_restored = powers.shared - powers.restored
    # A net that never saw the pixel itself turns the finest noise round: an error, no invention.
    with_restored = with_restored - np.minimum(kept * (1 - kept) * powers.noisy, 0) * (kept < 0)
    added = np.maximum(-with_restored, 0)
    residual = powers.noisy - 2 * powers.shared + powers.restored
    return Balance(
        lost=float(w @ (too_little**2 * powers.noisy)) / least,
        noise_kept=float(w @ (np.maximum(kept - best, 0) * noise)) / float(w @ noise),
        kept_error=float(w @ (too_much**2 * powers.noisy)) / least,
        invented=float(w @ added) / least,
        residual=float(w @ residual) / float(w @ noise),
        signal=float(w @ best),
        lost_share=float(w @ (too_little * powers.noisy)) / power,
        invented_share=float(w @ added) / power,
        least_error=max(
            float(w @ (residual - noise)) / float(w @ noise),
            float(w @ (too_much**2 * powers.noisy**2 / noise + too_little**2 * powers.noisy))
            / float(w @ noise),
            0.0,
        ),
    )
