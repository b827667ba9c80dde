"""Peak memory of every method for movies: a movie of 2 GB must not be held.

A movie of 1009 x 1024 x 1024 uint16 is generated frame by frame. Each method trains for a few
steps, which takes all the memory that a long training takes, and denoises it. Each command is
a process of its own; what a process takes that only loads the libraries is the base.

    python benchmarks/memory_movies.py --write
    python benchmarks/memory_movies.py --frames 100 --methods n2n
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from sidebyside import Ended, Report, measured, n2v_tools, parser, words

from n2v_tools.io.layout import Layout
from n2v_tools.io.writer import create_stack
from n2v_tools.methods.table import learning_rows

STILLS = {"n2v, planes": ["n2v"], "n2v, T as depth": ["n2v", "--patch", "16,64,64", "--depth", "T"]}
BASES = {  # what a command loads before it does anything
    "training": "from n2v_tools import keras_backend; keras_backend.load()",
    "denoising": "from n2v_tools import openvino_backend; openvino_backend.load()",
}
POOL = 16  # frames of noise that are shifted about


def main() -> None:
    options = parse()
    with (
        Report("Peak memory with movies", "memory_movies", options.write) as report,
        tempfile.TemporaryDirectory(dir=options.scratch) as name,
    ):
        movie = Path(name) / f"movie.{options.format}"
        make_movie(movie, options.frames, options.edge)
        bases = {what: measured("-c", code).peak_mb for what, code in BASES.items()}
        report.say(
            f"\nOne movie of {options.frames} x {options.edge} x {options.edge} px uint16 as "
            f"{movie.suffix}. MB above the base ({bases['training']:.0f} MB for training, "
            f"{bases['denoising']:.0f} MB for denoising), and seconds. Training is "
            f"{options.steps} steps: what it takes to begin."
        )
        report.columns(
            "method", "training (MB)", "(s)", "(s of CPU)", "denoising (MB)", "(s)", "(s of CPU)"
        )
        for label, method in chosen(options.methods).items():
            measure(label, method, movie, bases, options, report)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "memory_movies")
    known.add_argument("--frames", type=int, default=1009)
    known.add_argument("--edge", type=int, default=1024, help="of a frame, in pixels")
    known.add_argument("--steps", type=int, default=3, help="of each training")
    known.add_argument("--format", choices=("tif", "npy"), default="tif", help="of the movie")
    known.add_argument("--methods", type=words, help="some of them, by name")
    known.add_argument("--no-denoise", action="store_true", help="training only")
    known.add_argument("--scratch", help="folder for the files, 4 bytes a pixel")
    return known.parse_args()


def chosen(names: list[str] | None) -> dict[str, list[str]]:
    """Labels and words of the methods: those that learn from movies, then Noise2Void."""
    movies = {row.name: [row.name] for row in learning_rows() if row.data == "movie"}
    known = {**movies, **STILLS}
    unknown = set(names or ()) - {one[0] for one in known.values()}
    if unknown:
        sys.exit(f"--methods {','.join(unknown)}: known are {', '.join([*movies, 'n2v'])}")
    return {label: one for label, one in known.items() if not names or one[0] in names}


def make_movie(path: Path, n_frames: int, edge: int) -> None:
    """Still structure and noise that is new in each frame, written frame by frame."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:edge, :edge]
    still = (300 + 100 * np.sin(x / 9) * np.cos(y / 11)).astype(np.float32)
    noise = rng.normal(0, 60, (POOL, edge, edge)).astype(np.float32)

    def frame(t: int) -> np.ndarray:
        shifted = np.roll(noise[t % POOL], tuple(rng.integers(edge, size=2)), axis=(0, 1))
        return (still + shifted).clip(1, 65535).astype(np.uint16)

    if path.suffix == ".npy":
        whole = np.lib.format.open_memmap(path, "w+", np.uint16, shape=(n_frames, edge, edge))
        for t in range(n_frames):
            whole[t] = frame(t)
        return
    layout = Layout("TYX", {"T": n_frames, "Y": edge, "X": edge}, np.dtype(np.uint16))
    with create_stack(path, layout) as writer:
        for t in range(n_frames):
            writer.write({"T": t}, frame(t))


def measure(
    label: str,
    method: list[str],
    movie: Path,
    bases: dict[str, float],
    options: argparse.Namespace,
    report: Report,
) -> None:
    """One row: training on the movie and denoising it."""
    where = "--axes", "TYX", "--models", movie.parent, "--model", f"{method[0]}{len(method)}"
    trained = n2v_tools(
        "train", "--stack", movie, *where, "--method", *method, "--epochs", 1, "--steps",
        options.steps,
    )  # fmt: skip
    cells = as_cells(trained, bases["training"])
    if not options.no_denoise:
        denoised = n2v_tools("denoise", movie, *where, "--overwrite")
        movie.with_name("movie_denoised.tif").unlink()
        cells += as_cells(denoised, bases["denoising"])
    report.row(label, *cells, *[""] * (6 - len(cells)))


def as_cells(ended: Ended, base_mb: float) -> list[str]:
    return [f"{ended.peak_mb - base_mb:.0f}", f"{ended.seconds:.0f}", f"{ended.cpu_seconds:.0f}"]


if __name__ == "__main__":
    main()
