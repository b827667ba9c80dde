"""Correlation of the noise of one pixel with that of its neighbours.

The image itself says little, since its signal is correlated too. It is measured from, best
first: a dark frame; differences of successive frames, in which what does not move
cancels; and in one image fourth differences across the direction in question, which
leave little of what a lens has imaged, but noise with its correlation along that direction.
In all but the first, only the blocks with the least power count, because signal that is
left only adds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import fft, ndimage

from .blocks import to_blocks
from .robust import Confidence
from .sample import Sample

ACROSS = np.array([1.0, -4.0, 6.0, -4.0, 1.0], np.float32)  # fourth difference
N_LAGS = 10
BLOCK_PX = 32
MOST_BLOCKS = 3000
QUIET = 0.1  # share of the blocks that surely hold more noise than signal
BELIEVED = 1.5  # times their power that other blocks may have
LEAST_BLOCKS = 8
MAP_LAGS = 15
FAR_LAG = 6  # along T, where noise is taken to share nothing any more
LEAST_T = 3  # frames of a run from which correlation along T is measured
HIGH_PASS_SIGMA_PX = 2.0
HALF_SHARED = 0.5  # between a cross and a square
ENTANGLED = 0.03  # off 1: rows' and columns' correlation do not simply multiply
LEAST_BESIDE = 0.05  # correlation of neighbours from which more is read off
INDEPENDENT = 0.1  # correlation of successive planes that independent noise stays below
LEAST_COLOUR = 1e-3


@dataclass(frozen=True)
class Correlation:
    """Autocorrelation of the noise, 1 at lag 0."""

    # by axis letter: lags 1, 2, ... (up to 10) along Y, X and, if there are neighbours, Z and T
    along: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    # at one pixel down and one to the right; it distinguishes a square mask from a cross
    diagonal: float | None = None
    source: str = ""  # {"dark frame", "frames", "one image", ""}: what it was measured from
    n_px: int = 0  # pixels it was measured from
    # power of the middle block over that of a quiet one: hardly above 1 where there is nothing but
    # noise, more where it depends on brightness or signal is left
    evenness: float = 1.0
    # float32, shape (31, 31): lags -15 to 15 in Y and X; NaN beyond what small images give
    map: np.ndarray = field(default_factory=lambda: np.full((31, 31), np.nan, np.float32))
    confidence: Confidence = "cannot tell"
    reason: str = "there are too few pixels"
    # by axis letter: as `along`, from the quietest blocks as they are, signal included. Only for
    # one image whose noise along one axis depends on that along the other, so that differences
    # mislead.
    quiet: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def with_next(self, axis: str) -> float:
        """Correlation with the next pixel, plane or frame along `axis`; 0 if it is unknown."""
        return (self.along.get(axis) or (0.0,))[0]


def measure_correlation(sample: Sample, dark: Sample | None = None) -> Correlation:
    """Measure how noise is correlated along Y, X, Z and T.

    In a frame without light, `dark`, only noise that the camera makes is found. With confidence
    "cannot tell" and a reason where the data do not show it.
    """
    if dark is not None and dark.planes:
        found = _from_fields(dark.planes, "dark frame")
    elif sample.runs.get("T"):
        differences = [d for run in sample.runs["T"] for d in np.diff(run, axis=0)]
        found = _from_differences(differences)
    else:
        found = _from_images(sample.planes)
    if not found.along:
        return found
    deep = {axis: _along_run(runs, axis) for axis, runs in sample.runs.items()}
    deep = {axis: values for axis, values in deep.items() if values}
    where = "differences of frames" if found.source == "frames" else found.source
    return replace(found, along={**found.along, **deep}, confidence="high", reason=f"from {where}")


def _from_differences(differences: Sequence[np.ndarray]) -> Correlation:
    """From differences of frames, and from their second differences: what moves only adds."""
    straight = _from_fields(differences, "frames")
    rough = _from_images(differences)
    if not straight.along or not rough.along:
        return straight
    # Second differences of small frames give fewer lags.
    least = {axis: tuple(map(min, straight.along[axis], rough.along[axis])) for axis in "YX"}
    return replace(straight, along=least)


def _from_images(planes: Sequence[np.ndarray]) -> Correlation:
    across_y = [_difference(plane, 0) for plane in planes]
    across_x = [_difference(plane, 1) for plane in planes]
    in_x = _from_fields(across_y, "one image")
    in_y = _from_fields(across_x, "one image")
    if not in_x.along or not in_y.along:
        return Correlation()
    rough = [plane - ndimage.gaussian_filter(plane, HIGH_PASS_SIGMA_PX) for plane in planes]
    both = _from_fields(rough, "one image")
    shares = (_shared_across(in_x.map), _shared_across(in_y.map.T))
    first = in_y.along["Y"][0], in_x.along["X"][0]
    share = float(np.clip(np.mean(shares), 0, 1 / max(*first, 1e-6)))
    entangled = share > HALF_SHARED and max(abs(one - 1) for one in shares) > ENTANGLED
    return Correlation(
        along={"Y": in_y.along["Y"], "X": in_x.along["X"]},
        diagonal=share * first[0] * first[1],
        quiet=_from_fields([_without_slope(plane) for plane in planes], "one image").along
        if entangled
        else {},
        source="one image",
        n_px=min(in_x.n_px, in_y.n_px),
        evenness=max(in_x.evenness, in_y.evenness),
        map=both.map,
    )


def _shared_across(across: np.ndarray) -> float:
    """How much of what a column shares its neighbour shares too: 1 for a square, 0 for a cross.

    `across` is the correlation after differences along Y. Noise that is the product of a row's
    and a column's looks the same along Y next to the middle as in it; of horizontal and
    vertical lines summed only the former, white along Y, are seen next to the middle.
    """
    white = np.correlate(ACROSS, ACROSS, mode="full")[len(ACROSS) - 1 :] / (ACROSS @ ACROSS)
    lags = slice(MAP_LAGS, MAP_LAGS + len(ACROSS))
    middle = across[lags, MAP_LAGS]
    beside = (across[lags, MAP_LAGS - 1] + across[lags, MAP_LAGS + 1]) / 2
    if not abs(beside[0]) > LEAST_BESIDE:
        return 0.0
    coloured, there = middle / middle[0] - white, beside / beside[0] - white
    power = float(coloured @ coloured)
    return float(there @ coloured) / power if power > LEAST_COLOUR else 0.0


def _from_fields(fields: Sequence[np.ndarray], source: str) -> Correlation:
    """Correlation in Y and X of fields (Y, X) of noise with hardly any signal."""
    blocks = _blocks([field - field.mean() for field in fields])
    if len(blocks) < LEAST_BLOCKS:
        return Correlation()
    power = (blocks**2).mean(axis=(1, 2))
    real = np.flatnonzero(power > 1e-12 * max(float(power.max()), 1e-30))
    if not len(real):
        return Correlation(reason="there is no noise")
    chosen = real if source == "dark frame" else real[_quiet(power[real])]
    middle, reach = _autocorrelation(blocks[chosen])
    lags = min(N_LAGS, reach - 1)
    return Correlation(
        along={
            "Y": tuple(float(middle[reach + k, reach]) for k in range(1, lags + 1)),
            "X": tuple(float(middle[reach, reach + k]) for k in range(1, lags + 1)),
        },
        diagonal=float((middle[reach + 1, reach + 1] + middle[reach + 1, reach - 1]) / 2),
        source=source,
        n_px=len(chosen) * blocks[0].size,
        evenness=float(np.median(power[real]) / np.quantile(power[real], QUIET)),
        map=np.pad(middle, MAP_LAGS - reach, constant_values=np.nan).astype(np.float32),
    )


def _without_slope(plane: np.ndarray) -> np.ndarray:
    """Return the plane without the straight part of each block, as `_blocks` cuts them."""
    edge = min(BLOCK_PX, *plane.shape)
    rows, columns = plane.shape[0] // edge, plane.shape[1] // edge
    blocks = to_blocks(plane, edge)
    y, x = np.mgrid[:edge, :edge].reshape(2, -1)
    straight, _ = np.linalg.qr(np.stack([np.ones(edge * edge), y, x], axis=1))
    flat = blocks - (blocks @ straight) @ straight.T
    back = flat.reshape(rows, columns, edge, edge).swapaxes(1, 2)
    return back.reshape(rows * edge, columns * edge).astype(np.float32)


def _quiet(power: np.ndarray, least: int = LEAST_BLOCKS) -> np.ndarray:
    """Numbers of the blocks that hold hardly more than noise.

    Taking the very quietest alone would prefer noise that is by chance less correlated.
    """
    order = np.argsort(power, kind="stable")
    n = int(np.count_nonzero(power <= BELIEVED * np.quantile(power, QUIET)))
    return order[: max(n, min(least, len(order)))]


def _blocks(fields: Sequence[np.ndarray]) -> np.ndarray:
    """Blocks (M, b, b), evenly chosen; b is 32 px or what the smallest field has."""
    if not fields:
        return np.empty((0, BLOCK_PX, BLOCK_PX), np.float32)
    edge = min(BLOCK_PX, *(min(field.shape) for field in fields))
    cut = [to_blocks(field, edge).reshape(-1, edge, edge) for field in fields]
    blocks = np.concatenate(cut)
    return blocks[:: max(1, -(-len(blocks) // MOST_BLOCKS))]


def _autocorrelation(blocks: np.ndarray) -> tuple[np.ndarray, int]:
    """Mean autocorrelation of blocks (M, b, b), lags -reach to reach; not circular.

    Each block has the weight of 1 / its power, so that bright ones do not outweigh others.
    By Wiener and Khinchin, padded with zeros; the padding is corrected for by the number
    of pixels that overlap at each lag.
    """
    edge = blocks.shape[1]
    size = fft.next_fast_len(2 * edge, real=True)
    weight = 1 / (blocks**2).mean(axis=(1, 2))
    spectrum = np.zeros((size, size // 2 + 1))
    for start in range(0, len(blocks), 256):
        part = fft.rfft2(blocks[start : start + 256], (size, size))
        spectrum += np.einsum("nyx,n->yx", np.abs(part) ** 2, weight[start : start + 256])
    raw = np.fft.fftshift(fft.irfft2(spectrum, (size, size)))
    reach, centre = min(MAP_LAGS, edge // 2), size // 2
    lags = np.arange(-reach, reach + 1)
    overlap = (edge - abs(lags))[:, None] * (edge - abs(lags))
    cut = slice(centre - reach, centre + reach + 1)
    middle = raw[cut, cut] / overlap
    return middle / middle[reach, reach], reach


def _along_run(runs: Sequence[np.ndarray], axis: str) -> tuple[float, ...]:
    """Correlation along T or Z of what second differences in Y and X leave.

    Along T what does not change is removed with the mean of a run; the noise that goes
    with it is corrected for.
    """
    total, weight = np.zeros(N_LAGS + 1), 0
    for run in runs:
        rough = _difference(_difference(run, 1), 2)
        n = len(rough)
        if n < LEAST_T or not rough.any():
            continue
        if axis == "T":
            rough = rough - rough.mean(axis=0)
        blocks = np.stack([to_blocks(p, min(BLOCK_PX, *p.shape)) for p in rough])  # (n, M, pixels)
        blocks = blocks[:, _quiet((blocks**2).mean(axis=(0, 2)), least=1)]
        lags = np.arange(min(N_LAGS, n - 2) + 1)
        each = np.array([(blocks[: n - k] * blocks[k:]).mean() for k in lags])
        if each[0] <= 0:
            continue
        each = each / each[0]
        if axis == "T":
            each = _without_mean(each, n)
        total[: len(each)] += each * n
        weight += n
        reach = len(each)
    return tuple((total[1:reach] / weight).tolist()) if weight else ()


def _without_mean(lags: np.ndarray, n_frames: int) -> np.ndarray:
    """Correct for the noise that went with the mean of a run, in lags 0, 1, ... without it.

    Of white noise it is 1 / n of the power, of noise that lasts more: then the last lags,
    where none is left to share, lie as far below 0.
    """
    taken = 1 / n_frames
    far = lags[FAR_LAG:]
    if len(far) >= LEAST_T:
        below = -float(far.mean())
        taken = max(taken, below / (1 + below))
    return np.asarray(lags * (1 - taken) + taken)


def _difference(values: np.ndarray, axis: int) -> np.ndarray:
    """Fourth difference along an axis, which gets shorter by 4."""
    return np.diff(values, n=len(ACROSS) - 1, axis=axis)
