"""Reference that every residual is held against: the noise of the noisy file.

It is measured from the noisy file alone, so that it is the same whatever was restored from
it. Pairs of frames show most; of a single image, however small, its smooth blocks do; where
neighbours share noise, `noise.strength` makes up for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import fft

from ..noise.blocks import by_brightness, quietest
from ..noise.correlation import ACROSS, Correlation, measure_correlation
from ..noise.level import BLOCK_PX, HIGH, LOW, fit_line
from ..noise.mask import MaskChoice, choose_mask
from ..noise.robust import Confidence
from ..noise.sample import Sample
from ..noise.strength import Strength, measure_strength

LAGS = 15
STEP_PX = 4  # from block to block
SMOOTHER = 0.4  # share of the blocks of equal brightness that are taken for smooth
IN_BIN, MOST_BINS = 60, 16
LEAST_BLOCKS, LEAST_IN_BIN = 100, 16
NO_SLOPE = 10.0  # spread of brightness over that by chance, below which there is no slope
NEGLIGIBLE = 0.03  # correlation taken for none
ROUNDS = 8
SQUARE = 0.5  # share of the product of both lags 1 that the diagonal of a square has
LEAST_SPECTRUM = 0.02  # of white noise's: less is not known so exactly


@dataclass(frozen=True, eq=False)
class Reference:
    """Noise of one channel; its variance at a mean of `m` counts is ``gain * m + floor``."""

    gain: float  # counts per photon
    floor: float  # counts squared
    # shape (31, 31): correlation of the noise at lags -15 to 15 in Y and X; 1 in the middle
    acf: np.ndarray
    # correlation along Y and X that stays at every distance: offsets of columns and rows
    far: tuple[float, float] = (0.0, 0.0)
    correlated: bool | None = False  # None where that is unknown
    confidence: Confidence = "high"
    reason: str = ""  # why it is not high; may be empty
    in_time: float = 0.0  # correlation of successive frames; 0 without T
    correlation: Correlation = field(default_factory=Correlation)  # as measured, for plots

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Variance, counts squared, where the mean is `mean` counts; always above 0."""
        middle = float(np.median(mean))
        least = max(0.1 * (self.gain * middle + self.floor), 1e-12)
        return np.maximum(self.gain * mean + self.floor, least)

    def spectrum(self, window: np.ndarray) -> np.ndarray:
        """Mean power of the noise in windowed tiles, over that of white noise of equal variance.

        For a window (e, e) of shape (e, e // 2 + 1), by frequency as `numpy.fft.rfft2` has them.
        """
        edge = len(window)
        acf = _spread_out(self.acf, self.far, edge)
        both = fft.irfft2(np.abs(fft.rfft2(window, (2 * edge, 2 * edge))) ** 2)
        shared = acf * both / both[0, 0]
        power = fft.fft2(shared).real[::2, ::2][:, : edge // 2 + 1]
        return np.maximum(power, LEAST_SPECTRUM)

    def share_in_mean(self, edge: int) -> float:
        """Variance of the mean of `edge` x `edge` pixels over that of one pixel."""
        apart = np.minimum(np.abs(np.subtract.outer(np.arange(edge), np.arange(edge))), LAGS)
        acf = self.acf[LAGS:, LAGS:]
        return float(acf[apart[:, None, :, None], apart[None, :, None, :]].mean())


def know_noise(sample: Sample) -> Reference:
    """Measure the noise of a sample of one channel of the noisy file.

    With confidence "cannot tell" and a reason where nothing is known.
    """
    correlation = measure_correlation(sample)
    choice = choose_mask(correlation)
    if choice.mask and choice.mask.kind == "cross" and correlation.source == "one image":
        correlation = replace(correlation, along=_as_sum(correlation.along))
    strength = measure_strength(sample, correlation)
    along = correlation.along.get("T", ())
    in_time = float(along[0]) if along else 0.0
    known = choice.confidence != "cannot tell"
    correlated = bool(choice.mask or choice.warnings) if known else None
    white = np.zeros((2 * LAGS + 1, 2 * LAGS + 1))
    white[LAGS, LAGS] = 1
    reference = Reference(
        0.0, 0.0, white, (0.0, 0.0), correlated, in_time=in_time, correlation=correlation
    )
    return _with_level(reference, sample, strength, choice)


def _with_level(
    reference: Reference, sample: Sample, strength: Strength, choice: MaskChoice
) -> Reference:
    if strength.method == "differences of frames" and strength.floor is not None:
        gain, floor = strength.gain or 0.0, strength.floor
        sure, why = strength.confidence, strength.reason
    elif reference.correlated:
        if strength.floor is None:
            return replace(reference, confidence="cannot tell", reason=strength.reason)
        gain, floor, sure, why = strength.gain or 0.0, strength.floor, "low", choice.reason
    else:
        line = measure_line(sample.planes)
        if line is None:
            return replace(reference, confidence="cannot tell", reason="there are too few pixels")
        gain, floor = line
        sure, why = ("low", choice.reason) if reference.correlated is None else ("high", "")
    if not gain and floor <= 0:
        return replace(reference, confidence="cannot tell", reason="there is no noise")
    found = replace(reference, gain=gain, floor=floor, confidence=sure, reason=why)
    if not reference.correlated:
        return found
    acf, far = _model(reference.correlation)
    return replace(found, acf=acf, far=far)


def _as_sum(along: Mapping[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Correlation of horizontal and vertical lines summed, from that after fourth differences.

    Differences across a direction take what is smooth along the other way with them, so that
    what is left shows more of the correlation than there is. Equal parts are assumed.
    """
    seen = {axis: np.array(along[axis]) for axis in "YX"}
    lines = dict(seen)
    square = np.correlate(ACROSS, ACROSS, mode="full")[len(ACROSS) - 1 :]
    for _ in range(ROUNDS):
        left = {}
        for axis in "YX":
            n = min(len(lines[axis]), len(square) - 1)
            left[axis] = 1 + 2 * float(square[1 : n + 1] @ lines[axis][:n]) / square[0]
        lines = {
            axis: np.minimum(seen[axis] * (1 + max(left[other], 0)), 1)
            for axis, other in ("YX", "XY")
        }
    return {**along, **{axis: tuple((line / 2).tolist()) for axis, line in lines.items()}}


def measure_line(planes: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """Gain and floor of white noise, from planes of counts (Y, X) as small as 100 x 100 pixels.

    As `noise.level`, with fewer blocks to a bin and more of them believed, so that a single small
    image still shows how noise grows with brightness. None if there are too few pixels, or no
    noise.
    """
    parts = [_blocks(plane) for plane in planes if min(plane.shape) >= BLOCK_PX]
    if not parts or sum(len(part[0]) for part in parts) < LEAST_BLOCKS:
        return None
    mean, rough, high = (np.concatenate(each) for each in zip(*parts, strict=True))
    if not high.any():
        return None
    points = []
    for part in by_brightness(mean, IN_BIN, MOST_BINS):
        smooth = quietest(part, rough, SMOOTHER, LEAST_IN_BIN)
        points.append((mean[smooth].mean(), high[smooth].mean(), len(smooth)))
    brightness, variance, n_blocks = np.array(points).T
    flat = float(np.average(variance, weights=n_blocks))
    chance = flat / BLOCK_PX**2
    if float(mean.var()) < NO_SLOPE * chance or len(points) < 3:
        return 0.0, flat
    gain, floor, _ = fit_line(brightness, np.maximum(variance, 1e-9 * flat), n_blocks)
    return gain, floor


def _blocks(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, power at low and at high frequencies of overlapping blocks."""
    view = np.lib.stride_tricks.sliding_window_view(plane, (BLOCK_PX, BLOCK_PX))
    step = STEP_PX if plane.size < 2**18 else BLOCK_PX
    blocks = view[::step, ::step].reshape(-1, BLOCK_PX, BLOCK_PX).astype(np.float32)
    powers = fft.dctn(blocks, axes=(1, 2), norm="ortho") ** 2
    mean = blocks.mean(axis=(1, 2), dtype=np.float64)
    return mean, powers[:, LOW].mean(axis=1), powers[:, HIGH].mean(axis=1, dtype=np.float64)


def _model(correlation: Correlation) -> tuple[np.ndarray, tuple[float, float]]:
    """Correlation at all lags from what was measured along Y, X and one diagonal."""
    lines, far = [], []
    for axis in "YX":
        along = np.array(correlation.along[axis])
        stays = float(along[5:].mean()) if len(along) > 6 and along[5:].min() > 0.06 else 0.0
        line = np.full(LAGS + 1, stays)
        line[0] = 1
        line[1 : len(along) + 1] = along
        line[1:][np.abs(line[1:]) < NEGLIGIBLE] = 0
        lines.append(np.concatenate([line[:0:-1], line]))
        far.append(stays)
    # Offsets of whole rows cancel in the differences from which their correlation along Y is read.
    along_y, along_x = (
        np.where(np.arange(-LAGS, LAGS + 1) == 0, 1.0, 0.0) if other else line
        for line, other in zip(lines, far[::-1], strict=True)
    )
    product = along_y[LAGS + 1] * along_x[LAGS + 1]
    diagonal = correlation.diagonal or 0.0
    acf = np.outer(along_y, along_x)
    if product > 0.01 and diagonal < SQUARE * product:
        acf = np.zeros_like(acf)
        acf[:, LAGS], acf[LAGS] = along_y, along_x
    return acf, (far[0], far[1])


def _spread_out(acf: np.ndarray, far: tuple[float, float], edge: int) -> np.ndarray:
    """Correlation at all lags of a tile, lag 0 first, shape (2 edge, 2 edge)."""
    wide = np.zeros((2 * edge, 2 * edge))
    reach = min(LAGS, edge - 1)
    lags = np.arange(-reach, reach + 1)
    wide[np.ix_(lags, lags)] = acf[np.ix_(lags + LAGS, lags + LAGS)]
    beyond = np.r_[reach + 1 : edge, -edge + 1 : -reach]
    wide[beyond, 0], wide[0, beyond] = far
    return wide
