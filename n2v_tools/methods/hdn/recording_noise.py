"""Noise of the stacks as it is measured: how strong, and how far neighbours share it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import StackError
from ...noise.local import measure_local_noise
from ...stack import Stack
from ...words import setting

MOST_STACKS = 4  # that are looked at
SHARED = 0.1  # correlation below which pixels share none


@dataclass(frozen=True)
class MeasuredNoise:
    """Noise of some stacks of one channel, pooled."""

    gain: float  # counts per photoelectron
    floor: float  # counts squared
    shared_px: int  # how far neighbours share it along Y or X; 0: not at all
    notes: tuple[str, ...] = ()

    def variance_at(self, mean: float) -> float:
        """Variance, counts squared, where the mean is `mean` counts."""
        return self.gain * mean + self.floor


def measure(
    stacks: Sequence[Stack], *, seed: int, keep_strips: bool, needed: bool
) -> MeasuredNoise:
    """Measure the noise of a few stacks, evenly chosen.

    StackError if it cannot be measured and is `needed`.
    """
    found, notes = [], []
    for stack in stacks[:: max(1, -(-len(stacks) // MOST_STACKS))]:
        try:
            found.append(measure_local_noise(stack, "YX", keep_strips=keep_strips))
        except StackError as error:
            if needed and len(stacks) == 1:
                raise StackError(
                    f"{stack.name}: its noise cannot be measured. Pass "
                    f"{setting('noise', 'GAIN,FLOOR')}, in counts, or {setting('noise_from')} with "
                    "calibration frames."
                ) from error
            continue
        if found[-1].doubt:
            notes.append(f"{stack.name}: its noise is not sure: {found[-1].doubt}")
    if not found:
        if needed:
            raise StackError(
                "the noise of no stack can be measured. Pass "
                f"{setting('noise', 'GAIN,FLOOR')} or {setting('noise_from')}."
            )
        return MeasuredNoise(0.0, 0.0, 0, tuple(notes))
    n = len(found)
    shared = max(_shared_px(kernel) for one in found for kernel in (*one.kernels.values(), (1.0,)))
    return MeasuredNoise(
        sum(one.gain for one in found) / n,
        sum(one.floor for one in found) / n,
        shared,
        tuple(notes),
    )


def _shared_px(kernel: Sequence[float]) -> int:
    """How far apart pixels are that share noise, of white noise convolved with a kernel."""
    shared = np.correlate(kernel, kernel, mode="full")[len(kernel) - 1 :]
    return int(np.flatnonzero(shared >= SHARED * shared[0])[-1])


def blind_levels(measured: MeasuredNoise | None, n_levels: int) -> tuple[tuple[int, ...], str]:
    """Levels as fine as what the noise shares, and why, in one phrase; none for white noise.

    A latent pixel of level i stands for ``2**(i + 1)`` pixels of the image. The finest level that
    sees the image has pixels at least twice as wide as noise is shared, so that it cannot tell the
    pattern of the noise; the authors chose likewise by hand. The topmost always sees it.
    """
    shared = 0 if measured is None else measured.shared_px
    if not shared or n_levels == 1:
        return (), ""
    n = min(max(1, math.ceil(math.log2(shared))), n_levels - 1)
    blind = tuple(range(n))
    return blind, (
        f"neighbours share noise over {shared} px: the {n} finest level{'s' * (n > 1)} of "
        f"{n_levels} do not see the image ({setting('uncond', list(blind))})"
    )
