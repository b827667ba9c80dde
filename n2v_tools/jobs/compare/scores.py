"""Scores of one restored stack: what its residual says, and how near the truth is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import StackError
from ...filters.yardstick import Filtered, Truth, best_gaussian, best_median
from ...measure.metrics import fit_affine, psnr
from ...measure.next_frame import NextFrame
from ...measure.residual import ResidualScores, ResidualSums
from ...measure.side_by_side import are_equal_in_size, describe_misfit
from ...prepare.gaps import find_data
from ...stack import Stack
from ...words import option

YARDSTICK_PX = 1_000_000  # pixels that filters of all sizes are tried on


@dataclass(frozen=True)
class Scores:
    """How good one restored stack is."""

    residual: ResidualScores | None = None  # None for the noisy stack itself
    # distance to the next noisy frame, counts; None where that would not be fair
    next_frame: float | None = None
    psnr: float | None = None  # mean over planes in dB, as it is; None without truth
    affine_psnr: float | None = None  # the same after the best gain and offset


@dataclass(frozen=True)
class Yardsticks:
    """What restored stacks are measured with."""

    noisy: Stack
    clean: Stack | None = None  # of the same axes and sizes
    clean_range: float = 0.0  # largest minus smallest clean value, counts; 0 without truth
    keep_strips: bool = False  # zeros are data

    def score(self, restored: Stack | None, *, next_frame: bool = False) -> Scores:
        """Measure a restored stack, or the noisy one if there is None; plane by plane.

        `restored` has the planes of `noisy`; with `next_frame` it is compared with the next frame
        too.
        """
        sums, frames = ResidualSums(), NextFrame()
        direct, fitted = [], []
        for place, noisy in self.noisy.planes():
            valid = self._valid(noisy)
            plane = noisy if restored is None else restored.plane(place)
            if restored is not None:
                sums.add(noisy, plane, valid)
            if next_frame and place["T"] + 1 < self.noisy.sizes["T"]:
                following = self.noisy.plane({**place, "T": place["T"] + 1})
                frames.add(plane, following, valid & self._valid(following))
            if self.clean is not None and valid.any():
                clean = self.clean.plane(place)
                direct.append(psnr(plane, clean, self.clean_range, valid))
                near = fit_affine(plane, clean, valid)
                fitted.append(psnr(near, clean, self.clean_range, valid))
        return Scores(
            residual=None if restored is None else sums.scores(),
            next_frame=frames.distance if next_frame else None,
            psnr=float(np.mean(direct)) if direct else None,
            affine_psnr=float(np.mean(fitted)) if fitted else None,
        )

    def best_filters(self) -> tuple[Filtered, ...]:
        """Simple filters at the size that suits the truth best, on some planes; none without."""
        if self.clean is None:
            return ()
        place, plane, valid = self.shown_plane()
        read = [(plane, self.clean.plane(place), valid)]
        n = YARDSTICK_PX // plane.size
        if n > 1:
            places = list(self.noisy.places())
            each = [(self.noisy.plane(p), p) for p in places[:: -(-len(places) // n)]]
            read = [(one, self.clean.plane(p), self._valid(one)) for one, p in each]
        noisy, clean, valid = (np.stack(planes)[np.newaxis] for planes in zip(*read, strict=True))
        if not (valid.any() and np.isfinite(noisy).all()):
            return ()
        truth = Truth(clean.astype(np.float32), valid, self.clean_range)
        return best_gaussian(noisy, truth), best_median(noisy, truth)

    def shown_plane(self) -> tuple[Mapping[str, int], np.ndarray, np.ndarray]:
        """Return place, noisy plane and mask of the real plane nearest to the middle.

        Raises
        ------
        StackError
            If there is no real pixel in the stack.
        """
        places = list(self.noisy.places())
        middle = len(places) // 2
        for number in sorted(range(len(places)), key=lambda n: abs(n - middle)):
            plane = self.noisy.plane(places[number])
            valid = self._valid(plane)
            if valid.any():
                return places[number], plane, valid
        raise StackError(f"{self.noisy.name}: every pixel is zero or NaN; give another file.")

    def _valid(self, plane: np.ndarray) -> np.ndarray:
        return _find_valid(plane, self.keep_strips)


def measure_with(noisy: Stack, clean: Stack | None, keep_strips: bool = False) -> Yardsticks:
    """Check that the truth fits, and find its range in one pass.

    Raises
    ------
    StackError
        If sizes differ, or the truth is not finite or constant.
    """
    if clean is None:
        return Yardsticks(noisy, keep_strips=keep_strips)
    if not are_equal_in_size(noisy, clean):
        misfit = describe_misfit(clean, "clean", noisy, "noisy")
        raise StackError(f"{misfit} Give the truth of this file.")
    asked = option("clean", clean.name)
    low, high = math.inf, -math.inf
    for place, plane in noisy.planes():
        values = clean.plane(place)[_find_valid(plane, keep_strips)]
        if not np.isfinite(values).all():
            raise StackError(f"{asked}: has NaN or infinite pixels; give the truth.")
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not high > low:
        raise StackError(f"{asked}: is constant, so PSNR has no scale; give one with structure.")
    return Yardsticks(noisy, clean, high - low, keep_strips)


def _find_valid(plane: np.ndarray, keep_strips: bool) -> np.ndarray:
    """Where a plane (Y, X) holds data, all of them numbers: bool (Y, X)."""
    return np.isfinite(plane) & find_data(plane, keep_strips=keep_strips)
