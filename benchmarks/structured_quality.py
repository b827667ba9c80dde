"""What structN2V with the mask found from the noise gains on noise that neighbours share.

Generated sheets of cells, noise as strong as the signal; each method is trained on the
noisy stack for equal steps. The Gaussian's sigma is chosen with the truth.

    python benchmarks/structured_quality.py --write
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from sidebyside import Report, n2v_tools, parser

from n2v_tools.filters.yardstick import best_gaussian, know_truth

KINDS = ("white", "1x3", "5x1", "isotropic", "cross")
METHODS = ("n2v", "structn2v")


def main() -> None:
    options = parse()
    with (
        Report("structN2V with a mask found", "structured_quality", options.write) as report,
        tempfile.TemporaryDirectory() as name,
    ):
        report.say(
            f"\n{options.shape} px, ratio of noise to signal {options.ratio}, {options.epochs} "
            "epochs of 100 steps; PSNR in dB."
        )
        report.columns(
            "noise", "noisy", "best Gaussian", "N2V", "structN2V", "gain", "mask that was found"
        )
        for kind in options.kinds:
            folder = Path(name) / kind
            noisy, truth = simulate(folder, kind, options)
            scores, mask = [], ""
            for method in METHODS:
                restored, mask = restore(folder, method, options.epochs)
                scores.append(truth.psnr(restored))
            row = [truth.psnr(noisy), best_gaussian(noisy, truth).psnr, *scores]
            gain = scores[1] - scores[0]
            report.row(kind, *(f"{value:.2f}" for value in row), f"{gain:+.2f}", mask)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "structured_quality")
    known.add_argument("--kinds", nargs="+", default=list(KINDS))
    known.add_argument("--shape", default="1,4,512,512")
    known.add_argument("--ratio", default="1")
    known.add_argument("--epochs", default="8")
    return known.parse_args()


def simulate(folder: Path, kind: str, options: argparse.Namespace) -> tuple[np.ndarray, object]:
    """The noisy stack, T Z Y X, and what is known of the truth."""
    words = ["--kind", kind, "--noise-to-signal", options.ratio, "--shape", options.shape]
    n2v_tools("simulate", "structured", *words, "--output", folder, "--name", "cells")
    sizes = tuple(int(size) for size in options.shape.split(","))
    noisy, clean = (
        tifffile.imread(folder / f"cells_{which}.tif").astype(np.float32).reshape(sizes)
        for which in ("noisy", "clean")
    )
    return noisy, know_truth(noisy, clean)


def restore(folder: Path, method: str, epochs: str) -> tuple[np.ndarray, str]:
    """The restored stack and the mask that was used."""
    noisy = folder / "cells_noisy.tif"
    words = ["--method", method, "--epochs", epochs, "--models", folder, "--model", method]
    n2v_tools("train", "--stack", noisy, *words)
    target = folder / f"{method}_out"
    words = ["--model", folder / method, "--output", target, "--dtype", "float32"]
    n2v_tools("denoise", noisy, *words)
    record = json.loads((folder / method / "provenance.json").read_text())["struct_mask"] or {}
    restored = tifffile.imread(next(target.glob("*.tif"))).astype(np.float32)
    return restored.reshape(1, -1, *restored.shape[-2:]), record.get("mask", "none")


if __name__ == "__main__":
    main()
