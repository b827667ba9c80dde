"""Spikes of cells whose places and times are known: how well a movie shows them.

A cell's trace is the mean over its body, less its running median. A detection is a local maximum
above a threshold, one for all cells and the one that serves each movie best, so that no movie is
judged by a threshold made for another.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter

from ..errors import StackError

TOLERANCE_S = 0.002  # between a detection and its spike
MEDIAN_S = 0.03  # of the running median
APART_S = 0.006  # from any spike, of what counts as no spike
THRESHOLDS, MOST_DETECTIONS = 200, 4  # that are tried; times the number of spikes
COLUMNS = ("y", "x", "radius", "spike_seconds")
MOST_CELLS, MOST_CHARACTERS = 100_000, 10**7
LARGEST_PX = 1e6


@dataclass(frozen=True, eq=False)
class Cell:
    """Where a cell is, in pixels, and when it spiked, in seconds since frame 0."""

    y: float
    x: float
    radius: float
    spikes: np.ndarray  # float64, sorted


@dataclass(frozen=True)
class SpikeScores:
    """How well one movie shows the spikes of all cells together."""

    d_prime: float  # of heights at spikes against those elsewhere, mean over cells
    f1: float
    precision: float
    recall: float
    height_percent: float  # of spikes, of that in the truth
    n_spikes: int


def read_cells(path: Path) -> list[Cell]:
    """Read a table of cells, as ``n2v-simulate`` writes it; StackError if it is anything else."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path}: the table of cells cannot be read ({error}).") from None
    if len(text) > MOST_CHARACTERS:
        raise StackError(f"{path}: a table of cells has {MOST_CHARACTERS} characters at most.")
    csv.field_size_limit(MOST_CHARACTERS)
    rows = csv.DictReader(text.splitlines())
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise StackError(
            f"{path}: there is no column {missing[0]}; a table of cells has {', '.join(COLUMNS)}, "
            "as NAME_neurons.csv of n2v-simulate."
        )
    cells = []
    for number, row in enumerate(rows, start=2):
        try:
            y, x, radius = (float(row[key]) for key in COLUMNS[:3])
            spikes = np.sort([float(one) for one in (row["spike_seconds"] or "").split()])
        except (TypeError, ValueError):
            raise StackError(f"{path}: line {number} does not hold numbers.") from None
        if not (np.abs([y, x, radius, *spikes]) < LARGEST_PX).all() or radius <= 0:
            raise StackError(f"{path}: line {number} holds a number that cannot be.")
        cells.append(Cell(y, x, radius, spikes))
    if not cells or len(cells) > MOST_CELLS:
        raise StackError(f"{path}: a table of cells has 1 to {MOST_CELLS} rows.")
    return cells


def traces_of(frames: Iterable[np.ndarray], cells: Sequence[Cell]) -> np.ndarray:
    """Mean of each frame (Y, X) over each cell: float64, shape (T, N); NaN outside the field."""
    masks: list[tuple[np.ndarray, ...]] = []
    traces = []
    for frame in frames:
        if not masks:
            rows, columns = np.ogrid[: frame.shape[0], : frame.shape[1]]
            masks = [
                np.nonzero((rows - cell.y) ** 2 + (columns - cell.x) ** 2 <= cell.radius**2)
                for cell in cells
            ]
        traces.append(
            [frame[mask].mean(dtype=np.float64) if len(mask[0]) else math.nan for mask in masks]
        )
    return np.array(traces)


def score_spikes(
    traces: np.ndarray, truth: np.ndarray, cells: Sequence[Cell], frame_s: float
) -> SpikeScores:
    """Measure how well traces (T, N) show the spikes of cells; `truth` are those of a clean movie.

    StackError if no cell of the field spikes during the movie.
    """
    reach = max(1, int(TOLERANCE_S / frame_s))
    heights, marks, found, scales = [], [], [], []
    for trace, clean, cell in zip(traces.T, truth.T, cells, strict=True):
        frames = np.unique((cell.spikes / frame_s).astype(int))
        frames = frames[(frames >= 0) & (frames < len(trace))]
        if not np.isfinite(clean).all() or not len(frames):
            continue
        high, true = _above_median(trace, frame_s), _above_median(clean, frame_s)
        scale = 1.4826 * float(np.median(np.abs(high))) or 1.0
        heights.append((high, true, frames))
        found.append(_maxima(high / scale))
        marks.append(cell.spikes[(cell.spikes >= 0) & (cell.spikes < len(trace) * frame_s)])
        scales.append(scale)
    if not marks:
        raise StackError("no cell of the table lies in the field and spikes during the movie.")
    hits, wrong, missed = _best_threshold(found, marks, frame_s)
    both = [_heights(*one, reach) for one in heights]
    shown, true = (np.concatenate(one) for one in zip(*both, strict=True))
    return SpikeScores(
        d_prime=float(
            np.mean([_d_prime(high, frames, reach, frame_s) for high, _, frames in heights])
        ),
        f1=2 * hits / max(2 * hits + wrong + missed, 1),
        precision=hits / max(hits + wrong, 1),
        recall=hits / max(hits + missed, 1),
        height_percent=100 * float(shown @ true / max(true @ true, 1e-30)),
        n_spikes=sum(map(len, marks)),
    )


def _above_median(trace: np.ndarray, frame_s: float) -> np.ndarray:
    n_frames = 2 * max(2, round(MEDIAN_S / frame_s / 2)) + 1
    return np.asarray(trace - median_filter(trace, n_frames, mode="nearest"))


def _maxima(high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames and heights of local maxima."""
    before, after = np.r_[-np.inf, high[:-1]], np.r_[high[1:], -np.inf]
    frames = np.flatnonzero((high > before) & (high >= after))
    return frames, high[frames]


def _best_threshold(
    found: Sequence[tuple[np.ndarray, np.ndarray]], marks: Sequence[np.ndarray], frame_s: float
) -> tuple[int, int, int]:
    """Hits, wrong detections and missed spikes at the threshold with the best F1."""
    n_spikes = sum(map(len, marks))
    every = np.sort(np.concatenate([heights for _, heights in found]))[::-1]
    # Of more detections than several times the spikes most are wrong, whichever they are.
    possible = np.unique(every[every > 0][: MOST_DETECTIONS * n_spikes])
    best, best_f1 = (0, 0, n_spikes), -1.0
    for threshold in possible[:: max(1, len(possible) // THRESHOLDS)]:
        hits = wrong = missed = 0
        for (frames, heights), spikes in zip(found, marks, strict=True):
            times = (frames[heights >= threshold] + 0.5) * frame_s
            n = matches(times, spikes)
            hits, wrong, missed = hits + n, wrong + len(times) - n, missed + len(spikes) - n
        f1 = 2 * hits / max(2 * hits + wrong + missed, 1)
        if f1 > best_f1:
            best, best_f1 = (hits, wrong, missed), f1
    return best


def matches(times: np.ndarray, spikes: np.ndarray, tolerance_s: float = TOLERANCE_S) -> int:
    """How many detections and spikes, both sorted, are pairs: each belongs to one at most."""
    i = j = n = 0
    while i < len(times) and j < len(spikes):
        if abs(times[i] - spikes[j]) <= tolerance_s + 1e-9:
            i, j, n = i + 1, j + 1, n + 1
        elif times[i] < spikes[j]:
            i += 1
        else:
            j += 1
    return n


def _heights(
    high: np.ndarray, true: np.ndarray, frames: np.ndarray, reach: int
) -> tuple[np.ndarray, np.ndarray]:
    """Heights of a movie and of the truth where the truth is highest near each spike."""
    near = np.clip(frames[:, np.newaxis] + np.arange(reach + 1), 0, len(true) - 1)
    peaks = near[np.arange(len(near)), true[near].argmax(axis=1)]
    return high[peaks], true[peaks]


def _d_prime(high: np.ndarray, frames: np.ndarray, reach: int, frame_s: float) -> float:
    """Difference of the highest values near spikes and elsewhere, over their deviation."""
    near = np.lib.stride_tricks.sliding_window_view(np.r_[high, [high[-1]] * reach], reach + 1)
    highest = near.max(axis=1)
    apart = max(1, math.ceil(APART_S / frame_s))
    free = np.ones(len(high), bool)
    for frame in frames:
        free[max(0, frame - apart) : frame + apart + 1] = False
    spikes, others = highest[frames], highest[free]
    if len(others) < 2:
        return math.nan
    deviation = math.sqrt((float(spikes.var()) + float(others.var())) / 2)
    return float((spikes.mean() - others.mean()) / max(deviation, 1e-12))
