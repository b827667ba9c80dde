"""Default training on generated domes with known truth, beside the best simple filters.

For each seed: n2v-simulate, n2v-train with nothing but its defaults, n2v-denoise; then
PSNR outside strips, of the noisy dome, of the filters whose sizes were chosen with the
truth, and of ours. Prints a Markdown table.

    python benchmarks/quality_dome.py
    python benchmarks/quality_dome.py --seeds 0 --train --patch 16,64,64
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from sidebyside import Report, n2v_tools, parser


def main() -> None:
    options = parse()
    title = f"Default training on domes of {options.shape}, {options.photons:g} photons"
    with Report(title, "quality_dome", options.write) as report:
        if options.train:
            report.say(f"\nn2v-train {' '.join(options.train)}")
        report.columns(
            "seed", "noisy", "best 2D Gaussian", "best 2D median", "best 3D Gaussian", "n2v_tools",
            "gain", "over best 2D filter", "training (s)",
        )  # fmt: skip
        for seed in options.seeds:
            with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
                report.row(seed, *measure(Path(folder), seed, options))


def parse() -> argparse.Namespace:
    known = parser(__doc__, "quality_dome")
    known.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    known.add_argument("--shape", default="4,32,256,256")
    known.add_argument("--photons", type=float, default=11.0)
    known.add_argument("--scratch", help="folder for the files")
    known.add_argument(
        "--train", nargs=argparse.REMAINDER, default=[], help="what follows goes to n2v-train"
    )
    return known.parse_args()


def measure(folder: Path, seed: int, options: argparse.Namespace) -> list[str]:
    """The cells of a seed's row."""
    from n2v_tools.filters.yardstick import best_gaussian, best_gaussian_3d, best_median, know_truth
    from n2v_tools.io.reader import open_stack

    n2v_tools(
        "simulate", "dome", "--output", folder, "--name", "dome", "--shape", options.shape,
        "--photons", options.photons, "--seed", seed,
    )  # fmt: skip
    noisy_file = folder / "dome_noisy.tif"
    trained = n2v_tools(
        "train", "--stack", noisy_file, "--axes", "TZYX", "--models", folder / "models",
        "--model", "dome", "--seed", seed, *options.train,
    )  # fmt: skip
    n2v_tools("denoise", noisy_file, "--axes", "TZYX", "--model", folder / "models" / "dome")
    noisy, clean, ours = (
        np.asarray(open_stack(folder / name, "TZYX").array[:])
        for name in ("dome_noisy.tif", "dome_clean.tif", "dome_noisy_denoised.tif")
    )
    truth = know_truth(noisy, clean)
    filters = [find(noisy, truth) for find in (best_gaussian, best_median, best_gaussian_3d)]
    before, after = truth.psnr(noisy), truth.psnr(ours)
    cells = [f"{f.psnr:.2f} ({f.size})" for f in filters]
    over = after - max(f.psnr for f in filters[:2])
    return [
        f"{before:.2f}", *cells, f"{after:.2f}", f"{after - before:+.2f}", f"{over:+.2f}",
        f"{trained.seconds:.0f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
