"""Methods for movies on generated low-light calcium or voltage movies with known truth.

For each seed: n2v-simulate, then each method is trained on the noisy movie for as many minutes as
it is given, and denoises it. Quality is -10 log10(1 - r^2), r being the correlation with the truth:
of the whole movie, and of the part that moves, which is the movie less its mean over time. Beside
them stands the space-time Gaussian whose two sigmas were chosen with the truth, for each column
anew. Transients: the restored height of a cell's transients over the true one, and the lag at which
restored and true traces of cells agree best. Of voltage movies instead: how well spikes stand out
(d'), F1 of detections within 2 ms, each movie at its own best threshold, and their height over the
true one. Prints a Markdown table.

    python benchmarks/movies.py
    python benchmarks/movies.py --seeds 101 --methods video:10 n2v:10 --write
    python benchmarks/movies.py --kind voltage --shape 1000,96,96 --methods video:8 cellmincer:8
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks
from sidebyside import Report, n2v_tools, parser

from n2v_tools.measure.spikes import Cell, read_cells, score_spikes, traces_of

SIGMAS_T = (0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30)  # frames
SIGMAS_YX = (0, 0.5, 0.7, 1, 1.2, 1.4, 1.7, 2, 2.5)  # px
LEAST_HEIGHT = 0.3  # of a transient, over the rest of its cell
MOST_LAG = 15  # frames


HEADINGS = {
    "calcium": ("height of transients (%)", "lag (frames)"),
    "voltage": ("d'", "F1 (2 ms)", "height of spikes (%)"),
}
FRAME_S = 0.002  # of voltage movies


@dataclass(frozen=True)
class Spiking:
    """Cells of a voltage movie, and their traces in the truth."""

    cells: list[Cell]
    truth: np.ndarray  # (T, cells)


@dataclass(frozen=True)
class Cells:
    """Where cells lie, and when they have transients in the truth."""

    masks: list[tuple[np.ndarray, np.ndarray]]
    truth: np.ndarray  # (cells, T)
    peaks: list[np.ndarray]


def main() -> None:
    options = parse()
    kind = options.kind
    title = f"Methods on {kind} movies of {options.shape}, {options.photons:g} photons a pixel"
    with Report(title, "movies" if kind == "calcium" else kind, options.write) as report:
        report.columns(
            "seed", "method", "minutes", "whole (dB)", "moving (dB)", *HEADINGS[kind],
            "training (s)", "s per 1000 frames",
        )  # fmt: skip
        for seed in options.seeds:
            with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
                for row in measure(Path(folder), seed, options):
                    report.row(seed, *row)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "movies")
    known.add_argument("--kind", choices=list(HEADINGS), default="calcium")
    known.add_argument("--seeds", type=int, nargs="*", default=[101, 102])
    known.add_argument("--shape", default="300,256,256")
    known.add_argument("--photons", type=float, default=2.0)
    known.add_argument("--scratch", help="folder for the files")
    known.add_argument(
        "--methods",
        nargs="*",
        default=["video:10", "video:2", "n2v:10", "n2n:10", "deepcad:20"],
        help="METHOD:MINUTES, or METHOD:PRESET:MINUTES",
    )
    return known.parse_args()


def measure(folder: Path, seed: int, options: argparse.Namespace):
    """Yield the cells of each row of a seed."""
    n2v_tools(
        "simulate", options.kind, "--output", folder, "--name", "movie", "--shape", options.shape,
        "--photons", options.photons, "--seed", seed,
    )  # fmt: skip
    noisy, clean = (
        tifffile.imread(folder / f"movie_{kind}.tif").astype(np.float32)
        for kind in ("noisy", "clean")
    )
    table = folder / "movie_neurons.csv"
    cells = find_cells(table, clean) if options.kind == "calcium" else find_spiking(table, clean)
    yield "noisy", "", *scores(noisy, clean, cells), "", ""
    for name, restored in best_gaussians(noisy, clean):
        yield name, "", *scores(restored, clean, cells), "", ""
    del restored
    for method in options.methods:
        yield learned(folder, method, seed, clean, cells)


def learned(
    folder: Path, method: str, seed: int, clean: np.ndarray, cells: Cells | Spiking
) -> list[object]:
    """Train, denoise and score."""
    name, *preset, minutes = method.split(":")
    options = ["--patch", "64"] if name == "n2v" else []
    if preset:
        options += ["--preset", preset[0]]
    started = time.perf_counter()
    n2v_tools(
        "train", "--stack", folder / "movie_noisy.tif", "--axes", "TYX", "--method", name,
        "--models", folder / "models", "--model", name, "--minutes", minutes, "--seed", seed,
        "--overwrite", *options,
    )  # fmt: skip
    training_s = time.perf_counter() - started
    started = time.perf_counter()
    n2v_tools(
        "denoise", folder / "movie_noisy.tif", "--axes", "TYX", "--models", folder / "models",
        "--model", name, "--output", folder / name, "--dtype", "float32", "--overwrite",
    )  # fmt: skip
    seconds = (time.perf_counter() - started) / len(clean) * 1000
    restored = tifffile.imread(folder / name / "movie_noisy_denoised.tif")
    words = f"{name} 2D" if name == "n2v" else " ".join([name, *preset])
    return [words, minutes, *scores(restored, clean, cells), f"{training_s:.0f}", f"{seconds:.0f}"]


def scores(restored: np.ndarray, clean: np.ndarray, cells: Cells | Spiking) -> list[str]:
    """Whole, moving, and what `HEADINGS` name, as text."""
    moving = decibels(restored - restored.mean(axis=0), clean - clean.mean(axis=0))
    both = [f"{decibels(restored, clean):.2f}", f"{moving:.2f}"]
    if isinstance(cells, Spiking):
        found = score_spikes(traces_of(restored, cells.cells), cells.truth, cells.cells, FRAME_S)
        return [*both, f"{found.d_prime:.2f}", f"{found.f1:.3f}", f"{found.height_percent:.1f}"]
    height, lag = transients(restored, cells)
    return [*both, f"{height:.1f}", f"{lag:.2f}"]


def find_spiking(path: Path, clean: np.ndarray) -> Spiking:
    """Cells of a voltage movie, from the table beside it."""
    cells = read_cells(path)
    return Spiking(cells, traces_of(clean, cells))


def decibels(restored: np.ndarray, clean: np.ndarray) -> float:
    """-10 log10(1 - r^2)."""
    a, b = (one - one.mean(dtype=np.float64) for one in (restored, clean))
    shared = np.vdot(a, b) ** 2 / (np.vdot(a, a) * np.vdot(b, b))
    return float(-10 * np.log10(1 - shared))


def best_gaussians(noisy: np.ndarray, clean: np.ndarray):
    """Yield name and movie of the Gaussian that is best for the whole, and for what moves."""
    moving = clean - clean.mean(axis=0)
    best: dict[str, tuple[float, float, float]] = {}
    for t in SIGMAS_T:
        along = gaussian_filter1d(noisy, t, axis=0) if t else noisy
        for yx in SIGMAS_YX:
            smooth = _in_space(along, yx)
            found = {
                "whole": decibels(smooth, clean),
                "moving": decibels(smooth - smooth.mean(axis=0), moving),
            }
            for name, value in found.items():
                best[name] = max(best.get(name, (-np.inf, 0, 0)), (value, t, yx))
    for name, (_, t, yx) in best.items():
        along = gaussian_filter1d(noisy, t, axis=0) if t else noisy
        yield f"Gaussian, best for {name} ({t:g} frames, {yx:g} px)", _in_space(along, yx)


def _in_space(movie: np.ndarray, sigma: float) -> np.ndarray:
    if not sigma:
        return movie
    return gaussian_filter1d(gaussian_filter1d(movie, sigma, axis=1), sigma, axis=2)


def find_cells(path: Path, clean: np.ndarray) -> Cells:
    """Discs of cells within the field, their true traces and transients."""
    height, width = clean.shape[1:]
    rows, columns = np.mgrid[:height, :width]
    masks, truth, peaks = [], [], []
    with open(path, newline="") as file:
        for cell in csv.DictReader(file):
            y, x, radius = (float(cell[key]) for key in ("y", "x", "radius"))
            mask = np.nonzero((rows - y) ** 2 + (columns - x) ** 2 <= radius**2)
            if not len(mask[0]):
                continue
            trace = clean[:, mask[0], mask[1]].mean(axis=1)
            rest = np.percentile(trace, 20)
            found, _ = find_peaks(trace, prominence=LEAST_HEIGHT * rest)
            if len(found):
                masks.append(mask)
                truth.append(trace)
                peaks.append(found)
    return Cells(masks, np.array(truth), peaks)


def transients(restored: np.ndarray, cells: Cells) -> tuple[float, float]:
    """Mean height of transients in percent of the true one, and mean size of the lag."""
    heights, lags = [], []
    for mask, true, peaks in zip(cells.masks, cells.truth, cells.peaks, strict=True):
        trace = restored[:, mask[0], mask[1]].mean(axis=1)
        rest, true_rest = np.percentile(trace, 20), np.percentile(true, 20)
        heights += ((trace[peaks] - rest) / (true[peaks] - true_rest)).tolist()
        a, b = trace - trace.mean(), true - true.mean()
        alike = [
            np.dot(a[max(lag, 0) : len(a) + min(lag, 0)], b[max(-lag, 0) : len(b) - max(lag, 0)])
            for lag in range(-MOST_LAG, MOST_LAG + 1)
        ]
        lags.append(abs(int(np.argmax(alike)) - MOST_LAG))
    return 100 * float(np.mean(heights)), float(np.mean(lags))


if __name__ == "__main__":
    main()
