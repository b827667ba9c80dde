"""Movies: frames per second of n2v-denoise for every method, beside the original DeepCAD-RT.

Each row is one run of the command, from shell to file, on a movie of noise, with the weights
of a single training step: speed does not depend on them. The original's network runs in
PyTorch, float32, on its published tiles (150 x 150 x 150, overlap 0.6); one tile is timed,
and a movie costs as many as its program cuts. Both sides run in turn. Where others use the
machine at the same time, CPU seconds, over all cores, say more than wall time.

    python benchmarks/realtime.py --write
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from sidebyside import HERE, Ended, Player, Report, n2v_tools, n_cores, parser, spread, words

from n2v_tools.methods.deepcad.original import OriginalSettings, cover_axis
from n2v_tools.methods.table import learning_rows

PYTORCH = HERE.parent / ".venv-careamics" / "bin" / "python"
CHECKED = {"mean": -0.512380, "first": -0.310414, "parameters": 1_020_337}
CALM = ["--epochs", 1, "--steps", 1, "--patches", 2, "--validation", 0]


@dataclass(frozen=True)
class Row:
    """Presets of one method that predict with the same network."""

    method: str
    presets: tuple[str, ...]
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For the table and the model's folder."""
        return f"{self.method} {'T as depth ' if self.options else ''}{', '.join(self.presets)}"


def main() -> None:
    options = parse()
    rows = [row for row in all_rows() if not options.methods or row.method in options.methods]
    if not PYTORCH.exists():
        sys.exit("PyTorch's environment is missing: make careamics")
    with (
        Report("Movies in real time", "realtime", options.write) as report,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        shape = (options.frames, options.edge, options.edge)
        movie = np.random.default_rng(0).poisson(100, shape).astype(np.uint16)
        tifffile.imwrite(folder / "movie.tif", movie, imagej=True, metadata={"axes": "TYX"})
        original = Player(HERE / "deepcad_side.py", python=PYTORCH)
        told = original.ask("check")
        require_same_network(told)
        ours, tiles = take_turns(rows, original, folder, options.rounds)
        original.end()
        write_table(report, shape, ours, tiles, told)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "realtime")
    known.add_argument("--rounds", type=int, default=3)
    known.add_argument("--frames", type=int, default=300)
    known.add_argument("--edge", type=int, default=490)
    known.add_argument("--methods", type=words, help="some of the table's, such as deepcad,n2v")
    return known.parse_args()


def all_rows() -> list[Row]:
    """Every method of the table with its presets; those that share a network share a row."""
    rows = []
    for row in learning_rows():
        method, kind = row.name, row.load("method")
        nets: dict[object, list[str]] = {}
        for preset, changes in kind.presets.items():
            settings = kind().settings
            made = kind(type(settings)(**{**vars(settings), **changes}))
            nets.setdefault(made.net_settings(n_channels=1), []).append(preset)
        rows += [Row(method, tuple(presets)) for presets in nets.values()]
    return [*rows, Row("n2v", ("default",), ("--patch", "16,64,64", "--depth", "T"))]


def require_same_network(told: dict) -> None:
    """Exit unless the PyTorch network is the original's, by a published test vector."""
    for key, value in CHECKED.items():
        if not math.isclose(told[key], value, abs_tol=1e-5):
            sys.exit(f"deepcad_side.py: {key} is {told[key]}, not {value}: another network")


def take_turns(
    rows: list[Row], original: Player, folder: Path, rounds: int
) -> tuple[dict[Row, list[Ended]], list[dict]]:
    """Run each row and one tile of the original in turn; what each took."""
    movie = folder / "movie.tif"
    for row in rows:
        n2v_tools(
            "train", "--stack", movie, "--models", folder, "--model", model_of(row, rows),
            "--method", row.method, "--preset", row.presets[0], *row.options, *CALM,
        )  # fmt: skip
    edge = OriginalSettings().patch_px[0]
    original.ask(f"tile {edge}")  # the first finds its algorithms
    ours: dict[Row, list[Ended]] = {row: [] for row in rows}
    tiles = []
    for _ in range(rounds):
        for row in rows:
            ours[row].append(
                n2v_tools(
                    "denoise", movie, "--models", folder, "--model", model_of(row, rows),
                    "--overwrite",
                )
            )  # fmt: skip
            tiles.append(original.ask(f"tile {edge}"))
    return ours, tiles


def model_of(row: Row, rows: list[Row]) -> str:
    return f"model_{rows.index(row)}"


def tiles_of_the_original(shape: tuple[int, ...]) -> int:
    """How many tiles the original cuts a movie into."""
    settings = OriginalSettings()
    edges = map(min, settings.patch_px, shape)
    pieces = (
        cover_axis(size, edge, settings.overlap) for size, edge in zip(shape, edges, strict=True)
    )
    return math.prod(map(len, pieces))


def write_table(
    report: Report,
    shape: tuple[int, ...],
    ours: dict[Row, list[Ended]],
    tiles: list[dict],
    told: dict,
) -> None:
    n_frames, n_tiles = shape[0], tiles_of_the_original(shape)
    report.say(
        f"\nA movie of {n_frames} frames of {shape[1]} x {shape[2]}, uint16, from shell to file, "
        f"default memory; medians of {len(next(iter(ours.values())))} runs, lowest and highest in "
        f"brackets. The original's network: PyTorch {told['torch']}, float32, {told['threads']} "
        f"threads, {n_tiles} tiles a movie, its own reading, stitching and writing not counted. By "
        f"CPU: frames per CPU second times {n_cores()} cores, what an idle machine would do."
    )
    report.columns(
        "", "frames/s", "frames/s by CPU", "x original", "x original by CPU", "peak (MB)"
    )
    wall = statistics.median(one["seconds"] for one in tiles) * n_tiles
    cpu = statistics.median(one["cpu_seconds"] for one in tiles) * n_tiles
    report.row(
        "original DeepCAD-RT, PyTorch",
        f"{n_frames / wall:.3f}",
        f"{n_frames / cpu * n_cores():.3f}",
        "1",
        "1",
        "",
    )
    for row, runs in ours.items():
        walls = [one.seconds for one in runs]
        cpus = [one.cpu_seconds for one in runs]
        report.row(
            row.name,
            spread([n_frames / seconds for seconds in walls]),
            spread([n_frames / seconds * n_cores() for seconds in cpus]),
            f"{wall / statistics.median(walls):.1f}",
            f"{cpu / statistics.median(cpus):.1f}",
            f"{max(one.peak_mb for one in runs):.0f}",
        )
    print(json.dumps({"tile_cpu_seconds": [one["cpu_seconds"] for one in tiles]}), file=sys.stderr)


if __name__ == "__main__":
    main()
