"""Error of a restored image as a whole, estimated from the noisy image itself.

Two answers, neither of which needs the truth [1]_. What was taken away, noisy less restored,
has the power of the noise and of the error less twice what they share, and probes say what they
share: that is exact, but a difference of large numbers, only as good as the noise is known.
Between neighbours the noise has no product: there the same sum is all error, and does not
depend on how well the noise is known; but how neighbouring errors go together must be taken
from the probes, which know nothing of what was smoothed away.

References
----------
.. [1] C. Stein. Estimation of the mean of a multivariate normal distribution. The Annals of
   Statistics 9, 1981.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

LAGS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))  # Y, X


@dataclass(frozen=True)
class Guess:
    """An estimate of the mean squared error, counts squared."""

    value: float  # may be negative by chance
    sure_to: float  # standard deviation of what chance and the measured noise do to it


class ErrorSums:
    """Collects what one channel says, piece by piece; `n` counts the pixels so far."""

    def __init__(self) -> None:
        self.n = 0
        self._sums = np.zeros(5)
        self._shared = np.zeros((2, len(LAGS)))
        self._pairs = np.zeros(len(LAGS))

    def add(
        self,
        noisy: np.ndarray,
        restored: np.ndarray,
        features: tuple[np.ndarray, np.ndarray, np.ndarray],
        probes: Iterable[tuple[np.ndarray, np.ndarray]],
        valid: np.ndarray,
    ) -> None:
        """Take one piece into account, all arrays of shape ([Z,] Y, X).

        Noisy and restored are in counts; features are spread, detail and noise of `probing.Seen`.
        Each probe is the noise drawn, and how far the answer moves by it. `valid` is True where
        there is an image.
        """
        residual = (noisy - restored).astype(np.float64)
        drawn, moved = (np.stack(each) for each in zip(*probes, strict=True))
        together = (drawn * moved).mean(axis=0)
        noise = features[2].astype(np.float64)
        power = residual**2 - noise + 2 * together
        each = (*features, power, noise**2)
        self.n += int(np.count_nonzero(valid))
        self._sums += [float(one[valid].sum(dtype=np.float64)) for one in each]
        for number, lag in enumerate(LAGS):
            here, there = _pair(valid, lag)
            both = here & there
            one, other = _pair(residual, lag)
            drawn_one, drawn_other = _pair(drawn, lag)
            moved_one, moved_other = _pair(moved, lag)
            error = one * other + (drawn_one * moved_other + drawn_other * moved_one).mean(axis=0)
            self._shared[0, number] += float(error[both].sum(dtype=np.float64))
            own = (moved_one * moved_other).mean(axis=0)
            self._shared[1, number] += float(own[both].sum(dtype=np.float64))
            self._pairs[number] += int(np.count_nonzero(both))

    def features(self) -> tuple[float, float, float]:
        """Mean spread, detail and noise, counts squared."""
        spread, detail, noise = (self._sums[:3] / max(self.n, 1)).tolist()
        return spread, detail, noise

    def by_power(self, noise_error: float) -> Guess:
        """By what was taken away; `noise_error` is the relative error of the noise's variance."""
        _, _, noise, power, noise_squared = (self._sums / max(self.n, 1)).tolist()
        by_chance = math.sqrt(2 * noise_squared / max(self.n, 1))
        return Guess(power, math.hypot(by_chance, noise_error * noise))

    def by_neighbours(self) -> Guess | None:
        """By what neighbours share; None if probes share nothing. For white noise only."""
        known = self._pairs > 0
        error, own = (self._shared[:, known] / self._pairs[known]).sum(axis=1)
        spread, _, _, _, noise_squared = (self._sums / max(self.n, 1)).tolist()
        if not known.any() or own <= 0.05 * known.sum() * spread or spread <= 0:
            return None
        chance = math.sqrt(noise_squared * float((1 / self._pairs[known]).sum()))
        return Guess(float(error / own * spread), float(chance / own * spread))


def _pair(values: np.ndarray, lag: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel and the one `lag` further, of those that have one."""
    down, right = lag
    rows, columns = values.shape[-2:]
    left, cut = max(0, -right), max(0, right)
    one = values[..., : max(0, rows - down), left : max(left, columns - cut)]
    other = values[..., down:, cut : max(cut, columns - left)]
    return one, other
