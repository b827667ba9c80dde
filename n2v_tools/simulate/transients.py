"""Calcium transients: the spikes of neurons, and the answer of an indicator to them.

Spikes are drawn block by block of time, each block seeded by its own number: any frame
can be asked for alone, and memory does not grow with the length of the movie.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from ..errors import SettingsError
from ..words import option
from .asked import require_between

FRAME_RATE_HZ = 30.0
BLOCK = 64  # frames
FORGOTTEN = 12  # decay times after which a spike is not seen any more: exp(-12) of it is left
SHORTEST_S, LONGEST_S = 0.001, 30.0  # time constants
INTERVAL_S = 0.015  # mean time between the spikes of a burst
LONGEST_BURST_S, MOST_SPIKES = 0.5, 8
SPIKE_SPREAD = 0.15  # of the dF/F of one spike, within a neuron

Spikes = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Indicator:
    """How fluorescence answers to one spike: ``(1 - exp(-t/rise)) exp(-t/decay)``.

    The defaults are those of a fast indicator such as GCaMP6f [1]_ in a cell that
    fires several times. SettingsError if a value is out of range.

    References
    ----------
    .. [1] T.-W. Chen et al. Ultrasensitive fluorescent proteins for imaging neuronal
       activity. Nature 499 (2013).
    """

    rise_s: float = 0.07  # time constant of the rise, seconds
    decay_s: float = 0.6  # time constant of the decay, seconds
    amplitude: float = 0.3  # mean dF/F at the peak after one spike

    def __post_init__(self) -> None:
        example = f"{option('rise', 0.07)} {option('decay', 0.6)}"
        hint = f" seconds, such as {example} for GCaMP6f"
        require_between("rise", self.rise_s, SHORTEST_S, LONGEST_S, hint=hint)
        require_between("decay", self.decay_s, SHORTEST_S, LONGEST_S, hint=hint)
        if not 0 < self.amplitude <= 10:
            raise SettingsError(
                f"{option('amplitude', f'{self.amplitude:g}')}: give dF/F after one spike, above 0 "
                "and up to 10, such as 0.3."
            )

    @property
    def peak_s(self) -> float:
        """Time from spike to peak."""
        return self.rise_s * math.log1p(self.decay_s / self.rise_s)

    @property
    def norm(self) -> float:
        """Factor that brings the peak to 1."""
        peak = self.peak_s
        return 1 / ((1 - math.exp(-peak / self.rise_s)) * math.exp(-peak / self.decay_s))

    def response(self, seconds: np.ndarray) -> np.ndarray:
        """Return the answer to a spike at 0, with a peak of 1: float64, same shape."""
        after = np.maximum(seconds, 0)
        return self.norm * -np.expm1(-after / self.rise_s) * np.exp(-after / self.decay_s)

    def integrals(self) -> tuple[float, float]:
        """Return the integrals of the response and of its square, in seconds."""
        d, r = 1 / self.decay_s, 1 / self.rise_s
        plain = 1 / d - 1 / (d + r)
        square = 1 / (2 * d) - 2 / (2 * d + r) + 1 / (2 * d + 2 * r)
        return self.norm * plain, self.norm**2 * square


class Transients:
    """dF/F of N sources of light, such as neurons; `key` seeds everything.

    Bursts come at random (a Poisson process), with `rates_hz` mean spikes per second, shape (N,);
    the number of spikes in one is geometric, `burst` (1 or more; 1: no bursts) in the mean and 8 at
    most. `sizes`, shape (N,), is the mean dF/F of one spike.
    """

    def __init__(
        self,
        indicator: Indicator,
        rates_hz: np.ndarray,
        sizes: np.ndarray,
        burst: float,
        key: tuple[int, ...],
    ) -> None:
        self.indicator = indicator
        self.rates_hz = rates_hz
        self.sizes = sizes
        self.burst = burst
        self.key = key
        self._n_before = math.ceil(
            (FORGOTTEN * indicator.decay_s + LONGEST_BURST_S) * FRAME_RATE_HZ / BLOCK
        )
        self.spikes = lru_cache(maxsize=self._n_before + 1)(self._draw)
        self.block = lru_cache(maxsize=1)(self._block)

    def at(self, frame: int) -> np.ndarray:
        """Return dF/F in one frame: float32, shape (N,)."""
        number, within = divmod(frame, BLOCK)
        return np.asarray(self.block(number)[:, within])

    def spikes_before(self, first: int, last: int) -> Spikes:
        """Return the spikes that frames `first` to `last` - 1 are the first to show.

        In order of time; three arrays of shape (S,): seconds, sources and sizes.
        """
        start, end = (first - 1) / FRAME_RATE_HZ, (last - 1) / FRAME_RATE_HZ
        blocks = range((first - 1) // BLOCK - 1, (last - 1) // BLOCK + 1)
        seconds, sources, sizes = _joined([self.spikes(number) for number in blocks])
        inside = (seconds > start) & (seconds <= end)
        order = np.argsort(seconds[inside], kind="stable")
        return seconds[inside][order], sources[inside][order], sizes[inside][order]

    def _block(self, number: int) -> np.ndarray:
        """Return dF/F in all frames of a block: float32, shape (N, BLOCK)."""
        start = number * BLOCK / FRAME_RATE_HZ
        before = range(number - self._n_before, number + 1)
        seconds, sources, sizes = _joined([self.spikes(block) for block in before])
        since = np.arange(BLOCK) / FRAME_RATE_HZ
        total = np.zeros((len(self.rates_hz), BLOCK))
        # The answer is a difference of two exponentials: of the past two sums remain.
        past = seconds <= start
        fast = 1 / self.indicator.decay_s + 1 / self.indicator.rise_s
        for sign, speed in ((1, 1 / self.indicator.decay_s), (-1, fast)):
            left = sizes[past] * np.exp((seconds[past] - start) * speed)
            state = np.bincount(sources[past], left, len(self.rates_hz))
            total += sign * self.indicator.norm * np.outer(state, np.exp(-since * speed))
        now = ~past
        answers = self.indicator.response(start + since - seconds[now, np.newaxis])
        place = (sources[now], np.arange(int(now.sum())))
        shape = (len(self.rates_hz), int(now.sum()))
        total += csr_matrix((sizes[now], place), shape) @ answers
        return total.astype(np.float32)

    def _draw(self, number: int) -> Spikes:
        """Draw the bursts that begin within a block; the last spikes may come after it."""
        rng = np.random.default_rng([*self.key, number + 2**20])  # blocks before the movie too
        length = BLOCK / FRAME_RATE_HZ
        mean_spikes = self.burst * (1 - (1 - 1 / self.burst) ** MOST_SPIKES)
        n_bursts = rng.poisson(self.rates_hz * length / mean_spikes)
        sources = np.repeat(np.arange(len(n_bursts)), n_bursts)
        seconds = (number + rng.random(len(sources))) * length
        n_spikes = np.minimum(rng.geometric(1 / self.burst, len(sources)), MOST_SPIKES)
        burst_of = np.repeat(np.arange(len(sources)), n_spikes)
        firsts = np.cumsum(n_spikes) - n_spikes
        running = np.cumsum(rng.exponential(INTERVAL_S, len(burst_of)))
        delay = np.minimum(running - running[firsts][burst_of], LONGEST_BURST_S)
        spread = np.maximum(1 + SPIKE_SPREAD * rng.normal(size=len(burst_of)), 0.2)
        owners = sources[burst_of]
        return seconds[burst_of] + delay, owners, self.sizes[owners] * spread


def _joined(parts: list[Spikes]) -> Spikes:
    seconds, sources, sizes = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return seconds, sources, sizes
