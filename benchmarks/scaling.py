"""How time and memory of n2v-denoise grow with the number of planes.

The command itself in a process of its own, on uint16 ZYX files with strips; net A with
random weights, since neither time nor memory depends on them.

    python benchmarks/scaling.py --write
    python benchmarks/scaling.py --planes 1,10 --edge 256
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from nets import denoising_precision
from sidebyside import HERE, Report, measured, n2v_tools, parser, spread, words

MOST_ROUNDS = 5
PLANES_IN_ALL = 300  # a row repeats its file at most so often that it restores these


def main() -> None:
    options = parse()
    with (
        Report("Denoising more planes", "scaling", options.write) as report,
        tempfile.TemporaryDirectory(dir=options.scratch) as name,
    ):
        folder = Path(name)
        measured(HERE / "n2v_side.py", "make", "A", folder / "net")
        report.say(
            f"\nPlanes of {options.edge} x {options.edge} px uint16, net A, `n2v-denoise "
            f"--precision {denoising_precision()}` from shell to file. Medians (lowest to "
            "highest); peak is resident memory of the process."
        )
        report.columns("planes", "runs", "wall (s)", "CPU (s)", "MPx/s", "peak (MB)")
        for n in map(int, options.planes):
            report.row(n, *restore(folder, n, options.edge))


def parse() -> argparse.Namespace:
    known = parser(__doc__, "scaling")
    known.add_argument("--planes", type=words, default=["1", "10", "100", "1000"])
    known.add_argument("--edge", type=int, default=512, help="of a plane, in pixels")
    known.add_argument("--scratch", help="folder for the files, 4 bytes a pixel")
    return known.parse_args()


def restore(folder: Path, n: int, edge: int) -> list[object]:
    """Denoise a file of `n` planes some times; the cells of its row."""
    source = folder / f"{n}.tif"
    write_planes(source, n, edge)
    command = ["denoise", source, "--model", folder / "net", "--overwrite"]
    command += ["--precision", denoising_precision()]
    rounds = max(1, min(MOST_ROUNDS, PLANES_IN_ALL // n))
    runs = [n2v_tools(*command) for _ in range(rounds)]
    for file in folder.glob(f"{n}*.tif"):
        file.unlink()
    walls = [run.seconds for run in runs]
    rate = n * edge**2 / 1e6 / statistics.median(walls)
    cpu = statistics.median(run.cpu_seconds for run in runs)
    peak = max(run.peak_mb for run in runs)
    return [rounds, spread(walls), f"{cpu:.2f}", f"{rate:.2f}", f"{peak:.0f}"]


def write_planes(path: Path, n: int, edge: int) -> None:
    """Noise with a strip, plane by plane."""
    plane = np.random.default_rng(0).normal(200, 40, (edge, edge)).clip(1).astype(np.uint16)
    plane[:, : edge // 20] = 0
    planes = (np.roll(plane, z, axis=0) for z in range(n))
    tifffile.imwrite(
        path, planes, shape=(n, edge, edge), dtype=np.uint16, imagej=True, metadata={"axes": "ZYX"}
    )


if __name__ == "__main__":
    main()
