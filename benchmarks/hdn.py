"""HDN beside Noise2Void after equal time, and beside the best Gaussian chosen with the truth.

Generated images: planes of a dome with photon noise, and sheets of cells under noise that
neighbours share. Both methods have nothing but their defaults; on shared noise structN2V stands
beside them. PSNR is outside strips.

    python benchmarks/hdn.py --minutes 15 --write
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

SCENES = {
    "dome": ("dome", "--photons", "10"),
    "shared noise": ("structured", "--kind", "isotropic", "--noise-to-signal", "0.7"),
}
METHODS = {"dome": ("n2v", "hdn"), "shared noise": ("n2v", "structn2v", "hdn")}


def main() -> None:
    options = parse()
    with (
        Report("HDN after equal time", "hdn", options.write) as report,
        tempfile.TemporaryDirectory() as name,
    ):
        report.say(
            f"\n{options.shape} px, seed {options.seed}, {options.minutes} minutes of training "
            "for each method; PSNR in dB."
        )
        report.columns(
            "images", "noisy", "best Gaussian", "method", "restored", "over the Gaussian", "steps",
            "training (s)", "denoising (s)",
        )  # fmt: skip
        for scene in options.scenes:
            folder = Path(name) / scene.replace(" ", "_")
            noisy, truth = simulate(folder, scene, options)
            gaussian = best_gaussian(noisy, truth)
            for method in options.methods or METHODS[scene]:
                restored, steps, seconds = restore(folder, method, options)
                psnr = truth.psnr(restored.reshape(noisy.shape))
                report.row(
                    scene, f"{truth.psnr(noisy):.2f}", f"{gaussian.psnr:.2f} ({gaussian.size})",
                    method, f"{psnr:.2f}", f"{psnr - gaussian.psnr:+.2f}", steps,
                    *(f"{one:.0f}" for one in seconds),
                )  # fmt: skip


def parse() -> argparse.Namespace:
    known = parser(__doc__, "hdn")
    known.add_argument("--minutes", default="15")
    known.add_argument("--shape", default="4,1,256,256")
    known.add_argument("--seed", default="5")
    known.add_argument("--scenes", nargs="+", default=list(SCENES), choices=list(SCENES))
    known.add_argument("--methods", nargs="+", help="instead of those of each kind of images")
    return known.parse_args()


def simulate(folder: Path, scene: str, options: argparse.Namespace) -> tuple[np.ndarray, object]:
    """The noisy stack, T Z Y X, and what is known of the truth."""
    kind, *words = SCENES[scene]
    n2v_tools(
        "simulate", kind, *words, "--shape", options.shape, "--seed", options.seed,
        "--output", folder, "--name", "a",
    )  # fmt: skip
    sizes = tuple(int(size) for size in options.shape.split(","))
    noisy, clean = (
        tifffile.imread(folder / f"a_{which}.tif").astype(np.float32).reshape(sizes)
        for which in ("noisy", "clean")
    )
    return noisy, know_truth(noisy, clean)


def restore(
    folder: Path, method: str, options: argparse.Namespace
) -> tuple[np.ndarray, int, tuple[float, float]]:
    """The restored stack, steps of the training, and seconds of training and denoising."""
    noisy = folder / "a_noisy.tif"
    words = ["--method", method, "--minutes", options.minutes, "--models", folder]
    trained = n2v_tools("train", "--stack", noisy, *words, "--model", method)
    target = folder / f"{method}_out"
    words = ["--model", folder / method, "--output", target, "--dtype", "float32"]
    denoised = n2v_tools("denoise", noisy, *words)
    record = json.loads((folder / method / "provenance.json").read_text())
    restored = tifffile.imread(next(target.glob("*.tif"))).astype(np.float32)
    return restored, record["steps"], (trained.seconds, denoised.seconds)


if __name__ == "__main__":
    main()
