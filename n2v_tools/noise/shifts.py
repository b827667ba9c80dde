"""Shifts of the whole field of a movie.

Frames are registered against the mean of the movie, after a band-pass that leaves neither
the unevenness of the light nor the finest noise. Where one frame shows too little, runs of
4, 16 or 64 are averaged first. Each shift is measured twice, against either half of the
mean picture: what the halves disagree by is the error.

Tests: ``tests/noise/test_changes.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import fft

from .blocks import middle
from .robust import Confidence, deviation

RUNS = (1, 4, 16, 64)  # frames that are averaged
PLACES = 32  # of pairs of successive runs, evenly spread over the movie
MOST_PX = 128  # edge of the part that is registered, in pixels of the thumbnails
LEAST_PX = 16
FINE, COARSE = 1.5, 8.0  # deviations of the band-pass, in such pixels
FARTHEST = 0.25  # share of the edge that is searched
TURNS = 2  # the mean is made anew with the frames in place
GOOD, FAIR = 0.3, 1.0  # errors in pixels of the movie
LEAST_MOVED_PX = 1.0
CLEARLY = 10.0  # errors that the range of still frames stays below
LEAST_RUNS = 4
LEAST_FOUND = 0.8  # share of the pictures in which the field was found
NEARBY = 16  # frames
OUTLYING = 5.0  # errors by which halves disagree where the field was not found


@dataclass(frozen=True)
class Shifts:
    """Where the field is in some runs of frames."""

    run: int = 1  # frames averaged into one
    # float64, shape (N,): middle of each run
    frames: np.ndarray = field(default_factory=lambda: np.empty(0))
    # float64, shape (N, 2): shift along Y and X from the mean position, in pixels
    px: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    error_px: float = float("inf")  # of one shift along one axis
    range_px: float = 0.0  # farthest between any two
    # usual distance within 16 frames, beyond the errors: what blurs in a method that looks through
    # time
    nearby_px: float = 0.0
    confidence: Confidence = "cannot tell"
    reason: str = "too little can be seen in the frames"

    @property
    def moves(self) -> bool | None:
        """Whether the field moves; None if that is unknown."""
        if self.confidence == "cannot tell":
            return None
        return self.range_px > max(LEAST_MOVED_PX, CLEARLY * self.error_px)


class Runs:
    """Averages runs of frames as they come, for `measure_shifts`.

    `shape` is Y and X of a thumbnail; `factor` pixels of the movie lie along one of a thumbnail.
    """

    def __init__(self, n_frames: int, shape: tuple[int, int], factor: int) -> None:
        self.factor = factor
        self.n_frames = n_frames
        self._crop = tuple(middle(size, MOST_PX) for size in shape)
        self._starts = {run: _starts(run, n_frames) for run in RUNS if n_frames >= 8 * run}
        self._sums: dict[int, dict[int, np.ndarray]] = {run: {} for run in self._starts}

    def add(self, frame: int, thumbnail: np.ndarray) -> None:
        """Take the thumbnail of a frame."""
        part = thumbnail[self._crop]
        for run, starts in self._starts.items():
            at = int(np.searchsorted(starts, frame, side="right")) - 1
            if at < 0 or frame >= starts[at] + run:
                continue
            start = int(starts[at])
            if start in self._sums[run]:
                self._sums[run][start] += part
            else:
                self._sums[run][start] = part.astype(np.float32)

    def shifts(self, scene: range, breaks: Sequence[int] = ()) -> Shifts:
        """Register the runs of one scene: the shortest that show the shift well.

        Frames of `scene` count; runs over `breaks` are left out.
        """
        best = Shifts()
        for run, sums in self._sums.items():
            starts = [s for s in sums if s in scene and s + run - 1 in scene]
            starts = [s for s in starts if not any(s <= t <= s + run for t in breaks)]
            if len(starts) < LEAST_RUNS or min(sums[starts[0]].shape) < LEAST_PX:
                continue
            pictures = np.stack([sums[start] / run for start in starts])
            found = measure_shifts(pictures, np.array(starts) + (run - 1) / 2, run, self.factor)
            if found.error_px < best.error_px:
                best = found
            if best.error_px < GOOD:
                break
        return best


def measure_shifts(
    pictures: np.ndarray, frames: np.ndarray, run: int = 1, factor: int = 1
) -> Shifts:
    """Register pictures of one field, shape (N, Y, X) and in order of time, against their mean.

    `frames`: when each was taken. `run` frames were averaged into one; `factor` pixels of the movie
    lie along one of a picture.
    """
    flat = pictures - pictures.mean(axis=(1, 2), keepdims=True)
    spectra = fft.rfft2(flat.astype(np.float32)) * _band(flat.shape[1:])
    parts = _checkerboard(flat.shape[1:])
    shifts = np.zeros((len(pictures), 2))
    for _ in range(TURNS):
        found = _register(spectra, shifts, parts)
        shifts = found[0]
    apart = (found[1] - found[2]) / 2
    apart = apart - np.median(apart, axis=0)
    error = deviation(apart, 0.0) * factor
    good = np.abs(apart).max(axis=1) * factor <= max(OUTLYING * error, 0.05)
    shifts = (shifts - np.median(shifts[good], axis=0)) * factor
    if good.mean() < LEAST_FOUND:
        return Shifts(run, error_px=float("inf"))
    return _judged(shifts[good], frames[good], run, error)


def _register(spectra: np.ndarray, shifts: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Shifts against the mean of all others: shape (3, N, 2); of all, and of two halves of it.

    `shifts` are those known so far, by which the pictures are put in place for the mean.
    """
    shape = parts.shape[1:]
    aligned = spectra * _moved(-shifts, shape)
    total = aligned.sum(axis=0)
    if shifts.any():
        parts = parts * _stillness(aligned, shape)
    found = np.empty((1 + len(parts), len(spectra), 2))
    for number, (spectrum, own) in enumerate(zip(spectra, aligned, strict=True)):
        # A picture's own noise in the mean would hold it where it is.
        mean = fft.irfft2(total - own, shape)
        seen = spectrum * np.conj(fft.rfft2(mean * parts))
        alike = fft.irfft2(seen, shape)
        found[0, number] = _peak(alike.sum(axis=0))
        found[1:, number] = [_peak(one) for one in alike]
    return found


def _stillness(aligned: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Weight of each pixel, 1 or less: cells that light up must not look like motion."""
    total, squares = np.zeros(shape), np.zeros(shape)
    for spectrum in aligned:
        picture = fft.irfft2(spectrum, shape)
        total += picture
        squares += picture * picture
    change = squares / len(aligned) - (total / len(aligned)) ** 2
    usual = float(np.median(change))
    return np.asarray(usual / np.maximum(change, max(usual, 1e-300)), np.float32)


def _peak(alike: np.ndarray) -> tuple[float, float]:
    """Place of the maximum near lag 0, by parabolas: Y, X."""
    reach = [int(FARTHEST * size) for size in alike.shape]
    near = np.roll(alike, reach, axis=(0, 1))[: 2 * reach[0] + 1, : 2 * reach[1] + 1]
    inner = near[1:-1, 1:-1]
    y, x = (int(place) + 1 for place in np.unravel_index(int(inner.argmax()), inner.shape))
    down, along = near[y - 1 : y + 2, x].tolist(), near[y, x - 1 : x + 2].tolist()
    return y - reach[0] + _vertex(*down), x - reach[1] + _vertex(*along)


def _vertex(before: float, middle: float, after: float) -> float:
    """Place of the top of the parabola through three values; -0.5 to 0.5."""
    bend = before - 2 * middle + after
    return min(max((before - after) / (2 * bend), -0.5), 0.5) if bend else 0.0


def _moved(shifts: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Factors of spectra that move pictures by `shifts` (N, 2): complex64."""
    y, x = fft.fftfreq(shape[0]), fft.rfftfreq(shape[1])
    turns = shifts[:, 0, None, None] * y[:, None] + shifts[:, 1, None, None] * x
    return np.exp(-2j * np.pi * turns).astype(np.complex64)


def _band(shape: tuple[int, ...]) -> np.ndarray:
    """What the spectra keep: neither the finest noise nor the unevenness of the light."""
    square = fft.fftfreq(shape[0])[:, None] ** 2 + fft.rfftfreq(shape[1]) ** 2
    coarse = min(COARSE, min(shape) / 8)
    fine, wide = (np.exp(-2 * (np.pi * sigma) ** 2 * square) for sigma in (FINE, coarse))
    return np.asarray(fine * (1 - wide), np.float32)


def _checkerboard(shape: tuple[int, ...]) -> np.ndarray:
    """Two halves of the field without its margin, in squares: float32, shape (2, Y, X)."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    white = (4 * y // shape[0] + 4 * x // shape[1]) % 2
    inside = np.zeros(shape, np.float32)
    margin = [size // 8 for size in shape]
    inside[margin[0] : shape[0] - margin[0], margin[1] : shape[1] - margin[1]] = 1
    return np.stack([white * inside, (1 - white) * inside]).astype(np.float32)


def _judged(px: np.ndarray, frames: np.ndarray, run: int, error: float) -> Shifts:
    """What these shifts say; those in doubt are left out already."""
    if error > FAIR or len(px) < LEAST_RUNS:
        return Shifts(run, error_px=error)
    apart = px[:, None] - px[None]
    return Shifts(
        run,
        frames,
        px,
        error,
        float(np.sqrt((apart**2).sum(axis=2).max())),
        _nearby(px, frames, error),
        "high" if error < GOOD else "low",
        "" if error < GOOD else "little can be seen in the frames",
    )


def _nearby(px: np.ndarray, frames: np.ndarray, error: float) -> float:
    """Usual distance between neighbours in `frames`, scaled down where they are farther apart."""
    gaps = np.diff(frames)
    squares = (np.diff(px, axis=0) ** 2).sum(axis=1) - 4 * error**2
    near, far = gaps <= NEARBY, gaps > NEARBY
    at_once = float(squares[near].mean()) if near.any() else 0.0
    slowly = float((squares[far] * (NEARBY / gaps[far]) ** 2).mean()) if far.any() else 0.0
    return max(at_once, slowly, 0.0) ** 0.5


def _starts(run: int, n_frames: int) -> np.ndarray:
    """First frames of pairs of successive runs, spread evenly over the movie."""
    n_places = min(PLACES, n_frames // (2 * run))
    places = np.linspace(0, n_frames - 2 * run, n_places).astype(int)
    return np.stack([places, places + run], axis=1).ravel()
