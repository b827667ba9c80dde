"""Default training on generated domes with known truth, beside the best simple filters.

For each seed: n2v-simulate, n2v-train with nothing but its defaults, n2v-denoise; then
PSNR outside strips, of the noisy dome, of the filters whose sizes were chosen with the
truth, and of ours. Prints a Markdown table.

    python benchmarks/quality_dome.py
    python benchmarks/quality_dome.py --seeds 0 --train --patch 16,64,64
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np


def main() -> None:
    options, train_options = parse()
    print(
        f"{date.today()}, {platform.machine()}, {platform.system()} {platform.release()}, ", end=""
    )
    print(
        f"dome {options.shape}, {options.photons:g} photons, n2v-train {' '.join(train_options)}\n"
    )
    print(
        "| seed | noisy | best 2D Gaussian | best 2D median | best 3D Gaussian | n2v_tools | ",
        end="",
    )
    print("gain | over best 2D filter | training (s) |")
    print("|---|---|---|---|---|---|---|---|---|")
    for seed in options.seeds:
        with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
            print(measure(Path(folder), seed, options, train_options), flush=True)


def parse() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--shape", default="4,32,256,256")
    parser.add_argument("--photons", type=float, default=11.0)
    parser.add_argument("--scratch", help="folder for the files")
    parser.add_argument(
        "--train", nargs=argparse.REMAINDER, default=[], help="what follows goes to n2v-train"
    )
    options = parser.parse_args()
    return options, options.train


def measure(folder: Path, seed: int, options: argparse.Namespace, train_options: list[str]) -> str:
    from n2v_tools.io import open_stack
    from n2v_tools.jobs.yardstick import best_gaussian, best_gaussian_3d, best_median, know_truth

    n2v_tools(
        "simulate", "dome", "--output", folder, "--name", "dome", "--shape", options.shape,
        "--photons", options.photons, "--seed", seed,
    )  # fmt: skip
    noisy_file = folder / "dome_noisy.tif"
    began = time.monotonic()
    n2v_tools(
        "train", "--stack", noisy_file, "--axes", "TZYX", "--models", folder / "models",
        "--model", "dome", "--seed", seed, *train_options,
    )  # fmt: skip
    seconds = time.monotonic() - began
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
    return (
        f"| {seed} | {before:.2f} | {' | '.join(cells)} | {after:.2f} | {after - before:+.2f} "
        f"| {over:+.2f} | {seconds:.0f} |"
    )


def n2v_tools(*words: object) -> None:
    command = [sys.executable, "-m", "n2v_tools.cli", *map(str, words), "-q"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
