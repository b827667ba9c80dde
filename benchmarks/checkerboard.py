"""Whether restored images carry a checkerboard, by their spectrum.

Pooling and up-sampling leave patterns with periods of 2, 4 or 8 pixels, which stand in the
power spectrum as points at multiples of 1/8 of a cycle per pixel. Each point is compared
with its surroundings; the highest ratio is shown beside that of the noisy and the clean
image, where it is chance. A pattern of 1 % of the image's deviation, added to what was
restored, shows what the ratio would be if there were one.

    python benchmarks/checkerboard.py --write
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from sidebyside import SHARED_DATA, Report, n2v_tools, parser

PERIOD = 8  # of the deepest pooling, in pixels
NEAR, FAR = 1, 12  # frequencies counted to a point, and to its surroundings


def main() -> None:
    options = parse()
    sources = sorted((options.shared_data / "pairs").glob("*_noisy.tif"))
    with (
        Report("Checkerboards", "checkerboard", options.write) as report,
        tempfile.TemporaryDirectory() as name,
    ):
        if not sources:
            report.say("\nLeft out, for pairs/ is not here (--shared-data).")
        report.say(
            f"\nHighest power at a multiple of 1/{PERIOD} cycle per pixel over that of its "
            f"surroundings. n2v-train {' '.join(options.train)}, each image on itself."
        )
        report.columns("image", "clean", "noisy", "restored", "restored + pattern of 1 %")
        for path in sources:
            stem = path.name.removesuffix("_noisy.tif")
            noisy = tifffile.imread(path).astype(np.float32)
            clean = tifffile.imread(path.with_name(f"{stem}_clean.tif")).astype(np.float32)
            ours = restore(path, Path(name), stem, options.train)
            pattern = 0.01 * ours.std() * (-1.0) ** np.add.outer(*map(np.arange, ours.shape))
            images = (clean, noisy, ours, ours + pattern)
            report.row(stem, *(f"{highest_point(image):.1f}" for image in images))


def parse() -> argparse.Namespace:
    known = parser(__doc__, "checkerboard")
    known.add_argument("--shared-data", type=Path, default=SHARED_DATA, help="holds pairs/")
    known.add_argument("--train", type=str.split, default=["--minutes", "1"], help="options")
    return known.parse_args()


def restore(path: Path, folder: Path, name: str, train: list[str]) -> np.ndarray:
    """Train on one image and denoise it."""
    n2v_tools("train", "--stack", path, "--models", folder, "--model", name, *train)
    target = folder / f"{name}_out"
    n2v_tools("denoise", path, "--model", folder / name, "--output", target, "--dtype", "float32")
    return tifffile.imread(next(target.glob("*.tif"))).astype(np.float64)


def highest_point(image: np.ndarray) -> float:
    """Highest mean power at a lattice point over the median power around it."""
    window = np.outer(*(np.hanning(n) for n in image.shape))
    power = np.abs(np.fft.fft2((image - image.mean()) * window)) ** 2
    ratios = []
    for place in itertools.product(range(PERIOD // 2 + 1), repeat=2):
        if place == (0, 0):
            continue
        centre = [n * k // PERIOD for n, k in zip(image.shape, place, strict=True)]
        near = np.arange(-FAR, FAR + 1)
        rows, columns = ((near + c) % n for c, n in zip(centre, image.shape, strict=True))
        around = power[np.ix_(rows, columns)]
        point = slice(FAR - NEAR, FAR + NEAR + 1)
        ratios.append(around[point, point].mean() / np.median(around))
    return float(max(ratios))


if __name__ == "__main__":
    main()
