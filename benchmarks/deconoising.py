"""DecoNoising on generated images of a known blur, with truth before and after the blur.

Restored images are compared with the blurred truth, beside n2v after as many steps, which cost the
same, and the best Gaussian, chosen with the truth. Deconvolved ones are compared with the truth
before the blur, beside Richardson-Lucy on the result of n2v, its number of steps chosen with the
truth. The truth is never trained on. A case is SCENE:BLUR:PHOTONS, blur in px, photons a pixel on
average.

    python benchmarks/deconoising.py --cases filaments:1.5:20,tissue:2:5 --steps 1000 --write
"""

from __future__ import annotations

import argparse
import functools
import math
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from sidebyside import Report, parser, words
from skimage.restoration import richardson_lucy

from n2v_tools import train
from n2v_tools.methods.deconoising.psf import gaussian
from n2v_tools.methods.deconoising.restorer import DecoNoisingRestoring
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.simulate.epithelium import Epithelium, TissueSizes
from n2v_tools.stack import Stack

EDGE_PX, N_FRAMES = 192, 6
PATCH_PX = 32
GAIN, LEVEL = 10.0, 100.0  # counts a photon, and of the camera
N_FILAMENTS = 40
GAUSSIANS = np.arange(0.4, 4.01, 0.2)  # deviations, px
STEPS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 80)  # of Richardson-Lucy
HALF = 0.5  # correlation with the truth at which structure counts as right
CASES = "filaments:1.5:20,tissue:1.5:20,filaments:1:5,tissue:2:5"


@dataclass(frozen=True)
class Images:
    """One case: counts (N, Y, X), all float64 but `noisy`."""

    noisy: np.ndarray  # uint16
    blurred: np.ndarray  # the truth as the microscope sees it
    sharp: np.ndarray  # the truth before the blur


def main() -> None:
    options = parse()
    common = {"epochs": 2, "steps": options.steps // 2, "batch": options.batch, "patch": PATCH_PX}
    with (
        Report("DecoNoising", "deconoising", options.write) as report,
        tempfile.TemporaryDirectory() as folder,
    ):
        report.say(
            f"\n{N_FRAMES} images of {EDGE_PX} px a case; {options.steps} steps of {options.batch} "
            f"patches of {PATCH_PX} px each, nets of `--preset fast`. dB against the truth; "
            "resolution: period in px at which the Fourier ring correlation with the truth falls "
            f"to {HALF}."
        )
        report.columns("case", "image", "restored, dB", "deconvolved, dB", "resolution, px", "s")
        for case in options.cases:
            for row in measure(case, options.keep or Path(folder), common, options.widths):
                report.row(case, *row)
        for row in measured_before(report.path, options.cases):
            report.say(row)


def measured_before(path: Path, cases: list[str]) -> list[str]:
    """Rows of the table that is there, of cases that were not measured now."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [
        line
        for line in lines
        if (case := line[2:].split(" |")[0]) not in cases
        and re.fullmatch(r"\w+:[\d.]+:[\d.]+", case)
    ]


def parse() -> argparse.Namespace:
    known = parser(__doc__, "deconoising")
    known.add_argument("--cases", type=words, default=words(CASES), help="SCENE:BLUR:PHOTONS,...")
    known.add_argument("--steps", type=int, default=1000, help="of each training")
    known.add_argument("--batch", type=int, default=8, help="patches a step")
    known.add_argument("--keep", type=Path, help="folder of what is done, to go on in pieces")
    known.add_argument(
        "--widths", type=words, default=["1", "1.2", "0.8"], help="of the blur, times the true one"
    )
    return known.parse_args()


def measure(
    case: str, folder: Path, common: dict[str, int], widths: list[str]
) -> Iterator[tuple[str, ...]]:
    """Rows of one case."""
    scene, blur, photons = case.split(":")
    images = make(scene, float(blur), float(photons))
    yield ("noisy", db(images.noisy, images.blurred), "", "", "")
    smooth = max(
        (gaussian_filter(images.noisy.astype(float), (0, s, s)) for s in GAUSSIANS),
        key=lambda one: psnr(one, images.blurred),
    )
    yield ("best Gaussian", db(smooth, images.blurred), *sharpness(smooth, images), "")
    name = case.replace(":", "_")
    (plain,), seconds = learned("n2v", {}, images, folder / f"{name}_n2v", common)
    yield ("n2v", db(plain, images.blurred), *sharpness(plain, images), seconds)
    lucy, steps = best_lucy(plain, images, float(blur))
    yield (f"n2v, then Richardson-Lucy ({steps} steps)", "", *sharpness(lucy, images), "")
    for width in widths:
        settings = {"psf": f"gaussian:{float(blur) * float(width):g}"}
        target = folder / f"{name}_{width}"
        found = learned("deconoising", settings, images, target, common)
        (restored, deconvolved), seconds = found
        told = "known" if width == "1" else f"{width} of the true width"
        score = db(restored, images.blurred)
        yield (f"DecoNoising, blur {told}", score, *sharpness(deconvolved, images), seconds)


def make(scene: str, blur: float, photons: float) -> Images:
    """Generate the images of a case; equal cases, equal images."""
    draw = {"filaments": filaments, "tissue": tissue}[scene]
    sharp = np.stack([draw(seed) for seed in range(N_FRAMES)])
    blurred = gaussian_filter(sharp, (0, blur, blur), mode="mirror")
    scale = photons / blurred.mean()
    counts = np.random.default_rng(0).poisson(scale * blurred)
    images = (scale * one * GAIN + LEVEL for one in (blurred, sharp))
    return Images((counts * GAIN + LEVEL).astype(np.uint16), *images)


def filaments(seed: int) -> np.ndarray:
    """Winding lines of one pixel over a faint background."""
    rng = np.random.default_rng(seed)
    image = np.zeros((EDGE_PX, EDGE_PX))
    for _ in range(N_FILAMENTS):
        place, angle = rng.uniform(0, EDGE_PX, 2), rng.uniform(0, 2 * math.pi)
        brightness = rng.uniform(0.5, 1.5)
        for _ in range(int(rng.uniform(100, 400))):
            angle += rng.normal(0, 0.06)
            place = place + 0.5 * np.array([math.sin(angle), math.cos(angle)])
            if not (0 <= place.min() and place.max() < EDGE_PX - 1):
                break
            (y, x), (fy, fx) = place.astype(int), place % 1
            corner = np.outer([1 - fy, fy], [1 - fx, fx])
            image[y : y + 2, x : x + 2] += 0.5 * brightness * corner
    return image + 0.05


def tissue(seed: int) -> np.ndarray:
    """A sheet of cells with membranes and puncta, cut through."""
    return Epithelium(TissueSizes(EDGE_PX, EDGE_PX), 4, seed).plane(3, 8.0).astype(np.float64)


def learned(
    method: str, settings: dict[str, str], images: Images, folder: Path, common: dict[str, int]
) -> tuple[np.ndarray, str]:
    """Train on the noisy images and restore them: counts, one array an output; and seconds."""
    kept = folder.with_name(f"{folder.name}.npz")
    if kept.exists():
        with np.load(kept) as file:
            return file["outputs"], f"{file['seconds']:.0f}"
    began = time.perf_counter()
    model = train(
        images.noisy,
        method=method,
        preset="fast",
        axes="TYX",
        models_dir=folder,
        settings={"precision": "float32", **settings},
        **common,
    )
    seconds = time.perf_counter() - began
    both = DecoNoisingRestoring(True) if settings else None
    restorer = open_restorer(model, "float32", "openvino", settings=both)
    outputs = [np.empty(images.noisy.shape, np.float32) for _ in restorer.outputs]
    first, *others = (functools.partial(_keep, output) for output in outputs)
    restore_stack(Stack(images.noisy, "TYX"), restorer, first, others=others)
    np.savez(kept, outputs=np.stack(outputs), seconds=seconds)
    return np.stack(outputs), f"{seconds:.0f}"


def _keep(output: np.ndarray, place: Mapping[str, int], plane: np.ndarray) -> None:
    output[place["T"]] = plane


def best_lucy(image: np.ndarray, images: Images, blur: float) -> tuple[np.ndarray, int]:
    """Deconvolve by Richardson-Lucy with the true blur and the number of steps that is best."""
    psf = gaussian((blur, blur)).kernel
    light = np.maximum(image.astype(np.float64) - LEVEL, 1e-3)
    scale = light.max()
    found = {
        n: scale
        * np.stack([richardson_lucy(one / scale, psf, num_iter=n, clip=False) for one in light])
        + LEVEL
        for n in STEPS
    }
    n = max(found, key=lambda number: psnr(found[number], images.sharp))
    return found[n], n


def sharpness(image: np.ndarray, images: Images) -> tuple[str, str]:
    """How near an image is to the truth before the blur, and how fine it is right."""
    image = image.reshape(images.sharp.shape)
    return db(image, images.sharp), f"{resolution(image, images.sharp):.2f}"


def resolution(image: np.ndarray, truth: np.ndarray) -> float:
    """Period in px at which the correlation with the truth, ring by ring, falls below `HALF`."""
    window = np.outer(np.hanning(EDGE_PX), np.hanning(EDGE_PX))
    one, other = (
        np.fft.rfft2((stack - stack.mean(axis=(1, 2), keepdims=True)) * window)
        for stack in (image, truth)
    )
    f = np.hypot(np.fft.fftfreq(EDGE_PX)[:, np.newaxis], np.fft.rfftfreq(EDGE_PX))
    ring = np.minimum((f * EDGE_PX / 2).astype(int), EDGE_PX // 4)
    shared, first, second = (
        np.bincount(ring.ravel(), values.sum(axis=0).ravel())
        for values in ((one * other.conj()).real, abs(one) ** 2, abs(other) ** 2)
    )
    below = np.flatnonzero((shared / np.sqrt(first * second))[1:] < HALF)
    last = below[0] if len(below) else len(shared) - 1
    return EDGE_PX / 2 / max(last + 0.5, 0.5)


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    """dB, by the range of the truth."""
    error = np.mean((image.reshape(truth.shape).astype(np.float64) - truth) ** 2)
    return 20 * math.log10(np.ptp(truth) / math.sqrt(error))


def db(image: np.ndarray, truth: np.ndarray) -> str:
    """The same as text."""
    return f"{psnr(image, truth):.2f}"


if __name__ == "__main__":
    main()
