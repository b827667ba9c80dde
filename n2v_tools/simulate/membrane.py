"""Membrane voltage of cells as an indicator shows it: slow waves, and spikes that ride on them.

Waves are sums of sines and spikes are drawn block by block of time, each block seeded by its own
number: any frame can be asked for alone, and memory does not grow with the length of the movie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

BLOCK_S = 0.5  # of time, in which spikes are drawn together
WAVES, SLOWEST_HZ, FASTEST_HZ = 6, 1.5, 12.0  # subthreshold waves of a cell
SHARED = 0.4  # of the waves' variance: common to all cells
DRIVE = 1.2  # by how much waves change the logarithm of the rate of spikes
REFRACTORY_S = 0.004
RISE_S = 0.0004  # of a spike
FALL_S = (0.0008, 0.0022)  # of a spike, lowest and highest of a cell: 1 to 3 frames at 500 Hz
LASTS = 8.0  # falls after which a spike is not seen any more
SPREAD = 0.12  # of the height of a cell's spikes
STEPS = 16  # instants of an exposure


class Membrane:
    """dF/F of N cells, frame by frame; `key` seeds everything.

    `rates_hz` are mean spikes per second, `heights` the mean dF/F of a spike while it is highest,
    before an exposure averages over it, both of shape (N,); `waves` is the deviation of dF/F below
    threshold.
    """

    def __init__(
        self,
        rates_hz: np.ndarray,
        heights: np.ndarray,
        waves: float,
        frame_rate_hz: float,
        key: tuple[int, ...],
    ) -> None:
        self.rates_hz, self.heights, self.waves = rates_hz, heights, waves
        self.frame_rate_hz, self.key = frame_rate_hz, key
        rng = np.random.default_rng([*key, 0])
        n = len(rates_hz) + 1  # the last is what all share
        self._hz = rng.uniform(SLOWEST_HZ, FASTEST_HZ, (n, WAVES))
        self._phases = rng.uniform(0, 2 * math.pi, (n, WAVES))
        strengths = rng.uniform(0.5, 1, (n, WAVES)) / self._hz**0.5
        self._strengths = strengths / np.sqrt((strengths**2).sum(axis=1, keepdims=True) / 2)
        self._falls = rng.uniform(*FALL_S, n - 1)
        self._drawn = lru_cache(maxsize=4)(self._draw)

    def at(self, frame: int) -> np.ndarray:
        """Return dF/F in one frame, mean over its exposure: float64, shape (N,)."""
        begin = frame / self.frame_rate_hz
        return self.waves * self.wave(begin + 0.5 / self.frame_rate_hz) + self._spikes_in(begin)

    def wave(self, seconds: float) -> np.ndarray:
        """Return the subthreshold wave at a time, deviation 1 in the long run: shape (N,)."""
        angles = 2 * math.pi * self._hz * seconds + self._phases
        each = (self._strengths * np.sin(angles)).sum(axis=1)
        return np.asarray(math.sqrt(1 - SHARED) * each[:-1] + math.sqrt(SHARED) * each[-1])

    def spikes(self, seconds: float) -> list[np.ndarray]:
        """Return when each cell spiked before a time, in seconds since frame 0."""
        blocks = [self._drawn(number) for number in range(math.ceil(seconds / BLOCK_S))]
        found = []
        for cell in range(len(self.rates_hz)):
            times = np.concatenate([block[cell][0] for block in blocks] or [np.empty(0)])
            found.append(times[times < seconds])
        return found

    def _spikes_in(self, begin: float) -> np.ndarray:
        """Mean over one exposure of what spikes add."""
        length = 1 / self.frame_rate_hz
        longest = LASTS * FALL_S[1]
        first, last = (math.floor(t / BLOCK_S) for t in (begin - longest, begin + length))
        since = begin + (np.arange(STEPS) + 0.5) / STEPS * length
        total = np.zeros(len(self.rates_hz))
        for cell, fall in enumerate(self._falls):
            for number in range(first, last + 1):
                times, sizes = self._drawn(number)[cell]
                near = (times > begin - longest) & (times < begin + length)
                if near.any():
                    shape = _shape(since[:, np.newaxis] - times[near], float(fall))
                    total[cell] += float((shape.mean(axis=0) * sizes[near]).sum())
        return total

    def _draw(self, number: int) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        """Draw times and heights of each cell's spikes within a block."""
        rng = np.random.default_rng([*self.key, 1, number + 2**20])  # blocks before the movie too
        steps = math.ceil(BLOCK_S / REFRACTORY_S)
        length = BLOCK_S / steps
        times = number * BLOCK_S + np.arange(steps) * length
        drive = np.exp(DRIVE * np.stack([self.wave(t) for t in times], axis=1))
        mean = np.exp(DRIVE**2 / 2)  # of what is exponential in a normal variable
        chance = np.minimum(self.rates_hz[:, np.newaxis] * drive / mean * length, 0.9)
        fires = rng.random(chance.shape) < chance
        # Two in a row are kept a refractory time apart.
        fires[:, 1:] &= ~fires[:, :-1]
        fires[:, 0] = False
        jitter = rng.random(chance.shape) * length
        sizes = np.maximum(1 + SPREAD * rng.normal(size=chance.shape), 0.3)
        return [
            (times[one] + moved[one], height * size[one])
            for one, moved, size, height in zip(fires, jitter, sizes, self.heights, strict=True)
        ]


def _shape(seconds: np.ndarray, fall_s: float) -> np.ndarray:
    """A spike at 0: a straight rise, then an exponential fall, 1 at its highest."""
    after = np.exp(-np.maximum(seconds - RISE_S, 0) / fall_s)
    return np.asarray(np.clip(seconds / RISE_S, 0, 1) * after)
