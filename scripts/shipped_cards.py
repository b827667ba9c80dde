"""The cards of the shipped models: what each is, and how well it does, measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter

from n2v_tools.filters.yardstick import (
    MEDIAN_WIDTHS_PX,
    SIGMAS_PX,
    Filtered,
    best_gaussian,
    best_median,
    know_truth,
)
from n2v_tools.io.reader import open_stack
from n2v_tools.jobs.denoise.files import denoise_files
from n2v_tools.jobs.denoise.request import DenoiseRequest
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.simulate.request import SimulateRequest
from n2v_tools.jobs.simulate.write import simulate_files
from n2v_tools.measure.metrics import data_range_of, psnr

TEST_PHOTONS = (3.0, 5.0, 10.0, 20.0, 40.0, 80.0)
TEST_SEED = 90_000  # and up: no training used them
TEST_SHAPE = (1, 8, 256, 256)
REAL_PAIRS = ("w2s_59", "w2s_93", "w2s_104")  # NAME_noisy.tif beside NAME_clean.tif
MARK = "<!-- measured on real pairs -->"
CARDS = Path(__file__).parent / "cards"


@dataclass(frozen=True)
class Figures:
    """PSNR in dB of one image or dome, by what was done to it."""

    label: str
    noisy: float
    gaussian: Filtered
    median: Filtered
    ours: float

    @property
    def row(self) -> str:
        """Of a Markdown table."""
        over = self.ours - max(self.gaussian.psnr, self.median.psnr)
        return (
            f"| {self.label} | {self.noisy:.2f} | {self.gaussian.psnr:.2f} ({self.gaussian.size}) "
            f"| {self.median.psnr:.2f} ({self.median.size}) | **{self.ours:.2f}** "
            f"| {self.ours - self.noisy:+.2f} | {over:+.2f} |"
        )


def write_card(folder: Path, work: Path, real: Path | None, say: Progress) -> None:
    """Measure a model and write its README.md from the text in ``scripts/cards``.

    Parameters
    ----------
    folder : Path
        Of the model.
    work : Path
        For generated domes.
    real : Path or None
        Folder of real pairs, of which `REAL_PAIRS` are measured; None keeps what the card that is
        there says of them.
    """
    text = (CARDS / f"{folder.name}.md").read_text(encoding="utf-8")
    domes = [measure_dome(folder, work / "unseen", i, say) for i in range(len(TEST_PHOTONS))]
    values = {**read_facts(folder), "domes": table(domes)}
    if "{pairs}" in text:
        values["pairs"] = _pairs(folder, real, work / "unseen", say)
    (folder / "README.md").write_text(text.format(**values), encoding="utf-8")


def _pairs(folder: Path, real: Path | None, work: Path, say: Progress) -> str:
    """The table of real images, measured or as the earlier card has it."""
    if real:
        measured = table([measure_pair(folder, real, name, work, say) for name in REAL_PAIRS])
        return f"{MARK}\n{measured}{MARK}"
    earlier = (folder / "README.md").read_text(encoding="utf-8").split(MARK)
    return f"{MARK}{earlier[1]}{MARK}"


def table(figures: Sequence[Figures]) -> str:
    """Markdown, with a newline at its end."""
    head = (
        "| | noisy | best Gaussian | best median | this model | gain | over the better filter |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(one.row + "\n" for one in figures)


def read_facts(folder: Path) -> dict[str, Any]:
    """What the text of a card may name in braces."""
    record = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    return {
        "steps": record["steps"],
        "minutes": round(record["training_seconds"] / 60),
        "seed": record["seed"],
        "version": record["n2v_tools"],
        "patches": record.get("patches", {}).get("train", 0),
        "precision": record["precision"],
    }


def measure_dome(folder: Path, work: Path, number: int, say: Progress) -> Figures:
    """Denoise a dome that no training saw."""
    photons = TEST_PHOTONS[number]
    wanted = SimulateRequest(
        work, f"unseen_{photons:g}", TEST_SHAPE, photons, TEST_SEED + number, overwrite=True
    )
    files = simulate_files(wanted, say)
    noisy, clean = (np.asarray(open_stack(file, "TZYX").array[:]) for file in files.values())
    restored = denoise(folder, files["noisy"], "TZYX", work, say)
    return compare(f"dome of {photons:g} photons", noisy, clean, restored)


def measure_pair(folder: Path, real: Path, name: str, work: Path, say: Progress) -> Figures:
    """Denoise a real image; noisy and clean were scaled separately, so each result is fitted."""
    noisy_file, clean_file = (real / f"{name}_{which}.tif" for which in ("noisy", "clean"))
    noisy, clean = (np.asarray(open_stack(file).array[:]) for file in (noisy_file, clean_file))
    restored = denoise(folder, noisy_file, None, work, say)
    return compare_fitted(name, noisy, clean, restored)


def compare(label: str, noisy: np.ndarray, clean: np.ndarray, restored: np.ndarray) -> Figures:
    """PSNR outside strips, TZYX."""
    truth = know_truth(noisy, clean)
    return Figures(
        label,
        truth.psnr(noisy),
        best_gaussian(noisy, truth),
        best_median(noisy, truth),
        truth.psnr(restored),
    )


def compare_fitted(
    label: str, noisy: np.ndarray, clean: np.ndarray, restored: np.ndarray
) -> Figures:
    """PSNR of YX images after gain and offset were fitted to the clean one."""
    noisy, clean = noisy.astype(np.float64), clean.astype(np.float64)

    def fitted_psnr(image: np.ndarray) -> float:
        slope, offset = np.polyfit(image.ravel(), clean.ravel(), 1)
        return psnr(slope * image + offset, clean, data_range_of(clean))

    gaussians = [
        Filtered("2D Gaussian", f"sigma {s:g} px", fitted_psnr(gaussian_filter(noisy, s)))
        for s in SIGMAS_PX
    ]
    medians = [
        Filtered("2D median", f"{w} x {w} px", fitted_psnr(median_filter(noisy, w)))
        for w in MEDIAN_WIDTHS_PX
    ]
    best = [max(tried, key=lambda one: one.psnr) for tried in (gaussians, medians)]
    return Figures(label, fitted_psnr(noisy), *best, fitted_psnr(restored))


def denoise(folder: Path, file: Path, axes: str | None, work: Path, say: Progress) -> np.ndarray:
    """The restored pixels, float32, by n2v-denoise."""
    request = DenoiseRequest(
        (str(file),), str(folder), axes, output=work, dtype="float32", overwrite=True
    )
    (done,) = denoise_files(request, folder.parent, say)
    if done.output is None:
        raise SystemExit(done.error)
    return np.asarray(open_stack(Path(done.output), axes).array[:])
