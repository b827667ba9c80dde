"""The main job on generated data: simulate a dome, train, denoise, measure, show.

Nothing here is easier than in earnest: the files go through the same jobs as a user's,
and the net never sees the truth. Only the figures do.
"""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import StackError
from ...filters.yardstick import Filtered, Truth, best_gaussian, best_median, know_truth
from ...io import open_stack, publishing
from ...preview.before_after import Panel, Picture, draw_picture
from ..denoise.files import denoise_files
from ..desk.names import require_absent
from ..desk.progress import Progress
from ..desk.requests import DemoRequest, DenoiseRequest, SimulateRequest
from ..simulate.pairs import AXES, simulate_files
from ..train.request import TrainRequest
from ..train.run import train_stacks

NAME = "dome"
MODEL = "dome_n2v"
PICTURE = "before_after.png"


@dataclass(frozen=True)
class Files:
    """Where everything of a demo is; `model` is a folder."""

    noisy: Path
    clean: Path
    denoised: Path
    model: Path
    picture: Path


@dataclass(frozen=True)
class DemoResult:
    """What the demo made and measured.

    Parameters
    ----------
    files : Files
    psnr_noisy, psnr_denoised : float
        Mean over planes, outside strips, in dB.
    filters : tuple of Filtered
        What simple filters reach at the sizes that suit the truth best.
    seconds : float
        From the first pixel simulated to the last figure.
    """

    files: Files
    psnr_noisy: float
    psnr_denoised: float
    filters: tuple[Filtered, ...]
    seconds: float

    @property
    def gain(self) -> float:
        """What denoising gained, in dB."""
        return self.psnr_denoised - self.psnr_noisy

    @property
    def table(self) -> list[str]:
        """PSNR before and after beside the filters, one line each."""
        rows = [
            ("noisy", "as recorded", self.psnr_noisy),
            *((f"best {f.name}", f"{f.size}, chosen with the truth", f.psnr) for f in self.filters),
            ("n2v_tools", "never saw the truth", self.psnr_denoised),
        ]
        head = f"{'':<18}{'':<38}{'PSNR':>8}{'gain':>8}"
        return [head] + [
            f"{name:<18}{how:<38}{psnr:>8.2f}{psnr - self.psnr_noisy:>+8.2f} dB"
            for name, how, psnr in rows
        ]


def run_demo(request: DemoRequest, progress: Progress) -> DemoResult:
    """Simulate, train, denoise, measure and draw, all into one folder.

    Parameters
    ----------
    request : DemoRequest
    progress : Progress

    Raises
    ------
    N2VToolsError
        If the folder holds an earlier demo, or a step cannot be done.
    """
    started = time.monotonic()
    folder = request.output
    if not request.overwrite:
        remedy = "Pass --overwrite to replace, or another --output."
        files = ("noisy.tif", "clean.tif", "noisy_denoised.tif")
        planned = [folder / f"{NAME}_{name}" for name in files]
        require_absent([*planned, folder / "models" / MODEL, folder / PICTURE], remedy)
    noisy, clean = _simulate(request, progress)
    model = _train(noisy, folder / "models", request, progress)
    denoised = _denoise(noisy, model, request, progress)
    progress.note("measuring against the truth")
    files_made = Files(noisy, clean, denoised, model, folder / PICTURE)
    return _measure(files_made, request, started)


def _measure(files: Files, request: DemoRequest, started: float) -> DemoResult:
    """Compare with the truth and draw."""
    stacks = [open_stack(path, AXES) for path in (files.noisy, files.denoised, files.clean)]
    noisy, denoised, clean = (np.asarray(stack.array[:]) for stack in stacks)
    truth = know_truth(noisy, clean)
    psnr_noisy, psnr_denoised = truth.psnr(noisy), truth.psnr(denoised)
    shown = choose_plane(truth)
    panels = (
        Panel("noisy", noisy[shown], psnr_noisy),
        Panel("denoised", denoised[shown], psnr_denoised),
        Panel("clean", clean[shown], None),
    )
    pixel_um = stacks[0].spacing_um("X")
    picture = Picture(panels, truth.valid[shown], pixel_um)
    with publishing(files.picture, overwrite=request.overwrite) as file:
        draw_picture(picture, file)
    filters = (best_gaussian(noisy, truth), best_median(noisy, truth))
    seconds = time.monotonic() - started
    return DemoResult(files, psnr_noisy, psnr_denoised, filters, seconds)


def choose_plane(truth: Truth) -> tuple[int, int]:
    """Return T and Z of the plane with most structure."""
    contrast = [
        (truth.clean[at][truth.valid[at]].std() if truth.valid[at].any() else -1.0, at)
        for at in np.ndindex(*truth.clean.shape[:2])
    ]
    t, z = max(contrast)[1]
    return t, z


def _simulate(request: DemoRequest, progress: Progress) -> tuple[Path, Path]:
    sizes = ",".join(map(str, request.shape))
    _announce(
        progress,
        *("n2v-simulate", "dome", "--output", request.output, "--name", NAME, "--shape", sizes),
        *("--photons", f"{request.photons:g}", "--seed", request.seed),
    )
    wanted = SimulateRequest(
        request.output, NAME, request.shape, request.photons, request.seed, request.overwrite
    )
    return simulate_files(wanted, progress)


def _train(noisy: Path, models: Path, request: DemoRequest, progress: Progress) -> Path:
    command = _announce(
        progress,
        *("n2v-train", "--stack", noisy, "--axes", AXES, "--models", models, "--model", MODEL),
        *("--seed", request.seed, "--minutes", f"{request.minutes:g}"),
    )
    wanted = TrainRequest(
        stacks=(str(noisy),),
        models_dir=models,
        axes=AXES,
        model=MODEL,
        minutes=request.minutes,
        seed=request.seed,
        overwrite=request.overwrite,
        command=command,
    )
    return train_stacks(wanted, progress).model


def _denoise(noisy: Path, model: Path, request: DemoRequest, progress: Progress) -> Path:
    command = _announce(
        progress, "n2v-denoise", noisy, "--model", model, "--output", request.output
    )
    wanted = DenoiseRequest(
        inputs=(str(noisy),),
        model=str(model),
        output=request.output,
        overwrite=request.overwrite,
        command=command,
    )
    (done,) = denoise_files(wanted, model.parent, progress)
    if done.output is None:
        raise StackError(done.error)
    return Path(done.output)


def _announce(progress: Progress, *words: object) -> tuple[str, ...]:
    """Show the command that does by hand what comes next, and return it for the records."""
    command = tuple(map(str, words))
    progress.note(f"$ {shlex.join(command)}")
    return command
